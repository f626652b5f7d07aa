"""Which mail a notice is about: what its author needs in order to find it, and nothing more of it."""

from collections.abc import Iterator

from postern.language import say, say_moment
from postern.mail.characters import one_line
from postern.mail.dsn import Original
from postern.mail.notice import Particulars

_IN_SUBJECT = 60  # characters of the original's subject in a notice's: a telephone shows no more
_IN_BODY = 200


def particulars_of(language: str, original: Original) -> Particulars:
    """What tells its author which of all sent mails it was."""
    return Particulars(tuple(_rows(language, original)))


def _rows(language: str, original: Original) -> Iterator[tuple[str, str]]:
    yield say(language, "To"), original.alias
    yield say(language, "Subject"), shorten(original.subject, _IN_BODY) or say(language, "(no subject)")
    if original.order_id:
        yield say(language, "Order"), shorten(original.order_id, _IN_BODY)
    yield say(language, "Received"), say_moment(language, original.received_at)


def short_subject(language: str, original: Original) -> str:
    """As much of the original's subject as fits into ours."""
    return shorten(original.subject, _IN_SUBJECT) or say(language, "(no subject)")


def shorten(text: str, size: int) -> str:
    """One line of at most so many characters, dots included."""
    line = one_line(text)
    return line if len(line) <= size else f"{line[: size - 3].rstrip()}..."
