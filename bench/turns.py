"""Turns of relays before one sink: so many senders for so long, and what it cost. It starts no relay and compares nothing."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.lean_senders import Plan, Post, Tally, run_senders
from bench.measuring import megabytes, percentile, processor_seconds
from tests.market import PLACEHOLDER, Way
from tests.sink import Sink

DRAIN_SECONDS = 120
_MARKS_A_TURN = 1000


@dataclass(frozen=True, slots=True)
class Relay:
    """What is measured: where it takes mail, and the processes it consists of."""

    name: str
    port: int
    roots: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """One relay's figures for one number of senders."""

    delivered_per_second: float
    accept_p50_ms: float
    accept_p99_ms: float
    cpu_ms_per_mail: float
    pss_mb: float


class Measurement:
    """Takes turns with relays before one sink."""

    def __init__(self, sink: Sink, ways: Sequence[Way], seconds: float, key: str = "") -> None:
        """With a key all mails are signed, each for its author's domain."""
        self.sink, self.seconds, self._key = sink, seconds, key
        self._ways = ways
        self._turns = 0

    def take_turn(self, relay: Relay, senders: int, seconds: float | None = None) -> Turn:
        """Let so many write for so long, then wait until the last of their mails is delivered."""
        before, cpu_before = self.sink.count(), processor_seconds(relay.roots)
        tally = self.send(relay, self.posts(senders), seconds=seconds)
        memory = megabytes(relay.roots)
        self.drain(relay, before + tally.accepted)
        delivered = self.sink.count() - before
        return Turn(
            delivered_per_second=delivered / (self.sink.last_at() - tally.began_at),
            accept_p50_ms=percentile(tally.milliseconds, 50),
            accept_p99_ms=percentile(tally.milliseconds, 99),
            cpu_ms_per_mail=(processor_seconds(relay.roots) - cpu_before) * 1000 / delivered,
            pss_mb=memory,
        )

    def posts(self, count: int) -> list[Post]:
        """So many senders; where there are fewer ways, several write on each."""
        ways = [self._ways[number % len(self._ways)] for number in range(count)]
        return [Post(way.author, way.alias, way.letter(PLACEHOLDER).decode(), self._key) for way in ways]

    def send(self, relay: Relay, posts: Sequence[Post], *, seconds: float | None = None, rate: float = 0.0) -> Tally:
        """Let them write, and each have its last answer. Raises RuntimeError if no mail was taken."""
        self._turns += 1
        plan = Plan(relay.port, seconds or self.seconds, self.first_of_turn, PLACEHOLDER, posts, rate)
        tally = run_senders(plan)
        if tally.trouble:
            print(f"{relay.name} also answered: {dict(tally.trouble)}", file=sys.stderr)
        if not tally.accepted:
            raise RuntimeError(f"{relay.name} took no mail at all")
        return tally

    @property
    def first_of_turn(self) -> int:
        """The number of the first sender of the latest turn, as its marks have it."""
        return self._turns * _MARKS_A_TURN

    def drain(self, relay: Relay, count: int) -> None:
        """Return once the sink has so many mails. Raises TimeoutError."""
        deadline = time.monotonic() + DRAIN_SECONDS
        while self.sink.count() < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{relay.name}: {count - self.sink.count()} accepted mails are not delivered")
            time.sleep(0.05)
