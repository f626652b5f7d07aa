"""How many mails a second Postern delivers, beside Postfix, in turns in one run.

    python bench/relay.py [--json] [--store sqlite|postgresql] [--seconds N] [--senders 1,4,16] [--rounds N] [--without-postfix]
    python bench/relay.py --open-loop     and then the time to an answer at half of that, with mails that come by the clock
    python bench/relay.py --costly        instead: what one sender of costly mails leaves to the others
    python bench/relay.py --authentication enforce    the same with signed mails, whose senders Postern has to prove
    python bench/relay.py --slow-hop      instead: intake before a next hop that takes four seconds for each final dot

Real SMTP in, the queue with its flushes to disk, two DKIM signatures, real SMTP out to a process that counts. A mail counts when
that process has taken it, and the time runs until it has taken the last. Postfix only replaces the recipient: it rewrites
nothing, signs nothing and keeps no record, so it is a yardstick for the machine, not a rival. `postern bench relay` is this.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, fields
from math import inf
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a script, its own folder is all it would see

from bench.costly_sender import WAYS, CostlySender, measure_costly_sender
from bench.lean_senders import signing_key
from bench.measuring import tree
from bench.open_loop import OpenLoop, measure_open_loop
from bench.private_postfix import running_postfix, why_not
from bench.slow_hop import SlowHop, measure_slow_hop
from bench.turns import Measurement, Relay, Turn
from postern.smtp.dkim import ED25519, dns_record, generate_private_key
from tests.cluster import running_cluster
from tests.market import Way, settle_pairs
from tests.serving import Installation, install
from tests.sink import Sink, running_sink
from tests.zones import may_send

WARM_UP_SECONDS = 3
POSTERN, POSTFIX = "postern", "postfix"
Figures = Mapping[str, Mapping[str, Turn]]
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Shop:
    """Postern, served, and who writes to whom there; ``spare`` ways are used by no ordinary sender."""

    relay: Relay
    installation: Installation
    ways: Sequence[Way]
    spare: Sequence[Way]
    key: str  # with which they sign; empty where nobody asks for proof


@dataclass(frozen=True, slots=True)
class Findings:
    """All that one run measured. Of Postern alone: what mails by the clock, a costly sender and a slow next hop do to it."""

    figures: Figures
    open_loop: OpenLoop | None = None
    costly: CostlySender | None = None
    slow_hop: SlowHop | None = None

    def extras(self) -> dict[str, OpenLoop | CostlySender | SlowHop]:
        found = {"open_loop": self.open_loop, "costly": self.costly, "slow_hop": self.slow_hop}
        return {name: one for name, one in found.items() if one}


def main() -> None:
    given = _read_arguments()
    reason = why_not() if given.takes_turns and not given.without_postfix else ""
    if reason:
        sys.exit(f"bench/relay: {reason}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="postern-bench-")))
        folder.chmod(0o755)
        sink = stack.enter_context(running_sink())
        shop = stack.enter_context(_running_postern(folder, given, sink))
        relays = [shop.relay]
        if given.takes_turns and not given.without_postfix:
            postfix = stack.enter_context(running_postfix(folder / POSTFIX, sink.port, shop.ways))
            relays.insert(0, Relay(POSTFIX, postfix.port, (postfix.pid,)))
        findings = _measure(Measurement(sink, shop.ways, given.seconds, shop.key), relays, shop, given)
    print(json.dumps(_spell(findings)) if given.json else _tell(findings))


def _measure(measurement: Measurement, relays: Sequence[Relay], shop: Shop, given: argparse.Namespace) -> Findings:
    """Whatever was asked for, after each relay has been warmed up."""
    most, rounds = max(given.senders), given.rounds
    for relay in relays:
        measurement.take_turn(relay, most, min(WARM_UP_SECONDS, given.seconds))
    figures: Figures = {}
    open_loop, costly, slow_hop = None, None, None
    if given.takes_turns:
        figures = _take_turns(measurement, relays, given.senders, rounds, _teller(quiet=given.json))
    if given.open_loop:
        fastest = max(turn.delivered_per_second for turn in figures[POSTERN].values())
        open_loop = measure_open_loop(measurement, shop.relay, fastest)
    if given.costly:
        costly = measure_costly_sender(measurement, shop.relay, shop.installation, shop.spare, most, rounds)
    if given.slow_hop:
        slow_hop = measure_slow_hop(measurement, shop.relay, shop.installation, most, rounds)
    return Findings(figures, open_loop, costly, slow_hop)


def _take_turns(measurement: Measurement, relays: Sequence[Relay], counts: Sequence[int], rounds: int, tell: Tell) -> Figures:
    """The median of each figure over the rounds; in each round the relays take turns."""
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
def _running_postern(folder: Path, given: argparse.Namespace, sink: Sink) -> Iterator[Shop]:
    """Postern as `postern init` leaves it, but for its ports; with PostgreSQL, that server's processes are its own too."""
    pairs, spare = max(given.senders), WAYS if given.costly else 0
    with ExitStack() as stack:
        store_url, roots = f"sqlite:///{folder}/postern.db", tuple[int, ...]()
        if given.store == "postgresql":
            known = _children()
            cluster = stack.enter_context(running_cluster())
            roots = tuple(_children() - known)
            store_url = stack.enter_context(cluster.fresh_database())
        installation = install(folder / POSTERN, store_url, sink.port)
        ways = settle_pairs(installation, pairs + spare)
        key = generate_private_key(ED25519).decode() if given.authentication == "enforce" else ""
        if key:
            installation.enforce(_zone(key, ways))
        served = stack.enter_context(installation.serving())
        relay = Relay(POSTERN, installation.smtp_port, (served.process.pid, *roots))
        yield Shop(relay, installation, ways[:pairs], ways[pairs:], key)


def _zone(key: str, ways: Sequence[Way]) -> str:
    """A DNS in which every sender's domain publishes the one key, and nothing else exists."""
    domains = sorted({way.author.partition("@")[2] for way in ways})
    keys = [signing_key(domain, key) for domain in domains]
    return may_send() + "".join(f'{one.selector}._domainkey.{one.domain}. TXT "{dns_record(one)}"\n' for one in keys)


def _children() -> set[int]:
    return {pid for pid in tree([os.getpid()]) if pid != os.getpid()}


def _spell(findings: Findings) -> dict[str, dict[str, dict[str, object]]]:
    spelled = {name: {count: _round(turn) for count, turn in by_count.items()} for name, by_count in findings.figures.items()}
    spelled.setdefault(POSTERN, {}).update({name: _round(one) for name, one in findings.extras().items()})
    return spelled


def _round(measured: Turn | OpenLoop | CostlySender | SlowHop) -> dict[str, object]:
    return {key: round(value, 2) if isinstance(value, float) else value for key, value in asdict(measured).items()}


def _tell(findings: Findings) -> str:
    return "\n".join([*_table(findings.figures), *(f"Postern, {one.sentence()}" for one in findings.extras().values())])


def _table(figures: Figures) -> list[str]:
    if not figures:
        return []
    lines = ["relay    senders  delivered/s  accept p50 ms  p99 ms  CPU ms a mail  PSS MB"]
    for count in figures[POSTERN]:
        for name, by_count in figures.items():
            turn = by_count[count]
            lines.append(
                f"{name:8} {count:>7} {turn.delivered_per_second:>12.0f} {turn.accept_p50_ms:>14.1f} {turn.accept_p99_ms:>7.1f}"
                f" {turn.cpu_ms_per_mail:>14.2f} {turn.pss_mb:>7.0f}"
            )
        if POSTFIX in figures:
            ratio = figures[POSTERN][count].delivered_per_second / figures[POSTFIX][count].delivered_per_second
            lines.append(f"         {count:>7}   Postern delivers {ratio:.2f} times what Postfix does")
    return lines


def _teller(*, quiet: bool) -> Tell:
    return (lambda _: None) if quiet else lambda line: print(line, file=sys.stderr, flush=True)


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/relay.py", description="Delivered mails a second, beside Postfix.")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--store", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--authentication", choices=["off", "enforce"], default="off", help="must senders be proved?")
    parser.add_argument("--seconds", type=_positive(float), default=10, help="of each turn")
    parser.add_argument("--senders", type=_counts, default="1,4,16", help="how many write at once: numbers with commas")
    parser.add_argument("--rounds", type=_positive(int), default=3, help="of which the median counts")
    parser.add_argument("--without-postfix", action="store_true", help="measure Postern alone")
    parser.add_argument("--open-loop", action="store_true", help="and then mails by the clock, at half of the most delivered")
    parser.add_argument("--costly", action="store_true", help="one sender of costly mails, and the most others, instead")
    parser.add_argument("--slow-hop", action="store_true", help="a slow next hop and a quick one instead")
    given = parser.parse_args()
    given.takes_turns = given.open_loop or not (given.costly or given.slow_hop)
    return given


def _positive(kind: type[int] | type[float]) -> Callable[[str], float]:
    def positive(text: str) -> float:
        number = kind(text)
        if not 0 < number < inf:
            raise ValueError(text)
        return number

    return positive


def _counts(text: str) -> list[int]:
    return [int(_positive(int)(count)) for count in text.split(",")]


if __name__ == "__main__":
    main()
