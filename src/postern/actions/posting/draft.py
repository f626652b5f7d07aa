"""The letter behind a posted message, where it belongs, and the mail by which the record keeps what was written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from postern.actions.frame import Frame
from postern.actions.posting.outgoing import ByReason, InThread, Outgoing
from postern.actions.receiving.facts import REPLY_BOX
from postern.actions.receiving.facts import Posted as Settled
from postern.actions.receiving.pair import Arrival, Pair
from postern.actions.receiving.placing import Place, place_in_thread
from postern.errors import NotFoundError
from postern.mail import header_lines, writer
from postern.mail.characters import clean
from postern.mail.letter import Letter, Mailbox, Reading
from postern.mail.supplied import letter_of, supply
from postern.mail.threading import own_message_id
from postern.model.address import Address
from postern.model.authentication import Authentication
from postern.model.contact_reason import ContactReason
from postern.model.envelope import Envelope, Mail
from postern.model.identifier import new_id
from postern.model.order import Order
from postern.model.posting import Words
from postern.model.relationship import Side
from postern.model.thread import Message, Thread
from postern.policy.facts import Posting
from postern.policy.rules.contact_reason import REPLY_FIELD
from postern.storage.postings import count_used, find_posting
from postern.storage.store import Look
from postern.storage.threads import find_last_in_thread, find_message, find_thread

CONTACT_REASON = "contact reason"
WRITTEN_HERE = (CONTACT_REASON, REPLY_BOX)  # how a message that did not come by mail found its thread
_ANSWER = "re:"


@dataclass(frozen=True, slots=True)
class Written:
    """A message as the rules and the rewriter take it: like a mail that came, and what is settled about it beside."""

    arrival: Arrival
    settled: Settled
    message_id: UUID
    words: Words = field(repr=False)


def write_by_reason(look: Look, frame: Frame, pair: Pair, outgoing: Outgoing, content: ByReason, now: datetime) -> Written:
    """A new message always opens a thread (R9). Raises NotFoundError for a reason or an order that this pair does not have."""
    reason = find_reason(frame, outgoing.author, content.code)
    order = find_order_of(pair, content.order_id) if content.order_id else None
    place = new_place(pair, order, now)
    used = count_used(look, pair.seller.id, order.id) if order else {}
    posting = posting_of(frame, reason, order, now, used=used.get(reason.code, 0), typed=content.fields)
    names = _names(pair, order)
    for_reader = supply(reason, pair.language_of(outgoing.author.other), names, content.fields)
    for_author = supply(reason, pair.language_of(outgoing.author), names, content.fields)
    words = Words(dict(content.fields), for_reader, for_author)
    return _written(pair, outgoing, letter_of(for_reader, outgoing.files), place, posting, words, now)


def write_in_thread(look: Look, frame: Frame, pair: Pair, outgoing: Outgoing, content: InThread, now: datetime) -> Written:
    """An answer. Raises NotFoundError for a thread that this pair does not have."""
    thread = find_thread(look, outgoing.seller_id, outgoing.relationship_id, content.thread_id)
    if thread is None:
        raise NotFoundError("no such thread")
    place = place_in_thread(look, pair, outgoing.author, thread, REPLY_BOX)
    text = clean(content.text).strip("\n")
    posting = Posting(None, place.order, now, typed=((REPLY_FIELD, text),), text_maximum=frame.limits.posted_text)
    letter = Letter(_subject_of(look, pair, thread), text or None, None, outgoing.files)
    return _written(pair, outgoing, letter, place, posting, Words({REPLY_FIELD: text}), now)


def settle_again(look: Look, frame: Frame, pair: Pair, message: Message, now: datetime) -> Settled | None:
    """The same of a message that is kept already, with today's order; None of one that came by mail."""
    kept = find_posting(look, message.seller_id, message.id, pair.key)
    thread = find_thread(look, message.seller_id, message.relationship_id, message.thread_id)
    if kept is None or thread is None or message.author_id is None:
        return None
    found_by = CONTACT_REASON if kept.reason else REPLY_BOX
    place = place_in_thread(look, pair, message.author, thread, found_by, before=message.id)
    reason = frame.reasons.find(kept.reason)
    return Settled(message.author_id, place, Posting(reason, place.order, now))


def find_reason(frame: Frame, author: Side, code: str) -> ContactReason:
    """The reason of this code. Raises NotFoundError."""
    reason = frame.reasons.find(code)
    if reason is None or reason.author is not author:
        raise NotFoundError(f"there is no contact reason {code[:50]!r} for a {author}")
    return reason


def find_order_of(pair: Pair, order_id: UUID) -> Order:
    """One of the pair's orders. Raises NotFoundError."""
    order = next((one for one in pair.orders if one.id == order_id), None)
    if order is None:
        raise NotFoundError("no such order")
    return order


def new_place(pair: Pair, order: Order | None, now: datetime) -> Place:
    """Where a new message by a contact reason belongs: a thread of its own."""
    thread = Thread(new_id(), pair.relationship.id, order.id if order else None, now)
    return Place(thread, opened=True, order=order, references=(), found_by=CONTACT_REASON)


def posting_of(
    frame: Frame,
    reason: ContactReason,
    order: Order | None,
    now: datetime,
    *,
    used: int,
    typed: Mapping[str, str] | None = None,
) -> Posting:
    """What the rules may know of a message by a reason; ``typed`` is None as long as nobody has written it."""
    fields = None if typed is None else tuple(typed.items())
    return Posting(reason, order, now, used, fields, frame.limits.posted_text)


def arrival_of(pair: Pair, author: Side, letter: Letter, message_id: UUID, now: datetime) -> Arrival:
    """The letter as if it had come by mail, from the author's alias: what was written here has no other address."""
    alias = pair.relationship.alias_of(author)
    own_id = own_message_id(message_id, pair.marketplace.mail_domain)
    name = pair.buyer.display_name if author is Side.BUYER else pair.seller.business_name
    reading = Reading(letter, 1, (Mailbox(name, Address.parse(alias)),), own_id, (), {}, 0, ())
    recipient = pair.relationship.alias_of(author.other)
    fields = (
        header_lines.mailbox("From", name, alias),
        header_lines.mailbox("To", "", recipient),
        header_lines.unstructured("Subject", letter.subject),
        header_lines.date("Date", now),
        header_lines.identifiers("Message-ID", [own_id]),
    )
    content = writer.mail(fields, letter.text or "", letter.html or "", letter.attachments, writer.fresh_boundary)
    mail = Mail(Envelope(alias, (recipient,)), content, now, Authentication())
    return Arrival(mail, reading, pair, author)


def author_of(pair: Pair, author: Side, author_id: UUID | None = None) -> UUID:
    """The person who writes: the buyer, or whom the door has proved to write for the seller, else their customer service."""
    if author is Side.BUYER:
        return pair.buyer.id
    return author_id or pair.customer_service.person_id


def _written(  # noqa: PLR0913, PLR0917 - the two ways of writing end here
    pair: Pair, outgoing: Outgoing, letter: Letter, place: Place, posting: Posting, words: Words, now: datetime
) -> Written:
    message_id = new_id()
    arrival = arrival_of(pair, outgoing.author, letter, message_id, now)
    return Written(arrival, Settled(author_of(pair, outgoing.author, outgoing.author_id), place, posting), message_id, words)


def _names(pair: Pair, order: Order | None) -> dict[str, str]:
    return {
        "order": order.name if order else "",
        "seller": pair.seller.business_name,
        "buyer": pair.buyer.display_name,
        "marketplace": pair.marketplace.name,
    }


def _subject_of(look: Look, pair: Pair, thread: Thread) -> str:
    """An answer is known by the subject of what it answers."""
    last = find_last_in_thread(look, pair.seller.id, pair.relationship.id, pair.key, thread.id)
    found = find_message(look, last.id) if last else None
    subject = found.subject if found else ""
    return subject if subject.lower().startswith(_ANSWER) else f"Re: {subject}".strip()
