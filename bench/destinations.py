"""How long a mail waits in the queue while half of all destinations swallow every connection, beside a run in which none does.

    python bench/destinations.py [--store sqlite|postgresql] [--destinations 20] [--mails 400] [--per-second 40] [--json]

A worker with the courier for many destinations writes from a real store to mail hosts on loopback. The time of a mail runs from
its commit to the moment at which its host has taken it; only mails for hosts that answer count. In turns, in one run.
"""

import argparse
import asyncio
import itertools
import json
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a script, its own folder is all it would see

from bench.measuring import percentile
from postern.model.limits import Limits
from tests.cluster import running_cluster
from tests.many_hosts import Hosts, many_hosts, queue_mail, settle_readers, writing_to
from tests.people import Town, town

_QUEUED = re.compile(rb"queued at ([0-9.]+)")
LONGEST = 120  # seconds for the last mail to arrive
POLL = 0.002


def main() -> None:
    given = _read_arguments()
    half = given.destinations // 2
    figures = {}
    for name, silent in (("all answer", 0), ("half are silent", half)):
        with tempfile.TemporaryDirectory(prefix="postern-bench-") as folder, _store(given.store, Path(folder)) as founded:
            delays = asyncio.run(_measure(founded, Path(folder), half, silent, given))
        figures[name] = {"mails": len(delays), "p50_s": percentile(delays, 50), "p95_s": percentile(delays, 95)}
    if given.json:
        print(json.dumps({name: {key: round(value, 3) for key, value in one.items()} for name, one in figures.items()}))
        return
    for name, one in figures.items():
        print(f"{name:16} {one['mails']:>5} mails  p50 {one['p50_s']:.3f} s  p95 {one['p95_s']:.3f} s")


@contextmanager
def _store(kind: str, folder: Path) -> Iterator[Town]:
    limits = Limits(attempt_timeout=30)
    if kind == "sqlite":
        with town(f"sqlite:///{folder}/postern.db", folder, limits) as founded:
            yield founded
        return
    with running_cluster() as cluster, cluster.fresh_database() as url, town(url, folder, limits) as founded:
        yield founded


async def _measure(founded: Town, folder: Path, well: int, silent: int, given: argparse.Namespace) -> list[float]:
    async with many_hosts(well, silent) as hosts, writing_to(founded, hosts, folder) as runner:
        readers = await asyncio.to_thread(settle_readers, founded, hosts.domains)
        watching = asyncio.create_task(_watch(hosts, given.mails * well // len(hosts.domains)))
        for domain in itertools.islice(itertools.cycle(_mixed(hosts)), given.mails):
            await asyncio.to_thread(queue_mail, founded, domain, readers[domain])
            runner.notice()
            await asyncio.sleep(1 / given.per_second)
        return await asyncio.wait_for(watching, LONGEST)


def _mixed(hosts: Hosts) -> list[str]:
    """The domains, those that answer and the others in turns."""
    pairs = itertools.zip_longest(hosts.silent, hosts.well)
    return [domain for pair in pairs for domain in pair if domain]


async def _watch(hosts: Hosts, expected: int) -> list[float]:
    """The delay of each mail, noted when it is seen; so many are awaited."""
    delays: list[float] = []
    seen = dict.fromkeys(hosts.well, 0)
    while len(delays) < expected:
        await asyncio.sleep(POLL)
        now = time.monotonic()
        for domain, hop in hosts.well.items():
            for content in hop.mails[seen[domain] :]:
                found = _QUEUED.search(content)
                delays.append(now - float(found[1]) if found else 0.0)
            seen[domain] = len(hop.mails)
    return delays


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/destinations.py", description="Delay in the queue beside silent destinations.")
    parser.add_argument("--store", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--destinations", type=int, default=20)
    parser.add_argument("--mails", type=int, default=400)
    parser.add_argument("--per-second", type=float, default=40)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
