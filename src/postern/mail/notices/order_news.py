"""What a marketplace tells a buyer of an order by itself (R30): that it was shipped, with carrier and tracking number, delivered,
refunded. Short, for the buyer did not ask.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from postern.language import say
from postern.mail.notice import Notice, Paragraph, Particulars, Text
from postern.mail.notices.about import shorten
from postern.model.notice import NoticeKind
from postern.model.order import Shipment

_NAME = 100  # characters of a name, a number or a title


@dataclass(frozen=True, slots=True)
class AboutOrder:
    """The order, as its buyer knows it."""

    order: str = field(repr=False)
    seller: str
    titles: tuple[str, ...] = field(default=(), repr=False)


def order_shipped(language: str, about: AboutOrder, parcels: Sequence[Shipment]) -> Notice:
    """``parcels`` are those that the buyer has not been told of."""
    subject = say(language, "Your order {order} is on its way", order=shorten(about.order, _NAME))
    happened = say(language, "{seller} has shipped your order.", seller=shorten(about.seller, _NAME))
    rows = (row for one in parcels for row in _parcel(language, one))
    return _notice(NoticeKind.ORDER_SHIPPED, language, subject, happened, about, rows)


def order_delivered(language: str, about: AboutOrder) -> Notice:
    subject = say(language, "Your order {order} was delivered", order=shorten(about.order, _NAME))
    happened = say(language, "The carrier says that your order was delivered.")
    return _notice(NoticeKind.ORDER_DELIVERED, language, subject, happened, about)


def order_refunded(language: str, about: AboutOrder) -> Notice:
    subject = say(language, "Your order {order} was refunded", order=shorten(about.order, _NAME))
    happened = say(language, "Money was paid back to you for your order.")
    return _notice(NoticeKind.ORDER_REFUNDED, language, subject, happened, about)


def _notice(
    kind: NoticeKind, language: str, subject: str, happened: str, about: AboutOrder, more: Iterable[tuple[str, str]] = ()
) -> Notice:
    paragraphs: tuple[Paragraph, ...] = (
        Text(happened),
        Particulars((*_order(language, about), *more)),
        Text(say(language, "If something is not right, write to the seller from the page of your order.")),
    )
    return Notice(kind, language, subject, paragraphs)


def _order(language: str, about: AboutOrder) -> Iterator[tuple[str, str]]:
    yield say(language, "Order"), shorten(about.order, _NAME)
    yield say(language, "Seller"), shorten(about.seller, _NAME)
    yield from ((say(language, "Item"), shorten(title, _NAME)) for title in about.titles)


def _parcel(language: str, one: Shipment) -> Iterator[tuple[str, str]]:
    if one.carrier:
        yield say(language, "Carrier"), shorten(one.carrier, _NAME)
    if one.tracking_number:
        yield say(language, "Tracking number"), shorten(one.tracking_number, _NAME)
