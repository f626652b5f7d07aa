"""TNEF (winmail.dat, MS-OXTNEF): the files in it, and nothing of the sender, the addresses and the second copy of the text."""

import struct

from postern.mail.letter import Attachment
from postern.mail.reading.charsets import by_evidence
from postern.mail.reading.file_names import clean_file_name
from postern.model.limits import Limits

_BEGINS, _TITLE, _CONTENT = 0x00069002, 0x00018010, 0x0006800F
_ATTRIBUTE = struct.Struct("<BII")
_FRONT = 6  # signature and key


def files_in(octets: bytes, limits: Limits) -> tuple[Attachment, ...]:
    """The attached files, as far as it can be read."""
    names: list[str] = []
    contents: list[bytes] = []
    place = _FRONT
    while place + _ATTRIBUTE.size <= len(octets) and len(names) <= limits.parts:
        _, kind, length = _ATTRIBUTE.unpack_from(octets, place)
        place += _ATTRIBUTE.size
        if place + length > len(octets):
            break
        if kind == _BEGINS:
            names.append("")
            contents.append(b"")
        elif kind == _TITLE and names:
            names[-1] = clean_file_name(by_evidence(octets[place : place + length].partition(b"\x00")[0]))
        elif kind == _CONTENT and contents:
            contents[-1] = octets[place : place + length]
        place += length + 2  # a checksum
    pairs = zip(names, contents, strict=True)
    return tuple(Attachment(name, "application/octet-stream", content) for name, content in pairs if content)
