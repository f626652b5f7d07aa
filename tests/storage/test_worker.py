"""The worker: it carries what is due, one mail's trouble stops no other, and nothing that was delivered goes out twice."""

import asyncio
import logging
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from postern.actions.receive_mail import prepare
from postern.model.address import Address
from postern.model.delivery import Deferred, Delivered, Failed, Outcome
from postern.model.envelope import Mail
from postern.model.limits import Limits
from postern.ports import Courier, IsBound, Ready, at_once
from postern.storage import schema
from postern.storage.change import Kept
from postern.storage.engine import open_writer, read_url
from postern.worker import runner as module
from postern.worker.handed_over import HandedOver, Notes
from postern.worker.runner import Runner
from tests.many_hosts import queue_mail, settle_readers
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
async def working(town: Town, courier: Courier, *, one_hop: bool = True) -> AsyncIterator[Runner]:
    """A worker at work; at the end it is told to stop, and must."""
    runner = make_runner(town, courier, one_hop=one_hop)
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

    async def send(
        self, return_path: str, recipient: Address, content: bytes, ready: Ready = at_once, is_bound: IsBound | None = None
    ) -> Outcome:
        outcome = await super().send(return_path, recipient, content, ready, is_bound)
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

    async def send(
        self, return_path: str, recipient: Address, content: bytes, ready: Ready = at_once, is_bound: IsBound | None = None
    ) -> Outcome:
        if b"stumble" in content:
            raise ZeroDivisionError(recipient.reveal())
        return await super().send(return_path, recipient, content, ready, is_bound)


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
def with_four_places(store_url: str, tmp_path: Path) -> Iterator[Town]:
    with found_town(store_url, tmp_path, Limits(under_way=4, lease_seconds=30)) as town:
        yield town


class PartlyStuck(Gate):
    """A courier for whom some hosts never answer."""

    async def send(
        self, return_path: str, recipient: Address, content: bytes, ready: Ready = at_once, is_bound: IsBound | None = None
    ) -> Outcome:
        if b"stuck" in content:
            return await super().send(return_path, recipient, content, ready, is_bound)
        self.carried.append((return_path, recipient, content))
        return OK


def test_hosts_that_do_not_answer_keep_their_own_slots_busy_and_no_others(with_four_places: Town) -> None:
    town = with_four_places  # four places
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


def test_an_attempt_that_outlives_its_lease_goes_on_under_the_next_one_and_no_copy_is_sent(with_four_places: Town) -> None:
    """The store was away while the lease should have been renewed. Taking the mail again, the worker knows it has it."""
    town = with_four_places
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


# ---- Destinations


@dataclass
class Towns:
    """Domains with mail hosts: some take mail at once, some are never heard of again."""

    dead: frozenset[str]
    taken_after: list[float] = field(default_factory=list)
    tried: Counter[str] = field(default_factory=Counter)
    silence: float = 0.5

    async def send(
        self,
        return_path: str,
        recipient: Address,
        content: bytes,
        ready: Ready = at_once,
        is_bound: Callable[[str], bool] | None = None,
    ) -> Outcome:
        del return_path, is_bound
        self.tried[recipient.domain] += 1
        if recipient.domain in self.dead:
            await asyncio.sleep(self.silence)
            return Deferred(0, "4.4.1", "the next hop did not take the connection")
        await ready()
        self.taken_after.append(time.monotonic() - float(content.split(b"queued at ")[1].split()[0]))
        return OK

    async def close(self) -> None:
        """Nothing stays open."""


@pytest.fixture
def with_few_places(store_url: str, tmp_path: Path) -> Iterator[Town]:
    with found_town(store_url, tmp_path, Limits(connections=2, under_way=12, claim=12)) as town:
        yield town


def test_dead_destinations_delay_no_other(with_few_places: Town) -> None:
    """D-10: half the destinations swallow every mail, and the other half hardly notices."""
    town = with_few_places
    domains = [f"{kind}{number}.test" for number in range(4) for kind in ("dead", "well")]
    people = settle_readers(town, domains)
    courier = Towns(frozenset(one for one in domains if one.startswith("dead")))

    async def work() -> None:
        async with working(town, courier, one_hop=False) as runner:
            for _ in range(10):
                for domain in domains:
                    await asyncio.to_thread(queue_mail, town, domain, people[domain])
                runner.notice()
                await asyncio.sleep(0.05)
            await until(lambda: len(courier.taken_after) == 40)

    run(work)
    assert waiting(town) == 40, "what is for the dead waits"
    assert all(courier.tried[domain] == 10 for domain in domains if domain.startswith("well"))
    assert all(courier.tried[domain] <= 4 for domain in courier.dead), "they rest, and are not tried for every mail"
    assert sorted(courier.taken_after)[int(len(courier.taken_after) * 0.95)] < 10 * courier.silence, "nobody waited for the dead"


def test_a_destination_that_answers_again_gets_all_that_waited(with_few_places: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postern.worker.destinations.RESTS", (0.2,))
    town = with_few_places
    person = settle_readers(town, ["dead.test"])["dead.test"]
    courier = Towns(frozenset({"dead.test"}), silence=0.05)
    for _ in range(8):
        queue_mail(town, "dead.test", person)

    async def work() -> None:
        async with working(town, courier, one_hop=False):
            await until(lambda: courier.tried["dead.test"] >= 2)
            courier.dead = frozenset()
            while waiting(town):
                town.clock.advance(timedelta(seconds=16))
                await asyncio.sleep(0.05)

    run(work)
    assert len(courier.taken_after) == 8


def test_what_waited_for_days_for_a_destination_that_rests_is_given_up_without_an_attempt(with_few_places: Town) -> None:
    town = with_few_places
    person = settle_readers(town, ["dead.test"])["dead.test"]
    for _ in range(5):
        queue_mail(town, "dead.test", person)
    town.clock.advance(timedelta(days=6))
    courier = Towns(frozenset({"dead.test"}), silence=0.05)

    async def work() -> None:
        async with working(town, courier, one_hop=False):
            await until(lambda: waiting(town) == 0)

    run(work)
    assert courier.tried["dead.test"] < 5


def test_mails_under_way_hold_no_more_octets_than_the_limit(store_url: str, tmp_path: Path) -> None:
    with found_town(store_url, tmp_path, Limits(octets_under_way=100)) as town:
        person = settle_readers(town, ["well.test"])["well.test"]
        for _ in range(3):
            queue_mail(town, "well.test", person)
        courier = Gate()

        async def work() -> None:
            async with working(town, courier) as runner:
                await until(lambda: len(courier.carried) == 3)
                queue_mail(town, "well.test", person)
                runner.notice()
                await asyncio.sleep(0.3)
                assert len(courier.carried) == 3
                courier.opened.set()
                await until(lambda: waiting(town) == 0)

        run(work)


# ---- Leaving at once


async def keep_and_board(town: Town, runner: Runner, mail: Mail) -> bool:
    """As serving does it. Whether the mail came aboard."""
    with town.store.look() as look:
        prepared = prepare(look, town.frame, mail, unsigned)
    boarding = runner.board(prepared.change, prepared.parcels)
    change = boarding.change if boarding else prepared.change
    assert await asyncio.wrap_future(town.store.keep(change)) == Kept()
    if boarding:
        runner.leave(boarding, kept=True)
    return boarding is not None


def test_a_mail_that_was_just_kept_leaves_without_a_look_at_the_queue(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 60)
    courier = RememberingCourier()

    async def work() -> None:
        async with working(town, courier) as runner:
            await until(lambda: runner.has_room)
            monkeypatch.setattr(module, "claim_deliveries", lambda *_: pytest.fail("nothing was to be claimed"))
            monkeypatch.setattr(module, "open_parcel", lambda *_: pytest.fail("nothing was to be opened"))
            assert await keep_and_board(town, runner, town.from_ann())
            await until(lambda: states(town) == ["delivered"])

    run(work)
    assert len(courier.carried) == 1
    assert waiting(town) == 0


def test_while_the_next_hop_rests_nothing_is_made_ready_that_could_not_leave(town: Town) -> None:
    town.receive(town.from_ann())
    courier = RememberingCourier(Deferred(0, "4.4.1", "the next hop did not take the connection"))

    async def work() -> None:
        async with working(town, courier) as runner:
            await until(lambda: len(attempts(town)) == 1)
            await asyncio.sleep(0.3)  # some polls
            assert not runner.has_room

    run(work)


def test_a_mail_is_noted_under_the_lease_it_is_held_by_when_it_was_taken(
    with_four_places: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the next start would not know its own note, and send the mail again."""
    town = with_four_places
    town.receive(town.from_ann())
    courier = Gate()

    async def work() -> None:
        async with working(town, courier) as runner:
            noted: list[HandedOver] = []
            note = runner._notes.note

            def remember(one: HandedOver) -> int:
                noted.append(one)
                return note(one)

            monkeypatch.setattr(runner._notes, "note", remember)
            await until(lambda: bool(courier.carried))
            (first,) = [delivery.lease for delivery, _ in runner._under_way.values()]
            town.clock.advance(timedelta(seconds=31))  # the lease runs out, and the worker takes the mail again
            await until(lambda: [delivery.lease for delivery, _ in runner._under_way.values()] != [first])
            (second,) = [delivery.lease for delivery, _ in runner._under_way.values()]
            courier.opened.set()
            await until(lambda: states(town) == ["delivered"])
            assert [one.lease for one in noted] == [second]

    run(work)


def test_a_mail_that_was_not_kept_gives_its_place_back_and_goes_nowhere(town: Town) -> None:
    courier = RememberingCourier()

    async def work() -> None:
        async with working(town, courier) as runner:
            await until(lambda: runner.has_room)
            with town.store.look() as look:
                prepared = prepare(look, town.frame, town.from_ann(), unsigned)
            before = runner._free
            boarding = runner.board(prepared.change, prepared.parcels)
            assert boarding is not None
            assert runner._free == before - 1
            runner.leave(boarding, kept=False)
            assert runner._free == before
            await asyncio.sleep(0.2)

    run(work)
    assert courier.carried == []


def test_nobody_overtakes_what_waits_in_the_queue(with_four_places: Town) -> None:
    town = with_four_places  # four places
    courier = Gate()

    async def work() -> None:
        async with working(town, courier) as runner:
            await until(lambda: runner.has_room)
            aboard = [await keep_and_board(town, runner, town.from_ann(f"Mail {number}")) for number in range(6)]
            assert aboard == [True, True, True, True, False, False]
            runner.notice()
            courier.opened.set()
            await until(lambda: states(town) == ["delivered"] * 6)
            await until(lambda: runner.has_room)

    run(work)
    assert len(courier.carried) == 6


def test_where_the_worker_stops_a_mail_that_is_kept_waits_for_the_next_start(town: Town) -> None:
    courier = RememberingCourier()

    async def work() -> None:
        async with working(town, courier) as runner:
            await until(lambda: runner.has_room)
            with town.store.look() as look:
                prepared = prepare(look, town.frame, town.from_ann(), unsigned)
            boarding = runner.board(prepared.change, prepared.parcels)
            assert boarding is not None
            await asyncio.wrap_future(town.store.keep(boarding.change))
            runner.finish()
            runner.leave(boarding, kept=True)

    run(work)
    assert courier.carried == []
    assert waiting(town) == 1
