"""How long the desk takes to make a page, for a seller with many threads beside one with few (R17).

    python bench/pages.py [--threads 100000] [--postgresql URL]

Fills a store of its own with one seller's threads, each with one message of a buyer, and asks for Messages and for a thread over
HTTP, one page after the other. Prints the 50th and 95th of a hundred, in milliseconds, for a tenth of the threads and for all.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import insert, select

from postern.model.identifier import new_id
from postern.model.team import Role
from postern.storage import schema
from postern.storage.store import Transaction
from tests.desk import MIA, Clerk, hire, open_desk, sign_in
from tests.people import Town, town

PAGES = 100
AT_ONCE = 5_000


def fill(here: Town, first: int, last: int) -> None:
    """Copies of the one message that came by mail, each in a thread of its own."""
    with here.store.look() as look:
        kept = {
            table.name: dict(look.connection.execute(select(table).limit(1)).mappings().one())
            for table in (schema.thread, schema.message, schema.thread_standing, schema.response)
        }

    def write(transaction: Transaction, numbers: range) -> None:
        rows: dict[str, list[dict[str, object]]] = {name: [] for name in kept}
        for number in numbers:
            thread_id, at = new_id(), here.clock.now() - timedelta(seconds=number)
            rows["thread"].append(kept["thread"] | {"id": thread_id})
            # sealed words open under their own message's id alone, so the copies share the first one's
            rows["thread_standing"].append(
                kept["thread_standing"] | {"thread_id": thread_id, "last_at": at, "open_since": at, "heard_at": at}
            )
            rows["response"].append(kept["response"] | {"message_id": new_id(), "thread_id": thread_id, "started_at": at})
        for name, chosen in rows.items():
            if chosen:
                transaction.execute(insert(schema.metadata.tables[name]), chosen)

    for begin in range(first, last, AT_ONCE):
        here.store.write(lambda to, begin=begin: write(to, range(begin, min(begin + AT_ONCE, last)))).result()  # type: ignore[misc]


def measure(clerk: Clerk, path: str) -> tuple[float, float]:
    """The 50th and the 95th of a hundred, in milliseconds."""
    spent = []
    for _ in range(PAGES):
        began = time.perf_counter()
        answer = clerk.get(path)
        spent.append((time.perf_counter() - began) * 1000)
        assert answer.status == 200, answer.status  # noqa: S101
    return statistics.median(spent), sorted(spent)[PAGES * 95 // 100]


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--threads", type=int, default=100_000)
    asked.add_argument("--postgresql", default="", help="an empty database instead of SQLite")
    options = asked.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="pages-"))
    try:
        with town(options.postgresql or f"sqlite:///{folder / 'postern.db'}", folder) as founded:
            limits = replace(founded.frame.limits, session_idle_hours=1_000)
            with open_desk(replace(founded, frame=replace(founded.frame, limits=limits))) as (here, visitor):
                here.receive(here.from_ann("Where is my atlas?"))
                hire(here, MIA, "acme", Role.OWNER)
                clerk = sign_in(here, visitor, MIA)
                done = 1
                for threads in (options.threads // 10, options.threads):
                    fill(here, done, threads)
                    done = threads
                    for path in ("/s/1/messages", "/s/1/messages/all", "/s/1/messages/overdue"):
                        middle, slow = measure(clerk, path)
                        print(f"{threads:>9,} threads  {path:24} p50 {middle:6.1f} ms  p95 {slow:6.1f} ms")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
