"""What the shop's feed tells: one record a line, which names others by the shop's own ids. A marketplace is the noun itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from postern.model.address import Address
from postern.model.order import Fulfilment, Item, OrderStatus, Shipment
from postern.model.people import Marketplace


class Kind(StrEnum):
    """What a line is about, in the order in which records need each other."""

    MARKETPLACE = "marketplace"
    SELLER = "seller"
    BUYER = "buyer"
    ORDER = "order"


@dataclass(frozen=True, slots=True)
class FeedSeller:
    """A seller as the shop knows it."""

    id: str
    business_name: str
    language: str
    customer_service_address: Address
    registered_senders: tuple[Address, ...]
    average_daily_orders: float | Mapping[str, float] | None  # R21: one number, or one for each marketplace
    bounce_on_opt_out: bool | None  # R13; None where the feed leaves it to the seller


@dataclass(frozen=True, slots=True)
class FeedBuyer:
    """A buyer record of one marketplace (R2)."""

    id: str
    marketplace_id: str
    display_name: str = field(repr=False)
    address: Address
    opted_out: bool | None  # R8; None where the feed leaves it to the buyer


@dataclass(frozen=True, slots=True)
class FeedOrder:
    """An order with the shop's ids of everybody in it."""

    id: str
    marketplace_id: str
    seller: str
    buyer: str
    status: OrderStatus
    fulfilment: Fulfilment
    placed_at: datetime
    shipped_at: datetime | None
    delivered_at: datetime | None
    cancelled_at: datetime | None
    items: tuple[Item, ...]
    shipments: tuple[Shipment, ...]
    refunded_at: datetime | None = None


Record = Marketplace | FeedSeller | FeedBuyer | FeedOrder
