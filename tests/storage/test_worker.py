"""The worker: it carries what is due, one mail's trouble stops no other, and nothing that was delivered goes out twice."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from postern.model.address import Address
from postern.model.delivery import Deferred, Delivered, Failed, Outcome
from postern.model.limits import Limits
from postern.ports import Courier, Ready, at_once
from postern.storage import schema
from postern.storage.engine import open_writer, read_url
from postern.worker import runner as module
from postern.worker.handed_over import Notes
from postern.worker.runner import Runner
from tests.people import RememberingCourier, Town, unsigned
from tests.people import town as found_town

OK = Delivered(250, "2.0.0", "ok")
LATER = Deferred(451, "4.3.0", "try again")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.05)


def states(town: Town) -> list[str]:
    with town.store.look() as look:
        return list(look.connection.execute(select(schema.message.c.state).order_by(schema.message.c.received_at)).scalars())


def waiting(town: Town) -> int:
    with town.store.look() as look:
        return len(look.connection.execute(select(schema.delivery.c.id)).all())


def attempts(town: Town) -> list[tuple[str, str]]:
    wanted = select(schema.attempt.c.outcome, schema.attempt.c.enhanced).order_by(schema.attempt.c.ended_at, schema.attempt.c.id)
    with town.store.look() as look:
        return [(row[0], row[1]) for row in look.connection.execute(wanted)]


def make_runner(town: Town, courier: Courier, *, one_hop: bool = True) -> Runner:
    notes = Notes(Path(str(town.store.blobs._root)).parent / "worker")  # type: ignore[attr-defined]
    return Runner(town.store, courier, town.clock, town.frame, unsigned, notes, one_hop=one_hop)


@asynccontextmanager
async def working(town: Town, courier: Courier) -> AsyncIterator[Runner]:
    """A worker at work; at the end it is told to stop, and must."""
    runner = make_runner(town, courier)
    running = asyncio.create_task(runner.run())
    try:
        yield runner
    finally:
        runner.finish()
        await asyncio.wait_for(running, 30)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not await asyncio.to_thread(holds):  # noqa: ASYNC110 - the database rings no bell
            await asyncio.sleep(0.02)


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(work())  # type: ignore[arg-type]


class Gate(RememberingCourier):
    """A courier that is on the road until the gate opens."""

    def __init__(self, *answers: Outcome) -> None:
        super().__init__(*answers)
        self.opened = asyncio.Event()

    async def send(self, return_path: str, recipient: Address, content: bytes, ready: Ready = at_once) -> Outcome:
        outcome = await super().send(return_path, recipient, content, ready)
        await self.opened.wait()
        return outcome


def test_everything_that_waits_is_delivered_once(town: Town) -> None:
    for number in range(20):
        town.receive(town.from_ann(f"Mail {number}"))
    courier = RememberingCourier()

    async def work() -> None:
        async with working(town, courier):
            await until(lambda: waiting(town) == 0)

    run(work)
    assert states(town) == ["delivered"] * 20
    assert len({content for _, _, content in courier.carried}) == len(courier.carried) == 20


def test_what_comes_while_it_works_is_taken_at_its_notice(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 60)

    async def work() -> None:
        async with working(town, RememberingCourier()) as runner:
            await asyncio.sleep(0.1)
            await asyncio.to_thread(town.receive, town.from_ann())
            runner.notice()
            await until(lambda: states(town) == ["delivered"])

    run(work)


def test_a_deferred_mail_waits_for_its_time_and_is_then_tried_again(town: Town) -> None:
    town.receive(town.from_ann())
    courier = RememberingCourier(LATER, OK)

    async def work() -> None:
        async with working(town, courier):
            await until(lambda: len(attempts(town)) == 1)
            await asyncio.sleep(0.3)
            assert len(courier.carried) == 1
            town.clock.advance(timedelta(seconds=16))
            await until(lambda: states(town) == ["delivered"])

    run(work)
    assert [outcome for outcome, _ in attempts(town)] == ["deferred", "delivered"]
    assert courier.carried[0][2] == courier.carried[1][2]  # the same mail, Message-ID and all


class Stumbling(RememberingCourier):
    """A courier with an error in it, which names the recipient."""

    async def send(self, return_path: str, recipient: Address, content: bytes, ready: Ready = at_once) -> Outcome:
        if b"stumble" in content:
            raise ZeroDivisionError(recipient.reveal())
        return await super().send(return_path, recipient, content, ready)


def test_an_error_of_ours_in_one_mail_stops_no_other_and_is_retried_by_the_schedule(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    for words in ("One", "stumble", "Two"):
        town.receive(town.from_ann(words))
    courier = Stumbling()

    async def work() -> None:
        async with working(town, courier):
            await until(lambda: len(attempts(town)) == 3)
            assert waiting(town) == 1

    with caplog.at_level(logging.DEBUG, "postern"):
        run(work)
    assert sorted(attempts(town)) == [("deferred", "4.3.0"), ("delivered", "2.0.0"), ("delivered", "2.0.0")]
    assert "ZeroDivisionError" in caplog.text
    assert "send" in caplog.text  # where it happened
    assert "acme.test" not in caplog.text
    with town.store.look() as look:
        (due_at,) = look.connection.execute(select(schema.delivery.c.due_at)).scalars()
    assert due_at == town.clock.now() + timedelta(seconds=15)


def test_a_mail_whose_key_or_blob_is_not_at_hand_is_deferred_and_not_given_up(town: Town) -> None:
    """A wrong key file or a folder that is not mounted is an operator's slip: it must not fail the whole queue for good."""
    town.receive(town.from_ann("x" * 100_000))
    blobs = list((Path(str(town.store.blobs._root))).rglob("?" * 32))  # type: ignore[attr-defined]
    away = [(blob, blob.read_bytes()) for blob in blobs]
    for blob, _ in away:
        blob.unlink()

    async def work() -> None:
        async with working(town, RememberingCourier()):
            await until(lambda: len(attempts(town)) == 1)
            for blob, content in away:
                blob.write_bytes(content)
            town.clock.advance(timedelta(seconds=16))
            await until(lambda: states(town) == ["delivered"])

    run(work)
    assert attempts(town) == [("deferred", "4.3.0"), ("delivered", "2.0.0")]


def test_a_refused_mail_fails_and_the_next_one_travels(town: Town) -> None:
    for words in ("One", "Two"):
        town.receive(town.from_ann(words))

    async def work() -> None:
        async with working(town, RememberingCourier(Failed(550, "5.1.1", "no"), OK)):
            await until(lambda: waiting(town) == 0)

    run(work)
    assert sorted(states(town)) == ["delivered", "failed"]


def test_told_to_stop_it_takes_nothing_more_and_ends_what_is_under_way(town: Town) -> None:
    town.receive(town.from_ann("One"))

    async def work() -> None:
        courier = Gate()
        runner = make_runner(town, courier)
        running = asyncio.create_task(runner.run())
        await until(lambda: bool(courier.carried))
        runner.finish()
        await asyncio.to_thread(town.receive, town.from_ann("Two"))
        await asyncio.sleep(0.2)
        assert not running.done()
        courier.opened.set()
        await asyncio.wait_for(running, 10)
        assert len(courier.carried) == 1

    run(work)
    assert sorted(states(town)) == ["delivered", "queued"]


@pytest.fixture
def two_connections(store_url: str, tmp_path: Path) -> Iterator[Town]:
    with found_town(store_url, tmp_path, Limits(connections=2, lease_seconds=30)) as town:
        yield town


class PartlyStuck(Gate):
    """A courier for whom some hosts never answer."""

    async def send(self, return_path: str, recipient: Address, content: bytes, ready: Ready = at_once) -> Outcome:
        if b"stuck" in content:
            return await super().send(return_path, recipient, content, ready)
        self.carried.append((return_path, recipient, content))
        return OK


def test_hosts_that_do_not_answer_keep_their_own_slots_busy_and_no_others(two_connections: Town) -> None:
    town = two_connections  # four slots
    for number in range(3):
        town.receive(town.from_ann(f"stuck {number}"))

    async def work() -> None:
        courier = PartlyStuck()
        async with working(town, courier):
            await until(lambda: len(courier.carried) == 3)
            for number in range(3):
                await asyncio.to_thread(town.receive, town.from_ann(f"free {number}"))
            await until(lambda: states(town).count("delivered") == 3)
            courier.opened.set()

    run(work)
    assert states(town) == ["delivered"] * 6


def test_an_attempt_that_outlives_its_lease_goes_on_under_the_next_one_and_no_copy_is_sent(two_connections: Town) -> None:
    """The store was away while the lease should have been renewed. Taking the mail again, the worker knows it has it."""
    town = two_connections
    town.receive(town.from_ann())

    async def work() -> None:
        courier = Gate()
        async with working(town, courier) as runner:
            await until(lambda: bool(courier.carried))
            town.clock.advance(timedelta(seconds=31))
            await asyncio.sleep(0.5)
            assert len(courier.carried) == 1
            assert len(runner._under_way) == 1
            courier.opened.set()
            await until(lambda: states(town) == ["delivered"])
            assert runner._under_way == {}

    run(work)
    assert attempts(town) == [("delivered", "2.0.0")]


def test_a_lease_is_renewed_while_the_attempt_lasts(store_url: str, tmp_path: Path) -> None:
    with found_town(store_url, tmp_path, Limits(lease_seconds=1)) as town:
        town.receive(town.from_ann())

        async def work() -> None:
            courier = Gate()
            async with working(town, courier):
                await until(lambda: bool(courier.carried))
                town.clock.advance(timedelta(seconds=0.9))
                await asyncio.sleep(0.6)  # a third of a lease, and some more
                with town.store.look() as look:
                    (due_at,) = look.connection.execute(select(schema.delivery.c.due_at)).scalars()
                assert due_at > town.clock.now() + timedelta(seconds=0.5)
                courier.opened.set()

        run(work)
        assert states(town) == ["delivered"]


def test_while_the_store_is_away_an_outcome_is_kept_in_hand_and_the_mail_is_not_sent_again(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("postern.storage.engine.LOCK_WAIT_SECONDS", 1)
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0.1)
    with found_town(store_url, tmp_path) as town:
        town.receive(town.from_ann())
        courier_carried: list[int] = []

        async def work() -> None:
            courier = Gate()
            async with working(town, courier):
                await until(lambda: bool(courier.carried))
                async with locked(store_url, tmp_path):
                    courier.opened.set()
                    await asyncio.sleep(2.5)
                    town.clock.advance(timedelta(minutes=5))
                await until(lambda: states(town) == ["delivered"])
                courier_carried.append(len(courier.carried))

        run(work)
        assert courier_carried == [1]
        assert attempts(town) == [("delivered", "2.0.0")]


@asynccontextmanager
async def locked(store_url: str, folder: Path) -> AsyncIterator[None]:
    """The store takes nothing in the meantime: a file lock, or a lock of the queue's table."""
    if store_url.startswith("sqlite"):
        locker = sqlite3.connect(folder / "postern.db", isolation_level=None, check_same_thread=False)
        await asyncio.to_thread(locker.execute, "BEGIN IMMEDIATE")
        try:
            yield
        finally:
            locker.execute("ROLLBACK")
            locker.close()
        return
    engine = open_writer(read_url(store_url))
    with engine.connect() as connection:
        connection.execute(text("LOCK TABLE delivery, message IN EXCLUSIVE MODE"))
        try:
            yield
        finally:
            connection.rollback()
    with suppress(Exception):
        engine.dispose()


def test_a_worker_that_ends_by_itself_says_so_to_whoever_serves(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else mail would be taken and never sent."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    async def run() -> None:
        runner = make_runner(town, RememberingCourier())
        runner.start()
        await asyncio.wait_for(runner.ended(), 10)

    monkeypatch.setattr(module, "claim_deliveries", fail)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(run())
