"""Letters written as entities and percent signs, undone as often as a reader's program might: twice, and once more.

``undo`` shows what is read, for searching; ``uncode`` writes only letters, digits and the signs of addresses plainly, for a
text that travels on. Neither touches anything else.
"""

import re
from functools import lru_cache
from html import unescape
from html.entities import html5
from urllib.parse import quote, unquote

from postern.mail.characters import INVISIBLE
from postern.mail.lookalikes import ASCII_OF

_ROUNDS = 3
_SIGNS = frozenset(".@-_+:")
_GAPS = re.compile(f"[\\s{INVISIBLE}]+")


def _matters(characters: str) -> bool:
    """Whether a named entity can stand for a piece of an address, or for nothing one sees."""
    return all(one.isascii() or ord(one) in ASCII_OF or _GAPS.fullmatch(one) for one in characters)


_NAMES = sorted((name for name, characters in html5.items() if _matters(characters)), key=len, reverse=True)
_ENTITY = re.compile(rf"&(?:amp;)*(#[xX]?[0-9A-Fa-f]{{1,8}};?|(?:{'|'.join(map(re.escape, _NAMES))}))")
_PERCENT = re.compile(r"%(?:25)*[0-9A-Fa-f]{2}(?:%(?:25)*[0-9A-Fa-f]{2})*")
_PERCENT_TWICE = re.compile(r"%(?:25)*([0-9A-Fa-f]{2})")
_EQUALS = re.compile(r"=(40|2[DdEe]|5[Ff]|3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa])")  # quoted-printable that nobody decoded


def undo(text: str) -> str:
    """What a reader's program may show for this text."""
    for _ in range(_ROUNDS):
        before = text
        if "&" in text:
            text = _ENTITY.sub(_character, text)
        if "%" in text:
            text = _PERCENT.sub(_percent, text)
        if text == before:
            break
    return _EQUALS.sub(_octet, text) if "=40" in text else text


def uncode(text: str) -> str:
    """The same text with the letters, digits and signs of addresses written plainly."""
    for _ in range(_ROUNDS):
        before = text
        if "&" in text:
            text = _ENTITY.sub(_plain_character, text)
        if "%" in text:
            text = _PERCENT.sub(_plain_percent, text)
        if text == before:
            break
    return _EQUALS.sub(_octet, text) if "=40" in text else text


def _character(match: re.Match[str]) -> str:
    return _entity(match[1])


@lru_cache(maxsize=4_096)
def _entity(name: str) -> str:
    return unescape(f"&{name}")


def _percent(match: re.Match[str]) -> str:
    return _octets(match[0])


@lru_cache(maxsize=4_096)
def _octets(code: str) -> str:
    return unquote(_PERCENT_TWICE.sub(r"%\1", code))


def _octet(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))


def _is_plain(character: str) -> bool:
    return character.isalnum() or character in _SIGNS or ord(character) in ASCII_OF


def _plain_character(match: re.Match[str]) -> str:
    character = _entity(match[1])
    return character if character and all(_is_plain(one) or _GAPS.fullmatch(one) for one in character) else match[0]


def _plain_percent(match: re.Match[str]) -> str:
    return "".join(one if _is_plain(one) else quote(one, safe="") for one in _octets(match[0]))
