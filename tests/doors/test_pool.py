import asyncio
import contextlib
import io
import json
import os
import pickle
import signal
import smtplib
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from postern.actions.find_aliases import find_aliases
from postern.actions.import_feed import import_feed, read_feed
from postern.demo import FEED
from postern.errors import NotFoundError, StoreError
from postern.installation import install
from postern.model.limits import Limits
from postern.model.relationship import Relationship
from postern.serving import _desk
from postern.smtp import pool as pool_module
from postern.smtp.pool import EndedItsReaderError, Pool
from postern.storage.documents import find_document
from postern.storage.migrate import migrate
from postern.storage.schema import delivery, message
from postern.storage.store import Store
from postern.wiring import House, build_house
from tests.edge_client import LOOPS, open_door, run_on
from tests.serving import free_port
from tests.serving import install as install_on

CHILD = str(Path(__file__).with_name("pool_children.py"))
both_loops = pytest.mark.parametrize("loop", LOOPS)


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Children find what this process finds."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


@contextlib.asynccontextmanager
async def open_pool(limits: Limits, *config: str) -> AsyncIterator[Pool]:
    """A pool that, once it is closed, has left no process behind."""
    pool = Pool([sys.executable, CHILD, *config], limits)
    await pool.begin()
    pids: set[int] = set()
    try:
        yield pool
    finally:
        pids = {child.process.pid for child in pool._children}
        await pool.close()
    assert pids
    assert not [pid for pid in pids if exists(pid)]


def exists(pid: int) -> bool:
    """Whether there is such a process, be it only a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not holds():  # noqa: ASYNC110 - what it waits for happens in another process
            await asyncio.sleep(0.01)


def test_jobs_are_answered_by_as_many_processes_as_there_may_be(tmp_path: Path) -> None:
    async def story() -> list[object]:
        async with open_pool(Limits(pool_processes=2)) as pool:
            await until(lambda: pool._idle.qsize() == 2)
            await asyncio.gather(*(pool.run(("sleep", tmp_path, 2)) for _ in range(2)))
            return await asyncio.gather(*(pool.run(number) for number in range(20)), pool.run(("sleep", tmp_path, 2)))

    *answers, pids = run_on("uvloop", story())
    assert answers == list(range(20))
    assert isinstance(pids, list)
    assert len(pids) == 2
    assert os.getpid() not in pids


@both_loops
def test_an_error_of_ours_in_a_child_is_raised_here_and_the_child_works_on(loop: str) -> None:
    async def story() -> tuple[object, object]:
        async with open_pool(Limits(pool_processes=1)) as pool:
            before = await pool.run("pid")
            with pytest.raises(NotFoundError, match="it is not here"):
                await pool.run(("refuse", None))
            return before, await pool.run("pid")

    before, after = run_on(loop, story())
    assert before == after


@both_loops
def test_what_a_child_prints_is_no_answer_and_a_large_answer_comes_whole(loop: str) -> None:
    async def story() -> tuple[object, object]:
        async with open_pool(Limits(pool_processes=1)) as pool:
            return await pool.run(("print", "an answer")), await pool.run(b"x" * 20_000_000)

    printed, large = run_on(loop, story())
    assert printed == "an answer"
    assert large == b"x" * 20_000_000


@pytest.mark.parametrize("misdeed", ["exit", "kill", "grow", "stumble", "spin"])
def test_a_job_that_ended_its_reader_is_tried_in_another(misdeed: str, tmp_path: Path) -> None:
    limits = Limits(pool_processes=1, pool_kills=3, pool_seconds=1 if misdeed == "spin" else 20, pool_memory=1_000_000_000)

    async def story() -> tuple[object, object]:
        async with open_pool(limits) as pool:
            return await pool.run((misdeed, tmp_path, 1)), await pool.run("pid")

    committed_by, other = run_on("asyncio", story())
    assert isinstance(committed_by, list)
    assert len(committed_by) == 1
    assert other not in committed_by
    assert not exists(committed_by[0])


def test_a_job_that_ends_as_many_readers_as_it_may_is_handed_back_and_the_pool_is_whole_again(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async def story() -> object:
        async with open_pool(Limits(pool_processes=2, pool_kills=2)) as pool:
            with pytest.raises(EndedItsReaderError):
                await pool.run(("stumble", tmp_path, 100), "mallory")
            await until(lambda: pool._idle.qsize() == 2)
            return await pool.run("and on", "ann")

    assert run_on("uvloop", story()) == "and on"
    assert len(list(tmp_path.iterdir())) == 2
    told = capfd.readouterr().err
    assert "ValueError" in told
    assert "ann@mail.test" not in told


def test_other_jobs_are_answered_while_one_ends_its_readers(tmp_path: Path) -> None:
    async def story() -> bool:
        async with open_pool(Limits(pool_processes=2, pool_kills=2, pool_seconds=1)) as pool:
            await until(lambda: pool._idle.qsize() == 2)
            spinning = asyncio.create_task(pool.run(("spin", tmp_path, 100)))
            await asyncio.sleep(0)
            assert await asyncio.gather(*(pool.run(number) for number in range(50))) == list(range(50))
            still_spinning = not spinning.done()
            with pytest.raises(EndedItsReaderError):
                await spinning
            return still_spinning

    assert run_on("uvloop", story())


def test_a_reader_that_died_with_nothing_to_do_is_not_held_against_the_next_mail() -> None:
    async def story() -> object:
        async with open_pool(Limits(pool_processes=2, pool_kills=1)) as pool:
            await until(lambda: pool._idle.qsize() == 2)
            for child in tuple(pool._children):
                os.kill(child.process.pid, signal.SIGKILL)
            await until(lambda: all(child.process.returncode is not None for child in pool._children))
            return await pool.run("answered")

    assert run_on("asyncio", story()) == "answered"


def test_more_jobs_than_the_backlog_are_sent_back_at_once() -> None:
    async def story() -> tuple[list[object], object]:
        async with open_pool(Limits(pool_processes=1, pool_backlog=3)) as pool:
            answers = await asyncio.gather(*(pool.run(number) for number in range(5)), return_exceptions=True)
            return [type(answer) for answer in answers], await pool.run("room again")

    kinds, after = run_on("asyncio", story())
    assert kinds == [int, int, int, StoreError, StoreError]
    assert after == "room again"


def test_a_job_waits_no_longer_for_a_reader_than_its_sender_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "IDLE_SECONDS", 0.2)

    async def story() -> None:
        pool = Pool([sys.executable, "-c", "raise SystemExit"], Limits(pool_processes=1))
        await pool.begin()
        with pytest.raises(StoreError):
            await pool.run("waits")
        await pool.close()

    run_on("asyncio", story())


@both_loops
def test_a_cancelled_job_gives_its_reader_up(loop: str, tmp_path: Path) -> None:
    async def story() -> object:
        async with open_pool(Limits(pool_processes=1)) as pool:
            cancelled = asyncio.create_task(pool.run(("spin", tmp_path, 100)))
            await until(lambda: bool(list(tmp_path.iterdir())))
            cancelled.cancel()
            with pytest.raises(asyncio.CancelledError):
                await cancelled
            return await pool.run("pid")

    after = run_on(loop, story())
    [spun] = (int(file.name) for file in tmp_path.iterdir())
    assert after != spun
    assert not exists(spun)


@both_loops
def test_closing_ends_every_process_whatever_it_does_and_tells_those_who_wait(loop: str, tmp_path: Path) -> None:
    async def story() -> list[object]:
        async with open_pool(Limits(pool_processes=2)) as pool:
            jobs = [asyncio.create_task(pool.run(("spin", tmp_path, 100))) for _ in range(4)]
            await until(lambda: len(list(tmp_path.iterdir())) == 2)
        return await asyncio.gather(*jobs, return_exceptions=True)

    assert [type(answer) for answer in run_on(loop, story())] == [StoreError] * 4


def test_a_reader_whose_parent_is_gone_ends_itself(tmp_path: Path) -> None:
    """A killed server must not leave a process behind that reads one mail for ever."""

    async def story() -> int:
        job = pickle.dumps(("spin", tmp_path, 100))
        command = (
            "import sys; from postern.smtp import pool; pool.ORPHAN_SECONDS = 1; sys.path.insert(0, sys.argv[1]); "
            "from pool_children import do_as_told; pool.serve_jobs(do_as_told, 1)"
        )
        pipe = asyncio.subprocess.PIPE
        orphan = await asyncio.create_subprocess_exec(
            sys.executable, "-c", command, str(Path(CHILD).parent), stdin=pipe, stdout=pipe
        )
        assert orphan.stdin
        orphan.stdin.write(len(job).to_bytes(4, "big") + job)
        orphan.stdin.close()
        _, status = await asyncio.gather(orphan.communicate(), orphan.wait())
        return status

    assert run_on("asyncio", story()) == -signal.SIGALRM


# The whole desk


def found_house(folder: Path, store_url: str = "") -> tuple[House, Relationship]:
    """What an operator does: init, migrate, import, alias."""
    if store_url:
        config = install_on(folder, store_url, free_port(), {"thread_burst": 1_000}).config
    else:
        install(folder, "marketplace.example")
        config = folder / "postern.toml"
    house = build_house(config)
    with contextlib.closing(house.open_store()) as store:
        migrate(store.writing_engine)
        lines = b"".join(json.dumps(line).encode() + b"\n" for line in FEED)
        with contextlib.closing(read_feed(store, "demo", io.BytesIO(lines))) as feed:
            import_feed(store, feed)
        return house, find_aliases(store, house.clock, "acme", "ann")


def letter(number: int, text: str) -> bytes:
    head = f"From: ann@mail.test\r\nSubject: {number}\r\nMessage-ID: <{number}@mail.test>\r\n"
    return f"{head}\r\n{text}\r\n".encode()


def submit(port: int, pair: Relationship, content: bytes) -> int:
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.sendmail("ann@mail.test", [pair.seller_alias], content)
        return client.noop()[0]


def test_a_mail_that_ends_its_readers_is_held_as_it_came_and_those_around_it_pass(tmp_path: Path) -> None:
    house, pair = found_house(tmp_path / "house")
    limits = Limits(pool_processes=2, pool_kills=2)
    poison = letter(99, "[exit]")

    async def story(store: Store) -> list[int]:
        async with open_pool(limits, str(house.config)) as pool, open_door(_desk(house, store, pool.run, None)) as door:
            mails = [letter(number, "Hello.") for number in range(20)]
            mails.insert(10, poison)
            loop = asyncio.get_running_loop()
            with ThreadPoolExecutor(8) as clients:  # of their own: the desk's look-ups need the usual ones
                return await asyncio.gather(*(loop.run_in_executor(clients, submit, door.port, pair, mail) for mail in mails))

    with contextlib.closing(house.open_store()) as store:
        assert run_on("asyncio", story(store)) == [250] * 21
        with store.look() as look:
            queued = look.connection.execute(select(delivery.c.message_id)).scalars().all()
            states = look.connection.execute(select(message.c.state)).scalars().all()
            held = look.connection.execute(select(message).where(message.c.state == "held")).one()
            assert find_document(look, held.seller_id, held.original_id) == poison
    assert sorted(states) == ["held"] + ["queued"] * 20
    assert len(queued) == 20
    assert held.id not in queued
    assert held.reason == "ended_its_reader"


@pytest.mark.timeout(240)
def test_poison_among_many_good_mails_is_held_with_its_octets_and_all_others_pass(store_url: str, tmp_path: Path) -> None:
    # D-14: one asks for more memory than there is, one never comes to an end
    house, pair = found_house(tmp_path / "house", store_url)
    limits = Limits(pool_processes=2, pool_kills=3, pool_seconds=1, pool_memory=1_000_000_000, pool_backlog=300)
    poisons = {place: letter(1_000 + place, f"[{misdeed}]") for place, misdeed in ((20, "grow"), (40, "spin"))}

    async def story(store: Store) -> list[int]:
        async with open_pool(limits, str(house.config)) as pool, open_door(_desk(house, store, pool.run, None)) as door:
            mails = [poisons.get(number, letter(number, "Hello.")) for number in range(62)]
            loop = asyncio.get_running_loop()
            with ThreadPoolExecutor(8) as clients:
                return await asyncio.gather(*(loop.run_in_executor(clients, submit, door.port, pair, mail) for mail in mails))

    with contextlib.closing(house.open_store()) as store:
        assert asyncio.run(story(store)) == [250] * 62
        with store.look() as look:
            states = Counter(look.connection.execute(select(message.c.state)).scalars())
            held = look.connection.execute(select(message).where(message.c.state == "held")).all()
            kept = {find_document(look, one.seller_id, one.original_id) for one in held}
    assert states == {"queued": 60, "held": 2}
    assert kept == set(poisons.values())
    assert {one.reason for one in held} == {"ended_its_reader"}


def test_a_mail_that_ended_its_readers_and_comes_again_is_kept_once(tmp_path: Path) -> None:
    house, pair = found_house(tmp_path / "house")

    async def story(store: Store) -> list[int]:
        limits = Limits(pool_processes=1, pool_kills=1, pool_seconds=1)  # its sender rests for four times that
        async with open_pool(limits, str(house.config)) as pool, open_door(_desk(house, store, pool.run, None)) as door:
            return [await asyncio.to_thread(submit, door.port, pair, letter(99, "[exit]")) for _ in range(2)]

    with contextlib.closing(house.open_store()) as store:
        assert run_on("asyncio", story(store)) == [250, 250]
        with store.look() as look:
            assert look.connection.execute(select(message.c.state)).scalars().all() == ["held"]
