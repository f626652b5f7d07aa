"""Checkpoints as files in a folder, best on another machine or disk. A file is written once, whole, and never replaced."""

import re
import secrets
from pathlib import Path

from postern.connect.folder import sync_folder, write_and_sync
from postern.errors import DamagedError, StoreError

NOTE_OCTETS = 20_000  # a note with some cosignatures; whatever is larger is none of ours
_NAME = re.compile(r"(\d{12,18})\.checkpoint")


class CheckpointFolder:
    """``000000001234.checkpoint`` is the signed note over the first 1,234 entries."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def sizes(self) -> set[int]:
        if not self._root.exists():
            return set()
        try:
            names = [_NAME.fullmatch(path.name) for path in self._root.iterdir()]
        except OSError as error:
            raise StoreError("the folder of checkpoints cannot be read") from error
        return {int(name[1]) for name in names if name}

    def get(self, size: int) -> str:
        try:
            with self._path(size).open("rb") as file:
                octets = file.read(NOTE_OCTETS + 1)
        except FileNotFoundError:
            raise DamagedError(f"checkpoint {size} is missing") from None
        except OSError as error:
            raise StoreError("a file of the folder of checkpoints cannot be read") from error
        try:
            return octets[:NOTE_OCTETS].decode()
        except UnicodeDecodeError:
            raise DamagedError(f"checkpoint {size} is no text") from None

    def put(self, size: int, note: str) -> None:
        path = self._path(size)
        if path.exists():
            if self.get(size) != note:
                raise DamagedError(f"another checkpoint {size} lies in the folder, and is not replaced")
            return
        temporary = path.with_name(f".{secrets.token_hex(8)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                write_and_sync(temporary, note.encode())
                temporary.rename(path)
                sync_folder(path.parent)
            finally:
                temporary.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError("the folder of checkpoints does not take a file") from error

    def _path(self, size: int) -> Path:
        return self._root / f"{size:012d}.checkpoint"
