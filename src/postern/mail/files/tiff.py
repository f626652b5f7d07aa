"""TIFF 6.0, built again: each page's pixels and the few tags that say how to show them; no other tag, page or octet.

Pages that are JPEG inside, and BigTIFF, are not taken: mails hardly bring them.
"""

import struct
from dataclasses import dataclass

from postern.mail.files.budget import Budget, UncleanError

_WIDTH, _HEIGHT, _COMPRESSION = 256, 257, 259
_PLACES = {273: 279, 324: 325}  # where strips or tiles stand, and the tag that says how long each is
_KEPT = frozenset(
    {254, _WIDTH, _HEIGHT, 258, _COMPRESSION, 262, 266, 273, 274, 277, 278, 279, 282, 283, 284, 292, 293, 296, 297, 317, 320, 322,
     323, 324, 325, 338, 339, 529, 530, 531, 532}
)  # fmt: skip
_COMPRESSIONS = frozenset({1, 2, 3, 4, 5, 8, 32773, 32946})
_SHORT, _LONG = 3, 4
_SIZES = {1: 1, _SHORT: 2, _LONG: 4, 5: 8}
_LETTERS = {1: "B", _SHORT: "H", _LONG: "I"}
_ENTRIES_MAXIMUM = 200
_PAGES_MAXIMUM = 200
_VALUES_MAXIMUM = 200_000


@dataclass(frozen=True, slots=True)
class _Entry:
    """A tag, its type, and its values as they stand in the file."""

    tag: int
    kind: int
    values: bytes


def clean(octets: bytes, budget: Budget) -> bytes:
    """The pages alone."""
    order = {b"II*\x00": "<", b"MM\x00*": ">"}[octets[:4]]
    content = bytearray(octets[:4] + bytes(4))
    (place,) = struct.unpack_from(f"{order}I", octets, 4)
    link, pages, pixels = 4, 0, 0
    while place and pages < _PAGES_MAXIMUM:
        entries, place = _read_page(octets, place, order)
        pixels += _pixels_of(entries, order)
        if pixels > budget.limits.image_pixels:
            raise UncleanError
        link = _write_page(content, link, entries, octets, order)
        if len(content) > len(octets) + len(octets) // 4 + 1_000:  # pages that share their pixels: no honest program writes them
            raise UncleanError
        pages += 1
    if not pages:
        raise UncleanError
    return bytes(content)


def _read_page(octets: bytes, place: int, order: str) -> tuple[dict[int, _Entry], int]:
    """The kept tags of the directory here, and where the next directory stands."""
    (count,) = struct.unpack_from(f"{order}H", octets, place)
    if count > _ENTRIES_MAXIMUM:
        raise UncleanError
    entries = {}
    for number in range(count):
        tag, kind, values = struct.unpack_from(f"{order}HHI", octets, place + 2 + 12 * number)
        if tag in _KEPT:
            entries[tag] = _Entry(tag, kind, _values(octets, place + 10 + 12 * number, kind, values, order))
    (following,) = struct.unpack_from(f"{order}I", octets, place + 2 + 12 * count)
    return entries, following


def _values(octets: bytes, place: int, kind: int, count: int, order: str) -> bytes:
    if kind not in _SIZES or count > _VALUES_MAXIMUM:
        raise UncleanError
    length = _SIZES[kind] * count
    if length > 4:  # noqa: PLR2004 - TIFF 6.0, 2: longer values stand elsewhere
        (place,) = struct.unpack_from(f"{order}I", octets, place)
    values = octets[place : place + length]
    if len(values) != length:
        raise UncleanError
    return values


def _numbers(entries: dict[int, _Entry], tag: int, order: str) -> tuple[int, ...]:
    entry = entries.get(tag)
    if entry is None or entry.kind not in _LETTERS:
        return ()
    return struct.unpack(f"{order}{len(entry.values) // _SIZES[entry.kind]}{_LETTERS[entry.kind]}", entry.values)


def _pixels_of(entries: dict[int, _Entry], order: str) -> int:
    width, height, compression = (_numbers(entries, tag, order) for tag in (_WIDTH, _HEIGHT, _COMPRESSION))
    if not width or not height or (compression or (1,))[0] not in _COMPRESSIONS:
        raise UncleanError
    return width[0] * height[0]


def _write_page(content: bytearray, link: int, entries: dict[int, _Entry], octets: bytes, order: str) -> int:
    """Add pixels, values and directory; say where the link to the next directory stands."""
    for where, how_long in _PLACES.items():
        places, lengths = _numbers(entries, where, order), _numbers(entries, how_long, order)
        if len(places) != len(lengths) or any(map(lambda at, length: at + length > len(octets), places, lengths)):
            raise UncleanError
        moved = [_append(content, octets[place : place + length]) for place, length in zip(places, lengths, strict=True)]
        if moved:
            entries[where] = _Entry(where, _LONG, struct.pack(f"{order}{len(moved)}I", *moved))
            entries[how_long] = _Entry(how_long, _LONG, struct.pack(f"{order}{len(lengths)}I", *lengths))
    if not _PLACES.keys() & entries.keys():
        raise UncleanError
    fields = [_field(content, entries[tag], order) for tag in sorted(entries)]
    directory = struct.pack(f"{order}H", len(fields)) + b"".join(fields) + bytes(4)
    place = _append(content, directory)
    struct.pack_into(f"{order}I", content, link, place)
    return place + len(directory) - 4


def _field(content: bytearray, entry: _Entry, order: str) -> bytes:
    if not entry.values:
        raise UncleanError
    front = struct.pack(f"{order}HHI", entry.tag, entry.kind, len(entry.values) // _SIZES[entry.kind])
    if len(entry.values) <= 4:  # noqa: PLR2004 - TIFF 6.0, 2
        return front + entry.values.ljust(4, b"\x00")
    return front + struct.pack(f"{order}I", _append(content, entry.values))


def _append(content: bytearray, octets: bytes) -> int:
    """Put octets at the end, on an even place; say where."""
    content += bytes(len(content) % 2)
    place = len(content)
    content += octets
    return place
