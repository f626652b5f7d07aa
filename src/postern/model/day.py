"""The marketplace's own day: when it begins and ends, wherever the machines are."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Day:
    """One local day. It may have 23 or 25 hours."""

    date: date
    time_zone: str

    @classmethod
    def at(cls, moment: datetime, time_zone: str) -> "Day":
        """The day that this moment lies in."""
        return cls(moment.astimezone(ZoneInfo(time_zone)).date(), time_zone)

    @property
    def begins_at(self) -> datetime:
        """Local midnight, in UTC."""
        return datetime.combine(self.date, time(), ZoneInfo(self.time_zone)).astimezone(UTC)

    @property
    def ends_at(self) -> datetime:
        """When the next day begins."""
        return self.plus(1).begins_at

    def plus(self, days: int) -> "Day":
        """So many days later, or earlier."""
        return Day(self.date + timedelta(days=days), self.time_zone)

    def __str__(self) -> str:
        return self.date.isoformat()
