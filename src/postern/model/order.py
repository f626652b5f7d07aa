"""An order: one buyer, one seller, one marketplace."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class OrderStatus(StrEnum):
    """Where an order stands."""

    PENDING = "pending"
    UNSHIPPED = "unshipped"
    PARTIALLY_SHIPPED = "partially_shipped"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    RETURNED = "returned"


class Fulfilment(StrEnum):
    """Who ships."""

    SELLER = "seller"
    MARKETPLACE = "marketplace"


@dataclass(frozen=True, slots=True)
class Item:
    """One line of an order."""

    sku: str
    title: str
    category: str
    quantity: int
    customised: bool
    service: bool
    digital: bool
    scheduled_delivery: bool


@dataclass(frozen=True, slots=True)
class Shipment:
    """One parcel."""

    carrier: str
    tracking_number: str
    shipped_at: datetime | None


@dataclass(frozen=True, slots=True)
class Order:
    """An order as the shop's feed told it last. ``name`` is the shop's order id."""

    id: UUID
    name: str
    marketplace_id: str
    seller_id: int
    buyer_id: UUID
    status: OrderStatus
    fulfilment: Fulfilment
    placed_at: datetime
    shipped_at: datetime | None
    delivered_at: datetime | None
    cancelled_at: datetime | None
    items: tuple[Item, ...] = ()
    shipments: tuple[Shipment, ...] = ()
