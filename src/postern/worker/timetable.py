"""The timetable: runs what is to be done without being asked, each task when it is due, one at a time, in a thread.

However many processes serve one store, a task never runs twice at once: whoever runs it holds its lease, renewed meanwhile. One
that fails is told in the log and runs again when it is next due. It decides nothing; the list of tasks is in ``wiring``.
"""

import asyncio
import contextlib
import logging
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from postern.actions.frame import Frame
from postern.errors import PosternError, StoreError
from postern.ports import Clock
from postern.storage.store import Look, Store, Transaction
from postern.storage.timetable import enter_tasks, lease_task, list_last_runs, release_task, renew_task

POLL_SECONDS = 1.0
_log = logging.getLogger(__name__)
T = TypeVar("T")


def always(_look: Look) -> bool:
    """There is something to do whenever the task is due."""
    return True


@dataclass(frozen=True, slots=True)
class Task:
    """What is done, and how often. ``run`` answers a line for the log, or None where nothing is worth telling; it may raise.

    ``has_work`` is asked before a due task is taken, so that a frequent one costs a quiet system no commits.
    """

    name: str
    every: timedelta
    run: Callable[[Store, Frame, Clock], str | None]
    has_work: Callable[[Look], bool] = always


class Timetable:
    """Runs the tasks of one process beside whatever else its loop does."""

    def __init__(self, store: Store, frame: Frame, clock: Clock, tasks: Sequence[Task]) -> None:
        self._store, self._frame, self._clock, self._tasks = store, frame, clock, tuple(tasks)
        self._stopping = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look for what is due."""
        self._running = asyncio.create_task(self.run())

    async def stop(self) -> None:
        """Begin nothing more, and return when the task under way has ended."""
        self.finish()
        if self._running:
            await asyncio.wait([self._running])

    def finish(self) -> None:
        """Begin nothing more; ``run`` returns when the task under way has ended."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until stopped. Whatever happens to one task, the others go on."""
        entered = False
        while not self._stopping.is_set():
            try:
                entered = entered or await self._enter()
                await self.run_due()
            except StoreError as error:
                _log.warning("the timetable cannot be read: %s", error)
            except Exception as error:  # noqa: BLE001 - the timetable goes on, whatever it was
                _log.error("the timetable met an error of ours: %s", _place(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), POLL_SECONDS)

    async def run_due(self) -> None:
        """Run every task that is due, one after the other, in the order of the list."""
        for task in await asyncio.to_thread(self._find_due):
            if self._stopping.is_set():
                return
            await self._run(task)

    async def _enter(self) -> bool:
        await self._write(lambda transaction: enter_tasks(transaction, [task.name for task in self._tasks]))
        return True

    def _find_due(self) -> list[Task]:
        now = self._clock.now()
        with self._store.look() as look:
            last_runs = list_last_runs(look)
            due = [task for task in self._tasks if _is_due(last_runs.get(task.name), task.every, now)]
            return [task for task in due if task.has_work(look)]

    async def _run(self, task: Task) -> None:
        now = self._clock.now()
        lease = await self._write(lambda transaction: lease_task(transaction, task.name, now, now - task.every, self._until()))
        if lease is None:
            return
        renewing = asyncio.create_task(self._renew(task, lease))
        try:
            told = await asyncio.to_thread(task.run, self._store, self._frame, self._clock)
        except PosternError as error:
            _log.warning("task %s failed: %s", task.name, error)
        except Exception as error:  # noqa: BLE001 - its next turn comes
            _log.error("task %s ended in an error of ours: %s", task.name, _place(error))
        else:
            if told:
                _log.info("task %s: %s", task.name, told)
        finally:
            renewing.cancel()
        await self._write(lambda transaction: release_task(transaction, task.name, lease))

    async def _renew(self, task: Task, lease: UUID) -> None:
        while True:
            await asyncio.sleep(self._frame.limits.lease_seconds / 3)
            try:
                await self._write(lambda transaction: renew_task(transaction, task.name, lease, self._until()))
            except StoreError as error:
                _log.warning("the lease of task %s cannot be renewed: %s", task.name, error)

    def _until(self) -> datetime:
        return self._clock.now() + timedelta(seconds=self._frame.limits.lease_seconds)

    async def _write(self, function: Callable[[Transaction], T]) -> T:
        return await asyncio.wrap_future(self._store.write(function))


def _is_due(began_at: datetime | None, every: timedelta, now: datetime) -> bool:
    """As the lease sees it: see ``storage.timetable``."""
    return began_at is None or began_at <= now - every or began_at > now


def _place(error: Exception) -> str:
    """The kind of an error and where it happened; its words stay out, for they may hold an address."""
    return type(error).__name__ + "\n" + "".join(traceback.format_tb(error.__traceback__))
