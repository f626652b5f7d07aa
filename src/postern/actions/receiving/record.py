"""What is written for one mail: the message, both forms of the mail, the delivery, and the journal's entry."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from postern.actions.frame import Frame
from postern.actions.receiving.notices import (
    Told,
    original_of,
    tell_blocked,
    tell_held,
    tell_misused,
    tell_outside_copy,
    tell_refused,
)
from postern.actions.receiving.pair import Pair
from postern.actions.receiving.placing import Place
from postern.mail.letter import Reading, Relayed
from postern.model.delivery import Carries
from postern.model.envelope import Mail
from postern.model.identifier import new_id, show
from postern.model.journal import Value
from postern.model.notice import NoticeKind
from postern.model.relationship import Side
from postern.model.remark import Door
from postern.model.thread import Message, MessageState
from postern.policy.reasons import MARKED_IMPORTANT, Cause
from postern.storage.change import Guard, OptOutUnchanged, RelationshipOpen, Row, SenderApproved, Unseen, WithinDailyLimit
from postern.storage.deliveries import Delivery, delivery_row, mark_destination
from postern.storage.documents import Owner, SealedDocument, seal_document
from postern.storage.journal import IMPORTANT_MISUSED, journal_row
from postern.storage.notices import is_told, is_told_since
from postern.storage.standing import use_row
from postern.storage.store import Look
from postern.storage.threads import commit_to_message, message_row, thread_row


@dataclass(frozen=True, slots=True)
class Allowance:
    """A seller's day (R21): what it may come to with this message."""

    day: str
    limit: int


@dataclass(frozen=True, slots=True)
class Station:
    """One mail at one alias on its way through: what is known once it was routed, read and judged."""

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
    automatic: str = ""
    passed_by: str = ""
    allowance: Allowance | None = None  # where it counts as one of the seller's messages of the day
    door: Door | None = None  # where it was written, if it did not come by mail

    @property
    def told(self) -> Told | None:
        """Whom to tell about it by mail: its author, where it is known who that is, and it was no robot, nor anybody who was
        answered at once.
        """
        address = self.reading.authors[0].address if self.reading.authors else None
        if self.author_id is None or address is None or self.automatic or self.door:
            return None
        order = self.place.order
        return Told(
            pair=self.pair,
            author=self.author,
            author_id=self.author_id,
            author_address=address,
            message_id=self.message_id,
            thread_id=self.place.thread.id,
            order=order,
            original=original_of(self.pair, self.author, self.reading, order, self.mail.received_at),
            reverse_path=self.mail.envelope.reverse_path,
        )


@dataclass(frozen=True, slots=True)
class Filing:
    """How the message is kept: its state, and what people read of it."""

    state: MessageState
    subject: str = field(repr=False)
    text: str = field(repr=False)
    relayed_id: UUID | None = None
    reason: str = ""


def guards_of(station: Station) -> tuple[Guard, ...]:
    """What must still hold when this is written."""
    pair = station.pair
    guards: tuple[Guard, ...] = (Unseen(station.seen_mark), RelationshipOpen(pair.relationship.id))
    if station.author is Side.SELLER and station.author_id:
        guards += (OptOutUnchanged(pair.buyer.id, pair.buyer.opt_out_version),)
        guards += () if station.door else (SenderApproved(pair.seller.id, station.author_id),)
    if station.allowance:
        day, limit = station.allowance.day, station.allowance.limit
        guards += (WithinDailyLimit(pair.seller.id, pair.marketplace.id, day, limit),)
    return guards


def seal_original(look: Look, frame: Frame, mail: Mail, pair: Pair, author_id: UUID | None) -> SealedDocument:
    """The mail as it came, sealed with its sender's key; with the relationship's where nobody knows who sent it, or whoever wrote
    it here has no address of the seller's.
    """
    if author_id and author_id in pair.person_keys:
        owner = Owner("person", author_id, pair.person_keys[author_id])
    else:
        owner = Owner("relationship", pair.relationship.id, pair.key)
    return seal_document(pair.seller.id, mail.content, owner, look.blobs, frame.limits.inline_document)


def rows_of_delivery(look: Look, frame: Frame, station: Station, relayed: Relayed) -> tuple[Row, ...]:
    """A message that passed: queued in the same commit that keeps it."""
    document = seal_relayed(look, frame, station.pair, relayed)
    values: dict[str, Value] = {"verdict": "deliver", "relayed": document.commitment, "changes": list(relayed.changes)}
    if station.passed_by:
        values["passed by"] = station.passed_by
    delivery = delivery_to_reader(look, station.pair, station.author, station.message_id, document, station.mail.received_at)
    filing = Filing(MessageState.QUEUED, relayed.subject, relayed.text, document.id)
    return (
        document.row,
        *_kept(look, station, filing, "mail-accepted", values),
        delivery_row(delivery),
        *_use_rows(station),
    )


def rows_of_hold(look: Look, frame: Frame, station: Station, cause: Cause) -> tuple[Row, ...]:
    """A message that waits for a person's decision. It counts as one of the day, whatever becomes of it (R21)."""
    notices = tell_held(look, frame, station.told, cause, station.mail.received_at) if station.told else ()
    values: dict[str, Value] = {"verdict": "hold", "told": bool(notices)}
    return (*_unsent(look, station, MessageState.HELD, cause, "mail-held", values), *notices, *_use_rows(station))


def rows_of_block(look: Look, frame: Frame, station: Station, cause: Cause) -> tuple[Row, ...]:
    """A message that the buyer does not want: kept, and its sender told by a bounce (R8, R13)."""
    notices = tell_blocked(look, frame, station.told, station.mail.received_at) if station.told else ()
    values: dict[str, Value] = {"verdict": "block", "told": bool(notices)}
    return (*_unsent(look, station, MessageState.BLOCKED, cause, "mail-blocked", values), *notices)


def rows_of_refusal(look: Look, frame: Frame, station: Station, cause: Cause) -> tuple[Row, ...]:
    """A message that was refused although its mail was answered 250, for others in it were taken: kept, and its sender told."""
    notices = tell_refused(look, frame, station.told, cause, station.mail.received_at) if station.told else ()
    values: dict[str, Value] = {"verdict": "refuse", "told": bool(notices)}
    return (*_unsent(look, station, MessageState.REFUSED, cause, "mail-refused-and-kept", values), *notices)


def rows_of_absorbing(look: Look, station: Station, cause: Cause) -> tuple[Row, ...]:
    """What a robot wrote: kept and shown, told to nobody."""
    values: dict[str, Value] = {"verdict": "discard", "automatic": station.automatic, "sign": dict(cause.fields).get("sign", "")}
    return _unsent(look, station, MessageState.ABSORBED, cause, "mail-absorbed", values)


def rows_of_outside_copy(look: Look, frame: Frame, station: Station, count: int) -> tuple[Row, ...]:
    """The notice that copies went elsewhere; once in a thread is enough."""
    told = station.told
    if told is None or is_told(look, station.pair.seller.id, told.thread_id, station.author, NoticeKind.OUTSIDE_COPY):
        return ()
    return tell_outside_copy(look, frame, told, count, station.mail.received_at)


def rows_of_misuse(look: Look, frame: Frame, station: Station, misuses: tuple[Cause, ...]) -> tuple[Row, ...]:
    """R11: what a mail that passed seems to be. Its sender is told once a day; each use of [Important] for it is counted."""
    told, now, seller_id = station.told, station.mail.received_at, station.pair.seller.id
    important = station.passed_by == MARKED_IMPORTANT.code
    rows: tuple[Row, ...] = (_misuse_entry(station, misuses),) if important else ()
    if told is None or is_told_since(look, seller_id, NoticeKind.MISUSED, now - timedelta(days=1)):
        return rows
    return (*rows, *tell_misused(look, frame, told, misuses, now, important=important))


def seal_relayed(look: Look, frame: Frame, pair: Pair, relayed: Relayed) -> SealedDocument:
    """The mail that goes out, sealed with the relationship's key."""
    owner = Owner("relationship", pair.relationship.id, pair.key)
    return seal_document(pair.seller.id, relayed.content, owner, look.blobs, frame.limits.inline_document)


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


def delivery_to_reader(
    look: Look, pair: Pair, author: Side, message_id: UUID, relayed: SealedDocument, now: datetime
) -> Delivery:
    """A message's way to the other side of its pair."""
    person_id, address = pair.reader_of(author)
    return Delivery(
        id=new_id(),
        seller_id=pair.seller.id,
        message_id=message_id,
        document_id=relayed.id,
        person_id=person_id,
        sender_domain=pair.marketplace.mail_domain,
        carries=Carries.MESSAGE,
        relationship_id=pair.relationship.id,
        due_at=now,
        lease=None,
        attempts=0,
        queued_at=now,
        destination=mark_destination(look.vault, address),
        size=relayed.size,
    )


def _unsent(
    look: Look, station: Station, state: MessageState, cause: Cause, kind: str, values: Mapping[str, Value]
) -> tuple[Row, ...]:
    """A message as it was written: nothing was rewritten, for it goes nowhere."""
    letter = station.reading.letter
    filing = Filing(state, letter.subject, letter.text or "", reason=cause.reason.code)
    return _kept(look, station, filing, kind, {"reason": cause.reason.code, **values})


def _kept(look: Look, station: Station, filing: Filing, kind: str, values: Mapping[str, Value]) -> tuple[Row, ...]:
    """The message's rows, and the entry that commits to them."""
    rows = _message_rows(look, station, filing)
    return (*rows, _entry(station, kind, {**values, **commit_to_message(rows[-1].values)}))


def _use_rows(station: Station) -> tuple[Row, ...]:
    if station.allowance is None:
        return ()
    return (use_row(station.pair.seller.id, station.pair.marketplace.id, station.allowance.day),)


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
        automatic=station.automatic,
        passed_by=station.passed_by,
        candidates=tuple(order.id for order in place.candidates),
        author_id=station.author_id,
    )
    opened = (thread_row(place.thread, pair.seller.id),) if place.opened else ()
    return (*opened, message_row(look, message, pair.key, station.seen_mark))


def _misuse_entry(station: Station, misuses: tuple[Cause, ...]) -> Row:
    values: dict[str, Value] = {"reason": ", ".join(dict.fromkeys(one.reason.code for one in misuses)), "author": station.author}
    return journal_row(
        IMPORTANT_MISUSED,
        station.mail.received_at,
        values,
        seller_id=station.pair.seller.id,
        relationship_id=station.pair.relationship.id,
        message_id=station.message_id,
    )


def _entry(station: Station, kind: str, values: Mapping[str, Value]) -> Row:
    shared: dict[str, Value] = {
        "author": station.author,
        "thread": show("thr", station.place.thread.id),
        "found by": station.place.found_by,
        "order": station.place.order.name if station.place.order else None,
        "size": len(station.mail.content),
        "authentication": station.door or station.mail.authentication.mode,
        "proof": list(station.mail.authentication.story()),
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
