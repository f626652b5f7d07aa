"""The words of a PDF's pages, roughly: for a search, not for reading. It raises UncleanError where it cannot see all of them.

Strings are put together in the order in which a page draws them; where fonts number their letters (as browsers and word
processors write them), the tables that say which letter each number is are read. Layout is not looked at.
"""

import base64
import io
import re
from collections.abc import Iterator
from itertools import islice

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

from postern.mail.files.budget import Budget, UncleanError
from postern.mail.files.pdf import BROKEN

_STRING = re.compile(rb"\((?:[^()\\]++|\\.|\((?:[^()\\]++|\\.)*+\))*+\)|<([0-9A-Fa-f\s]*+)>", re.DOTALL)
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|\r?\n|(.))", re.DOTALL)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_PAIRS = re.compile(rb"<([0-9A-Fa-f]{2,8})>\s*<([0-9A-Fa-f]{2,64})>()")
_RANGES = re.compile(rb"<([0-9A-Fa-f]{2,8})>\s*<([0-9A-Fa-f]{2,8})>\s*<([0-9A-Fa-f]{2,64})>")
_SECTIONS = re.compile(rb"begin(bfchar|bfrange)(.*?)end\1", re.DOTALL)
_LISTED = re.compile(rb"<([0-9A-Fa-f]{2,8})>\s*<([0-9A-Fa-f]{2,8})>\s*\[([^\]]*)\]")
_PICTURES_AND_FONTS = (Name.Image, Name.Type1C, Name.CIDFontType0C, Name.OpenType)
_READ_ALREADY = (Name.XRef, Name.ObjStm)  # what is in them is met as objects
_TABLES_MAXIMUM = 40
_LETTERS_MAXIMUM = 300_000  # of all tables together
_STRINGS_MAXIMUM = 300_000
_NUMBERS_MAXIMUM = 4_000_000  # numbers looked up in tables, all together


def text_of(octets: bytes, budget: Budget) -> Iterator[bytes]:
    """All strings outside streams; then each stream unpacked, and its strings as text, in every way its fonts may mean them."""
    try:
        with pikepdf.open(io.BytesIO(octets), inherit_page_attributes=False, attempt_recovery=False) as document:
            tables, streams, strings = _read(document, budget)
    except BROKEN as error:
        raise UncleanError from error
    yield b"\n".join(strings)
    if len(tables) > _TABLES_MAXIMUM:
        raise UncleanError
    strings_left, numbers_left = _STRINGS_MAXIMUM, _NUMBERS_MAXIMUM
    for stream in streams:
        yield stream
        drawn = [_string(found) for found in islice(_STRING.finditer(stream), strings_left)]
        strings_left -= len(drawn)
        numbers_left -= sum(map(len, drawn)) * len(tables)
        if strings_left <= 0 or numbers_left < 0:
            raise UncleanError
        yield b"".join(drawn)
        for table in tables:
            yield _by_table(drawn, *table).encode("utf-8", "replace")


def _read(document: pikepdf.Pdf, budget: Budget) -> tuple[list[tuple[dict[int, str], int]], list[bytes], list[bytes]]:
    tables: dict[bytes, tuple[dict[int, str], int]] = {}
    streams: list[bytes] = []
    strings: list[bytes] = []
    letters_left = _LETTERS_MAXIMUM
    to_letters = {
        one.ToUnicode.objgen
        for one in document.objects
        if isinstance(one, Dictionary) and isinstance(one.get("/ToUnicode"), Stream)
    }
    for thing in document.objects:
        if isinstance(thing, Stream):
            content = _unpack(thing, budget)
            if thing.objgen in to_letters:
                tables.setdefault(content, _table(content, letters_left))
                letters_left -= len(tables[content][0])
            elif content:
                streams.append(content)
        elif isinstance(thing, Dictionary | Array):
            strings.append(thing.unparse())
            strings += [bytes(one) for one in _strings_in(thing)]
    return list(tables.values()), streams, strings


def _strings_in(thing: pikepdf.Object) -> Iterator[pikepdf.Object]:
    waiting = [thing]
    while waiting:
        here = waiting.pop()
        for one in list(here.values()) if isinstance(here, Dictionary) else list(here):
            if isinstance(one, pikepdf.String):
                yield one
            elif isinstance(one, Dictionary | Array) and not one.is_indirect:
                waiting.append(one)


def _unpack(stream: Stream, budget: Budget) -> bytes:
    """The content of a stream that may hold text: pictures and fonts are left."""
    if stream.get("/Subtype") in _PICTURES_AND_FONTS or "/Length1" in stream or stream.get("/Type") in _READ_ALREADY:
        return b""
    filters = stream.get("/Filter")
    content = stream.read_raw_bytes()
    budget.take(len(content))
    for kind in filters if isinstance(filters, Array) else [filters]:
        if kind is not None:
            content = _unfilter(content, str(kind), budget)
    if _has_predictor(stream):
        raise UncleanError
    return content


def _has_predictor(stream: Stream) -> bool:
    return b"/Predictor" in stream.get("/DecodeParms", Array()).unparse()


def _unfilter(content: bytes, kind: str, budget: Budget) -> bytes:
    """PDF 7.4: the filters of streams that hold text today."""
    try:
        match kind:
            case "/FlateDecode":
                return budget.inflate(content)[0]
            case "/ASCII85Decode":
                return base64.a85decode(content.strip().removeprefix(b"<~").partition(b"~>")[0])
            case "/ASCIIHexDecode":
                digits = re.sub(rb"\s", b"", content.partition(b">")[0])
                return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))
            case _:
                raise UncleanError
    except ValueError as error:
        raise UncleanError from error


def _string(found: re.Match[bytes]) -> bytes:
    if found[1] is not None:
        digits = re.sub(rb"\s", b"", found[1])
        return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))
    return _ESCAPE.sub(_unescape, found[0][1:-1]) if b"\\" in found[0] else found[0][1:-1]


def _unescape(found: re.Match[bytes]) -> bytes:
    if found[1]:
        return bytes([int(found[1], 8) & 255])
    return _LETTERS.get(found[2], found[2]) if found[2] else b""


def _table(content: bytes, most: int) -> tuple[dict[int, str], int]:
    """Which letters each number means (ToUnicode, PDF 9.10.3), and how many octets a number has."""
    letters: dict[int, str] = {}
    width = 1
    for kind, section in _SECTIONS.findall(content):
        for start, end, listed in _LISTED.findall(section) if kind == b"bfrange" else ():
            width = max(width, len(start) // 2)
            for number, one in enumerate(re.findall(rb"<([0-9A-Fa-f]+)>", listed)[: int(end, 16) - int(start, 16) + 1]):
                letters[int(start, 16) + number] = _letters_of(one)
        pattern = _PAIRS if kind == b"bfchar" else _RANGES
        for first, second, third in pattern.findall(_LISTED.sub(b"", section)):
            width = max(width, len(first) // 2)
            if kind == b"bfchar":
                letters[int(first, 16)] = _letters_of(second)
            else:
                _add_range(letters, int(first, 16), int(second, 16), third, most)
            if len(letters) > most:
                raise UncleanError
    return letters, width


def _add_range(letters: dict[int, str], first: int, last: int, start: bytes, most: int) -> None:
    words = _letters_of(start)
    if last - first > most:
        raise UncleanError
    for number in range(first, last + 1):
        code = ord(words[-1]) + number - first if words else 0
        if 0 < code <= 0x10FFFF:  # noqa: PLR2004 - the last of Unicode
            letters[number] = words[:-1] + chr(code)


def _letters_of(digits: bytes) -> str:
    return bytes.fromhex(digits[: len(digits) // 2 * 2].decode("ascii")).decode("utf-16-be", "ignore")


def _by_table(drawn: list[bytes], letters: dict[int, str], width: int) -> str:
    found = []
    for string in drawn:
        numbers = (
            string if width == 1 else [int.from_bytes(string[at : at + width], "big") for at in range(0, len(string), width)]
        )
        found.append("".join([letters.get(number, "") for number in numbers]))
    return "".join(found)
