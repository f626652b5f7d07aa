"""A PostgreSQL that is killed, restarted, read-only, crowded or full under load; and two servers on one."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from tests.cluster import Cluster, running_cluster
from tests.crashing import all_accounts, await_mails, await_put_off, lost, mails_taken, marks_inside
from tests.disks import free_octets, open_folder, small_disk
from tests.market import settle_pairs
from tests.senders import Sender, busy
from tests.serving import Installation, install
from tests.sink import Sink

pytestmark = pytest.mark.timeout(300)
AWAY = frozenset({451})
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def unlucky() -> Iterator[Cluster]:
    """A server of its own, which has a hard time."""
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
def installation(unlucky: Cluster, sink: Sink, tmp_path: Path) -> Iterator[Installation]:
    with unlucky.fresh_database() as url:
        yield install(tmp_path / "installation", url, sink.port, {"lease_seconds": 5})


def killed(cluster: Cluster, senders: Sequence[Sender]) -> None:
    cluster.kill()
    await_put_off(senders, AWAY)
    cluster.start()


def restarted(cluster: Cluster, _senders: Sequence[Sender]) -> None:
    cluster.stop()
    cluster.start()


def read_only(cluster: Cluster, senders: Sequence[Sender]) -> None:
    cluster.command("ALTER SYSTEM SET default_transaction_read_only = on")
    cluster.command("SELECT pg_reload_conf()")
    await_put_off(senders, AWAY)
    with cluster.connect() as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute("ALTER SYSTEM RESET default_transaction_read_only")
        connection.execute("SELECT pg_reload_conf()")


def crowded(cluster: Cluster, senders: Sequence[Sender]) -> None:
    """Others take every connection that there is, and Postern has just lost its own."""
    with ExitStack() as crowd:
        first = crowd.enter_context(cluster.connect())
        try:
            while True:
                crowd.enter_context(cluster.connect())
                first.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'test_%'")
        except psycopg.OperationalError:
            await_put_off(senders, AWAY)


def test_a_database_in_trouble_is_answered_451_and_taken_up_again_by_itself(
    installation: Installation, unlucky: Cluster, sink: Sink
) -> None:
    # D-08
    ways = settle_pairs(installation, 3)
    with installation.serving() as served:
        with busy(installation.smtp_port, ways) as senders:
            for trouble in (killed, restarted, read_only, crowded):
                await_mails(senders, mails_taken(senders) + 5)
                for sender in senders:
                    sender.account.slowest = 0
                trouble(unlucky, senders)
                over_at = time.monotonic()
                await_mails(senders, mails_taken(senders) + 1)
                assert time.monotonic() - over_at < 5, trouble.__name__
                assert max(sender.account.slowest for sender in senders) < 10, trouble.__name__
        installation.empty_queue(60)
        assert served.process.poll() is None
    check_accounts(installation, senders, sink)


def check_accounts(installation: Installation, senders: Sequence[Sender], sink: Sink) -> None:
    """Nothing was lost or refused, and the record shows each mail once."""
    accounts = all_accounts(senders)
    assert not lost(accounts, sink.tell())
    assert not [reply for account in accounts for reply in account.refused]
    inside = marks_inside(installation)
    assert set(inside.values()) == {1}
    assert inside.total() == sum(len(account.taken) for account in accounts)


def test_a_database_without_room_is_answered_4xx_and_taken_up_again_once_there_is(sink: Sink, tmp_path: Path) -> None:
    # D-06: all that it writes, its log too, lies on the disk that fills up
    with (
        open_folder() as folder,
        small_disk(folder / "disk", 120 * MEGABYTE) as disk,
        running_cluster(disk, segment_megabytes=1) as cluster,
    ):
        installation = install(tmp_path / "installation", cluster.url("postgres"), sink.port, {"lease_seconds": 5})
        ways = settle_pairs(installation, 3)
        with installation.serving() as served:
            ballast = disk / "ballast"
            ballast.write_bytes(bytes(free_octets(disk) - MEGABYTE // 2))
            with busy(installation.smtp_port, ways) as senders:
                await_put_off(senders)
                ballast.unlink()
                await_answer(cluster)
                await_mails(senders, mails_taken(senders) + 10)
            installation.empty_queue(60)
            assert served.process.poll() is None
        check_accounts(installation, senders, sink)


def await_answer(cluster: Cluster) -> None:
    """A database that had no room for its log has ended itself; whoever keeps it running starts it again."""
    if not cluster.is_running:
        cluster.start()


# ---- Two servers on one database


def test_two_servers_on_one_database_send_each_mail_once_and_one_goes_on_without_the_other(
    installation: Installation, sink: Sink
) -> None:
    # D-17
    other = installation.twin()
    ways = settle_pairs(installation, 4)
    one, two = installation.start(), other.start()
    try:
        with busy(installation.smtp_port, ways[:2]) as senders, busy(other.smtp_port, ways[2:], first=2) as others:
            await_mails(senders, 15)
            await_mails(others, 15)
        installation.empty_queue(60)
        assert sink.count() == mails_taken([*senders, *others]), "none came twice"

        one.kill()  # with whatever it had under way
        with busy(other.smtp_port, ways[2:], first=4) as later:
            await_mails(later, 5)
        installation.empty_queue(60)
        assert two.process.poll() is None
    finally:
        for served in (one, two):
            served.stop()
    check_accounts(installation, [*senders, *others, *later], sink)
