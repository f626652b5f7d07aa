"""The bounce to a seller whose mail was neither critical nor a reply, while the buyer has opted out (R8, R12, R13)."""

from collections.abc import Iterator

from postern.language import say
from postern.mail.dsn import Original
from postern.mail.notice import Heading, Link, Notice, Paragraph, Points, Text
from postern.mail.notices.about import particulars_of, short_subject
from postern.mail.notices.critical import Explanation, explain_critical, page_url
from postern.model.notice import NoticeKind


def buyer_opted_out(language: str, original: Original, public_url: str, cancel_order_url: str = "") -> Notice:
    """``public_url`` is where our pages stand, ``cancel_order_url`` where the marketplace lets a seller cancel, if it said so."""
    explained = explain_critical(language)
    subject = say(language, "Not delivered, the buyer opted out: {subject}", subject=short_subject(language, original))
    paragraphs = (
        *_what_happened(language, original),
        Heading(explained.ways_title),
        Points(explained.ways),
        *_what_counts(language, explained, cancel_order_url),
        Link(explained.page, page_url(public_url, language)),
        *_how_to_stop(language),
    )
    return Notice(NoticeKind.BUYER_OPTED_OUT, language, subject, paragraphs)


def _what_happened(language: str, original: Original) -> Iterator[Paragraph]:
    yield Text(say(language, "Your message was not delivered: the buyer has opted out of messages that they did not ask for."))
    yield particulars_of(language, original)
    yield Text(
        say(
            language,
            "It was blocked because it is neither critical nor a reply to the buyer. It is kept, and stands on the page Not "
            "delivered.",
        )
    )


def _what_counts(language: str, explained: Explanation, cancel_order_url: str) -> Iterator[Paragraph]:
    yield Heading(explained.critical_title)
    yield Points(explained.critical)
    yield Text(explained.customised)
    yield Heading(explained.not_critical_title)
    yield Points(explained.not_critical)
    yield Text(explained.cancel_instead)
    yield Link(say(language, "Cancel an order"), cancel_order_url)


def _how_to_stop(language: str) -> Iterator[Paragraph]:
    """R13, with its warning."""
    yield Heading(say(language, "How to stop these mails"))
    yield Text(
        say(
            language,
            'Under Settings > Notification preferences > Messaging choose Edit, clear "Buyer opt-out", and Save. By mail you can '
            "then no longer tell whether a message was delivered or blocked; the pages Sent and Not delivered still show it.",
        )
    )
