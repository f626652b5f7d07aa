"""The room on the disks under the store, the blobs and the folder of the installation, as the system tells it.

No mail is taken while less than the limit is free: what is left is for the outcomes of mails that were taken before, which must
still be written. It sees the disks of this machine alone; a database elsewhere says itself when it is full.
"""

import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from postern.errors import StoreAwayError, StoreFullError
from postern.model.limits import Limits

LOOK_SECONDS = 1.0  # a look is cheap, and a mail may come every millisecond
_log = logging.getLogger(__name__)


class Disks:
    """Looks at most once a second. A disk that is low or full when first seen is logged, and whatever changes afterwards."""

    def __init__(self, folders: Sequence[Path], limits: Limits) -> None:
        self._folders = tuple(folders)
        self._limits = limits
        self._lock = Lock()
        self._looked_at = -LOOK_SECONDS
        self._found: dict[int, str] = {}

    def require_room(self) -> None:
        """Raises StoreFullError while one of the disks has less room than ``min_free`` says."""
        with self._lock:
            if time.monotonic() - self._looked_at >= LOOK_SECONDS:
                self._looked_at = time.monotonic()
                self._found = self._look()
            if _FULL in self._found.values():
                raise StoreFullError("a disk has less room left than limits.min_free")

    def _look(self) -> dict[int, str]:
        """What each disk is, by its number; several folders may lie on one."""
        try:
            disks = {folder.stat().st_dev: folder for folder in map(_nearest, self._folders)}
            return {number: self._judge(folder, self._found.get(number, _ROOMY)) for number, folder in disks.items()}
        except OSError as error:
            raise StoreAwayError(f"a disk cannot be looked at: {error.strerror}") from error

    def _judge(self, folder: Path, before: str) -> str:
        system = os.statvfs(folder)
        free, whole = system.f_bavail * system.f_frsize, system.f_blocks * system.f_frsize
        found = _ROOMY
        if free < self._limits.min_free:
            found = _FULL
        elif free * 100 < whole * self._limits.low_free_percent:
            found = _LOW
        if found != before:
            _log.log(_LEVELS[found], "%s %s: %s MB of %s are free", folder, found, free // _MEGABYTE, whole // _MEGABYTE)
        return found


_MEGABYTE = 1_000_000
_FULL, _LOW, _ROOMY = "takes no more mail (limits.min_free)", "has little room left", "has room again"
_LEVELS = {_FULL: logging.ERROR, _LOW: logging.WARNING, _ROOMY: logging.INFO}


def _nearest(folder: Path) -> Path:
    """The folder, or the one in which it will be made."""
    return next(one for one in (folder, *folder.absolute().parents) if one.exists())
