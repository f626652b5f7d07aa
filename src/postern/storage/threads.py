"""The shelf of threads and their messages."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, RowMapping, bindparam, func, select

from postern.model.journal import Value, digest_values
from postern.model.relationship import Side
from postern.model.thread import Message, MessageState, Thread
from postern.storage.change import Row, Write
from postern.storage.relationships import find_relationship_key
from postern.storage.schema import message, thread
from postern.storage.store import Look
from postern.storage.vault import DataKey, Vault

HELD_LISTED = 1_000
_THEIR_ID, _SUBJECT, _TEXT = "message id", "subject", "text"  # sealed with the message's id, so that none opens as another's
_KEPT = (
    *("seller_id", "id", "relationship_id", "thread_id", "order_id", "author", "received_at", "size", "candidates"),
    *("seen_mark", "their_id_mark", "sealed_their_id", "original_id"),
)
_FILED = ("sealed_subject", "sealed_text", "author_id", "automatic", "relayed_id", "reason", "passed_by", "released_at")
_KEYS: BindParameter[Any] = bindparam("keys", expanding=True)

_THREAD = select(thread).where(
    thread.c.seller_id == bindparam("seller_id"),
    thread.c.relationship_id == bindparam("relationship_id"),
    thread.c.id == bindparam("thread_id"),
)
_LATEST_ABOUT = (
    select(thread)
    .where(
        thread.c.seller_id == bindparam("seller_id"),
        thread.c.relationship_id == bindparam("relationship_id"),
        thread.c.order_id == bindparam("order_id"),
    )
    .order_by(thread.c.opened_at.desc(), thread.c.id.desc())
    .limit(1)
)
_POINTER = select(message.c.id, message.c.thread_id, message.c.author, message.c.their_id_mark, message.c.sealed_their_id)
_IN_PAIR = (message.c.seller_id == bindparam("seller_id"), message.c.relationship_id == bindparam("relationship_id"))
_BY_IDS = _POINTER.where(*_IN_PAIR, message.c.id.in_(_KEYS))
_BY_THEIR_IDS = _POINTER.where(*_IN_PAIR, message.c.their_id_mark.in_(_KEYS)).order_by(message.c.received_at, message.c.id)
_LAST_IN_THREAD = (
    _POINTER.where(*_IN_PAIR, message.c.thread_id == bindparam("thread_id"))
    .order_by(message.c.received_at.desc(), message.c.id.desc())
    .limit(1)
)
_LAST_BEFORE = _LAST_IN_THREAD.where(message.c.id < bindparam("before"))
_SEEN = select(message.c.seller_id, message.c.id).where(message.c.seen_mark == bindparam("mark"))
_BUYERS_WORD = (
    select(message.c.id)
    .where(
        message.c.seller_id == bindparam("seller_id"),
        message.c.thread_id == bindparam("thread_id"),
        message.c.author == Side.BUYER,
        message.c.automatic.is_(None),
        message.c.state.not_in((MessageState.REFUSED, MessageState.EXPIRED, MessageState.HELD)),
    )
    .limit(1)
)
_COUNT_SINCE = select(func.count()).where(
    message.c.seller_id == bindparam("seller_id"),
    message.c.thread_id == bindparam("thread_id"),
    message.c.received_at >= bindparam("since"),
)
_HELD = (
    select(message)
    .where(message.c.state == MessageState.HELD, message.c.received_at < bindparam("before"))
    .order_by(message.c.received_at)
    .limit(HELD_LISTED)
)
_MESSAGE = select(message).where(message.c.id == bindparam("message_id"))
_STATE = select(message.c.state).where(message.c.id == bindparam("message_id"))
_IN_THREAD = (
    select(message)
    .where(message.c.seller_id == bindparam("seller_id"), message.c.thread_id == bindparam("thread_id"))
    .order_by(message.c.received_at.desc(), message.c.id.desc())
    .limit(bindparam("most"))
)
_THREAD_OF = select(thread).where(thread.c.seller_id == bindparam("seller_id"), thread.c.id == bindparam("thread_id"))
_BY_ANY_THEIR_ID = select(message).where(message.c.their_id_mark == bindparam("mark")).order_by(message.c.received_at).limit(20)


@dataclass(frozen=True, slots=True)
class Pointer:
    """One message as a reference names it: ``their_message_id`` is the author's own Message-ID, or empty."""

    id: UUID
    thread_id: UUID
    author: Side
    their_id_mark: bytes | None
    their_message_id: str


def find_thread(look: Look, seller_id: int, relationship_id: UUID, thread_id: UUID) -> Thread | None:
    """A thread of this pair; another pair's counts for nothing (R9)."""
    keys = {"seller_id": seller_id, "relationship_id": relationship_id, "thread_id": thread_id}
    row = look.connection.execute(_THREAD, keys).mappings().first()
    return _thread(row) if row else None


def find_latest_thread_about(look: Look, seller_id: int, relationship_id: UUID, order_id: UUID) -> Thread | None:
    """The pair's latest thread about this order."""
    keys = {"seller_id": seller_id, "relationship_id": relationship_id, "order_id": order_id}
    row = look.connection.execute(_LATEST_ABOUT, keys).mappings().first()
    return _thread(row) if row else None


def find_referenced(
    look: Look, seller_id: int, relationship_id: UUID, key: DataKey, own: Iterable[UUID], theirs: Iterable[bytes]
) -> tuple[Pointer, ...]:
    """The pair's messages behind our own Message-IDs and behind the marks of the authors' own."""
    names = {"seller_id": seller_id, "relationship_id": relationship_id}
    found: list[RowMapping] = []
    for statement, keys in ((_BY_IDS, list(own)), (_BY_THEIR_IDS, list(theirs))):
        if keys:
            found += look.connection.execute(statement, names | {"keys": keys}).mappings().all()
    return tuple(_pointer(row, key) for row in found)


def find_last_in_thread(
    look: Look, seller_id: int, relationship_id: UUID, key: DataKey, thread_id: UUID, *, before: UUID | None = None
) -> Pointer | None:
    """The message that came last in a thread; with ``before``, of those that came before that one."""
    names: dict[str, object] = {"seller_id": seller_id, "relationship_id": relationship_id, "thread_id": thread_id}
    statement = _LAST_BEFORE if before else _LAST_IN_THREAD
    row = look.connection.execute(statement, names | ({"before": before} if before else {})).mappings().first()
    return _pointer(row, key) if row else None


def find_seen(look: Look, mark: bytes) -> UUID | None:
    """The message that was made of a mail with this mark."""
    row = look.connection.execute(_SEEN, {"mark": mark}).first()
    return row[1] if row else None


def find_message(look: Look, message_id: UUID) -> Message | None:
    """One message, opened, whoever's it is: for the operator's eyes and for signed links."""
    row = look.connection.execute(_MESSAGE, {"message_id": message_id}).mappings().first()
    return _message(look, row) if row else None


def is_erased(look: Look, message_id: UUID) -> bool:
    """Whether this message was, and its buyer asked to be forgotten."""
    return look.connection.execute(_STATE, {"message_id": message_id}).scalar_one_or_none() == MessageState.ERASED


def find_messages_by_their_id(look: Look, message_id: str) -> tuple[Message, ...]:
    """The messages whose author's mail had this Message-ID."""
    rows = look.connection.execute(_BY_ANY_THEIR_ID, {"mark": mark_message_id(look.vault, message_id)}).mappings()
    return tuple(_message(look, row) for row in rows)


def mark_message_id(vault: Vault, message_id: str) -> bytes:
    """The keyed digest by which a Message-ID is found again."""
    return vault.mark("message id", message_id.encode("utf-8", "surrogatepass"))


def has_word_of_the_buyer(look: Look, seller_id: int, thread_id: UUID) -> bool:
    """R9: whether a buyer, not a robot, wrote in this thread."""
    return look.connection.execute(_BUYERS_WORD, {"seller_id": seller_id, "thread_id": thread_id}).first() is not None


def count_since(look: Look, seller_id: int, thread_id: UUID, since: datetime) -> int:
    """The messages of a thread that came since then, whoever wrote them."""
    keys = {"seller_id": seller_id, "thread_id": thread_id, "since": since}
    return look.connection.execute(_COUNT_SINCE, keys).scalar_one()


def list_held(look: Look, before: datetime) -> list[Message]:
    """The messages that came before then and are held, the oldest first."""
    return [_message(look, row) for row in look.connection.execute(_HELD, {"before": before}).mappings()]


def count_held(look: Look) -> int:
    """How many are held, up to as many as a list shows."""
    held = select(message.c.id).where(message.c.state == MessageState.HELD).limit(HELD_LISTED).subquery()
    number: int = look.connection.execute(select(func.count()).select_from(held)).scalar_one()
    return number


def held_row(one: Message, key: DataKey, released_at: datetime | None) -> Row:
    """The row that settles a held message as ``one`` says. ``commit_to_decision`` is what the journal says of it."""
    values = {
        "of_seller": one.seller_id,
        "of_message": one.id,
        "new_state": one.state,
        "new_reason": one.reason or None,
        "new_author_id": one.author_id,
        "new_automatic": one.automatic or None,
        "new_relayed_id": one.relayed_id,
        "new_released_at": released_at,
        "new_passed_by": one.passed_by or None,
        "new_sealed_subject": key.seal_text(one.subject, f"{_SUBJECT} {one.id}"),
        "new_sealed_text": key.seal_text(one.text, f"{_TEXT} {one.id}"),
    }
    return Row(Write.SETTLE_HELD, values)


def thread_row(opened: Thread, seller_id: int) -> Row:
    """The row of a new thread."""
    return Row(
        Write.ADD_THREAD,
        {
            "seller_id": seller_id,
            "id": opened.id,
            "relationship_id": opened.relationship_id,
            "order_id": opened.order_id,
            "opened_at": opened.opened_at,
        },
    )


def message_row(look: Look, one: Message, key: DataKey, seen_mark: bytes) -> Row:
    """The row of a new message: its text and names sealed with the relationship's key."""
    their_id = one.their_message_id
    values = {
        "seller_id": one.seller_id,
        "id": one.id,
        "relationship_id": one.relationship_id,
        "thread_id": one.thread_id,
        "order_id": one.order_id,
        "author": one.author,
        "author_id": one.author_id,
        "state": one.state,
        "reason": one.reason or None,
        "automatic": one.automatic or None,
        "passed_by": one.passed_by or None,
        "candidates": json.dumps([str(order_id) for order_id in one.candidates]) if one.candidates else None,
        "released_at": None,
        "received_at": one.received_at,
        "size": one.size,
        "seen_mark": seen_mark,
        "their_id_mark": mark_message_id(look.vault, their_id) if their_id else None,
        "sealed_their_id": key.seal_text(their_id, f"{_THEIR_ID} {one.id}") if their_id else None,
        "sealed_subject": key.seal_text(one.subject, f"{_SUBJECT} {one.id}"),
        "sealed_text": key.seal_text(one.text, f"{_TEXT} {one.id}"),
        "original_id": one.original_id,
        "relayed_id": one.relayed_id,
    }
    return Row(Write.ADD_MESSAGE, values)


def commit_to_message(values: Mapping[str, Any]) -> dict[str, Value]:
    """What the journal says of a message's row, where it tells of it: ``kept`` stands for the columns that never change,
    ``filed`` for those that are written anew when a held mail is released; the last entry with it counts.

    The text enters as it is stored, sealed, so the digest of it tells nothing once its key is gone.
    """
    return {"kept": _digest_columns(values, _KEPT), "filed": _digest_columns(values, _FILED)}


def commit_to_decision(row: Row) -> dict[str, Value]:
    """The same for the columns that a decision about a held message writes anew."""
    return {"filed": digest_values([(name, row.values[f"new_{name}"]) for name in _FILED])}


def state_row(seller_id: int, message_id: UUID, state: MessageState) -> Row:
    """The row that moves a message to another state."""
    return Row(Write.SET_MESSAGE_STATE, {"of_seller": seller_id, "of_message": message_id, "new_state": state})


def _digest_columns(values: Mapping[str, Any], columns: Iterable[str]) -> str:
    return digest_values([(name, values[name]) for name in columns])


def _thread(row: RowMapping) -> Thread:
    return Thread(row["id"], row["relationship_id"], row["order_id"], row["opened_at"])


def _pointer(row: RowMapping, key: DataKey) -> Pointer:
    sealed = row["sealed_their_id"]
    their_id = key.open_text(sealed, f"{_THEIR_ID} {row['id']}") if sealed else ""
    return Pointer(row["id"], row["thread_id"], Side(row["author"]), row["their_id_mark"], their_id)


def list_in_thread(look: Look, seller_id: int, thread_id: UUID, most: int) -> list[Message]:
    """The last messages of a thread of this seller, the oldest first."""
    keys = {"seller_id": seller_id, "thread_id": thread_id, "most": most}
    return [_message(look, row) for row in reversed(look.connection.execute(_IN_THREAD, keys).mappings().all())]


def find_thread_of(look: Look, seller_id: int, thread_id: UUID) -> Thread | None:
    """A thread of this seller; another's is none."""
    row = look.connection.execute(_THREAD_OF, {"seller_id": seller_id, "thread_id": thread_id}).mappings().first()
    return _thread(row) if row else None


def _message(look: Look, row: RowMapping) -> Message:
    if row["state"] == MessageState.ERASED:
        return open_message(row, None)
    return open_message(row, find_relationship_key(look, row["seller_id"], row["relationship_id"]))


def open_message(row: RowMapping | Mapping[str, Any], key: DataKey | None) -> Message:
    """The message in these columns. Of one that was erased there is nothing to open, and no key."""
    if row["state"] == MessageState.ERASED or key is None:
        return _named(row, "", "", "")
    sealed_id = row["sealed_their_id"]
    return _named(
        row,
        key.open_text(sealed_id, f"{_THEIR_ID} {row['id']}") if sealed_id else "",
        key.open_text(row["sealed_subject"], f"{_SUBJECT} {row['id']}"),
        key.open_text(row["sealed_text"], f"{_TEXT} {row['id']}"),
    )


def _named(row: RowMapping | Mapping[str, Any], their_message_id: str, subject: str, text: str) -> Message:
    return Message(
        id=row["id"],
        seller_id=row["seller_id"],
        relationship_id=row["relationship_id"],
        thread_id=row["thread_id"],
        order_id=row["order_id"],
        author=Side(row["author"]),
        state=MessageState(row["state"]),
        received_at=row["received_at"],
        size=row["size"],
        their_message_id=their_message_id,
        subject=subject,
        text=text,
        original_id=row["original_id"],
        relayed_id=row["relayed_id"],
        reason=row["reason"] or "",
        automatic=row["automatic"] or "",
        passed_by=row["passed_by"] or "",
        candidates=tuple(UUID(text) for text in json.loads(row["candidates"] or "[]")),
        author_id=row["author_id"],
    )
