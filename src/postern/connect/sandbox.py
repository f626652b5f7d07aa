"""Keeps outgoing mail in a folder instead of sending it: the courier for trying Postern out.

Each mail is two files, written whole or not at all: ID.eml, the octets, and ID.json, the envelope. The second one makes it count.
The files hold real addresses, so the folder is the owner's alone; nothing here ever leaves the machine.
"""

import asyncio
import json
import os
import re
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from postern.model.address import Address
from postern.model.delivery import Deferred, Delivered, Outcome
from postern.model.limits import Limits
from postern.ports import Clock, IsBound, Ready, at_once

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_IDENTIFIER = re.compile(r"[0-9]{20}-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class SandboxMail:
    """A kept mail. ``id`` sorts by time."""

    id: str
    return_path: str = field(repr=False)
    recipient: str = field(repr=False)
    kept_at: datetime
    raw: bytes = field(repr=False)


class SandboxOutbox:
    """A courier that never leaves the house, and the list of what it was given."""

    def __init__(self, folder: Path, clock: Clock, limits: Limits) -> None:
        self._folder = folder
        self._clock = clock
        self._listing = limits.outbox_listing
        self._lock = threading.Lock()
        self._last_moment = 0

    async def send(
        self, return_path: str, recipient: Address, content: bytes, ready: Ready = at_once, is_bound: IsBound | None = None
    ) -> Outcome:
        """Keep the mail; it is on the disk when this returns. A full disk defers, as a full next hop would."""
        del is_bound
        await ready()
        try:
            await asyncio.to_thread(self._keep, return_path, recipient.reveal(), content)
        except OSError:
            return Deferred(0, "4.3.1", "the sandbox outbox cannot be written to")
        return Delivered(250, "2.0.0", "kept in the sandbox outbox")

    async def close(self) -> None:
        """Nothing stays open."""

    def mails(self) -> list[SandboxMail]:
        """What was kept, newest first, ``limits.outbox_listing`` at most. Files that are no mail of ours are passed over."""
        newest_first = sorted(self._identifiers(), reverse=True)
        read = (self.mail(identifier) for identifier in newest_first[: self._listing])
        return [mail for mail in read if mail is not None]

    def mail(self, identifier: str) -> SandboxMail | None:
        """The mail of this name, or None."""
        if not _IDENTIFIER.fullmatch(identifier):
            return None
        try:
            envelope = json.loads((self._folder / f"{identifier}.json").read_bytes())
            raw = (self._folder / f"{identifier}.eml").read_bytes()
            kept_at = datetime.fromisoformat(envelope["kept_at"])
            return SandboxMail(identifier, str(envelope["return_path"]), str(envelope["recipient"]), kept_at, raw)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def _identifiers(self) -> Iterator[str]:
        if not self._folder.is_dir():
            return
        for path in self._folder.iterdir():
            if path.suffix == ".json" and _IDENTIFIER.fullmatch(path.stem):
                yield path.stem

    def _keep(self, return_path: str, recipient: str, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept_at = self._clock.now()
        identifier = f"{self._next_moment(kept_at):020d}-{secrets.token_hex(4)}"
        envelope = {"return_path": return_path, "recipient": recipient, "kept_at": kept_at.isoformat()}
        self._write_whole(f"{identifier}.eml", content)
        self._write_whole(f"{identifier}.json", json.dumps(envelope).encode())
        _sync_folder(self._folder)

    def _next_moment(self, kept_at: datetime) -> int:
        """Microseconds, but never the same twice: the order of keeping is the order of names."""
        with self._lock:
            self._last_moment = max(self._last_moment + 1, (kept_at - _EPOCH) // timedelta(microseconds=1))
            return self._last_moment

    def _write_whole(self, name: str, octets: bytes) -> None:
        """Write beside, flush to the disk, then rename: nobody ever sees half a file."""
        unfinished = self._folder / f"{name}.unfinished"
        try:
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(octets)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(self._folder / name)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise


def _sync_folder(folder: Path) -> None:
    """A rename lasts once its folder is on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
