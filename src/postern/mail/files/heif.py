"""HEIC and AVIF (ISO 23008-12), built again around the one picture: the primary item, what it is made of, its transparency.

EXIF, XMP, thumbnails, depth maps, second pictures, film and everything between are not copied; the coded picture is, octet for
octet. Sequences and live pictures are not taken.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from postern.mail.files.budget import Budget, UncleanError
from postern.mail.files.colour_profile import standard_profile

BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2", b"avif", b"miaf"})
_CODED = frozenset({b"hvc1", b"av01", b"grid", b"iden", b"iovl"})
_PROPERTIES = frozenset(
    {b"ispe", b"pixi", b"hvcC", b"av1C", b"irot", b"imir", b"clap", b"pasp", b"auxC", b"clli", b"mdcv", b"a1op", b"a1lx", b"lsel"}
)
_ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")
_BOXES_MAXIMUM = 5_000
_ITEMS_MAXIMUM = 2_000
_NOTHING = b"\x00\x00\x00\x08free"  # stands in for a property that is not kept: items count properties by their place


@dataclass(slots=True)
class _Picture:
    """What the meta box says, by item."""

    primary: int = 0
    kinds: dict[int, bytes] = field(default_factory=dict)
    content: dict[int, bytes] = field(default_factory=dict)
    references: list[tuple[bytes, int, list[int]]] = field(default_factory=list)
    properties: list[bytes] = field(default_factory=list)
    associations: dict[int, list[tuple[bool, int]]] = field(default_factory=dict)


def clean(octets: bytes, budget: Budget) -> bytes:
    """The picture alone."""
    boxes = dict(_boxes(octets, 0, len(octets)))
    if b"moov" in boxes or b"meta" not in boxes:
        raise UncleanError
    picture = _read(octets, boxes[b"meta"], budget)
    return _write(octets[8:12], picture, _kept_items(picture))


def _boxes(octets: bytes, place: int, end: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """Each box from here on: its type, and where its content begins and ends."""
    for _ in range(_BOXES_MAXIMUM):
        if place + 8 > end:
            return
        size, kind = struct.unpack_from(">I4s", octets, place)
        start = place + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", octets, start)
            start += 8
        size = size or end - place
        if size < start - place or place + size > end:
            return  # what does not fit is not copied either
        yield kind, (start, place + size)
        place += size
    raise UncleanError


def _read(octets: bytes, meta: tuple[int, int], budget: Budget) -> _Picture:
    inner = dict(_boxes(octets, meta[0] + 4, meta[1]))
    picture = _Picture()
    start, end = inner[b"pitm"]
    picture.primary = _number(octets, start + 4, 4 if octets[start] else 2)
    _read_kinds(picture, octets, inner[b"iinf"])
    _read_content(picture, octets, inner[b"iloc"], inner.get(b"idat", (0, 0)))
    if b"iref" in inner:
        _read_references(picture, octets, inner[b"iref"])
    for kind, (start, end) in _boxes(octets, *inner[b"iprp"]):
        if kind == b"ipco":
            picture.properties = [_property(octets, one, place, budget) for one, place in _boxes(octets, start, end)]
        elif kind == b"ipma":
            _read_associations(picture, octets, start)
    return picture


def _number(octets: bytes, place: int, size: int) -> int:
    if place + size > len(octets):
        raise UncleanError
    return int.from_bytes(octets[place : place + size], "big")


def _read_kinds(picture: _Picture, octets: bytes, box: tuple[int, int]) -> None:
    start = box[0] + (8 if octets[box[0]] else 6)
    for kind, (place, _) in _boxes(octets, start, box[1]):
        wide = {2: 2, 3: 4}.get(octets[place])
        if kind == b"infe" and wide:
            picture.kinds[_number(octets, place + 4, wide)] = octets[place + 6 + wide : place + 10 + wide]
    if len(picture.kinds) > _ITEMS_MAXIMUM:
        raise UncleanError


def _read_content(picture: _Picture, octets: bytes, box: tuple[int, int], inside: tuple[int, int]) -> None:
    """ISO 14496-12 8.11.3. Every item's octets are put together from its extents."""
    version, place = octets[box[0]], box[0] + 4
    sizes = _number(octets, place, 2)
    offset_size, length_size, base_size, index_size = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    index_size = index_size if version else 0
    wide = 4 if version == 2 else 2  # noqa: PLR2004 - the version's own number
    count, place = _number(octets, place + 2, wide), place + 2 + wide
    total = 0
    for _ in range(min(count, _ITEMS_MAXIMUM)):
        item, place = _number(octets, place, wide), place + wide
        method, place = (_number(octets, place, 2) & 15, place + 2) if version else (0, place)
        origin = _number(octets, place + 2, base_size)
        extents, place = _number(octets, place + 2 + base_size, 2), place + 4 + base_size
        start, end = ((0, len(octets)), inside)[method] if method < 2 else (0, 0)  # noqa: PLR2004 - file, or idat
        pieces = []
        for _ in range(min(extents, _ITEMS_MAXIMUM)):
            offset = start + origin + _number(octets, place + index_size, offset_size)
            length = _number(octets, place + index_size + offset_size, length_size)
            place += index_size + offset_size + length_size
            pieces.append(octets[offset : min(offset + length, end)])
            total += len(pieces[-1])
        if total > len(octets):
            raise UncleanError
        picture.content[item] = b"".join(pieces)


def _read_references(picture: _Picture, octets: bytes, box: tuple[int, int]) -> None:
    wide = 4 if octets[box[0]] else 2
    for kind, (start, _) in _boxes(octets, box[0] + 4, box[1]):
        count = min(_number(octets, start + wide, 2), _ITEMS_MAXIMUM)
        targets = [_number(octets, start + wide + 2 + wide * number, wide) for number in range(count)]
        picture.references.append((kind, _number(octets, start, wide), targets))


def _read_associations(picture: _Picture, octets: bytes, start: int) -> None:
    """ISO 23008-12 9.3.1."""
    wide, broad = (4 if octets[start] else 2), (2 if octets[start + 3] & 1 else 1)
    count, place = min(_number(octets, start + 4, 4), _ITEMS_MAXIMUM), start + 8
    for _ in range(count):
        item, number = _number(octets, place, wide), _number(octets, place + wide, 1)
        place += wide + 1
        found = [_number(octets, place + broad * one, broad) for one in range(number)]
        top = 1 << (8 * broad - 1)
        picture.associations[item] = [(bool(one & top), one & (top - 1)) for one in found]
        place += broad * number


def _property(octets: bytes, kind: bytes, place: tuple[int, int], budget: Budget) -> bytes:
    content = octets[place[0] : place[1]]
    if kind == b"ispe":
        width, height = struct.unpack_from(">II", content, 4)
        if width * height > budget.limits.image_pixels:
            raise UncleanError
    if kind == b"colr":
        profile = standard_profile(content[4:])
        content = content[:11] if content.startswith(b"nclx") else b"prof" + profile if profile else b""
    elif kind not in _PROPERTIES:
        return _NOTHING
    return _box(kind, content) if content else _NOTHING


def _kept_items(picture: _Picture) -> list[int]:
    """The primary item and what it is made of, then what makes these transparent."""
    made_of = {source: targets for kind, source, targets in picture.references if kind == b"dimg"}
    kept = dict.fromkeys(_with_pieces([picture.primary], made_of))
    masks = [
        source
        for kind, source, targets in picture.references
        if kind == b"auxl" and not kept.keys().isdisjoint(targets) and _is_alpha(picture, source)
    ]
    kept |= dict.fromkeys(_with_pieces(masks, made_of))
    if any(picture.kinds.get(item) not in _CODED or not picture.content.get(item) for item in kept):
        raise UncleanError
    return list(kept)


def _with_pieces(items: list[int], made_of: dict[int, list[int]]) -> dict[int, None]:
    """These items and all that they are put together from, each once."""
    found: dict[int, None] = {}
    waiting = items[::-1]
    while waiting:
        item = waiting.pop()
        if item not in found:
            found[item] = None
            waiting += made_of.get(item, [])[::-1]
    return found


def _is_alpha(picture: _Picture, item: int) -> bool:
    properties = [picture.properties[place - 1] for _, place in picture.associations.get(item, []) if place]
    return any(one[4:8] == b"auxC" and one[12:].partition(b"\x00")[0] in _ALPHA for one in properties)


def _box(kind: bytes, *content: bytes) -> bytes:
    octets = b"".join(content)
    return struct.pack(">I4s", len(octets) + 8, kind) + octets


def _write(brand: bytes, picture: _Picture, kept: list[int]) -> bytes:
    front = _box(b"ftyp", brand, bytes(4), b"mif1", b"miaf", brand)
    length = len(_meta(picture, kept, 0))
    content = b"".join(picture.content[item] for item in kept)
    return front + _meta(picture, kept, len(front) + length + 8) + _box(b"mdat", content)


def _meta(picture: _Picture, kept: list[int], start: int) -> bytes:
    """The meta box, for items that stand from ``start`` on, one behind the other."""
    places = []
    for item in kept:
        places.append(struct.pack(">IHHHII", item, 0, 0, 1, start, len(picture.content[item])))
        start += len(picture.content[item])
    known = set(kept)
    kinds = [_box(b"infe", struct.pack(">IIH4sx", 3 << 24, item, 0, picture.kinds[item])) for item in kept]
    references = [
        _box(kind, struct.pack(f">IH{len(targets)}I", source, len(targets), *targets))
        for kind, source, targets in picture.references
        if kind in (b"dimg", b"auxl") and source in known and set(targets) <= known
    ]
    properties = [_association(item, picture.associations.get(item, [])) for item in kept]
    return _box(
        b"meta",
        bytes(4),
        _box(b"hdlr", bytes(8), b"pict", bytes(13)),
        _box(b"pitm", struct.pack(">II", 1 << 24, picture.primary)),
        _box(b"iinf", struct.pack(">II", 1 << 24, len(kept)), *kinds),
        _box(b"iref", struct.pack(">I", 1 << 24), *references) if references else b"",
        _box(
            b"iprp",
            _box(b"ipco", *picture.properties),
            _box(b"ipma", struct.pack(">II", 1 << 24 | 1, len(kept)), *properties),
        ),
        _box(b"iloc", struct.pack(">IHI", 2 << 24, 0x4400, len(kept)), *places),
    )


def _association(item: int, places: list[tuple[bool, int]]) -> bytes:
    numbers = [(place | 0x8000 if essential else place) for essential, place in places]
    return struct.pack(f">IB{len(numbers)}H", item, len(numbers), *numbers)
