"""A value with parameters: Content-Type and Content-Disposition (RFC 2045 5.1, RFC 2183, RFC 2231).

Of a parameter named twice the first counts. What is not understood is left out.
"""

import re
from dataclasses import dataclass
from itertools import islice
from urllib.parse import unquote_to_bytes

from postern.mail.reading.charsets import decode
from postern.mail.reading.encoded_words import decode_words

_PARAMETER = re.compile(r';\s*([^\s=;"()<>@,\\/?\[\]:]+)\s*=\s*("(?:[^"\\]|\\.)*+"?|[^;]*)', re.DOTALL)
_SECTION = re.compile(r"([^*]+)(?:\*([0-9]{1,4}))?(\*)?")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ANNOUNCED = re.compile("([^']*)'[^']*'")  # the charset and the language before an extended value
_COMMENT = re.compile(r"\([^()]*\)")


@dataclass(frozen=True, slots=True)
class _Piece:
    """One section of a value (RFC 2231 3). ``encoded`` says that percent signs are to be read."""

    number: int
    encoded: bool
    value: str


@dataclass(frozen=True, slots=True)
class Parameterised:
    """The value before the first semicolon, in lower case, and the parameters by their lower-case names."""

    value: str
    parameters: dict[str, str]


def read_parameters(text: str, maximum: int) -> Parameterised:
    """Read at most ``maximum`` parameters."""
    head, semicolon, _ = text.partition(";")
    if not semicolon:
        return Parameterised(_head(head), {})
    pieces: dict[str, list[_Piece]] = {}
    for match in islice(_PARAMETER.finditer(text, len(head)), maximum):
        section = _SECTION.fullmatch(match[1].lower())
        if section is None:
            continue
        piece = _Piece(int(section[2] or -1), section[3] is not None, _unquote(match[2]))
        pieces.setdefault(section[1], []).append(piece)
    return Parameterised(_head(head), {name: _join(found) for name, found in pieces.items()})


def _head(text: str) -> str:
    return "".join((_COMMENT.sub("", text) if "(" in text else text).split()).lower()


def _unquote(value: str) -> str:
    if not value.startswith('"'):
        return _COMMENT.sub("", value).strip() if "(" in value and not value.startswith("(") else value.strip()
    inner = value[1:-1] if value.endswith('"') and len(value) > 1 else value[1:]
    return _ESCAPED.sub(r"\1", inner) if "\\" in inner else inner


def _join(pieces: list[_Piece]) -> str:
    """One value out of its sections. An extended value goes before a plain one (RFC 2231 and RFC 6266 4.3 agree)."""
    numbered = sorted((piece for piece in pieces if piece.number >= 0), key=lambda piece: piece.number)
    if not numbered:
        extended = [piece for piece in pieces if piece.encoded]
        numbered = extended[:1] or pieces[:1]
    if not any(piece.encoded for piece in numbered):
        return decode_words("".join(piece.value for piece in numbered))
    charset, octets = "", b""
    for place, piece in enumerate(numbered):
        value = piece.value
        if place == 0 and piece.encoded and (announced := _ANNOUNCED.match(value)):
            charset, value = announced[1], value[announced.end() :]
        octets += unquote_to_bytes(value) if piece.encoded else value.encode("utf-8", "replace")
    return decode(octets, charset)
