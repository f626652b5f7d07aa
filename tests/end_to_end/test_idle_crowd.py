"""S-17: two thousand connections that say nothing, before a served installation, and one honest client behind them."""

import contextlib
import resource
import smtplib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from postern.demo import FEED
from tests.serving import Installation, Served, change_settings, install

CROWD = 2_000
HALVES = (
    b"",
    b"EHLO mal",
    b"EHLO mallory.test\r\n",
    b"EHLO mallory.test\r\nMAIL FROM:<mallory@mallory.test>\r\n",
    b"NOOP\r\n" * 3,
)
RESIDENT_MAXIMUM = 200_000_000  # octets


@contextlib.contextmanager
def _crowd(port: int) -> Iterator[list[socket.socket]]:
    """From a hundred sources, twenty connections each, each stuck at another place."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, CROWD + 1_000), hard))
    sitting: list[socket.socket] = []
    try:
        for number in range(CROWD):
            source = (f"127.0.{1 + number % 100}.1", 0)
            sitting.append(socket.create_connection(("127.0.0.1", port), timeout=20, source_address=source))
            with contextlib.suppress(ConnectionError):
                sitting[-1].sendall(HALVES[number % len(HALVES)])
        yield sitting
    finally:
        for one in sitting:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _resident(served: Served) -> int:
    pages = int(Path(f"/proc/{served.process.pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


@pytest.fixture
def served(sqlite_url: str, tmp_path: Path) -> Iterator[tuple[Installation, Served]]:
    installation = install(tmp_path / "installation", sqlite_url, 9)
    installation.import_feed(FEED)
    change_settings(installation.config, {"delivery": {"next_hop": "sandbox"}})
    config = installation.config.read_text()
    installation.config.write_text(config.replace("[smtp]\n", "[smtp]\ntrusted_sources = []\n", 1))
    with installation.serving() as running:
        yield installation, running


def test_an_honest_client_is_greeted_and_served_as_if_nobody_else_were_there(served: tuple[Installation, Served]) -> None:  # S-17
    installation, running = served
    waits = []
    with _crowd(installation.smtp_port) as sitting:
        assert len(sitting) == CROWD
        for _ in range(5):
            began_at = time.monotonic()
            with smtplib.SMTP("127.0.0.1", installation.smtp_port, timeout=20, source_address=("127.0.200.1", 0)) as client:
                waits.append(time.monotonic() - began_at)
                client.ehlo("mail.test")
                client.sendmail("ann@mail.test", ["postmaster@marketplace.example"], "Subject: hello\r\n\r\nHello.\r\n")
        assert _resident(running) < RESIDENT_MAXIMUM
    assert sorted(waits)[2] < 1, waits
