"""How many calls of the API are answered a second: messages by contact reason, and pages of fifty threads.

    python bench/api.py [--seconds N] [--callers N] [--store sqlite|postgresql] [--json]

`postern serve` as it is installed, with its flushes to disk, before a next hop that takes everything; the callers are threads of
this process with a connection each, so they share the machine. Each message is one commit's, and is delivered beside.
"""

import argparse
import http.client
import itertools
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a script, its own folder is all it would see

from tests.cluster import running_cluster
from tests.serving import MAIL_DOMAIN, Installation, Record, install
from tests.sink import running_sink

ORDERS = 30_000
WARM_UP_SECONDS = 2
ROOT = "/api/v1"
MARKETPLACE: Record = {
    "kind": "marketplace",
    "id": "de",
    "name": "Example Market",
    "mail_domain": MAIL_DOMAIN,
    "language": "en",
    "time_zone": "Europe/Berlin",
}
SELLER: Record = {
    "kind": "seller",
    "id": "acme",
    "business_name": "Acme Books",
    "language": "en",
    "customer_service_address": "help@acme.test",
    "average_daily_orders": 1_000_000,
}


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one kind of call."""

    calls_per_second: float
    p50_ms: float
    p99_ms: float
    failed: int


Call = Callable[[http.client.HTTPConnection, int], int]


def measure(port: int, callers: int, seconds: float, call: Call) -> Figures:
    """Call from so many connections for so long; each answers its status."""
    numbers = itertools.count()
    ends_at = time.monotonic() + WARM_UP_SECONDS + seconds
    counts_from = time.monotonic() + WARM_UP_SECONDS

    def work(_: int) -> list[tuple[float, int]]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        took: list[tuple[float, int]] = []
        while (began_at := time.monotonic()) < ends_at:
            status = call(connection, next(numbers))
            if began_at >= counts_from:
                took.append((time.monotonic() - began_at, status))
        return took

    with ThreadPoolExecutor(callers) as pool:
        took = [one for each in pool.map(work, range(callers)) for one in each]
    times = [one * 1000 for one, _ in took]
    failed = sum(status >= 300 for _, status in took)
    return Figures(round(len(took) / seconds, 1), round(median(times), 1), round(quantiles(times, n=100)[98], 1), failed)


def sending(key: str) -> Call:
    """Each order once, with an Idempotency-Key of its own."""

    def call(connection: http.client.HTTPConnection, number: int) -> int:
        body = json.dumps({"reason": "order_details", "fields": {"message": f"Is blue fine for number {number}?"}})
        headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"message-{os.getpid()}-{number}",
        }
        connection.request("POST", f"{ROOT}/marketplaces/de/orders/order-{number}/messages", body, headers)
        return _finish(connection)

    return call


def listing(key: str) -> Call:
    def call(connection: http.client.HTTPConnection, _: int) -> int:
        connection.request("GET", f"{ROOT}/threads?limit=50", headers={"Authorization": f"Bearer {key}"})
        return _finish(connection)

    return call


def _finish(connection: http.client.HTTPConnection) -> int:
    response = connection.getresponse()
    response.read()
    return response.status


def records(count: int) -> Iterator[Record]:
    yield MARKETPLACE
    yield SELLER
    for number in range(count):
        if number % 10 == 0:
            buyer: Record = {"name": "Ann Example", "address": f"ann-{number // 10}@mail.test"}
            yield {"kind": "buyer", "id": f"ann-{number // 10}", "marketplace": "de", **buyer}
        yield {
            "kind": "order",
            "id": f"order-{number}",
            "marketplace": "de",
            "seller": "acme",
            "buyer": f"ann-{number // 10}",
            "status": "unshipped",
            "fulfilment": "seller",
            "placed_at": "2026-11-20T10:00:00Z",
            "items": [{"sku": "B1", "title": "Atlas"}],
        }


@contextmanager
def store_of(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'postern.db'}"
        return
    with running_cluster() as cluster, cluster.fresh_database() as url:
        yield url


@contextmanager
def open_shop(kind: str) -> Iterator[tuple[Installation, str]]:
    """An installation with its orders, and a key of the seller."""
    with tempfile.TemporaryDirectory() as name, running_sink() as sink, store_of(kind, Path(name)) as url:
        installation = install(Path(name) / "shop", url, sink.port, {"api_calls": 1_000_000_000})
        installation.import_feed(list(records(ORDERS)))
        key = json.loads(installation.run("key create", "--seller", "acme", "--json"))["key"]
        with installation.serving():
            yield installation, key


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--seconds", type=float, default=20)
    asked.add_argument("--callers", type=int, default=8)
    asked.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    asked.add_argument("--json", action="store_true")
    options = asked.parse_args()
    with open_shop(options.store) as (installation, key):
        figures = {
            name: measure(installation.web_port, options.callers, options.seconds, call)
            for name, call in (("sending", sending(key)), ("listing", listing(key)))
        }
    if options.json:
        print(json.dumps({name: asdict(one) for name, one in figures.items()}))
        return
    for name, one in figures.items():
        print(f"{name}: {one.calls_per_second}/s, p50 {one.p50_ms} ms, p99 {one.p99_ms} ms, {one.failed} failed")


if __name__ == "__main__":
    main()
