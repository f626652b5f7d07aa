"""Mail that no person wrote: what kind it is, and by what it was recognised."""

from dataclasses import dataclass
from enum import StrEnum


class AutomaticKind(StrEnum):
    """The kinds, the most telling first: a mail that could be called two of them is called the first."""

    OWN = "own"  # we wrote it, and it came back
    ABUSE_REPORT = "abuse_report"  # RFC 5965
    RECEIPT = "receipt"  # RFC 8098: it was displayed, or deleted
    CALENDAR_ANSWER = "calendar_answer"  # RFC 5546 3.2.3
    DELIVERY_REPORT = "delivery_report"  # RFC 3464, and what hosts send in its place
    OUT_OF_OFFICE = "out_of_office"
    AUTO_REPLY = "auto_reply"
    MAILING_LIST = "mailing_list"
    BULK = "bulk"
    MACHINE = "machine"  # any other program


@dataclass(frozen=True, slots=True)
class Automatic:
    """``sign`` is a short English phrase, made of our own words alone: it may stand in a record and in a log."""

    kind: AutomaticKind
    sign: str
