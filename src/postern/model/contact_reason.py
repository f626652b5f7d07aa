"""A contact reason: why a buyer or a seller writes, when that may be, and what the marketplace says for them (R5 to R7, R10).

Reasons are data: the catalogue reads one from each file. Whether one is offered for an order is decided in ``policy``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from postern.model.order import TAKEN_FOR_DELIVERED_AFTER, Fulfilment, Item, Order, OrderStatus
from postern.model.relationship import Side


class Phase(StrEnum):
    """What an order is at a moment (R7). A cancelled one is neither open nor complete."""

    OPEN = "open"
    COMPLETE = "complete"
    CANCELLED = "cancelled"


class ItemKind(StrEnum):
    """A kind of item that a reason needs the order to have."""

    CUSTOMISED = "customised"
    SERVICE = "service"
    DIGITAL = "digital"
    SCHEDULED = "scheduled"  # delivered by appointment
    GOODS = "goods"  # what a carrier brings: neither service nor digital


class Moment(StrEnum):
    """A moment of an order from which days are counted."""

    PLACED = "placed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"  # or taken for delivered, where no delivery is reported (R7)
    CANCELLED = "cancelled"


class FieldKind(StrEnum):
    """What may be typed into a field."""

    TEXT = "text"  # several lines
    LINE = "line"
    DATE = "date"  # 2026-11-24
    AMOUNT = "amount"  # 12.50 EUR


@dataclass(frozen=True, slots=True)
class ReasonField:
    """What the author types; it stays as typed (R6). ``maximum`` is in characters."""

    name: str
    label: str
    kind: FieldKind = FieldKind.TEXT
    required: bool = True
    maximum: int = 2_000


@dataclass(frozen=True, slots=True)
class Files:
    """How many attachments a message of this reason needs, and may have."""

    at_least: int = 0
    at_most: int = 5


@dataclass(frozen=True, slots=True)
class Days:
    """Full days since a moment of the order. ``at_least`` waits for it; without that, a moment still to come is early enough."""

    since: Moment
    at_least: int | None = None
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """When a reason is offered. What is empty asks for nothing."""

    order_needed: bool = True
    phases: frozenset[Phase] = frozenset()
    statuses: frozenset[OrderStatus] = frozenset()
    fulfilments: frozenset[Fulfilment] = frozenset((Fulfilment.SELLER,))
    items: frozenset[ItemKind] = frozenset()  # one of these is enough
    categories: frozenset[str] = frozenset()  # an item of one of these is enough
    not_categories: frozenset[str] = frozenset()  # an item of none of these is enough
    days: Days | None = None
    per_order: int | None = None


@dataclass(frozen=True, slots=True)
class Wording:
    """What people read of a reason, in one language. A paragraph of ``text`` with a variable that is left empty is left out."""

    title: str
    use_when: str
    text: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ContactReason:
    """One reason. ``wording`` is in English, a sentence of the language catalogues each; ``own_wordings`` are an operator's own,
    by language, and win.
    """

    code: str
    author: Side
    wording: Wording
    critical: bool = False  # R10
    offer: Offer = field(default_factory=Offer)
    fields: tuple[ReasonField, ...] = ()
    files: Files = field(default_factory=Files)
    rank: int = 1_000  # the smaller, the earlier it is listed
    own_wordings: Mapping[str, Wording] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ContactReasons:
    """All reasons that this installation has, in the order in which people see them."""

    all: tuple[ContactReason, ...] = ()

    def find(self, code: str) -> ContactReason | None:
        return next((one for one in self.all if one.code == code), None)

    def of(self, author: Side) -> tuple[ContactReason, ...]:
        """Those by which this side writes."""
        return tuple(one for one in self.all if one.author is author)


def phase_of(order: Order, now: datetime) -> Phase:
    """R7."""
    if order.is_cancelled:
        return Phase.CANCELLED
    return Phase.COMPLETE if order.is_complete(now) else Phase.OPEN


def is_of_kind(item: Item, kind: ItemKind) -> bool:
    """Whether an item is of this kind; it may be of several."""
    match kind:
        case ItemKind.CUSTOMISED:
            return item.customised
        case ItemKind.SERVICE:
            return item.service
        case ItemKind.DIGITAL:
            return item.digital
        case ItemKind.SCHEDULED:
            return item.scheduled_delivery
        case ItemKind.GOODS:
            return not (item.service or item.digital)


def moment_of(order: Order, moment: Moment, now: datetime) -> datetime | None:
    """When it was; None where it was not yet, or nobody knows."""
    match moment:
        case Moment.PLACED:
            return order.placed_at
        case Moment.SHIPPED:
            return order.shipped_at
        case Moment.CANCELLED:
            return order.cancelled_at
        case Moment.DELIVERED:
            return order.delivered_at or _taken_for_delivered_at(order, now)


def full_days(since: datetime, now: datetime) -> int:
    return (now - since) // timedelta(days=1)


def _taken_for_delivered_at(order: Order, now: datetime) -> datetime | None:
    if order.shipped_at is None or not order.is_complete(now):
        return None
    return min(order.shipped_at + TAKEN_FOR_DELIVERED_AFTER, now)
