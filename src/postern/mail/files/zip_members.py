"""ZIP (APPNOTE 6.3), read by its directory and written anew: names and contents, and nothing else of what its headers can hold.

It takes what every program writes: stored and deflated members, one disk, no 64-bit sizes. Where directory and members disagree
it takes nothing.
"""

import re
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from postern.mail.files.budget import BombError, Budget, UncleanError

_END = struct.Struct("<4sHHHHIIH")
_ENTRY = struct.Struct("<4sHHHHHHIIIHHHHHII")
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_COMMENT_MAXIMUM = 65_535
_ENCRYPTED, _UTF8 = 0x0001, 0x0800
STORED, _DEFLATED = 0, 8
_VERSION, _DATE = 20, 0x0021  # 2.0; the first of January 1980
_RAW = -zlib.MAX_WBITS
_WAY_OUT = re.compile(r"(?:^|[/\\])\.\.(?:[/\\]|$)|^[/\\]|^[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class Member:
    """One member as the directory has it; ``packed`` is its content as it lies in the archive."""

    name: str = field(repr=False)
    packed: bytes = field(repr=False)
    method: int
    checksum: int
    size: int
    is_encrypted: bool

    @property
    def is_folder(self) -> bool:
        """Folders are entries whose name ends so."""
        return self.name.endswith("/")

    def unpack(self, budget: Budget) -> bytes:
        """Its content, whole and undamaged."""
        if self.is_encrypted:
            raise UncleanError
        if self.method == STORED:
            budget.take(len(self.packed))
            content, taken = self.packed, len(self.packed)
        else:
            content, taken = budget.inflate(self.packed, _RAW)
        if taken != len(self.packed) or len(content) != self.size or zlib.crc32(content) != self.checksum:
            raise UncleanError
        return content

    def peek(self, octets: int) -> bytes:
        """The first octets of its content, as far as they can be had."""
        if self.method == STORED:
            return self.packed[:octets]
        try:
            return zlib.decompressobj(_RAW).decompress(self.packed[: 2 * octets], octets)
        except zlib.error:
            return b""


def read_members(octets: bytes, budget: Budget) -> list[Member]:
    """Every member in the directory's order. Members that share octets make a bomb of a few."""
    place = octets.rfind(b"PK\x05\x06", max(0, len(octets) - _COMMENT_MAXIMUM - _END.size))
    if place < 0 or place + _END.size > len(octets):
        raise UncleanError
    _, disk, first_disk, here, count, length, start, _ = _END.unpack_from(octets, place)
    if disk or first_disk or here != count or start + length != place:
        raise UncleanError
    budget.take_members(count)
    members, place, packed = [], start, 0
    for _ in range(count):
        member, place = _read_member(octets, place)
        packed += len(member.packed)
        if packed > len(octets):
            raise BombError
        members.append(member)
    return members


def _read_member(octets: bytes, place: int) -> tuple[Member, int]:
    if place + _ENTRY.size > len(octets):
        raise UncleanError
    entry = _ENTRY.unpack_from(octets, place)
    signature, _, _, flags, method, _, _, checksum, packed, size, name_length, extra, comment, _, _, _, offset = entry
    if signature != b"PK\x01\x02" or method not in (STORED, _DEFLATED) or offset + _LOCAL.size > len(octets):
        raise UncleanError
    name = octets[place + _ENTRY.size :][:name_length] if name_length < 1_000 else b""  # noqa: PLR2004 - longer is no name
    local = _LOCAL.unpack_from(octets, offset)
    start = offset + _LOCAL.size + local[9] + local[10]
    if local[0] != b"PK\x03\x04" or local[3] != method or start + packed > len(octets) or not name:
        raise UncleanError
    text = name.decode("utf-8" if flags & _UTF8 else "cp437", "replace")
    if "\x00" in text or _WAY_OUT.search(text):
        raise UncleanError
    member = Member(text, octets[start : start + packed], method, checksum, size, bool(flags & _ENCRYPTED))
    return member, place + _ENTRY.size + name_length + extra + comment


def write_archive(members: Iterable[tuple[str, bytes, Member]]) -> bytes:
    """A new archive of these names and contents, each packed as its old member was."""
    body, directory, count = bytearray(), bytearray(), 0
    for name, content, old in members:
        encoded = name.encode("utf-8", "replace")
        flags = 0 if name.isascii() else _UTF8
        packed = _pack(content, old)
        fields = (_VERSION, flags, old.method, 0, _DATE, zlib.crc32(content), len(packed), len(content), len(encoded), 0)
        directory += _ENTRY.pack(b"PK\x01\x02", _VERSION, *fields, 0, 0, 0, 0, len(body)) + encoded
        body += _LOCAL.pack(b"PK\x03\x04", *fields) + encoded + packed
        count += 1
    return bytes(body + directory) + _END.pack(b"PK\x05\x06", 0, 0, count, count, len(directory), len(body), 0)


def _pack(content: bytes, old: Member) -> bytes:
    if old.method == STORED:
        return content
    if len(content) == old.size and zlib.crc32(content) == old.checksum:
        return old.packed
    packer = zlib.compressobj(6, zlib.DEFLATED, _RAW)
    return packer.compress(content) + packer.flush()
