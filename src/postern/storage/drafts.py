"""The shelf of drafts: an answer that somebody began in a thread, sealed with the pair's key."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, insert, select

from postern.storage.schema import draft
from postern.storage.store import Look
from postern.storage.vault import DataKey

_TEXT = "draft"
_IS_DRAFT = (
    draft.c.seller_id == bindparam("seller_id"),
    draft.c.thread_id == bindparam("thread_id"),
    draft.c.person_id == bindparam("person_id"),
)
_DRAFT = select(draft.c.sealed_text).where(*_IS_DRAFT)
_DELETE = delete(draft).where(*_IS_DRAFT)


def find_draft(look: Look, key: DataKey, seller_id: int, thread_id: UUID, person_id: UUID) -> str:
    """What this person began here; empty where that is nothing."""
    names = {"seller_id": seller_id, "thread_id": thread_id, "person_id": person_id}
    sealed = look.connection.execute(_DRAFT, names).scalar_one_or_none()
    return key.open_text(sealed, f"{_TEXT} {thread_id}") if sealed else ""


def set_draft(  # noqa: PLR0913, PLR0917 - whose, where, what, when
    connection: Connection, key: DataKey, seller_id: int, thread_id: UUID, person_id: UUID, text: str, now: datetime
) -> None:
    """Remember what was typed until now; nothing, where the box is empty."""
    names = {"seller_id": seller_id, "thread_id": thread_id, "person_id": person_id}
    connection.execute(_DELETE, names)
    if text.strip():
        sealed = key.seal_text(text, f"{_TEXT} {thread_id}")
        connection.execute(insert(draft), names | {"sealed_text": sealed, "saved_at": now})
