"""Turns at the final dot: one open fate at a time with a quick next hop, and no waiting for a slow one."""

import asyncio

from postern.worker.turns import LONGEST_TURN, MOMENT, Turns

HOP, OTHER = b"", b"other"


async def carry(turns: Turns, seconds: float, open_fates: list[int]) -> int:
    """One mail whose hop takes this long to answer. Answers how many fates were open beside its own at the worst."""
    turn = turns.next(HOP)
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
        turns, open_fates = Turns(trusting=True), [0]
        return await asyncio.gather(*(carry(turns, 0.001, open_fates) for _ in range(50)))

    assert set(asyncio.run(run())) == {0}


def test_with_a_slow_hop_nobody_waits_for_another() -> None:
    async def run() -> tuple[bool, list[int]]:
        turns, open_fates = Turns(trusting=True), [0]
        for _ in range(20):
            turns.note_answer(HOP, 4 * MOMENT)
        return turns.are_kept(HOP), await asyncio.gather(*(carry(turns, 0.05, open_fates) for _ in range(8)))

    are_kept, beside = asyncio.run(run())
    assert not are_kept
    assert max(beside) == 7


def test_a_hop_that_hangs_loses_its_turn() -> None:
    async def run() -> float:
        turns = Turns(trusting=True)
        hanging, next_one = turns.next(HOP), turns.next(HOP)
        await hanging.ready()
        began_at = asyncio.get_running_loop().time()
        await next_one.ready()
        next_one.end()
        hanging.end()
        return asyncio.get_running_loop().time() - began_at

    assert asyncio.run(run()) < 2 * LONGEST_TURN


def test_a_busy_moment_of_our_own_does_not_end_the_turns() -> None:
    turns = Turns(trusting=True)
    for number in range(50):
        turns.note_answer(HOP, 0.001 if number % 2 else 1.0)
    assert turns.are_kept(HOP)


def test_turns_are_kept_again_once_answers_are_quick() -> None:
    turns = Turns(trusting=True)
    for _ in range(50):
        turns.note_answer(HOP, 10)
    assert not turns.are_kept(HOP)
    for _ in range(50):
        turns.note_answer(HOP, 0.001)
    assert turns.are_kept(HOP)


def test_a_slow_destination_makes_no_other_one_wait_and_a_new_one_takes_no_turn_before_it_is_known() -> None:
    turns = Turns(trusting=False)
    assert not turns.are_kept(OTHER)
    turns.note_answer(HOP, 4.0)
    turns.note_answer(OTHER, 0.001)
    assert turns.are_kept(OTHER)
    assert not turns.are_kept(HOP)


def test_only_so_many_destinations_are_remembered() -> None:
    turns = Turns(trusting=False)
    for number in range(5_000):
        turns.note_answer(str(number).encode(), 0.001)
    assert turns.are_kept(b"4999")
    assert not turns.are_kept(b"0")
