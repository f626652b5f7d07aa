"""A value with parameters: Content-Type and Content-Disposition (RFC 2045 5.1, RFC 2183, RFC 2231).

Of a parameter named twice the first counts, and so does the first of two sections with one number. What is not understood is left
out. Comments are no part of a value, but for file names without quotes, where people write "invoice (2).pdf".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from urllib.parse import unquote_to_bytes

from postern.mail.reading.charsets import decode
from postern.mail.reading.encoded_words import decode_words

_PARAMETER = re.compile(r';\s*([^\s=;"()<>@,\\/?\[\]:]+)\s*=\s*("(?:[^"\\]|\\.)*+"?|[^;]*)', re.DOTALL)
_HEAD = re.compile(r'\s*"?\s*([^\s;,="]*(?:\s*/\s*[^\s;,="]*)?)\s*"?\s*,?')
_SECTION = re.compile(r"([^*]+)(?:\*([0-9]{1,4}))?(\*)?")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ANNOUNCED = re.compile("([^']*)'[^']*'")  # the charset and the language before an extended value
_PIECE_OF_COMMENT = re.compile(r'"(?:[^"\\]|\\.)*+"?|\\.|[()]|[^"()\\]+|\\', re.DOTALL)
_UNQUOTED_NAME = re.compile(r'\s*(?:file)?name[*0-9]*\s*=\s*+(?!")', re.IGNORECASE)
_SEGMENT_MAXIMUM = 100  # characters of a parameter that are looked at for its name
_SHORT = 100  # characters of a whole value
_LITERAL = frozenset({"boundary"})  # is compared with the lines of the mail, letter by letter


@dataclass(frozen=True, slots=True)
class _Piece:
    """One section of a value (RFC 2231 3). ``encoded`` says that percent signs are to be read."""

    number: int
    encoded: bool
    value: str


@dataclass(frozen=True, slots=True)
class Parameterised:
    """The value before the parameters, in lower case, and the parameters by their lower-case names."""

    value: str
    parameters: Mapping[str, str]


def read_parameters(text: str, maximum: int) -> Parameterised:
    """Read at most ``maximum`` parameters. Mails say the same few short values again and again, so these are remembered."""
    return _read_short(text, maximum) if len(text) <= _SHORT else _read(text, maximum)


@lru_cache(maxsize=512)
def _read_short(text: str, maximum: int) -> Parameterised:
    return _read(text, maximum)


def _read(text: str, maximum: int) -> Parameterised:
    if "(" in text:
        text = _without_comments(text)
    head = _HEAD.match(text)
    value = "".join(head[1].split()).lower() if head else ""
    rest = text[head.end() :] if head else text
    if not rest:
        return Parameterised(value, {})
    pieces: dict[str, list[_Piece]] = {}
    for match in islice(_PARAMETER.finditer(rest if rest.startswith(";") else f";{rest}"), maximum):
        section = _SECTION.fullmatch(match[1].lower())
        if section is None:
            continue
        piece = _Piece(int(section[2] or -1), section[3] is not None, _unquote(match[2]))
        pieces.setdefault(section[1], []).append(piece)
    return Parameterised(value, {name: _join(name, found) for name, found in pieces.items()})


def _without_comments(text: str) -> str:
    """The text without its comments, which may nest and hold semicolons (RFC 5322 3.2.2)."""
    kept: list[str] = []
    depth = 0
    segment = ""  # how the parameter at hand begins
    for match in _PIECE_OF_COMMENT.finditer(text):
        token = match[0]
        if depth or (token == "(" and not _UNQUOTED_NAME.match(segment)):
            depth += (token == "(") - (token == ")")
            continue
        kept.append(token)
        begins = token.rfind(";") + 1 if not token.startswith('"') else 0
        segment = token[begins:] if begins else segment[:_SEGMENT_MAXIMUM] + token
    return "".join(kept)


def _unquote(value: str) -> str:
    if not value.startswith('"'):
        return value.strip()
    inner = value[1:-1] if value.endswith('"') and len(value) > 1 else value[1:]
    return _ESCAPED.sub(r"\1", inner) if "\\" in inner else inner


def _join(name: str, pieces: list[_Piece]) -> str:
    """One value out of its sections. An extended value goes before a plain one (RFC 2231 and RFC 6266 4.3 agree)."""
    first: dict[int, _Piece] = {}
    for piece in pieces:
        if piece.number >= 0:
            first.setdefault(piece.number, piece)
    numbered = [first[number] for number in sorted(first)]
    if not numbered:
        extended = [piece for piece in pieces if piece.encoded]
        numbered = extended[:1] or pieces[:1]
    if not any(piece.encoded for piece in numbered):
        value = "".join(piece.value for piece in numbered)
        return value if name in _LITERAL else decode_words(value)
    charset, octets = "", []
    for place, piece in enumerate(numbered):
        value = piece.value
        if place == 0 and piece.encoded and (announced := _ANNOUNCED.match(value)):
            charset, value = announced[1], value[announced.end() :]
        octets.append(unquote_to_bytes(value) if piece.encoded else value.encode("utf-8", "replace"))
    return decode(b"".join(octets), charset)
