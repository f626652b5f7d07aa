"""PNG and APNG, chunk by chunk: the chunks that show the picture stay; text, times, profiles and what follows the end go."""

import struct
import zlib
from collections.abc import Iterator

from postern.mail.files.budget import Budget, UncleanError
from postern.mail.files.colour_profile import standard_profile
from postern.mail.files.exif import only_orientation

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_ANY = range(1 << 31)
# Each chunk that stays, and how long it may be: nothing fits in behind what it says.
_KEPT = {
    b"IHDR": (13,),
    b"PLTE": range(3, 769, 3),
    b"IDAT": _ANY,
    b"IEND": (0,),
    b"tRNS": range(257),
    b"gAMA": (4,),
    b"sRGB": (1,),
    b"sBIT": range(1, 5),
    b"bKGD": (1, 2, 6),
    b"pHYs": (9,),
    b"cICP": (4,),
    b"acTL": (8,),
    b"fcTL": (26,),
    b"fdAT": _ANY,
}
_CHUNKS_MAXIMUM = 100_000
_NAMED_MAXIMUM = 80  # octets of a profile's name, with its end
_PROFILE_MAXIMUM = 1_000_000


def clean(octets: bytes, budget: Budget) -> bytes:
    """The picture alone."""
    kept = [SIGNATURE]
    for kind, content in _chunks(octets):
        if kind == b"IHDR":
            _check_size(content, budget)
        if kind == b"eXIf":
            content = only_orientation(content)  # noqa: PLW2901 - it takes the chunk's place
        elif kind == b"iCCP":
            content = _named_profile(content, budget)  # noqa: PLW2901 - it takes the chunk's place
        elif kind not in _KEPT:
            if kind[:1].isupper():  # PNG 5.4: without it the picture cannot be shown
                raise UncleanError
            continue
        elif len(content) not in _KEPT[kind]:
            raise UncleanError
        if content or kind == b"IEND":
            kept.append(_chunk(kind, content))
        if kind == b"IEND":
            return b"".join(kept)
    raise UncleanError


def _chunks(octets: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(SIGNATURE)
    for _ in range(_CHUNKS_MAXIMUM):
        if place + 12 > len(octets):
            return
        length, kind = struct.unpack_from(">I4s", octets, place)
        if place + 12 + length > len(octets) or (place == len(SIGNATURE)) != (kind == b"IHDR"):
            raise UncleanError
        yield kind, octets[place + 8 : place + 8 + length]
        place += 12 + length
    raise UncleanError


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _check_size(header: bytes, budget: Budget) -> None:
    if len(header) != 13:  # noqa: PLR2004 - PNG 11.2.1
        raise UncleanError
    width, height = struct.unpack_from(">II", header)
    if width * height > budget.limits.image_pixels:
        raise UncleanError


def _named_profile(content: bytes, budget: Budget) -> bytes:
    name, _, packed = content.partition(b"\x00")
    if len(name) >= _NAMED_MAXIMUM or len(packed) > _PROFILE_MAXIMUM:
        return b""
    try:
        profile = standard_profile(budget.inflate(packed[1:])[0])
    except UncleanError:
        return b""
    return b"Profile\x00\x00" + zlib.compress(profile) if profile else b""
