"""The shelf of orders."""

import json
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, bindparam, select

from postern.model.order import Fulfilment, Item, Order, OrderStatus, Shipment
from postern.storage.schema import marketplace, order
from postern.storage.store import Look

ORDERS_LOOKED_AT = 200  # of one pair, the latest: what a mail can name

_OF_PAIR = (
    select(order)
    .where(order.c.seller_id == bindparam("seller_id"), order.c.buyer_id == bindparam("buyer_id"))
    .order_by(order.c.placed_at.desc(), order.c.id.desc())
    .limit(ORDERS_LOOKED_AT)
)
_NAMED_ANYWHERE = select(order).where(order.c.marketplace_id.in_(select(marketplace.c.id)), order.c.name == bindparam("name"))
_BY_ID = select(order).where(order.c.seller_id == bindparam("seller_id"), order.c.id == bindparam("order_id"))
_BY_NAME = select(order).where(
    order.c.marketplace_id == bindparam("marketplace_id"),
    order.c.name == bindparam("name"),
    order.c.seller_id == bindparam("seller_id"),
)


def find_orders_of_pair(look: Look, seller_id: int, buyer_id: UUID) -> tuple[Order, ...]:
    """The pair's latest orders, newest first."""
    rows = look.connection.execute(_OF_PAIR, {"seller_id": seller_id, "buyer_id": buyer_id}).mappings()
    return tuple(read_order(row) for row in rows)


def find_order(look: Look, seller_id: int, order_id: UUID) -> Order | None:
    """One order of this seller."""
    row = look.connection.execute(_BY_ID, {"seller_id": seller_id, "order_id": order_id}).mappings().first()
    return read_order(row) if row else None


def find_order_named(look: Look, seller_id: int, marketplace_id: str, name: str) -> Order | None:
    """One order of this seller by the shop's id; another seller's is none."""
    keys = {"seller_id": seller_id, "marketplace_id": marketplace_id, "name": name}
    row = look.connection.execute(_BY_NAME, keys).mappings().first()
    return read_order(row) if row else None


def spell_items(items: Iterable[Item]) -> str:
    """The column's JSON."""
    return json.dumps([_columns(item) for item in items], ensure_ascii=False, separators=(",", ":"))


def spell_shipments(shipments: Iterable[Shipment]) -> str:
    """The column's JSON."""
    rows = [_columns(one) | {"shipped_at": one.shipped_at.isoformat() if one.shipped_at else None} for one in shipments]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def find_orders_named(look: Look, name: str) -> tuple[Order, ...]:
    """The orders with this id of the shop's, one at most in each marketplace."""
    return tuple(read_order(row) for row in look.connection.execute(_NAMED_ANYWHERE, {"name": name}).mappings())


def _columns(one: Item | Shipment) -> dict[str, object]:
    return {field.name: getattr(one, field.name) for field in fields(one)}


def read_order(row: RowMapping) -> Order:
    """The order that a whole row holds."""
    columns = dict(row)
    columns["status"] = OrderStatus(row["status"])
    columns["fulfilment"] = Fulfilment(row["fulfilment"])
    columns["items"] = tuple(Item(**item) for item in json.loads(row["items"]))
    columns["shipments"] = tuple(_shipment(one) for one in json.loads(row["shipments"]))
    return Order(**columns)


def _shipment(columns: dict[str, str | None]) -> Shipment:
    shipped_at = columns["shipped_at"]
    moment = datetime.fromisoformat(shipped_at) if shipped_at else None
    return Shipment(columns["carrier"] or "", columns["tracking_number"] or "", moment)
