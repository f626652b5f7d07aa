"""The response clock by itself: what a message's clock says of it, and what the figures are made of (R29)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postern.model.identifier import new_id
from postern.model.response import Measures, Response, Standing, measure

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
DAY = timedelta(hours=24)
SOON = timedelta(minutes=1)


def clock(ago: timedelta, answered_after: timedelta | None = None, *, exempt: bool = False, reported: bool = False) -> Response:
    started = NOW - ago
    answered_at = started + answered_after if answered_after is not None else None
    return Response(new_id(), new_id(), started, answered_at, NOW if exempt else None, NOW if reported else None)


@pytest.mark.parametrize(
    "one, standing",
    [
        (clock(DAY - SOON), Standing.OPEN),
        (clock(DAY), Standing.OVERDUE),
        (clock(3 * DAY, DAY), Standing.ANSWERED),
        (clock(3 * DAY, DAY + SOON), Standing.LATE),
        (clock(3 * DAY, exempt=True), Standing.EXEMPT),
        (clock(3 * DAY, 2 * DAY, exempt=True), Standing.EXEMPT),
        (clock(3 * DAY, reported=True, exempt=True), Standing.REPORTED),
    ],
)
def test_a_clock_says_where_it_stands(one: Response, standing: Standing) -> None:
    assert one.standing(NOW) is standing


def test_a_message_open_for_less_than_a_day_is_in_no_rate() -> None:
    assert measure([clock(DAY - SOON)], NOW, 7) == Measures(0, 0, 0, None, None)


def test_what_is_exempt_or_reported_is_in_no_figure() -> None:
    out = [clock(2 * DAY, exempt=True), clock(2 * DAY, DAY + SOON, reported=True)]
    assert measure(out, NOW, 7) == Measures(0, 0, 0, None, None)


def test_the_figures_of_a_week() -> None:
    week = [
        clock(6 * DAY, timedelta(hours=1)),
        clock(5 * DAY, timedelta(hours=3)),
        clock(4 * DAY, timedelta(hours=26)),
        clock(2 * DAY),
    ]
    figures = measure([*week, clock(8 * DAY)], NOW, 7)
    assert (figures.counted, figures.late, figures.unanswered) == (4, 1, 1)
    assert (figures.late_rate, figures.no_response_rate) == (0.25, 0.25)
    assert (figures.average, figures.middle) == (timedelta(hours=10), timedelta(hours=3))
    assert measure([*week, clock(8 * DAY)], NOW, 30).unanswered == 2


@given(st.lists(st.builds(
    clock,
    st.timedeltas(timedelta(0), 100 * DAY),
    st.none() | st.timedeltas(timedelta(0), 3 * DAY),
    exempt=st.booleans(),
    reported=st.booleans(),
)), st.sampled_from([7, 30, 90]))  # fmt: skip
def test_a_longer_window_holds_what_a_shorter_does_and_rates_are_shares(clocks: list[Response], days: int) -> None:
    shorter, longer = measure(clocks, NOW, days), measure(clocks, NOW, days * 2)
    assert shorter.counted <= longer.counted
    assert shorter.late + shorter.unanswered <= shorter.counted
    assert 0 <= shorter.late_rate <= 1
