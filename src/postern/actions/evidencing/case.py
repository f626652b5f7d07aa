"""What a pack tells: everything between one buyer and one seller up to one checkpoint, in sealed order.

Parties are shown by business name and alias. A real address stands only in mails as they came, which the level FULL alone has.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from postern.actions.explain import tell_entry
from postern.actions.frame import Frame
from postern.errors import DamagedError, NotFoundError
from postern.mail.letter import Attachment
from postern.mail.reader import read
from postern.model.evidence import Level
from postern.model.identifier import show
from postern.model.journal import Entry
from postern.model.order import Order
from postern.model.relationship import Relationship, Side
from postern.model.thread import Message
from postern.storage.documents import find_salted
from postern.storage.evidence import Link
from postern.storage.people import find_marketplace, find_seller
from postern.storage.store import Look
from postern.storage.threads import find_message

SALT_LENGTH = 16  # of a mail's commitment


@dataclass(frozen=True, slots=True)
class KeptMail:
    """One mail with the salt of its commitment; ``held_as`` names the field of its entry that commits to it."""

    name: str
    message: UUID
    held_as: str
    salt: bytes = field(repr=False)
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One message: what became of it, and what may be shown of it."""

    message: Message
    events: tuple[str, ...]
    mails: tuple[KeptMail, ...] = ()
    attachments: tuple[tuple[str, Attachment], ...] = ()
    is_shown: bool = False  # its subject and text


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that is told."""

    order: Order
    pair: Relationship
    marketplace: str
    seller: str
    level: Level
    exhibits: tuple[Exhibit, ...]
    others: tuple[str, ...]  # what happened beside the messages, in words
    language: str


def gather_case(look: Look, frame: Frame, order: Order, pair: Relationship, links: Iterable[Link], level: Level) -> Case:
    """Read what the chain tells of, and what is kept of it still."""
    by_message: dict[UUID, list[Entry]] = {}
    others: list[str] = []
    for link in links:
        if link.entry.message_id is None:
            others += tell_entry(link.entry)
        else:
            by_message.setdefault(link.entry.message_id, []).append(link.entry)
    exhibits = [one for message_id, entries in by_message.items() if (one := _exhibit(look, frame, message_id, entries, level))]
    marketplace = find_marketplace(look, pair.marketplace_id)
    return Case(
        order=order,
        pair=pair,
        marketplace=marketplace.name,
        seller=find_seller(look, pair.seller_id).business_name,
        level=level,
        exhibits=tuple(exhibits),
        others=tuple(others),
        language=marketplace.language,
    )


def _exhibit(look: Look, frame: Frame, message_id: UUID, entries: list[Entry], level: Level) -> Exhibit | None:
    message = find_message(look, message_id)
    if message is None:
        return None
    events = tuple(line for entry in entries for line in tell_entry(entry))
    mails = tuple(_mails(look, message, entries, level))
    sent = next((one for one in mails if one.held_as == "relayed"), None)
    attachments = tuple(_attachments(frame, message, sent)) if sent else ()
    is_shown = level is Level.FULL or sent is not None
    return Exhibit(message, events, mails, attachments, is_shown)


def _mails(look: Look, message: Message, entries: list[Entry], level: Level) -> Iterator[KeptMail]:
    """The mails that may be shown and are still there, each held by an entry of this chain."""
    kept = {"relayed": message.relayed_id, "original": message.original_id if level is Level.FULL else None}
    for name, document_id in kept.items():
        if level is Level.OUTLINE or document_id is None or not _is_committed(entries, name):
            continue
        try:
            salted = find_salted(look, message.seller_id, document_id)
        except (NotFoundError, DamagedError):
            continue  # it was kept long enough, or forgotten: the entry says that it was
        file = f"mails/{show('msg', message.id)}.{'sent' if name == 'relayed' else 'original'}.eml"
        yield KeptMail(file, message.id, name, salted[:SALT_LENGTH], salted[SALT_LENGTH:])


def _is_committed(entries: Iterable[Entry], name: str) -> bool:
    return any(one.name == name and not one.withheld and json.loads(one.value) for entry in entries for one in entry.fields)


def _attachments(frame: Frame, message: Message, sent: KeptMail) -> Iterator[tuple[str, Attachment]]:
    for number, file in enumerate(read(sent.content, frame.limits).letter.attachments, start=1):
        yield f"attachments/{show('msg', message.id)}/{number:02}-{_plain(file.file_name)}", file


def _plain(name: str) -> str:
    """As a name in an archive that every system can unpack; the name itself stands in messages.json."""
    safe = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "_" for letter in name)
    return safe.lstrip(".")[-80:] or "file"


def facts_of(case: Case) -> list[str]:
    """What can be computed from the times alone, in words."""
    people = [one.message for one in case.exhibits if not one.message.automatic]
    written = {side: [one for one in people if one.author is side] for side in Side}
    facts = [f"The buyer wrote {len(written[Side.BUYER])} messages, the seller {len(written[Side.SELLER])}."]
    if not written[Side.BUYER]:
        return facts
    first = min(written[Side.BUYER], key=lambda one: one.received_at)
    answers = [one.received_at for one in written[Side.SELLER] if one.received_at > first.received_at]
    if answers:
        facts.append(f"The first answer to the buyer's first message came after {_span(min(answers) - first.received_at)}.")
    else:
        facts.append("The seller wrote nothing after the buyer's first message.")
    last = max((one.received_at for one in written[Side.SELLER]), default=None)
    open_ones = [one for one in written[Side.BUYER] if last is None or one.received_at > last]
    if open_ones:
        facts.append(f"After the seller's last message the buyer wrote {len(open_ones)} more.")
    return facts


def _span(span: timedelta) -> str:
    hours, minutes = divmod(span // timedelta(minutes=1), 60)
    return f"{hours} h {minutes:02} min"


def spell_case(case: Case, checkpoint: int) -> dict[str, object]:
    """The case for programs: messages.json, and what the pages are set from."""
    order: Mapping[str, object] = {
        "id": case.order.name,
        "status": case.order.status,
        "placed_at": case.order.placed_at.isoformat(),
        "shipped_at": case.order.shipped_at.isoformat() if case.order.shipped_at else None,
        "delivered_at": case.order.delivered_at.isoformat() if case.order.delivered_at else None,
        "cancelled_at": case.order.cancelled_at.isoformat() if case.order.cancelled_at else None,
        "items": [{"sku": one.sku, "title": one.title, "quantity": one.quantity} for one in case.order.items],
    }
    return {
        "marketplace": case.marketplace,
        "seller": case.seller,
        "buyer_alias": case.pair.buyer_alias,
        "seller_alias": case.pair.seller_alias,
        "level": case.level,
        "checkpoint": checkpoint,
        "order": order,
        "facts": facts_of(case),
        "beside": list(case.others),
        "messages": [_spell_exhibit(one) for one in case.exhibits],
    }


def _spell_exhibit(one: Exhibit) -> dict[str, object]:
    message = one.message
    return {
        "message": show("msg", message.id),
        "thread": show("thr", message.thread_id),
        "from": message.author,
        "received_at": message.received_at.isoformat(),
        "by_a_robot": bool(message.automatic),
        "size": message.size,
        "subject": message.subject if one.is_shown else None,
        "text": message.text if one.is_shown else None,
        "events": list(one.events),
        "mails": [mail.name for mail in one.mails],
        "attachments": [
            {"file": name, "name": file.file_name, "type": file.media_type, "size": len(file.content)}
            for name, file in one.attachments
        ],
    }
