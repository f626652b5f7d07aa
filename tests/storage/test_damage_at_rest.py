"""Bits that turn where mails wait: what is damaged never goes out, is named in the log, and stops nothing else."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import bindparam, func, select, text, update

from postern.actions.deliver_mail import Parcel, open_parcel
from postern.actions.keep_queue import tell_queue
from postern.errors import PosternError, StoreError
from postern.model.identifier import show
from postern.model.limits import Limits
from postern.storage import schema
from postern.storage.deliveries import find_delivery, list_queue, release_all
from postern.storage.store import Store
from postern.worker import runner as module
from postern.worker.handed_over import Notes
from postern.worker.runner import Runner
from tests.people import RememberingCourier, Town, open_store, unsigned
from tests.people import town as found_town

MAILS = 12
TRIALS = 8
SMALL = Limits(inline_document=3_000)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.05)


@pytest.fixture
def stocked(store_url: str, tmp_path: Path) -> Iterator[Town]:
    """A town with mails that wait, every other one of which lies as blobs."""
    with found_town(store_url, tmp_path, SMALL) as town:
        for number in range(MAILS):
            town.receive(town.from_ann(f"Mail {number} " + "and more " * (600 * (number % 2))))
        yield town


def work(store: Store, town: Town, folder: Path, over: Callable[[RememberingCourier], bool]) -> list[tuple[str, bytes]]:
    """Let a worker carry what it can: each recipient and content."""
    courier = RememberingCourier()
    notes = Notes(folder / "worker")

    async def carry() -> None:
        runner = Runner(store, courier, town.clock, town.frame, unsigned, notes, one_hop=True)
        running = asyncio.create_task(runner.run())
        with suppress(TimeoutError):
            async with asyncio.timeout(15):
                while not await asyncio.to_thread(over, courier):  # noqa: ASYNC110 - the database rings no bell
                    await asyncio.sleep(0.02)
        assert not running.done(), "nothing that is damaged ends the worker"
        runner.finish()
        await asyncio.wait_for(running, 30)

    asyncio.run(carry())
    notes.close()
    return [(recipient.reveal(), content) for _, recipient, content in courier.carried]


def expected(town: Town) -> dict[UUID, tuple[str, bytes]]:
    """What each delivery that waits would carry."""
    found: dict[UUID, tuple[str, bytes]] = {}
    with town.store.look() as look:
        for delivery in list_queue(look):
            parcel = open_parcel(look, town.frame, delivery, unsigned, town.clock.now())
            assert isinstance(parcel, Parcel)
            found[delivery.id] = (parcel.recipient.reveal(), parcel.content)
    assert len(found) == MAILS
    return found


def waiting(store: Store) -> int:
    with store.look() as look:
        return int(look.connection.execute(select(func.count()).select_from(schema.delivery)).scalar_one())


ON_BOTH = [("carries", "messagf"), ("queued_at", 2**62)]
ON_SQLITE = [  # which keeps what it is given, whatever the column says
    ("message_id", b"x" * 15),
    ("person_id", "abc"),
    ("relationship_id", b"x" * 17),
    ("queued_at", "abc"),
    ("seller_id", "abc"),
    ("destination", 5),
]
on_sqlite = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)


@pytest.mark.parametrize("column, value", ON_BOTH)
def test_a_row_of_the_queue_that_cannot_be_read_is_held_back_and_named_and_the_others_go(
    stocked: Town, tmp_path: Path, caplog: pytest.LogCaptureFixture, column: str, value: object
) -> None:
    # D-18
    check_held_back(stocked, tmp_path, caplog, (column, value))


@on_sqlite
@pytest.mark.parametrize("column, value", ON_SQLITE)
def test_a_value_of_another_kind_than_its_column_holds_up_nobody_either(
    stocked: Town, tmp_path: Path, caplog: pytest.LogCaptureFixture, column: str, value: object
) -> None:
    # D-18
    check_held_back(stocked, tmp_path, caplog, (column, value))


def check_held_back(stocked: Town, tmp_path: Path, caplog: pytest.LogCaptureFixture, turned: tuple[str, object]) -> None:
    column, value = turned
    whole = expected(stocked)
    victim = random.Random(column).choice(list(whole))
    change = text(f"UPDATE delivery SET {column} = :value WHERE id = :id").bindparams(  # noqa: S608 - names of this file
        bindparam("id", type_=schema.delivery.c.id.type)
    )
    stocked.store.write(lambda one: one.execute(change, {"value": value, "id": victim})).result()

    carried = work(stocked.store, stocked, tmp_path, lambda _: waiting(stocked.store) == 1)
    assert sorted(carried) == sorted(parcel for name, parcel in whole.items() if name != victim)
    assert show("dlv", victim) in caplog.text
    with stocked.store.look() as look:
        assert tell_queue(look, stocked.clock.now()) == []  # and listing the queue still works
    assert work(stocked.store, stocked, tmp_path, lambda _: True) == []


def test_a_mail_whose_bits_have_turned_waits_and_is_named_and_goes_once_it_is_mended(
    stocked: Town, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # D-18
    whole = expected(stocked)
    chance = random.Random(7)
    blobs = sorted(path for path in (tmp_path / "blobs").rglob("*") if path.is_file())
    before = {blob: blob.read_bytes() for blob in blobs}
    rows = _sealed(stocked)
    for blob, content in before.items():
        blob.write_bytes(damaged(content, chance))
    for document_id, sealed in chance.sample(sorted(rows.items()), len(rows) // 2):
        _put(stocked, document_id, damaged(sealed, chance))

    in_doubt = {name for name, parcel in whole.items() if not _opens(stocked, name, parcel)}
    assert MAILS // 2 <= len(in_doubt) < MAILS
    carried = work(stocked.store, stocked, tmp_path, lambda _: _tried(stocked) == MAILS)
    assert sorted(carried) == sorted(parcel for name, parcel in whole.items() if name not in in_doubt)
    assert all(show("dlv", name) in caplog.text for name in in_doubt)
    assert waiting(stocked.store) == len(in_doubt)

    for blob, content in before.items():
        blob.write_bytes(content)
    for document_id, sealed in rows.items():
        _put(stocked, document_id, sealed)
    stocked.clock.advance(timedelta(minutes=1))
    mended = work(stocked.store, stocked, tmp_path, lambda _: waiting(stocked.store) == 0)
    assert sorted(mended) == sorted(whole[name] for name in in_doubt)


def damaged(octets: bytes, chance: random.Random) -> bytes:
    """One bit turned, or the end cut off."""
    if chance.random() < 0.3:
        return octets[: chance.randrange(len(octets))]
    place = chance.randrange(len(octets))
    return octets[:place] + bytes([octets[place] ^ 1 << chance.randrange(8)]) + octets[place + 1 :]


def _sealed(town: Town) -> dict[UUID, bytes]:
    with town.store.look() as look:
        wanted = select(schema.document.c.id, schema.document.c.sealed).where(schema.document.c.sealed.is_not(None))
        return {row[0]: bytes(row[1]) for row in look.connection.execute(wanted)}


def _put(town: Town, document_id: UUID, sealed: bytes) -> None:
    change = update(schema.document).where(schema.document.c.id == document_id).values(sealed=sealed)
    town.store.write(lambda one: one.execute(change)).result()


def _opens(town: Town, delivery_id: UUID, parcel: tuple[str, bytes]) -> bool:
    with town.store.look() as look:
        delivery = find_delivery(look, delivery_id)
        assert delivery is not None
        try:
            opened = open_parcel(look, town.frame, delivery, unsigned, town.clock.now())
        except PosternError:
            return False
    assert isinstance(opened, Parcel)
    assert opened.content == parcel[1], "what opens is what was kept"
    return True


def _tried(town: Town) -> int:
    with town.store.look() as look:
        return len(look.connection.execute(select(schema.attempt.c.id)).all())


def test_a_schema_that_is_damaged_is_told_as_a_store_that_does_not_answer(sqlite_url: str, tmp_path: Path) -> None:
    # D-18: SQLite says what is wrong with the damage in its sentence, which is no text any more.
    with found_town(sqlite_url, tmp_path, SMALL) as town:
        keyring = town.frame.keyring
    file = tmp_path / "postern.db"
    octets = file.read_bytes()
    assert octets.count(b"CREATE TABLE seller_address (") == 1
    file.write_bytes(octets.replace(b"CREATE TABLE seller_address (", b"CREATE TABLE seller_address \xac"))
    with closing(open_store(sqlite_url, tmp_path, keyring, SMALL)) as store:
        with pytest.raises(StoreError), store.look() as look:
            list_queue(look)
        with pytest.raises(StoreError):
            store.write(lambda transaction: release_all(transaction, datetime.now(UTC))).result()


def test_whatever_turns_in_the_file_of_the_database_nothing_that_is_damaged_goes_out(sqlite_url: str, tmp_path: Path) -> None:
    # D-18: SQLite alone, for this is about its file. What it cannot read any more waits, and the worker lives on.
    with found_town(sqlite_url, tmp_path, SMALL) as town:
        for number in range(MAILS):
            town.receive(town.from_ann(f"Mail {number}"))
        whole = sorted(expected(town).values())
    file = tmp_path / "postern.db"
    octets = file.read_bytes()
    sent = 0
    for trial in range(TRIALS):
        chance = random.Random(trial)
        turned = bytearray(octets)
        for _ in range(1 + trial * 5):
            place = chance.randrange(4_096, len(turned))  # behind the schema, without which no store opens
            turned[place] ^= 1 << chance.randrange(8)
        copy = tmp_path / f"trial-{trial}.db"
        copy.write_bytes(turned)
        with closing(open_store(f"sqlite:///{copy}", tmp_path, town.frame.keyring, SMALL)) as store:
            carried = work(store, town, tmp_path, no_more_comes())
        assert all(one in whole for one in carried)
        sent += len(carried)
    assert sent > MAILS, "much of it could be read"


def no_more_comes() -> Callable[[RememberingCourier], bool]:
    """True once everything was carried, or nothing for a second."""
    seen, since = 0, time.monotonic()

    def over(courier: RememberingCourier) -> bool:
        nonlocal seen, since
        if len(courier.carried) > seen:
            seen, since = len(courier.carried), time.monotonic()
        return seen == MAILS or time.monotonic() - since > 1

    return over
