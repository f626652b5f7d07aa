"""The shelf of the response clocks (R29). They are written by ``storage/clocks.py``, with the messages that they follow from."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Connection, RowMapping, Select, bindparam, delete, select, update

from postern.model.response import Response
from postern.storage.clocks import OPENED
from postern.storage.schema import draft, message, response, thread_standing
from postern.storage.store import Look

_KEYS: BindParameter[Any] = bindparam("keys", expanding=True)
_BY_MESSAGES = select(response).where(response.c.seller_id == bindparam("seller_id"), response.c.message_id.in_(_KEYS))
_OPEN_OF_THREADS = select(response).where(
    response.c.seller_id == bindparam("seller_id"),
    response.c.thread_id.in_(_KEYS),
    response.c.answered_at.is_(None),
    response.c.exempted_at.is_(None),
    response.c.reported_at.is_(None),
)
_SINCE = (
    select(response)
    .where(response.c.seller_id == bindparam("seller_id"), response.c.started_at >= bindparam("since"))
    .order_by(response.c.started_at.desc(), response.c.message_id.desc())
)


def find_responses(look: Look, seller_id: int, message_ids: Iterable[UUID]) -> dict[UUID, Response]:
    """The clocks of these messages; those that have none are not among them."""
    keys = {"seller_id": seller_id, "keys": list(message_ids)}
    return {row["message_id"]: _response(row) for row in look.connection.execute(_BY_MESSAGES, keys).mappings()}


def find_open_in(look: Look, seller_id: int, thread_ids: Iterable[UUID]) -> list[Response]:
    """The clocks that run in these threads, the earliest first."""
    keys = {"seller_id": seller_id, "keys": list(thread_ids)}
    found = [_response(row) for row in look.connection.execute(_OPEN_OF_THREADS, keys).mappings()]
    return sorted(found, key=lambda one: (one.started_at, one.message_id))


def list_responses(look: Look, seller_id: int, since: datetime, most: int | None = None) -> list[Response]:
    """The clocks that started since then, the latest first."""
    chosen: Select[*tuple[Any, ...]] = _SINCE.limit(most) if most else _SINCE
    rows = look.connection.execute(chosen, {"seller_id": seller_id, "since": since}).mappings()
    return [_response(row) for row in rows]


def forget_clocks(connection: Connection, seller_id: int, message_ids: Collection[UUID], thread_ids: Collection[UUID]) -> None:
    """These messages were kept long enough, and so were their clocks; a thread's row, and what was begun in it,
    goes when its last message has gone.
    """
    connection.execute(delete(response).where(response.c.seller_id == seller_id, response.c.message_id.in_(message_ids)))
    inhabited = select(message.c.id).where(message.c.seller_id == seller_id, message.c.thread_id == thread_standing.c.thread_id)
    standing = thread_standing.c.seller_id == seller_id, thread_standing.c.thread_id.in_(thread_ids)
    connection.execute(delete(thread_standing).where(*standing, ~inhabited.exists()))
    begun = draft.c.seller_id == seller_id, draft.c.thread_id.in_(thread_ids)
    left = select(message.c.id).where(message.c.seller_id == seller_id, message.c.thread_id == draft.c.thread_id)
    connection.execute(delete(draft).where(*begun, ~left.exists()))


def end_clocks(connection: Connection, seller_id: int, message_ids: Sequence[UUID]) -> None:
    """Nobody can answer a buyer who was forgotten: what runs in these messages' threads ends, and is in no figure."""
    threads = select(message.c.thread_id).where(message.c.seller_id == seller_id, message.c.id.in_(message_ids))
    connection.execute(
        delete(response).where(
            response.c.seller_id == seller_id, response.c.message_id.in_(message_ids), response.c.answered_at.is_(None)
        )
    )
    standing = thread_standing.c.seller_id == seller_id, thread_standing.c.thread_id.in_(threads)
    connection.execute(update(thread_standing).where(*standing).values(open_since=OPENED))


def _response(row: RowMapping) -> Response:
    return Response(
        message_id=row["message_id"],
        thread_id=row["thread_id"],
        started_at=row["started_at"],
        answered_at=row["answered_at"],
        exempted_at=row["exempted_at"],
        reported_at=row["reported_at"],
    )
