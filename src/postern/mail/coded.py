"""Letters written as entities and percent signs, undone as often as a reader's program might: twice, and once more.

``undo`` shows what is read, for searching; ``uncode`` writes only letters, digits and the signs of addresses plainly, for a
text that travels on. Neither touches anything else.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from html import unescape
from html.entities import html5
from urllib.parse import quote

from postern.mail.characters import INVISIBLE
from postern.mail.lookalikes import ASCII_OF

_ROUNDS = 3
_SIGNS = frozenset(".@-_+:")
_GAPS = re.compile(f"[\\s{INVISIBLE}]+")


def _matters(characters: str) -> bool:
    """Whether a named entity can stand for a piece of an address, or for nothing one sees."""
    return all(one.isascii() or ord(one) in ASCII_OF or _GAPS.fullmatch(one) for one in characters)


_NAMES = frozenset(name for name, characters in html5.items() if _matters(characters))
_LONGEST_NAME = max(map(len, _NAMES))
_ENTITY = re.compile(rf"&((?:amp;)*)(#[xX]?[0-9A-Fa-f]{{1,8}};?|[A-Za-z][0-9A-Za-z]{{1,{_LONGEST_NAME - 1}}};?)")
_PERCENT = re.compile(r"%(?:25)*[0-9A-Fa-f]{2}(?:%(?:25)*[0-9A-Fa-f]{2})*")
_PERCENT_TWICE = re.compile(r"%(?:25)*([0-9A-Fa-f]{2})")
_SHORT = 60  # characters; a longer run of percent signs is not worth keeping in memory
_EQUALS = re.compile(r"=(40|2[DdEe]|5[Ff]|3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa])")  # quoted-printable that nobody decoded


def undo(text: str) -> str:
    """What a reader's program may show for this text."""
    return _undone(text, _SHOWN_ENTITY, _SHOWN_OCTETS)


def uncode(text: str) -> str:
    """The same text with the letters, digits and signs of addresses written plainly."""
    return _undone(text, _PLAIN_ENTITY, _PLAIN_OCTETS)


def _undone(text: str, entity: Callable[[re.Match[str]], str], octets: Callable[[re.Match[str]], str]) -> str:
    for _ in range(_ROUNDS):
        before = text
        if "&" in text:
            text = _ENTITY.sub(entity, text)
        if "%" in text:
            text = _PERCENT.sub(octets, text)
        if text == before:
            break
    return _EQUALS.sub(_octet, text) if "=40" in text else text


def _octet(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))


def _shown_entity(entity: str) -> str:
    characters, rest = _read(entity)
    return characters + rest


def _plain_entity(entity: str) -> str:
    characters, rest = _read(entity)
    is_plain = characters and all(_is_plain(one) or _GAPS.fullmatch(one) for one in characters)
    return characters + rest if is_plain else entity


def _read(entity: str) -> tuple[str, str]:
    """What is meant, and the letters that stand behind it and belong to no name."""
    match = _ENTITY.match(entity)
    if match is None:
        return "", entity
    name = match[2]
    known = name if name.startswith("#") else _known_beginning(name)
    if not known and not match[1]:
        return "", entity
    return unescape(f"&{known}"), name[len(known) :]


def _known_beginning(name: str) -> str:
    """The longest of the names with which it begins."""
    return next((name[:length] for length in range(len(name), 0, -1) if name[:length] in _NAMES), "")


def _shown_octets(code: str) -> str:
    if "%25" in code:
        code = _PERCENT_TWICE.sub(r"%\1", code)
    return bytes.fromhex(code.replace("%", "")).decode("utf-8", "replace")


def _plain_octets(code: str) -> str:
    shown = _shown_octets(code)
    return shown if shown.isalnum() else "".join(one if _is_plain(one) else quote(one, safe="") for one in shown)


def _is_plain(character: str) -> bool:
    return character.isalnum() or character in _SIGNS or ord(character) in ASCII_OF


def _remembering(read: Callable[[str], str]) -> Callable[[re.Match[str]], str]:
    """The reading of each match; a text repeats few short codes, so what was said of the last thousands is kept."""
    remembered = lru_cache(maxsize=4_096)(read)

    def read_match(match: re.Match[str]) -> str:
        code = match[0]
        return remembered(code) if len(code) <= _SHORT else read(code)

    return read_match


_SHOWN_ENTITY, _PLAIN_ENTITY = _remembering(_shown_entity), _remembering(_plain_entity)
_SHOWN_OCTETS, _PLAIN_OCTETS = _remembering(_shown_octets), _remembering(_plain_octets)
