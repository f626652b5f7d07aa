"""What a backup says of itself: when it was made, of what, and the size and digest of each of its files.

It proves that a backup is whole, not who made it: whoever can write the files can write the manifest.
"""

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime

from postern.errors import DamagedError

FORMAT = 1
FILE_NAME = "manifest.json"


@dataclass(frozen=True, slots=True)
class BackupFile:
    """One file, by its path within the backup."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """``key_mark`` tells whether a key file is the one that the backup was sealed with, and nothing else of it."""

    made_at: str
    version: str
    revision: str
    database: str  # the path of the database's copy
    key_mark: str
    with_keys: bool
    files: tuple[BackupFile, ...] = field(repr=False)
    gone: tuple[str, ...] = ()  # blobs that were taken away while the backup was made: retention or an erasure won
    missing: tuple[str, ...] = ()  # blobs that the store itself had lost

    def spell(self) -> bytes:
        """The file's content."""
        return json.dumps({"format": FORMAT} | asdict(self), indent=1).encode("ascii") + b"\n"


def read_manifest(content: bytes) -> Manifest:
    """What ``spell`` wrote. Raises DamagedError for anything else: a format that this version does not know, a path that leads
    out of the backup.
    """
    try:
        told = json.loads(content)
        if told.pop("format") != FORMAT:
            raise DamagedError("the backup has a format that this version of Postern does not know")
        files = tuple(BackupFile(str(one["path"]), int(one["size"]), str(one["sha256"])) for one in told.pop("files"))
        gone, missing = (tuple(str(one) for one in told.pop(name)) for name in ("gone", "missing"))
        manifest = Manifest(files=files, gone=gone, missing=missing, **told)
        datetime.fromisoformat(manifest.made_at)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise DamagedError(f"{FILE_NAME} cannot be read") from None
    if not all(_stays_inside(one.path) for one in files) or not _stays_inside(manifest.database):
        raise DamagedError(f"{FILE_NAME} names a path outside of the backup")
    return manifest


def _stays_inside(path: str) -> bool:
    return bool(path) and all(part not in ("", ".", "..") and "\\" not in part for part in path.split("/"))
