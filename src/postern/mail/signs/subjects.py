"""What the beginning of a subject says of who wrote the mail.

A phrase counts only at the beginning, and only where something ends it (a colon, a bracket, the end): the subjects that people
write go on with words. After ``Re:`` it proves nothing, for people answer automatic mail; ``Fwd:`` is no such beginning at all.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from postern.mail.signs import phrases
from postern.mail.signs.sign import Sign, Weight
from postern.model.automatic import AutomaticKind

_SUBJECT_MAXIMUM = 300  # characters of the subject that are looked at
_OPENING = "[\\[(<{*\"'\u00ab\u201e\u201c\u201d\u2018\u3010\u300c\u300e\u300a\\s]*+"  # « „ “ ” and the corners of the East
_CLOSING = "\\s*[\\])>}*\"'\u00bb\u201c\u201d\u2019\u3011\u300d\u300f\u300b]"
_STOPPED = rf"{_CLOSING}|\s*(?:$|[:\[(\u3010|\u2013\u2014]|[.!]+(?:\s|$))|\s+-|\s+(?:re|aw|fwd?|wg|sv|vs|tr|rv|r)\s*:"
_STOPPED_BY_COLON = rf"{_CLOSING}|[!.]*\s*(?:$|:)"
_WORD_ENDS = r"(?!\w)"
_REPLY = re.compile(
    r"(?:(?:re|aw|antw(?:ort)?|sv|vs|rif|odp|ynt|res|r|ha|απ|回复|回覆|答复|答覆|回信|답장)(?:\[\d{1,3}\])?\s*:\s*)++"
)
_IS_AWAY = re.compile(r"[^\W\d_][\w .,'-]{1,60} is (?:currently )?out of (?:the )?office(?: *[(:.!].*| until .{1,30})?")  # Notes
_COMPLAINT = re.compile(r"complaint about message from (?=\S*[.:])[0-9a-f.:]+$")  # Outlook.com's
_REPORT_ON_DOMAIN = re.compile(r"report domain: *\S{1,253} +submitter: *\S")  # RFC 7489 7.2.1.1, RFC 8460 5.3


def signs_of_subject(subject: str) -> Iterator[Sign]:
    """What the subject says, most telling first."""
    folded = fold(subject[:_SUBJECT_MAXIMUM])
    answered = _REPLY.match(folded)
    rest = folded[answered.end() :] if answered else folded
    for one in _LISTS:
        if one.begins.match(rest):
            yield Sign(Weight.HINT if answered else one.weight, one.kind, f"the subject begins as {one.name} does")
    if _IS_AWAY.fullmatch(folded):
        yield Sign(Weight.CERTAIN, AutomaticKind.OUT_OF_OFFICE, "the subject says who is out of office")
    if _COMPLAINT.match(folded):
        yield Sign(Weight.CERTAIN, AutomaticKind.ABUSE_REPORT, "the subject is an abuse report's")
    if _REPORT_ON_DOMAIN.match(folded):
        yield Sign(Weight.CERTAIN, AutomaticKind.MACHINE, "the subject is a DMARC or TLS report's")


def fold(text: str) -> str:
    """The text without case, accents and invisible letters, full-width forms as plain ones: how subjects are compared."""
    spread = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(letter for letter in spread if unicodedata.category(letter) not in {"Mn", "Cf"})
    return " ".join(kept.replace("\u0131", "i").replace("\u2019", "'").split())


def _begins(spelled: Iterable[str], ends: str) -> re.Pattern[str]:
    """Matches what begins with one of these phrases, bracketed or not, where this follows."""
    longest_first = sorted({fold(phrase) for phrase in spelled}, key=len, reverse=True)
    return re.compile(f"{_OPENING}(?:{'|'.join(map(re.escape, longest_first))})(?:{ends})")


@dataclass(frozen=True, slots=True)
class _List:
    """Phrases with one meaning, and what a subject that begins with one of them proves."""

    begins: re.Pattern[str]
    kind: AutomaticKind
    name: str
    weight: Weight


_REPLIES, _ABSENCES = AutomaticKind.AUTO_REPLY, AutomaticKind.OUT_OF_OFFICE
_REPORTS, _RECEIPTS = AutomaticKind.DELIVERY_REPORT, AutomaticKind.RECEIPT
_LISTS = (
    _List(_begins(phrases.AUTOMATIC_REPLY, _STOPPED), _REPLIES, "an automatic reply", Weight.CERTAIN),
    _List(_begins(phrases.ABSENCE_NOTICE, _STOPPED), _ABSENCES, "a notice of absence", Weight.CERTAIN),
    _List(_begins(phrases.OUT_OF_OFFICE, _STOPPED_BY_COLON), _ABSENCES, "an out-of-office reply", Weight.CERTAIN),
    _List(_begins((*phrases.OUT_OF_OFFICE, *phrases.ABSENT), _WORD_ENDS), _ABSENCES, "a notice of absence", Weight.HINT),
    _List(_begins(phrases.ACKNOWLEDGED, _STOPPED), _REPLIES, "an acknowledgement", Weight.ACKNOWLEDGES),
    _List(_begins(phrases.BOUNCED, _WORD_ENDS), _REPORTS, "a delivery report", Weight.CERTAIN),
    _List(_begins(phrases.UNDELIVERABLE, _STOPPED), _REPORTS, "a delivery report", Weight.TOPIC),
    _List(_begins(phrases.READ, _STOPPED), _RECEIPTS, "a read receipt", Weight.HINT),
)
