"""What the shape of a mail says: its media type, reports among its parts, and the path and the author that only machines have."""

import re
from collections.abc import Iterator

from postern.mail.letter import Attachment, Mailbox, Reading
from postern.mail.reading.parameters import read_parameters
from postern.mail.signs.sign import Sign, Weight
from postern.mail.signs.subjects import fold
from postern.model.automatic import AutomaticKind
from postern.model.envelope import Envelope

FIELDS = frozenset({"content-type"})

_PARAMETERS_MAXIMUM = 20  # that are read of a Content-Type
_CALENDAR_MAXIMUM = 5_000  # octets of a calendar in which its method must stand (RFC 5545 3.4: before the first component)
_NAME_MAXIMUM = 100  # characters of an author's name that are looked at

_REPORT_TYPES = {  # RFC 6522 3
    "delivery-status": AutomaticKind.DELIVERY_REPORT,
    "disposition-notification": AutomaticKind.RECEIPT,
    "feedback-report": AutomaticKind.ABUSE_REPORT,
}
_REPORT_PARTS = {
    "message/delivery-status": AutomaticKind.DELIVERY_REPORT,
    "message/global-delivery-status": AutomaticKind.DELIVERY_REPORT,  # RFC 6533
    "message/disposition-notification": AutomaticKind.RECEIPT,
    "message/global-disposition-notification": AutomaticKind.RECEIPT,
    "message/feedback-report": AutomaticKind.ABUSE_REPORT,
}
_CALENDAR = ("text/calendar", "application/ics")
_METHOD_REPLY = re.compile(rb"^METHOD:[ \t]*REPLY[ \t]*\r?$", re.MULTILINE | re.IGNORECASE)

_DAEMON = re.compile(r"mail(?:er)?[-_.]?daemon(?:$|[-+_.])", re.IGNORECASE)
_POSTMASTER = re.compile(r"(?:postmaster|mail-?delivery|double-bounce|bounces?)$", re.IGNORECASE)
_NO_REPLY = re.compile(
    r"(?:no|do[-_.]?not|dont|never)[-_.]?(?:reply|respond|answer)|nao[-_.]?responda|no[-_.]?responder?|ne[-_.]?pas[-_.]?repondre"
    r"|nicht[-_.]?antworten|keine[-_.]?antwort|non[-_.]?rispondere|niet[-_.]?beantwoorden|ikke[-_.]?svar|svara[-_.]?inte",
    re.IGNORECASE,
)
_SERVER_NAMES = re.compile(
    r"(?:internet )?(?:e-?)?mail delivery (?:sub)?system|(?:internet )?mail delivery(?: service)?$|mail system$|mail router$"
    r"|mailer[- ]daemon|system administrator$|postmaster$|mail administrator$|systemadministrator$"
)


def signs_of_shape(reading: Reading, envelope: Envelope) -> Iterator[Sign]:
    """The envelope, then the media type, the parts and the authors."""
    path = envelope.reverse_path.strip()
    if not path.strip("<> "):
        yield Sign(Weight.CERTAIN, AutomaticKind.MACHINE, "the reverse path is empty")  # RFC 5321 6.1, RFC 3834 4
    elif _DAEMON.match(path.strip("<")):
        yield Sign(Weight.CERTAIN, AutomaticKind.DELIVERY_REPORT, "the reverse path is a mailer-daemon's")
    for value in reading.headers.get("content-type", ()):
        yield from _signs_of_media_type(value)
    for attachment in reading.letter.attachments:
        yield from _signs_of_part(attachment)
    for author in reading.authors:
        yield from _signs_of_author(author)


def _signs_of_media_type(value: str) -> Iterator[Sign]:
    kind = read_parameters(value, _PARAMETERS_MAXIMUM)
    if kind.value == "multipart/report":
        report_type = kind.parameters.get("report-type", "").strip().lower()
        name = report_type if report_type in _REPORT_TYPES else "another report type"
        yield Sign(Weight.CERTAIN, _REPORT_TYPES.get(report_type, AutomaticKind.MACHINE), f"multipart/report: {name}")
    elif kind.value in _REPORT_PARTS:
        yield Sign(Weight.CERTAIN, _REPORT_PARTS[kind.value], kind.value)
    elif kind.value in _CALENDAR and kind.parameters.get("method", "").strip().lower() == "reply":
        yield Sign(Weight.CERTAIN, AutomaticKind.CALENDAR_ANSWER, "a calendar's METHOD:REPLY")


def _signs_of_part(attachment: Attachment) -> Iterator[Sign]:
    """A report among the parts may have been passed on by a person; the answer of a calendar is never."""
    if attachment.media_type in _REPORT_PARTS:
        yield Sign(Weight.ENCLOSED, _REPORT_PARTS[attachment.media_type], f"a part is {attachment.media_type}")
    elif attachment.media_type == "text/rfc822-headers":
        yield Sign(Weight.HINT, AutomaticKind.DELIVERY_REPORT, "a part is text/rfc822-headers")
    elif attachment.media_type in _CALENDAR and _METHOD_REPLY.search(attachment.content[:_CALENDAR_MAXIMUM]):
        yield Sign(Weight.CERTAIN, AutomaticKind.CALENDAR_ANSWER, "a calendar's METHOD:REPLY")


def _signs_of_author(author: Mailbox) -> Iterator[Sign]:
    local_part = author.address.local_part if author.address else ""
    if _DAEMON.match(local_part):
        yield Sign(Weight.CERTAIN, AutomaticKind.DELIVERY_REPORT, "From is a mailer-daemon's")
    elif _POSTMASTER.match(local_part):
        yield Sign(Weight.SERVER, AutomaticKind.DELIVERY_REPORT, "From is a postmaster's")
    elif _SERVER_NAMES.match(fold(author.display_name[:_NAME_MAXIMUM])):
        yield Sign(Weight.SERVER, AutomaticKind.DELIVERY_REPORT, "From has a mail server's name")
    elif _NO_REPLY.match(local_part):
        yield Sign(Weight.NO_REPLY, AutomaticKind.MACHINE, "From asks not to be answered")
