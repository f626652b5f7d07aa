"""A backup of one moment, made while Postern runs: the database, the blobs that its rows need, the checkpoints, and a manifest.

It is written beside its name and gets the name when it is whole, so what has the name is complete. The key file is not in it
unless asked for: whoever has both can read everything, so they belong in two places. Settings, certificates and DKIM keys are not
in it.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from postern import __version__
from postern.errors import ConfigurationError, DamagedError
from postern.keys import Keyring
from postern.model.manifest import FILE_NAME, BackupFile, Manifest
from postern.ports import Blobs, Clock
from postern.storage.backup import copy_database, copy_name
from postern.storage.forgetting import blobs_with_rows
from postern.storage.store import Reader

KEYS = "keys/master.keys"
CHECKPOINTS = "checkpoints"
_PORTION = 1 << 20


@dataclass(frozen=True, slots=True)
class Premises:
    """Where an installation keeps what a backup holds."""

    store_url: str = field(repr=False)
    blobs: Blobs
    checkpoints: Path
    master_file: Path
    keyring: Keyring


def create_backup(reader: Reader, premises: Premises, clock: Clock, out: Path, *, with_keys: bool) -> Manifest:
    """Write a backup to a new folder. Raises ConfigurationError where it cannot be written, and StoreError."""
    if out.exists():
        raise ConfigurationError(f"{out} exists already, and is not replaced: name another folder")
    try:
        with _new_folder(out) as folder:
            return _fill(reader, premises, clock, folder, with_keys=with_keys)
    except OSError as error:
        raise ConfigurationError(f"{out} cannot be written: {error.strerror}") from None


def key_mark(keyring: Keyring, made_at: str) -> str:
    """Equal for equal key files, however many masters were added since: it is made with the oldest."""
    return keyring.mark("backup", made_at.encode()).hex()


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while portion := file.read(_PORTION):
            digest.update(portion)
    return digest.hexdigest()


def _fill(reader: Reader, premises: Premises, clock: Clock, folder: Path, *, with_keys: bool) -> Manifest:
    made_at = clock.now().isoformat()
    database = folder / copy_name(premises.store_url)
    database.parent.mkdir(mode=0o700)
    copy = copy_database(premises.store_url, database)
    lost = [name for name in copy.blobs if not _copy_blob(premises.blobs, name, folder)]
    with reader.look() as look:
        missing = blobs_with_rows(look, lost)
    if premises.checkpoints.is_dir():
        shutil.copytree(premises.checkpoints, folder / CHECKPOINTS)
    if with_keys:
        _write(folder / KEYS, premises.master_file.read_bytes())
    manifest = Manifest(
        made_at=made_at,
        version=__version__,
        revision=copy.revision,
        database=copy_name(premises.store_url),
        key_mark=key_mark(premises.keyring, made_at),
        with_keys=with_keys,
        files=tuple(_describe(folder)),
        gone=tuple(name for name in lost if name not in missing),
        missing=tuple(sorted(missing)),
    )
    _write(folder / FILE_NAME, manifest.spell())
    return manifest


def _copy_blob(blobs: Blobs, name: str, folder: Path) -> bool:
    """False where the store has it no more."""
    try:
        content = blobs.get(name)
    except DamagedError:
        return False
    _write(folder / "blobs" / name[:2] / name, content)
    return True


def _describe(folder: Path) -> Iterator[BackupFile]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            _sync(path)
            yield BackupFile(path.relative_to(folder).as_posix(), path.stat().st_size, digest_of(path))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _new_folder(out: Path) -> Iterator[Path]:
    """A folder that gets its name when all in it is on disk, and leaves nothing behind if that fails."""
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # of a backup that was killed
    partial.mkdir(parents=True, mode=0o700)
    try:
        yield partial
        for folder in (partial, *(path for path in partial.rglob("*") if path.is_dir())):
            _sync(folder)
        partial.rename(out)
        _sync(out.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
