"""An order: one buyer, one seller, one marketplace."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

TAKEN_FOR_DELIVERED_AFTER = timedelta(days=14)  # R7: after shipment, where no delivery is reported


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
    refunded_at: datetime | None = None

    @property
    def is_cancelled(self) -> bool:
        """A cancelled order is neither open nor complete (R7)."""
        return self.status is OrderStatus.CANCELLED

    def is_complete(self, now: datetime) -> bool:
        """R7: delivered or returned, or shipped so long ago that it must have arrived."""
        if self.status in (OrderStatus.DELIVERED, OrderStatus.RETURNED):
            return True
        arrived = self.shipped_at is not None and now - self.shipped_at >= TAKEN_FOR_DELIVERED_AFTER
        return self.status is OrderStatus.SHIPPED and arrived

    @property
    def has_customised_item(self) -> bool:
        """Made for this buyer, so the seller may have to ask (R10)."""
        return any(item.customised for item in self.items)
