"""The bytes of mails: where the border between rows and blobs runs, and what is said when what lies there is not what was."""

import errno
import os
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from postern.connect.folder import Folder
from postern.errors import DamagedError, NotFoundError, StoreError, StoreFullError
from postern.model.identifier import new_id
from postern.model.limits import Limits
from postern.storage import schema
from postern.storage.change import Change, Kept
from postern.storage.documents import Owner, SealedDocument, find_document, seal_document
from postern.storage.store import Transaction
from tests.people import Town
from tests.people import town as found_town

BORDER = Limits().inline_document


def keep(town: Town, content: bytes, owner: Owner | None = None) -> SealedDocument:
    house = Owner("house", None, town.store.vault.house_key())
    document = seal_document(1, content, owner or house, town.store.blobs, town.frame.limits.inline_document)
    assert town.store.keep(Change(1, (document.row,))).result() == Kept()
    return document


def find(town: Town, document_id: UUID) -> bytes:
    with town.store.look() as look:
        return find_document(look, 1, document_id)


def blobs(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "blobs" in path.parts]


def change_row(town: Town, **columns: object) -> None:
    town.store.write(lambda transaction: transaction.execute(schema.document.update().values(columns))).result()


def test_a_mail_up_to_the_border_is_a_row_and_a_larger_one_a_blob(town: Town, tmp_path: Path) -> None:
    at_border, above = os.urandom(BORDER), os.urandom(BORDER + 1)
    row = keep(town, at_border)
    assert blobs(tmp_path) == []
    large = keep(town, above)
    assert len(blobs(tmp_path)) == 1
    assert find(town, row.id) == at_border
    assert find(town, large.id) == above


def test_the_border_is_a_named_limit(store_url: str, tmp_path: Path) -> None:
    with found_town(store_url, tmp_path, Limits(inline_document=10)) as town:
        keep(town, b"x" * 10)
        assert blobs(tmp_path) == []
        keep(town, b"x" * 11)
        assert len(blobs(tmp_path)) == 1


def test_an_empty_mail_is_a_mail(town: Town) -> None:
    assert find(town, keep(town, b"").id) == b""


def test_a_blob_is_named_by_chance_sealed_and_for_its_owners_eyes(town: Town, tmp_path: Path) -> None:
    content = b"canary " * 20_000
    first, second = keep(town, content), keep(town, content)
    one, two = blobs(tmp_path)
    assert one.read_bytes() != two.read_bytes()
    assert b"canary" not in one.read_bytes()
    assert one.stat().st_mode & 0o077 == 0
    assert first.commitment != second.commitment  # nobody sees from outside that two mails are equal


def test_a_document_is_one_sellers(town: Town) -> None:
    document = keep(town, b"content")
    with town.store.look() as look, pytest.raises(NotFoundError):
        find_document(look, 2, document.id)
    with pytest.raises(NotFoundError):
        find(town, new_id())


@pytest.mark.parametrize("kept", [0, 1, 11, 12, 27, 28, -1])
def test_a_blob_that_was_cut_short_does_not_open(town: Town, tmp_path: Path, kept: int) -> None:
    document = keep(town, b"x" * (BORDER + 1))
    (blob,) = blobs(tmp_path)
    blob.write_bytes(blob.read_bytes()[:kept])
    with pytest.raises(DamagedError):
        find(town, document.id)


def test_a_blob_that_is_missing_or_changed_does_not_open(town: Town, tmp_path: Path) -> None:
    document = keep(town, b"x" * (BORDER + 1))
    (blob,) = blobs(tmp_path)
    sealed = bytearray(blob.read_bytes())
    sealed[len(sealed) // 2] ^= 1
    blob.write_bytes(sealed)
    with pytest.raises(DamagedError):
        find(town, document.id)
    blob.unlink()
    with pytest.raises(DamagedError):
        find(town, document.id)


@pytest.mark.parametrize("sealed", [b"", b"short", b"x" * 200, None], ids=["empty", "short", "random", "none at all"])
def test_a_row_that_is_not_what_was_kept_does_not_open(town: Town, sealed: bytes | None) -> None:
    document = keep(town, b"content")
    change_row(town, sealed=sealed)
    with pytest.raises(DamagedError):
        find(town, document.id)


@pytest.mark.parametrize("name", ["../../postern.db", "/etc/hostname", "", "0" * 31, "G" * 32])
def test_a_row_that_points_out_of_the_folder_opens_nothing(town: Town, name: str) -> None:
    document = keep(town, b"content")
    change_row(town, sealed=None, blob=name)
    with pytest.raises(DamagedError):
        find(town, document.id)


def test_a_document_of_the_house_opens_as_nothing_else(town: Town) -> None:
    document = keep(town, b"content")
    for columns in ({"owner_id": new_id()}, {"owner": "nobody", "owner_id": None}):
        change_row(town, **columns)
        with pytest.raises(DamagedError):
            find(town, document.id)


def test_another_owners_key_does_not_open_it(town: Town) -> None:
    document = keep(town, b"content", Owner("relationship", town.pair.id, town.store.vault.make_key(town.pair.id)[0]))
    with pytest.raises(DamagedError):
        find(town, document.id)


# ---- The folder under the blobs


@pytest.mark.parametrize(
    "number, expected", [(errno.ENOSPC, StoreFullError), (errno.EDQUOT, StoreFullError), (errno.EIO, StoreError)]
)
def test_a_disk_that_takes_no_more_is_said_to_and_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, expected: type[Exception]
) -> None:
    folder = Folder(tmp_path)
    folder.put("a" * 32, b"before")

    def refuse(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as full:
        full.setattr(os, "fsync", refuse)
        with pytest.raises(expected):
            folder.put("a" * 31 + "b", b"x" * 1_000)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["a" * 32]
    folder.put("a" * 31 + "b", b"after")
    assert folder.get("a" * 31 + "b") == b"after"


def test_a_folder_whose_own_entry_cannot_be_flushed_keeps_no_blob(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Renamed but perhaps lost with the power: it was not promised, so it must not stay."""
    folder = Folder(tmp_path)
    folder.put("a" * 32, b"before")
    flush = os.fsync

    def refuse_folders(descriptor: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):  # noqa: PTH112
            raise OSError(errno.ENOSPC, "full")
        flush(descriptor)

    with monkeypatch.context() as full:
        full.setattr(os, "fsync", refuse_folders)
        with pytest.raises(StoreFullError):
            folder.put("a" * 31 + "b", b"x")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["a" * 32]


def test_a_folder_that_is_a_file_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_bytes(b"")
    with pytest.raises(StoreError):
        Folder(tmp_path / "blobs").put("a" * 32, b"x")
    with pytest.raises((StoreError, DamagedError)):
        Folder(tmp_path / "blobs").get("a" * 32)


def test_a_mail_too_large_for_a_row_is_refused_when_its_blob_cannot_be_kept(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as full:
        full.setattr("postern.connect.folder.os.fsync", refuse)
        with pytest.raises(StoreFullError):
            town.judge(town.from_ann("x" * (BORDER + 1)))
    assert blobs(tmp_path) == []
    with town.store.look() as look:
        assert look.connection.execute(select(schema.message.c.id)).all() == []


def test_two_documents_of_one_owner_that_are_exchanged_do_not_open(town: Town) -> None:
    """The seal covers the row's own id, so moving bytes between rows is seen."""
    town.receive(town.from_ann("First"))
    town.receive(town.from_ann("Second"))
    table = schema.document
    with town.store.look() as look:
        originals = look.connection.execute(select(table.c.id, table.c.sealed).where(table.c.owner == "person")).all()
    (first, bytes_of_first), (second, bytes_of_second) = originals

    def exchange(transaction: Transaction) -> None:
        transaction.execute(table.update().where(table.c.id == first).values(sealed=bytes_of_second))
        transaction.execute(table.update().where(table.c.id == second).values(sealed=bytes_of_first))

    town.store.write(exchange).result()
    with town.store.look() as look, pytest.raises(DamagedError):
        find_document(look, town.pair.seller_id, first)
