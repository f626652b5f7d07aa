"""In which language a page speaks to somebody we know nothing of: the one the URL names, else the best that the browser accepts
(RFC 9110 12.5.4, RFC 4647 3.4). Whatever is asked, it is a language we have.
"""

from collections.abc import Iterator

from litestar import Request
from litestar.datastructures import State

from postern.language import DEFAULT_LANGUAGE, spoken

_RANGES = 20  # of one Accept-Language that are looked at; browsers send up to ten
_LENGTH = 1_000  # characters of it


def choose_language(asked: str, accepted: str) -> str:
    """``asked`` is what the URL says, ``accepted`` the header field; either may be empty, or anything."""
    return spoken(asked) or next(_spoken_of(accepted), DEFAULT_LANGUAGE)


def accepted_by(request: Request[object, object, State]) -> str:
    """The language of a page that no URL and no reader gives one."""
    return choose_language("", request.headers.get("Accept-Language", ""))


def _spoken_of(accepted: str) -> Iterator[str]:
    """The languages of ours among the accepted, the dearest first; of equally dear ones the first named."""
    ranges = [_read_range(piece) for piece in accepted[:_LENGTH].split(",")[:_RANGES]]
    for name, _ in sorted(ranges, key=lambda one: -one[1]):
        if language := spoken(name):
            yield language


def _read_range(piece: str) -> tuple[str, float]:
    """``de;q=0.8`` as a name and its weight. A range that is refused or makes no sense names nothing."""
    name, _, weight = (word.strip() for word in piece.partition(";"))
    if not weight:
        return name, 1.0
    try:
        worth = float(weight.lower().removeprefix("q="))
    except ValueError:
        return "", 0.0
    return (name, worth) if 0 < worth <= 1 else ("", 0.0)
