"""What a mail at one of our return paths says about ours: that it failed, waits, or arrived; or that it is no report at all.

The part for programs decides where there is one, in whatever it is wrapped (RFC 3464, 6522, 6533); else the sentences by which
mail servers are known; else, where it comes from a mail server by all signs, a refusal that it quotes. Whatever else comes there,
a notice of absence, a question whether we are people, a person's answer, is no report: of two mistakes the graver is to tell
somebody that a mail failed which arrived. It never raises, looks at a bounded piece of each text, and repeats no word of it.
"""

import re
from html import unescape

from postern.mail.automatic import recognise
from postern.mail.letter import Attachment, Reading
from postern.mail.reading.charsets import by_evidence
from postern.mail.reports.causes import holds_refusal, status_in
from postern.mail.reports.programs import FAILED_SUBJECTS, FORMS
from postern.mail.reports.status_part import MEDIA_TYPES, read_status
from postern.model.automatic import AutomaticKind
from postern.model.envelope import Envelope
from postern.model.failure_report import FailureReport, ReportKind
from postern.model.limits import Limits

_TAG = re.compile(r"<[^<>]*+>?")
_FLATTENED = re.compile(r"^[ \t>]*(?:Final|Original)-Recipient[ \t]*:", re.IGNORECASE | re.MULTILINE)
_SENT_BACK = re.compile(  # from here on it is our own mail
    r"^[ \t>|*]*+(?:"
    r"[-=_*]{2,}+[^\n]{0,60}?(?:copy of (?:the|your) message|original message|unsent message|returned m(?:ail|essage)"
    r"|undelivered message|message header|original header|message text follows|ursprüngliche nachricht|message d'origine)"
    r"|(?:original|returned) message (?:headers?|follows|attached)|ursprüngliche nachrichtenköpfe"
    r"|(?:received|return-path|dkim-signature|message-id):[ \t])",
    re.IGNORECASE | re.MULTILINE,
)
_QUOTED = re.compile(r"^[ \t]*>[^\n]*", re.MULTILINE)
_BY_FIELD = "x-failed-recipients"  # Exim's and Gmail's
_NO_SERVERS = frozenset(  # they may quote what our mail said, and say nothing of its way
    {
        AutomaticKind.RECEIPT,
        AutomaticKind.CALENDAR_ANSWER,
        AutomaticKind.OUT_OF_OFFICE,
        AutomaticKind.AUTO_REPLY,
        AutomaticKind.MAILING_LIST,
    }
)


def read_report(reading: Reading, envelope: Envelope, limits: Limits) -> FailureReport:
    """What this mail, which came to a return path of ours, says."""
    automatic = recognise(reading, envelope)
    kind = automatic.kind if automatic else None
    if kind is AutomaticKind.ABUSE_REPORT:
        return FailureReport(ReportKind.COMPLAINT, form="a feedback report")
    if kind is AutomaticKind.OWN:
        return FailureReport(ReportKind.OTHER, form="a mail of ours")
    parts = [by_evidence(one.content[: limits.bounce_text]) for one in _status_parts(reading)]
    words = _words_of(reading, limits)
    found = read_status(parts, limits) or _flattened(words, limits)
    return found or _by_words(reading, words, kind)


def _status_parts(reading: Reading) -> list[Attachment]:
    return [one for one in reading.letter.attachments if one.media_type in MEDIA_TYPES]


def _words_of(reading: Reading, limits: Limits) -> str:
    """What is said to people, less the mail that is sent back with it."""
    letter = reading.letter
    text = (letter.text or "")[: limits.bounce_text]
    if not text.strip():
        text = unescape(_TAG.sub("\n", (letter.html or "")[: limits.bounce_text]))
    sent_back = _SENT_BACK.search(text)
    return text[: sent_back.start()] if sent_back else text


def _flattened(words: str, limits: Limits) -> FailureReport | None:
    """A gateway took the parts apart: the fields for programs stand in the text."""
    begins = _FLATTENED.search(words)
    return read_status([words[begins.start() :]], limits) if begins else None


def _by_words(reading: Reading, words: str, kind: AutomaticKind | None) -> FailureReport:
    if kind in _NO_SERVERS:
        return FailureReport(ReportKind.OTHER, form="an automatic reply")
    subject, folded = _fold(reading.letter.subject), _fold(_QUOTED.sub("", words))
    form = next((form for form in FORMS if form.fits(subject, folded)), None)
    if form:
        return _told(form.kind, folded, form.name)
    if _BY_FIELD in reading.headers:
        return _told(ReportKind.FAILED, folded, "X-Failed-Recipients")
    if kind is AutomaticKind.DELIVERY_REPORT and (subject.startswith(FAILED_SUBJECTS) or holds_refusal(folded)):
        return _told(ReportKind.FAILED, folded, "a mail server's words")
    return FailureReport(ReportKind.OTHER, form="no report")


def _told(kind: ReportKind, folded: str, form: str) -> FailureReport:
    match kind:
        case ReportKind.FAILED:
            return FailureReport(kind, status_in(folded, "5") or "5.0.0", form)
        case ReportKind.DELAYED:
            return FailureReport(kind, "4.0.0", form)
        case ReportKind.DELIVERED:
            return FailureReport(kind, "2.0.0", form)
        case _:
            return FailureReport(kind, form=form)


def _fold(text: str) -> str:
    return " ".join(text.split()).casefold()
