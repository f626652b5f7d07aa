"""The response clock (R29): how long each message of a buyer waited for an answer, and whether it counts at all.

Each message is measured by itself, from its start (its acceptance; a held one's release) to the first later message in the same
thread that a person of the seller's wrote and that was accepted for delivery. What a robot wrote, and what never reached the
seller, has no clock. Nothing here knows how an answer is found; ``storage/clocks.py`` does.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import fmean, median
from uuid import UUID

from postern.model.thread import MessageState

ANSWER_WITHIN = timedelta(hours=24)  # weekends included
DUE_SOON = timedelta(hours=4)
WINDOWS = (7, 30, 90)  # days

# Whose author's part is done: it was accepted for delivery, whatever became of it later.
ACCEPTED = frozenset(
    {MessageState.QUEUED, MessageState.DELIVERED, MessageState.FAILED, MessageState.BOUNCED, MessageState.DROPPED}
)


class Standing(StrEnum):
    """Where one clock stands."""

    OPEN = "open"  # in no rate yet
    OVERDUE = "overdue"
    ANSWERED = "answered"
    LATE = "late"
    EXEMPT = "exempt"
    REPORTED = "reported"


@dataclass(frozen=True, slots=True)
class Response:
    """One message's clock."""

    message_id: UUID
    thread_id: UUID
    started_at: datetime
    answered_at: datetime | None = None
    exempted_at: datetime | None = None  # No response needed (R18)
    reported_at: datetime | None = None  # R27: for good, whatever is decided later

    @property
    def due_at(self) -> datetime:
        return self.started_at + ANSWER_WITHIN

    @property
    def is_open(self) -> bool:
        """Whether somebody waits for an answer to this one."""
        return self.answered_at is None and self.exempted_at is None and self.reported_at is None

    @property
    def took(self) -> timedelta | None:
        """From its start to its answer."""
        return self.answered_at - self.started_at if self.answered_at else None

    def standing(self, now: datetime) -> Standing:
        """A report counts before an exemption, and either before an answer: such a message is out of the figures."""
        if self.reported_at:
            return Standing.REPORTED
        if self.exempted_at:
            return Standing.EXEMPT
        if self.took is not None:
            return Standing.LATE if self.took > ANSWER_WITHIN else Standing.ANSWERED
        return Standing.OVERDUE if now - self.started_at >= ANSWER_WITHIN else Standing.OPEN


@dataclass(frozen=True, slots=True)
class Measures:
    """The figures of one window. ``counted`` messages are in the rates: answered, or open for a day and longer."""

    counted: int
    late: int  # answered after more than 24 hours
    unanswered: int  # open for 24 hours and longer
    average: timedelta | None  # of those that were answered
    middle: timedelta | None

    @property
    def late_rate(self) -> float:
        return self.late / self.counted if self.counted else 0.0

    @property
    def no_response_rate(self) -> float:
        return self.unanswered / self.counted if self.counted else 0.0


def measure(responses: Iterable[Response], now: datetime, days: int) -> Measures:
    """The figures of the messages whose clock started within so many days before now."""
    since = now - timedelta(days=days)
    chosen = [one for one in responses if since <= one.started_at <= now]
    standings = [one.standing(now) for one in chosen]
    late, unanswered = standings.count(Standing.LATE), standings.count(Standing.OVERDUE)
    times = [
        one.took.total_seconds()
        for one, standing in zip(chosen, standings, strict=True)
        if standing in (Standing.ANSWERED, Standing.LATE) and one.took is not None
    ]
    return Measures(
        counted=len(times) + unanswered,
        late=late,
        unanswered=unanswered,
        average=timedelta(seconds=fmean(times)) if times else None,
        middle=timedelta(seconds=median(times)) if times else None,
    )
