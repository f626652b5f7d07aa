"""The timetable: what is due runs, once, whatever happened to the task before it and however many processes look."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import pytest
from sqlalchemy import select

from postern.errors import StoreError
from postern.model.limits import Limits
from postern.storage import schema
from postern.storage.store import Look, Store
from postern.storage.timetable import enter_tasks, lease_task, release_task, release_tasks, renew_task
from postern.worker.timetable import Task, Timetable
from tests.people import ANN, START, Town

T = TypeVar("T")
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


class Bell:
    """A task's work that counts."""

    def __init__(self, work: Callable[[], str | None] = lambda: None) -> None:
        self.rung = 0
        self._work = work

    def __call__(self, *_whatever: object) -> str | None:
        self.rung += 1
        return self._work()


def table_of(town: Town, *tasks: Task) -> Timetable:
    town.store.write(lambda transaction: enter_tasks(transaction, [task.name for task in tasks])).result()
    return Timetable(town.store, town.frame, town.clock, tasks)


def run_due(timetable: Timetable) -> None:
    asyncio.run(timetable.run_due())


def write(store: Store, function: Callable[..., T], *arguments: object) -> T:
    return store.write(lambda transaction: function(transaction, *arguments)).result()


def test_a_task_runs_at_once_and_again_when_its_time_has_come(town: Town) -> None:
    bell = Bell()
    timetable = table_of(town, Task("bell", HOUR, bell))
    rung = []
    for step in (timedelta(0), HOUR - MINUTE, MINUTE, MINUTE, HOUR):
        town.clock.advance(step)
        run_due(timetable)
        rung.append(bell.rung)
    assert rung == [1, 1, 2, 2, 3]


def test_a_task_without_work_is_asked_again_and_costs_no_commit(town: Town) -> None:
    bell, work = Bell(), [False]

    def has_work(_look: Look) -> bool:
        return work[0]

    timetable = table_of(town, Task("bell", HOUR, bell, has_work))
    run_due(timetable)
    with town.store.look() as look:
        assert look.connection.execute(select(schema.timetable.c.began_at)).scalar_one() is None
    work[0] = True
    run_due(timetable)
    assert bell.rung == 1


def test_a_task_that_fails_stops_no_other_and_is_told_without_its_words(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> str:
        raise ValueError(ANN.reveal())

    def be_away() -> str:
        raise StoreError("the store does not answer")

    broken, away, bell = Bell(fail), Bell(be_away), Bell(lambda: "rang")
    timetable = table_of(town, Task("broken", HOUR, broken), Task("away", HOUR, away), Task("bell", HOUR, bell))
    with caplog.at_level(logging.INFO):
        run_due(timetable)
    assert (broken.rung, away.rung, bell.rung) == (1, 1, 1)
    assert "ValueError" in caplog.text
    assert "the store does not answer" in caplog.text
    assert "task bell: rang" in caplog.text
    assert ANN.reveal() not in caplog.text
    town.clock.advance(HOUR)
    run_due(timetable)
    assert broken.rung == 2


def test_a_task_never_runs_twice_at_once_however_many_look(town: Town) -> None:
    under_way, most = [0], [0]
    lock = threading.Lock()

    def work() -> None:
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        time.sleep(0.05)
        with lock:
            under_way[0] -= 1

    bell = Bell(work)
    tables = [table_of(town, Task("bell", timedelta(0), bell)) for _ in range(4)]

    async def all_at_once() -> None:
        await asyncio.gather(*(table.run_due() for table in tables))

    asyncio.run(all_at_once())
    assert most == [1]
    assert bell.rung >= 1


def test_the_task_of_a_process_that_died_is_taken_over_when_its_lease_has_run_out(town: Town) -> None:
    bell = Bell()
    timetable = table_of(town, Task("bell", MINUTE, bell))
    until = START + timedelta(seconds=town.frame.limits.lease_seconds)
    dead = write(town.store, lease_task, "bell", START, START, until)
    assert dead is not None
    for seconds in (0, town.frame.limits.lease_seconds - 1):
        town.clock.advance(timedelta(seconds=seconds))
        run_due(timetable)
    assert bell.rung == 0
    town.clock.advance(timedelta(seconds=1))
    run_due(timetable)
    assert bell.rung == 1
    assert not write(town.store, renew_task, "bell", dead, until + HOUR)  # it woke up, and has nothing to renew


def test_a_lease_that_was_lost_is_not_given_back_by_who_lost_it(town: Town) -> None:
    table_of(town, Task("bell", MINUTE, Bell()))
    late = START + HOUR
    old = write(town.store, lease_task, "bell", START, START, START + MINUTE)
    new = write(town.store, lease_task, "bell", late, late - MINUTE, late + MINUTE)
    assert old
    assert new
    write(town.store, release_task, "bell", old)
    assert write(town.store, renew_task, "bell", new, late + HOUR)


def test_a_server_that_is_alone_ends_all_leases_when_it_starts(town: Town) -> None:
    bell = Bell()
    timetable = table_of(town, Task("bell", MINUTE, bell))
    assert write(town.store, lease_task, "bell", START - HOUR, START - HOUR, START + HOUR)
    run_due(timetable)
    assert bell.rung == 0
    town.store.write(release_tasks).result()
    run_due(timetable)
    assert bell.rung == 1


def test_a_clock_that_was_set_back_holds_no_task_up(town: Town) -> None:  # J-09
    bell = Bell()
    timetable = table_of(town, Task("bell", HOUR, bell))
    town.clock.advance(24 * HOUR)
    run_due(timetable)
    town.clock.advance(-24 * HOUR)
    run_due(timetable)
    assert bell.rung == 2


def test_stopping_waits_for_the_task_under_way_and_begins_no_other(town: Town) -> None:
    began, ended = threading.Event(), []

    def work() -> None:
        began.set()
        time.sleep(0.2)
        ended.append(True)

    second = Bell()

    async def serve_a_moment() -> None:
        timetable = Timetable(town.store, town.frame, town.clock, (Task("a", HOUR, Bell(work)), Task("b", HOUR, second)))
        timetable.start()
        await asyncio.to_thread(began.wait, 10)
        await timetable.stop()

    asyncio.run(serve_a_moment())
    assert ended == [True]
    assert second.rung == 0


def test_a_long_task_keeps_its_lease(town: Town) -> None:
    """The lease is shorter than the task, and is renewed meanwhile."""
    frame = replace(town.frame, limits=Limits(lease_seconds=1))
    renewed = []

    def work() -> None:
        time.sleep(0.5)
        town.clock.advance(timedelta(seconds=0.9))
        time.sleep(0.5)
        with town.store.look() as look:
            renewed.append(look.connection.execute(select(schema.timetable.c.leased_until)).scalar_one())

    table_of(town, Task("long", HOUR, Bell(work)))
    run_due(Timetable(town.store, frame, town.clock, (Task("long", HOUR, Bell(work)),)))
    assert renewed[0] > START + timedelta(seconds=1)
