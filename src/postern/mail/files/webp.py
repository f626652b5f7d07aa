"""WebP (RFC 9649), chunk by chunk: picture, transparency and frames stay; EXIF, XMP, profiles and unknown chunks go."""

import struct
from collections.abc import Iterator

from postern.mail.files.budget import Budget, UncleanError
from postern.mail.files.colour_profile import standard_profile
from postern.mail.files.exif import only_orientation

_PICTURE = (b"VP8 ", b"VP8L", b"ALPH")
_CHUNKS_MAXIMUM = 20_000
_FRAME_HEADER = 16
_HAS_PROFILE, _HAS_EXIF, _HAS_XMP = 0x20, 0x08, 0x04
_RESERVED = 0xC1


def clean(octets: bytes, budget: Budget) -> bytes:
    """The picture alone."""
    kept: dict[str, list[bytes]] = {"before": [], "picture": [], "after": []}
    flags = -1
    extended = b""
    for kind, content in _chunks(octets[12 : 8 + int.from_bytes(octets[4:8], "little")]):
        if kind == b"VP8X" and not extended and len(content) == 10:  # noqa: PLR2004 - RFC 9649 2.7
            flags, extended = content[0] & ~(_HAS_PROFILE | _HAS_EXIF | _HAS_XMP | _RESERVED), content
        elif kind == b"ICCP" and (profile := standard_profile(content)):
            kept["before"] = [_chunk(kind, profile)]
        elif kind == b"EXIF" and (exif := only_orientation(content)):
            kept["after"] = [_chunk(kind, exif)]
        elif kind == b"ANIM" and len(content) == 6:  # noqa: PLR2004 - RFC 9649 2.7.1.1
            kept["picture"].append(_chunk(kind, content))
        elif kind == b"ANMF":
            kept["picture"].append(_chunk(kind, _frame(content)))
        elif kind in _PICTURE:
            kept["picture"].append(_chunk(kind, content))
    if not kept["picture"]:
        raise UncleanError
    if not extended:
        return _checked(_file(kept["picture"][:1]), b"", budget)
    flags |= (_HAS_PROFILE if kept["before"] else 0) | (_HAS_EXIF if kept["after"] else 0)
    first = _chunk(b"VP8X", bytes([flags, 0, 0, 0]) + extended[4:])
    return _checked(_file([first, *kept["before"], *kept["picture"], *kept["after"]]), extended, budget)


def _chunks(octets: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 0
    for _ in range(_CHUNKS_MAXIMUM):
        if place + 8 > len(octets):
            return
        kind, length = struct.unpack_from("<4sI", octets, place)
        if place + 8 + length > len(octets):
            raise UncleanError
        yield kind, octets[place + 8 : place + 8 + length]
        place += 8 + length + length % 2
    raise UncleanError


def _chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + b"\x00" * (len(content) % 2)


def _file(chunks: list[bytes]) -> bytes:
    content = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(content)) + content


def _frame(content: bytes) -> bytes:
    """One frame of an animation, with the chunks of its picture alone."""
    if len(content) < _FRAME_HEADER:
        raise UncleanError
    inner = b"".join(_chunk(kind, octets) for kind, octets in _chunks(content[_FRAME_HEADER:]) if kind in _PICTURE)
    return content[:_FRAME_HEADER] + inner


def _checked(octets: bytes, extended: bytes, budget: Budget) -> bytes:
    """The file, unless its canvas, or the one bitstream there is, is larger than any picture may be."""
    if extended:
        width = 1 + int.from_bytes(extended[4:7], "little")
        height = 1 + int.from_bytes(extended[7:10], "little")
    elif octets[12:16] == b"VP8L":
        packed = int.from_bytes(octets[21:25], "little")
        width, height = (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
    else:
        width, height = (int.from_bytes(octets[place : place + 2], "little") & 0x3FFF for place in (26, 28))
    if width * height > budget.limits.image_pixels:
        raise UncleanError
    return octets
