"""The crash test at full size: `serve` is killed again and again under load, and every mail is accounted for.

    python bench/crash.py [--kills 200] [--store sqlite|postgresql] [--moody] [--restarts 20]

SIGKILL to `serve` and its pool at once, then SIGTERM as often as `--restarts` says. `--moody` gives it a next hop that puts mails
off and drops connections. Status 0 if nothing was lost, nothing was renamed, the record holds each mail once, and SIGTERM doubled
nothing; 1 else. A mail that the next hop had taken before the store knew of it comes a second time: at most one extra copy of a
mail with each kill.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a script, its own folder is all it would see

from tests.cluster import running_cluster
from tests.crashing import Toll, end_again_and_again
from tests.market import settle_pairs
from tests.serving import Served, install
from tests.sink import Mood, running_sink

PAIRS = 6
LEASE_SECONDS = 5
MOODY = Mood(puts_off=0.05, drops=0.05)


def main() -> None:
    given = _read_arguments()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="postern-crash-")))
        cluster = stack.enter_context(running_cluster()) if given.store == "postgresql" else None

        def run(name: str, ends: int, end: Callable[[Served], object]) -> Toll:
            url = stack.enter_context(cluster.fresh_database()) if cluster else f"sqlite:///{folder}/{name}.db"
            toll = _run(folder / name, url, MOODY if given.moody else Mood(), ends, end)
            print(f"{name}: {toll.sentence()}", flush=True)
            return toll

        killed = run("killed", given.kills, Served.kill)
        stopped = run("stopped", given.restarts, Served.stop)
    sys.exit(0 if killed.is_clean and stopped.is_clean and stopped.extra_copies == 0 else 1)


def _run(folder: Path, store_url: str, mood: Mood, ends: int, end: Callable[[Served], object]) -> Toll:
    with running_sink(mood) as sink:
        installation = install(folder, store_url, sink.port, {"lease_seconds": LEASE_SECONDS})
        return end_again_and_again(installation, sink, settle_pairs(installation, PAIRS), ends, end)


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/crash.py", description="Kill Postern under load, and count its mails.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--restarts", type=int, default=20, help="with SIGTERM, after the kills")
    parser.add_argument("--store", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--moody", action="store_true", help="a next hop that answers 4xx and drops connections")
    return parser.parse_args()


if __name__ == "__main__":
    main()
