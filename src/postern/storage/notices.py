"""The shelf of notices: the marketplace's own mails about messages (R30)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, bindparam, select

from postern.model.notice import NoticeKind, NoticeState
from postern.model.relationship import Side
from postern.storage.change import Row, Write
from postern.storage.schema import notice
from postern.storage.store import Look

_ABOUT = (
    select(notice)
    .where(notice.c.seller_id == bindparam("seller_id"), notice.c.about_id == bindparam("about_id"))
    .order_by(notice.c.made_at, notice.c.id)
)
_TOLD = (
    select(notice.c.id)
    .where(
        notice.c.seller_id == bindparam("seller_id"),
        notice.c.thread_id == bindparam("thread_id"),
        notice.c.side == bindparam("side"),
        notice.c.kind == bindparam("kind"),
    )
    .limit(1)
)


_TOLD_SINCE = (
    select(notice.c.id)
    .where(
        notice.c.seller_id == bindparam("seller_id"),
        notice.c.kind == bindparam("kind"),
        notice.c.made_at > bindparam("since"),
    )
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class KeptNotice:
    """One notice, as the record has it. ``side`` is who is told."""

    id: UUID
    seller_id: int
    kind: NoticeKind
    about_id: UUID
    thread_id: UUID
    side: Side
    person_id: UUID
    document_id: UUID
    state: NoticeState
    made_at: datetime


def list_notices_about(look: Look, seller_id: int, message_id: UUID) -> list[KeptNotice]:
    """The notices about one message, oldest first."""
    rows = look.connection.execute(_ABOUT, {"seller_id": seller_id, "about_id": message_id}).mappings()
    return [_notice(row) for row in rows]


def is_told(look: Look, seller_id: int, thread_id: UUID, side: Side, kind: NoticeKind) -> bool:
    """Whether this side had such a notice in this thread already."""
    keys = {"seller_id": seller_id, "thread_id": thread_id, "side": side, "kind": kind}
    return look.connection.execute(_TOLD, keys).first() is not None


def is_told_since(look: Look, seller_id: int, kind: NoticeKind, since: datetime) -> bool:
    """Whether the seller had such a notice since then, about whatever."""
    keys = {"seller_id": seller_id, "kind": kind, "since": since}
    return look.connection.execute(_TOLD_SINCE, keys).first() is not None


def notice_row(one: KeptNotice) -> Row:
    """The row of a new notice."""
    values = {
        "seller_id": one.seller_id,
        "id": one.id,
        "kind": one.kind,
        "about_id": one.about_id,
        "thread_id": one.thread_id,
        "side": one.side,
        "person_id": one.person_id,
        "document_id": one.document_id,
        "state": one.state,
        "made_at": one.made_at,
    }
    return Row(Write.ADD_NOTICE, values)


def notice_state_row(seller_id: int, notice_id: UUID, state: NoticeState) -> Row:
    """The row that moves a notice to another state."""
    return Row(Write.SET_NOTICE_STATE, {"of_seller": seller_id, "of_notice": notice_id, "new_state": state})


def _notice(row: RowMapping) -> KeptNotice:
    return KeptNotice(
        id=row["id"],
        seller_id=row["seller_id"],
        kind=NoticeKind(row["kind"]),
        about_id=row["about_id"],
        thread_id=row["thread_id"],
        side=Side(row["side"]),
        person_id=row["person_id"],
        document_id=row["document_id"],
        state=NoticeState(row["state"]),
        made_at=row["made_at"],
    )
