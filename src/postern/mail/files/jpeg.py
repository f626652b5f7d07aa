"""JPEG (ITU T.81), segment by segment: what the picture is made of stays, octet for octet; everything else goes.

EXIF, XMP, IPTC, maker notes, thumbnails, comments, second pictures and whatever follows the end are not copied. How the picture
is held, and its colours, are said anew.
"""

import re
import struct

from postern.mail.files.budget import Budget, UncleanError
from postern.mail.files.colour_profile import standard_profile
from postern.mail.files.exif import only_orientation

_SOI, _EOI, _SOS, _DHT, _DQT, _DRI, _DNL, _APP0, _APP1, _APP2, _ADOBE = (
    0xD8, 0xD9, 0xDA, 0xC4, 0xDB, 0xDD, 0xDC, 0xE0, 0xE1, 0xE2, 0xEE,
)  # fmt: skip
_FRAMES = frozenset(range(0xC0, 0xD0)) - {_DHT, 0xC8, 0xCC}
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # no stuffed octet, no restart, no filling
_BLOCK = 64
_SEGMENTS_MAXIMUM = 5_000  # a progressive picture has some dozens
_PROFILE = b"ICC_PROFILE\x00"


def clean(octets: bytes, budget: Budget) -> bytes:
    """The picture alone. One without its last marker gets it."""
    kept: list[bytes] = []
    said = {"exif": b"", "profile": b""}
    place, frames = 2, 0
    for _ in range(_SEGMENTS_MAXIMUM):
        found = _MARKER.search(octets, place)
        marker = octets[found.end() - 1] if found else _EOI
        if found is None or marker == _EOI:
            break
        if marker in (0x01, _SOI):  # stand alone, and mean nothing here
            place = found.end()
            continue
        segment = _segment(octets, found.end())
        place = found.end() + 2 + len(segment)
        if marker in _FRAMES:
            frames += 1
            _check_frame(segment, budget)
        if form := _kept_form(marker, segment, said):
            kept.append(b"\xff" + bytes([marker]) + struct.pack(">H", len(form) + 2) + form)
        if marker == _SOS:
            end = _MARKER.search(octets, place)
            kept.append(octets[place : end.start() if end else len(octets)].rstrip(b"\xff"))
            place = end.start() if end else len(octets)
    else:
        raise UncleanError
    if frames != 1 or not any(segment.startswith(b"\xff\xda") for segment in kept):
        raise UncleanError
    return b"".join((b"\xff\xd8", *_introduction(kept, said), *kept, b"\xff\xd9"))


def _segment(octets: bytes, place: int) -> bytes:
    length = int.from_bytes(octets[place : place + 2], "big")
    segment = octets[place + 2 : place + length]
    if length < 2 or len(segment) != length - 2:  # noqa: PLR2004 - the length counts itself
        raise UncleanError
    return segment


def _check_frame(segment: bytes, budget: Budget) -> None:
    if len(segment) < 6 or len(segment) != 6 + 3 * segment[5]:  # noqa: PLR2004 - T.81 B.2.2
        raise UncleanError
    height, width = struct.unpack_from(">HH", segment, 1)
    if height * width > budget.limits.image_pixels:
        raise UncleanError


def _kept_form(marker: int, segment: bytes, said: dict[str, bytes]) -> bytes:
    """The segment as it is passed on; empty for one that is not. What is said anew is put aside."""
    if marker in _FRAMES:
        return segment
    if marker in (_DQT, _DHT):
        return _only_tables(marker, segment)
    if marker in (_SOS, _DRI, _DNL):
        return _exactly(segment, 2 if marker != _SOS else 4 + 2 * segment[0] if segment else 4)
    return _application_form(marker, segment, said)


def _application_form(marker: int, segment: bytes, said: dict[str, bytes]) -> bytes:
    """Of what programs add, the kind of colours and the shape of pixels."""
    if marker == _ADOBE and segment.startswith(b"Adobe") and len(segment) >= 12:  # noqa: PLR2004 - with its colour transform
        return segment[:5] + b"\x00\x64\x00\x00\x00\x00" + segment[11:12]
    if marker == _APP0 and segment.startswith(b"JFIF\x00") and len(segment) >= 14:  # noqa: PLR2004 - to its thumbnail's size
        return segment[:12] + b"\x00\x00"
    if marker == _APP1 and segment.startswith(b"Exif\x00\x00") and not said["exif"]:
        said["exif"] = only_orientation(segment[6:])
    if marker == _APP2 and segment.startswith(_PROFILE):
        said["profile"] += segment[len(_PROFILE) + 2 :]
    return b""


def _exactly(segment: bytes, length: int) -> bytes:
    if len(segment) != length:
        raise UncleanError
    return segment


def _only_tables(marker: int, segment: bytes) -> bytes:
    """Quantization or Huffman tables (T.81 B.2.4), with nothing behind them."""
    place = 0
    while place < len(segment):
        if marker == _DQT:
            place += 1 + _BLOCK * (2 if segment[place] >> 4 else 1)
        else:
            place += 17 + sum(segment[place + 1 : place + 17])
    return _exactly(segment, place)


def _introduction(kept: list[bytes], said: dict[str, bytes]) -> list[bytes]:
    """Our own words, after JFIF's, which stand first."""
    first = [kept.pop(0)] if kept[0].startswith(b"\xff\xe0") else []
    if said["exif"]:
        first.append(_own_segment(_APP1, b"Exif\x00\x00" + said["exif"]))
    if profile := standard_profile(said["profile"]):
        first.append(_own_segment(_APP2, _PROFILE + b"\x01\x01" + profile))
    return first


def _own_segment(marker: int, words: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(words) + 2) + words
