"""Report message: a reader says that a message of the other side is abuse (R27).

Each side reports a message of the other once. The message stays where it is and the other side is not told; what the reporter
wrote is sealed, and the journal holds the reason alone.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from postern.actions.frame import Frame
from postern.errors import NotFoundError
from postern.mail.characters import clean
from postern.mail.tokens import LinkTarget
from postern.model.identifier import show
from postern.model.journal import Value
from postern.model.remark import AlreadyDone, Done, Door, Remark
from postern.model.report import ReportReason
from postern.model.thread import Message
from postern.storage.change import Change, Kept, Row
from postern.storage.journal import journal_row
from postern.storage.relationships import find_relationship_key
from postern.storage.remarks import not_remarked, report_row, seal_report
from postern.storage.store import Look, Store
from postern.storage.threads import find_message


@dataclass(frozen=True, slots=True)
class Report:
    """What the reporter says. ``text`` may be empty, but for the reason "other"."""

    reason: ReportReason
    text: str = field(repr=False)


class Lack(StrEnum):
    """What a report needs before it can be kept."""

    REASON = "reason"
    TEXT = "text"
    SHORTER_TEXT = "shorter text"


def report_message(
    store: Store, frame: Frame, target: LinkTarget, report: Report, door: Door, now: datetime
) -> Done | AlreadyDone | Lack:
    """Write it down, once. Raises NotFoundError, and StoreError: then trying again may help and does no harm."""
    text = clean(report.text).strip()
    if lack := _lack(report.reason, text, frame.limits.report_text):
        return lack
    with store.look() as look:
        message = find_reportable(look, target)
        key = find_relationship_key(look, message.seller_id, message.relationship_id)
        sealed = seal_report(key, message, target.side, text)
    row = report_row(message, target.side, report.reason, sealed, door=door, made_at=now)
    rows = (row, _entry(message, target, report.reason, door, now))
    change = Change(message.seller_id, rows, (not_remarked(Remark.REPORT, message, target.side),))
    return Done() if isinstance(store.keep(change).result(), Kept) else AlreadyDone()


def find_reportable(look: Look, target: LinkTarget) -> Message:
    """The message, if the other side wrote it. Raises NotFoundError."""
    message = find_message(look, target.message_id)
    if message is None or message.author is target.side:
        raise NotFoundError("no such message")
    return message


def _lack(reason: ReportReason, text: str, maximum: int) -> Lack | None:
    if len(text) > maximum:
        return Lack.SHORTER_TEXT
    return Lack.TEXT if reason is ReportReason.OTHER and not text else None


def _entry(message: Message, target: LinkTarget, reason: ReportReason, door: Door, now: datetime) -> Row:
    values: dict[str, Value] = {
        "side": target.side,
        "reason": reason,
        "door": door,
        "thread": show("thr", message.thread_id),
    }
    return journal_row(
        "message-reported",
        now,
        values,
        seller_id=message.seller_id,
        relationship_id=message.relationship_id,
        message_id=message.id,
    )
