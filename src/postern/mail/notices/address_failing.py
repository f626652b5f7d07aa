"""The notice that mail to a seller's customer-service address comes back. It goes to the seller's other addresses.

It names no address, not even the seller's own: whoever reads it knows which one the marketplace has.
"""

from datetime import datetime

from postern.language import say, say_moment
from postern.mail.notice import Heading, Notice, Particulars, Points, Text
from postern.mail.notices.about import shorten
from postern.model.notice import NoticeKind

_IN_BODY = 200  # characters of a subject


def address_failing(language: str, buyer_alias: str, subject: str, received_at: datetime, status: str) -> Notice:
    """About the last buyer's message that came back: from this alias, under this subject. ``status`` says why (RFC 3463)."""
    return Notice(
        NoticeKind.ADDRESS_FAILING,
        language,
        say(language, "Buyers' messages do not reach your customer-service address"),
        (
            Text(say(language, "A buyer's message to your customer-service address could not be delivered.")),
            Text(_cause(language, status.partition(".")[2])),
            Particulars(
                (
                    (say(language, "From"), buyer_alias),
                    (say(language, "Subject"), shorten(subject, _IN_BODY) or say(language, "(no subject)")),
                    (say(language, "Received"), say_moment(language, received_at)),
                )
            ),
            Heading(say(language, "What to do")),
            Points(
                (
                    say(language, "Look after that mailbox: whether it exists, has room, and takes mail from the marketplace."),
                    say(language, "Or give the marketplace another customer-service address."),
                    say(language, "Write to the buyer at the alias above, from an address that is registered for you."),
                )
            ),
            Text(
                say(
                    language,
                    "The message stays in the record of the marketplace. Its buyer was told that it was not delivered, and later "
                    "ones are tried all the same. You are told once a day at most.",
                )
            ),
        ),
    )


def _cause(language: str, kind: str) -> str:
    if kind == "2.2":
        return say(language, "The mailbox is full.")
    if kind.startswith("1.") or kind == "2.1":
        return say(language, "The mailbox was not found, or takes no mail any more.")
    return say(language, "The mail server behind it refused the message, or could not be reached for days.")
