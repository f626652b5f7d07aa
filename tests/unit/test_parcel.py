import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postern.model.address import Address
from postern.model.delivery import Failed
from postern.smtp.parcel import Parcel, pack, stuffed, with_line_ends

ANN = Address("ann", "mail.test")
TRICKY = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"..", b"\0", b"a", b"\xff"]), max_size=40).map(b"".join)


@given(TRICKY)
@example(b"\r.\r")
@example(b"\n.\n")
@example(b"a\n.\r\nMAIL FROM:<mallory@mail.test>\r\n")
def test_no_lone_line_break_and_no_early_final_dot_reaches_the_wire(content: bytes) -> None:
    octets = stuffed(with_line_ends(content))
    assert re.search(rb"\r(?!\n)|(?<!\r)\n", octets) is None
    lines = octets.split(b"\r\n")
    assert lines.index(b".") == len(lines) - 2  # nothing but the end follows the first line that is a dot alone
    assert lines[-1] == b""


@given(TRICKY)
def test_what_the_next_hop_unstuffs_is_the_mail_with_proper_line_ends(content: bytes) -> None:
    mail = with_line_ends(content)
    received = [line.removeprefix(b".") for line in stuffed(mail).split(b"\r\n")[:-2]]
    assert b"".join(line + b"\r\n" for line in received) == mail
    assert with_line_ends(mail) == mail


def test_a_mail_with_proper_line_ends_is_not_touched() -> None:
    mail = b"Subject: a\r\n\r\n.\r\n.b\r\n"
    assert with_line_ends(mail) == mail
    assert stuffed(mail) == b"Subject: a\r\n\r\n..\r\n..b\r\n.\r\n"


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
@example("ann\r\nRCPT TO:<mallory", "mail.test", "")
@example("ann> BODY=8BITMIME", "mail.test", "")
@example('"a>b"', "mail.test", "")
@example("ann", "mail.test", "x@mail.test>\r\nDATA\r\n")
def test_no_address_can_end_its_command_or_begin_another(local_part: str, domain: str, return_path: str) -> None:
    parcel = pack(return_path, Address(local_part, domain), b"")
    if isinstance(parcel, Parcel):
        for path in (parcel.return_path, parcel.recipient):
            assert not set(path) & set(b"\r\n<>\0")
            assert path.isascii()
    else:
        assert parcel.enhanced in {"5.1.3", "5.1.7"}


@pytest.mark.parametrize(
    "return_path, recipient, enhanced",
    [
        ("ann@mail.test\r\n", ANN, "5.1.7"),
        ("not an address", ANN, "5.1.7"),
        ("", Address("ann\r\nDATA", "mail.test"), "5.1.3"),
        ("", Address("ann", "mail.test>"), "5.1.3"),
        ("", Address('"<ann>"', "mail.test"), "5.1.3"),
    ],
)
def test_an_address_that_smtp_cannot_carry_fails_for_good(return_path: str, recipient: Address, enhanced: str) -> None:
    outcome = pack(return_path, recipient, b"x")
    assert isinstance(outcome, Failed)
    assert outcome.enhanced == enhanced


def test_a_parcel_counts_octets_before_stuffing_and_sees_eight_bit_text() -> None:
    plain = pack("", ANN, b"A: b\r\n\r\n.\r\n")
    accented = pack("", ANN, "A: b\r\n\r\n\N{LATIN SMALL LETTER E WITH ACUTE}\r\n".encode())
    assert isinstance(plain, Parcel)
    assert isinstance(accented, Parcel)
    assert (plain.size, plain.has_eight_bits) == (11, False)
    assert accented.has_eight_bits
