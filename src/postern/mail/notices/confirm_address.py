"""The question to an address whether it writes for a seller (R20). It goes there alone, so whoever answers reads that mailbox.

It names the seller and says what the answer does; whoever knows nothing of it need do nothing. It names no address.
"""

from datetime import datetime

from postern.language import say
from postern.mail.notice import Heading, Link, Notice, Text
from postern.mail.notices.about import shorten
from postern.model.notice import NoticeKind

_NAME = 100  # characters of a business name


def confirm_address(language: str, business_name: str, marketplace_name: str, link: str, expires_at: datetime) -> Notice:
    """``link`` opens a page with one button, and works until ``expires_at``."""
    seller = shorten(business_name, _NAME)
    return Notice(
        NoticeKind.CONFIRM_ADDRESS,
        language,
        say(language, "Do you write for {seller}?", seller=seller),
        (
            Text(
                say(
                    language,
                    "{seller} wants to write to its buyers on {marketplace} from this e-mail address. The marketplace takes such "
                    "mail only once somebody who reads this mailbox has confirmed it.",
                    seller=seller,
                    marketplace=shorten(marketplace_name, _NAME),
                )
            ),
            Link(say(language, "Confirm this address"), link),
            Text(
                say(
                    language,
                    "The link opens a page with one button, and works until {moment}. Mail that was refused before is not kept: "
                    "send it again afterwards.",
                    moment=expires_at,
                )
            ),
            Heading(say(language, "If you do not know why you got this")),
            Text(
                say(
                    language,
                    "Then somebody typed a wrong address. Do nothing: without your confirmation nobody can write from it here.",
                )
            ),
        ),
    )
