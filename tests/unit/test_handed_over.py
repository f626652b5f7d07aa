"""Notes of what was handed over: they outlive a process that is killed, whole or not at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postern.errors import StoreError
from postern.model.delivery import Delivered
from postern.model.identifier import new_id
from postern.worker.handed_over import HandedOver, Notes

KILLED_WHILE_IT_HOLDS_A_NOTE = """
import os, signal, sys
from pathlib import Path
from uuid import UUID
from postern.model.delivery import Delivered
from postern.worker.handed_over import HandedOver, Notes
notes = Notes(Path(sys.argv[1]))
first = notes.note(HandedOver(UUID(int=1), UUID(int=2), Delivered(250, "2.0.0", "ok")))
notes.note(HandedOver(UUID(int=3), UUID(int=4), Delivered(250, "2.6.0", "queued")))
notes.forget(first)
os.kill(os.getpid(), signal.SIGKILL)
"""


def one(text: str = "ok") -> HandedOver:
    return HandedOver(new_id(), new_id(), Delivered(250, "2.0.0", text))


def test_what_a_killed_process_had_not_settled_is_found_and_what_it_had_is_not(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED_WHILE_IT_HOLDS_A_NOTE, str(tmp_path)], check=False, timeout=60)
    assert ended.returncode == -9
    notes = Notes(tmp_path)
    assert [(note.delivery_id.int, note.lease.int) for note in notes.left_over] == [(3, 4)]
    assert notes.left_over[0].outcome == Delivered(250, "2.6.0", "queued")
    notes.clear()
    assert notes.left_over == []
    notes.close()
    assert Notes(tmp_path).left_over == []


def test_processes_side_by_side_never_read_each_others_notes(tmp_path: Path) -> None:
    first = Notes(tmp_path)
    first.note(one())
    second = Notes(tmp_path)
    assert second.left_over == []
    second.close()
    first.close()
    assert len(Notes(tmp_path).left_over) == 1


def test_a_slot_is_used_again_and_the_file_goes_when_all_is_settled(tmp_path: Path) -> None:
    notes = Notes(tmp_path)
    for _ in range(100):
        notes.forget(notes.note(one()))
    (file,) = tmp_path.iterdir()
    assert file.stat().st_size <= 1_024
    notes.close()
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=50, deadline=None)
@given(text=st.text(max_size=5_000))
def test_any_reply_can_be_noted(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("notes")
    notes = Notes(folder)
    noted = [one(text), one("after it")]
    for note in noted:
        notes.note(note)
    notes.close()
    found = Notes(folder)
    assert [note.delivery_id for note in found.left_over] == [note.delivery_id for note in noted]
    assert text.startswith(found.left_over[0].outcome.text)


@settings(max_examples=100, deadline=None)
@given(damage=st.binary(min_size=1, max_size=3_000), place=st.integers(0, 3_000), cut=st.integers(0, 3_072))
def test_a_damaged_file_gives_whole_notes_or_none_and_never_an_error(
    tmp_path_factory: pytest.TempPathFactory, damage: bytes, place: int, cut: int
) -> None:
    folder = tmp_path_factory.mktemp("notes")
    notes = Notes(folder)
    noted = [one(), one(), one()]
    for note in noted:
        notes.note(note)
    notes.close()
    (file,) = folder.iterdir()
    octets = bytearray(file.read_bytes())
    octets[place : place + len(damage)] = damage
    file.write_bytes(octets[:cut])
    assert all(note in noted for note in Notes(folder).left_over)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreError, match="cannot be written"):
        Notes(tmp_path / "file")


def test_nobody_else_may_read_them(tmp_path: Path) -> None:
    Notes(tmp_path / "worker")
    (file,) = (tmp_path / "worker").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert os.access(file, os.R_OK)
