"""A backup read back: verifying that it is whole, restoring it into an empty installation, and letting its queue go on.

What the backup's queue holds may have been sent since it was made. So a restored queue waits: its deliveries are never due until
a person says so, for each (`postern queue retry DELIVERY`, `postern queue drop DELIVERY`) or for all (`postern backup resume`).
"""

import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from postern.actions.back_up import CHECKPOINTS, Premises, digest_of, key_mark
from postern.errors import ConfigurationError, DamagedError
from postern.model.journal import Value
from postern.model.manifest import FILE_NAME, Manifest, read_manifest
from postern.ports import Clock
from postern.storage.backup import check_copy, copy_name, load_database, require_empty
from postern.storage.change import Change
from postern.storage.deliveries import hold_back_all, let_go
from postern.storage.journal import journal_row
from postern.storage.schema import HOUSE, REVISION
from postern.storage.statements import write_all
from postern.storage.store import Store, Transaction

_BLOBS = "blobs"


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back, and how many deliveries wait for a person's word."""

    manifest: Manifest
    held_back: int


def verify_backup(folder: Path) -> Manifest:
    """Read every file of a backup. Raises DamagedError, which names the first thing that is not as it was written."""
    manifest = _read(folder)
    for one in manifest.files:
        path = folder / one.path
        if path.is_symlink() or not path.is_file():
            raise DamagedError(f"{one.path} is missing")
        if path.stat().st_size != one.size or digest_of(path) != one.sha256:
            raise DamagedError(f"{one.path} is not what was written")
    known = {one.path for one in manifest.files} | {FILE_NAME}
    strange = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    for path_name in strange:
        if path_name not in known:
            raise DamagedError(f"{path_name} is not of this backup")
    _require_blobs(manifest, check_copy(folder / manifest.database))
    return manifest


def restore_backup(premises: Premises, clock: Clock, folder: Path) -> Restored:
    """Verify a backup and make this installation from it: blobs first, then checkpoints, then the database, whole or not at all.

    Raises DamagedError, and ConfigurationError where this installation is not empty, or not the backup's.
    """
    manifest = verify_backup(folder)
    _require_fitting(premises, manifest)
    require_empty(premises.store_url)
    for one in manifest.files:
        top, _, rest = one.path.partition("/")
        if top == _BLOBS:
            premises.blobs.put(rest.rpartition("/")[2], (folder / one.path).read_bytes())
    if (folder / CHECKPOINTS).is_dir():
        shutil.copytree(folder / CHECKPOINTS, premises.checkpoints, dirs_exist_ok=True)
    held_back: list[int] = []
    settle = partial(_settle, clock=clock, manifest=manifest, told=held_back)
    load_database(premises.store_url, folder / manifest.database, manifest.revision, settle)
    return Restored(manifest, held_back[-1])


def resume_queue(store: Store, clock: Clock) -> int:
    """Let every delivery that a restored queue holds back be due now. Answers how many."""
    return store.write(partial(let_go, now=clock.now())).result()


def _settle(transaction: Transaction, clock: Clock, manifest: Manifest, told: list[int]) -> None:
    count = hold_back_all(transaction)
    values: dict[str, Value] = {"made_at": manifest.made_at, "held back": count, "by": "operator"}
    write_all(transaction, [Change(HOUSE, (journal_row("backup-restored", clock.now(), values, seller_id=HOUSE),))])
    told.append(count)


def _read(folder: Path) -> Manifest:
    try:
        return read_manifest((folder / FILE_NAME).read_bytes())
    except OSError:
        raise DamagedError(f"{folder} is no backup: it has no {FILE_NAME}") from None


def _require_blobs(manifest: Manifest, needed: list[str] | None) -> None:
    there = {one.path.rpartition("/")[2] for one in manifest.files if one.path.startswith(f"{_BLOBS}/")}
    excused = {*manifest.gone, *manifest.missing}
    for name in needed or ():
        if name not in there and name not in excused:
            raise DamagedError(f"blob {name} is missing, which the database needs")


def _require_fitting(premises: Premises, manifest: Manifest) -> None:
    if manifest.key_mark != key_mark(premises.keyring, manifest.made_at):
        raise ConfigurationError(f"keys.master_file: {premises.master_file} is not the key file that this backup was sealed with")
    if manifest.database != copy_name(premises.store_url):
        raise ConfigurationError("store.url: the backup is of the other kind of store, SQLite or PostgreSQL")
    if manifest.revision > REVISION:
        raise ConfigurationError("the backup was made by a newer Postern: install that")
