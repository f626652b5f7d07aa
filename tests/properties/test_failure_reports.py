"""Whatever comes to a return path is read, in bounded time, and only what a server says makes a mail fail."""

import random
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postern.model.enhanced_status import KNOWN
from postern.model.failure_report import ReportKind
from tests.failure_reports import every, head, of_ann, report_of, standard

SPECIMENS = [one.octets for one in every()]
TROUBLE = (
    b"\x00",
    b"\xff",
    b"\r\n",
    b"\r\n\r\n",
    b":",
    b"=",
    b"--b",
    b"<",
    b">",
    b"550 5.1.1 ",
    b"Action: failed\r\n",
    b" " * 50,
)


def mutated(octets: bytes, chance: random.Random) -> bytes:
    """The mail with pieces cut out, doubled, moved, or put in."""
    for _ in range(chance.randrange(1, 8)):
        begin = chance.randrange(len(octets) + 1)
        end = min(len(octets), begin + chance.randrange(60))
        piece = chance.choice((b"", octets[begin:end] * 2, chance.choice(TROUBLE), octets[end:begin:-1]))
        octets = octets[:begin] + piece + octets[end:]
    return octets


@given(seed=st.integers(0, 2**32))
def test_a_report_that_was_damaged_is_read_all_the_same(seed: int) -> None:
    chance = random.Random(seed)
    for octets in chance.sample(SPECIMENS, 8):
        found = report_of(mutated(octets, chance), chance.choice(("", "a@b.test")))
        assert found.status == "" or found.status[2:] in KNOWN
        assert found.kind in ReportKind


@given(octets=st.binary(max_size=2_000), reverse_path=st.sampled_from(["", "ann@mail.test", "<>"]))
def test_any_octets_are_read(octets: bytes, reverse_path: str) -> None:
    assert report_of(octets, reverse_path).kind in ReportKind


@given(text=st.text(st.characters(codec="utf-8"), max_size=400))
def test_what_a_person_writes_is_no_report(text: str) -> None:
    mail = head("Ann Example <ann@mail.test>", "Re: Your atlas", "Content-Type: text/plain; charset=utf-8") + text
    assert report_of(mail.encode(), "ann@mail.test").kind is ReportKind.OTHER


STATUS_PART = "Content-Type: message/delivery-status"
HOSTILE: dict[str, Callable[[int], str]] = {
    "fields without end": lambda size: standard("Action: failed\n" * size),
    "folds without end": lambda size: standard("Diagnostic-Code: x\n" + " y\n" * size),
    "recipients without end": lambda size: standard(of_ann("failed", "5.1.1") * (size // 20)),
    "colons": lambda size: standard("a" * size + ":" * size),
    "dashes": lambda size: head("MAILER-DAEMON@a.test", "failure notice") + ("-" * 70 + "\n") * (size // 20),
    "one line of dashes": lambda size: head("MAILER-DAEMON@a.test", "failure notice") + "-" * size,
    "tags": lambda size: head("MAILER-DAEMON@a.test", "x", "Content-Type: text/html") + "<" * size,
    "codes": lambda size: head("MAILER-DAEMON@a.test", "failure notice") + "550-5.9.9 " * size,
    "digits": lambda size: head("MAILER-DAEMON@a.test", "failure notice") + "5." * size,
    "quotations": lambda size: head("MAILER-DAEMON@a.test", "failure notice") + "> \n" * size,
    "spaces": lambda size: head("MAILER-DAEMON@a.test", "failure notice") + " \t" * size + "\n" + "Final-Recipient" + " " * size,
    "parts": lambda size: standard("x").replace("--b--", f"--b\n{STATUS_PART}\n\nAction: x\n" * (size // 400)),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_costs_more_than_its_size_allows(name: str) -> None:
    """CPU time, at two sizes: four times as much costs at most about four times as much, and never half a second."""
    costs = []
    for size in (50_000, 200_000):
        octets = HOSTILE[name](size).encode()
        begun = time.process_time()
        report_of(octets)
        costs.append(time.process_time() - begun)
    assert costs[1] < max(10 * costs[0], 0.5), costs
