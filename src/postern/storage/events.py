"""The shelf of what happened, in the order of the seals: how a listener that was away misses nothing.

An entry that was committed late is sealed late, and so comes later; a position that was passed is never filled afterwards.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, and_, bindparam, or_, select

from postern.model.journal import Value
from postern.model.relationship import Side
from postern.storage.journal import read_fields
from postern.storage.ledger import MESSAGE_KINDS
from postern.storage.schema import journal, message, seal
from postern.storage.store import Look

_ENTRIES = (
    select(seal.c.position, journal, message.c.author, message.c.thread_id)
    .join(journal, (journal.c.seller_id == seal.c.seller_id) & (journal.c.id == seal.c.entry_id))
    .outerjoin(message, (message.c.seller_id == journal.c.seller_id) & (message.c.id == journal.c.message_id))
    .where(seal.c.position > bindparam("after"))
    .order_by(seal.c.position)
    .limit(bindparam("count"))
)
_OF_SELLER = _ENTRIES.where(seal.c.seller_id == bindparam("seller_id"))
_PLACED = (
    select(seal.c.position, message.c.id)
    .select_from(message)
    .join(journal, (journal.c.message_id == message.c.id) & (journal.c.seller_id == message.c.seller_id))
    .join(seal, (seal.c.seller_id == journal.c.seller_id) & (seal.c.entry_id == journal.c.id))
    .where(
        message.c.seller_id == bindparam("seller_id"),
        message.c.thread_id == bindparam("thread_id"),
        or_(
            and_(message.c.author == Side.SELLER, journal.c.kind.in_(MESSAGE_KINDS)),
            and_(message.c.author == Side.BUYER, journal.c.kind.in_(("mail-accepted", "mail-absorbed", "hold-released"))),
        ),
        seal.c.position > bindparam("after"),
    )
    .order_by(seal.c.position)
    .limit(bindparam("count"))
)


@dataclass(frozen=True, slots=True)
class Happened:
    """An entry at its place, without the values that were withheld. ``message_id`` and ``thread_id`` are there where it is about
    a message, and ``author`` where it is, or would have been, about one.
    """

    position: int
    id: UUID
    seller_id: int
    message_id: UUID | None
    thread_id: UUID | None
    author: Side | None
    kind: str
    happened_at: datetime
    values: dict[str, Value]


def list_happened(look: Look, seller_id: int | None, after: int, count: int) -> list[Happened]:
    """What happened after this position, in order: at one seller's, or everywhere."""
    asked = {"after": after, "count": count}
    if seller_id is None:
        rows = look.connection.execute(_ENTRIES, asked)
    else:
        rows = look.connection.execute(_OF_SELLER, asked | {"seller_id": seller_id})
    return [_happened(row) for row in rows.mappings()]


def list_messages_after(look: Look, seller_id: int, thread_id: UUID, after: int, count: int) -> list[tuple[int, UUID]]:
    """The messages of a thread that its seller could see after this position, in the order in which they could: one that was held
    stands where it was released.
    """
    asked = {"seller_id": seller_id, "thread_id": thread_id, "after": after, "count": count}
    return [(row[0], row[1]) for row in look.connection.execute(_PLACED, asked)]


def _happened(row: RowMapping) -> Happened:
    values = {one.name: json.loads(one.value) for one in read_fields(row["fields"]) if not one.withheld}
    author = row["author"] or values.get("author")
    return Happened(
        position=row["position"],
        id=row["id"],
        seller_id=row["seller_id"],
        message_id=row["message_id"] if row["thread_id"] else None,
        thread_id=row["thread_id"],
        author=Side(author) if author in set(Side) else None,
        kind=row["kind"],
        happened_at=row["happened_at"],
        values=values,
    )
