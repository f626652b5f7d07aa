"""The marks in the mails we write by which we know our own words again, when somebody quotes them.

They must survive what mail programs do to quoted text: ``> `` before each line, lines wrapped at 60 columns, HTML, capitals,
and translation. So the two rules around a message are known by their number of hyphens, and a token by its brackets.
"""

import re
from html import unescape

from postern.language import say
from postern.mail.characters import INVISIBLE

# No mail program we know draws 12 or 13 hyphens around a title; the two lengths make the English pair equally long.
_BEGIN = "-" * 12
_END = "-" * 13

_SPACE = r"(?:[ \u00a0]|&nbsp;)"
BEGIN_LINE = re.compile(rf"(?<!-)-{{12}}{_SPACE}[^\n<>]{{1,70}}?{_SPACE}-{{12}}(?!-)")
END_LINE = re.compile(rf"(?<!-)-{{13}}{_SPACE}[^\n<>]{{1,70}}?{_SPACE}-{{13}}(?!-)")
MARK = _BEGIN  # stands in both rules: the quick way to see that there is none
TOKEN_BEGINS = re.compile(r"\[[\s>|]*pt-", re.IGNORECASE)

TAG = re.compile(r"<[^<>]*>")
_PIECE = re.compile(rf"({TAG.pattern})")
_LONG_PIECE = 24  # characters of a tag and the words behind it; in shorter ones the pattern is as quick
TOKEN_MAXIMUM = 60  # characters
TOKENS_MAXIMUM = 10  # that are read out of one text
_TOKEN = re.compile(r"\[[\s>|]*pt-((?:[a-z2-7]|[\s>|]){1,400}+)\]", re.IGNORECASE)
_GAP = re.compile(r"[\s>|]+")
_UNSEEN = re.compile(f"[{INVISIBLE}]")


def split_tags(html: str) -> list[str]:
    """Words and tags in turns, words first and last."""
    tags = html.count("<")
    if tags != html.count(">") or len(html) < tags * _LONG_PIECE:  # the first is never so in clean HTML
        return _PIECE.split(html)
    first, *others = html.split("<")
    pieces = [first]
    for other in others:
        tag, closed, words = other.partition(">")
        if not closed:
            return _PIECE.split(html)
        pieces += (f"<{tag}>", words)
    return pieces


def begin_line(language: str) -> str:
    """The rule above a message."""
    return f"{_BEGIN} {say(language, 'Begin message')} {_BEGIN}"


def end_line(title: str) -> str:
    """The rule below a message, above our own words."""
    return f"{_END} {title} {_END}"


def token_line(language: str, token: str) -> str:
    """The line by which an answer finds its thread (R9)."""
    return say(language, "Thread: {token}", token=f"[pt-{token}]")


def find_thread_tokens(text: str) -> tuple[str, ...]:
    """The tokens quoted in this text or HTML, the first ten, in lower case as they were issued."""
    found: dict[str, None] = {}
    for match in _TOKEN.finditer(_visible(text)):
        token = _GAP.sub("", match[1]).lower()
        if len(token) <= TOKEN_MAXIMUM:
            found[token] = None
        if len(found) == TOKENS_MAXIMUM:
            break
    return tuple(found)


def _visible(text: str) -> str:
    if "<" in text:
        text = TAG.sub("", text)
    if "&" in text:
        text = unescape(text)
    return text if text.isascii() else _UNSEEN.sub("", text)
