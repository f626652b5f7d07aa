"""Checkpoints as files: written once, whole, and for good."""

import errno
import os
from pathlib import Path

import pytest

from postern.connect.checkpoints import NOTE_OCTETS, CheckpointFolder
from postern.errors import DamagedError, StoreError


def test_a_note_is_kept_under_its_size_and_comes_back(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path / "made" / "here")
    assert folder.sizes() == set()
    folder.put(1_234, "a note —\n")
    folder.put(10**15, "another\n")
    folder.put(1_234, "a note —\n")  # again is no error
    assert folder.sizes() == {1_234, 10**15}
    assert folder.get(1_234) == "a note —\n"
    assert sorted(path.name for path in (tmp_path / "made" / "here").iterdir()) == [
        "000000001234.checkpoint",
        "1000000000000000.checkpoint",
    ]


def test_a_note_is_never_replaced(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path)
    folder.put(5, "the first")
    with pytest.raises(DamagedError, match="not replaced"):
        folder.put(5, "the second")
    assert folder.get(5) == "the first"


def test_a_disk_that_takes_nothing_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    folder = CheckpointFolder(tmp_path)
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", refuse)
        with pytest.raises(StoreError):
            folder.put(5, "a note")
    assert list(tmp_path.iterdir()) == []
    folder.put(5, "a note")
    assert folder.sizes() == {5}


def test_what_is_no_checkpoint_is_passed_over_or_told(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path)
    for name in ("letter.txt", "5.checkpoint", "000000000005.checkpoint.bak", ".000000000005.checkpoint"):
        (tmp_path / name).write_text("x")
    assert folder.sizes() == set()
    with pytest.raises(DamagedError, match="missing"):
        folder.get(5)
    (tmp_path / "000000000005.checkpoint").write_bytes(b"\xff")
    with pytest.raises(DamagedError, match="no text"):
        folder.get(5)
    (tmp_path / "000000000006.checkpoint").write_bytes(b"x" * 10 * NOTE_OCTETS)
    assert len(folder.get(6)) == NOTE_OCTETS
    (tmp_path / "000000000007.checkpoint").mkdir()
    with pytest.raises(StoreError):
        folder.get(7)


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").write_text("x")
    folder = CheckpointFolder(tmp_path / "checkpoints")
    with pytest.raises(StoreError):
        folder.sizes()
    with pytest.raises(StoreError):
        folder.put(5, "a note")
