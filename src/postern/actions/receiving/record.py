"""What is written for one mail: the message, both forms of the mail, the delivery, and the journal's entry."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from postern.actions.frame import Frame
from postern.actions.receiving.facts import Pair
from postern.actions.receiving.placing import Place
from postern.mail.letter import Reading, Relayed
from postern.model.envelope import Mail
from postern.model.identifier import new_id, show
from postern.model.journal import Value
from postern.model.relationship import Side
from postern.model.thread import Message, MessageState
from postern.policy.reasons import Reason
from postern.storage.change import Guard, RelationshipOpen, Row, SenderApproved, Unseen
from postern.storage.deliveries import Delivery, delivery_row
from postern.storage.documents import Owner, SealedDocument, seal_document
from postern.storage.journal import journal_row
from postern.storage.people import find_correspondent_key
from postern.storage.store import Look
from postern.storage.threads import commit_to_message, message_row, thread_row


@dataclass(frozen=True, slots=True)
class Station:
    """One mail at one alias on its way through: what is known once it was routed and read."""

    mail: Mail
    reading: Reading
    pair: Pair
    author: Side
    author_id: UUID | None
    place: Place
    message_id: UUID
    seen_mark: bytes
    original: SealedDocument
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filing:
    """How the message is kept: its state, and what people read of it."""

    state: MessageState
    subject: str = field(repr=False)
    text: str = field(repr=False)
    relayed_id: UUID | None
    reason: str = ""


def guards_of(station: Station) -> tuple[Guard, ...]:
    """What must still hold when this is written."""
    guards: tuple[Guard, ...] = (Unseen(station.seen_mark), RelationshipOpen(station.pair.relationship.id))
    if station.author is Side.SELLER and station.author_id:
        guards += (SenderApproved(station.pair.seller.id, station.author_id),)
    return guards


def seal_original(look: Look, frame: Frame, mail: Mail, pair: Pair, author_id: UUID | None) -> SealedDocument:
    """The mail as it came, sealed with its sender's key; with the relationship's where nobody knows who sent it."""
    if author_id:
        owner = Owner("person", author_id, find_correspondent_key(look, author_id))
    else:
        owner = Owner("relationship", pair.relationship.id, pair.key)
    return seal_document(pair.seller.id, mail.content, owner, look.blobs, frame.limits.inline_document)


def rows_of_delivery(look: Look, frame: Frame, station: Station, relayed: Relayed) -> tuple[Row, ...]:
    """A message that passed: queued in the same commit that keeps it."""
    pair = station.pair
    owner = Owner("relationship", pair.relationship.id, pair.key)
    document = seal_document(pair.seller.id, relayed.content, owner, look.blobs, frame.limits.inline_document)
    values: dict[str, Value] = {"verdict": "deliver", "relayed": document.commitment, "changes": list(relayed.changes)}
    filed = _message_rows(look, station, Filing(MessageState.QUEUED, relayed.subject, relayed.text, document.id))
    return (
        document.row,
        *filed,
        delivery_row(_delivery(station, document.id)),
        _entry(station, "mail-accepted", values | commit_to_message(filed[-1].values)),
    )


def rows_of_hold(look: Look, station: Station, reason: Reason) -> tuple[Row, ...]:
    """A message that waits for a person's decision."""
    letter = station.reading.letter
    filed = _message_rows(look, station, Filing(MessageState.HELD, letter.subject, letter.text or "", None, reason.code))
    values: dict[str, Value] = {"verdict": "hold", "reason": reason.code}
    return (*filed, _entry(station, "mail-held", values | commit_to_message(filed[-1].values)))


def repeat_row(mail: Mail, pair: Pair, author: Side, message_id: UUID) -> Row:
    """A repeat is answered 250 and makes no second message; the entry names the first."""
    values: dict[str, Value] = {"verdict": "repeat", "author": author, "size": len(mail.content), "of": show("msg", message_id)}
    return journal_row(
        "mail-repeated",
        mail.received_at,
        values,
        seller_id=pair.seller.id,
        relationship_id=pair.relationship.id,
        message_id=message_id,
    )


def refusal_row(look: Look, mail: Mail, reading: Reading, pair: Pair, author: Side, reason: Reason) -> Row:
    """A refusal in the session leaves who (marked), alias, reason, size and a keyed digest, and nothing of the content (R25)."""
    address = reading.authors[0].address if reading.authors else None
    values: dict[str, Value] = {
        "verdict": "refuse",
        "reason": reason.code,
        "author": author,
        "who": look.vault.mark_address(address).hex() if address else None,
        "size": len(mail.content),
        "digest": look.vault.mark("refused", mail.content).hex(),
    }
    return journal_row("mail-refused", mail.received_at, values, seller_id=pair.seller.id, relationship_id=pair.relationship.id)


def _delivery(station: Station, relayed_id: UUID) -> Delivery:
    pair, received_at = station.pair, station.mail.received_at
    return Delivery(
        id=new_id(),
        seller_id=pair.seller.id,
        message_id=station.message_id,
        document_id=relayed_id,
        person_id=pair.buyer.id if station.author is Side.SELLER else pair.customer_service.person_id,
        sender_domain=pair.marketplace.mail_domain,
        due_at=received_at,
        lease=None,
        attempts=0,
        queued_at=received_at,
        relationship_id=pair.relationship.id,
    )


def _message_rows(look: Look, station: Station, filing: Filing) -> tuple[Row, ...]:
    """The thread, where it is new, and last the message."""
    place, pair = station.place, station.pair
    message = Message(
        id=station.message_id,
        seller_id=pair.seller.id,
        relationship_id=pair.relationship.id,
        thread_id=place.thread.id,
        order_id=place.order.id if place.order else None,
        author=station.author,
        state=filing.state,
        received_at=station.mail.received_at,
        size=len(station.mail.content),
        their_message_id=station.reading.message_id or "",
        subject=filing.subject,
        text=filing.text,
        original_id=station.original.id,
        relayed_id=filing.relayed_id,
        reason=filing.reason,
    )
    opened = (thread_row(place.thread, pair.seller.id),) if place.opened else ()
    return (*opened, message_row(look, message, pair.key, station.author_id, station.seen_mark))


def _entry(station: Station, kind: str, values: Mapping[str, Value]) -> Row:
    shared: dict[str, Value] = {
        "author": station.author,
        "thread": show("thr", station.place.thread.id),
        "found by": station.place.found_by,
        "order": station.place.order.name if station.place.order else None,
        "size": len(station.mail.content),
        "authentication": station.mail.authentication.mode,
        "original": station.original.commitment,
        "defects": list(station.reading.defects),
        "findings": list(station.findings),
    }
    return journal_row(
        kind,
        station.mail.received_at,
        shared | dict(values),
        seller_id=station.pair.seller.id,
        relationship_id=station.pair.relationship.id,
        message_id=station.message_id,
    )
