"""The marketplace, and the people in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from postern.model.address import Address
from postern.model.contact_policy import ContactPolicy
from postern.model.order_news import NewsKind


@dataclass(frozen=True, slots=True)
class Marketplace:
    """One country's shop: its domain, language and day hold for its buyers."""

    id: str
    name: str
    mail_domain: str
    language: str
    time_zone: str
    cancel_order_url: str = ""
    report_infringement_url: str = ""
    contact_policy: ContactPolicy = field(default_factory=ContactPolicy)
    order_notices: tuple[NewsKind, ...] = ()  # R30: what buyers are told of their orders beside that they were shipped


@dataclass(frozen=True, slots=True)
class Seller:
    """A seller's account. ``id`` is the store's number, ``name`` the operator's id for it."""

    id: int
    name: str
    business_name: str
    language: str
    bounce_on_opt_out: bool  # R13
    average_daily_orders: float | Mapping[str, float] | None = None  # R21: one number, or one for each marketplace


@dataclass(frozen=True, slots=True)
class Buyer:
    """A buyer record of one marketplace (R2). Another marketplace's record is another buyer."""

    id: UUID
    marketplace_id: str
    display_name: str = field(repr=False)
    address: Address
    opted_out: bool  # R8
    opt_out_version: int = 0  # grows with every change of an opt-out, for one seller or for all


class AddressRole(StrEnum):
    """What an address is to a seller."""

    CUSTOMER_SERVICE = "customer_service"  # R14: buyers' mail goes here
    REGISTERED_SENDER = "registered_sender"  # R20: mail to buyers may come from here, says the shop's feed
    APPROVED_SENDER = "approved_sender"  # R20: the same, approved in Messaging permissions; no feed takes it away


@dataclass(frozen=True, slots=True)
class SellerAddress:
    """One address of a seller in one role; an address with both roles is there twice, with one person."""

    person_id: UUID
    role: AddressRole
    address: Address
