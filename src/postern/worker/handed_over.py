"""Mails that the next hop has taken and the store does not know of yet, noted in a file that outlives this process.

An outcome is committed together with others, some milliseconds after the next hop gave it. A process that is killed in between
would send these mails once more; so each is noted here first, in a slot of its own, by one write that the kernel keeps whatever
becomes of the process. The next start settles what it finds. Nothing is flushed to disk: after a power cut these few mails go out
again, which the promise allows ("at worst twice").

It holds ids and trade words, no address. Each process has a file of its own, locked while it lives.
"""

import fcntl
import json
import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from uuid import UUID

from postern.errors import StoreError
from postern.model.delivery import Delivered

_SLOT, _HEAD = 1_024, 12  # octets: of a note, and of its checksum and length
_TEXT_MAXIMUM = 200  # characters of a reply
_FILES = 1_000


@dataclass(frozen=True, slots=True)
class HandedOver:
    """One of them: under which lease, and what the next hop answered."""

    delivery_id: UUID
    lease: UUID
    outcome: Delivered = field(repr=False)


class Notes:
    """The notes of one process. ``left_over`` is what processes that died left behind, until ``clear`` forgets it."""

    def __init__(self, folder: Path) -> None:
        """Take a file of our own, and read those of the dead. Raises StoreError where the folder cannot be written."""
        self._dead: list[tuple[Path, int]] = []
        self.left_over: list[HandedOver] = []
        self._free: list[int] = []
        self._slots = 0
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for path in sorted(folder.glob("handed-over-*")):
                self._take_over(path)
            self._own = self._make(folder)
        except OSError as error:
            raise StoreError(f"{folder} cannot be written: {error.strerror}") from None

    def _take_over(self, path: Path) -> None:
        with suppress(FileNotFoundError):
            file = os.open(path, os.O_RDWR)
            if _is_locked_by_us(file):
                self._dead.append((path, file))
                self.left_over.extend(_read(file))
            else:
                os.close(file)

    def _make(self, folder: Path) -> int:
        for number in range(_FILES):
            with suppress(FileExistsError):
                file = os.open(folder / f"handed-over-{number}", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
                if _is_locked_by_us(file):
                    self._path = folder / f"handed-over-{number}"
                    return file
                os.close(file)  # a process that starts at this moment took it for one of the dead
        raise StoreError(f"{folder} holds the files of {_FILES} processes")

    def clear(self) -> None:
        """Forget what the dead left: it is settled."""
        for path, file in self._dead:
            path.unlink(missing_ok=True)
            os.close(file)
        self._dead.clear()
        self.left_over.clear()

    def note(self, one: HandedOver) -> int:
        """Note it, and answer its slot. Raises StoreError; the mail is then settled without a note."""
        if self._free:
            slot = self._free.pop()
        else:
            slot, self._slots = self._slots, self._slots + 1
        try:
            os.pwrite(self._own, _spell(one), slot * _SLOT)
        except OSError as error:
            raise StoreError(f"what was handed over cannot be noted: {error.strerror}") from None
        return slot

    def forget(self, slot: int) -> None:
        """It is settled."""
        with suppress(OSError):
            os.pwrite(self._own, bytes(1), slot * _SLOT)
        self._free.append(slot)

    def close(self) -> None:
        """Nothing is open any more: the file goes, unless something in it was never settled."""
        if len(self._free) == self._slots:
            self._path.unlink(missing_ok=True)
        os.close(self._own)


def _is_locked_by_us(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _spell(one: HandedOver) -> bytes:
    """One slot: checksum, length, JSON."""
    reply = asdict(one.outcome) | {"text": one.outcome.text[:_TEXT_MAXIMUM]}
    content = json.dumps([one.delivery_id.hex, one.lease.hex, reply]).encode("ascii")
    if len(content) > _SLOT - _HEAD:
        content = json.dumps([one.delivery_id.hex, one.lease.hex, reply | {"text": ""}]).encode("ascii")
    return b"%08x%04x" % (zlib.crc32(content), len(content)) + content


def _read(file: int) -> Iterator[HandedOver]:
    """Every slot that holds a whole note. One that was being written when its process died holds none."""
    for start in range(0, os.fstat(file).st_size, _SLOT):
        octets = os.pread(file, _SLOT, start)
        with suppress(ValueError, TypeError, KeyError):
            checksum, length = int(octets[:8], 16), int(octets[8:_HEAD], 16)
            content = octets[_HEAD : _HEAD + length]
            if zlib.crc32(content) == checksum and len(content) == length:
                delivery, lease, reply = json.loads(content)
                yield HandedOver(UUID(hex=delivery), UUID(hex=lease), Delivered(**reply))
