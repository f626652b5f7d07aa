"""What a failure report changes: the message that its return path names is not delivered after all, and its author is told.

The return path is signed, so nobody reports what we did not send; only a message that was sent on and has not failed yet can come
back, and it comes back once. Whatever else is reported is kept in the record and changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from postern.actions.frame import Frame
from postern.actions.receiving.notices import tell_bounced, whom_to_tell
from postern.actions.receiving.pair import Pair, gather_pair
from postern.errors import NotFoundError
from postern.model.delivery import Failed
from postern.model.failure_report import FailureReport, ReportKind
from postern.model.identifier import show
from postern.model.journal import Value
from postern.model.relationship import Side
from postern.model.thread import SENT, Message, MessageState
from postern.storage.bounces import InQueue, count_rows, find_in_queue
from postern.storage.change import Guard, LeaseHeld, RelationshipOpen, Row, StillSent
from postern.storage.deliveries import Delivery, end_row
from postern.storage.journal import journal_row
from postern.storage.relationships import AliasEntry
from postern.storage.store import Look
from postern.storage.threads import find_message, state_row


@dataclass(frozen=True, slots=True)
class Bounced:
    """What to write, and whose message it is about."""

    seller_id: int
    rows: tuple[Row, ...]
    guards: tuple[Guard, ...]


def bounce(look: Look, frame: Frame, about_id: UUID, report: FailureReport, mail_id: UUID, now: datetime) -> Bounced | None:
    """The change that a report makes, kept as the house's mail ``mail_id``; None where it changes nothing."""
    if report.kind is not ReportKind.FAILED:
        return None
    message = find_message(look, about_id)
    if message is None or message.state not in SENT:  # queued: the reply to the final dot may have been lost
        return None
    pair = _find_pair(look, message)
    if pair is None:
        return None
    waiting = find_in_queue(look, message) if message.state is MessageState.QUEUED else None
    told = whom_to_tell(look, message)
    notices = tell_bounced(look, frame, told, report.status, now) if told else ()
    values: dict[str, Value] = {
        "status": report.status,
        "hard": report.hard,
        "told": bool(notices),
        "by": show("hml", mail_id),
        "delivery": show("dlv", waiting.id) if waiting else None,
    }
    rows = (
        *count_rows(look, frame.limits, reader_of(pair, message), message, report.status, now),
        state_row(message.seller_id, message.id, MessageState.BOUNCED),
        *((end_row(waiting.id),) if waiting else ()),
        *notices,
        _entry(message, values, now),
    )
    return Bounced(message.seller_id, rows, _guards(message, waiting))


def count_refusal(
    look: Look, frame: Frame, message: Message, delivery: Delivery, outcome: Failed, now: datetime
) -> tuple[Row, ...]:
    """The row that counts a mail which was refused at the attempt, or tried for too long."""
    return count_rows(look, frame.limits, delivery.person_id, message, outcome.enhanced, now)


def reader_of(pair: Pair, message: Message) -> UUID:
    """To whom a message goes. A customer-service address that was replaced since is not remembered, so the one of now counts."""
    return pair.buyer.id if message.author is Side.SELLER else pair.customer_service.person_id


def _find_pair(look: Look, message: Message) -> Pair | None:
    try:
        return gather_pair(look, AliasEntry(message.seller_id, message.relationship_id, message.author.other))
    except NotFoundError:  # its buyer is being erased
        return None


def _guards(message: Message, waiting: InQueue | None) -> tuple[Guard, ...]:
    """One that is under way loses its lease with its row, so whoever is at it settles nothing."""
    leased = (LeaseHeld(waiting.id, waiting.lease),) if waiting and waiting.lease else ()
    waiting_id = waiting.id if waiting and not waiting.lease else None
    still = StillSent(message.seller_id, message.id, message.state, waiting_id)
    return (*leased, still, RelationshipOpen(message.relationship_id))


def _entry(message: Message, values: dict[str, Value], now: datetime) -> Row:
    return journal_row(
        "message-bounced",
        now,
        values,
        seller_id=message.seller_id,
        relationship_id=message.relationship_id,
        message_id=message.id,
    )
