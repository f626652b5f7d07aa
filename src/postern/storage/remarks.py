"""The shelf of what readers said about messages: exemptions and reports, each once for a message and side."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Select, bindparam, select

from postern.model.relationship import Side
from postern.model.remark import Door, Remark
from postern.model.report import ReportReason
from postern.model.thread import Message
from postern.storage.change import NotMarked, Row, Write
from postern.storage.schema import exemption, report
from postern.storage.store import Look
from postern.storage.vault import DataKey

_REPORT_TEXT = "report"

_MADE: Mapping[Remark, Select[tuple[str]]] = {
    remark: select(table.c.side).where(
        table.c.seller_id == bindparam("seller_id"),
        table.c.message_id == bindparam("message_id"),
        table.c.side == bindparam("side"),
    )
    for remark, table in ((Remark.EXEMPTION, exemption), (Remark.REPORT, report))
}


def is_remarked(look: Look, remark: Remark, message: Message, side: Side) -> bool:
    """Whether this side has said this of the message already."""
    names = {"seller_id": message.seller_id, "message_id": message.id, "side": side}
    return look.connection.execute(_MADE[remark], names).first() is not None


def not_remarked(remark: Remark, message: Message, side: Side) -> NotMarked:
    """The guard that lets the second of two at once find out that it is the second."""
    return NotMarked(remark, message.id, side)


def exemption_row(message: Message, side: Side, door: Door, made_at: datetime) -> Row:
    """The row of "no response needed"."""
    return Row(Write.ADD_EXEMPTION, _made(message, side, door, made_at))


def undone_exemption_row(message: Message) -> Row:
    """The row that takes "no response needed" back."""
    return Row(Write.REMOVE_EXEMPTION, {"of_seller": message.seller_id, "of_message": message.id})


def report_row(message: Message, side: Side, reason: ReportReason, sealed_text: bytes, *, door: Door, made_at: datetime) -> Row:
    """The row of a report; its text was sealed by ``seal_report``."""
    return Row(Write.ADD_REPORT, {**_made(message, side, door, made_at), "reason": reason, "sealed_text": sealed_text})


def seal_report(key: DataKey, message: Message, side: Side, text: str) -> bytes:
    """The reporter's words under the pair's key: unreadable once the pair is erased, and as no other report's words."""
    return key.seal_text(text, f"{_REPORT_TEXT} {message.id} {side}")


def open_report(key: DataKey, message: Message, side: Side, sealed: bytes) -> str:
    """The words that ``seal_report`` sealed."""
    return key.open_text(sealed, f"{_REPORT_TEXT} {message.id} {side}")


def _made(message: Message, side: Side, door: Door, made_at: datetime) -> dict[str, object]:
    return {"seller_id": message.seller_id, "message_id": message.id, "side": side, "door": door, "made_at": made_at}
