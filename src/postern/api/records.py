"""Shapes of the records that a shop sends, for the OpenAPI document alone: what is right is decided by the import.

A test holds each of them to what the import knows.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from postern.actions.importing.values import ID_MAXIMUM, NAME_MAXIMUM, NUMBER_MAXIMUM, TEXT_MAXIMUM, URL_MAXIMUM
from postern.api.call import Shape

_Id = Annotated[str, Field(min_length=1, max_length=ID_MAXIMUM)]
_Name = Annotated[str, Field(min_length=1, max_length=NAME_MAXIMUM)]
_Title = Annotated[str, Field(min_length=1, max_length=TEXT_MAXIMUM)]
_Label = Annotated[str, Field(max_length=TEXT_MAXIMUM)]
_Url = Annotated[str, Field(max_length=URL_MAXIMUM)]
_Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")]
_Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
_Number = Annotated[float, Field(ge=0, le=NUMBER_MAXIMUM)]
_Treatment = Literal["pass", "mask", "warn", "hold", "refuse"]


class TreatmentsRecord(Shape):
    """What becomes of contact details of each kind, in one direction."""

    address: _Treatment | None = None
    phone: _Treatment | None = None
    messenger: _Treatment | None = None
    link: _Treatment | None = None


class ContactDetailsRecord(Shape):
    """What becomes of contact details that people type."""

    buyer_to_seller: TreatmentsRecord | None = None
    seller_to_buyer: TreatmentsRecord | None = None
    telling: Literal["pass", "mask"] | None = None
    allowed_hosts: list[str] | None = None


class MarketplaceRecord(Shape):
    """A marketplace, without its id."""

    name: _Name
    mail_domain: str
    language: _Language
    time_zone: str
    cancel_order_url: _Url | None = None
    report_infringement_url: _Url | None = None
    contact_details: ContactDetailsRecord | None = None
    order_notices: list[Literal["shipped", "delivered", "refunded"]] | None = None


class SellerRecord(Shape):
    """A seller, without its id."""

    business_name: _Name
    language: _Language
    customer_service_address: str
    registered_senders: list[str] | None = None
    average_daily_orders: _Number | Mapping[str, _Number] | None = None
    bounce_on_opt_out: bool | None = None


class BuyerRecord(Shape):
    """A buyer, without marketplace and id."""

    name: _Name
    address: str
    opted_out: bool | None = None


class ItemRecord(Shape):
    """One line of an order."""

    sku: _Title
    title: _Title
    category: _Label | None = None
    quantity: Annotated[int, Field(ge=1, le=NUMBER_MAXIMUM)] | None = None
    customised: bool | None = None
    service: bool | None = None
    digital: bool | None = None
    scheduled_delivery: bool | None = None


class ShipmentRecord(Shape):
    """One parcel."""

    carrier: _Label | None = None
    tracking_number: _Label | None = None
    shipped_at: _Moment | None = None


class OrderRecord(Shape):
    """An order, without marketplace and id."""

    seller: _Id
    buyer: _Id
    status: Literal["pending", "unshipped", "partially_shipped", "shipped", "delivered", "cancelled", "returned"]
    fulfilment: Literal["seller", "marketplace"]
    placed_at: _Moment
    shipped_at: _Moment | None = None
    delivered_at: _Moment | None = None
    cancelled_at: _Moment | None = None
    refunded_at: _Moment | None = None
    items: list[ItemRecord] | None = None
    shipments: list[ShipmentRecord] | None = None
