"""The notice that a mail was refused at one alias, when the SMTP reply could not say so: others in the same mail were taken."""

from postern.language import say
from postern.mail.dsn import Original
from postern.mail.notice import Heading, Notice, Text
from postern.mail.notices.about import particulars_of, short_subject
from postern.model.notice import NoticeKind


def refused(language: str, original: Original, sentence: str, remedy: str) -> Notice:
    """``sentence`` and ``remedy`` are the cause's, in this language. No other recipient of the mail is named."""
    return Notice(
        NoticeKind.REFUSED,
        language,
        say(language, "Not delivered: {subject}", subject=short_subject(language, original)),
        (
            Text(say(language, "Your message to {alias} was not delivered.", alias=original.alias)),
            Text(sentence),
            particulars_of(language, original),
            Text(say(language, "If the same mail went to others too, this says nothing about them.")),
            Heading(say(language, "What to do")),
            Text(remedy),
        ),
    )
