"""A machine whose clock jumps while `serve` works: Debian's libfaketime stands between it and the time of day."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crashing import all_accounts, await_mails, lost, mails_taken, marks_inside
from tests.market import settle_pairs
from tests.senders import busy
from tests.serving import Installation
from tests.sink import Sink

JUMPS = ("+1d", "-1d", "@2038-01-19 03:14:00", "+0")
pytestmark = pytest.mark.timeout(180)


def find_faketime() -> Path | None:
    return next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), None)


@pytest.fixture
def clock(tmp_path: Path) -> Iterator[Path]:
    """A file that says what time it is, for whoever is started with ``under``."""
    if find_faketime() is None:
        pytest.skip("there is no libfaketime (Debian: faketime)")
    file = tmp_path / "clock"
    file.write_text("+0\n")
    yield file
    file.write_text("+0\n")


def under(clock: Path) -> list[str]:
    """The start of a command line whose program lives by that clock. What measures durations is left alone."""
    settings = {
        "LD_PRELOAD": str(find_faketime()),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",  # second; without it the file is read for every look at the time
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    return ["env", *(f"{name}={value}" for name, value in settings.items()), sys.executable, "-m", "postern"]


def test_a_clock_that_jumps_under_load_costs_nobody_a_mail(installation: Installation, sink: Sink, clock: Path) -> None:
    # D-13
    ways = settle_pairs(installation, 3)
    with installation.serving(under(clock)) as served:
        with busy(installation.smtp_port, ways) as senders:
            for jump in JUMPS:
                await_mails(senders, mails_taken(senders) + 6)  # two of each sender: one of them was begun by this clock
                clock.write_text(f"{jump}\n")
                time.sleep(2.5)  # polls and leases go by; and libfaketime, which counts whole seconds, looks again within two
            await_mails(senders, mails_taken(senders) + 5)
        installation.empty_queue(60)
        assert served.process.poll() is None
    accounts = all_accounts(senders)
    assert not lost(accounts, sink.tell())
    assert not [reply for account in accounts for reply in account.refused]
    assert set(marks_inside(installation).values()) == {1}
    assert sink.count() == mails_taken(senders)
    assert b"2038" in b" ".join(name.encode() for names in sink.tell().copies.values() for name in names)
