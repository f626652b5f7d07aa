"""GIF89a, block by block: frames, their timing and the loop stay; comments, other programs' blocks and what follows go."""

import struct

from postern.mail.files.budget import Budget, UncleanError

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_TIMING, _APPLICATION = 0xF9, 0xFF
_BLOCKS_MAXIMUM = 100_000  # a film of an hour
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")


def clean(octets: bytes, budget: Budget) -> bytes:
    """The picture alone. One without its last octet gets it."""
    place = 13 + _table_size(octets, 10)
    _check_size(octets, 6, budget)
    kept = [octets[:place]]
    blocks = 0
    while place < len(octets) and octets[place] != _TRAILER:
        start = place
        blocks += 1
        if blocks > _BLOCKS_MAXIMUM:
            raise UncleanError
        if octets[place] == _IMAGE:
            _check_size(octets, place + 5, budget)
            place += 10 + _table_size(octets, place + 9) + 1
            place = _end_of_blocks(octets, place)
            kept.append(octets[start:place])
        elif octets[place] == _EXTENSION:
            place = _end_of_blocks(octets, place + 2)
            if block := _kept_extension(octets[start:place]):
                kept.append(block)
        else:
            raise UncleanError
    if len(kept) == 1:
        raise UncleanError
    return b"".join((*kept, bytes([_TRAILER])))


def _check_size(octets: bytes, place: int, budget: Budget) -> None:
    if place + 4 > len(octets):
        raise UncleanError
    width, height = struct.unpack_from("<HH", octets, place)
    if width * height > budget.limits.image_pixels:
        raise UncleanError


def _table_size(octets: bytes, place: int) -> int:
    """Octets of the colour table that a flags octet announces."""
    if place >= len(octets):
        raise UncleanError
    return 3 << ((octets[place] & 7) + 1) if octets[place] & 0x80 else 0


def _end_of_blocks(octets: bytes, place: int) -> int:
    """Where the sub-blocks that begin here have ended."""
    while place < len(octets):
        length = octets[place]
        place += 1 + length
        if not length:
            return place
    raise UncleanError


def _kept_extension(block: bytes) -> bytes:
    if block[1] == _TIMING and len(block) == 8 and block[2] == 4:  # noqa: PLR2004 - GIF89a 23
        return block
    if block[1] == _APPLICATION and block[3:14] in _LOOPS and block[14:16] == b"\x03\x01":
        return block[:18] + b"\x00"
    return b""
