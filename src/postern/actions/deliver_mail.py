"""One delivery's attempt, from claim to settlement.

claim (a lease) → open (the address and the mail, at the last moment) → sign → courier → settle: Delivered, Deferred or Failed.
The worker carries; what is decided is decided here. Settling is fenced by the lease: a worker thought dead changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from postern.actions.frame import Frame
from postern.actions.receiving.bounces import count_refusal
from postern.actions.receiving.notices import tell_failed
from postern.errors import NotFoundError
from postern.mail.return_path import make_return_path
from postern.model.address import Address
from postern.model.delivery import Carries, Deferred, Delivered, Failed, Outcome
from postern.model.identifier import new_id, show
from postern.model.journal import Value
from postern.model.notice import NoticeState
from postern.model.thread import MessageState
from postern.storage.change import Change, LeaseHeld, Row
from postern.storage.deliveries import Delivery, attempt_row, claim, deferral_row, end_row
from postern.storage.documents import find_document
from postern.storage.journal import journal_row
from postern.storage.notices import notice_state_row
from postern.storage.people import find_correspondent
from postern.storage.store import Look, Transaction
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


def claim_deliveries(transaction: Transaction, frame: Frame, now: datetime, count: int) -> list[Delivery]:
    """Lease what is due. The caller settles each, or lets the lease run out."""
    return claim(transaction, now, now + timedelta(seconds=frame.limits.lease_seconds), count)


def open_parcel(look: Look, frame: Frame, delivery: Delivery, sign: Sign, now: datetime) -> Parcel | Failed:
    """Open the recipient's address and the mail, add To, sign. Failed where the recipient was erased.

    Raises DamagedError where a key or a blob is not what was kept: that may be mended, a wrong key file say, so it is no failure.
    """
    try:
        recipient = find_correspondent(look, delivery.person_id).address
        content = find_document(look, delivery.seller_id, delivery.document_id)
    except NotFoundError:
        return Failed(0, "5.1.6", "the recipient was erased")
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
    rows = (*tried, *_queue_rows(delivery, final, now), *notices)
    guards = (LeaseHeld(delivery.id, delivery.lease),) if delivery.lease else ()
    return Change(delivery.seller_id, rows, guards)


def retry_at(delivery: Delivery, now: datetime) -> datetime:
    """When to try again after this attempt."""
    return now + RETRY_AFTER[min(delivery.attempts, len(RETRY_AFTER)) - 1]


def _final(frame: Frame, delivery: Delivery, outcome: Outcome, now: datetime) -> Outcome:
    """RFC 5321 4.5.4.1: after some days of deferrals it has failed."""
    given_up_at = delivery.queued_at + timedelta(days=frame.limits.retry_days)
    if isinstance(outcome, Deferred) and retry_at(delivery, now) > given_up_at:
        return Failed(outcome.code, "5.4.7", outcome.text)
    return outcome


def _tell(look: Look, frame: Frame, delivery: Delivery, outcome: Failed, now: datetime) -> tuple[Row, ...]:
    message = find_message(look, delivery.message_id) if delivery.carries is Carries.MESSAGE else None
    if message is None:
        return ()
    return (*tell_failed(look, frame, message, outcome, now), *count_refusal(look, frame, message, delivery, outcome, now))


def _queue_rows(delivery: Delivery, outcome: Outcome, now: datetime) -> tuple[Row, ...]:
    if isinstance(outcome, Deferred):
        return (deferral_row(delivery.id, retry_at(delivery, now)),)
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
