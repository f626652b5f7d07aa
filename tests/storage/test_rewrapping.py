"""A new master key: everything comes under it while Postern runs, and nothing that was sealed before stops opening."""

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from postern.actions.erase_person import erase_person
from postern.actions.rewrap_keys import rewrap_keys
from postern.errors import ConfigurationError, DamagedError
from postern.keys import MasterFile, add_master, create_master_file, load_keyring
from postern.storage import schema
from postern.storage.people import find_buyer, person_row
from postern.storage.rewrapping import count_keys
from postern.storage.store import Store
from tests.canaries import everything_that_opens
from tests.people import MALLORY, ON_SQLITE, Town, open_store


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "master.keys"
    create_master_file(path)
    return path


def wrapped(store: Store) -> dict[UUID, bytes]:
    found: dict[UUID, bytes] = {}
    with store.look() as look:
        for table in (schema.person, schema.relationship):
            found |= {row[0]: bytes(row[1]) for row in look.connection.execute(select(table.c.id, table.c.wrapped_key)) if row[1]}
    return found


def counts(store: Store) -> dict[int, int]:
    with store.look() as look:
        return count_keys(look)


def rotated(town: Town, tmp_path: Path) -> Store:
    """The same store, as a process opens it that has a second key."""
    keyring = type(town.frame.keyring)({**town.frame.keyring.masters, 2: b"n" * 32})
    return open_store(town.store_url, tmp_path, keyring, town.frame.limits)


def test_every_key_comes_under_the_newest_master_and_opens_what_it_opened(town: Town, tmp_path: Path) -> None:
    town.receive(town.from_ann("Hello"))
    before, opened = wrapped(town.store), everything_that_opens(town.store)
    store = rotated(town, tmp_path)
    try:
        assert counts(store) == {1: len(before)}
        assert rewrap_keys(store) == len(before)
        assert counts(store) == {2: len(before)}
        assert everything_that_opens(store) == opened
        assert not set(wrapped(store).values()) & set(before.values())
        assert rewrap_keys(store) == 0
    finally:
        store.close()


def test_more_keys_than_a_page_holds_and_an_interruption_between_two(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [person_row(town.store.vault, "correspondent", MALLORY) for _ in range(230)]
    town.store.write(lambda transaction: transaction.execute(schema.person.insert(), people)).result()
    store = rotated(town, tmp_path)
    write, steps = store.write, 0

    def interrupted(_store: Store, function: object) -> object:
        nonlocal steps
        steps += 1
        if steps == 2:
            raise KeyboardInterrupt
        return write(function)  # type: ignore[arg-type]

    try:
        with monkeypatch.context() as broken:
            broken.setattr(Store, "write", interrupted)
            with pytest.raises(KeyboardInterrupt):
                rewrap_keys(store)
        assert counts(store)[2] == 100
        rewrap_keys(store)
        assert list(counts(store)) == [2]
    finally:
        store.close()


@ON_SQLITE
def test_a_key_that_was_destroyed_stays_destroyed(town: Town, tmp_path: Path) -> None:
    erase_person(town.store, town.clock, town.pair.buyer_id)
    store = rotated(town, tmp_path)
    try:
        rewrap_keys(store)
        with store.look() as look, pytest.raises(DamagedError):
            find_buyer(look, town.pair.buyer_id)
    finally:
        store.close()


# ---- The file


def test_a_key_that_is_added_leaves_the_others_and_their_file_as_private_as_before(key_file: Path) -> None:
    before = dict(MasterFile(key_file))
    assert add_master(key_file) == 2
    after = dict(MasterFile(key_file))
    assert before.items() < after.items()
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in key_file.parent.iterdir()] == ["master.keys"]


def test_a_ring_that_is_open_learns_a_new_key_when_it_meets_it(key_file: Path) -> None:
    running = load_keyring(key_file)
    add_master(key_file)
    command = load_keyring(key_file)
    token = command.seal_token("link", b"payload")
    assert token[0] == 2
    assert running.newest == 1
    assert running.open_token("link", token) == b"payload"
    assert running.newest == 2
    assert running.oldest == 1


def test_a_file_that_lost_a_key_or_cannot_be_read_is_not_believed(key_file: Path) -> None:
    running = MasterFile(key_file)
    for content in ('{"2": "' + "A" * 43 + '="}', "no keys"):
        key_file.unlink()
        key_file.write_text(content)
        assert running.get(2) is None
        assert list(running) == [1]
    key_file.unlink()
    assert running.get(3) is None
    assert "1 keys" in repr(running)


def test_a_key_is_not_added_beside_somebody_who_adds_one_or_to_a_full_file(key_file: Path) -> None:
    beside = key_file.with_name(".master.keys.new")
    beside.write_text("")
    with pytest.raises(ConfigurationError, match="left over"):
        add_master(key_file)
    beside.unlink()
    for _ in range(254):
        add_master(key_file)
    with pytest.raises(ConfigurationError, match="as many keys"):
        add_master(key_file)
