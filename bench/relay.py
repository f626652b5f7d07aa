"""How many mails a second Postern delivers, beside Postfix, in turns in one run.

    python bench/relay.py [--json] [--store sqlite|postgresql] [--seconds N] [--senders 1,4,16] [--rounds N] [--without-postfix]

Real SMTP in, the queue with its flushes to disk, two DKIM signatures, real SMTP out to a process that counts. A mail counts when
that process has taken it, and the time runs until it has taken the last. Postfix only replaces the recipient: it rewrites
nothing, signs nothing and keeps no record, so it is a yardstick for the machine, not a rival.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a script, its own folder is all it would see

from bench.lean_senders import Plan, Post, Tally, run_senders
from bench.measuring import megabytes, percentile, processor_seconds, tree
from bench.private_postfix import running_postfix, why_not
from tests.cluster import running_cluster
from tests.market import PLACEHOLDER, Way, settle_pairs
from tests.serving import install
from tests.sink import Sink, running_sink

DRAIN_SECONDS = 120
WARM_UP_SECONDS = 3
POSTERN, POSTFIX = "postern", "postfix"


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


Figures = Mapping[str, Mapping[str, Turn]]


class Measurement:
    """Takes turns with relays before one sink."""

    def __init__(self, sink: Sink, ways: Sequence[Way], seconds: float) -> None:
        self._sink, self._ways, self._seconds = sink, ways, seconds
        self._turns = 0

    def take_turn(self, relay: Relay, senders: int, seconds: float | None = None) -> Turn:
        """Let so many write for so long, then wait until the last of their mails is delivered."""
        before, cpu_before = self._sink.count(), processor_seconds(relay.roots)
        tally = run_senders(self._plan(relay, senders, seconds or self._seconds))
        memory = megabytes(relay.roots)
        self._await_mails(before + tally.accepted, relay, tally)
        delivered = self._sink.count() - before
        return Turn(
            delivered_per_second=delivered / (self._sink.last_at() - tally.began_at),
            accept_p50_ms=percentile(tally.milliseconds, 50),
            accept_p99_ms=percentile(tally.milliseconds, 99),
            cpu_ms_per_mail=(processor_seconds(relay.roots) - cpu_before) * 1000 / delivered,
            pss_mb=memory,
        )

    def _plan(self, relay: Relay, senders: int, seconds: float) -> Plan:
        self._turns += 1
        posts = [Post(way.author, way.alias, way.letter(PLACEHOLDER).decode()) for way in self._ways[:senders]]
        return Plan(relay.port, seconds, self._turns * 1000, PLACEHOLDER, posts)

    def _await_mails(self, count: int, relay: Relay, tally: Tally) -> None:
        if tally.trouble:
            print(f"{relay.name} also answered: {dict(tally.trouble)}", file=sys.stderr)
        deadline = time.monotonic() + DRAIN_SECONDS
        while self._sink.count() < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{relay.name}: {count - self._sink.count()} accepted mails are not delivered")
            time.sleep(0.05)
        if not tally.accepted:
            raise RuntimeError(f"{relay.name} took no mail at all")


def main() -> None:
    given = _read_arguments()
    reason = "" if given.without_postfix else why_not()
    if reason:
        sys.exit(f"bench/relay: {reason}")
    counts = [int(count) for count in given.senders.split(",")]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="postern-bench-")))
        folder.chmod(0o755)
        sink = stack.enter_context(running_sink())
        postern, ways = stack.enter_context(_running_postern(folder, given.store, sink, max(counts)))
        relays = [postern]
        if not given.without_postfix:
            postfix = stack.enter_context(running_postfix(folder / POSTFIX, sink.port, ways))
            relays.insert(0, Relay(POSTFIX, postfix.port, (postfix.pid,)))
        figures = _measure(Measurement(sink, ways, given.seconds), relays, counts, given.rounds, _teller(quiet=given.json))
    print(json.dumps(_spell(figures)) if given.json else _table(figures, counts))


def _measure(
    measurement: Measurement, relays: Sequence[Relay], counts: Sequence[int], rounds: int, tell: Callable[[str], None]
) -> Figures:
    """The median of each figure over the rounds; in each round the relays take turns."""
    for relay in relays:
        measurement.take_turn(relay, max(counts), WARM_UP_SECONDS)
    turns: dict[str, dict[str, list[Turn]]] = {relay.name: {str(count): [] for count in counts} for relay in relays}
    for _ in range(rounds):
        for count in counts:
            for relay in relays:
                turn = measurement.take_turn(relay, count)
                turns[relay.name][str(count)].append(turn)
                tell(f"{relay.name} {count}: {turn.delivered_per_second:.0f} mails/s")
    return {name: {count: _median(some) for count, some in by_count.items()} for name, by_count in turns.items()}


def _median(turns: Sequence[Turn]) -> Turn:
    return Turn(*(median(getattr(turn, one.name) for turn in turns) for one in fields(Turn)))


@contextmanager
def _running_postern(folder: Path, store: str, sink: Sink, pairs: int) -> Iterator[tuple[Relay, list[Way]]]:
    """Postern as `postern init` leaves it, but for its ports; with PostgreSQL, that server's processes are its own too."""
    with ExitStack() as stack:
        store_url, roots = f"sqlite:///{folder}/postern.db", tuple[int, ...]()
        if store == "postgresql":
            known = _children()
            cluster = stack.enter_context(running_cluster())
            roots = tuple(_children() - known)
            store_url = stack.enter_context(cluster.fresh_database())
        installation = install(folder / POSTERN, store_url, sink.port)
        ways = settle_pairs(installation, pairs)
        served = stack.enter_context(installation.serving())
        yield Relay(POSTERN, installation.smtp_port, (served.process.pid, *roots)), ways


def _children() -> set[int]:
    return {pid for pid in tree([os.getpid()]) if pid != os.getpid()}


def _spell(figures: Figures) -> dict[str, dict[str, dict[str, float]]]:
    return {
        name: {count: {key: round(value, 2) for key, value in asdict(turn).items()} for count, turn in by_count.items()}
        for name, by_count in figures.items()
    }


def _table(figures: Figures, counts: Sequence[int]) -> str:
    lines = ["relay    senders  delivered/s  accept p50 ms  p99 ms  CPU ms a mail  PSS MB"]
    for count in map(str, counts):
        for name, by_count in figures.items():
            turn = by_count[count]
            lines.append(
                f"{name:8} {count:>7} {turn.delivered_per_second:>12.0f} {turn.accept_p50_ms:>14.1f} {turn.accept_p99_ms:>7.1f}"
                f" {turn.cpu_ms_per_mail:>14.2f} {turn.pss_mb:>7.0f}"
            )
        if POSTFIX in figures:
            ratio = figures[POSTERN][count].delivered_per_second / figures[POSTFIX][count].delivered_per_second
            lines.append(f"         {count:>7}   Postern delivers {ratio:.2f} times what Postfix does")
    return "\n".join(lines)


def _teller(*, quiet: bool) -> Callable[[str], None]:
    return (lambda _: None) if quiet else lambda line: print(line, file=sys.stderr, flush=True)


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/relay.py", description="Delivered mails a second, beside Postfix.")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--store", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--seconds", type=float, default=10, help="of each turn")
    parser.add_argument("--senders", default="1,4,16", help="how many write at once: numbers with commas")
    parser.add_argument("--rounds", type=int, default=3, help="of which the median counts")
    parser.add_argument("--without-postfix", action="store_true", help="measure Postern alone")
    return parser.parse_args()


if __name__ == "__main__":
    main()
