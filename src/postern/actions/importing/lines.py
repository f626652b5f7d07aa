"""One line of the feed: JSON that must have the shape of its kind. It looks nothing up, and no bytes make it raise anything but
what is wrong with them.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Never

from postern.actions.importing.names import find_fault_in_name
from postern.actions.importing.values import (
    NAME_MAXIMUM,
    TEXT_MAXIMUM,
    Fields,
    WrongValueError,
    read_address,
    read_average,
    read_choice,
    read_contact_policy,
    read_count,
    read_flag,
    read_identifier,
    read_language,
    read_line_of_text,
    read_list,
    read_mail_domain,
    read_moment,
    read_order_address,
    read_time_zone,
    read_web_address,
)
from postern.model.contact_policy import ContactPolicy
from postern.model.feed import FeedBuyer, FeedOrder, FeedSeller, Kind, Record
from postern.model.limits import Limits
from postern.model.order import Fulfilment, Item, OrderStatus, Shipment
from postern.model.order_news import NewsKind
from postern.model.people import Marketplace

_read_title = read_line_of_text(TEXT_MAXIMUM)
_read_label = read_line_of_text(TEXT_MAXIMUM, empty=True)
_read_person = read_line_of_text(NAME_MAXIMUM)
_read_kind = read_choice(Kind)
_read_status = read_choice(OrderStatus)
_read_news = read_choice(NewsKind)
_read_fulfilment = read_choice(Fulfilment)


def read_lines(file: IO[bytes], maximum: int) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers. A line longer than ``maximum`` is given cut, yet longer than that."""
    number, begins = 0, True
    while line := file.readline(maximum + 2):
        whole = line.endswith(b"\n") or len(line) <= maximum
        number += begins
        if begins and (line.strip() or not whole):
            yield number, line.strip() if whole else line
        begins = whole


def read_record(line: bytes, limits: Limits) -> Record:
    """What a line says. Raises WrongValueError."""
    if len(line) > limits.feed_line:
        raise WrongValueError(f"the line is longer than {limits.feed_line} bytes")
    fields = Fields(_read_json(line))
    record = _SHAPES[fields.need("kind", _read_kind)](fields, limits.feed_list)
    fields.finish()
    return record


def _read_json(line: bytes) -> object:
    try:
        content: object = json.loads(line.decode("utf-8"), object_pairs_hook=_read_pairs, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise WrongValueError("the line is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise WrongValueError(f"the line is not JSON: {error.msg} at character {error.colno}") from None
    except RecursionError:
        raise WrongValueError("the line is nested too deep") from None
    except ValueError:  # a number of thousands of digits
        raise WrongValueError("the line holds a number that cannot be read") from None
    if not isinstance(content, Mapping):
        raise WrongValueError("the line must be a JSON object")
    return content


def _read_pairs(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise WrongValueError("a key stands twice in one object")
    return content


def _refuse_constant(_: str) -> Never:
    raise WrongValueError("the line is not JSON: it has no NaN and no Infinity")


def _read_name(content: object) -> str:
    name = _read_person(content)
    fault = find_fault_in_name(name)  # R28
    if fault:
        raise WrongValueError(fault)
    return name


def _read_marketplace(fields: Fields, _: int) -> Marketplace:
    return Marketplace(
        id=fields.need("id", read_identifier),
        name=fields.need("name", _read_name),
        mail_domain=fields.need("mail_domain", read_mail_domain),
        language=fields.need("language", read_language),
        time_zone=fields.need("time_zone", read_time_zone),
        cancel_order_url=fields.may("cancel_order_url", read_order_address, ""),
        report_infringement_url=fields.may("report_infringement_url", read_web_address, ""),
        order_notices=fields.may("order_notices", read_list(_read_news, len(NewsKind)), ()),
        contact_policy=fields.may("contact_details", read_contact_policy, ContactPolicy()),
    )


def _read_seller(fields: Fields, list_maximum: int) -> FeedSeller:
    return FeedSeller(
        id=fields.need("id", read_identifier),
        business_name=fields.need("business_name", _read_name),
        language=fields.need("language", read_language),
        customer_service_address=fields.need("customer_service_address", read_address),
        registered_senders=fields.may("registered_senders", read_list(read_address, list_maximum), ()),
        average_daily_orders=fields.may("average_daily_orders", read_average, None),
        bounce_on_opt_out=fields.may("bounce_on_opt_out", read_flag, None),
    )


def _read_buyer(fields: Fields, _: int) -> FeedBuyer:
    return FeedBuyer(
        id=fields.need("id", read_identifier),
        marketplace_id=fields.need("marketplace", read_identifier),
        display_name=fields.need("name", _read_name),
        address=fields.need("address", read_address),
        opted_out=fields.may("opted_out", read_flag, None),
    )


def _read_order(fields: Fields, list_maximum: int) -> FeedOrder:
    return FeedOrder(
        id=fields.need("id", read_identifier),
        marketplace_id=fields.need("marketplace", read_identifier),
        seller=fields.need("seller", read_identifier),
        buyer=fields.need("buyer", read_identifier),
        status=fields.need("status", _read_status),
        fulfilment=fields.need("fulfilment", _read_fulfilment),
        placed_at=fields.need("placed_at", read_moment),
        shipped_at=fields.may("shipped_at", read_moment, None),
        delivered_at=fields.may("delivered_at", read_moment, None),
        cancelled_at=fields.may("cancelled_at", read_moment, None),
        items=fields.may("items", read_list(_read_item, list_maximum), ()),
        refunded_at=fields.may("refunded_at", read_moment, None),
        shipments=fields.may("shipments", read_list(_read_shipment, list_maximum), ()),
    )


def _read_item(content: object) -> Item:
    fields = Fields(content)
    item = Item(
        sku=fields.need("sku", _read_title),
        title=fields.need("title", _read_title),
        category=fields.may("category", _read_label, ""),
        quantity=fields.may("quantity", read_count, 1),
        customised=fields.may("customised", read_flag, otherwise=False),
        service=fields.may("service", read_flag, otherwise=False),
        digital=fields.may("digital", read_flag, otherwise=False),
        scheduled_delivery=fields.may("scheduled_delivery", read_flag, otherwise=False),
    )
    fields.finish()
    return item


def _read_shipment(content: object) -> Shipment:
    fields = Fields(content)
    shipment = Shipment(
        carrier=fields.may("carrier", _read_label, ""),
        tracking_number=fields.may("tracking_number", _read_label, ""),
        shipped_at=fields.may("shipped_at", read_moment, None),
    )
    fields.finish()
    return shipment


_SHAPES: Mapping[Kind, Callable[[Fields, int], Record]] = {
    Kind.MARKETPLACE: _read_marketplace,
    Kind.SELLER: _read_seller,
    Kind.BUYER: _read_buyer,
    Kind.ORDER: _read_order,
}
