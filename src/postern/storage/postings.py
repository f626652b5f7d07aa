"""The shelf of what was written on a page, by a program or by a command: by which contact reason, and whose words are whose."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, bindparam, func, select

from postern.model.posting import KeptPosting, Passus, Supplied, Words
from postern.model.remark import Door
from postern.model.thread import MessageState
from postern.storage.change import Row, Write
from postern.storage.schema import message, posting
from postern.storage.store import Look
from postern.storage.vault import DataKey

_WORDS = "posting"
_NEVER_LEFT = (MessageState.REFUSED, MessageState.EXPIRED, MessageState.DROPPED, MessageState.BLOCKED)
_ONE = select(posting).where(posting.c.seller_id == bindparam("seller_id"), posting.c.message_id == bindparam("message_id"))
_OF_ORDER = posting.c.seller_id == bindparam("seller_id"), posting.c.order_id == bindparam("order_id")
_USED = (
    select(posting.c.reason, func.count())
    .join(message, (message.c.seller_id == posting.c.seller_id) & (message.c.id == posting.c.message_id))
    .where(*_OF_ORDER, posting.c.reason.is_not(None), message.c.state.not_in(_NEVER_LEFT))
    .group_by(posting.c.reason)
)
_LAST_NUMBER = select(func.max(posting.c.number)).where(*_OF_ORDER, posting.c.reason == bindparam("reason"))


def find_posting(look: Look, seller_id: int, message_id: UUID, key: DataKey) -> KeptPosting | None:
    """How this message came, if it did not come by mail."""
    row = look.connection.execute(_ONE, {"seller_id": seller_id, "message_id": message_id}).mappings().first()
    return _posting(row, key) if row else None


def count_used(look: Look, seller_id: int, order_id: UUID) -> dict[str, int]:
    """How often each contact reason was used about this order; what never left does not count."""
    rows = look.connection.execute(_USED, {"seller_id": seller_id, "order_id": order_id}).all()
    return {str(row[0]): int(row[1]) for row in rows}


def next_number(look: Look, seller_id: int, order_id: UUID, reason: str) -> int:
    """The number of the next message by this reason about this order: each is given once."""
    keys = {"seller_id": seller_id, "order_id": order_id, "reason": reason}
    return (look.connection.execute(_LAST_NUMBER, keys).scalar() or 0) + 1


def posting_row(one: KeptPosting, number: int | None, key: DataKey) -> Row:
    """The row of a new one, its words sealed with the relationship's key."""
    values = {
        "seller_id": one.seller_id,
        "message_id": one.message_id,
        "door": one.door,
        "reason": one.reason or None,
        "order_id": one.order_id,
        "number": number,
        "content_mark": one.content_mark,
        "sealed_words": key.seal_text(json.dumps(asdict(one.words), ensure_ascii=False), f"{_WORDS} {one.message_id}"),
    }
    return Row(Write.ADD_POSTING, values)


def _posting(row: RowMapping, key: DataKey) -> KeptPosting:
    words = json.loads(key.open_text(row["sealed_words"], f"{_WORDS} {row['message_id']}")) if row["sealed_words"] else {}
    return KeptPosting(
        seller_id=row["seller_id"],
        message_id=row["message_id"],
        door=Door(row["door"]),
        reason=row["reason"] or "",
        order_id=row["order_id"],
        content_mark=bytes(row["content_mark"]),
        words=Words(words.get("typed", {}), _supplied(words.get("for_reader")), _supplied(words.get("for_author"))),
    )


def _supplied(told: Mapping[str, Any] | None) -> Supplied | None:
    if told is None:
        return None
    return Supplied(told["language"], told["subject"], tuple(Passus(**one) for one in told["paragraphs"]))
