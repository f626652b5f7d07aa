"""The machine's own clock."""

from datetime import UTC, datetime


class SystemClock:
    """The present moment in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)
