"""One delivery's attempt, from claim to settlement.

claim (a lease) → open (the address and the mail, at the last moment) → sign → courier → settle: Delivered, Deferred or Failed.
The worker carries; what is decided is decided here. Settling is fenced by the lease: a worker thought dead changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from postern.actions.frame import Frame
from postern.actions.receiving.bounces import count_refusal
from postern.actions.receiving.notices import tell_failed
from postern.errors import NotFoundError
from postern.mail.return_path import make_return_path
from postern.model.address import Address
from postern.model.delivery import Carries, Claim, Deferred, Delivered, Failed, Outcome
from postern.model.identifier import new_id, show
from postern.model.journal import Value
from postern.model.notice import NoticeState
from postern.model.thread import MessageState
from postern.ports import Clock
from postern.storage.attempts import attempt_row
from postern.storage.change import Change, Kept, LeaseHeld, Row, Write
from postern.storage.deliveries import (
    Delivery,
    claim,
    deferral_row,
    delivery_in,
    delivery_row,
    end_row,
    find_delivery,
    mark_host,
)
from postern.storage.documents import find_document
from postern.storage.journal import journal_row
from postern.storage.notices import notice_state_row
from postern.storage.people import find_correspondent
from postern.storage.store import Look, Store, Transaction
from postern.storage.threads import find_message, state_row

# Quickly at first, for a next hop that restarts; then patiently, for one that is down. The last interval repeats.
RETRY_AFTER = tuple(timedelta(seconds=seconds) for seconds in (15, 60, 300, 900, 1800, 3600, 7200, 14400))
RETURN_PATH_DAYS = 14  # longer than any server tries

Sign = Callable[[bytes, str, datetime], bytes]


@dataclass(frozen=True, slots=True)
class Parcel:
    """What the courier carries."""

    return_path: str
    recipient: Address
    content: bytes = field(repr=False)


def claim_deliveries(transaction: Transaction, frame: Frame, now: datetime, wanted: Claim) -> list[Delivery]:
    """Lease what is due. The caller settles each, or lets the lease run out."""
    leased_until = now + timedelta(seconds=frame.limits.lease_seconds)
    return claim(transaction, wanted, now, leased_until, now - timedelta(days=frame.limits.retry_days))


def lease_new(frame: Frame, change: Change, now: datetime) -> tuple[Change, tuple[Delivery, ...]]:
    """The change with its deliveries leased from their first moment, for a worker that can carry them at once."""
    until = now + timedelta(seconds=frame.limits.lease_seconds)
    rows: list[Row] = []
    leased: list[Delivery] = []
    for row in change.rows:
        if row.write is Write.ADD_DELIVERY:
            leased.append(replace(delivery_in(row), lease=new_id(), due_at=until, attempts=1))
            rows.append(delivery_row(leased[-1]))
        else:
            rows.append(row)
    return replace(change, rows=tuple(rows)), tuple(leased)


def give_up(frame: Frame, delivery: Delivery, now: datetime) -> Failed | None:
    """RFC 5321 4.5.4.1: what has waited some days for a destination that never answered has failed, without another attempt."""
    if now < delivery.queued_at + timedelta(days=frame.limits.retry_days):
        return None
    return Failed(0, "5.4.7", "the destination did not answer for days")


def open_parcel(look: Look, frame: Frame, delivery: Delivery, sign: Sign, now: datetime) -> Parcel | Failed:
    """Open the recipient's address and the mail, add To, sign. Failed where the recipient was erased.

    Raises DamagedError where a key or a blob is not what was kept: that may be mended, a wrong key file say, so it is no failure.
    """
    try:
        recipient = find_correspondent(look, delivery.person_id).address
        content = find_document(look, delivery.seller_id, delivery.document_id)
    except NotFoundError:
        return Failed(0, "5.1.6", "the recipient was erased")
    return make_parcel(frame, delivery, recipient, content, sign, now)


def make_parcel(frame: Frame, delivery: Delivery, recipient: Address, content: bytes, sign: Sign, now: datetime) -> Parcel:
    """Add To and the return path, sign."""
    if delivery.carries is Carries.HOUSE:
        return Parcel("", recipient, content)  # the null sender: a failure here must not come back here
    addressed = f"To: {recipient.reveal()}\r\n".encode("ascii") + content
    if delivery.carries is Carries.NOTICE:  # RFC 3834 3.3: a notice that fails makes no other
        return Parcel("", recipient, sign(addressed, delivery.sender_domain, now))
    expires_at = now + timedelta(days=RETURN_PATH_DAYS)
    return_path = make_return_path(frame.keyring, delivery.message_id, expires_at, delivery.sender_domain)
    return Parcel(return_path, recipient, sign(addressed, delivery.sender_domain, now))


def settle(look: Look | None, frame: Frame, delivery: Delivery, outcome: Outcome, now: datetime) -> Change:
    """What to write after an attempt. ``look`` is needed unless it was delivered: the author of a message that has failed for
    good is told, by a notice in the same commit.
    """
    final = _final(frame, delivery, outcome, now)
    notices = _tell(look, frame, delivery, final, now) if look and isinstance(final, Failed) else ()
    attempt_id = new_id()
    tried = (attempt_row(delivery, final, now, attempt_id), attempt_entry("delivery-attempted", delivery, final, now, attempt_id))
    bond = bond_of(look, delivery, final) if look and isinstance(final, Deferred) else None
    rows = (*tried, *_queue_rows(delivery, final, now, bond), *notices)
    guards = (LeaseHeld(delivery.id, delivery.lease),) if delivery.lease else ()
    return Change(delivery.seller_id, rows, guards)


def settle_left_over(store: Store, frame: Frame, clock: Clock, delivery_id: UUID, lease: UUID, outcome: Delivered) -> bool:
    """Settle what a process that died had handed over. False where it is settled already, or somebody else's by now."""
    with store.look() as look:
        delivery = find_delivery(look, delivery_id)
    if delivery is None or delivery.lease != lease:
        return False
    return isinstance(store.keep(settle(None, frame, delivery, outcome, clock.now())).result(), Kept)


def retry_at(delivery: Delivery, now: datetime) -> datetime:
    """When to try again after this attempt."""
    return now + RETRY_AFTER[min(delivery.attempts, len(RETRY_AFTER)) - 1]


def _final(frame: Frame, delivery: Delivery, outcome: Outcome, now: datetime) -> Outcome:
    """RFC 5321 4.5.4.1: after some days of deferrals it has failed."""
    given_up_at = delivery.queued_at + timedelta(days=frame.limits.retry_days)
    if isinstance(outcome, Deferred) and retry_at(delivery, now) > given_up_at:
        return Failed(outcome.code, "5.4.7", outcome.text)
    return outcome


def bond_of(look: Look, delivery: Delivery, outcome: Deferred) -> bytes | None:
    """The host whose reply was lost may have the mail: while it says "not now" to the next attempts, no other may be tried."""
    return mark_host(look.vault, outcome.host) if outcome.indeterminate and outcome.host else delivery.bound_host


def _tell(look: Look, frame: Frame, delivery: Delivery, outcome: Failed, now: datetime) -> tuple[Row, ...]:
    message = find_message(look, delivery.message_id) if delivery.carries is Carries.MESSAGE else None
    if message is None:
        return ()
    return (*tell_failed(look, frame, message, outcome, now), *count_refusal(look, frame, message, delivery, outcome, now))


def _queue_rows(delivery: Delivery, outcome: Outcome, now: datetime, bond: bytes | None) -> tuple[Row, ...]:
    if isinstance(outcome, Deferred):
        return (deferral_row(delivery.id, retry_at(delivery, now), bond),)
    came = isinstance(outcome, Delivered)
    match delivery.carries:
        case Carries.HOUSE:
            return (end_row(delivery.id),)
        case Carries.NOTICE:
            told = NoticeState.DELIVERED if came else NoticeState.FAILED
            return (end_row(delivery.id), notice_state_row(delivery.seller_id, delivery.message_id, told))
        case Carries.MESSAGE:
            state = MessageState.DELIVERED if came else MessageState.FAILED
            return (end_row(delivery.id), state_row(delivery.seller_id, delivery.message_id, state))


def attempt_entry(kind: str, delivery: Delivery, outcome: Outcome, now: datetime, attempt_id: UUID) -> Row:
    """What the journal says of an attempt, under the id of its row."""
    values: dict[str, Value] = {
        "delivery": show("dlv", delivery.id),
        "attempt": delivery.attempts,
        "outcome": type(outcome).__name__.lower(),
        "code": outcome.code,
        "enhanced": outcome.enhanced,
        "reply": outcome.text,
        "indeterminate": isinstance(outcome, Deferred) and outcome.indeterminate,
    }
    return journal_row(
        kind,
        now,
        values,
        seller_id=delivery.seller_id,
        relationship_id=delivery.relationship_id,
        message_id=delivery.message_id,
        entry_id=attempt_id,
    )
