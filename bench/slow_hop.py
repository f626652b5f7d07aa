"""Whether a slow next hop slows what comes in, and whether every mail then arrives once.

Turns with a next hop that takes four seconds for each final dot, and turns with a quick one, alternate. After each the hop is
quick, so that what waits can leave.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bench.lean_senders import Tally
from bench.turns import DRAIN_SECONDS, Measurement, Relay
from tests.serving import Installation

DOT_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class SlowHop:
    """Mails accepted a second before either hop, the median of the rounds' ratios, and by their marks what became of all."""

    slow_accepted_per_second: float
    quick_accepted_per_second: float
    ratio: float
    mails: int
    missing: int
    extra_copies: int

    def sentence(self) -> str:
        return (
            f"a next hop of {DOT_SECONDS:.0f} s a final dot: {self.slow_accepted_per_second:.0f} mails accepted a second,"
            f" {self.ratio:.2f} times the {self.quick_accepted_per_second:.0f} before a quick one;"
            f" of {self.mails} accepted {self.missing} missing, {self.extra_copies} extra copies"
        )


def measure_slow_hop(measurement: Measurement, relay: Relay, shop: Installation, senders: int, rounds: int) -> SlowHop:
    slow, quick = list[Tally](), list[Tally]()
    for number in range(rounds):
        for is_slow in (True, False) if number % 2 else (False, True):
            tally = _take_turn(measurement, relay, shop, senders, DOT_SECONDS if is_slow else 0.0)
            (slow if is_slow else quick).append(tally)
    missing, extra = _miscounted(measurement, [one.mark for tally in (*slow, *quick) for one in tally.taken])
    slow_rates, quick_rates = ([tally.accepted_per_second() for tally in some] for some in (slow, quick))
    return SlowHop(
        slow_accepted_per_second=median(slow_rates),
        quick_accepted_per_second=median(quick_rates),
        ratio=median(with_it / without for with_it, without in zip(slow_rates, quick_rates, strict=True)),
        mails=sum(tally.accepted for tally in (*slow, *quick)),
        missing=missing,
        extra_copies=extra,
    )


def _take_turn(measurement: Measurement, relay: Relay, shop: Installation, senders: int, dot_seconds: float) -> Tally:
    measurement.sink.linger(dot_seconds)
    try:
        tally = measurement.send(relay, measurement.posts(senders))
    finally:
        measurement.sink.linger(0)
    await_empty_queue(shop)
    return tally


def await_empty_queue(shop: Installation) -> None:
    """Return once nothing waits or is under way; nothing is hurried. Raises TimeoutError."""
    deadline = time.monotonic() + DRAIN_SECONDS
    while waiting := shop.count().waiting:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{waiting} deliveries still wait")
        time.sleep(0.5)


def _miscounted(measurement: Measurement, accepted: Sequence[str]) -> tuple[int, int]:
    """Accepted mails that never came, and copies beyond the first of whatever came."""
    copies = Counter({mark: sum(names.values()) for mark, names in measurement.sink.tell().copies.items()})
    return sum(not copies[mark] for mark in accepted), sum(copies[mark] - 1 for mark in accepted if copies[mark])
