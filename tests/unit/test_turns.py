"""Turns at the final dot: one open fate at a time with a quick next hop, and no waiting for a slow one."""

import asyncio

from postern.worker.turns import LONGEST_TURN, MOMENT, Turns


async def carry(turns: Turns, seconds: float, open_fates: list[int]) -> int:
    """One mail whose hop takes this long to answer. Answers how many fates were open beside its own at the worst."""
    turn = turns.next()
    await turn.ready()
    open_fates[0] += 1
    beside = open_fates[0] - 1
    await asyncio.sleep(seconds)
    turn.answered()
    open_fates[0] -= 1
    turn.end()
    return beside


def test_with_a_quick_hop_one_fate_is_open_at_a_time() -> None:
    async def run() -> list[int]:
        turns, open_fates = Turns(), [0]
        return await asyncio.gather(*(carry(turns, 0.001, open_fates) for _ in range(50)))

    assert set(asyncio.run(run())) == {0}


def test_with_a_slow_hop_nobody_waits_for_another() -> None:
    async def run() -> tuple[bool, list[int]]:
        turns, open_fates = Turns(), [0]
        for _ in range(20):
            turns.note_answer(4 * MOMENT)
        return turns.are_kept, await asyncio.gather(*(carry(turns, 0.05, open_fates) for _ in range(8)))

    are_kept, beside = asyncio.run(run())
    assert not are_kept
    assert max(beside) == 7


def test_a_hop_that_hangs_loses_its_turn() -> None:
    async def run() -> float:
        turns = Turns()
        hanging, next_one = turns.next(), turns.next()
        await hanging.ready()
        began_at = asyncio.get_running_loop().time()
        await next_one.ready()
        next_one.end()
        hanging.end()
        return asyncio.get_running_loop().time() - began_at

    assert asyncio.run(run()) < 2 * LONGEST_TURN


def test_a_busy_moment_of_our_own_does_not_end_the_turns() -> None:
    turns = Turns()
    for number in range(50):
        turns.note_answer(0.001 if number % 2 else 1.0)
    assert turns.are_kept


def test_turns_are_kept_again_once_answers_are_quick() -> None:
    turns = Turns()
    for _ in range(50):
        turns.note_answer(10)
    assert not turns.are_kept
    for _ in range(50):
        turns.note_answer(0.001)
    assert turns.are_kept
