"""What its author is told of a message that waits for a person of the marketplace: that it waits, and that it was refused or
nobody decided in time. A message that is released simply arrives.
"""

from datetime import datetime

from postern.language import say
from postern.mail.dsn import Original
from postern.mail.notice import Heading, Notice, Text
from postern.mail.notices.about import particulars_of, short_subject
from postern.model.notice import NoticeKind


def held(language: str, original: Original, sentence: str, remedy: str, decide_by: datetime) -> Notice:
    """It waits, until ``decide_by`` at most. ``sentence`` says why, ``remedy`` what its author can do, both in this language."""
    return Notice(
        NoticeKind.HELD,
        language,
        say(language, "Not delivered yet: {subject}", subject=short_subject(language, original)),
        (
            Text(
                say(
                    language,
                    "Your message has not been delivered yet: it waits until somebody at the marketplace has looked at it.",
                )
            ),
            particulars_of(language, original),
            Heading(say(language, "Why it waits")),
            Text(sentence),
            Heading(say(language, "What happens next")),
            Text(
                say(
                    language,
                    "Once it is released it travels on, and you need do nothing. If it is refused, or nobody has decided by "
                    "{moment}, you are told.",
                    moment=decide_by,
                )
            ),
            Text(remedy),
        ),
    )


def hold_refused(language: str, original: Original, sentence: str, remedy: str) -> Notice:
    """Somebody decided against it. ``sentence`` says why it was held, ``remedy`` what to do, both in this language."""
    happened = say(language, "Your message was not delivered: the marketplace has looked at it and decided not to pass it on.")
    return _ended(NoticeKind.HOLD_REFUSED, language, original, happened, (sentence, remedy))


def hold_expired(language: str, original: Original, sentence: str, remedy: str) -> Notice:
    """Nobody decided in time."""
    happened = say(
        language, "Your message was not delivered: it waited for a decision, and nobody at the marketplace made it in time."
    )
    return _ended(NoticeKind.HOLD_EXPIRED, language, original, happened, (sentence, remedy))


def _ended(kind: NoticeKind, language: str, original: Original, happened: str, cause: tuple[str, str]) -> Notice:
    sentence, remedy = cause
    return Notice(
        kind,
        language,
        say(language, "Not delivered: {subject}", subject=short_subject(language, original)),
        (
            Text(happened),
            particulars_of(language, original),
            Heading(say(language, "Why it had to wait")),
            Text(sentence),
            Heading(say(language, "What to do")),
            Text(remedy),
        ),
    )
