"""The response clock for programs (R29): the figures, and for each message why it counts."""

from datetime import datetime, timedelta

from postern.api.call import Call, Shape
from postern.api.endpoint import Answer
from postern.api.problems import BAD_QUERY, RefusedError
from postern.model.identifier import show
from postern.model.response import WINDOWS, Measures, Response, measure
from postern.storage.responses import list_responses

LONGEST = max(WINDOWS)
_WHY = {
    "open": "Not answered yet, and less than 24 hours old: in no rate.",
    "overdue": "Not answered for 24 hours or longer: counts as not answered.",
    "answered": "Answered within 24 hours: counts.",
    "late": "Answered after more than 24 hours: counts as late.",
    "exempt": "Marked as needing no response: does not count.",
    "reported": "Reported: does not count.",
}


class ResponseMeasures(Shape):
    """The figures of one window. Seconds are of the messages that were answered."""

    days: int
    counted: int
    late: int
    unanswered: int
    late_rate: float
    no_response_rate: float
    average_seconds: float | None
    median_seconds: float | None


class AllMeasures(Shape):
    """The figures over 7, 30 and 90 days."""

    windows: list[ResponseMeasures]


class MessageClock(Shape):
    """One message of a buyer: when its clock started, what stopped it, and whether it counts."""

    message: str
    thread: str
    standing: str
    why: str
    started_at: datetime
    due_at: datetime
    answered_at: datetime | None
    no_response_needed_at: datetime | None
    reported_at: datetime | None


class ResponseLedger(Shape):
    """The latest first. ``is_cut`` where there were more than one answer holds."""

    clocks: list[MessageClock]
    is_cut: bool


def read_measures(call: Call) -> Answer:
    now = call.office.clock.now()
    with call.office.store.look() as look:
        found = list_responses(look, call.seller_id, now - timedelta(days=LONGEST))
    return Answer(AllMeasures(windows=[_tell_measures(measure(found, now, days), days) for days in WINDOWS]))


def read_ledger(call: Call) -> Answer:
    now, count = call.office.clock.now(), call.page()
    days = _read_days(call)
    with call.office.store.look() as look:
        found = list_responses(look, call.seller_id, now - timedelta(days=days), count + 1)
    clocks = [tell_clock(one, now) for one in found[:count]]
    return Answer(ResponseLedger(clocks=clocks, is_cut=len(found) > count))


def tell_clock(one: Response, now: datetime) -> MessageClock:
    """A clock, and why it counts."""
    standing = one.standing(now).value
    return MessageClock(
        message=show("msg", one.message_id),
        thread=show("thr", one.thread_id),
        standing=standing,
        why=_WHY[standing],
        started_at=one.started_at,
        due_at=one.due_at,
        answered_at=one.answered_at,
        no_response_needed_at=one.exempted_at,
        reported_at=one.reported_at,
    )


def _tell_measures(one: Measures, days: int) -> ResponseMeasures:
    return ResponseMeasures(
        days=days,
        counted=one.counted,
        late=one.late,
        unanswered=one.unanswered,
        late_rate=one.late_rate,
        no_response_rate=one.no_response_rate,
        average_seconds=one.average.total_seconds() if one.average else None,
        median_seconds=one.middle.total_seconds() if one.middle else None,
    )


def _read_days(call: Call) -> int:
    text = call.query.get("days", str(LONGEST))
    if text not in {str(days) for days in range(1, LONGEST + 1)}:
        raise RefusedError(BAD_QUERY, f"days must be a number from 1 to {LONGEST}")
    return int(text)
