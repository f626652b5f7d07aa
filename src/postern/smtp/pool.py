"""The pool of processes in which mails are read, judged and rewritten.

Hostile bytes meet only these: spawned, one a core, with a read-only store, a limit on memory, and a deadline for each mail. One
that dies or stalls is replaced, and the mail it had goes to another; a mail that ends several is for its caller to hold.
"""

import asyncio
import contextlib
import itertools
import logging
import os
import pickle
import resource
import signal
import struct
import sys
import time
import traceback
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, BinaryIO

from postern.errors import PosternError, StoreError
from postern.model.limits import Limits
from postern.smtp.costly import CostlySenders

_LENGTH = struct.Struct(">I")
_READY = b"ready"
IDLE_SECONDS = 120  # a sender waits ten minutes for the reply to its final dot (RFC 5321 4.5.3.2.6)
READY_SECONDS = 60  # for a process to start
ORPHAN_SECONDS = 5  # a process whose parent did not end it in time ends itself so much later
_log = logging.getLogger(__name__)


class EndedItsReaderError(PosternError):
    """This mail ended as many processes as one mail may."""


class Pool:
    """Runs jobs in child processes: a job is any picklable value, and what becomes of it is the child's ``work``.

    ``command`` is the child's command line; ``memory`` and ``seconds`` are added to it, and it must call ``serve_jobs``.
    """

    def __init__(self, command: list[str], limits: Limits) -> None:
        self._command = command
        self._limits = limits
        self._idle: asyncio.Queue[_Child | None] = asyncio.Queue()  # None: the pool is closed
        self._children: set[_Child] = set()
        self._waiting = 0
        self._costly = CostlySenders()
        self._closed = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self) -> None:
        """Let every process start. A job waits for the first that is ready; one that never gets there is tried again.

        It returns when each was begun: called before there are threads, so that none holds a lock that a fork takes along.
        """
        begun = [asyncio.Event() for _ in range(self._limits.pool_processes or os.cpu_count() or 1)]
        for one in begun:
            self._start(self._add(one))
        for one in begun:
            await one.wait()

    async def run(self, job: object, sender: str = "") -> object:
        """The child's answer; an exception that the child raised is raised here. Raises StoreError when too many wait.

        ``sender`` is whose job it is: who has just used much waits for the next.
        """
        octets = pickle.dumps(job, pickle.HIGHEST_PROTOCOL)
        async with self._costly.turn(sender, len(octets)):
            if self._waiting >= self._limits.pool_backlog:
                raise StoreError("too many mails wait to be read")
            self._waiting += 1
            try:
                return await self._run(octets, sender)
            finally:
                self._waiting -= 1

    async def _run(self, octets: bytes, sender: str) -> object:
        for _ in range(self._limits.pool_kills):
            child = await self._next_idle()
            answer = await self._try(child, octets)
            if answer is not None:
                seconds, succeeded, value = _read_answer(answer)
                self._costly.learn(sender, seconds)
                if succeeded:
                    return value
                raise value
        self._costly.learn(sender, self._limits.pool_seconds)
        raise EndedItsReaderError("this mail ended its reader every time")

    async def close(self) -> None:
        """End every process."""
        self._closed = True
        for task in tuple(self._tasks):
            task.cancel()
        self._idle.put_nowait(None)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for child in tuple(self._children):
            await self._end(child)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _next_idle(self) -> "_Child":
        """A process that is free. Raises StoreError when none becomes free in the time that a sender would wait."""
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                child = await self._idle.get()
                while child and child.process.returncode is not None:
                    self._replace(child)  # it ended while it had nothing to do: no mail is to blame
                    child = await self._idle.get()
        except TimeoutError:
            raise StoreError("no reading process became free") from None
        if child is None:
            self._idle.put_nowait(None)  # for the next who waits
            raise StoreError("the pool is closed")
        return child

    async def _try(self, child: "_Child", octets: bytes) -> bytes | None:
        """One job in one process; None if the process did not survive it, in which case another takes its place."""
        try:
            async with asyncio.timeout(self._limits.pool_seconds):
                answer = await child.ask(octets)
        except (TimeoutError, OSError, EOFError) as error:
            _log.warning("a mail of %s octets ended its reader: %s", len(octets), type(error).__name__)
            self._replace(child)
            return None
        except asyncio.CancelledError:
            self._replace(child)
            raise
        self._idle.put_nowait(child)
        return answer

    def _replace(self, child: "_Child") -> None:
        child.kill()
        self._start(self._renew(child))

    async def _renew(self, child: "_Child") -> None:
        await self._end(child)
        await self._add()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _add(self, begun: asyncio.Event | None = None) -> None:
        """Put one more process to work; where it does not start, the reason is logged and it is tried again, more slowly."""
        begun = begun or asyncio.Event()
        for pause in itertools.chain((0, 1, 5), itertools.repeat(30)):
            await asyncio.sleep(pause)
            if self._closed:
                return
            try:
                self._idle.put_nowait(await self._spawn(begun))
            except (OSError, StoreError) as error:
                begun.set()
                _log.error("a reading process did not start: %s", error)
            else:
                return

    async def _spawn(self, begun: asyncio.Event) -> "_Child":
        command = [*self._command, str(self._limits.pool_memory), str(self._limits.pool_seconds)]
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=2**20
        )
        begun.set()
        child = _Child(process)
        self._children.add(child)
        ready = b""
        with contextlib.suppress(TimeoutError, OSError, EOFError):
            async with asyncio.timeout(READY_SECONDS):
                ready = await child.read()
        if ready != _READY:
            await self._end(child)
            raise StoreError("it was not ready in time, or ended before")
        return child

    async def _end(self, child: "_Child") -> None:
        child.kill()
        await child.process.wait()
        self._children.discard(child)


class _Child:
    """One process, and the two pipes to it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("spawned without pipes")
        self.process = process
        self._jobs, self._answers = process.stdin, process.stdout

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()

    async def ask(self, octets: bytes) -> bytes:
        self._jobs.write(_LENGTH.pack(len(octets)))
        self._jobs.write(octets)
        await self._jobs.drain()
        return await self.read()

    async def read(self) -> bytes:
        (length,) = _LENGTH.unpack(await self._answers.readexactly(_LENGTH.size))
        return await self._answers.readexactly(length)


def _read_answer(octets: bytes) -> tuple[float, bool, Any]:
    """CPU seconds, whether it succeeded, and the answer or what to raise. Our own child pickled this: it is trusted as far as our
    own code is.
    """
    seconds, succeeded, value = pickle.loads(octets)  # noqa: S301 - see above
    return seconds, succeeded, value


def serve_jobs(work: Callable[[object], object], seconds: int) -> None:
    """The child's side: answer jobs from standard input until it is closed. Called by the child's main program."""
    jobs, answers = sys.stdin.buffer, _take_stdout()
    sys.excepthook = _say_where
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent drains; it ends us when it has ended
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _write(answers, _READY)
    while (octets := _read(jobs)) is not None:
        signal.alarm(seconds + ORPHAN_SECONDS)  # whose default is to end the process, wherever it is
        began_at = time.process_time()
        try:
            answer: tuple[bool, object] = (True, work(pickle.loads(octets)))  # noqa: S301 - from our own parent
        except PosternError as error:
            answer = (False, error)
        _write(answers, pickle.dumps((time.process_time() - began_at, *answer), pickle.HIGHEST_PROTOCOL))
        signal.alarm(0)


def _take_stdout() -> BinaryIO:
    """Standard output for answers alone: what others print, in Python or below it, goes to standard error."""
    sys.stdout.flush()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def _say_where(kind: type[BaseException], _error: BaseException, trace: TracebackType | None) -> None:
    """What ends this process, and where; not in its own words, which may hold a piece of the mail."""
    places = "".join(f"\n  {place.filename}:{place.lineno} {place.name}" for place in traceback.extract_tb(trace))
    sys.stderr.write(f"a reading process ended: {kind.__name__} at{places}\n")


def limit_memory(octets: int) -> None:
    """Let this process have no more than this: what asks for more gets a MemoryError, and the process is replaced."""
    resource.setrlimit(resource.RLIMIT_AS, (octets, octets))


def _read(stream: BinaryIO) -> bytes | None:
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    octets = stream.read(length)
    return octets if len(octets) == length else None


def _write(stream: BinaryIO, octets: bytes) -> None:
    stream.write(_LENGTH.pack(len(octets)))
    stream.write(octets)
    stream.flush()
