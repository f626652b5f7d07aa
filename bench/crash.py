"""The crash test at full size: `serve` is killed again and again under load, and every mail is accounted for.

    python bench/crash.py [--kills 200] [--restarts 100] [--mails 50000] [--queued 100000] [--moody] [--store sqlite|postgresql]

SIGKILL to `serve` and its pool at once, then SIGTERM as often as `--restarts` says. With `--mails`, `serve` lives each time until
it has taken its share of so many. `--moody` gives it a next hop that puts mails off and drops connections. `--queued` measures
how long a start takes while so many deliveries wait. Status 0 if nothing was lost, nothing was renamed, the record holds each
mail once, and SIGTERM doubled nothing; 1 else. A mail that the next hop had taken before the store knew of it comes a second
time: at most one extra copy of a mail with each kill.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a script, its own folder is all it would see

from postern.model.delivery import Carries
from postern.model.identifier import new_id
from postern.storage.change import Change, Outcome
from postern.storage.deliveries import Delivery, delivery_row
from postern.wiring import build_house
from tests.cluster import running_cluster
from tests.crashing import Toll, end_again_and_again
from tests.market import Way, settle_pairs
from tests.serving import Installation, Served, free_port, install
from tests.sink import Mood, Sink, running_sink

PAIRS = 6
LEASE_SECONDS = 5
STARTS = 3
MOODY = Mood(puts_off=0.05, drops=0.05)


def main() -> None:
    given = _read_arguments()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="postern-crash-")))
        cluster = stack.enter_context(running_cluster()) if given.store == "postgresql" else None

        def run(name: str, ends: int, end: Callable[[Served], object]) -> Toll:
            url = stack.enter_context(cluster.fresh_database()) if cluster else f"sqlite:///{folder}/{name}.db"
            mood = MOODY if given.moody else Mood()
            toll = _run(
                folder / name, url, mood, lambda one, to, ways: end_again_and_again(one, to, ways, ends, end, given.mails)
            )
            print(f"{name}: {toll.sentence()}", flush=True)
            return toll

        tolls = [run("killed", given.kills, Served.kill)] if given.kills else []
        if given.restarts:
            tolls.append(run("stopped", given.restarts, Served.stop))
        if given.queued:
            url = stack.enter_context(cluster.fresh_database()) if cluster else f"sqlite:///{folder}/queued.db"
            _measure_starts(folder / "queued", url, given.queued)
    doubled = tolls[-1].extra_copies if given.restarts else 0
    sys.exit(0 if all(toll.is_clean for toll in tolls) and doubled == 0 else 1)


def _run(folder: Path, store_url: str, mood: Mood, measure: Callable[[Installation, Sink, Sequence[Way]], Toll]) -> Toll:
    with running_sink(mood) as sink:
        installation = install(folder, store_url, sink.port, {"lease_seconds": LEASE_SECONDS})
        return measure(installation, sink, settle_pairs(installation, PAIRS))


def _measure_starts(folder: Path, store_url: str, count: int) -> None:
    """Start, kill and start again while so many deliveries wait, the 220 comes after how long?"""
    installation = install(folder, store_url, free_port())
    store = build_house(installation.config).open_store()
    now = datetime.now(UTC)
    kept: list[Future[Outcome]] = []
    for _ in range(count):
        waits = Delivery(
            id=new_id(),
            seller_id=1,
            message_id=new_id(),
            document_id=new_id(),
            person_id=new_id(),
            sender_domain="marketplace.example",
            carries=Carries.HOUSE,
            due_at=now + timedelta(days=1),
            lease=None,
            attempts=1,
            queued_at=now,
        )
        kept.append(store.keep(Change(1, (delivery_row(waits),))))
    wait(kept)
    store.close()
    ready_after = []
    for _ in range(STARTS):
        served = installation.start(role="smtp")
        ready_after.append(served.ready_after)
        served.kill()
    print(
        f"queued: start to 220 with {count} deliveries waiting in {median(ready_after):.1f} s (longest {max(ready_after):.1f} s)"
    )


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/crash.py", description="Kill Postern under load, and count its mails.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--restarts", type=int, default=20, help="with SIGTERM, after the kills")
    parser.add_argument("--mails", type=int, default=0, help="answered 250 at least, in all the lives between the kills together")
    parser.add_argument("--queued", type=int, default=0, help="measure starts while so many deliveries wait")
    parser.add_argument("--store", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--moody", action="store_true", help="a next hop that answers 4xx and drops connections")
    return parser.parse_args()


if __name__ == "__main__":
    main()
