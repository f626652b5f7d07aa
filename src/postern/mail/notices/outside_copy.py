"""The warning that a mail to an alias also went straight to other addresses: nobody can keep those copies private."""

from postern.language import say
from postern.mail.dsn import Original
from postern.mail.notice import Heading, Notice, Text
from postern.mail.notices.about import particulars_of, short_subject
from postern.model.notice import NoticeKind


def outside_copy(language: str, original: Original, count: int) -> Notice:
    """``count`` is how many other addresses it went to; which ones is not repeated."""
    return Notice(
        NoticeKind.OUTSIDE_COPY,
        language,
        say(language, "Copies went elsewhere: {subject}", subject=short_subject(language, original)),
        (
            Text(
                say(
                    language,
                    "Your message also went straight to addresses that are not the marketplace's. Their number: {count}.",
                    count=count,
                )
            ),
            particulars_of(language, original),
            Text(
                say(
                    language,
                    "Those copies did not pass through the marketplace. Whoever received one can see your own address and answer "
                    "there, and what is written that way is not in the record that settles a dispute.",
                )
            ),
            Text(say(language, "This changes nothing for the message to {alias}.", alias=original.alias)),
            Heading(say(language, "What to do")),
            Text(
                say(
                    language,
                    "To keep your address private, write to aliases alone, and leave other addresses out of To, Cc and Bcc.",
                )
            ),
        ),
    )
