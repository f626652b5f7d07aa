"""An answer follows a flush: what `serve` and its database ask of the kernel, call by call; and calls that fail."""

import smtplib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cluster import Cluster, running_cluster
from tests.crashing import all_accounts, await_mails, await_put_off, lost, mails_taken, marks_inside
from tests.market import Way, settle_pairs
from tests.senders import busy
from tests.serving import Installation, free_port, install
from tests.sink import Sink
from tests.tracing import PYTHON, Call, below, failing, need_tracing, read_calls, traced

MAILS = 30
LARGE = 4  # of which each lies beside the store as two blobs: the original, and the mail that goes on
CALLS = "fsync,fdatasync,pwrite64,write,writev,sendmsg,rename"
KEPT = '"250 2.0.0 '

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A server of its own, to be traced and hurt."""
    need_tracing()
    with running_cluster() as running:
        yield running


def send(installation: Installation, way: Way, mails: int, first: int = 1) -> list[int]:
    """One mail after the other on one connection: the replies' codes."""
    with smtplib.SMTP("127.0.0.1", installation.smtp_port, timeout=60) as client:
        client.ehlo()
        codes = []
        for number in range(first, first + mails):
            letter = way.letter(f"mail-0-{number}")
            if number <= LARGE:
                letter = letter.replace(b"The atlas", b"The atlas " * 300)
            client.mail(way.author)
            client.rcpt(way.alias)
            codes.append(client.data(letter)[0])
    return codes


@dataclass(slots=True)
class Ledger:
    """Reads calls in their order and notes each answer that came before its flush. A database's own housekeeping may write to
    its log, and flush when it likes.
    """

    log_of_writes: str
    writes_of_others: bool = False
    unflushed: int = 0
    flushes: int = 0
    answers: int = 0
    in_doubt: bool = False
    failed: int = 0
    too_early: list[int] = field(default_factory=list)

    def read(self, calls: Sequence[Call]) -> None:
        moments = [(call.began, 0, call) for call in calls] + [(call.ended, 1, call) for call in calls if call.ended >= 0]
        begun_at: dict[int, int] = {}
        for _, ending, call in sorted(moments, key=lambda moment: moment[:2]):
            if self.log_of_writes in call.path:
                self._note(call, ending, begun_at)
            elif KEPT in call.words and not ending and "TCP" in call.path:
                self.answers += 1
                if not self.flushes or (self.unflushed and not self.writes_of_others):
                    self.too_early.append(call.began)
                self.flushes = 0

    def _note(self, call: Call, ending: int, begun_at: dict[int, int]) -> None:
        """What was written before a flush began is on disk when that flush has ended well. Once one has failed, the kernel may
        have forgotten what it could not write: no later flush of the same writes proves anything, only one of new writes.
        """
        if call.name in ("pwrite64", "write") and not ending:
            self.unflushed += 1
            self.in_doubt = False
        elif call.name == "fdatasync" and not ending:
            begun_at[id(call)] = self.unflushed
        elif call.name == "fdatasync" and call.error:
            self.in_doubt = True
            self.unflushed = self.flushes = 0
            self.failed += 1
        elif call.name == "fdatasync" and not self.in_doubt:
            self.unflushed -= min(begun_at.get(id(call), 0), self.unflushed)
            self.flushes += 1


def test_on_sqlite_every_answer_follows_a_flush_of_all_that_was_written(sqlite_url: str, tmp_path: Path) -> None:
    # D-03
    need_tracing()
    installation = install(tmp_path / "installation", sqlite_url, free_port())
    way = settle_pairs(installation, 1)[0]
    log = tmp_path / "calls"
    with installation.serving([*traced(log, CALLS), *PYTHON], "smtp"):
        assert send(installation, way, MAILS) == [250] * MAILS
    calls = read_calls(log)
    ledger = Ledger("/postern.db-wal")
    ledger.read(calls)
    assert ledger.answers == MAILS
    assert not ledger.too_early
    check_blobs(calls)


def check_blobs(calls: Sequence[Call]) -> None:
    """A blob is flushed, then gets its name, then its folder is flushed; and all this before its mail is answered."""
    flushed = [call for call in calls if call.name == "fsync" and "/blobs/" in call.path and call.succeeded]
    named = [call for call in calls if call.name == "rename" and "/blobs/" in call.words and call.succeeded]
    assert len(named) == 2 * LARGE
    assert len([call for call in flushed if "/." in call.path]) == len(named)
    last_answer = [call for call in calls if KEPT in call.words][LARGE - 1]
    for rename in named:
        folder_flush = next(call for call in flushed if call.began > rename.ended and "/." not in call.path)
        assert folder_flush.ended < last_answer.began


def test_on_postgresql_every_answer_follows_a_flush_of_the_log(cluster: Cluster, tmp_path: Path) -> None:
    # D-03
    installation = install(tmp_path / "installation", cluster.url("postgres"), free_port())
    way = settle_pairs(installation, 1)[0]
    log = tmp_path / "calls"
    # What the server starts from here on is traced with it, and so is each process that serves a connection.
    with installation.serving([*traced(log, CALLS, cluster.processes[:1]), *PYTHON], "smtp"):
        assert send(installation, way, MAILS) == [250] * MAILS
    calls = read_calls(log)
    ledger = Ledger("/pg_wal/", writes_of_others=True)
    ledger.read(calls)
    assert ledger.answers == MAILS
    assert not ledger.too_early
    check_blobs(calls)


# ---- Calls that fail

TROUBLES = (
    "fdatasync:error=EIO:when=2+3",
    "pwrite64:error=ENOSPC:when=4+5",
    "pwrite64:error=EIO:when=3+4",
    "fsync:error=EIO:when=1+2",
)


def test_after_a_flush_that_failed_a_mail_is_answered_250_only_once_it_was_written_anew(sqlite_url: str, tmp_path: Path) -> None:
    # D-05
    need_tracing()
    installation = install(tmp_path / "installation", sqlite_url, free_port())
    way = settle_pairs(installation, 1)[0]
    log = tmp_path / "calls"
    with installation.serving(role="smtp") as served:
        assert send(installation, way, 1, first=LARGE + 1) == [250]
        with failing(below(served.process.pid), "fdatasync:error=EIO:when=2+2", log, "pwrite64,write"):
            codes = [send(installation, way, 1, first=LARGE + 2 + number // 3)[0] for number in range(24)]
    assert set(codes) == {250, 451}
    ledger = Ledger("/postern.db-wal")
    ledger.read(read_calls(log))
    assert ledger.failed >= codes.count(451) > 0
    assert ledger.answers == codes.count(250)
    assert not ledger.too_early
    assert installation.count().messages == len({number // 3 for number, code in enumerate(codes) if code == 250}) + 1


@dataclass(frozen=True, slots=True)
class Ground:
    """A store whose calls to the kernel can be made to fail, and the processes that make them beside `serve`."""

    url: str
    processes: Callable[[], list[int]]


@pytest.fixture(params=["sqlite", "postgresql"])
def ground(request: pytest.FixtureRequest) -> Ground:
    need_tracing()
    if request.param == "sqlite":
        return Ground(request.getfixturevalue("sqlite_url"), list)
    cluster: Cluster = request.getfixturevalue("cluster")
    return Ground(cluster.url("postgres"), lambda: cluster.processes)


def test_a_disk_that_fails_now_and_then_loses_nothing_that_was_answered_250(ground: Ground, sink: Sink, tmp_path: Path) -> None:
    # D-05: writes and flushes of the store and the blobs, each made to fail again and again under load
    installation = install(tmp_path / "installation", ground.url, sink.port, {"lease_seconds": 5, "inline_document": 3_000})
    ways = settle_pairs(installation, 3)
    with installation.serving() as served:
        with busy(installation.smtp_port, ways) as senders:
            for trouble in TROUBLES:
                with failing([*below(served.process.pid), *ground.processes()], trouble, tmp_path / "calls"):
                    await_put_off(senders)
                await_mails(senders, mails_taken(senders) + 5)
        installation.empty_queue(60)
        assert served.process.poll() is None
    assert not lost(all_accounts(senders), sink.tell())
    assert not [reply for account in all_accounts(senders) for reply in account.refused]
    inside = marks_inside(installation)
    assert set(inside.values()) == {1}
    assert inside.keys() == {mark for account in all_accounts(senders) for mark in account.taken}
