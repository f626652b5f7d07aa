"""What happened, as a feed to be read in order: thin envelopes with names and trade words, never with what anybody wrote.

A seller's key sees what its seller may see: nothing of a buyer's message that is held, and not what a buyer reported.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from postern.api.call import Call, Shape
from postern.api.endpoint import Answer
from postern.model.identifier import show
from postern.model.journal import Value
from postern.model.relationship import Side
from postern.storage.events import Happened, list_happened
from postern.storage.people import find_seller
from postern.storage.seals import find_last_position
from postern.storage.store import Look

LATEST = "latest"
_LIST = "events"


class Event(Shape):
    """One event. ``seller`` is the shop's id of it, for the operator alone."""

    id: str
    type: str
    timestamp: datetime
    seller: str | None
    thread: str | None
    message: str | None
    reason: str | None


class Events(Shape):
    """A page of events. ``next`` is where to go on, also when there is nothing more yet."""

    events: list[Event]
    next: str
    has_more: bool


def read_events(call: Call) -> Answer:
    """The events after a cursor, from the first that is kept where there is none."""
    office, count = call.office, call.page()
    seller_id = call.key.seller_id if call.key else None
    with office.store.look() as look:
        if call.query.get("after") == LATEST:
            position = find_last_position(look)
            return Answer(Events(events=[], next=call.make_cursor(_LIST, str(position)), has_more=False))
        after = int(call.read_cursor(_LIST, "after") or "0")
        found = list_happened(look, seller_id, after, count)
        events = list(_tell(look, found, is_operators=seller_id is None))
    end = found[-1].position if found else after
    return Answer(Events(events=events, next=call.make_cursor(_LIST, str(end)), has_more=len(found) == count))


def _tell(look: Look, found: list[Happened], *, is_operators: bool) -> Iterator[Event]:
    names: dict[int, str] = {}
    for one in found:
        told_as, may_know = _KINDS.get(one.kind, ("", _anyones))
        name = told_as if isinstance(told_as, str) else told_as(one)
        if not name or not (is_operators or may_know(one)):
            continue
        if is_operators and one.seller_id and one.seller_id not in names:
            names[one.seller_id] = find_seller(look, one.seller_id).name
        yield Event(
            id=show("evt", one.id),
            type=name,
            timestamp=one.happened_at,
            seller=names.get(one.seller_id),
            thread=show("thr", one.thread_id) if one.thread_id else None,
            message=show("msg", one.message_id) if one.message_id else None,
            reason=_text(one.values.get("reason")),
        )


def _text(value: Value) -> str | None:
    return value if isinstance(value, str) else None


def _anyones(_: Happened) -> bool:
    return True


def _sellers_own(one: Happened) -> bool:
    return one.author is Side.SELLER


def _sellers_side(one: Happened) -> bool:
    return one.values.get("side") == Side.SELLER


def _accepted(one: Happened) -> str:
    return "message.received" if one.author is Side.BUYER else "message.sent"


def _attempted(one: Happened) -> str:
    """What carries a notice, or a mail of the house, is nobody's event."""
    outcome = one.values.get("outcome")
    return f"delivery.{outcome}" if one.message_id and outcome in _OUTCOMES else ""


_OUTCOMES = ("delivered", "deferred", "failed")

# By list: what is not named here is not told, and to a seller only what may be known.
_KINDS: Mapping[str, tuple[str | Callable[[Happened], str], Callable[[Happened], bool]]] = {
    "mail-accepted": (_accepted, _anyones),
    "mail-held": ("message.held", _sellers_own),
    "mail-blocked": ("message.blocked", _sellers_own),
    "mail-absorbed": ("message.automatic", _anyones),
    "mail-refused": ("message.refused", _sellers_own),
    "message-refused": ("message.refused", _sellers_own),
    "hold-released": ("message.released", _anyones),
    "hold-ended": ("message.hold_ended", _sellers_own),
    "delivery-attempted": (_attempted, _sellers_own),
    "message-bounced": ("message.bounced", _sellers_own),
    "no-response-needed": ("message.no_response_needed", _sellers_side),
    "no-response-needed-undone": ("message.response_needed", _sellers_side),
    "message-reported": ("message.reported", _sellers_side),
    "sender-added": ("sender.added", _anyones),
    "sender-confirmed": ("sender.confirmed", _anyones),
    "sender-approved": ("sender.approved", _anyones),
    "sender-blocked": ("sender.blocked", _anyones),
    "sender-unblocked": ("sender.unblocked", _anyones),
    "sender-removed": ("sender.removed", _anyones),
    "api-key-created": ("key.created", _anyones),
    "api-key-revoked": ("key.revoked", _anyones),
    "person-exported": ("person.exported", _anyones),
    "person-erased": ("person.erased", _anyones),
}
EVENT_TYPES = (
    *(name for name, _ in _KINDS.values() if isinstance(name, str)),
    *("message.received", "message.sent"),
    *(f"delivery.{outcome}" for outcome in _OUTCOMES),
)
