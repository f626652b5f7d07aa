"""What cleaning one mail's files may cost: octets unpacked, members read, how deep. Every unpacking asks here first."""

import zlib
from dataclasses import dataclass, field

from postern.model.limits import Limits

_PIECE = 1 << 20


class UncleanError(Exception):
    """This file cannot be cleaned: it is broken, or holds something that nobody could vouch for. It is withheld."""


class BombError(UncleanError):
    """This file unpacks to more than any file may."""


@dataclass(slots=True)
class Budget:
    """What is left to be spent on one mail."""

    limits: Limits
    octets: int = field(init=False)
    members: int = field(init=False)
    tags: int = field(init=False)

    def __post_init__(self) -> None:
        self.octets = self.limits.unpacked_bytes
        self.members = self.limits.archive_members
        self.tags = self.limits.document_tags

    def take(self, octets: int) -> None:
        """Account for octets that were unpacked."""
        self.octets -= octets
        if self.octets < 0:
            raise BombError

    def take_members(self, count: int) -> None:
        """Account for the members of an archive."""
        self.members -= count
        if self.members < 0:
            raise BombError

    def take_tags(self, count: int) -> None:
        """Account for tags of documents."""
        self.tags -= count
        if self.tags < 0:
            raise UncleanError

    def inflate(self, packed: bytes, wbits: int = zlib.MAX_WBITS) -> tuple[bytes, int]:
        """The octets behind a deflated stream, as many as there are, and how many octets of ``packed`` it took.

        Raises BombError as soon as it is more than may be unpacked, and more than ``archive_ratio`` times what it was made of
        (small files may pack as well as they can).
        """
        inflater = zlib.decompressobj(wbits)
        ceiling = max(len(packed) * self.limits.archive_ratio, _PIECE)
        pieces: list[bytes] = []
        waiting, length = packed, 0
        try:
            while waiting and not inflater.eof:
                piece = inflater.decompress(waiting, _PIECE)
                waiting = inflater.unconsumed_tail
                length += len(piece)
                self.take(len(piece))
                if length > ceiling:
                    raise BombError
                pieces.append(piece)
                if not piece and not waiting:
                    break
        except zlib.error as error:
            raise UncleanError from error
        if not inflater.eof:
            raise UncleanError
        return b"".join(pieces), len(packed) - len(inflater.unused_data)
