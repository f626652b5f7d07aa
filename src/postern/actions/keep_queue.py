"""The queue beside its carrying: an operator sees it, hurries it, holds it back, drops from it; and its times are mended."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from postern.actions.deliver_mail import RETRY_AFTER
from postern.actions.frame import Frame
from postern.errors import AddressError, DamagedError, NotFoundError
from postern.model.address import Address, is_domain
from postern.model.delivery import Carries
from postern.model.identifier import show
from postern.model.journal import Value
from postern.model.notice import NoticeState
from postern.model.thread import MessageState
from postern.ports import Clock
from postern.storage.attempts import find_last_attempt
from postern.storage.change import Change, Kept, LeaseHeld, Row
from postern.storage.deliveries import (
    HELD_BACK,
    Delivery,
    Waiting,
    count_by_destination,
    end_row,
    hold_back,
    lease_for_dropping,
    list_paused,
    list_queue,
    make_due,
    mark_destination,
)
from postern.storage.deliveries import pause as pause_destination
from postern.storage.deliveries import resume as resume_destination
from postern.storage.journal import journal_row
from postern.storage.notices import notice_state_row
from postern.storage.people import find_correspondent
from postern.storage.queue_times import bring_forward
from postern.storage.schema import HOUSE
from postern.storage.statements import write_all
from postern.storage.store import Look, Store, Transaction
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
    rows: tuple[Row, ...] = (end_row(delivery.id), _entry("delivery-dropped", delivery, now))
    if delivery.carries is Carries.MESSAGE:
        rows += (state_row(delivery.seller_id, delivery.message_id, MessageState.DROPPED),)
    elif delivery.carries is Carries.NOTICE:
        rows += (notice_state_row(delivery.seller_id, delivery.message_id, NoticeState.DROPPED),)
    guards = (LeaseHeld(delivery.id, delivery.lease),)
    if not isinstance(store.keep(Change(delivery.seller_id, rows, guards)).result(), Kept):
        raise NotFoundError(_DOES_NOT_WAIT)
    return delivery.message_id


def hold(store: Store, clock: Clock, delivery_id: UUID) -> None:
    """Let one delivery wait until somebody says ``retry``. Raises NotFoundError for one that does not wait."""
    if not store.write(partial(_hold, delivery_id=delivery_id, now=clock.now())).result():
        raise NotFoundError(_DOES_NOT_WAIT)


def pause(store: Store, clock: Clock, domain: str) -> bool:
    """Send nothing to a domain, or nothing at all (""), until it is resumed; mail is taken meanwhile. False if it was so already.

    Raises AddressError for what is no domain. Attempts under way go on.
    """
    destination = _destination(store, domain)
    return store.write(partial(_pause, destination=destination, now=clock.now())).result()


def resume(store: Store, clock: Clock, domain: str) -> bool:
    """Send again. False if nothing was paused. Raises AddressError for what is no domain."""
    destination = _destination(store, domain)
    return store.write(partial(_resume, destination=destination, now=clock.now())).result()


def tell_destinations(look: Look) -> list[dict[str, Value]]:
    """What waits for each domain, and which are paused, as plain values."""
    paused = list_paused(look)
    everywhere = b"" in paused
    waiting: list[dict[str, Value]] = [
        {
            "domain": _domain_of(look, one),
            "deliveries": one.deliveries,
            "oldest_queued_at": one.queued_at.isoformat(),
            "next_due_at": one.due_at.isoformat(),
            "paused": everywhere or one.destination in paused,
        }
        for one in count_by_destination(look)
    ]
    return waiting


@dataclass(frozen=True, slots=True)
class Paused:
    """What is not sent to for now: everybody, and so many domains by name."""

    everywhere: bool
    domains: int


def find_paused(look: Look) -> Paused:
    """What is paused, whether or not anything waits for it."""
    paused = list_paused(look)
    return Paused(b"" in paused, len(paused.keys() - {b""}))


def _domain_of(look: Look, one: Waiting) -> str | None:
    try:
        return find_correspondent(look, one.person_id).address.domain.lower()
    except (NotFoundError, DamagedError):
        return None


def _destination(store: Store, domain: str) -> bytes:
    if domain and not is_domain(domain):
        raise AddressError("this is no domain: name one such as example.com")
    return mark_destination(store.vault, Address("postmaster", domain)) if domain else b""


def _hold(transaction: Transaction, delivery_id: UUID, now: datetime) -> bool:
    held = hold_back(transaction, now, delivery_id)
    if held is None:
        return False
    write_all(transaction, [Change(held.seller_id, (_entry("delivery-held-back", held, now),))])
    return True


def _pause(transaction: Transaction, destination: bytes, now: datetime) -> bool:
    if not pause_destination(transaction, destination, now):
        return False
    write_all(transaction, [Change(HOUSE, (_house_entry("queue-paused", destination, now),))])
    return True


def _resume(transaction: Transaction, destination: bytes, now: datetime) -> bool:
    if not resume_destination(transaction, destination):
        return False
    write_all(transaction, [Change(HOUSE, (_house_entry("queue-resumed", destination, now),))])
    return True


def _house_entry(kind: str, destination: bytes, now: datetime) -> Row:
    values: dict[str, Value] = {"destination": destination.hex() or "all", "by": "operator"}
    return journal_row(kind, now, values, seller_id=HOUSE)


def _state(delivery: Delivery, now: datetime) -> str:
    if delivery.due_at >= HELD_BACK:
        return "held back"
    return "under way" if delivery.lease and delivery.due_at > now else "waiting"


def _entry(kind: str, delivery: Delivery, now: datetime) -> Row:
    values: dict[str, Value] = {"delivery": show("dlv", delivery.id), "attempts": delivery.attempts, "by": "operator"}
    return journal_row(
        kind,
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
