"""The queue beside its carrying: an operator sees it, hurries it, drops from it; times that a wrong clock set are mended."""

from datetime import datetime, timedelta
from uuid import UUID

from postern.actions.deliver_mail import RETRY_AFTER
from postern.actions.frame import Frame
from postern.errors import NotFoundError
from postern.model.delivery import Carries
from postern.model.identifier import show
from postern.model.journal import Value
from postern.model.notice import NoticeState
from postern.model.thread import MessageState
from postern.ports import Clock
from postern.storage.change import Change, Kept, LeaseHeld, Row
from postern.storage.deliveries import (
    HELD_BACK,
    Delivery,
    bring_forward,
    end_row,
    find_last_attempt,
    lease_for_dropping,
    list_queue,
    make_due,
)
from postern.storage.journal import journal_row
from postern.storage.notices import notice_state_row
from postern.storage.store import Look, Store
from postern.storage.threads import state_row

_DOES_NOT_WAIT = "no such delivery waits: it was settled, or is under way"


def tell_queue(look: Look, now: datetime) -> list[dict[str, Value]]:
    """Each waiting delivery as plain values, for people and programs; no address among them."""
    return [_tell(look, delivery, now) for delivery in list_queue(look)]


def retry(store: Store, clock: Clock, delivery_id: UUID | None) -> int:
    """Let one delivery, or all, be tried now. Answers how many. Raises NotFoundError for one that does not wait."""
    now = clock.now()
    count = store.write(lambda transaction: make_due(transaction, now, delivery_id)).result()
    if delivery_id and not count:
        raise NotFoundError(_DOES_NOT_WAIT)
    return count


def mend_times(store: Store, frame: Frame, clock: Clock) -> str | None:
    """A task of the timetable. While the clock was wrong, mails may have been put off until a day that does not come for long:
    they are due now. Answers a line for the log.
    """
    now = clock.now()
    latest, grace = now + 2 * RETRY_AFTER[-1], now + timedelta(seconds=frame.limits.lease_seconds)
    count = store.write(lambda transaction: bring_forward(transaction, now, latest, grace)).result()
    return f"{count} deliveries were due later than any is put off: the clock was set back" if count else None


def drop(store: Store, clock: Clock, delivery_id: UUID) -> UUID:
    """Take one delivery out of the queue for good; its message becomes dropped, and the journal says so.

    Answers the message. Raises NotFoundError for one that does not wait, or is just under way.
    """
    now = clock.now()
    delivery = store.write(lambda transaction: lease_for_dropping(transaction, delivery_id, now)).result()
    if delivery is None or delivery.lease is None:
        raise NotFoundError(_DOES_NOT_WAIT)
    rows: tuple[Row, ...] = (end_row(delivery.id), _entry(delivery, now))
    if delivery.carries is Carries.MESSAGE:
        rows += (state_row(delivery.seller_id, delivery.message_id, MessageState.DROPPED),)
    elif delivery.carries is Carries.NOTICE:
        rows += (notice_state_row(delivery.seller_id, delivery.message_id, NoticeState.DROPPED),)
    guards = (LeaseHeld(delivery.id, delivery.lease),)
    if not isinstance(store.keep(Change(delivery.seller_id, rows, guards)).result(), Kept):
        raise NotFoundError(_DOES_NOT_WAIT)
    return delivery.message_id


def _state(delivery: Delivery, now: datetime) -> str:
    if delivery.due_at >= HELD_BACK:
        return "held back after a restore"
    return "under way" if delivery.lease and delivery.due_at > now else "waiting"


def _entry(delivery: Delivery, now: datetime) -> Row:
    values: dict[str, Value] = {"delivery": show("dlv", delivery.id), "attempts": delivery.attempts, "by": "operator"}
    return journal_row(
        "delivery-dropped",
        now,
        values,
        seller_id=delivery.seller_id,
        relationship_id=delivery.relationship_id,
        message_id=delivery.message_id,
    )


def _tell(look: Look, delivery: Delivery, now: datetime) -> dict[str, Value]:
    last = find_last_attempt(look, delivery)
    return {
        "delivery": show("dlv", delivery.id),
        "message": show("msg", delivery.message_id) if delivery.carries is Carries.MESSAGE else None,
        "carries": delivery.carries,
        "state": _state(delivery, now),
        "attempts": delivery.attempts,
        "queued_at": delivery.queued_at.isoformat(),
        "due_at": delivery.due_at.isoformat(),
        "last_attempt": {"outcome": last[0], "code": last[1], "enhanced": last[2], "reply": last[3]} if last else None,
    }
