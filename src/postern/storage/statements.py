"""The statements that changes are made of, prebuilt: a batch runs each of them once, with all its rows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Double, Executable, Integer, bindparam, delete, insert, text, update

from postern.model.seal import chain_of
from postern.storage.change import Change, Write
from postern.storage.clocks import CLOCK_STATEMENTS, clock_rows
from postern.storage.columns import Id, Moment
from postern.storage.schema import (
    attempt,
    delivery,
    document,
    exemption,
    house_mail,
    journal,
    message,
    notice,
    person,
    posting,
    report,
    sender_attempt,
    thread,
    unsealed,
)

# What a decision about a held message may change of it.
HELD_COLUMNS = (
    "state",
    "reason",
    "author_id",
    "automatic",
    "relayed_id",
    "released_at",
    "passed_by",
    "sealed_subject",
    "sealed_text",
)

STATEMENTS: Mapping[Write, Executable] = {
    Write.ADD_PERSON: insert(person),
    Write.ADD_SENDER_ATTEMPT: insert(sender_attempt),
    Write.COUNT_SENDER_ATTEMPT: (
        update(sender_attempt)
        .where(sender_attempt.c.seller_id == bindparam("of_seller"), sender_attempt.c.person_id == bindparam("of_person"))
        .values(attempts=sender_attempt.c.attempts + 1, last_at=bindparam("tried_at"))
    ),
    # The one statement that both stores spell alike and SQLAlchemy does not.
    Write.COUNT_USE: text(
        "INSERT INTO daily_use (seller_id, marketplace_id, day, used) VALUES (:seller_id, :marketplace_id, :day, 1)"
        " ON CONFLICT (seller_id, marketplace_id, day) DO UPDATE SET used = daily_use.used + 1"
    ),
    Write.ADD_THREAD: insert(thread),
    Write.ADD_DOCUMENT: insert(document),
    Write.ADD_MESSAGE: insert(message),
    Write.ADD_POSTING: insert(posting),
    Write.ADD_HOUSE_MAIL: insert(house_mail),
    Write.ADD_EXEMPTION: insert(exemption),
    Write.REMOVE_EXEMPTION: delete(exemption).where(
        exemption.c.seller_id == bindparam("of_seller"),
        exemption.c.message_id == bindparam("of_message"),
        exemption.c.side == "seller",  # R18: nobody else has a clock
    ),
    Write.ADD_REPORT: insert(report),
    # What is there decays first, from the last failure that the writer saw: of two written at once, only for the first.
    Write.COUNT_BOUNCE: text(
        "INSERT INTO bounce_score (person_id, score, hard, soft, last_status, last_at, last_seller_id, last_message_id)"
        " VALUES (:person_id, :weight, :hard, :soft, :status, :failed_at, :seller_id, :message_id)"
        " ON CONFLICT (person_id) DO UPDATE SET"
        " score = bounce_score.score * CASE WHEN bounce_score.last_at = :seen_at THEN :share ELSE 1 END + excluded.score,"
        " hard = bounce_score.hard * CASE WHEN bounce_score.last_at = :seen_at THEN :remembered ELSE 1 END + excluded.hard,"
        " soft = bounce_score.soft * CASE WHEN bounce_score.last_at = :seen_at THEN :remembered ELSE 1 END + excluded.soft,"
        " last_status = excluded.last_status, last_at = excluded.last_at,"
        " last_seller_id = excluded.last_seller_id, last_message_id = excluded.last_message_id"
    ).bindparams(
        bindparam("person_id", type_=Id),
        bindparam("message_id", type_=Id),
        bindparam("failed_at", type_=Moment),
        bindparam("seen_at", type_=Moment),
        bindparam("weight", type_=Double),
        bindparam("share", type_=Double),
        bindparam("remembered", type_=Integer),
    ),
    Write.SET_MESSAGE_STATE: (
        update(message)
        .where(message.c.seller_id == bindparam("of_seller"), message.c.id == bindparam("of_message"))
        .values(state=bindparam("new_state"))
    ),
    Write.SETTLE_HELD: (
        update(message)
        .where(message.c.seller_id == bindparam("of_seller"), message.c.id == bindparam("of_message"))
        .values({name: bindparam(f"new_{name}") for name in HELD_COLUMNS})
    ),
    Write.ADD_NOTICE: insert(notice),
    Write.SET_NOTICE_STATE: (
        update(notice)
        .where(notice.c.seller_id == bindparam("of_seller"), notice.c.id == bindparam("of_notice"))
        .values(state=bindparam("new_state"))
    ),
    Write.ADD_DELIVERY: insert(delivery),
    Write.DEFER_DELIVERY: (
        update(delivery)
        .where(delivery.c.id == bindparam("of_delivery"))
        .values(due_at=bindparam("new_due_at"), lease=None, bound_host=bindparam("new_bound_host"))
    ),
    Write.END_DELIVERY: delete(delivery).where(delivery.c.id == bindparam("of_delivery")),
    Write.ADD_ATTEMPT: insert(attempt),
    Write.ADD_JOURNAL: insert(journal),
    Write.MARK_UNSEALED: insert(unsealed),
    **CLOCK_STATEMENTS,
}


_LOCKED_BY = ("id", "of_message", "of_delivery", "person_id", "thread_id", "of_thread")  # the first that a row has


def write_all(connection: Connection, changes: Iterable[Change]) -> None:
    """Write the rows of all these changes, in the order of ``Write``, each statement's rows sorted by what it locks."""
    rows: defaultdict[Write, list[Mapping[str, object]]] = defaultdict(list)
    for change in changes:
        for row in change.rows:
            rows[row.write].append(row.values)
    rows[Write.MARK_UNSEALED] = mark_unsealed(rows[Write.ADD_JOURNAL])
    for write, following in clock_rows(connection, rows).items():
        rows[write].extend(following)
    for write in Write:
        if rows[write]:
            _run(connection, STATEMENTS[write], sorted(rows[write], key=_lock_order))


def _run(connection: Connection, statement: Executable, parameters: Sequence[Mapping[str, Any]]) -> None:
    connection.execute(statement, parameters)


def mark_unsealed(entries: Iterable[Mapping[str, Any]]) -> list[Mapping[str, object]]:
    """What tells the sealer of new entries, so that it need not look for them."""
    return [
        {
            "entry_id": entry["id"],
            "seller_id": entry["seller_id"],
            "chain": chain_of(entry["seller_id"], entry["relationship_id"]),
        }
        for entry in entries
    ]


def _lock_order(values: Mapping[str, Any]) -> tuple[int, str]:
    seller_id = values.get("seller_id", values.get("of_seller", 0))
    return seller_id, next((str(values[name]) for name in _LOCKED_BY if name in values), "")
