"""The room on the disks, with the system's answer set by the test."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from postern.connect import disks
from postern.connect.disks import Disks
from postern.errors import StoreAwayError, StoreFullError
from postern.model.limits import Limits

BLOCK, WHOLE = 4_096, 100_000  # a disk of 400 MB
LIMITS = Limits(min_free=10_000 * BLOCK, low_free_percent=20)


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets how many blocks are free from here on."""
    monkeypatch.setattr(disks, "LOOK_SECONDS", 0)

    def set_free(blocks: int) -> None:
        told = os.statvfs_result((BLOCK, BLOCK, WHOLE, blocks, blocks, 1_000, 1_000, 1_000, 0, 255))
        monkeypatch.setattr(os, "statvfs", lambda _folder: told)

    return set_free


def test_mail_is_taken_while_the_limit_is_free_and_again_once_it_is(free: Callable[[int], None], tmp_path: Path) -> None:
    # D-06
    watched = Disks([tmp_path], LIMITS)
    free(10_000)
    watched.require_room()
    free(9_999)
    for _ in range(2):
        with pytest.raises(StoreFullError):
            watched.require_room()
    free(10_000)
    watched.require_room()


def test_the_log_warns_before_the_disk_is_full_and_once_for_each_change(
    free: Callable[[int], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    watched = Disks([tmp_path, tmp_path / "blobs"], LIMITS)  # one disk: told of once
    with caplog.at_level(logging.INFO):
        for blocks in (50_000, 19_999, 15_000, 20_000, 19_999):
            free(blocks)
            watched.require_room()
        free(5_000)
        for _ in range(2):
            with pytest.raises(StoreFullError):
                watched.require_room()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO", "WARNING", "ERROR"]


def test_a_disk_is_not_looked_at_for_each_mail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[object] = []
    system = os.statvfs(tmp_path)

    def look(folder: object) -> os.statvfs_result:
        looks.append(folder)
        return system

    monkeypatch.setattr(os, "statvfs", look)
    watched = Disks([tmp_path], Limits(min_free=0))
    for _ in range(100):
        watched.require_room()
    assert len(looks) == 1


def test_a_disk_that_is_gone_is_a_store_that_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_folder: object) -> None:
        raise OSError(116, "Stale file handle")

    monkeypatch.setattr(os, "statvfs", fail)
    with pytest.raises(StoreAwayError, match="Stale"):
        Disks([tmp_path], Limits()).require_room()


def test_a_folder_that_is_not_made_yet_counts_where_it_will_be(tmp_path: Path) -> None:
    Disks([tmp_path / "data" / "blobs"], Limits(min_free=0)).require_room()
    with pytest.raises(StoreFullError):
        Disks([tmp_path / "data" / "blobs"], Limits(min_free=10**18)).require_room()
