"""The marketplace's own day: where it begins and ends, east and west, and with 23, 24 or 25 hours."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postern.model.day import Day

ZONES = (
    "Europe/Berlin",
    "America/Los_Angeles",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Asia/Kathmandu",
    "Africa/Cairo",
    "UTC",
)
MOMENTS = st.integers(1_577_836_800, 2_051_222_400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))  # 2020 to 2034


@pytest.mark.parametrize(
    "zone, moment, day",
    [
        ("Europe/Berlin", "2026-11-23T22:59:59+00:00", "2026-11-23"),
        ("Europe/Berlin", "2026-11-23T23:00:00+00:00", "2026-11-24"),
        ("America/Los_Angeles", "2026-11-24T07:59:59+00:00", "2026-11-23"),
        ("America/Los_Angeles", "2026-11-24T08:00:00+00:00", "2026-11-24"),
        ("Pacific/Kiritimati", "2026-11-23T10:00:00+00:00", "2026-11-24"),
        ("Pacific/Pago_Pago", "2026-11-24T10:59:59+00:00", "2026-11-23"),
    ],
)
def test_the_day_turns_at_midnight_where_the_marketplace_is(zone: str, moment: str, day: str) -> None:
    """R21."""
    assert str(Day.at(datetime.fromisoformat(moment), zone)) == day


@pytest.mark.parametrize(
    "zone, day, hours",
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/Los_Angeles", date(2026, 3, 8), 23),
        ("America/Los_Angeles", date(2026, 11, 1), 25),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("Africa/Cairo", date(2026, 4, 24), 23),  # its clocks go forward at midnight itself: that day begins at one
        ("America/Havana", date(2026, 11, 1), 25),  # and these back to it: midnight comes twice, and the first one counts
        ("Asia/Kathmandu", date(2026, 11, 23), 24),
    ],
)
def test_a_day_has_the_hours_that_its_clocks_give_it(zone: str, day: date, hours: float) -> None:
    one = Day(day, zone)
    assert one.ends_at - one.begins_at == timedelta(hours=hours)


@given(MOMENTS, st.sampled_from(ZONES))
def test_every_moment_lies_in_its_day_and_the_next_one_begins_where_it_ends(moment: datetime, zone: str) -> None:
    day = Day.at(moment, zone)
    assert day.begins_at <= moment < day.ends_at
    assert Day.at(day.begins_at, zone) == day
    assert Day.at(day.ends_at, zone) == day.plus(1)
    assert day.begins_at.utcoffset() == timedelta()
    assert moment.astimezone(ZoneInfo(zone)).date() == day.date


def test_thirty_days_back_is_thirty_midnights_back_whatever_the_clocks_did() -> None:
    """R21: full days, not 720 hours."""
    day = Day(date(2026, 11, 10), "Europe/Berlin")
    assert day.begins_at - day.plus(-30).begins_at == timedelta(days=30, hours=1)
