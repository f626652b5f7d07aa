"""Blobs as files in a folder of this machine.

A blob is written to a temporary file, flushed to disk, renamed, and the folder is flushed too: after ``put`` returns, a power cut
does not lose it, and no half-written file ever has a blob's name.
"""

import errno
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from postern.errors import DamagedError, StoreError, StoreFullError

_NAME = re.compile(r"[0-9a-f]{32}")
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Folder:
    """Blobs in 256 folders by the first two letters of their names."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, name: str, content: bytes) -> None:
        path = self._path(name)
        temporary = path.with_name(f".{secrets.token_hex(8)}")
        try:
            self._make_folder(path.parent)
            try:
                write_and_sync(temporary, content)
                temporary.rename(path)
                sync_folder(path.parent)
            except OSError:
                path.unlink(missing_ok=True)  # it may have its name already, but perhaps not for good
                raise
            finally:
                temporary.unlink(missing_ok=True)
        except OSError as error:
            if error.errno in _FULL:
                raise StoreFullError("the disk under the blobs is full") from error
            raise StoreError("the blob folder does not take a file") from error

    def get(self, name: str) -> bytes:
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            raise DamagedError(f"blob {name} is missing") from None
        except OSError as error:
            raise StoreError("the blob folder cannot be read") from error

    def remove(self, name: str) -> None:
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError as error:
            raise StoreError("the blob folder does not let a file go") from error

    def names(self) -> Iterator[tuple[str, datetime]]:
        try:
            for path in self._root.glob("??/*"):
                if _NAME.fullmatch(path.name):
                    with suppress(FileNotFoundError):  # taken away a moment ago
                        yield path.name, datetime.fromtimestamp(path.stat().st_mtime, UTC)
        except OSError as error:
            raise StoreError("the blob folder cannot be listed") from error

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise DamagedError("not a blob's name")
        return self._root / name[:2] / name

    def _make_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            sync_folder(folder.parent)


def write_and_sync(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
