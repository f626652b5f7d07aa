"""The shelf of the Messages page: which threads or messages a view shows, page by page, and how many there are.

Each view is one range of an index, so a page costs the same whether the seller has ten threads or a million. A count stops at a
thousand: nobody needs to know more.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, RowMapping, Select, and_, bindparam, func, or_, select

from postern.model.relationship import Side
from postern.model.response import ANSWER_WITHIN, DUE_SOON
from postern.model.thread import Message
from postern.model.view import Cursor, View
from postern.storage.people import open_name
from postern.storage.relationships import BUYER_ALIAS
from postern.storage.schema import (
    buyer,
    draft,
    marketplace,
    message,
    order,
    person,
    relationship,
    report,
    thread,
    thread_standing,
)
from postern.storage.store import Look
from postern.storage.threads import open_message

COUNTED = 1_000

_KEYS: BindParameter[Any] = bindparam("keys", expanding=True)
_SENT = ("queued", "delivered")
_UNSENT = ("blocked", "held", "refused", "expired", "failed", "bounced", "dropped")  # robots' mail is in neither list


@dataclass(frozen=True, slots=True)
class Whose:
    """For which seller, by whom, and when it is asked. A program is nobody, and has begun nothing."""

    seller_id: int
    person_id: UUID | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """A row of a view: the thread, the message that is shown of it, and where the page goes on behind it."""

    thread_id: UUID
    message_id: UUID
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What a row tells of its thread and message."""

    message: Message
    open_since: datetime | None
    buyer_name: str = field(repr=False)
    buyer_alias: str
    order: str


@dataclass(frozen=True, slots=True)
class _Range:
    """Where a view lies: by which moment, and what belongs to it."""

    thread_id: ColumnElement[UUID]
    message_id: ColumnElement[UUID]
    moment: ColumnElement[datetime]
    key: ColumnElement[UUID]
    belongs: tuple[ColumnElement[bool], ...]


def list_view(look: Look, whose: Whose, view: View, after: Cursor | None, size: int) -> list[Found]:
    """A page of a view."""
    one = _RANGES[view](whose)
    moment, key = (one.moment, one.key) if view.is_by_due_time else (one.moment.desc(), one.key.desc())
    chosen = select(one.thread_id, one.message_id, one.moment, one.key).where(*one.belongs).order_by(moment, key).limit(size)
    if after:
        chosen = chosen.where(_behind(one, view, after))
    return [Found(row[0], row[1], Cursor(row[2], row[3])) for row in look.connection.execute(chosen)]


def count_views(look: Look, whose: Whose) -> dict[View, int]:
    """How many each view holds, a thousand at most."""
    return {view: look.connection.execute(_count(_RANGES[view](whose))).scalar_one() for view in View}


def glimpse(look: Look, seller_id: int, found: Collection[Found]) -> dict[UUID, Glimpse]:
    """What the rows of a page tell, by message. Those of an erased buyer name nobody."""
    rows = look.connection.execute(_GLIMPSE, {"seller_id": seller_id, "keys": [one.message_id for one in found]}).mappings()
    return {row["id"]: _glimpse(look, row) for row in rows}


def _count(one: _Range) -> Select[int]:
    inner = select(one.key).where(*one.belongs).limit(COUNTED).subquery()
    return select(func.count()).select_from(inner)


def _behind(one: _Range, view: View, after: Cursor) -> ColumnElement[bool]:
    if view.is_by_due_time:
        return and_(one.moment >= after.moment, or_(one.moment > after.moment, one.key > after.id))
    return and_(one.moment <= after.moment, or_(one.moment < after.moment, one.key < after.id))


def _standing(moment: ColumnElement[datetime], seller_id: int, *belongs: ColumnElement[bool]) -> _Range:
    one = thread_standing.c
    return _Range(one.thread_id, one.last_id, moment, one.thread_id, (one.seller_id == seller_id, moment.is_not(None), *belongs))


def _open(seller_id: int, *belongs: ColumnElement[bool]) -> _Range:
    return _standing(thread_standing.c.open_since, seller_id, *belongs)


def _written(seller_id: int, *, sent: bool) -> _Range:
    """What the seller wrote; the conditions are spelled as the partial indices have them."""
    state = message.c.state.in_(bindparam(None, _SENT, expanding=True, literal_execute=True))
    author = message.c.author == bindparam(None, "seller", literal_execute=True)
    return _Range(
        message.c.thread_id,
        message.c.id,
        message.c.received_at,
        message.c.id,
        (message.c.seller_id == seller_id, author, *((state,) if sent else (~state, message.c.state.in_(_UNSENT)))),
    )


def _reported(seller_id: int) -> _Range:
    is_message = (message.c.seller_id == report.c.seller_id, message.c.id == report.c.message_id)
    return _Range(
        message.c.thread_id,
        message.c.id,
        report.c.made_at,
        report.c.message_id,
        (report.c.seller_id == seller_id, report.c.side == Side.SELLER, *is_message),
    )


def _begun(seller_id: int, person_id: UUID | None) -> _Range:
    is_thread = (thread_standing.c.seller_id == draft.c.seller_id, thread_standing.c.thread_id == draft.c.thread_id)
    return _Range(
        draft.c.thread_id,
        thread_standing.c.last_id,
        draft.c.saved_at,
        draft.c.thread_id,
        (draft.c.person_id == person_id, draft.c.seller_id == seller_id, *is_thread),
    )


_OPEN_SINCE = thread_standing.c.open_since
_RANGES: Mapping[View, Callable[[Whose], _Range]] = {
    View.RESPONSE_NEEDED: lambda whose: _open(whose.seller_id),
    View.DUE_SOON: lambda whose: _open(
        whose.seller_id, whose.now - ANSWER_WITHIN < _OPEN_SINCE, whose.now - ANSWER_WITHIN + DUE_SOON >= _OPEN_SINCE
    ),
    View.OVERDUE: lambda whose: _open(whose.seller_id, whose.now - ANSWER_WITHIN >= _OPEN_SINCE),
    View.WAITING: lambda whose: _standing(thread_standing.c.waiting_since, whose.seller_id),
    View.SENT: lambda whose: _written(whose.seller_id, sent=True),
    View.NOT_DELIVERED: lambda whose: _written(whose.seller_id, sent=False),
    View.REPORTED: lambda whose: _reported(whose.seller_id),
    View.DRAFTS: lambda whose: _begun(whose.seller_id, whose.person_id),
    View.ALL: lambda whose: _standing(thread_standing.c.last_at, whose.seller_id),
}

_GLIMPSE = (
    select(
        message,
        relationship.c.wrapped_key,
        person.c.id.label("person_id"),
        person.c.wrapped_key.label("person_key"),
        person.c.sealed_name,
        BUYER_ALIAS.c.local_part,
        marketplace.c.mail_domain,
        order.c.name.label("order_name"),
        thread_standing.c.open_since,
    )
    .select_from(message)
    .join(thread, and_(thread.c.seller_id == message.c.seller_id, thread.c.id == message.c.thread_id))
    .join(relationship, and_(relationship.c.seller_id == message.c.seller_id, relationship.c.id == message.c.relationship_id))
    .join(buyer, buyer.c.person_id == relationship.c.buyer_id)
    .join(person, person.c.id == buyer.c.person_id)
    .join(marketplace, marketplace.c.id == relationship.c.marketplace_id)
    .join(
        BUYER_ALIAS,
        and_(
            BUYER_ALIAS.c.seller_id == relationship.c.seller_id,
            BUYER_ALIAS.c.relationship_id == relationship.c.id,
            BUYER_ALIAS.c.side == Side.BUYER,
        ),
    )
    .outerjoin(order, and_(order.c.seller_id == thread.c.seller_id, order.c.id == thread.c.order_id))
    .outerjoin(
        thread_standing,
        and_(thread_standing.c.seller_id == message.c.seller_id, thread_standing.c.thread_id == message.c.thread_id),
    )
    .where(message.c.seller_id == bindparam("seller_id"), message.c.id.in_(_KEYS))
)


def _glimpse(look: Look, row: RowMapping) -> Glimpse:
    key = look.vault.open_key(row["relationship_id"], row["wrapped_key"]) if row["wrapped_key"] else None
    return Glimpse(
        message=open_message(row, key),
        open_since=row["open_since"],
        buyer_name=open_name(look.vault, row["person_id"], row["person_key"], row["sealed_name"]),
        buyer_alias=f"{row['local_part']}@{row['mail_domain']}",
        order=row["order_name"] or "",
    )
