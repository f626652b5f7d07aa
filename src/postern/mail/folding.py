"""Folding: a text without what a reader, or his program, would undo. In this form spellings are compared, octet by octet.

Entities, percent signs, capitals, full-width and look-alike letters, unseen letters, quote marks and all gaps are gone. What is
folded is only searched, never shown.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from typing import AnyStr

from postern.mail.coded import undo
from postern.mail.lookalikes import CONFUSABLE, FEW_LETTERS, SHOWN, foreign_letters, translated

GAPS = b" \t\n\r\v\f>"
LOWER = bytes(range(256)).lower()
_ROOM = 600  # octets; more than the longest address in two octets a letter


def fold(text: str) -> str:
    """The folded text. Where letters of other alphabets look like Latin ones, what is near its at signs follows in these."""
    return fold_octets(text.encode("utf-8", "replace")).decode("utf-8", "replace")


def fold_octets(octets: bytes) -> bytes:
    """The same for a text in UTF-8."""
    if b"&" in octets or b"%" in octets or b"=40" in octets:
        octets = undo(octets.decode("utf-8", "replace")).encode("utf-8", "replace")
    return octets.translate(LOWER, GAPS) if octets.isascii() else _fold_foreign(octets)


def _fold_foreign(octets: bytes) -> bytes:
    letters = foreign_letters(octets)
    if any("\u0300" <= one <= "\u036f" for one in letters):
        octets = unicodedata.normalize("NFC", octets.decode("utf-8", "replace")).encode()
        letters = foreign_letters(octets)
    shown = {one: SHOWN.get(ord(one), one).lower() for one in letters}
    odd = [(one, plain) for one, plain in shown.items() if one != plain]
    if len(odd) <= FEW_LETTERS:
        for one, plain in odd:
            octets = octets.replace(one.encode(), plain.encode())
    else:
        octets = translated(octets.decode("utf-8", "replace"), SHOWN).lower().encode()
    octets = octets.translate(LOWER, GAPS)
    confusing = {plain for plain in shown.values() if len(plain) == 1 and ord(plain) in CONFUSABLE}
    return b"\n".join((octets, *_without_confusables(octets, confusing))) if confusing else octets


def _without_confusables(folded: bytes, confusing: Iterable[str]) -> Iterator[bytes]:
    """What stands around each at sign, with these letters as the Latin ones that they look like."""
    if b"@" not in folded:
        return
    around = _around(folded, b"@")
    for one in confusing:
        around = around.replace(one.encode(), CONFUSABLE[ord(one)].encode())
    yield around


def _around(octets: bytes, sign: bytes) -> bytes:
    """The octets near each such sign."""
    if octets.count(sign) * _ROOM > len(octets):
        return octets
    spans = merged((max(0, place - _ROOM), place + _ROOM) for place in places(octets, sign))
    return b"\n".join(octets[start:end] for start, end in spans)


def places(text: AnyStr, wanted: AnyStr) -> Iterator[int]:
    """Where it stands, from left to right, none in another."""
    place = text.find(wanted)
    while place >= 0:
        yield place
        place = text.find(wanted, place + len(wanted))


def merged(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Spans in order; those that touch are one."""
    begin = end = -1
    for start, stop in spans:
        if end >= 0 and start > end:
            yield begin, end
            begin = start
        elif end < 0:
            begin = start
        end = stop
    if end >= 0:
        yield begin, end
