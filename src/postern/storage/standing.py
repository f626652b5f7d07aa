"""The shelf of what a seller may: how much of the day is used, whether the buyer has blocked them, who else sells."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, exists, func, insert, literal, select, update

from postern.model.address import Address
from postern.model.relationship import Relationship
from postern.storage.change import Row, Write
from postern.storage.schema import buyer, daily_use, order, person, seller, seller_address, seller_block, sender_attempt
from postern.storage.store import Look

_USED = (
    select(daily_use.c.used)
    .where(
        daily_use.c.seller_id == bindparam("seller_id"),
        daily_use.c.marketplace_id == bindparam("marketplace_id"),
        daily_use.c.day == bindparam("day"),
    )
    .scalar_subquery()
)
_BLOCKED = exists().where(seller_block.c.buyer_id == bindparam("buyer_id"), seller_block.c.seller_id == bindparam("seller_id"))
_ATTEMPT = (
    select(sender_attempt.c.state)
    .where(sender_attempt.c.seller_id == bindparam("seller_id"), sender_attempt.c.address_mark == bindparam("mark"))
    .scalar_subquery()
)
_STANDING = select(func.coalesce(_USED, literal(0)), _BLOCKED, _ATTEMPT)
_PLACED = select(func.count()).where(
    order.c.seller_id == bindparam("seller_id"),
    order.c.marketplace_id == bindparam("marketplace_id"),
    order.c.placed_at >= bindparam("since"),
    order.c.placed_at < bindparam("until"),
)
_SELLERS_WITH = (
    select(seller_address.c.seller_id)
    .join(person, person.c.id == seller_address.c.person_id)
    .where(person.c.address_mark == bindparam("mark"))
    .distinct()
)
_BLOCKS_OF = (
    select(seller.c.name)
    .join(seller_block, seller_block.c.seller_id == seller.c.id)
    .where(seller_block.c.buyer_id == bindparam("buyer_id"))
    .order_by(seller.c.name)
)


@dataclass(frozen=True, slots=True)
class Standing:
    """``used`` counts the messages of the day (R21); ``blocked`` is the buyer's opt-out for this seller; ``attempt``
    is the state of the author's address, if it is listed among attempts (R20), else empty.
    """

    used: int
    blocked: bool
    attempt: str


def find_standing(look: Look, pair: Relationship, day: str, author: Address | None) -> Standing:
    """How a pair's seller stands with its buyer and with the day of the marketplace, and how the author does with the seller."""
    keys = {"seller_id": pair.seller_id, "marketplace_id": pair.marketplace_id, "buyer_id": pair.buyer_id, "day": day}
    mark = look.vault.mark_address(author) if author else b""
    row = look.connection.execute(_STANDING, keys | {"mark": mark}).one()
    return Standing(row[0], bool(row[1]), row[2] or "")


def find_used(look: Look, seller_id: int, marketplace_id: str, day: str) -> int:
    """The messages of one day (R21)."""
    keys = {"seller_id": seller_id, "marketplace_id": marketplace_id, "day": day}
    return int(look.connection.execute(select(func.coalesce(_USED, literal(0))), keys).scalar_one())


def count_orders(look: Look, seller_id: int, marketplace_id: str, since: datetime, until: datetime) -> int:
    """The orders placed with a seller in one marketplace, from ``since`` until just before ``until``."""
    keys = {"seller_id": seller_id, "marketplace_id": marketplace_id, "since": since, "until": until}
    return look.connection.execute(_PLACED, keys).scalar_one()


def find_sellers_with(look: Look, address: Address) -> tuple[int, ...]:
    """The sellers of whom this is an address, in any role (R26)."""
    return tuple(look.connection.execute(_SELLERS_WITH, {"mark": look.vault.mark_address(address)}).scalars())


def list_blocked_sellers(look: Look, buyer_id: UUID) -> tuple[str, ...]:
    """The sellers that this buyer has blocked, by the operator's ids."""
    return tuple(look.connection.execute(_BLOCKS_OF, {"buyer_id": buyer_id}).scalars())


def set_opt_out(connection: Connection, buyer_id: UUID, *, opted_out: bool) -> bool:
    """Write the buyer's choice for all sellers. Answers whether it is a new one."""
    statement = (
        update(buyer)
        .where(buyer.c.person_id == buyer_id, buyer.c.opted_out.is_not(opted_out))
        .values(opted_out=opted_out, opt_out_version=buyer.c.opt_out_version + 1)
    )
    return connection.execute(statement).rowcount > 0


def set_block(connection: Connection, buyer_id: UUID, seller_id: int, *, blocked: bool, now: datetime) -> bool:
    """Write the buyer's choice for one seller. Answers whether it is a new one."""
    is_this = (seller_block.c.buyer_id == buyer_id, seller_block.c.seller_id == seller_id)
    known = connection.execute(select(seller_block.c.made_at).where(*is_this)).first() is not None
    if known == blocked:
        return False
    if blocked:
        connection.execute(insert(seller_block), {"buyer_id": buyer_id, "seller_id": seller_id, "made_at": now})
    else:
        connection.execute(delete(seller_block).where(*is_this))
    version = update(buyer).where(buyer.c.person_id == buyer_id).values(opt_out_version=buyer.c.opt_out_version + 1)
    connection.execute(version)
    return True


def set_bounce_on_opt_out(connection: Connection, seller_id: int, *, bounce: bool) -> bool:
    """R13: whether bounces of the opt-out are mailed. Answers whether that is new."""
    statement = update(seller).where(seller.c.id == seller_id, seller.c.bounce_on_opt_out.is_not(bounce))
    return connection.execute(statement.values(bounce_on_opt_out=bounce)).rowcount > 0


def use_row(seller_id: int, marketplace_id: str, day: str) -> Row:
    """The row that counts one message."""
    return Row(Write.COUNT_USE, {"seller_id": seller_id, "marketplace_id": marketplace_id, "day": day})
