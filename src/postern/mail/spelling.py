"""The many spellings of one address, and how to find and replace them.

A reader, or the program that reads for him, undoes entities (``&#64;``), percent signs (``%40``), full-width letters, zero-width
spaces, capitals, line breaks and quote marks in between. So text is *folded*: all of that is undone at once, and the address is
looked for in what remains. It does not undo riddles ("ann at mail dot test"): those are a matter of policy.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from html import unescape
from urllib.parse import unquote

from postern.mail.characters import INVISIBLE
from postern.mail.marks import TAG

_GAPS = b" \t\n\r\v\f>"
_NULS_AND_GAPS = b"\x00" + _GAPS
_ENCODED_SIGN = re.compile(rb"%[0-9a-f]{2}|&(?:#|commat|period|lowbar|plus)")  # what an address can be written with
_ROOM = 300  # octets; more than the longest address, and every encoded letter brings its own
_NOTHING_FOREIGN = bytes(range(128)) + b"?" * 128
_UNSEEN = re.compile(f"[\x85\u1680\u2028\u2029{INVISIBLE}]+")
_IDEOGRAPHIC_STOP = "\u3002"  # stands for a dot in domain names (RFC 3490 3.1)

_ODD = (
    r"&(?:amp;)?#?[0-9A-Za-z]{1,32};?"  # an entity
    r"|(?:%[0-9A-Fa-f]{2})+"
    rf"|[\s>{INVISIBLE}]+"
    r"|[^\x00-\x7f]"
)
_ODD_IN_TEXT = re.compile(_ODD)
_ODD_IN_MARKUP = re.compile(rf"{TAG.pattern}|{_ODD}")


def fold(text: str) -> str:
    """The text without what a reader would undo: the form in which spellings are compared."""
    if "&" in text:
        text = unescape(text)
    if "%" in text:
        text = unquote(text)
    if text.isascii():
        return text.lower().encode("ascii").translate(None, _GAPS).decode("ascii")
    text = unicodedata.normalize("NFKC", text).replace(_IDEOGRAPHIC_STOP, ".").lower()
    return _UNSEEN.sub("", text.encode("utf-8", "replace").translate(None, _GAPS).decode("utf-8"))


def fold_markup(html: str) -> str:
    """The same for what HTML shows: without tags, so that ``ann<b>@</b>mail.test`` is found, and with entities undone as HTML
    does before a reader may undo them again.
    """
    return fold(unescape(TAG.sub("", html)))


def fold_octets(octets: bytes) -> Iterator[str]:
    """What a search through a file of any kind shows: octet by octet, UTF-16 and line breaks undone; what is encoded with
    entities or percent signs; and all of it as UTF-8, if it is that.
    """
    shown = octets.translate(_NOTHING_FOREIGN, _NULS_AND_GAPS).lower()
    yield shown.decode("ascii")
    yield "|".join(fold(shown[start:end].decode("ascii")) for start, end in _encoded_spans(shown))
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        return
    if not text.isascii():
        yield fold(text)


def _encoded_spans(octets: bytes) -> Iterator[tuple[int, int]]:
    """Where something is encoded, with room for an address on both sides; spans that touch are one."""
    start = end = -1
    for sign in _ENCODED_SIGN.finditer(octets):
        if sign.start() > end:
            if end > 0:
                yield start, end
            start = max(0, sign.start() - _ROOM)
        end = sign.end() + _ROOM
    if end > 0:
        yield start, end


def replace(text: str, spellings: Sequence[tuple[str, str]], *, markup: bool = False) -> tuple[str, int]:
    """Put the second of each pair where any spelling of the first (lower case) stands, longest first; and say how often.

    In markup, tags that stood inside an address are kept behind its replacement, so that the HTML stays balanced.
    """
    if "@" not in text and "%" not in text and "&" not in text and text.isascii():
        return text, 0
    ordered = sorted(spellings, key=lambda pair: -len(pair[0]))
    total = 0
    for plain, replacement in ordered:
        text, count = _replace_plain(text, plain, replacement)
        total += count
    if found := _present(fold(text), ordered):
        text, count = _replace_folded(text, found, _ODD_IN_TEXT)
        total += count
    if markup and (found := _present(fold_markup(text), ordered)):
        text, count = _replace_folded(text, found, _ODD_IN_MARKUP)
        total += count
    return text, total


def _present(folded: str, spellings: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [pair for pair in spellings if pair[0] in folded]


def _replace_plain(text: str, plain: str, replacement: str) -> tuple[str, int]:
    """The frequent case: the address as it is, in any case of letters."""
    lower = text.lower()
    if len(lower) != len(text) or plain not in lower:
        return text, 0
    spans = [(start, start + len(plain)) for start in _places(lower, plain)]
    return _cut(text, spans, [replacement] * len(spans)), len(spans)


def _places(text: str, wanted: str) -> Iterator[int]:
    place = text.find(wanted)
    while place >= 0:
        yield place
        place = text.find(wanted, place + len(wanted))


def _replace_folded(text: str, spellings: Sequence[tuple[str, str]], odd: re.Pattern[str]) -> tuple[str, int]:
    """The rare case: fold the text piece by piece, remember where each piece came from, and replace there."""
    folded, starts, sources = _fold_with_places(text, odd)
    found: list[tuple[int, int, str]] = []
    for plain, replacement in spellings:
        found += [(place, place + len(plain), replacement) for place in _places(folded, plain)]
    spans: list[tuple[int, int]] = []
    replacements: list[str] = []
    for place, end, replacement in sorted(found):
        start = _source_of(place, starts, sources)[0]
        stop = _source_of(end - 1, starts, sources)[1]
        if spans and start < spans[-1][1]:
            continue  # inside a longer address that is replaced already
        spans.append((start, stop))
        replacements.append(replacement + ("".join(TAG.findall(text, start, stop)) if odd is _ODD_IN_MARKUP else ""))
    return _cut(text, spans, replacements), len(spans)


def _fold_with_places(text: str, odd: re.Pattern[str]) -> tuple[str, list[int], list[tuple[int, int, bool]]]:
    """The folded text, where each of its pieces begins, and where that stood in the text: letter by letter, or as a whole."""
    pieces: list[str] = []
    starts: list[int] = []
    sources: list[tuple[int, int, bool]] = []
    length = position = 0
    for match in odd.finditer(text):
        for piece, source in (
            (text[position : match.start()].lower(), (position, match.start(), True)),
            (_fold_piece(match[0], odd), (match.start(), match.end(), False)),
        ):
            if piece:
                pieces.append(piece)
                starts.append(length)
                sources.append(source)
                length += len(piece)
        position = match.end()
    pieces.append(text[position:].lower())
    starts.append(length)
    sources.append((position, len(text), True))
    return "".join(pieces), starts, sources


def _fold_piece(piece: str, odd: re.Pattern[str]) -> str:
    if odd is _ODD_IN_TEXT:
        return fold(piece)
    return "" if piece.startswith("<") else fold(unescape(piece))


def _source_of(place: int, starts: list[int], sources: list[tuple[int, int, bool]]) -> tuple[int, int]:
    """The span of the text behind one letter of the folded text."""
    piece = bisect_right(starts, place) - 1
    start, end, by_letter = sources[piece]
    if not by_letter:
        return start, end
    offset = start + place - starts[piece]
    return offset, offset + 1


def _cut(text: str, spans: Sequence[tuple[int, int]], replacements: Sequence[str]) -> str:
    pieces: list[str] = []
    position = 0
    for (start, end), replacement in zip(spans, replacements, strict=True):
        pieces += (text[position:start], replacement)
        position = end
    return "".join((*pieces, text[position:]))
