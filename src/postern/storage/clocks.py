"""What follows for the response clock (R29), and for where each thread stands, from what is written of messages.

It is written with them, by whichever door they come: ``clock_rows`` looks at what a batch writes of messages, exemptions and
reports, and adds the rows that follow. A thread's row is written first: on PostgreSQL two
processes that write of one thread at once take turns there, so neither overlooks what the other says.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Connection,
    Executable,
    bindparam,
    case,
    func,
    insert,
    or_,
    select,
    text,
    tuple_,
    update,
)

from postern.model.relationship import Side
from postern.model.response import ACCEPTED
from postern.model.thread import MessageState
from postern.storage.change import Write
from postern.storage.columns import Id, Moment
from postern.storage.schema import message, response, thread_standing

_KEYS: BindParameter[Any] = bindparam("keys", expanding=True)
_COLUMNS = (
    *(message.c.seller_id, message.c.id, message.c.thread_id, message.c.author, message.c.state),
    *(message.c.automatic, message.c.received_at, message.c.released_at),
)
_OF_MESSAGES = select(*_COLUMNS).where(tuple_(message.c.seller_id, message.c.id).in_(_KEYS))
_THREADS_OF = select(message.c.seller_id, message.c.thread_id).where(tuple_(message.c.seller_id, message.c.id).in_(_KEYS))
_TOUCH = text(
    "INSERT INTO thread_standing (seller_id, thread_id, last_id, last_at, heard_at, spoke_at)"
    " VALUES (:seller_id, :thread_id, :last, :at, :heard_at, :spoke_at)"
    " ON CONFLICT (seller_id, thread_id) DO UPDATE SET"
    " last_id = CASE WHEN excluded.last_at >= thread_standing.last_at THEN excluded.last_id ELSE thread_standing.last_id END,"
    " last_at = CASE WHEN excluded.last_at > thread_standing.last_at THEN excluded.last_at ELSE thread_standing.last_at END,"
    " heard_at = CASE WHEN thread_standing.heard_at IS NULL OR excluded.heard_at > thread_standing.heard_at"
    " THEN COALESCE(excluded.heard_at, thread_standing.heard_at) ELSE thread_standing.heard_at END,"
    " spoke_at = CASE WHEN thread_standing.spoke_at IS NULL OR excluded.spoke_at > thread_standing.spoke_at"
    " THEN COALESCE(excluded.spoke_at, thread_standing.spoke_at) ELSE thread_standing.spoke_at END"
).bindparams(
    bindparam("seller_id", type_=BigInteger),
    bindparam("thread_id", type_=Id),
    bindparam("last", type_=Id),
    *(bindparam(name, type_=Moment) for name in ("at", "heard_at", "spoke_at")),
)
_IS_THREAD = (
    thread_standing.c.seller_id == bindparam("of_seller", type_=BigInteger),
    thread_standing.c.thread_id == bindparam("of_thread", type_=Id),
)
# Looked for only where the thread says that there is something to find: a clock set wrong, or a message held for a while.
_IS_SAID_LATER = (
    select(thread_standing.c.seller_id)
    .where(*_IS_THREAD, thread_standing.c.spoke_at > bindparam("started", type_=Moment))
    .exists()
)
_FIRST_LATER_ANSWER = (
    select(func.min(message.c.received_at))
    .where(
        message.c.seller_id == bindparam("of_seller", type_=BigInteger),
        message.c.thread_id == bindparam("of_thread", type_=Id),
        message.c.author == Side.SELLER,
        message.c.automatic.is_(None),
        or_(*(message.c.state == state for state in sorted(ACCEPTED))),  # a list would forbid many rows at once
        message.c.received_at > bindparam("started", type_=Moment),
    )
    .scalar_subquery()
)
OPENED = (
    select(func.min(response.c.started_at))
    .where(
        response.c.seller_id == thread_standing.c.seller_id,
        response.c.thread_id == thread_standing.c.thread_id,
        response.c.answered_at.is_(None),
        response.c.exempted_at.is_(None),
        response.c.reported_at.is_(None),
    )
    .scalar_subquery()
)
_IS_RESPONSE = (response.c.seller_id == bindparam("of_seller"), response.c.message_id == bindparam("of_message"))

CLOCK_STATEMENTS: Mapping[Write, Executable] = {
    Write.TOUCH_THREAD: _TOUCH,
    Write.START_RESPONSE: insert(response).values(
        seller_id=bindparam("of_seller", type_=BigInteger),
        message_id=bindparam("of_message", type_=Id),
        thread_id=bindparam("of_thread", type_=Id),
        started_at=bindparam("started", type_=Moment),
    ),
    Write.FIND_ANSWER: update(response).where(*_IS_RESPONSE, _IS_SAID_LATER).values(answered_at=_FIRST_LATER_ANSWER),
    Write.ANSWER_RESPONSES: (
        update(response)
        .where(
            response.c.seller_id == bindparam("of_seller"),
            response.c.thread_id == bindparam("of_thread"),
            response.c.started_at < bindparam("said_at", type_=Moment),
            (response.c.answered_at.is_(None)) | (response.c.answered_at > bindparam("said_at", type_=Moment)),
        )
        .values(answered_at=bindparam("said_at", type_=Moment))
    ),
    Write.EXEMPT_RESPONSE: update(response).where(*_IS_RESPONSE).values(exempted_at=bindparam("made", type_=Moment)),
    Write.REPORT_RESPONSE: update(response).where(*_IS_RESPONSE).values(reported_at=bindparam("made", type_=Moment)),
    Write.SETTLE_THREAD: (
        update(thread_standing)
        .where(*_IS_THREAD)
        .values(
            open_since=OPENED,
            waiting_since=case(
                (
                    thread_standing.c.heard_at.is_(None) | (thread_standing.c.spoke_at > thread_standing.c.heard_at),
                    thread_standing.c.spoke_at,
                )
            ),
        )
    ),
}

_Values = Mapping[str, Any]
_Thread = tuple[int, UUID]


@dataclass(frozen=True, slots=True)
class _Turn:
    """A message that the seller may see, as the clock sees it."""

    thread: _Thread
    message_id: UUID
    author: Side
    at: datetime
    is_measured: bool  # a person wrote it, and it was accepted for delivery


def clock_rows(connection: Connection, rows: Mapping[Write, Sequence[_Values]]) -> dict[Write, list[_Values]]:
    """What follows for the clock from what a batch is about to write. ``rows`` may lack a write."""
    turns = [*filter(None, map(_turn, rows.get(Write.ADD_MESSAGE, ()))), *_released(connection, rows.get(Write.SETTLE_HELD, ()))]
    exempted = [_remark(one, one["made_at"]) for one in rows.get(Write.ADD_EXEMPTION, ()) if one["side"] == Side.SELLER]
    exempted += [{**one, "made": None} for one in rows.get(Write.REMOVE_EXEMPTION, ())]
    reported = [_remark(one, one["made_at"]) for one in rows.get(Write.ADD_REPORT, ()) if one["side"] == Side.SELLER]
    if not (turns or exempted or reported):
        return {}
    threads = {one.thread for one in turns} | _threads_of(connection, [*exempted, *reported])
    measured = [one for one in turns if one.is_measured]
    started: list[_Values] = [
        {"of_seller": one.thread[0], "of_thread": one.thread[1], "of_message": one.message_id, "started": one.at}
        for one in measured
        if one.author is Side.BUYER
    ]
    return {
        Write.TOUCH_THREAD: [_touch(one) for one in turns],
        Write.START_RESPONSE: started,
        Write.FIND_ANSWER: started,
        Write.ANSWER_RESPONSES: [
            {"of_seller": one.thread[0], "of_thread": one.thread[1], "said_at": one.at}
            for one in measured
            if one.author is Side.SELLER
        ],
        Write.EXEMPT_RESPONSE: exempted,
        Write.REPORT_RESPONSE: reported,
        Write.SETTLE_THREAD: [{"of_seller": seller_id, "of_thread": thread_id} for seller_id, thread_id in threads],
    }


def _turn(values: _Values) -> _Turn | None:
    """None for what the seller must not see: a buyer's message that is held, or was refused."""
    author, state = Side(values["author"]), MessageState(values["state"])
    is_accepted = state in ACCEPTED
    if author is Side.BUYER and not is_accepted and state is not MessageState.ABSORBED:
        return None
    # A buyer's message starts when the seller can have it; a seller's counts from when it was sent.
    at = (values["released_at"] if author is Side.BUYER else None) or values["received_at"]
    thread = values["seller_id"], values["thread_id"]
    return _Turn(thread, values["id"], author, at, is_accepted and values["automatic"] is None)


def _released(connection: Connection, decided: Sequence[_Values]) -> Iterator[_Turn]:
    """Messages that were held, and are let go in this batch."""
    released = {(one["of_seller"], one["of_message"]): one for one in decided if one["new_state"] in ACCEPTED}
    if not released:
        return
    for row in connection.execute(_OF_MESSAGES, {"keys": sorted(released)}).mappings():
        new = released[row["seller_id"], row["id"]]
        turn = _turn({**row, "state": new["new_state"], "automatic": new["new_automatic"], "released_at": new["new_released_at"]})
        if turn:
            yield turn


def _touch(turn: _Turn) -> _Values:
    seller_id, thread_id = turn.thread
    heard, spoke = (turn.at if turn.is_measured and turn.author is side else None for side in (Side.BUYER, Side.SELLER))
    return {
        "seller_id": seller_id,
        "thread_id": thread_id,
        "last": turn.message_id,
        "at": turn.at,
        "heard_at": heard,
        "spoke_at": spoke,
    }


def _remark(values: _Values, made_at: datetime) -> _Values:
    return {"of_seller": values["seller_id"], "of_message": values["message_id"], "made": made_at}


def _threads_of(connection: Connection, remarks: Iterable[_Values]) -> set[_Thread]:
    keys = sorted({(one["of_seller"], one["of_message"]) for one in remarks})
    if not keys:
        return set()
    return {(row[0], row[1]) for row in connection.execute(_THREADS_OF, {"keys": keys})}
