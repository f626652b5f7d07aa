"""What the cast writes on pages, by contact reasons and in reply boxes."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import update

from postern.actions.contact_options import ContactOptions, contact_options
from postern.actions.post_message import check_message, post_message
from postern.actions.posting.outgoing import Answer, ByReason, InThread, Outgoing, Posted, RefusedMessage, WouldPost
from postern.mail.letter import Attachment
from postern.model.contact_reason import ContactReason, FieldKind
from postern.model.identifier import new_id
from postern.model.order import Order
from postern.model.relationship import Side
from postern.model.remark import Door
from postern.storage import schema
from postern.storage.orders import find_orders_of_pair
from postern.storage.relationships import AliasEntry
from tests.people import START, Town

NOTE = Attachment("invoice.txt", "text/plain", b"Invoice 7\n")
CLEAN = {FieldKind.TEXT: "Is blue fine?", FieldKind.LINE: "Blue", FieldKind.DATE: "2026-12-01", FieldKind.AMOUNT: "2.50 EUR"}


def order_of(town: Town) -> Order:
    with town.store.look() as look:
        return find_orders_of_pair(look, town.pair.seller_id, town.pair.buyer_id)[0]


def change_order(town: Town, **columns: Any) -> None:
    """Write these columns of the one order."""
    town.store.write(lambda transaction: transaction.execute(update(schema.order).values(columns))).result()


def ship(town: Town, days_ago: int = 0) -> None:
    change_order(town, status="shipped", shipped_at=town.clock.now() - timedelta(days=days_ago))


def opt_out(town: Town, *, opted_out: bool = True) -> None:
    town.store.write(lambda transaction: transaction.execute(update(schema.buyer).values(opted_out=opted_out))).result()


def speak(town: Town, language: str) -> None:
    """Make it the language of the marketplace."""
    town.store.write(lambda transaction: transaction.execute(update(schema.marketplace).values(language=language))).result()


def by_reason(town: Town, code: str, *, author: Side = Side.SELLER, once: str = "", **fields: str) -> Outgoing:
    """A message by this reason about the one order, as a page would hand it over."""
    content = ByReason(code, order_of(town).id, fields)
    pair = town.pair
    return Outgoing(pair.seller_id, pair.id, author, content, Door.PAGE, once or new_id().hex)


def filled(town: Town, reason: ContactReason) -> Outgoing:
    """The same with every field filled in well, and with the files that it needs."""
    fields = {one.name: CLEAN[one.kind] for one in reason.fields}
    outgoing = by_reason(town, reason.code, author=reason.author, **fields)
    return replace(outgoing, files=(NOTE,) * reason.files.at_least)


def in_thread(
    town: Town, thread_id: UUID, text: str = "It left today.", *, author: Side = Side.SELLER, once: str = ""
) -> Outgoing:
    pair = town.pair
    return Outgoing(pair.seller_id, pair.id, author, InThread(thread_id, text), Door.PAGE, once or new_id().hex)


def post(town: Town, outgoing: Outgoing) -> Answer:
    return post_message(town.store, town.frame, outgoing, town.clock.now())


def check(town: Town, outgoing: Outgoing) -> WouldPost | RefusedMessage:
    with town.store.look() as look:
        return check_message(look, town.frame, outgoing, town.clock.now())


def options(town: Town, author: Side = Side.SELLER) -> ContactOptions:
    entry = AliasEntry(town.pair.seller_id, town.pair.id, author.other)
    with town.store.look() as look:
        return contact_options(look, town.frame, entry, author, order_of(town).id, town.clock.now())


def obstacles(town: Town, author: Side = Side.SELLER) -> dict[str, str]:
    """Why each reason is not available, by its code; an empty word where it is."""
    return {one.reason.code: one.obstacle.reason.code if one.obstacle else "" for one in options(town, author).options}


def posted(answer: Answer) -> Posted:
    assert isinstance(answer, Posted), answer
    return answer


def refused_for(answer: Answer | WouldPost) -> str:
    """The code of what decided."""
    assert isinstance(answer, RefusedMessage), answer
    return answer.findings[0].cause.reason.code


def days_after_start(days: int) -> datetime:
    return START + timedelta(days=days)
