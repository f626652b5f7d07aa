"""Base64 in a text, which a program may have made of an address (a link that remembers its reader, a part in the wrong place),
and what it says, read from each of four letters on.

It looks at what may hold an address: of a word, an alias or a rule so many letters would give both cases.
"""

import binascii
import re
from collections.abc import Iterator

_LETTERS = rb"[A-Za-z0-9+/_-]"
_LINE = rb"(?:%b{4,}+|%b{2,3}(?==|%%3[Dd]))" % (_LETTERS, _LETTERS)  # the last one may be short, and is filled up then
_BASE64 = re.compile(rb"%b++(?:[ \t]*+\n[ \t>]*+%b)*+(?:=|%%3[Dd])*+" % (_LETTERS, _LINE))
_IS_LETTER = bytes(ord("x") if re.match(_LETTERS, bytes([code])) else ord(" ") for code in range(256))
_RUN = b"x" * 12  # what is shorter holds no address
_FEWEST_LETTERS = 5  # different ones, in the base64 of any address
_FOR_LINKS = bytes.maketrans(b"-_", b"+/")
_GAPS_AND_ENDS = frozenset(b" \t\n>=%")
_NOT_BASE64 = re.compile(rb"[\s>=]+|%3[Dd]")
_PRINTABLE = re.compile(rb"[\t\n\r\x20-\x7e]{6,}")


def decoded_runs(octets: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Where base64 stands in this text in UTF-8 that may hide an address, and what it says in UTF-8."""
    known: dict[bytes, tuple[bytes, ...]] = {}  # rules and separators stand a thousand times in one text
    letters = octets.translate(_IS_LETTER)
    place = letters.find(_RUN)
    while place >= 0 and (match := _BASE64.match(octets, place)):
        run, start, end = match[0], place, match.end()
        place = letters.find(_RUN, end)
        if run.islower() or run.isupper() or len(set(run)) < _FEWEST_LETTERS:
            continue
        if run not in known:
            known[run] = tuple(_readings_of(run))
        for said in known[run]:
            yield start, end, said


def _readings_of(run: bytes) -> Iterator[bytes]:
    letters = (_NOT_BASE64.sub(b"", run) if _GAPS_AND_ENDS.intersection(run) else run).translate(_FOR_LINKS)
    for skipped in range(4):
        octets = _decode(letters[skipped:]).replace(b"\0", b"")
        if octets.isascii() or b"@" in octets or _PRINTABLE.search(octets) or is_text(octets):
            yield octets.decode("utf-8", "replace").encode()


def is_text(octets: bytes) -> bool:
    """Whether this is UTF-8."""
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _decode(letters: bytes) -> bytes:
    whole = letters[: len(letters) - 1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))
