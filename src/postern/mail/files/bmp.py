"""Windows bitmaps: header, colours and pixels, one right behind the other; no profile, no gaps, nothing after the end."""

import struct

from postern.mail.files.budget import Budget, UncleanError

_FILE_HEADER = 14
_CORE, _PLAIN, _FULL = 12, 40, 108
HEADERS = (_CORE, _PLAIN, 52, 56, _FULL, 124)
_RGB, _RLE8, _RLE4, _FIELDS = range(4)
_PALETTE_BITS = 8
_DENSITY = 24  # where the pixels a metre stand
_COLOUR_SPACE = 56  # where a version 4 header begins to speak of colour spaces and profiles
_SRGB = b"BGRs"


def clean(octets: bytes, budget: Budget) -> bytes:
    """The picture alone."""
    (start,) = struct.unpack_from("<I", octets, 10)
    (size,) = struct.unpack_from("<I", octets, _FILE_HEADER)
    if size not in HEADERS or len(octets) < _FILE_HEADER + size:
        raise UncleanError
    header = octets[_FILE_HEADER : _FILE_HEADER + size]
    if size == _CORE:
        width, height, _, bits = struct.unpack_from("<HHHH", header, 4)
        kind = packed = used = 0
    else:
        width, height, _, bits, kind, packed, _, _, used = struct.unpack_from("<iiHHIIiiI", header, 4)
    height = abs(height)
    if width <= 0 or not height or width * height > budget.limits.image_pixels or kind not in (_RGB, _RLE8, _RLE4, _FIELDS):
        raise UncleanError
    length = packed if kind in (_RLE8, _RLE4) else (width * bits + 31) // 32 * 4 * height
    colours = (min(used or 1 << bits, 1 << bits) if bits <= _PALETTE_BITS else 0) * (3 if size == _CORE else 4)
    if kind == _FIELDS and size == _PLAIN:
        colours += 12  # the three masks stand there
    table = octets[_FILE_HEADER + size :][:colours]
    pixels = octets[start : start + length]
    if len(table) != colours or len(pixels) != length:
        raise UncleanError
    place = _FILE_HEADER + size + colours
    front = struct.pack("<2sIII", b"BM", place + length, 0, place)
    return front + _plain_header(header, bits, packed if kind in (_RLE8, _RLE4) else 0) + table + pixels


def _plain_header(header: bytes, bits: int, packed: int) -> bytes:
    """The header without what a decoder does not need: densities, and the names and numbers of colour spaces."""
    if len(header) == _CORE:
        return header
    front = header[: _DENSITY - 4] + struct.pack("<Iii", packed, 0, 0)
    used = header[32:40] if bits <= _PALETTE_BITS else bytes(8)
    plain = front + used + header[_PLAIN:_COLOUR_SPACE]
    return plain if len(header) < _FULL else plain + _SRGB + bytes(len(header) - _COLOUR_SPACE - len(_SRGB))
