"""A long run at half of what the machine can take, with faults mixed in: is memory flat, and is anything lost?

    python bench/soak.py [--minutes 60] [--store sqlite|postgresql] [--seed 1]

The next hop is moody and now and then gone; readers are killed, the store is locked or killed and started again, all by a
chance that the seed repeats. The server itself lives through it, and is killed at the end, under load. Its memory and open files
are read every few seconds; their slope is that of the straight line through all but the first fifth. Status 1 if a mail was lost,
refused, renamed or doubled in the record, or if memory grew by more than 5 MB an hour in a run of half an hour or more.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression, mean

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a script, its own folder is all it would see

from bench.measuring import megabytes, tree
from tests.cluster import Cluster, running_cluster
from tests.crashing import Toll, add_up, await_mails, locked_store, mails_taken, marks_inside
from tests.market import settle_pairs
from tests.senders import Sender, busy
from tests.serving import Installation, Served, install
from tests.sink import Mood, Sink, running_sink

PAIRS = 6
CALIBRATION_SECONDS = 20
READING_SECONDS = 5
QUIET_SECONDS = (5.0, 20.0)  # between two faults
LONG_ENOUGH = 30  # minutes, to judge a slope
STEEPEST = 5.0  # MB an hour
MOODY = Mood(puts_off=0.02, drops=0.02)


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at the server and all its processes."""

    seconds: float
    megabytes: float
    files: int


@dataclass(slots=True)
class Soak:
    """One run. ``faults`` counts what was done to it."""

    installation: Installation
    sink: Sink
    cluster: Cluster | None
    chance: random.Random
    readings: list[Reading] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)

    def live(self, served: Served, senders: Sequence[Sender], seconds: float) -> None:
        """Let faults happen, and look at the server in between."""
        began_at = time.monotonic()
        next_fault = began_at + self.chance.uniform(*QUIET_SECONDS)
        while (now := time.monotonic()) < began_at + seconds:
            if now > next_fault:
                self._do_harm(served)
                next_fault = time.monotonic() + self.chance.uniform(*QUIET_SECONDS)
            pids = tree([served.process.pid])
            self.readings.append(Reading(now - began_at, megabytes([served.process.pid]), sum(map(_files, pids))))
            time.sleep(READING_SECONDS)
        await_mails(senders, mails_taken(senders) + 1)

    def _do_harm(self, served: Served) -> None:
        harm = self.chance.choice((self._kill_a_reader, self._close_the_next_hop, self._trouble_the_store))
        self.faults[harm.__name__.strip("_")] = self.faults.get(harm.__name__.strip("_"), 0) + 1
        harm(served)

    def _kill_a_reader(self, served: Served) -> None:
        readers = [pid for pid in tree([served.process.pid]) if pid != served.process.pid]
        if readers:
            os.kill(self.chance.choice(readers), signal.SIGKILL)

    def _close_the_next_hop(self, _served: Served) -> None:
        self.sink.close_door()
        time.sleep(self.chance.uniform(1, 5))
        self.sink.open_door()

    def _trouble_the_store(self, _served: Served) -> None:
        if self.cluster:
            self.cluster.kill()
            self.cluster.start()
        else:
            with locked_store(self.installation):
                time.sleep(self.chance.uniform(1, 7))

    def slope(self, what: Callable[[Reading], float]) -> float:
        """How much it grew in an hour, by the straight line through the later readings."""
        later = self.readings[len(self.readings) // 5 :]
        return linear_regression([one.seconds / 3_600 for one in later], [what(one) for one in later]).slope

    def tell(self, taken: float) -> None:
        """The figures of the run while the server lived."""
        memory, files = [one.megabytes for one in self.readings], [one.files for one in self.readings]
        print(f"faults: {', '.join(f'{count} x {name}' for name, count in sorted(self.faults.items()))}; {taken:.1f} mails/s")
        fifths = [mean(memory[len(memory) * part // 5 : len(memory) * (part + 1) // 5]) for part in range(5)]
        print(f"memory in each fifth of the time: {', '.join(f'{one:.0f}' for one in fifths)} MB")
        print(f"memory (PSS): {mean(memory[-5:]):.0f} MB at last, at most {max(memory):.0f}, {self.slope(_megabytes):+.1f} MB/h")
        print(f"files: {files[-1]} at the end, at most {max(files)}, {self.slope(_file_count):+.1f}/h", flush=True)


def main() -> None:
    given = _read_arguments()
    with _ground(given.store) as (installation, sink, cluster):
        soak = Soak(installation, sink, cluster, random.Random(given.seed))
        toll = _run(soak, given.minutes * 60)
    print(toll.sentence())
    steep = given.minutes >= LONG_ENOUGH and soak.slope(_megabytes) > STEEPEST
    sys.exit(1 if steep or not toll.is_clean else 0)


def _run(soak: Soak, seconds: float) -> Toll:
    ways = settle_pairs(soak.installation, PAIRS)
    served = soak.installation.start()
    ready_after = [served.ready_after]
    try:
        with busy(soak.installation.smtp_port, ways) as senders:
            _halve(senders)
            before, began_at = mails_taken(senders), time.monotonic()
            soak.live(served, senders, seconds)
            soak.tell((mails_taken(senders) - before) / (time.monotonic() - began_at))
            served.kill()
            served = soak.installation.start()
            ready_after.append(served.ready_after)
        soak.installation.empty_queue(300)
    finally:
        served.stop()
    return add_up([sender.account for sender in senders], soak.sink.tell(), marks_inside(soak.installation), ready_after)


def _halve(senders: Sequence[Sender]) -> None:
    """Find out how much is taken when nobody pauses, then let each pause so that it is half."""
    await_mails(senders, PAIRS)
    before = mails_taken(senders)
    time.sleep(CALIBRATION_SECONDS)
    rate = (mails_taken(senders) - before) / CALIBRATION_SECONDS
    for sender in senders:
        sender.pause = PAIRS / max(rate, 0.1)  # as long as an answer takes
    print(f"full load: {rate:.1f} mails/s from {PAIRS} senders", flush=True)


@contextmanager
def _ground(store: str) -> Iterator[tuple[Installation, Sink, Cluster | None]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="postern-soak-")))
        cluster = stack.enter_context(running_cluster()) if store == "postgresql" else None
        url = cluster.url("postgres") if cluster else f"sqlite:///{folder}/postern.db"
        sink = stack.enter_context(running_sink(MOODY))
        yield install(folder / "installation", url, sink.port, {"lease_seconds": 5}), sink, cluster


def _files(pid: int) -> int:
    try:
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except OSError:  # it has just ended
        return 0


def _megabytes(one: Reading) -> float:
    return one.megabytes


def _file_count(one: Reading) -> float:
    return one.files


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/soak.py", description="Run for long with faults mixed in.")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--store", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
