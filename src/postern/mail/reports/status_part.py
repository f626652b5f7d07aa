"""The part of a report that is written for programs (RFC 3464 2): what became of the mail, for each recipient.

Read by its fields alone, wherever they stand: folded, in any order, without the empty lines between recipients, under names that
only nearly are those of the standard. Nothing of it raises, and nothing of it but trade words comes out.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from postern.mail.reports.causes import status_in
from postern.model.enhanced_status import known_status, says_nothing
from postern.model.failure_report import FailureReport, ReportKind
from postern.model.limits import Limits

MEDIA_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})  # RFC 3464 2.1, RFC 6533 3
FORM = "a status part"

_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]{0,60})[ \t]*:(.*)")
_WORD = re.compile(r"[a-z]+")
_STATUS = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}")
_OF_RECIPIENT = frozenset({"original-recipient", "final-recipient", "action", "status", "diagnostic-code"})
_ACTIONS = {  # RFC 3464 2.3.3, and what some write in its place
    **dict.fromkeys(("failed", "failure", "fail", "undeliverable", "bounced", "rejected"), ReportKind.FAILED),
    **dict.fromkeys(("delayed", "delay", "deferred"), ReportKind.DELAYED),
    **dict.fromkeys(("delivered", "relayed", "expanded", "success", "deliverable"), ReportKind.DELIVERED),
}
_BY_CLASS = {"5": ReportKind.FAILED, "4": ReportKind.DELAYED, "2": ReportKind.DELIVERED}
_CLASS_OF = {ReportKind.FAILED: "5", ReportKind.DELAYED: "4"}
_VALUE_MAXIMUM = 2_000  # characters of one field


@dataclass(frozen=True, slots=True)
class _Recipient:
    """What is said of one recipient."""

    kind: ReportKind
    status: str


def read_status(contents: Iterable[str], limits: Limits) -> FailureReport | None:
    """What these parts say together; None where nothing is said of any recipient."""
    groups = (group for content in contents for group in _groups(content[: limits.bounce_text]))
    told = [one for group in islice(groups, limits.bounce_recipients) if (one := _recipient(group))]
    return _together(told) if told else None


def _together(told: list[_Recipient]) -> FailureReport:
    """A mail of ours has one recipient, so the others are whom it was passed on to. Who got it speaks for all; of several
    failures the mildest counts.
    """
    for kind in (ReportKind.DELIVERED, ReportKind.FAILED, ReportKind.DELAYED):
        chosen = [FailureReport(kind, one.status, FORM) for one in told if one.kind is kind]
        if chosen:
            return next((one for one in chosen if not one.hard), chosen[0])
    raise AssertionError("every recipient has one of these")


def _groups(content: str) -> Iterator[dict[str, str]]:
    """The fields of one recipient after the other: a name that comes again, or an empty line, begins the next."""
    group: dict[str, str] = {}
    name = ""
    for line in content.splitlines():
        if not line.strip():
            yield group
            group, name = {}, ""
        elif line[0] in " \t" and name:
            group[name] = f"{group[name]} {line.strip()}".strip()[:_VALUE_MAXIMUM]
        elif field := _FIELD.fullmatch(line):
            name = field[1].lower()
            if name in group and name in _OF_RECIPIENT:
                yield group
                group = {}
            group.setdefault(name, field[2].strip())
        else:
            name = ""
    yield group


def _recipient(fields: dict[str, str]) -> _Recipient | None:
    action = _WORD.match(fields.get("action", "").lower())
    said = _STATUS.match(fields.get("status", ""))
    status = known_status(said[0]) if said else ""
    kind = _ACTIONS.get(action[0]) if action else None
    kind = kind or _BY_CLASS.get(status[:1])
    if kind is None:
        return None
    if kind is ReportKind.DELIVERED:
        return _Recipient(kind, "2.0.0")
    if status.startswith("2"):
        status = ""
    if says_nothing(status):
        words = " ".join(fields.get("diagnostic-code", "").split()).casefold()
        status = status_in(words, _CLASS_OF[kind]) or status or f"{_CLASS_OF[kind]}.0.0"
    return _Recipient(kind, status)
