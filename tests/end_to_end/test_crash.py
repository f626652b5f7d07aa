"""`serve` killed, stopped and kept from its store and its disk, under load; at the end every mail is accounted for."""

import resource
import smtplib
import time
from pathlib import Path

import pytest

from tests.crashing import Toll, all_accounts, await_mails, end_again_and_again, locked_store, lost, mails_taken
from tests.disks import free_octets, small_disk
from tests.market import Way, settle_pairs
from tests.senders import Sender, busy
from tests.serving import Installation, Served, install
from tests.sink import Mood, Sink, running_sink

KILLS = 8
RESTARTS = 3
MOODY_KILLS = 3
PAIRS = 4
MEGABYTE = 1_000_000

pytestmark = pytest.mark.timeout(300)  # starts servers again and again


def check_that_nothing_is_lost(toll: Toll) -> None:
    assert toll.taken > toll.ends, "no load, no proof"
    assert not toll.lost
    assert not toll.refused
    assert not toll.with_two_names, "a copy bears Message-ID and Date of its original"
    assert not toll.doubled
    assert toll.messages == toll.taken, "a mail that was sent again is one message of the record"


def test_every_mail_answered_250_survives_kill_after_kill(installation: Installation, sink: Sink) -> None:
    # D-01
    ways = settle_pairs(installation, PAIRS)
    toll = end_again_and_again(installation, sink, ways, KILLS, Served.kill)
    print(toll.sentence())  # noqa: T201 - the figures, for whoever runs pytest with -s
    check_that_nothing_is_lost(toll)
    # A copy is a mail that the next hop had taken before the store knew. Turns let one be in that state at a time.
    assert toll.extra_copies <= toll.ends


def test_stopping_under_load_loses_nothing_and_doubles_nothing(installation: Installation, sink: Sink) -> None:
    # D-16
    ways = settle_pairs(installation, PAIRS)
    toll = end_again_and_again(installation, sink, ways, RESTARTS, stop_in_time)
    check_that_nothing_is_lost(toll)
    assert toll.extra_copies == 0


def stop_in_time(served: Served) -> None:
    began_at = time.monotonic()
    assert served.stop() == 0
    assert time.monotonic() - began_at < 30


def test_kills_before_a_moody_next_hop_lose_nothing_and_a_copy_is_the_same_mail(store_url: str, tmp_path: Path) -> None:
    # D-02
    with running_sink(Mood(puts_off=0.05, drops=0.05)) as sink:
        installation = install(tmp_path / "installation", store_url, sink.port, {"lease_seconds": 5})
        ways = settle_pairs(installation, PAIRS)
        check_that_nothing_is_lost(end_again_and_again(installation, sink, ways, MOODY_KILLS, Served.kill))


def test_mails_wait_while_the_next_hop_is_down(installation: Installation, serving: Served, sink: Sink) -> None:
    # D-15
    ways = settle_pairs(installation, PAIRS)
    sink.close_door()
    with busy(installation.smtp_port, ways) as senders:
        await_mails(senders, 20)
    assert installation.count().waiting == installation.count().messages
    assert sink.count() == 0

    sink.open_door()
    installation.empty_queue(60)
    assert serving.process.poll() is None
    assert not lost(all_accounts(senders), sink.tell())
    assert sink.count() == installation.count().messages


def test_a_store_that_is_locked_is_answered_451_and_taken_up_again(
    installation: Installation, serving: Served, sink: Sink
) -> None:
    # D-08
    ways = settle_pairs(installation, 1)
    assert reply_to(installation, ways[0], "mail-0-1")[0] == 250
    installation.empty_queue(20)
    with locked_store(installation):
        began_at = time.monotonic()
        assert reply_to(installation, ways[0], "mail-0-2")[0] == 451
        assert time.monotonic() - began_at < 10
    code, _ = reply_to(installation, ways[0], "mail-0-2")
    assert code == 250
    installation.empty_queue(60)
    assert serving.process.poll() is None
    assert sink.tell().copies.keys() == {"mail-0-1", "mail-0-2"}


def test_a_disk_that_is_full_is_answered_452_and_used_again_once_there_is_room(sink: Sink, tmp_path: Path) -> None:
    # D-06: into the wall, with nothing held back
    with small_disk(tmp_path / "disk", 12 * MEGABYTE) as disk:
        installation = install(disk / "installation", f"sqlite:///{disk}/postern.db", sink.port, {"min_free": 0})
        ways = settle_pairs(installation, PAIRS)
        with installation.serving() as served:
            ballast = disk / "ballast"
            ballast.write_bytes(bytes(free_octets(disk) - MEGABYTE))
            with busy(installation.smtp_port, ways) as senders:
                await_reply(senders, {452})
                ballast.unlink()
                await_mails(senders, mails_taken(senders) + 20)
            installation.empty_queue(60)
            assert served.process.poll() is None
        assert not lost(all_accounts(senders), sink.tell())
        assert not [reply for account in all_accounts(senders) for reply in account.refused]


def test_mail_is_put_off_before_the_disk_is_full_and_taken_again_within_seconds_of_there_being_room(
    sink: Sink, tmp_path: Path
) -> None:
    # D-06
    with small_disk(tmp_path / "disk", 12 * MEGABYTE) as disk:
        limits = {"min_free": 3 * MEGABYTE, "low_free_percent": 40}
        installation = install(disk / "installation", f"sqlite:///{disk}/postern.db", sink.port, limits)
        way = settle_pairs(installation, 1)[0]
        with installation.serving() as served:
            assert reply_to(installation, way, "mail-0-1")[0] == 250
            ballast = disk / "ballast"
            ballast.write_bytes(bytes(free_octets(disk) - 4 * MEGABYTE))
            while "has little room left" not in served.log.read_text():
                await_code(installation, way, "mail-0-2", 250)
            with ballast.open("ab") as more:
                more.write(bytes(3 * MEGABYTE // 2))
            await_code(installation, way, "mail-0-3", 452)
            installation.empty_queue(20)  # there is room for the outcomes of what was taken
            ballast.unlink()
            began_at = time.monotonic()
            await_code(installation, way, "mail-0-3", 250)
            assert time.monotonic() - began_at < 10
            installation.empty_queue(20)
        assert sink.tell().copies.keys() == {"mail-0-1", "mail-0-2", "mail-0-3"}


def await_code(installation: Installation, way: Way, mark: str, code: int) -> None:
    """Offer a letter until it gets this reply; the disks are looked at once a second."""
    deadline = time.monotonic() + 20
    while reply_to(installation, way, mark)[0] != code:
        assert time.monotonic() < deadline, f"never {code}"
        time.sleep(0.2)


def test_files_that_may_not_grow_are_answered_4xx_and_written_again_once_they_may(
    sqlite_url: str, sink: Sink, tmp_path: Path
) -> None:
    installation = install(tmp_path / "installation", sqlite_url, sink.port)
    ways = settle_pairs(installation, PAIRS)
    with installation.serving() as served:
        limit, unlimited = (300_000, resource.RLIM_INFINITY), (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE, limit)
        with busy(installation.smtp_port, ways) as senders:
            await_reply(senders, {451, 452})
            resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE, unlimited)
            await_mails(senders, mails_taken(senders) + 20)
        installation.empty_queue(60)
        assert served.process.poll() is None
    assert not lost(all_accounts(senders), sink.tell())
    assert not [reply for account in all_accounts(senders) for reply in account.refused]


def await_reply(senders: list[Sender], codes: set[int]) -> None:
    deadline = time.monotonic() + 60
    while not any(codes & sender.account.put_off.keys() for sender in senders):
        assert time.monotonic() < deadline, f"none of {codes} was answered"
        time.sleep(0.05)


def reply_to(installation: Installation, way: Way, mark: str) -> tuple[int, bytes]:
    """The reply to one letter, whatever it is."""
    with smtplib.SMTP("127.0.0.1", installation.smtp_port, timeout=30) as client:
        client.ehlo()
        client.mail(way.author)
        code, words = client.rcpt(way.alias)
        return client.data(way.letter(mark)) if code == 250 else (code, words)
