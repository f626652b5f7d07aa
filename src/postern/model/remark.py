"""What a reader says about a message without answering it: that it needs no response (R18), or that it is abuse (R27)."""

from dataclasses import dataclass
from enum import StrEnum


class Remark(StrEnum):
    """The two kinds. Each side makes each of them once for a message; the values are the names of their tables."""

    EXEMPTION = "exemption"
    REPORT = "report"


class Door(StrEnum):
    """Where it was made or written, if not by mail."""

    MAIL_LINK = "mail-link"
    PAGE = "page"
    API = "api"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Done:
    """It is in the record from now on."""


@dataclass(frozen=True, slots=True)
class AlreadyDone:
    """It was in the record before; nothing changed."""
