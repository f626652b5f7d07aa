"""What an S/MIME signature is wrapped around (RFC 5652 5): the mail inside, without certificates, names and keys."""

_SEQUENCE, _OBJECT, _OCTETS, _OCTETS_IN_PIECES, _CONTEXT_0, _END = 0x30, 0x06, 0x04, 0x24, 0xA0, 0x00
_PIECES_MAXIMUM = 100_000
_INDEFINITE = -1


def content_of(octets: bytes) -> bytes:
    """The signed octets; nothing where they are not inside, or cannot be found."""
    place = 0
    for wanted in (_SEQUENCE, _OBJECT, _CONTEXT_0, _SEQUENCE):  # ContentInfo, its type, its content, SignedData
        place = _enter(octets, place, wanted)
    place = _skip(octets, _skip(octets, place))  # version, digest algorithms
    place = _enter(octets, place, _SEQUENCE)  # EncapsulatedContentInfo
    place = _enter(octets, _enter(octets, place, _OBJECT), _CONTEXT_0)
    return _octet_string(octets, place)


def _header(octets: bytes, place: int) -> tuple[int, int, int]:
    """A value's tag, where it begins, and how long it is (X.690 8.1.3)."""
    if place < 0 or place + 2 > len(octets):
        return _END, len(octets), 0
    tag, length = octets[place], octets[place + 1]
    place += 2
    if length == 0x80:  # noqa: PLR2004 - the indefinite form
        return tag, place, _INDEFINITE
    if length & 0x80:
        count = length & 0x7F
        return tag, place + count, int.from_bytes(octets[place : place + min(count, 8)], "big")
    return tag, place, length


def _enter(octets: bytes, place: int, wanted: int) -> int:
    """Where the content of this value begins; of an object identifier, which is done with, where it ends."""
    tag, start, length = _header(octets, place)
    if tag != wanted:
        return len(octets)
    return start + length if wanted == _OBJECT else start


def _skip(octets: bytes, place: int) -> int:
    _, start, length = _header(octets, place)
    return len(octets) if length == _INDEFINITE else start + length


def _octet_string(octets: bytes, place: int) -> bytes:
    tag, start, length = _header(octets, place)
    if tag == _OCTETS and length != _INDEFINITE:
        return octets[start : start + length]
    pieces: list[bytes] = []
    end = len(octets) if length == _INDEFINITE else start + length
    while tag == _OCTETS_IN_PIECES and start < end and len(pieces) < _PIECES_MAXIMUM:
        inner, begin, size = _header(octets, start)
        if inner != _OCTETS or size == _INDEFINITE:
            break
        pieces.append(octets[begin : begin + size])
        start = begin + size
    return b"".join(pieces)
