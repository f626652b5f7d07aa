"""Failure reports of our own, for programs: the parts of a bounce that say which mail failed, for whom and why (RFC 3464, 6522).

They go to the mail's author and hold nothing that the author did not write or see: the alias, never the address behind it, nor
the host that took or refused the mail; of the original four header fields, never its body. SMTP takes no ENVID, ORCPT or NOTIFY
here (RFC 3461), so there is none to say back.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from postern.mail import header_lines, threading
from postern.mail.writer import Boundaries, Entity, multipart

_KIND = "report; report-type=delivery-status"  # without quotation marks: many programs look for these very letters
_PERMANENT = re.compile(r"5\.[0-9]{1,3}\.[0-9]{1,3}")  # RFC 3463 2
_NOT_ALLOWED = "5.7.1"
_DATE = re.compile(r"[A-Za-z0-9,:+() -]{1,80}")  # RFC 5322 3.3, and what old programs write
_DIAGNOSTIC_MAXIMUM = 500  # characters


@dataclass(frozen=True, slots=True)
class Original:
    """The mail that a notice is about, as its author knows it. ``message_id`` and ``date`` are what the author's own program
    wrote; empty where it wrote none.
    """

    alias: str  # to which it was written
    received_at: datetime
    subject: str = field(default="", repr=False)
    message_id: str = field(default="", repr=False)
    date: str = field(default="", repr=False)
    order_id: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why it failed, in numbers and in English. ``code`` is the SMTP reply, which is left out if it is no refusal: a blocked mail
    is answered 250. ``sentence`` holds no real address and no host.
    """

    code: int
    status: str  # RFC 3463
    sentence: str = field(repr=False)
    last_attempt_at: datetime | None = None


def report(human: Entity, hostname: str, original: Original, failure: Failure, boundaries: Boundaries) -> Entity:
    """The whole report: for people, for programs, and which mail it was (RFC 6522 3)."""
    parts = (human, _status_part(hostname, original, failure), _header_part(original))
    return multipart(_KIND, parts, boundaries)


def _status_part(hostname: str, original: Original, failure: Failure) -> Entity:
    """About the mail, then about its one recipient (RFC 3464 2.2, 2.3)."""
    about_mail = (
        header_lines.plain("Reporting-MTA", f"dns; {hostname}"),
        header_lines.date("Arrival-Date", original.received_at),
    )
    about_recipient = (
        header_lines.plain("Final-Recipient", f"rfc822; {original.alias}"),
        b"Action: failed\r\n",
        header_lines.plain("Status", _status(failure)),
        header_lines.plain("Diagnostic-Code", _diagnostic(failure)),
    )
    attempted = (header_lines.date("Last-Attempt-Date", failure.last_attempt_at),) if failure.last_attempt_at else ()
    return _entity("message/delivery-status", b"".join((*about_mail, b"\r\n", *about_recipient, *attempted)))


def _status(failure: Failure) -> str:
    """RFC 3464 2.3.4: a failure is permanent, whatever the mail was answered in the session. What was taken there and did not
    pass later was not allowed to.
    """
    return failure.status if _PERMANENT.fullmatch(failure.status) else _NOT_ALLOWED


def _diagnostic(failure: Failure) -> str:
    """RFC 3464 2.3.6: an SMTP reply, where there was one. The status of a mail put off for too long is no part of it."""
    sentence = failure.sentence[:_DIAGNOSTIC_MAXIMUM]
    match failure.code // 100:
        case 5:
            return f"smtp; {failure.code} {_status(failure)} {sentence}"
        case 4:
            return f"smtp; {failure.code} {sentence}"
        case _:
            return f"x-postern; {sentence}"


def _header_part(original: Original) -> Entity:
    return _entity("text/rfc822-headers", b"".join(_fields_of(original)))


def _fields_of(original: Original) -> Iterator[bytes]:
    """What shows the author's program which mail it was. To is the alias alone, for others may have been beside it."""
    yield header_lines.plain("To", original.alias)
    yield header_lines.unstructured("Subject", original.subject)
    if _DATE.fullmatch(original.date):
        yield header_lines.plain("Date", original.date)
    if message_id := threading.first_id([original.message_id]):
        yield header_lines.identifiers("Message-ID", [message_id])


def _entity(media_type: str, body: bytes) -> Entity:
    """Seven-bit by nature (RFC 3464 2.1). The last line end belongs to the boundary (RFC 2046 5.1.1), so there is one more."""
    return Entity(header_lines.parameterised("Content-Type", media_type, ()), body + b"\r\n")
