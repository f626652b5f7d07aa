"""The next hop in a process of its own, which counts: each mail by the mark its writer gave it, and by its Message-ID and Date.

It outlives every crash of what it receives from, so its count is the truth. It can be moody (`4xx`, dropped connections, slow
answers), and told to answer a recipient in another way. Unless its mood is to hide answers, what it counted, it answered.
`python -m tests.sink` is its main program.
"""

import argparse
import asyncio
import json
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import uvloop

ROOT = Path(__file__).resolve().parents[1]
MARK = re.compile(rb"\bmail-[0-9]+-[0-9]+\b")
_MESSAGE_ID = re.compile(rb"^message-id:\s*(<[^>]*>)", re.IGNORECASE | re.MULTILINE)
_DATE = re.compile(rb"^date:\s*(.*?)\s*$", re.IGNORECASE | re.MULTILINE)
_PATH = re.compile(rb"<([^>]*)>")
_END = b"\r\n.\r\n"
_STOP_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Mood:
    """How likely an answer is 4xx, how likely the connection is dropped instead of answering, and how likely a mail is taken and
    the answer to its final dot lost; and the seconds that each such answer takes.
    """

    puts_off: float = 0.0
    drops: float = 0.0
    hides: float = 0.0
    lingers: float = 0.0


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Each mark's names (Message-ID and Date) with the number of copies, and its recipients with theirs; ``hidden`` counts the
    answers that were lost. ``last_at`` is a reading of the monotonic clock.
    """

    copies: dict[str, dict[str, int]] = field(repr=False)
    recipients: dict[str, dict[str, int]] = field(repr=False)
    mails: int
    hidden: int
    last_at: float


@dataclass(frozen=True, slots=True)
class Sink:
    """The handle of a running one. Its port stays the same when its door is closed and opened again."""

    port: int
    _process: subprocess.Popen[str] = field(repr=False)

    @property
    def pid(self) -> int:
        return self._process.pid

    def count(self) -> int:
        """How many mails were taken."""
        mails, _ = json.loads(self._ask("count"))
        return int(mails)

    def last_at(self) -> float:
        """When the last mail was taken, by the monotonic clock, which all processes share."""
        _, last_at = json.loads(self._ask("count"))
        return float(last_at)

    def tell(self) -> Arrivals:
        """All that came so far."""
        return Arrivals(**json.loads(self._ask("tell")))

    def close_door(self) -> None:
        """End all connections and take none."""
        self._ask("close")

    def open_door(self) -> None:
        self._ask(f"open {self.port}")

    def answer(self, recipient: str, reply: str) -> None:
        """Say this to RCPT of that address from now on; without a reply, take its mail again."""
        self._ask(f"answer {recipient} {reply}")

    def linger(self, seconds: float) -> None:
        """Take so long from now on for the answer to each final dot. The mail is counted at once: a second try is a copy."""
        self._ask(f"linger {seconds}")

    def _ask(self, question: str) -> str:
        return _ask(self._process, question)


@contextmanager
def running_sink(mood: Mood | None = None) -> Iterator[Sink]:
    """A sink on a free port of the loopback."""
    mood = mood or Mood()
    command = [sys.executable, "-m", "tests.sink", str(mood.puts_off), str(mood.drops), str(mood.hides), str(mood.lingers)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Sink(json.loads(_ask(process, "open 0")), process)
        finally:
            process.terminate()
            process.wait(_STOP_SECONDS)


def _ask(process: subprocess.Popen[str], question: str) -> str:
    if process.stdin is None or process.stdout is None:
        raise AssertionError("started without pipes")
    process.stdin.write(question + "\n")
    process.stdin.flush()
    return process.stdout.readline()


# The process


class _Book:
    """What came, and the sessions that are open."""

    def __init__(self, mood: Mood) -> None:
        self.mood = mood
        self.copies: dict[str, Counter[str]] = {}
        self.recipients: dict[str, Counter[str]] = {}
        self.answers: dict[str, bytes] = {}
        self.mails = 0
        self.hidden = 0
        self.last_at = 0.0
        self.sessions: set[asyncio.Transport] = set()

    def enter(self, content: bytes, recipient: str) -> None:
        head = content[:4000]
        mark, name = MARK.search(content), b" ".join(found[1] for one in (_MESSAGE_ID, _DATE) if (found := one.search(head)))
        written = mark[0].decode() if mark else "unmarked"
        self.copies.setdefault(written, Counter())[name.decode("latin-1")] += 1
        self.recipients.setdefault(written, Counter())[recipient] += 1
        self.mails += 1
        self.last_at = time.monotonic()


class _Session(asyncio.Protocol):
    """Just enough of SMTP (RFC 5321), with PIPELINING, as cheap as can be."""

    def __init__(self, book: _Book) -> None:
        self._book = book
        self._buffer = b""
        self._hears_content = False
        self._lingers = False
        self._taken: set[bytes] = set()  # verbs of this mail that were answered with yes
        self._recipient = ""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass
        self._book.sessions.add(self._transport)
        self._transport.write(b"220 sink.test ESMTP\r\n")

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self._transport:
            self._book.sessions.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._transport and not self._lingers and not self._transport.is_closing():
            item, end, rest = self._buffer.partition(_END if self._hears_content else b"\r\n")
            if not end:
                return
            self._buffer = rest
            self._answer(item)

    def _answer(self, item: bytes) -> None:
        if self._transport is None:
            return
        verb = b"." if self._hears_content else item[:4].upper()
        self._hears_content = False
        if not _NEEDED.get(verb, set()) <= self._taken:  # said before the answer to what came before it was known
            self._transport.write(b"503 5.5.1 not now\r\n")
            return
        chance, mood = random.random(), self._book.mood
        if verb in _MOODY and chance < mood.drops:
            self._transport.abort()
        elif verb in _MOODY and chance < mood.drops + mood.puts_off:
            self._transport.write(b"451 4.3.0 not in the mood\r\n")
            self._taken -= _ENDED.get(verb, set())
        else:
            self._obey(verb, item, self._transport)

    def _obey(self, verb: bytes, item: bytes, transport: asyncio.Transport) -> None:
        answer = _ANSWERS.get(verb, b"502 5.5.1 no such command\r\n")
        if verb == b".":
            self._book.enter(item, self._recipient)
            if random.random() < self._book.mood.hides:
                self._book.hidden += 1
                transport.abort()
                return
        if verb == b"RCPT":
            answer = self._hear_recipient(item)
        self._hears_content = verb == b"DATA"
        self._taken -= _ENDED.get(verb, set())
        if answer[:1] in {b"2", b"3"}:
            self._taken.add(verb)
        if verb == b"." and self._book.mood.lingers:
            self._lingers = True
            asyncio.get_running_loop().call_later(self._book.mood.lingers, self._end_lingering, answer)
            return
        transport.write(answer)
        if verb == b"QUIT":
            transport.close()

    def _end_lingering(self, answer: bytes) -> None:
        self._lingers = False
        if self._transport and not self._transport.is_closing():
            self._transport.write(answer)
            self.data_received(b"")

    def _hear_recipient(self, item: bytes) -> bytes:
        path = _PATH.search(item)
        recipient = path[1].decode("latin-1") if path else ""
        if recipient in self._book.answers:
            return self._book.answers[recipient]
        self._recipient = recipient
        return _ANSWERS[b"RCPT"]


_NEEDED = {b"RCPT": {b"MAIL"}, b"DATA": {b"MAIL", b"RCPT"}}
_ENDED = {verb: {b"MAIL", b"RCPT"} for verb in (b".", b"RSET", b"EHLO", b"HELO")}
_MOODY = (b"MAIL", b"RCPT", b"DATA", b".")
_ANSWERS = {
    b"EHLO": b"250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 20000000\r\n",
    b"HELO": b"250 sink.test\r\n",
    b"MAIL": b"250 2.1.0 ok\r\n",
    b"RCPT": b"250 2.1.5 ok\r\n",
    b"DATA": b"354 go on\r\n",
    b".": b"250 2.0.0 taken\r\n",
    b"RSET": b"250 2.0.0 ok\r\n",
    b"NOOP": b"250 2.0.0 ok\r\n",
    b"QUIT": b"221 2.0.0 bye\r\n",
}


async def _run(book: _Book) -> None:
    """Obey the lines on standard input, each answered with one line, until it is closed."""
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    server: asyncio.Server | None = None
    while line := await lines.readline():
        answer: object = None
        match line.split():
            case [b"count"]:
                answer = [book.mails, book.last_at]
            case [b"tell"]:
                names = ("copies", "recipients", "mails", "hidden", "last_at")
                answer = {name: getattr(book, name) for name in names}
            case [b"answer", recipient]:
                book.answers.pop(recipient.decode(), None)
            case [b"answer", recipient, *reply]:
                book.answers[recipient.decode()] = b" ".join(reply) + b"\r\n"
            case [b"linger", seconds]:
                book.mood = replace(book.mood, lingers=float(seconds))
            case [b"open", port]:
                server = await loop.create_server(lambda: _Session(book), "127.0.0.1", int(port), backlog=256)
                answer = server.sockets[0].getsockname()[1]
            case [b"close"] if server:
                server.close()
                for session in tuple(book.sessions):
                    session.abort()
        print(json.dumps(answer), flush=True)  # noqa: T201 - the answer's way back


def main() -> None:
    """``python -m tests.sink PUTS_OFF DROPS HIDES LINGERS``."""
    arguments = argparse.ArgumentParser()
    for name in ("puts_off", "drops", "hides", "lingers"):
        arguments.add_argument(name, type=float)
    given = arguments.parse_args()
    uvloop.run(_run(_Book(Mood(given.puts_off, given.drops, given.hides, given.lingers))))


if __name__ == "__main__":
    main()
