"""The shelf of what has been kept long enough: found page by page, the oldest first, and taken away.

A preview and a run ask the same questions with the same statements, so a run takes what its preview named. What a hold covers is
passed over. Whether a record is old is a matter of its own time; whether it may go is judged in the transaction in which it goes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Connection, RowMapping, Select, delete, insert, or_, select, update

from postern.model.legal_hold import Held
from postern.model.retention import Retention, RetentionClass
from postern.storage.forgetting import (
    count_gone,
    forget_documents,
    forget_failure_reports,
    forget_house_mails,
    forget_notices,
    forget_order_news,
    is_bare,
    withhold_about,
    withhold_in,
)
from postern.storage.legal_holds import find_held, held_among, take_turn
from postern.storage.responses import forget_clocks
from postern.storage.schema import (
    HOUSE,
    attempt,
    delivery,
    exemption,
    house_mail,
    journal,
    message,
    order,
    posting,
    report,
    retention_mark,
    thread,
)

ROWS_AT_ONCE = 25  # so that no step holds the write lock for long
_REFUSED = journal.c.kind.in_(("mail-refused", "mail-refused-beside"))

Cursor = tuple[datetime, UUID]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of what is old enough. ``due`` leaves out what is held; ``after`` is where the next page begins, None at the end."""

    due: Sequence[RowMapping]
    kept_back_at: datetime | None  # the oldest that a hold kept back
    after: Cursor | None


@dataclass(frozen=True, slots=True)
class Step:
    """What one step of a run took away. ``blobs`` lie without a row now."""

    count: int
    blobs: list[str]
    kept_back_at: datetime | None
    after: Cursor | None


def find_page(
    connection: Connection, kind: RetentionClass, cutoff: datetime, held: Held, after: Cursor | None, size: int
) -> Page:
    """The next page of one class before this moment."""
    moment, identity = _ORDER[kind]
    chosen = _STATEMENTS[kind].where(moment < cutoff).order_by(moment, identity).limit(size)
    done_before = _mark(connection, kind) if kind in _JOURNAL_KINDS else None
    if done_before:
        chosen = chosen.where(moment >= done_before)
    if after:
        chosen = chosen.where(moment >= after[0], or_(moment > after[0], identity > after[1]))
    rows = connection.execute(chosen).mappings().all()
    covered = _COVERED[kind](connection, held, rows)
    due = [row for row in rows if row["id"] not in covered and (kind not in _JOURNAL_KINDS or not is_bare(row["fields"]))]
    kept = min((row["moment"] for row in rows if row["id"] in covered), default=None)
    return Page(due, kept, (rows[-1]["moment"], rows[-1]["id"]) if len(rows) == size else None)


def forget_page(connection: Connection, kind: RetentionClass, retention: Retention, now: datetime, after: Cursor | None) -> Step:
    """Take away the next page of one class."""
    cutoff = retention.cutoff(kind, now)
    if cutoff is None:
        return Step(0, [], None, None)
    take_turn(connection)
    page = find_page(connection, kind, cutoff, find_held(connection, now), after, ROWS_AT_ONCE)
    blobs = _FORGET[kind](connection, page.due) if page.due else []
    return Step(len(page.due), blobs, page.kept_back_at, page.after)


def mark_done(connection: Connection, kind: RetentionClass, done_before: datetime) -> None:
    """Remember how far the journal was gone through, so that the next run begins there."""
    if kind not in _JOURNAL_KINDS:
        return
    where = retention_mark.c["class"] == kind
    if connection.execute(update(retention_mark).where(where).values(done_before=done_before)).rowcount == 0:
        connection.execute(insert(retention_mark), {"class": kind, "done_before": done_before, "gone": 0})


def _mark(connection: Connection, kind: RetentionClass) -> datetime | None:
    statement = select(retention_mark.c.done_before).where(retention_mark.c["class"] == kind)
    found: datetime | None = connection.execute(statement).scalar_one_or_none()
    return found


# ---- What is asked, of each class

_JOURNAL_KINDS = (RetentionClass.REFUSED, RetentionClass.JOURNAL)
_QUEUED = select(delivery.c.id).where(delivery.c.seller_id == message.c.seller_id, delivery.c.message_id == message.c.id).exists()
_HOUSE_QUEUED = select(delivery.c.id).where(delivery.c.seller_id == HOUSE, delivery.c.message_id == house_mail.c.id).exists()
_NAMES = (message.c.relationship_id, message.c.thread_id, message.c.order_id, message.c.author_id)
_ENTRIES = select(
    journal.c.seller_id,
    journal.c.id,
    journal.c.message_id,
    journal.c.relationship_id,
    journal.c.fields,
    journal.c.happened_at.label("moment"),
)
_ORDER: Mapping[RetentionClass, tuple[Column[datetime], Column[UUID]]] = {
    RetentionClass.HOUSE_MAIL: (house_mail.c.received_at, house_mail.c.id),
    RetentionClass.MESSAGES: (message.c.received_at, message.c.id),
    RetentionClass.ORDERS: (order.c.placed_at, order.c.id),
    RetentionClass.REFUSED: (journal.c.happened_at, journal.c.id),
    RetentionClass.JOURNAL: (journal.c.happened_at, journal.c.id),
}
_STATEMENTS: Mapping[RetentionClass, Select[*tuple[Any, ...]]] = {
    RetentionClass.HOUSE_MAIL: select(house_mail.c.id, house_mail.c.about_id, house_mail.c.received_at.label("moment")).where(
        ~_HOUSE_QUEUED
    ),
    RetentionClass.MESSAGES: select(
        message.c.seller_id,
        message.c.id,
        *_NAMES,
        message.c.original_id,
        message.c.relayed_id,
        message.c.received_at.label("moment"),
    ).where(~_QUEUED),
    RetentionClass.ORDERS: select(order.c.seller_id, order.c.id, order.c.buyer_id, order.c.placed_at.label("moment")),
    RetentionClass.REFUSED: _ENTRIES.where(_REFUSED),
    RetentionClass.JOURNAL: _ENTRIES.where(~_REFUSED),
}

# ---- What a hold covers of a page


def _covered_messages(_connection: Connection, held: Held, rows: Sequence[RowMapping]) -> set[UUID]:
    return {row["id"] for row in rows if held.covers_message(row["id"], *(row[column.name] for column in _NAMES))}


def _covered_orders(_connection: Connection, held: Held, rows: Sequence[RowMapping]) -> set[UUID]:
    return {row["id"] for row in rows if row["id"] in held.orders or row["buyer_id"] in held.concerned}


def _covered_house_mail(connection: Connection, held: Held, rows: Sequence[RowMapping]) -> set[UUID]:
    covered = held_among(connection, held, {row["about_id"] for row in rows if row["about_id"]})
    return {row["id"] for row in rows if row["about_id"] in covered}


def _covered_entries(connection: Connection, held: Held, rows: Sequence[RowMapping]) -> set[UUID]:
    covered = held_among(connection, held, {row["message_id"] for row in rows if row["message_id"]})
    return {row["id"] for row in rows if row["message_id"] in covered or row["relationship_id"] in held.relationships}


_COVERED: Mapping[RetentionClass, Callable[[Connection, Held, Sequence[RowMapping]], set[UUID]]] = {
    RetentionClass.HOUSE_MAIL: _covered_house_mail,
    RetentionClass.MESSAGES: _covered_messages,
    RetentionClass.ORDERS: _covered_orders,
    RetentionClass.REFUSED: _covered_entries,
    RetentionClass.JOURNAL: _covered_entries,
}

# ---- How a page goes. Each answers the blobs that lie without a row now.


def _forget_house_mail(connection: Connection, rows: Sequence[RowMapping]) -> list[str]:
    return forget_house_mails(connection, [row["id"] for row in rows])


def _forget_messages(connection: Connection, rows: Sequence[RowMapping]) -> list[str]:
    """Messages with all that hangs on them; a thread goes with its last one."""
    blobs: list[str] = []
    for seller_id in sorted({row["seller_id"] for row in rows}):
        own = [row for row in rows if row["seller_id"] == seller_id]
        ids = [row["id"] for row in own]
        for table in (attempt, exemption, report, posting):
            connection.execute(delete(table).where(table.c.seller_id == seller_id, table.c.message_id.in_(ids)))
        connection.execute(delete(message).where(message.c.seller_id == seller_id, message.c.id.in_(ids)))
        blobs += forget_notices(connection, seller_id, ids)
        blobs += forget_documents(connection, seller_id, (row[name] for row in own for name in ("original_id", "relayed_id")))
        threads = {row["thread_id"] for row in own}
        forget_clocks(connection, seller_id, ids, threads)
        _forget_empty_threads(connection, seller_id, threads)
    message_ids = [row["id"] for row in rows]
    count_gone(connection, RetentionClass.MESSAGES, len(message_ids))
    withhold_about(connection, message_ids)
    return blobs + forget_failure_reports(connection, message_ids)


def _forget_empty_threads(connection: Connection, seller_id: int, ids: set[UUID]) -> None:
    inhabited = select(message.c.id).where(message.c.seller_id == seller_id, message.c.thread_id == thread.c.id).exists()
    connection.execute(delete(thread).where(thread.c.seller_id == seller_id, thread.c.id.in_(ids), ~inhabited))


def _forget_orders(connection: Connection, rows: Sequence[RowMapping]) -> list[str]:
    blobs: list[str] = []
    for seller_id in sorted({row["seller_id"] for row in rows}):
        ids = [row["id"] for row in rows if row["seller_id"] == seller_id]
        blobs += forget_order_news(connection, seller_id, ids)
        connection.execute(delete(order).where(order.c.seller_id == seller_id, order.c.id.in_(ids)))
    return blobs


def _withhold_all(connection: Connection, rows: Sequence[RowMapping]) -> list[str]:
    """The row stays with its digests: a chain that lost an entry could not be told from one that somebody cut."""
    withhold_in(connection, rows, lasting=())
    return []


_FORGET: Mapping[RetentionClass, Callable[[Connection, Sequence[RowMapping]], list[str]]] = {
    RetentionClass.HOUSE_MAIL: _forget_house_mail,
    RetentionClass.MESSAGES: _forget_messages,
    RetentionClass.ORDERS: _forget_orders,
    RetentionClass.REFUSED: _withhold_all,
    RetentionClass.JOURNAL: _withhold_all,
}
