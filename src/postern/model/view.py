"""The views of the Messages page (R17), and where a page of one goes on."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from postern.model.journal import EPOCH, microseconds


class View(StrEnum):
    """What a seller looks through; the values stand in URLs."""

    RESPONSE_NEEDED = "response-needed"
    DUE_SOON = "due-soon"
    OVERDUE = "overdue"
    WAITING = "waiting"
    SENT = "sent"  # R15
    NOT_DELIVERED = "not-delivered"
    REPORTED = "reported"
    DRAFTS = "drafts"
    ALL = "all"

    @property
    def is_by_due_time(self) -> bool:
        """These begin with what is due first, all others with what is newest."""
        return self in (View.RESPONSE_NEEDED, View.DUE_SOON, View.OVERDUE)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of a page."""

    moment: datetime
    id: UUID

    def spell(self) -> str:
        """For a URL."""
        return f"{microseconds(self.moment)}.{self.id.hex}"

    @classmethod
    def read(cls, text: str) -> "Cursor | None":
        """What ``spell`` wrote; None for anything else, which begins at the beginning."""
        number, dot, name = text.partition(".")
        try:
            moment, last = EPOCH + timedelta(microseconds=int(number)), UUID(hex=name)
        except (ValueError, OverflowError):
            return None
        return cls(moment, last) if dot else None
