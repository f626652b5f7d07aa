"""How many messages a seller may send a day: floor(5 x orders of the last 30 full days / 30) + 600 (R21)."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postern.policy.allowance import ALWAYS_ALLOWED, daily_limit

# What a shop may tell: a number from 0 to a thousand million, as JSON writes it.
AVERAGES = st.one_of(st.integers(0, 10**9), st.decimals(0, 10**9, places=2).map(float))


@pytest.mark.parametrize(
    "orders, limit", [(0, 600), (5, 600), (6, 601), (11, 601), (12, 602), (30, 605), (29, 604), (3_000, 1_100)]
)
def test_the_quotient_is_rounded_down_after_it_was_multiplied(orders: int, limit: int) -> None:
    """R21."""
    assert daily_limit(None, "de", orders) == limit


@pytest.mark.parametrize(
    "average, limit",
    [
        (0, 600),
        (0.19, 600),
        (0.2, 601),
        (12, 660),
        (12.39, 661),
        ({"de": 12, "fr": 100}, 660),
        ({"fr": 100}, 605),  # nothing is said of this marketplace: its orders count
        ({}, 605),
    ],
)
def test_what_the_shop_says_takes_the_place_of_the_quotient(average: float | dict[str, float], limit: int) -> None:
    """R21: a number, or an object by marketplace."""
    assert daily_limit(average, "de", 30) == limit


@given(AVERAGES)
def test_an_average_counts_as_it_is_written_whatever_floating_point_makes_of_it(average: float) -> None:
    assert daily_limit(average, "de", 0) == math.floor(5 * Decimal(str(average))) + ALWAYS_ALLOWED


@given(st.one_of(st.none(), AVERAGES, st.dictionaries(st.sampled_from(["de", "fr"]), AVERAGES)), st.integers(0, 10**7))
def test_nobodys_limit_is_below_what_is_always_allowed(average: float | dict[str, float] | None, orders: int) -> None:
    """So nobody's orders need to be counted while less is used."""
    assert daily_limit(average, "de", orders) >= ALWAYS_ALLOWED
