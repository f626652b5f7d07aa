"""EXIF: which way up a picture is held is kept; the camera, its owner, the place and the hour are not."""

import struct

_ORIENTATION = 0x0112
_SHORT = 3
_ENTRIES_MAXIMUM = 200
UPRIGHT = 1


def orientation_of(tiff: bytes) -> int:
    """1 to 8 as the first directory says (TIFF 6.0, 8), or upright."""
    try:
        order = {b"II*\x00": "<", b"MM\x00*": ">"}[tiff[:4]]
        (place,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, place)
        for number in range(min(count, _ENTRIES_MAXIMUM)):
            tag, kind, values, value = struct.unpack_from(f"{order}HHIH", tiff, place + 2 + 12 * number)
            if tag == _ORIENTATION:
                return value if (kind, values) == (_SHORT, 1) and 1 <= value <= 8 else UPRIGHT  # noqa: PLR2004 - eight ways
    except (KeyError, struct.error):
        pass
    return UPRIGHT


def only_orientation(tiff: bytes) -> bytes:
    """The smallest EXIF that says the same of it; nothing for a picture that stands upright."""
    orientation = orientation_of(tiff.removeprefix(b"Exif\x00\x00"))
    if orientation == UPRIGHT:
        return b""
    entry = struct.pack(">HHIHH", _ORIENTATION, _SHORT, 1, orientation, 0)
    return b"MM\x00*\x00\x00\x00\x08" + b"\x00\x01" + entry + b"\x00\x00\x00\x00"
