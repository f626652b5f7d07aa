"""The shelf of what is kept about one buyer, in the order in which it is told to them: their pairs, orders and messages, and
which of these they reported. Everything is read through their own pairs, so nothing of anybody else's is ever in reach.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select

from postern.model.order import Order
from postern.model.relationship import Relationship, Side
from postern.model.thread import Message
from postern.storage.legal_holds import pairs_of
from postern.storage.orders import read_order
from postern.storage.relationships import find_relationship, find_relationship_key
from postern.storage.remarks import open_report
from postern.storage.schema import message, order, relationship, report, thread
from postern.storage.store import Look
from postern.storage.threads import find_message

_MESSAGES_AT_ONCE = 100
_ORDERS = select(order).where(order.c.buyer_id == bindparam("buyer_id")).order_by(order.c.placed_at, order.c.id)
_TIMES = select(relationship.c.opened_at, relationship.c.ended_at).where(
    relationship.c.seller_id == bindparam("seller_id"), relationship.c.id == bindparam("relationship_id")
)
_THREADS = select(thread.c.id).where(
    thread.c.seller_id == bindparam("seller_id"), thread.c.relationship_id == bindparam("relationship_id")
)
_MESSAGES = (
    select(message.c.id)
    .where(message.c.seller_id == bindparam("seller_id"), message.c.thread_id.in_(_THREADS))
    .order_by(message.c.id)
    .limit(_MESSAGES_AT_ONCE)
)
_REPORT = select(report.c.reason, report.c.sealed_text).where(
    report.c.seller_id == bindparam("seller_id"),
    report.c.message_id == bindparam("message_id"),
    report.c.side == bindparam("side"),
)


@dataclass(frozen=True, slots=True)
class OwnPair:
    """One pair of the buyer's, and since when and until when it was."""

    relationship: Relationship
    opened_at: datetime
    ended_at: datetime | None


def list_own_pairs(look: Look, buyer_id: UUID) -> list[OwnPair]:
    """The buyer's pairs."""
    found = []
    for seller_id, pair_id in pairs_of(look.connection, [buyer_id]):
        opened = find_relationship(look, seller_id, pair_id)
        times = look.connection.execute(_TIMES, {"seller_id": seller_id, "relationship_id": pair_id}).one()
        if opened:
            found.append(OwnPair(opened[0], times[0], times[1]))
    return found


def list_own_orders(look: Look, buyer_id: UUID) -> list[Order]:
    """The buyer's orders, the oldest first."""
    return [read_order(row) for row in look.connection.execute(_ORDERS, {"buyer_id": buyer_id}).mappings()]


def find_own_messages(look: Look, pair: Relationship, after: UUID | None) -> list[Message]:
    """A page of the pair's messages behind this one, opened; empty at the end."""
    page = _MESSAGES.where(message.c.id > after) if after else _MESSAGES
    ids = look.connection.execute(page, {"seller_id": pair.seller_id, "relationship_id": pair.id}).scalars().all()
    return [one for message_id in ids if (one := find_message(look, message_id))]


def find_own_report(look: Look, one: Message) -> tuple[str, str] | None:
    """The reason and the words with which the buyer reported this message, if they did."""
    names = {"seller_id": one.seller_id, "message_id": one.id, "side": Side.BUYER}
    row = look.connection.execute(_REPORT, names).first()
    if row is None:
        return None
    return row[0], open_report(find_relationship_key(look, one.seller_id, one.relationship_id), one, Side.BUYER, row[1])
