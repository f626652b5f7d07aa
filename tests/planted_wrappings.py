"""What holds other files: archives, winmail.dat, signed mails. Written octet by octet where nobody else writes them."""

import io
import struct
import zipfile
from collections.abc import Mapping

from tests.planted import ADDRESS, NAME


def archive(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as written:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name, (2026, 11, 23, 10, 0, 0))
            entry.compress_type, entry.comment, entry.extra = method, b"planted", b"\x7a\x7a\x07\x00planted"
            written.writestr(entry, content)
        written.comment = b"planted"
    return made.getvalue()


def locked(octets: bytes) -> bytes:
    """The archive with every member marked as encrypted, in its directory and before its content."""
    made = bytearray(octets)
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        place = made.find(mark)
        while place >= 0:
            made[place + offset] |= 1
            place = made.find(mark, place + 4)
    return bytes(made)


def _attribute(kind: int, content: bytes, level: int = 2) -> bytes:
    return struct.pack("<BII", level, kind, len(content)) + content + struct.pack("<H", sum(content) & 0xFFFF)


def tnef(files: Mapping[str, bytes]) -> bytes:
    made = struct.pack("<IH", 0x223E9F78, 1) + _attribute(0x00008000, NAME.encode() + b"\0" + ADDRESS.encode(), 1)
    made += _attribute(0x00069003, ADDRESS.encode("utf-16-le"), 1)
    for name, content in files.items():
        made += _attribute(0x00069002, bytes(14)) + _attribute(0x00018010, name.encode() + b"\0")
        made += _attribute(0x0006800F, content) + _attribute(0x00069005, ADDRESS.encode())
    return made


def der(tag: int, *content: bytes) -> bytes:
    octets = b"".join(content)
    if len(octets) < 128:
        return bytes([tag, len(octets)]) + octets
    size = (len(octets).bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + len(octets).to_bytes(size, "big") + octets


SIGNED_DATA, ENVELOPED_DATA = (b"\x2a\x86\x48\x86\xf7\x0d\x01\x07" + last for last in (b"\x02", b"\x03"))


def signed(mail: bytes, *, in_pieces: bool = False) -> bytes:
    """An S/MIME mail around another (RFC 5652 5.1), with a certificate that names its owner."""
    words = der(0x04, mail)
    if in_pieces:  # as programs write that do not know the length beforehand
        words = b"\x24\x80" + der(0x04, mail[:100]) + der(0x04, mail[100:]) + b"\0\0"
    inner = der(0x30, der(0x06, SIGNED_DATA[:-1] + b"\x01"), der(0xA0, words) if not in_pieces else b"\xa0\x80" + words + b"\0\0")
    certificate = der(0xA0, der(0x30, ADDRESS.encode()))
    return der(0x30, der(0x06, SIGNED_DATA), der(0xA0, der(0x30, b"\x02\x01\x01", der(0x31), inner, certificate, der(0x31))))


def enveloped() -> bytes:
    return der(0x30, der(0x06, ENVELOPED_DATA), der(0xA0, der(0x30, b"\x02\x01\x00", bytes(200))))


def old_office(*streams: str) -> bytes:
    """The head of an OLE file and a directory with these names (MS-CFB 2.6)."""
    entries = [name.encode("utf-16-le").ljust(64, b"\0") + bytes(64) for name in ("Root Entry", *streams)]
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + b"".join(entries)


CALENDAR = f"""BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VEVENT
UID:planted@{ADDRESS}
ORGANIZER;CN={NAME}:mailto:{ADDRESS}
ATTENDEE;CN="{NAME}":mailto:{ADDRESS}
SUMMARY:Bring the atlas\\, please
DTSTART;TZID=Europe/Berlin:20261124T100000
DTEND:20261124T110000Z
LOCATION:Example Stre
 et 1
X-ALT-DESC;FMTTYPE=text/html:{ADDRESS}
END:VEVENT
END:VCALENDAR
""".encode()

MAIL = f"""Received: from planted
From: {ADDRESS}
To: {ADDRESS}
Subject: Your parcel
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8

It has arrived.

> From: {NAME} <{ADDRESS}>
> See below.
--b
Content-Type: text/plain; name=list.txt
Content-Disposition: attachment; filename=list.txt

one atlas
--b--
""".encode()
