"""Colour profiles. One can name its maker, its owner's screen and the hour it was measured, so none travels on.

A picture in Display P3 (most telephones) or Adobe RGB gets a profile of ours for that space, so that its colours stay. sRGB is
what every program takes a picture without a profile for. Any other profile is dropped.
"""

import struct
from dataclasses import dataclass

_HEADER = 128
_TAGS_MAXIMUM = 100
_TOLERANCE = 0.004  # makers round differently
_WHITE = (0.9642, 1.0, 0.8249)  # D50, as the profile connection space has it


@dataclass(frozen=True, slots=True)
class _Space:
    """The primaries, adapted to D50, and the curve, as parameters of a parametricCurveType (ICC.1 10.18)."""

    name: str
    primaries: tuple[tuple[float, float, float], ...]
    curve: tuple[float, ...]


_SPACES = (
    _Space(
        "Display P3",
        ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)),
        (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045),
    ),
    _Space(
        "Adobe RGB (1998)",
        ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)),
        (2.19921875,),
    ),
)


def standard_profile(profile: bytes) -> bytes:
    """Our own profile for the colour space that this one describes, or nothing."""
    primaries = _primaries_of(profile)
    space = next((space for space in _SPACES if primaries and _is_near(primaries, space.primaries)), None)
    return _profile_of(space) if space else b""


def _primaries_of(profile: bytes) -> list[tuple[float, ...]]:
    try:
        if profile[16:20] != b"RGB " or profile[36:40] != b"acsp":
            return []
        (count,) = struct.unpack_from(">I", profile, _HEADER)
        places = {}
        for number in range(min(count, _TAGS_MAXIMUM)):
            name, place, _ = struct.unpack_from(">4sII", profile, _HEADER + 4 + 12 * number)
            places[name] = place
        found = [struct.unpack_from(">4s4x3i", profile, places[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
    except (KeyError, struct.error):
        return []
    return [tuple(value / 65536 for value in values) for kind, *values in found if kind == b"XYZ "]


def _is_near(found: list[tuple[float, ...]], wanted: tuple[tuple[float, float, float], ...]) -> bool:
    pairs = zip((value for one in found for value in one), (value for one in wanted for value in one), strict=False)
    return len(found) == len(wanted) and all(abs(one - other) < _TOLERANCE for one, other in pairs)


def _profile_of(space: _Space) -> bytes:
    """A version 4 matrix profile (ICC.1 8.3.3) that says nothing but the colours."""
    curve = struct.pack(">4s4xH2x", b"para", 3 if len(space.curve) > 1 else 0) + b"".join(map(_fixed, space.curve))
    red, green, blue = (b"XYZ \x00\x00\x00\x00" + b"".join(map(_fixed, one)) for one in space.primaries)
    white = b"XYZ \x00\x00\x00\x00" + b"".join(map(_fixed, _WHITE))
    tags = (
        (b"desc", _words(space.name)), (b"cprt", _words("CC0")), (b"wtpt", white), (b"rXYZ", red), (b"gXYZ", green),
        (b"bXYZ", blue), (b"rTRC", curve), (b"gTRC", curve), (b"bTRC", curve),
    )  # fmt: skip
    table, content = struct.pack(">I", len(tags)), b""
    start = _HEADER + 4 + 12 * len(tags)
    for name, octets in tags:
        table += struct.pack(">4sII", name, start + len(content), len(octets))
        content += octets + b"\x00" * (-len(octets) % 4)
    fields = (start + len(content), b"", 0x04300000, b"mntr", b"RGB ", b"XYZ ", b"acsp", 0, *map(round, _scaled(_WHITE)))
    header = struct.pack(">I4sI4s4s4s12x4s24xI3i48x", *fields)
    return header + table + content


def _scaled(values: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(value * 65536 for value in values)


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _words(words: str) -> bytes:
    """A multiLocalizedUnicodeType (ICC.1 10.15) with one record."""
    octets = words.encode("utf-16-be")
    return struct.pack(">4s4xII2s2sII", b"mluc", 1, 12, b"en", b"US", len(octets), 28) + octets
