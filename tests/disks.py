"""Small disks of the test's own, to fill up."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, octets: int) -> Iterator[Path]:
    """A disk of this size, for as long as the test, which anybody may enter who may enter the folder around it."""
    folder.mkdir()
    mounting = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={octets}", "tmpfs", folder], check=False, timeout=10)
    if mounting.returncode:
        pytest.skip("nobody but root may mount a disk of its own; the test of files that may not grow runs everywhere")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True, timeout=10)


def free_octets(folder: Path) -> int:
    system = os.statvfs(folder)
    return system.f_bavail * system.f_frsize


@contextmanager
def open_folder() -> Iterator[Path]:
    """A temporary folder that others may enter: pytest's own are for their owner alone, and PostgreSQL runs as somebody else."""
    with tempfile.TemporaryDirectory(prefix="postern-disk-") as name:
        Path(name).chmod(0o755)
        yield Path(name)
