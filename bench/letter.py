"""What the letter costs: CPU and memory of the whole pure path, for ordinary mails and for hostile ones.

    python bench/letter.py [--only ordinary|hostile] [--json]

Read, rewrite, guard; each mail in a process of its own, so that its memory is its own: the peak counts the program and the mail
itself. An ordinary mail may cost 50 ms and 40 ms for each megabyte of CPU, a hostile one 1 s and 256 MB (the best of three goes,
for other programs may be busy). Status 1 if one costs more.
"""

import argparse
import json
import multiprocessing
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a script, its own folder is all it would see

from postern.mail.letter import Relayed
from postern.mail.reader import read
from postern.mail.rewrite import rewrite
from tests.hostile import HOSTILE
from tests.letters import FROM_ANN, LIMITS
from tests.ordinary import Ordinary, ordinary_mails

GOES = 3
HOSTILE_SIZES = (100_000, 1_000_000, 10_000_000)
HOSTILE_SECONDS = 1.0
HOSTILE_MEMORY = 256_000_000  # octets
ORDINARY_SECONDS = 0.050
ORDINARY_SECONDS_A_MEGABYTE = 0.040
PATIENCE = 120  # seconds; a mail that needs longer is counted with these


@dataclass(frozen=True, slots=True)
class Cost:
    """What one mail cost, and what it may."""

    kind: str
    name: str
    octets: int
    outcome: str
    seconds: float
    seconds_allowed: float
    memory: int

    @property
    def is_too_high(self) -> bool:
        return self.seconds > self.seconds_allowed or (self.kind == "hostile" and self.memory > HOSTILE_MEMORY)


def main() -> None:
    given = _read_arguments()
    _warm_up()
    costs: list[Cost] = []
    for cost in _costs(given.only):
        costs.append(cost)
        if not given.json:
            print(_row(cost), flush=True)
    missed = sum(cost.is_too_high for cost in costs)
    print(json.dumps([asdict(cost) for cost in costs], indent=2) if given.json else f"\n{missed} of {len(costs)} cost too much.")
    sys.exit(1 if missed else 0)


def _warm_up() -> None:
    """What is built at the first mail is no cost of it; the processes below inherit it."""
    for mail in ordinary_mails()[:2]:
        rewrite(read(mail.make(), LIMITS), FROM_ANN)


def _costs(only: str | None) -> Iterator[Cost]:
    if only != "hostile":
        for mail in ordinary_mails():
            yield _in_own_process("ordinary", mail)
    if only != "ordinary":
        for name, grow in HOSTILE.items():
            for size in HOSTILE_SIZES:
                yield _in_own_process("hostile", Ordinary(name, partial(grow, size)))


def _in_own_process(kind: str, mail: Ordinary) -> Cost:
    """The cost, told by a fork of this process; one that ends otherwise has cost everything."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=_measure, args=(there, kind, mail))
    child.start()
    there.close()
    try:
        if here.poll(PATIENCE):
            cost: Cost = here.recv()
            return cost
        return Cost(kind, mail.name, 0, "no end", PATIENCE, HOSTILE_SECONDS, 0)
    except EOFError:
        return Cost(kind, mail.name, 0, "ended its process", PATIENCE, HOSTILE_SECONDS, 0)
    finally:
        child.kill()
        child.join()


def _measure(there: Connection, kind: str, mail: Ordinary) -> None:
    content = mail.make()
    allowed = HOSTILE_SECONDS
    if kind == "ordinary":
        allowed = ORDINARY_SECONDS + ORDINARY_SECONDS_A_MEGABYTE * len(content) / 1_000_000
    best = float("inf")
    outcome = ""
    for _ in range(GOES):
        began_at = time.process_time()
        outcome = _relay(content)
        best = min(best, time.process_time() - began_at)
        if kind == "hostile" and best <= allowed:
            break
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    there.send(Cost(kind, mail.name, len(content), outcome, best, allowed, memory))


def _relay(content: bytes) -> str:
    reading = read(content, LIMITS)
    if reading.unreadable:
        return "refused"
    return "relayed" if isinstance(rewrite(reading, FROM_ANN), Relayed) else "held"


def _row(cost: Cost) -> str:
    size, memory = cost.octets / 1_000_000, cost.memory / 1_000_000
    spent, allowed = cost.seconds * 1_000, cost.seconds_allowed * 1_000
    verdict = "  TOO MUCH" if cost.is_too_high else ""
    return f"{cost.name:<36} {size:6.2f} MB  {spent:7.1f} ms of {allowed:6.0f}  {memory:5.0f} MB  {cost.outcome}{verdict}"


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/letter.py", description="CPU and memory that the letter costs.")
    parser.add_argument("--only", choices=["ordinary", "hostile"])
    parser.add_argument("--json", action="store_true", help="for a program")
    return parser.parse_args()


if __name__ == "__main__":
    main()
