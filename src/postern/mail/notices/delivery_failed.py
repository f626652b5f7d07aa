"""The bounce for a message that passed but could not be delivered. It says what is known of the cause in our own words, and never
where the mail went: no address, no host, and nothing of what that host replied.
"""

from datetime import datetime

from postern.language import say
from postern.mail.dsn import Original
from postern.mail.notice import Heading, Notice, Text
from postern.mail.notices.about import particulars_of, short_subject
from postern.model.notice import NoticeKind

_GAVE_UP = "4.7"  # RFC 3463 3.5: delivery time expired
_FULL = "2.2"
_TOO_LARGE = ("2.3", "3.4")


def delivery_failed(language: str, original: Original, status: str, last_attempt_at: datetime) -> Notice:
    """``status`` is the enhanced status in which it ended (RFC 3463), ``5.4.7`` where it was tried for too long."""
    kind = status.partition(".")[2]
    return Notice(
        NoticeKind.DELIVERY_FAILED,
        language,
        say(language, "Could not be delivered: {subject}", subject=short_subject(language, original)),
        (
            Text(say(language, "Your message could not be delivered.")),
            Text(_cause(language, kind, last_attempt_at)),
            particulars_of(language, original),
            Heading(say(language, "What to do")),
            Text(_remedy(language, kind)),
            Text(say(language, "The message stays in the record of the marketplace, as not delivered.")),
        ),
    )


def _cause(language: str, kind: str, last_attempt_at: datetime) -> str:
    """What subject and detail of the status say (RFC 3463 3), in plain words."""
    if kind == _GAVE_UP:
        return say(
            language,
            "The recipient's mail server could not be reached or put the mail off, again and again until {moment}.",
            moment=last_attempt_at,
        )
    too_large = say(language, "It is larger than the recipient's mail server takes.")
    by_kind = dict.fromkeys(_TOO_LARGE, too_large) | {_FULL: say(language, "The recipient's mailbox is full.")}
    by_subject = {
        "1": say(language, "The recipient's mailbox was not found, or takes no mail any more."),
        "2": say(language, "The recipient's mailbox takes no mail at present."),
    }
    refused = say(language, "The recipient's mail server refused it.")
    return by_kind.get(kind) or by_subject.get(kind.partition(".")[0], refused)


def _remedy(language: str, kind: str) -> str:
    if kind in {_GAVE_UP, _FULL}:
        return say(language, "Send it again in some days.")
    if kind in _TOO_LARGE:
        return say(language, "Send it again with smaller files, or without them.")
    if kind.startswith("1."):
        return say(language, "Tell the marketplace: it can ask the recipient for another address.")
    return say(language, "Send it once more, plainly written and without files. If it comes back again, tell the marketplace.")
