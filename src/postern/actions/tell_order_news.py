"""Telling buyers what happened to their orders (R30): once each, however often the shop says it, and in the buyer's language.

A task of the timetable. What is to be told was written with the order; taking it and telling it is one transaction, so a crash
leaves neither a lost notice nor a second. No opt-out, limit or rule touches it. What is no news any more is not told.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from postern.actions.frame import Frame
from postern.errors import DamagedError, NotFoundError
from postern.mail.notice import Letterhead, Notice, compose_notice
from postern.mail.notices.order_news import AboutOrder, order_delivered, order_refunded, order_shipped
from postern.mail.threading import own_message_id
from postern.model.delivery import Carries
from postern.model.identifier import new_id
from postern.model.journal import Value
from postern.model.notice import NoticeState
from postern.model.order import Order
from postern.model.order_news import NewsKind
from postern.model.people import Buyer, Marketplace
from postern.model.relationship import Side
from postern.ports import Clock
from postern.storage.change import Change, Row
from postern.storage.deliveries import Delivery, delivery_row, mark_destination
from postern.storage.documents import Owner, SealedDocument, seal_document
from postern.storage.journal import journal_row
from postern.storage.notices import KeptNotice, notice_row
from postern.storage.order_news import list_orders_with_news, mark_parcel, take_news
from postern.storage.orders import find_order
from postern.storage.people import find_buyer, find_correspondent_key, find_marketplace, find_seller
from postern.storage.statements import write_all
from postern.storage.store import Look, Store, Transaction

_ITEMS_NAMED = 5


def tell_order_news(store: Store, frame: Frame, clock: Clock) -> str | None:
    """As a task of the timetable. Answers a line for the log."""
    now, count = clock.now(), 0
    with store.look() as look:
        waiting = list_orders_with_news(look, frame.limits.order_news_batch)
    for seller_id, order_id in waiting:
        count += _tell(store, frame, seller_id, order_id, now)
    return f"{count} notices about orders" if count else None


def _tell(store: Store, frame: Frame, seller_id: int, order_id: UUID, now: datetime) -> int:
    def tell(transaction: Transaction) -> int:
        taken = take_news(transaction, seller_id, order_id, now)
        look = Look(transaction, store.vault, store.blobs)
        try:
            told = _Told.find(look, seller_id, order_id)
        except (NotFoundError, DamagedError):  # the order or its buyer is gone: there is nobody to tell
            return 0
        rows = [_rows(look, frame, told, notice, now) for notice in told.notices(look, frame, taken, now)]
        write_all(transaction, [Change(seller_id, row) for row in rows])
        return len(rows)

    return store.write(tell).result()


@dataclass(frozen=True, slots=True)
class _Told:
    """An order with whoever is told of it."""

    order: Order
    buyer: Buyer
    marketplace: Marketplace
    seller_name: str

    @classmethod
    def find(cls, look: Look, seller_id: int, order_id: UUID) -> "_Told":
        order = find_order(look, seller_id, order_id)
        if order is None:
            raise NotFoundError("no such order")
        marketplace = find_marketplace(look, order.marketplace_id)
        return cls(order, find_buyer(look, order.buyer_id), marketplace, find_seller(look, seller_id).business_name)

    def notices(self, look: Look, frame: Frame, taken: set[tuple[NewsKind, str]], now: datetime) -> Iterator[Notice]:
        """What is news still, and asked for."""
        order, language, limits = self.order, self.marketplace.language, frame.limits
        about = AboutOrder(order.name, self.seller_name, tuple(item.title for item in order.items[:_ITEMS_NAMED]))
        oldest = now - timedelta(days=limits.order_news_days)
        parcels = {parcel for kind, parcel in taken if kind is NewsKind.SHIPPED}
        if parcels and (order.shipped_at or now) >= oldest and not order.is_cancelled:
            listed = [one for one in order.shipments if mark_parcel(look.vault, one) in parcels]
            yield order_shipped(language, about, listed[: limits.order_news_parcels])
        asked = {kind for kind, _ in taken} & set(self.marketplace.order_notices)
        if NewsKind.DELIVERED in asked and (order.delivered_at or now) >= oldest:
            yield order_delivered(language, about)
        if NewsKind.REFUNDED in asked and (order.refunded_at or now) >= oldest:
            yield order_refunded(language, about)


def _rows(look: Look, frame: Frame, told: _Told, notice: Notice, now: datetime) -> tuple[Row, ...]:
    seller_id, buyer = told.order.seller_id, told.buyer
    notice_id, domain = new_id(), told.marketplace.mail_domain
    letterhead = Letterhead(told.marketplace.name, domain, frame.hostname, own_message_id(notice_id, domain), now)
    owner = Owner("person", buyer.id, find_correspondent_key(look, buyer.id))
    document = seal_document(seller_id, compose_notice(notice, letterhead), owner, look.blobs, frame.limits.inline_document)
    kept = KeptNotice(
        id=notice_id,
        seller_id=seller_id,
        kind=notice.kind,
        about_id=told.order.id,
        thread_id=told.order.id,
        side=Side.BUYER,
        person_id=buyer.id,
        document_id=document.id,
        state=NoticeState.QUEUED,
        made_at=now,
    )
    values: dict[str, Value] = {"notice": notice.kind, "to": Side.BUYER, "sent": document.commitment}
    entry = journal_row("notice-made", now, values, seller_id=seller_id, message_id=told.order.id)
    return (document.row, notice_row(kept), delivery_row(_delivery(look, told, notice_id, document, now)), entry)


def _delivery(look: Look, told: _Told, notice_id: UUID, document: SealedDocument, now: datetime) -> Delivery:
    return Delivery(
        id=new_id(),
        seller_id=told.order.seller_id,
        message_id=notice_id,
        document_id=document.id,
        person_id=told.buyer.id,
        sender_domain=told.marketplace.mail_domain,
        carries=Carries.NOTICE,
        due_at=now,
        lease=None,
        attempts=0,
        queued_at=now,
        destination=mark_destination(look.vault, told.buyer.address),
        size=document.size,
    )
