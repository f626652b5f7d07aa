"""Next hops that refuse one recipient and take another, or lose their answer; clients that vanish: each mail arrives once."""

import smtplib
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crashing import all_accounts, await_mails, lost, marks_inside
from tests.market import Way, settle_pairs
from tests.senders import busy
from tests.serving import Installation, Served, install
from tests.sink import Arrivals, Mood, Sink, running_sink

pytestmark = pytest.mark.timeout(180)


def await_arrivals(sink: Sink, holds: Callable[[Arrivals], bool]) -> Arrivals:
    """What the next hop has by the time that this is true of it."""
    deadline = time.monotonic() + 60
    while not holds(told := sink.tell()):
        assert time.monotonic() < deadline, told.recipients
        time.sleep(0.1)
    return told


def test_a_mail_whose_last_answer_was_lost_goes_out_again_under_its_own_name(store_url: str, tmp_path: Path) -> None:
    # D-11
    with running_sink(Mood(hides=0.3)) as sink:
        installation = install(tmp_path / "installation", store_url, sink.port)
        ways = settle_pairs(installation, 3)
        with installation.serving():
            with busy(installation.smtp_port, ways) as senders:
                await_mails(senders, 20)
            installation.empty_queue(90)
        told = sink.tell()
    assert not lost(all_accounts(senders), told)
    assert told.hidden > 0
    assert all(len(names) == 1 for names in told.copies.values())
    copies = sum(sum(names.values()) for names in told.copies.values())
    assert copies - len(told.copies) == told.hidden, "no other mail came twice"


def test_of_one_mail_to_three_each_reader_has_a_fate_of_its_own(installation: Installation, serving: Served, sink: Sink) -> None:
    # D-12, D-09: the first takes it, the second puts it off for a while, the third refuses it for good
    del serving
    settle_pairs(installation, 3)
    pairs = installation.find_pairs([("seller-0", f"buyer-{number}") for number in range(3)])
    seller, mark = "help@books-0.test", "mail-0-1"
    sink.answer("ann-1@mail.test", "452 4.2.2 mailbox full")
    sink.answer("ann-2@mail.test", "550 5.1.1 no such mailbox")
    letter = Way(seller, pairs[0].buyer_alias, "").letter(mark)
    with smtplib.SMTP("127.0.0.1", installation.smtp_port, timeout=30) as client:
        client.sendmail(seller, [pair.buyer_alias for pair in pairs], letter)

    await_arrivals(sink, lambda told: {"ann-0@mail.test", seller} <= told.recipients.get(mark, {}).keys())
    installation.run("queue retry")
    installation.run("queue retry")
    assert installation.count().waiting == 1
    sink.answer("ann-1@mail.test", "")
    installation.empty_queue(60)
    assert sink.tell().recipients == {mark: {"ann-0@mail.test": 1, "ann-1@mail.test": 1, seller: 1}}, "one notice, to its author"
    story = installation.run("ledger")
    assert "delivered" in story


# ---- Clients that vanish


def leave(connection: socket.socket, *, by_reset: bool) -> None:
    """Hang up: politely, or with a TCP reset as from a machine that lost its memory."""
    if by_reset:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def vanish(installation: Installation, way: Way, content: bytes, moment: float, *, by_reset: bool) -> None:
    """Say all up to DATA, then this, and be gone a moment later, whatever is answered."""
    client = smtplib.SMTP("127.0.0.1", installation.smtp_port, timeout=30)
    client.ehlo()
    client.mail(way.author)
    client.rcpt(way.alias)
    assert client.docmd("DATA")[0] == 354
    assert client.sock is not None
    client.sock.sendall(content)
    time.sleep(moment)
    leave(client.sock, by_reset=by_reset)
    client.close()


def stuffed(letter: bytes) -> bytes:
    """As it goes over the wire (RFC 5321 4.5.2)."""
    return letter.replace(b"\r\n.", b"\r\n..")


def send(installation: Installation, way: Way, letter: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", installation.smtp_port, timeout=30) as client:
        client.sendmail(way.author, way.alias, letter)


def test_a_client_that_vanishes_and_comes_again_is_kept_once(installation: Installation, serving: Served, sink: Sink) -> None:
    # D-19
    del serving
    (way,) = settle_pairs(installation, 1)
    letters = [way.letter(f"mail-0-{number}") for number in range(12)]
    for number, letter in enumerate(letters):
        vanish(installation, way, stuffed(letter)[: len(letter) // 2], 0, by_reset=number % 2 == 0)
    assert installation.count().messages == 0, "half a mail is none"

    for number, letter in enumerate(letters):
        vanish(installation, way, stuffed(letter) + b".\r\n", number // 2 * 0.01, by_reset=number % 2 == 0)
        send(installation, way, letter)
    installation.empty_queue(60)
    assert sink.tell().recipients == {f"mail-0-{number}": {way.reader: 1} for number in range(12)}
    assert set(marks_inside(installation).values()) == {1}


def test_the_same_message_id_over_another_body_is_another_message(
    installation: Installation, serving: Served, sink: Sink
) -> None:
    # D-19
    del serving
    (way,) = settle_pairs(installation, 1)
    letter = way.letter("mail-0-1")
    other = letter.replace(b"mail-0-1: The atlas", b"mail-0-2: The atlas")
    for one in (letter, other, letter, other):
        send(installation, way, one)
    installation.empty_queue(60)
    assert installation.count().messages == 2
    assert sink.count() == 2
