"""What the author of a message is told about it by mail: a notice of the marketplace, queued in the same commit (R30).

Only who was proved to write for the pair is told; a stranger got the answer in the session, and a robot gets silence.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote
from uuid import UUID

from postern.actions.frame import Frame
from postern.actions.receiving.pair import Pair, gather_pair
from postern.errors import AddressError, NotFoundError
from postern.language import DEFAULT_LANGUAGE
from postern.mail.dsn import Failure, Original
from postern.mail.letter import Reading
from postern.mail.notice import Letterhead, Notice, compose_notice
from postern.mail.notices.buyer_opted_out import buyer_opted_out
from postern.mail.notices.delivery_failed import delivery_failed
from postern.mail.notices.held import held
from postern.mail.notices.misused import misused
from postern.mail.notices.outside_copy import outside_copy
from postern.mail.notices.refused import refused
from postern.mail.threading import own_message_id
from postern.model.address import Address
from postern.model.delivery import Carries, Failed
from postern.model.identifier import new_id
from postern.model.journal import Value
from postern.model.notice import NoticeState
from postern.model.order import Order
from postern.model.relationship import Side
from postern.model.thread import Message
from postern.policy.reasons import BUYER_OPTED_OUT, Cause
from postern.storage.change import Row, Write
from postern.storage.deliveries import Delivery, delivery_row, mark_destination
from postern.storage.documents import Owner, seal_document
from postern.storage.journal import journal_row
from postern.storage.notices import KeptNotice, notice_row
from postern.storage.people import CORRESPONDENT, find_correspondent, find_person_with_address, person_row
from postern.storage.relationships import AliasEntry
from postern.storage.store import Look

_CAME_BACK = "the recipient's mail server took it and reported later that it could not be delivered"
NOT_DELIVERED = "5.7.1"  # RFC 3463: not authorised; the mail itself was answered 250


@dataclass(frozen=True, slots=True)
class Told:
    """Who is told about which message. ``reverse_path`` is the envelope's, as typed; empty where it is not known."""

    pair: Pair
    author: Side
    author_id: UUID
    author_address: Address
    message_id: UUID
    thread_id: UUID
    order: Order | None
    original: Original
    reverse_path: str = field(default="", repr=False)

    @property
    def language(self) -> str:
        return self.pair.language_of(self.author)


def original_of(pair: Pair, author: Side, reading: Reading, order: Order | None, received_at: datetime) -> Original:
    """The mail as its author knows it."""
    return Original(
        alias=pair.relationship.alias_of(author.other),
        received_at=received_at,
        subject=reading.letter.subject,
        message_id=reading.message_id or "",
        date=next(iter(reading.headers.get("date", ())), ""),
        order_id=order.name if order else "",
    )


def whom_to_tell(look: Look, message: Message) -> Told | None:
    """The author, where it is known who that is, and the pair still exists."""
    if message.author_id is None:
        return None
    try:
        pair = gather_pair(look, AliasEntry(message.seller_id, message.relationship_id, message.author.other))
        address = find_correspondent(look, message.author_id).address
    except NotFoundError:
        return None
    order = next((one for one in pair.orders if one.id == message.order_id), None)
    original = Original(
        alias=pair.relationship.alias_of(message.author.other),
        received_at=message.received_at,
        subject=message.subject,
        message_id=message.their_message_id,
        order_id=order.name if order else "",
    )
    return Told(pair, message.author, message.author_id, address, message.id, message.thread_id, order, original)


def tell_blocked(look: Look, frame: Frame, told: Told, now: datetime) -> tuple[Row, ...]:
    """The bounce of the opt-out (R8, R12), unless the seller switched it off (R13)."""
    if not told.pair.seller.bounce_on_opt_out:
        return ()
    notice = buyer_opted_out(told.language, told.original, frame.public_url, cancel_order_url(told))
    failure = Failure(BUYER_OPTED_OUT.status, NOT_DELIVERED, Cause(BUYER_OPTED_OUT).sentence(DEFAULT_LANGUAGE))
    return tell(look, frame, told, notice, failure, now)


def tell_refused(look: Look, frame: Frame, told: Told, cause: Cause, now: datetime) -> tuple[Row, ...]:
    """One of several recipients was refused, and the others were not, so the session could not say it."""
    notice = refused(told.language, told.original, cause.sentence(told.language), cause.remedy(told.language))
    return tell(look, frame, told, notice, failure_of(cause), now)


def tell_held(look: Look, frame: Frame, told: Told, cause: Cause, now: datetime) -> tuple[Row, ...]:
    """It waits for a person of the marketplace."""
    decide_by = now + timedelta(days=frame.limits.hold_days)
    sentence, remedy = cause.sentence(told.language), cause.remedy(told.language)
    return tell(look, frame, told, held(told.language, told.original, sentence, remedy, decide_by), None, now)


def tell_outside_copy(look: Look, frame: Frame, told: Told, count: int, now: datetime) -> tuple[Row, ...]:
    """Nobody beside: copies went straight to addresses that are not the marketplace's."""
    return tell(look, frame, told, outside_copy(told.language, told.original, count), None, now)


def tell_misused(
    look: Look, frame: Frame, told: Told, causes: Iterable[Cause], now: datetime, *, important: bool
) -> tuple[Row, ...]:
    """R11: it passed, and seems to be what messages are not for."""
    found = [(cause.sentence(told.language), cause.remedy(told.language)) for cause in causes]
    notice = misused(told.language, told.original, found, frame.public_url, marked_important=important)
    return tell(look, frame, told, notice, None, now)


def tell_failed(look: Look, frame: Frame, message: Message, outcome: Failed, now: datetime) -> tuple[Row, ...]:
    """It could not be delivered: its author learns it from us, without the real address and the host that refused it."""
    told = whom_to_tell(look, message)
    if told is None:
        return ()
    failure = Failure(outcome.code, outcome.enhanced, outcome.text, now)
    return tell(look, frame, told, delivery_failed(told.language, told.original, outcome.enhanced, now), failure, now)


def tell_bounced(look: Look, frame: Frame, told: Told, status: str, now: datetime) -> tuple[Row, ...]:
    """A failure report came back: its author learns it from us. Of the report nothing goes on but a code of our table."""
    permanent = f"5.{status.partition('.')[2]}"
    failure = Failure(0, permanent, _CAME_BACK)
    return tell(look, frame, told, delivery_failed(told.language, told.original, permanent, now), failure, now)


def failure_of(cause: Cause) -> Failure:
    """A refusal as programs read it in a report."""
    return Failure(cause.reason.status, cause.reason.enhanced, cause.sentence(DEFAULT_LANGUAGE))


def cancel_order_url(told: Told) -> str:
    """Where the seller can cancel the order, if the marketplace said so. A page that needs an order is left out without one."""
    url = told.pair.marketplace.cancel_order_url
    if "{order}" not in url:
        return url
    return url.replace("{order}", quote(told.order.name, safe="")) if told.order else ""


def tell(  # noqa: PLR0913 - who is told what, when, and whether that answers a mail of theirs
    look: Look, frame: Frame, told: Told, notice: Notice, failure: Failure | None, now: datetime, *, answers: bool = True
) -> tuple[Row, ...]:
    """The rows of a notice and of its delivery."""
    pair, notice_id = told.pair, new_id()
    domain = pair.marketplace.mail_domain
    letterhead = Letterhead(pair.marketplace.name, domain, frame.hostname, own_message_id(notice_id, domain), now)
    content = compose_notice(notice, letterhead, told.original if answers else None, failure)
    owner = Owner("relationship", pair.relationship.id, pair.key)
    document = seal_document(pair.seller.id, content, owner, look.blobs, frame.limits.inline_document)
    person_id, address, people = _reader(look, told)
    kept = KeptNotice(
        id=notice_id,
        seller_id=pair.seller.id,
        kind=notice.kind,
        about_id=told.message_id,
        thread_id=told.thread_id,
        side=told.author,
        person_id=person_id,
        document_id=document.id,
        state=NoticeState.QUEUED,
        made_at=now,
    )
    delivery = Delivery(
        id=new_id(),
        seller_id=pair.seller.id,
        message_id=notice_id,
        document_id=document.id,
        person_id=person_id,
        sender_domain=domain,
        carries=Carries.NOTICE,
        relationship_id=pair.relationship.id,
        due_at=now,
        lease=None,
        attempts=0,
        queued_at=now,
        destination=mark_destination(look.vault, address),
        size=document.size,
    )
    values: dict[str, Value] = {"notice": notice.kind, "to": told.author, "sent": document.commitment}
    entry = journal_row(
        "notice-made",
        now,
        values,
        seller_id=pair.seller.id,
        relationship_id=pair.relationship.id,
        message_id=told.message_id,
    )
    return (*people, document.row, notice_row(kept), delivery_row(delivery), entry)


def _reader(look: Look, told: Told) -> tuple[UUID, Address, tuple[Row, ...]]:
    """R13: the reverse path where it is aligned with From, else From. A reverse path of its own becomes a person first."""
    try:
        reverse_path = Address.parse(told.reverse_path)
    except AddressError:
        return told.author_id, told.author_address, ()
    if reverse_path.canonical() == told.author_address.canonical() or not _aligned(reverse_path, told.author_address):
        return told.author_id, told.author_address, ()
    known = find_person_with_address(look.connection, look.vault, CORRESPONDENT, reverse_path)
    if known:
        return known, reverse_path, ()
    person = person_row(look.vault, CORRESPONDENT, reverse_path)
    return UUID(str(person["id"])), reverse_path, (Row(Write.ADD_PERSON, person),)


def _aligned(one: Address, other: Address) -> bool:
    """One domain, or one under the other: a bounce never goes to a house that the author did not name."""
    first, second = one.domain.lower(), other.domain.lower()
    return first == second or first.endswith(f".{second}") or second.endswith(f".{first}")
