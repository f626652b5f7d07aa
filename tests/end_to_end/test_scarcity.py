"""Too few files, too little memory, no new processes, readers that are killed: some wait, others are served, and it passes."""

import os
import resource
import signal
import smtplib
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.crashing import all_accounts, await_mails, lost, mails_taken, marks_inside
from tests.market import Way, settle_pairs
from tests.senders import Sender, busy
from tests.serving import Installation, Served
from tests.sink import Sink
from tests.tracing import below, failing, why_not

pytestmark = pytest.mark.timeout(240)
NO_PROCESSES = "clone,clone3,fork,vfork:error=EAGAIN"


@contextmanager
def limited(pid: int, what: int, most: int) -> Iterator[None]:
    """The process may have no more than this, for so long."""
    before = resource.prlimit(pid, what)
    resource.prlimit(pid, what, (most, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, what, before)


def await_more(senders: Sequence[Sender], count: int = 5) -> None:
    await_mails(senders, mails_taken(senders) + count)


def test_what_is_scarce_costs_some_their_turn_and_nobody_a_mail(
    installation: Installation, serving: Served, sink: Sink, tmp_path: Path
) -> None:
    # D-07
    ways = settle_pairs(installation, 4)
    pid = serving.process.pid
    readers = below(pid)[1:]
    with busy(installation.smtp_port, ways[:3]) as senders:
        await_more(senders)
        with (
            limited(pid, resource.RLIMIT_NOFILE, len(list(Path(f"/proc/{pid}/fd").iterdir())) + 6),
            crowd(installation.smtp_port, 12),
        ):
            await_more(senders)  # who is in is served

        with limited(pid, resource.RLIMIT_AS, octets_of(pid) + 4_000_000):
            code = offer_much(installation, ways[3])
            assert code in (0, 421, 451, 452, 250)
            await_more(senders)

        for reader in readers:
            os.kill(reader, signal.SIGKILL)
            await_more(senders)

        if not why_not():
            (*_, reader) = below(pid)
            with failing([pid], NO_PROCESSES, tmp_path / "calls"):
                os.kill(reader, signal.SIGKILL)
                time.sleep(1)
                await_more(senders)
        await_more(senders)
    assert code == 250 or offer_much(installation, ways[3]) == 250
    installation.empty_queue(60)
    assert serving.process.poll() is None
    accounts = all_accounts(senders)
    assert not lost(accounts, sink.tell())
    assert not [reply for account in accounts for reply in account.refused]
    assert set(marks_inside(installation).values()) == {1}


@contextmanager
def crowd(port: int, count: int) -> Iterator[None]:
    """So many who connect and say nothing; not all get in."""
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
        time.sleep(0.5)
        yield


def octets_of(pid: int) -> int:
    """The size of a process's memory, as RLIMIT_AS counts it."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def offer_much(installation: Installation, way: Way) -> int:
    """A mail of 9 MB: the reply to it, or 0 for none."""
    letter = way.letter("mail-3-1") + b"x" * 70 + b"\r\n"
    letter += (b"x" * 70 + b"\r\n") * 120_000
    try:
        with smtplib.SMTP("127.0.0.1", installation.smtp_port, timeout=60) as client:
            client.ehlo()
            client.mail(way.author)
            code, _ = client.rcpt(way.alias)
            return client.data(letter)[0] if code == 250 else code
    except smtplib.SMTPResponseException as error:
        return error.smtp_code
    except (smtplib.SMTPException, OSError):
        return 0
