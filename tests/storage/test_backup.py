"""A backup is whole or it is not one; it is read back into an empty installation only; and nothing is sent twice by itself."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from postern.actions.back_up import Premises, create_backup
from postern.actions.erase_person import erase_person
from postern.actions.keep_queue import retry, tell_queue
from postern.actions.restore_backup import restore_backup, resume_queue, verify_backup
from postern.connect.folder import Folder
from postern.errors import ConfigurationError, DamagedError, StoreError
from postern.keys import Keyring
from postern.model.delivery import Deferred
from postern.model.identifier import read_shown
from postern.model.manifest import BackupFile, Manifest, read_manifest
from postern.storage import schema
from postern.storage.migrate import require_current
from tests.canaries import everything_that_opens, files_under, places_with, spellings
from tests.cluster import Cluster
from tests.people import ON_SQLITE, Town, open_store

BODY, LATER = "Tatzelwurm", Deferred(451, "4.2.0", "later")


@pytest.fixture
def premises(town: Town, tmp_path: Path) -> Premises:
    checkpoints = tmp_path / "checkpoints"
    checkpoints.mkdir()
    (checkpoints / "2026-11-23").write_text("signed")
    (tmp_path / "master.keys").write_text("the keys")
    return Premises(town.store_url, town.store.blobs, checkpoints, tmp_path / "master.keys", town.frame.keyring)


@pytest.fixture
def elsewhere(town: Town, premises: Premises, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Premises]:
    """An empty installation with the same keys, on the same kind of store."""
    folder = tmp_path / "elsewhere"
    places = replace(premises, blobs=Folder(folder / "blobs"), checkpoints=folder / "checkpoints")
    if town.store_url.startswith("sqlite"):
        yield replace(places, store_url=f"sqlite:///{folder / 'postern.db'}")
        return
    cluster: Cluster = request.getfixturevalue("postgresql_server")
    with cluster.fresh_database() as url:
        yield replace(places, store_url=url)


def back_up(town: Town, premises: Premises, out: Path, *, with_keys: bool = False) -> Manifest:
    return create_backup(town.store, premises, town.clock, out, with_keys=with_keys)


def live(town: Town) -> None:
    town.receive(town.from_ann(f"{BODY}\n" * 20_000))
    town.receive(town.from_acme(f"Dear Ann, {BODY}"))
    town.deliver()
    town.receive(town.from_ann(f"{BODY} waits"))
    town.deliver(LATER)


def test_what_was_backed_up_comes_back_whole_and_its_queue_waits(
    town: Town, premises: Premises, elsewhere: Premises, tmp_path: Path
) -> None:
    live(town)
    back_up(town, premises, tmp_path / "backup")
    verify_backup(tmp_path / "backup")
    assert restore_backup(elsewhere, town.clock, tmp_path / "backup").held_back == 1

    store = open_store(elsewhere.store_url, tmp_path / "elsewhere", town.frame.keyring, town.frame.limits)
    try:
        require_current(store.writing_engine)
        assert everything_that_opens(store) == everything_that_opens(town.store)
        assert counts(replace(town, store=store)) == {
            **counts(town),
            "journal": counts(town)["journal"] + 1,
            "unsealed": counts(town)["unsealed"] + 1,
        }
        assert (elsewhere.checkpoints / "2026-11-23").read_text() == "signed"

        there = replace(town, store=store)
        town.clock.advance(timedelta(days=30))
        assert there.deliver() == []
        assert retry(store, town.clock, None) == 0, "all is not a name"
        with store.look() as look:
            (row,) = tell_queue(look, town.clock.now())
        assert row["state"] == "held back"
        assert retry(store, town.clock, read_shown("dlv", str(row["delivery"]))) == 1
        assert len(there.deliver(LATER)) == 1
    finally:
        store.close()


def test_a_restored_queue_goes_on_when_somebody_says_so(
    town: Town, premises: Premises, elsewhere: Premises, tmp_path: Path
) -> None:
    live(town)
    back_up(town, premises, tmp_path / "backup")
    restore_backup(elsewhere, town.clock, tmp_path / "backup")
    store = open_store(elsewhere.store_url, tmp_path / "elsewhere", town.frame.keyring, town.frame.limits)
    try:
        assert resume_queue(store, town.clock) == 1
        assert len(replace(town, store=store).deliver()) == 1
        assert resume_queue(store, town.clock) == 0
    finally:
        store.close()


def counts(town: Town) -> dict[str, int]:
    with town.store.look() as look:
        return {
            name: look.connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in schema.metadata.tables.items()
        }


@ON_SQLITE
def test_a_store_that_is_not_there_is_not_made_by_backing_it_up(town: Town, premises: Premises, tmp_path: Path) -> None:
    nowhere = replace(premises, store_url=f"sqlite:///{tmp_path / 'nowhere.db'}")
    with pytest.raises(StoreError):
        back_up(town, nowhere, tmp_path / "backup")
    assert not (tmp_path / "nowhere.db").exists()
    assert not (tmp_path / "backup").exists()


@ON_SQLITE
def test_keys_are_inside_only_when_asked_for(town: Town, premises: Premises, tmp_path: Path) -> None:
    assert not back_up(town, premises, tmp_path / "without").with_keys
    assert not (tmp_path / "without" / "keys").exists()
    assert back_up(town, premises, tmp_path / "with", with_keys=True).with_keys
    assert (tmp_path / "with" / "keys" / "master.keys").read_text() == "the keys"
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "with").rglob("*") if "checkpoints" not in path.parts)


def test_no_backup_made_after_an_erasure_holds_a_trace_of_the_person(town: Town, premises: Premises, tmp_path: Path) -> None:
    live(town)
    with town.store.look() as look:
        row = look.connection.execute(select(schema.person).where(schema.person.c.id == town.pair.buyer_id)).mappings().one()
        traces = [bytes(row[name]) for name in ("wrapped_key", "sealed_address", "address_mark", "external_mark")]
    back_up(town, premises, tmp_path / "before")
    erase_person(town.store, town.clock, town.pair.buyer_id)
    back_up(town, premises, tmp_path / "after")
    needles = [*traces, *spellings("ann@mail.test"), *spellings(BODY)]
    if town.store_url.startswith("sqlite"):  # pg_dump packs its rows
        assert {needle for _, needle in places_with(files_under(tmp_path / "before"), needles)} == set(traces)
    assert places_with(files_under(tmp_path / "after"), needles) == set()
    assert not (tmp_path / "after" / "blobs").exists()


@ON_SQLITE
@pytest.mark.parametrize("harm", ["database", "blob", "missing", "strange", "manifest", "none"])
def test_a_backup_that_was_changed_is_told_from_a_whole_one(town: Town, premises: Premises, tmp_path: Path, harm: str) -> None:
    live(town)
    folder = tmp_path / "backup"
    back_up(town, premises, folder)
    blob = next(path for path in sorted(folder.rglob("blobs/*/*")))
    database = next(folder.glob("database/*"))
    harms: dict[str, Callable[[], object]] = {
        "database": lambda: flip(database),
        "blob": lambda: flip(blob),
        "missing": blob.unlink,
        "strange": lambda: (folder / "more").write_text("x"),
        "manifest": lambda: (folder / "manifest.json").write_text("{}"),
    }
    if harm == "none":
        verify_backup(folder)
        return
    harms[harm]()
    with pytest.raises(DamagedError):
        verify_backup(folder)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@ON_SQLITE
def test_a_manifest_that_was_made_to_fit_a_lost_blob_is_found_out_by_the_database(
    town: Town, premises: Premises, tmp_path: Path
) -> None:
    live(town)
    folder = tmp_path / "backup"
    manifest = back_up(town, premises, folder)
    blob = next(one for one in manifest.files if one.path.startswith("blobs/"))
    (folder / blob.path).unlink()
    left = tuple(one for one in manifest.files if one is not blob)
    (folder / "manifest.json").write_bytes(replace(manifest, files=left).spell())
    with pytest.raises(DamagedError, match="which the database needs"):
        verify_backup(folder)


@ON_SQLITE
def test_a_blob_that_the_store_itself_lost_is_named_and_the_rest_is_backed_up(
    town: Town, premises: Premises, tmp_path: Path
) -> None:
    live(town)
    (name, *_) = sorted(one for one, _ in town.store.blobs.names())
    town.store.blobs.remove(name)
    manifest = back_up(town, premises, tmp_path / "backup")
    assert manifest.missing == (name,)
    assert manifest.gone == ()
    verify_backup(tmp_path / "backup")


@ON_SQLITE
def test_a_backup_replaces_nothing_and_one_that_fails_leaves_nothing(
    town: Town, premises: Premises, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "backup").mkdir()
    with pytest.raises(ConfigurationError, match="not replaced"):
        back_up(town, premises, tmp_path / "backup")
    monkeypatch.setattr(Manifest, "spell", lambda _self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        back_up(town, premises, tmp_path / "other")
    assert not list(tmp_path.glob("*other*"))


def test_a_backup_is_restored_into_an_empty_installation_only(town: Town, premises: Premises, tmp_path: Path) -> None:
    live(town)
    before = everything_that_opens(town.store)
    back_up(town, premises, tmp_path / "backup")
    with pytest.raises(ConfigurationError, match="empty"):
        restore_backup(premises, town.clock, tmp_path / "backup")
    assert everything_that_opens(town.store) == before


@ON_SQLITE
def test_a_backup_is_not_restored_with_other_keys_or_by_an_older_version(
    town: Town, premises: Premises, elsewhere: Premises, tmp_path: Path
) -> None:
    back_up(town, premises, tmp_path / "backup")
    with pytest.raises(ConfigurationError, match="key file"):
        restore_backup(replace(elsewhere, keyring=Keyring({1: b"x" * 32})), town.clock, tmp_path / "backup")
    rotated = Keyring({1: b"k" * 32, 2: b"y" * 32})
    manifest = read_manifest((tmp_path / "backup" / "manifest.json").read_bytes())
    (tmp_path / "backup" / "manifest.json").write_bytes(replace(manifest, revision="9999").spell())
    with pytest.raises(ConfigurationError, match="newer"):
        restore_backup(replace(elsewhere, keyring=rotated), town.clock, tmp_path / "backup")


@pytest.mark.parametrize("town", ["postgresql"], indirect=True)
def test_without_the_programs_of_postgresql_the_sentence_says_what_to_install(
    town: Town, premises: Premises, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="pg_dump is not on PATH"):
        back_up(town, premises, tmp_path / "backup")


WHOLE = Manifest("2026-11-23T09:00:00+00:00", "1", "0005", "database/postern.db", "ab", with_keys=False, files=())


def test_a_manifest_is_read_as_it_was_written() -> None:
    manifest = replace(WHOLE, files=(BackupFile("blobs/ab/abc", 3, "00"),), gone=("x",), missing=("y",))
    assert read_manifest(manifest.spell()) == manifest


@pytest.mark.parametrize("path", ["../x", "/x", "a/../../x", "", "a//b", "a\\b"])
def test_a_manifest_never_leads_out_of_its_backup(path: str) -> None:
    for manifest in (replace(WHOLE, files=(BackupFile(path, 1, "00"),)), replace(WHOLE, database=path)):
        with pytest.raises(DamagedError):
            read_manifest(manifest.spell())


WORDS = st.text(max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda more: st.lists(more) | st.dictionaries(WORDS, more),
    max_leaves=5,
)
NEARLY = st.dictionaries(st.sampled_from(["format", "files", "gone", "missing", "made_at", "database", "x"]), JSON | st.just(1))


@given(st.binary() | (JSON | NEARLY).map(lambda value: json.dumps(value).encode()))
def test_any_other_bytes_are_no_manifest(content: bytes) -> None:
    with pytest.raises(DamagedError):
        read_manifest(content)
