"""The mail by which somebody signs in on the pages: a link, and a code for whoever reads mail on another device."""

from postern.language import say
from postern.mail.notice import Link, Notice, Particulars, Text
from postern.model.notice import NoticeKind


def sign_in(language: str, link: str, code: str, minutes: int) -> Notice:
    """It names nobody: whoever reads it knows who they are."""
    return Notice(
        NoticeKind.SIGN_IN,
        language,
        say(language, "Sign in to your messages"),
        (
            Text(say(language, "Somebody, probably you, wants to sign in with this address.")),
            Link(say(language, "Sign in"), link),
            Text(say(language, "Or type this code where you were asked for it:")),
            Particulars(((say(language, "Code"), code),)),
            Text(say(language, "Both work once, for {minutes} minutes.", minutes=minutes)),
            Text(say(language, "If it was not you, do nothing: nobody gets in without this mail. Never tell anybody the code.")),
        ),
    )
