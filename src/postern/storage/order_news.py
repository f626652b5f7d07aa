"""The shelf of what happened to orders: written with the order, told once, and then remembered as told."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, exists, literal, select, text, update

from postern.model.order import OrderStatus, Shipment
from postern.model.order_news import NewsKind
from postern.storage.columns import Id
from postern.storage.schema import order_news
from postern.storage.store import Look
from postern.storage.vault import Vault

_ON_ITS_WAY = (OrderStatus.PARTIALLY_SHIPPED, OrderStatus.SHIPPED, OrderStatus.DELIVERED)
_NOTE = text(
    "INSERT INTO order_news (seller_id, order_id, kind, parcel) VALUES (:seller_id, :order_id, :kind, :parcel)"
    " ON CONFLICT (seller_id, order_id, kind, parcel) DO NOTHING"
).bindparams(bindparam("order_id", type_=Id))
_WAITING = (
    select(order_news.c.seller_id, order_news.c.order_id)
    .where(order_news.c.told_at.is_(None))
    .distinct()
    .order_by(order_news.c.seller_id, order_news.c.order_id)
    .limit(bindparam("most"))
)
_SOME_WAIT = select(literal(1)).where(exists().where(order_news.c.told_at.is_(None)))


def note_news(connection: Connection, vault: Vault, orders: Iterable[Mapping[str, Any]]) -> None:
    """Write down what these rows of orders say has happened; what was written before stays as it is."""
    rows = [
        {"seller_id": one["seller_id"], "order_id": one["id"], "kind": kind, "parcel": parcel}
        for one in orders
        for kind, parcel in _happened(vault, one)
    ]
    if rows:
        connection.execute(_NOTE, rows)


def is_news_waiting(look: Look) -> bool:
    """Whether anybody is to be told of an order."""
    return look.connection.execute(_SOME_WAIT).first() is not None


def list_orders_with_news(look: Look, most: int) -> list[tuple[int, UUID]]:
    """The orders, by their sellers, of which something is not told yet."""
    return [(int(row[0]), row[1]) for row in look.connection.execute(_WAITING, {"most": most})]


def take_news(connection: Connection, seller_id: int, order_id: UUID, now: datetime) -> set[tuple[NewsKind, str]]:
    """What is to be told of this order, remembered as told: whoever takes it tells it, in the same transaction."""
    taken = (
        update(order_news)
        .where(order_news.c.seller_id == seller_id, order_news.c.order_id == order_id, order_news.c.told_at.is_(None))
        .values(told_at=now)
        .returning(order_news.c.kind, order_news.c.parcel)
    )
    return {(NewsKind(row[0]), str(row[1])) for row in connection.execute(taken)}


def mark_parcel(vault: Vault, shipment: Shipment) -> str:
    """By which a parcel is known again; the number itself stands in the order alone."""
    return vault.mark("parcel", shipment.tracking_number.encode()).hex() if shipment.tracking_number else ""


def _happened(vault: Vault, one: Mapping[str, Any]) -> Iterator[tuple[NewsKind, str]]:
    if one["refunded_at"]:
        yield NewsKind.REFUNDED, ""
    if one["status"] == OrderStatus.CANCELLED:
        return
    if one["status"] in _ON_ITS_WAY or one["shipped_at"]:
        parcels = {mark_parcel(vault, Shipment("", part["tracking_number"], None)) for part in json.loads(one["shipments"])}
        yield from ((NewsKind.SHIPPED, parcel) for parcel in sorted(parcels or {""}))
    if one["delivered_at"] or one["status"] == OrderStatus.DELIVERED:
        yield NewsKind.DELIVERED, ""
