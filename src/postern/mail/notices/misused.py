"""The warning to a seller whose mail passed and seems to be something that messages are not for (R11), with what to do instead.

Programs see words and understand none, so it says "seems", and nothing was stopped.
"""

from collections.abc import Iterator, Sequence

from postern.language import say
from postern.mail.dsn import Original
from postern.mail.notice import Heading, Link, Notice, Paragraph, Points, Text
from postern.mail.notices.about import particulars_of, short_subject
from postern.mail.notices.critical import MARK, explain_critical, page_url
from postern.model.notice import NoticeKind


def misused(
    language: str, original: Original, found: Sequence[tuple[str, str]], public_url: str, *, marked_important: bool
) -> Notice:
    """``found`` are sentences with what to do, in this language."""
    subject = say(language, "Delivered, and please note: {subject}", subject=short_subject(language, original))
    paragraphs = (
        Text(say(language, "Your message was sent on. But it seems to be something that messages to buyers are not for.")),
        particulars_of(language, original),
        Heading(say(language, "What was noticed, and what to do")),
        *(Points(one) for one in found),
        *(_about_the_mark(language, public_url) if marked_important else ()),
        Text(say(language, "If that is not so, you need do nothing. You get this notice at most once a day.")),
    )
    return Notice(NoticeKind.MISUSED, language, subject, paragraphs)


def _about_the_mark(language: str, public_url: str) -> Iterator[Paragraph]:
    yield Heading(say(language, "About {mark} in the subject", mark=MARK))
    yield Text(
        say(
            language,
            "It let the message pass although the buyer opted out. It is for critical messages alone, and each use for something "
            "else is counted.",
        )
    )
    yield Link(explain_critical(language).page, page_url(public_url, language))
