"""The writer: one thread that commits changes in batches, so that many mails share one flush to disk."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from postern.errors import StoreAwayError, StoreError
from postern.storage.change import Change, Guard, Kept, Outcome, Stale
from postern.storage.engine import translated_errors
from postern.storage.guards import failed_guards
from postern.storage.statements import write_all


@dataclass(frozen=True, slots=True)
class _KeepJob:
    change: Change
    answer: Future[Outcome]


@dataclass(frozen=True, slots=True)
class _WriteJob:
    function: Callable[[Connection], object]
    answer: Future[Any]


_Job = _KeepJob | _WriteJob
T = TypeVar("T")


class Writer:
    """Takes jobs from any thread and answers through futures. Whatever waits while one batch commits is the next batch.

    When the store is away, one job has waited for it in vain; those that stood behind it get the same answer at once, so that no
    mail waits several times over. The job that comes next tries again.
    """

    def __init__(self, engine: Engine, batch: int, name: str = "writer") -> None:
        self._engine = engine
        self._batch = batch
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._closed = False
        self._thread = Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def keep(self, change: Change) -> Future[Outcome]:
        """Write the change if its guards hold. The future answers Kept or Stale, or raises StoreError: nothing was written."""
        answer: Future[Outcome] = Future()
        self._put(_KeepJob(change, answer))
        return answer

    def write(self, function: Callable[[Connection], T]) -> Future[T]:
        """Run the function in a transaction of its own; it is rolled back if it raises, and the future raises the same."""
        answer: Future[T] = Future()
        self._put(_WriteJob(function, answer))
        return answer

    def close(self) -> None:
        """Finish what was asked, then end. What is asked afterwards is answered with StoreError."""
        self._closed = True
        self._jobs.put(None)
        self._thread.join()

    def _put(self, job: _KeepJob | _WriteJob) -> None:
        if self._closed:
            job.answer.set_exception(StoreError("the store is closed"))
        else:
            self._jobs.put(job)

    def _work(self) -> None:
        running = True
        while running:
            jobs = self._take(self._batch)
            running = None not in jobs
            chosen = _running(jobs)
            try:
                self._do(chosen)
            except StoreAwayError as error:
                behind = self._take_waiting()
                running = running and None not in behind
                for job in (*chosen, *_running(behind)):
                    if not job.answer.done():
                        job.answer.set_exception(error)

    def _do(self, jobs: Sequence[_Job]) -> None:
        """Answer every job. Raises StoreAwayError as soon as one has waited in vain: the others are not answered yet."""
        keeps = [job for job in jobs if isinstance(job, _KeepJob)]
        if keeps:
            self._keep_all(keeps)
        for job in jobs:
            if isinstance(job, _WriteJob):
                self._write_one(job)

    def _take(self, most: int) -> list[_Job | None]:
        """Wait for one job, then take all that wait behind it, up to this many in all; None comes last."""
        first = self._jobs.get()
        return [first] if first is None else [first, *self._take_waiting(most - 1)]

    def _take_waiting(self, most: int | None = None) -> list[_Job | None]:
        jobs: list[_Job | None] = []
        for _ in range(self._jobs.qsize() if most is None else most):
            try:
                jobs.append(self._jobs.get_nowait())
            except Empty:
                break
            if jobs[-1] is None:
                break
        return jobs

    def _keep_all(self, jobs: Sequence[_KeepJob]) -> None:
        try:
            answers = self._commit([job.change for job in jobs])
        except StoreAwayError:
            raise
        except StoreError as error:  # about the store, not about one of them: alone, each would fail too
            for job in jobs:
                job.answer.set_exception(error)
            return
        except Exception as error:  # noqa: BLE001 - one of them does not fit: alone, only that one fails
            if len(jobs) == 1:
                jobs[0].answer.set_exception(_explain(error))
                return
            for job in jobs:
                self._keep_all([job])
            return
        for job, answer in zip(jobs, answers, strict=True):
            job.answer.set_result(answer)

    def _commit(self, changes: Sequence[Change]) -> list[Outcome]:
        """One transaction for all of them. A change whose guards fail is left out; the others are committed together."""
        try:
            with translated_errors(), self._engine.connect() as connection:
                failures = failed_guards(connection, changes)
                write_all(connection, (change for change, failed in zip(changes, failures, strict=True) if not failed))
                connection.commit()
        except IntegrityError:
            # Another process wrote the same between our check and our insert. Alone, the check now sees it.
            if len(changes) > 1:
                raise
            failed = self._check_again(changes[0])
            if not failed:
                raise
            return [Stale(failed)]
        return [Stale(failed) if failed else Kept() for failed in failures]

    def _check_again(self, change: Change) -> tuple[Guard, ...]:
        with translated_errors(), self._engine.connect() as connection:
            return failed_guards(connection, [change])[0]

    def _write_one(self, job: _WriteJob) -> None:
        try:
            with translated_errors(), self._engine.connect() as connection:
                result = job.function(connection)
                connection.commit()
        except StoreAwayError:
            raise
        except Exception as error:  # noqa: BLE001 - the caller gets it, the thread lives on
            job.answer.set_exception(_explain(error))
        else:
            job.answer.set_result(result)


def _running(jobs: Sequence[_Job | None]) -> list[_Job]:
    """Those whose caller has not given them up; from here on they cannot be."""
    return [job for job in jobs if job is not None and job.answer.set_running_or_notify_cancel()]


def _explain(error: Exception) -> Exception:
    """A row that fits no table, a key that is taken, a deadlock twice over: for the caller a store that cannot take it."""
    if not isinstance(error, DBAPIError):
        return error
    refused = StoreError("the store refused a row that contradicts another, or fits no column")
    refused.__cause__ = error
    return refused
