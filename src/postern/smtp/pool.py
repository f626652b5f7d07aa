"""The pool of processes in which mails are read, judged and rewritten.

Hostile bytes meet only these: spawned, one a core, with a read-only store, a limit on memory, and a deadline for each mail. One
that dies or stalls is replaced, and the mail it had goes to another; a mail that ends several is for its caller to hold.
"""

import asyncio
import contextlib
import itertools
import logging
import pickle
import resource
import signal
import struct
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import BinaryIO

from postern.errors import PosternError, StoreError

_LENGTH = struct.Struct(">I")
_READY = b"ready"
IDLE_SECONDS = 120  # a sender waits ten minutes for the reply to its final dot (RFC 5321 4.5.3.2.6)
_log = logging.getLogger(__name__)


class EndedItsReaderError(PosternError):
    """This mail ended as many processes as one mail may."""


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """``seconds`` for one job, ``memory`` in bytes for one process, ``kills`` of processes by one job, ``backlog`` of jobs."""

    processes: int
    seconds: int
    memory: int
    kills: int
    backlog: int


class Pool:
    """Runs jobs in child processes: a job is any picklable value, and what becomes of it is the child's ``work``.

    ``command`` is the child's command line; it must call ``serve_jobs``.
    """

    def __init__(self, command: list[str], limits: PoolLimits) -> None:
        self._command = command
        self._limits = limits
        self._idle: asyncio.Queue[_Child] = asyncio.Queue()
        self._children: set[_Child] = set()
        self._waiting = 0
        self._closed = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self) -> None:
        """Let every process start. A job waits for the first that is ready; one that never gets there is tried again."""
        for _ in range(self._limits.processes):
            self._start(self._add())

    async def run(self, job: object) -> object:
        """The child's answer; an exception that the child raised is raised here. Raises StoreError when too many wait."""
        if self._waiting >= self._limits.backlog:
            raise StoreError("too many mails wait to be read")
        octets = pickle.dumps(job, pickle.HIGHEST_PROTOCOL)
        self._waiting += 1
        try:
            for _ in range(self._limits.kills):
                child = await self._next_idle()
                answer = await self._try(child, octets)
                if answer is not None:
                    return _unwrap(answer)
        finally:
            self._waiting -= 1
        raise EndedItsReaderError("this mail ended its reader every time")

    async def close(self) -> None:
        """End every process."""
        self._closed = True
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for child in tuple(self._children):
            await self._end(child)

    async def _next_idle(self) -> "_Child":
        """A process that is free. Raises StoreError when none becomes free in the time that a sender would wait."""
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                return await self._idle.get()
        except TimeoutError:
            raise StoreError("no reading process became free") from None

    async def _try(self, child: "_Child", octets: bytes) -> bytes | None:
        """One job in one process; None if the process did not survive it, in which case another takes its place."""
        try:
            async with asyncio.timeout(self._limits.seconds):
                answer = await child.ask(octets)
        except (TimeoutError, OSError, EOFError, asyncio.IncompleteReadError):
            await self._replace(child)
            return None
        except asyncio.CancelledError:
            await asyncio.shield(self._replace(child))
            raise
        self._idle.put_nowait(child)
        return answer

    async def _replace(self, child: "_Child") -> None:
        await self._end(child)
        self._start(self._add())

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _add(self) -> None:
        """Put one more process to work; where it does not start, the reason is logged and it is tried again, more slowly."""
        for pause in itertools.chain((0, 1, 5), itertools.repeat(30)):
            await asyncio.sleep(pause)
            if self._closed:
                return
            try:
                self._idle.put_nowait(await self._spawn())
            except (OSError, StoreError) as error:
                _log.error("a reading process did not start: %s", error)
            else:
                return

    async def _spawn(self) -> "_Child":
        process = await asyncio.create_subprocess_exec(
            *self._command, str(self._limits.memory), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=2**20
        )
        child = _Child(process)
        self._children.add(child)
        try:
            ready = await child.read()
        except (EOFError, asyncio.IncompleteReadError, ConnectionError):
            ready = b""
        if ready != _READY:
            await self._end(child)
            raise StoreError("it ended before it was ready")
        return child

    async def _end(self, child: "_Child") -> None:
        self._children.discard(child)
        with contextlib.suppress(ProcessLookupError):
            child.process.kill()
        await child.process.wait()


class _Child:
    """One process, and the two pipes to it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("spawned without pipes")
        self.process = process
        self._jobs, self._answers = process.stdin, process.stdout

    async def ask(self, octets: bytes) -> bytes:
        self._jobs.write(_LENGTH.pack(len(octets)))
        self._jobs.write(octets)
        await self._jobs.drain()
        return await self.read()

    async def read(self) -> bytes:
        (length,) = _LENGTH.unpack(await self._answers.readexactly(_LENGTH.size))
        return await self._answers.readexactly(length)


def _unwrap(octets: bytes) -> object:
    """Our own child pickled this: it is trusted as far as our own code is."""
    succeeded, value = pickle.loads(octets)  # noqa: S301 - see above
    if succeeded:
        return value
    raise value


def serve_jobs(work: Callable[[object], object]) -> None:
    """The child's side: answer jobs from standard input until it is closed. Called by the child's main program."""
    jobs, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # a stray print must not be taken for an answer
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent drains; it ends us when it has ended
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _write(answers, _READY)
    while (octets := _read(jobs)) is not None:
        try:
            answer: tuple[bool, object] = (True, work(pickle.loads(octets)))  # noqa: S301 - from our own parent
        except PosternError as error:
            answer = (False, error)
        _write(answers, pickle.dumps(answer, pickle.HIGHEST_PROTOCOL))


def limit_memory(octets: int) -> None:
    """Let this process have no more than this: what asks for more gets a MemoryError, and the process is replaced."""
    resource.setrlimit(resource.RLIMIT_AS, (octets, octets))


def _read(stream: BinaryIO) -> bytes | None:
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    return stream.read(length)


def _write(stream: BinaryIO, octets: bytes) -> None:
    stream.write(_LENGTH.pack(len(octets)))
    stream.write(octets)
    stream.flush()
