"""Costly senders wait, one mail at a time; nobody else ever does."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import pytest

from postern.errors import StoreError
from postern.smtp.costly import CHEAP, LONGEST_REST, WAITING_OCTETS, CostlySenders


class Hours(asyncio.SelectorEventLoop):
    """A loop whose time flies whenever nothing is ready, so that a test of minutes takes none."""

    def __init__(self) -> None:
        super().__init__()
        self._ahead = 0.0

    def time(self) -> float:
        return super().time() + self._ahead

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            self._ahead += max(0.0, self._scheduled[0].when() - self.time())  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


def run(work: Callable[[], Awaitable[None]]) -> None:
    with asyncio.Runner(loop_factory=Hours) as runner:
        runner.run(work())  # type: ignore[arg-type]


def now() -> float:
    return asyncio.get_running_loop().time()


async def read(senders: CostlySenders, name: str, seconds: float, octets: int = 5_000) -> float:
    """One mail that costs so much; when it was begun."""
    async with senders.turn(name, octets):
        began_at = now()
        await asyncio.sleep(seconds)
        senders.learn(name, seconds)
    return began_at


def test_who_uses_a_second_gets_the_next_one_four_seconds_later() -> None:
    async def work() -> None:
        senders = CostlySenders()
        began = [await read(senders, "mallory", 1.0) for _ in range(4)]
        assert [round(later - before) for before, later in itertools.pairwise(began)] == [5, 5, 5]

    run(work)


def test_many_connections_at_once_do_not_get_more() -> None:
    async def work() -> None:
        senders = CostlySenders()
        await read(senders, "mallory", 1.0)
        began = sorted(await asyncio.gather(*(read(senders, "mallory", 1.0) for _ in range(5))))
        assert [round(later - before) for before, later in itertools.pairwise(began)] == [5, 5, 5, 5]

    run(work)


def test_what_was_begun_before_anything_was_known_is_rested_for_all_together() -> None:
    async def work() -> None:
        senders = CostlySenders()
        await asyncio.gather(*(read(senders, "mallory", 1.0) for _ in range(5)))
        asked_at = now()
        assert await read(senders, "mallory", 1.0) - asked_at == pytest.approx(20, abs=1)

    run(work)


def test_a_mail_that_waits_goes_on_waiting_for_what_others_have_used_meanwhile() -> None:
    async def work() -> None:
        senders = CostlySenders()
        long_one = asyncio.create_task(read(senders, "mallory", 3.0))
        await read(senders, "mallory", 1.0)
        asked_at = now()
        assert await read(senders, "mallory", 1.0) - asked_at == pytest.approx(4 + 12, abs=1)
        await long_one

    run(work)


def test_a_cheap_mail_among_those_that_wait_does_not_free_the_others() -> None:
    async def work() -> None:
        senders = CostlySenders()
        await read(senders, "mallory", 1.0)
        began = await asyncio.gather(*(read(senders, "mallory", seconds) for seconds in (0.01, 1.0, 1.0, 1.0)))
        assert [round(later - before) for before, later in itertools.pairwise(began[1:])] == [5, 5]

    run(work)


def test_a_cheap_mail_does_not_shorten_the_rest() -> None:
    async def work() -> None:
        senders = CostlySenders()
        cheap = asyncio.create_task(read(senders, "mallory", CHEAP / 2))
        await asyncio.sleep(0)  # it is begun before anything is known
        senders.learn("mallory", 1.0)
        await cheap
        asked_at = now()
        assert await read(senders, "mallory", 1.0) - asked_at > 3

    run(work)


def test_nobody_else_waits() -> None:
    async def work() -> None:
        senders = CostlySenders()
        await read(senders, "mallory", 9.0)
        waiting = asyncio.create_task(read(senders, "mallory", 1.0))
        asked_at = now()
        for _ in range(20):
            await read(senders, "ann", CHEAP / 2)
        assert now() - asked_at == pytest.approx(20 * CHEAP / 2, abs=0.5)
        await waiting

    run(work)


def test_who_sends_a_cheap_mail_is_free_again() -> None:
    async def work() -> None:
        senders = CostlySenders()
        await read(senders, "ann", 1.0)
        await read(senders, "ann", 0.01)
        asked_at = now()
        await read(senders, "ann", 0.01)
        assert now() - asked_at < 1

    run(work)


def test_nobody_waits_longer_than_a_sender_would() -> None:
    async def work() -> None:
        senders = CostlySenders()
        senders.learn("mallory", 1_000.0)
        asked_at = now()
        await read(senders, "mallory", 0.0)
        assert now() - asked_at == pytest.approx(LONGEST_REST, abs=1)

    run(work)


def test_only_so_many_are_remembered() -> None:
    async def work() -> None:
        senders = CostlySenders()
        for number in range(5_000):
            senders.learn(str(number), 1.0)
        assert len(senders._senders) == 1_000

    run(work)


def test_of_one_sender_only_so_much_waits_and_nothing_of_it_is_forgotten_afterwards() -> None:
    async def work() -> None:
        senders = CostlySenders()
        await read(senders, "mallory", 1.0)
        larger_than_all = asyncio.create_task(read(senders, "mallory", 0.01, 2 * WAITING_OCTETS))
        await asyncio.sleep(0)
        with pytest.raises(StoreError, match="many wait"):
            await read(senders, "mallory", 1.0)
        assert await read(senders, "ann", 0.01, 2 * WAITING_OCTETS) < now()
        await larger_than_all
        await asyncio.gather(*(read(senders, "mallory", 0.01, WAITING_OCTETS // 4) for _ in range(4)))

    run(work)
