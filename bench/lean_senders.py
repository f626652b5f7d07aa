"""Senders that cost little: kept connections, pipelined commands, one mail after the other on each, in a process of their own.

They measure the time from MAIL to the answer after the final dot. `run_senders` starts the process; the plan goes in as JSON.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import cast

import uvloop

ROOT = Path(__file__).resolve().parents[1]
_GO_ON, _TAKEN = b"354", b"250"
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Post:
    """Where one sender writes, and its letter with a placeholder for the mark."""

    author: str
    alias: str
    letter: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """``first`` is the first sender's number: marks of one run are not those of another."""

    port: int
    seconds: float
    first: int
    placeholder: str
    posts: Sequence[Post]


@dataclass(slots=True)
class Tally:
    """What was answered 250, how long each answer took, and what else was answered."""

    began_at: float = 0.0
    accepted: int = 0
    milliseconds: list[float] = field(default_factory=list)
    trouble: Counter[str] = field(default_factory=Counter)


def run_senders(plan: Plan) -> Tally:
    """Let the senders of the plan run in their own process until the time is over and each has its last answer."""
    command = [sys.executable, str(Path(__file__))]
    ended = subprocess.run(command, cwd=ROOT, input=json.dumps(asdict(plan)), capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(ended.stderr)
    return Tally(**json.loads(ended.stdout))


# The process


class _Sender(asyncio.Protocol):
    """One connection's talk: the three commands at once (RFC 2920), the letter, the answer, and again."""

    def __init__(self, run: "_Run", number: int, post: Post) -> None:
        self._run, self._number, self._post = run, number, post
        self._commands = f"MAIL FROM:<{post.author}>\r\nRCPT TO:<{post.alias}>\r\nDATA\r\n".encode()
        self._letter = post.letter.encode()
        self._transport: asyncio.WriteTransport | None = None
        self._buffer = b""
        self._expected = [_TAKEN]
        self._began_at = 0.0
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's are no subclass
        self._transport.write(b"EHLO sender.test\r\n")
        self._expected = [b"220", _TAKEN]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self._run.tally.trouble[f"connection lost: {type(exc).__name__}"] += 1
            self.ended.set_result(None)

    def data_received(self, data: bytes) -> None:
        *lines, self._buffer = (self._buffer + data).split(b"\r\n")
        for line in lines:
            if line[3:4] != b"-" and not self._hear(line):
                return

    def _hear(self, line: bytes) -> bool:
        """One reply; False when it was the last that counts."""
        if line[:3] != self._expected.pop(0):
            self._run.tally.trouble[line.decode("latin-1")] += 1
            self._hang_up()
            return False
        if not self._expected:
            self._go_on(line[:3])
        return True

    def _go_on(self, code: bytes) -> None:
        if self._transport is None:
            return
        if code == _GO_ON:
            mark = f"mail-{self._number}-{self._run.next_mail()}".encode()
            self._transport.write(self._letter.replace(self._run.placeholder, mark) + b".\r\n")
            self._expected = [_TAKEN]
            return
        now = time.monotonic()
        if self._began_at:
            self._run.tally.accepted += 1
            self._run.tally.milliseconds.append((now - self._began_at) * 1000)
        if now >= self._run.until:
            self._hang_up()
            return
        self._began_at = now
        self._expected = [_TAKEN, _TAKEN, _GO_ON]
        self._transport.write(self._commands)

    def _hang_up(self) -> None:
        if self._transport:
            self._transport.write(b"QUIT\r\n")
            self._transport.close()
        if not self.ended.done():
            self.ended.set_result(None)


class _Run:
    """One plan, on its way."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._mails = 0
        self.placeholder = plan.placeholder.encode()
        self.tally = Tally(began_at=time.monotonic())
        self.until = self.tally.began_at + plan.seconds

    def next_mail(self) -> int:
        self._mails += 1
        return self._mails

    async def send(self) -> None:
        posts = enumerate(self._plan.posts, start=self._plan.first)
        await asyncio.gather(*(self._keep_sending(number, post) for number, post in posts))

    async def _keep_sending(self, number: int, post: Post) -> None:
        """Connect anew where a connection ends before its time: servers close after so many mails."""
        loop = asyncio.get_running_loop()
        while time.monotonic() < self.until:
            try:
                _, sender = await loop.create_connection(lambda: _Sender(self, number, post), "127.0.0.1", self._plan.port)
            except OSError as error:
                self.tally.trouble[f"no connection: {type(error).__name__}"] += 1
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                await sender.ended


def main() -> None:
    given = json.load(sys.stdin)
    run = _Run(Plan(**given | {"posts": [Post(**post) for post in given["posts"]]}))
    uvloop.run(run.send())
    json.dump(asdict(run.tally), sys.stdout)


if __name__ == "__main__":
    main()
