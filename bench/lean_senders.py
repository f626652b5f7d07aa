"""Senders that cost little: kept connections and pipelined commands, in a process of their own.

Each writes one mail after the other and measures from MAIL to the answer after the final dot; or mails fall due by a clock, which
waits for nobody, and are measured from the moment they were due. `run_senders` starts the process; the plan goes in as JSON.
"""

import asyncio
import json
import random
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import uvloop

from postern.smtp.dkim import ED25519, SigningKey, load_signing_key, sign

ROOT = Path(__file__).resolve().parents[1]
SELECTOR = "bench"
_GO_ON, _TAKEN = b"354", b"250"
_PAUSE_SECONDS = 0.05
_PATIENCE_SECONDS = 60  # how long a mail may wait for a connection after its time, before the run is given up


@dataclass(frozen=True, slots=True)
class Post:
    """Where one sender writes, and its letter with a placeholder for the mark. With a ``key`` (Ed25519, PEM) each is signed."""

    author: str
    alias: str
    letter: str = field(repr=False)
    key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """``first`` is the first sender's number: marks of one run are not those of another. With a ``rate``, so many mails a second
    fall due, at random moments, and each goes to a connection that has nothing to do.
    """

    port: int
    seconds: float
    first: int
    placeholder: str
    posts: Sequence[Post]
    rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Taken:
    """One mail that was answered 250: how long the answer took, and when it came by the monotonic clock."""

    mark: str
    milliseconds: float
    at: float


@dataclass(slots=True)
class Tally:
    """What was answered 250, what else was answered, and how many mails fell due by a clock."""

    began_at: float = 0.0
    due: int = 0
    taken: list[Taken] = field(default_factory=list)
    trouble: Counter[str] = field(default_factory=Counter)

    @property
    def accepted(self) -> int:
        return len(self.taken)

    @property
    def milliseconds(self) -> list[float]:
        return [one.milliseconds for one in self.taken]

    def without(self, number: int) -> "Tally":
        """What the others got."""
        return Tally(self.began_at, 0, [one for one in self.taken if not one.mark.startswith(f"mail-{number}-")])

    def accepted_per_second(self) -> float:
        """Until the last answer."""
        return self.accepted / (max(one.at for one in self.taken) - self.began_at) if self.taken else 0.0


def signing_key(domain: str, pem: str) -> SigningKey:
    """The one key, for whichever domain."""
    return load_signing_key(domain, SELECTOR, ED25519, pem.encode())


def run_senders(plan: Plan) -> Tally:
    """Let the senders of the plan run in their own process until the time is over and each has its last answer."""
    command = [sys.executable, str(Path(__file__))]
    ended = subprocess.run(command, cwd=ROOT, input=json.dumps(asdict(plan)), capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(ended.stderr)
    told = json.loads(ended.stdout)
    return Tally(told["began_at"], told["due"], [Taken(**one) for one in told["taken"]], Counter(told["trouble"]))


# The process


class _Sender(asyncio.Protocol):
    """One connection's talk: the three commands at once (RFC 2920), the letter, the answer, and again."""

    def __init__(self, run: "_Run", number: int, post: Post) -> None:
        self._run, self._number, self._post = run, number, post
        self._commands = f"MAIL FROM:<{post.author}>\r\nRCPT TO:<{post.alias}>\r\nDATA\r\n".encode()
        self._letter = post.letter.encode()
        self._keys = [signing_key(post.author.partition("@")[2], post.key)] if post.key else []
        self._transport: asyncio.WriteTransport | None = None
        self._buffer = b""
        self._expected = [_TAKEN]
        self._began_at = 0.0
        self._mark = ""
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
        if not self._expected or line[:3] != self._expected.pop(0):
            self._run.tally.trouble[line.decode("latin-1")] += 1
            self.hang_up()
            return False
        if not self._expected:
            self._go_on(line[:3])
        return True

    def _go_on(self, code: bytes) -> None:
        if self._transport is None:
            return
        if code == _GO_ON:
            self._mark = f"mail-{self._number}-{self._run.next_mail()}"
            letter = self._letter.replace(self._run.placeholder, self._mark.encode())
            mail = sign(letter, self._keys, datetime.now(UTC)) if self._keys else letter
            self._transport.write(mail.replace(b"\r\n.", b"\r\n..") + b".\r\n")  # RFC 5321 4.5.2
            self._expected = [_TAKEN]
            return
        if self._mark:
            now = time.monotonic()
            self._run.tally.taken.append(Taken(self._mark, (now - self._began_at) * 1000, now))
        self._run.go_on(self)

    def write(self, began_at: float) -> None:
        """Send the next mail; its time runs from then."""
        if self._transport is None:
            return
        self._began_at = began_at
        self._expected = [_TAKEN, _TAKEN, _GO_ON]
        self._transport.write(self._commands)

    def hang_up(self) -> None:
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
        self._due: deque[float] = deque()
        self._idle: deque[_Sender] = deque()
        self.placeholder = plan.placeholder.encode()
        self.tally = Tally(began_at=time.monotonic())
        self._until = self.tally.began_at + plan.seconds

    def next_mail(self) -> int:
        self._mails += 1
        return self._mails

    def go_on(self, sender: _Sender) -> None:
        """This sender has nothing to do."""
        if self._plan.rate:
            self._idle.append(sender)
            self._hand_out()
        elif self._is_over():
            sender.hang_up()
        else:
            sender.write(time.monotonic())

    async def send(self) -> None:
        posts = enumerate(self._plan.posts, start=self._plan.first)
        clock = [self._keep_time()] if self._plan.rate else []
        await asyncio.gather(*clock, *(self._keep_sending(number, post) for number, post in posts))
        self.tally.trouble.update({"never sent": len(self._due)} if self._due else {})

    async def _keep_time(self) -> None:
        """Let mails fall due, whatever became of those before."""
        for due_at in self._moments():
            await asyncio.sleep(due_at - time.monotonic())
            self._due.append(due_at)
            self.tally.due += 1
            self._hand_out()
        await asyncio.sleep(self._until - time.monotonic() + _PAUSE_SECONDS)  # the loop's clock may be a little ahead
        self._hand_out()

    def _moments(self) -> Iterator[float]:
        """A Poisson process: as many people who know nothing of each other write."""
        chance, due_at = random.Random(self._plan.first), self.tally.began_at
        while (due_at := due_at + chance.expovariate(self._plan.rate)) < self._until:
            yield due_at

    def _hand_out(self) -> None:
        while self._idle and (self._due or self._is_over()):
            sender = self._idle.popleft()
            if sender.ended.done():
                continue
            if self._due:
                sender.write(self._due.popleft())
            else:
                sender.hang_up()

    def _is_over(self) -> bool:
        """Nothing is to be begun any more."""
        now = time.monotonic()
        return now >= self._until and (not self._due or now >= self._until + _PATIENCE_SECONDS)

    async def _keep_sending(self, number: int, post: Post) -> None:
        """Connect anew where a connection ends before its time: servers close after so many mails."""
        loop = asyncio.get_running_loop()
        while not self._is_over():
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
    json.dump(asdict(run.tally) | {"trouble": dict(run.tally.trouble)}, sys.stdout)


if __name__ == "__main__":
    main()
