"""The guard's two classes, and the trace of a mail."""

import base64
import time
from dataclasses import replace

import pytest

from postern.mail import writer
from postern.mail.guard import Sought, find_certain, look_over
from postern.mail.letter import Attachment, Relayed
from postern.mail.reader import read
from postern.mail.rewrite import rewrite
from postern.mail.spelling import replace as respell
from postern.mail.telling import own_trace, telling_words
from postern.mail.trace import TRACE_MAXIMUM, trace_of
from postern.model.address import Address
from postern.model.contact_policy import ContactPolicy, Treatment
from tests.letters import ANNS_ALIAS, FROM_ACME, FROM_ANN, LIMITS, octets, relay
from tests.people import ANN
from tests.planted_wrappings import archive
from tests.planting import FROM_INGE, HOST, IPV4, IPV6, MESSAGE_ID, TRACE


def test_a_mail_tells_its_ids_its_addresses_and_its_host() -> None:
    assert set(read(octets(f"{TRACE}From: x\n\nHello"), LIMITS).trace) == {MESSAGE_ID, HOST, IPV4, IPV6}


@pytest.mark.parametrize(
    "name, value, told",
    [
        ("received", "from localhost (localhost [127.0.0.1]) by x (Postfix 3.7.11.2)", ()),
        ("received", "from mail-wr1.google.com (mail-wr1.google.com [209.85.221.41]) by x", ("209.85.221.41",)),
        ("received", "from p5b0a1234.dip.isp.test ([91.10.18.52]) by x", ("91.10.18.52", "p5b0a1234.dip.isp.test")),
        ("received", "from smtp (unknown [IPv6:2001:db8::7]) by x; Mon, 23 Nov 2026 10:00:00", ("2001:db8::7",)),
        ("received", "from iPhone-von-Ann.local ([10.0.0.2]) by x", ("10.0.0.2", "iphone-von-ann.local")),
        ("x-originating-ip", "[198.51.100.7]", ("198.51.100.7",)),
        ("received-spf", "pass client-ip=198.51.100.7; helo=x", ("198.51.100.7",)),
        ("references", "<1.a@pc-of-ann> <2@x.test>", ("1.a@pc-of-ann", "2@x.test")),
        ("x-mailer", "Mailer 10.0.0.1", ()),
        ("subject", "from pc-of-ann", ()),
        ("references", "@" * 16_000, ()),
        ("received", "from " + "a-1." * 4_000, ()),
    ],
)
def test_a_trace_is_what_names_a_machine(name: str, value: str, told: tuple[str, ...]) -> None:
    assert set(trace_of([(name, value)])) == set(told)


def test_of_a_long_trace_the_first_are_kept() -> None:
    assert len(trace_of(("references", f"<{number}@x.test>") for number in range(1_000))) == TRACE_MAXIMUM


def test_what_is_ours_is_no_trace() -> None:
    assert own_trace(("1@marketplace.example", "2@pc-of-ann"), FROM_ANN) == ("2@pc-of-ann",)


def test_a_header_line_of_ours_is_not_searched_and_any_other_is() -> None:
    mail = b"Message-ID: <1@pc-of-ann>\r\n\r\nHello"
    assert look_over(mail, Sought(("pc-of-ann",), written={"message-id": "<1@pc-of-ann>"})).certain == ()
    assert look_over(mail, Sought(("pc-of-ann",), written={"message-id": "<2@pc-of-ann>"})).certain == ("the field message-id",)


def test_a_number_is_no_part_of_a_longer_one() -> None:
    sought = Sought(("10.0.0.1",))
    assert look_over(b"\r\nset it to 10.0.0.12 or 110.0.0.1", sought).certain == ()
    assert look_over(b"\r\nset it to 10.0.0.1, please", sought).certain == ("part 1 (text/plain)",)


def test_what_quotes_the_trace_is_delivered_without_it() -> None:
    mail = f"{TRACE}From: Inge <ingeborg.holm@holm-verkstad.test>\n\nReceived: from {HOST} [{IPV4}]\nMessage-ID: <{MESSAGE_ID}>"
    relayed = rewrite(read(octets(mail), LIMITS), FROM_INGE)
    assert isinstance(relayed, Relayed)
    assert relayed.text == "Received: from [hidden] [[hidden]]\nMessage-ID: <[hidden]>"


def test_telling_words_are_rare_local_parts_and_domains_of_one_s_own() -> None:
    def words(*addresses: str) -> tuple[str, ...]:
        return telling_words(replace(FROM_ACME, certain=tuple(map(Address.parse, addresses))))

    assert words("ann.example.1990@gmail.com") == ("ann.example.1990",)
    assert words("customerservice@acme.test") == ("acme.test",)
    assert words("ann@web.de", "bestellungen@gmx.de", "x@marketplace.example") == ()


def test_telling_words_are_counted_and_never_held() -> None:
    relayed = relay("\nsee www.acme.test", FROM_ACME)
    assert "telling words that stay: 1" in relayed.changes
    assert "acme.test" in relayed.text


def test_telling_words_are_masked_where_the_policy_says_so() -> None:
    relayed = relay("\nsee www.acme.test", replace(FROM_ACME, contact_policy=ContactPolicy(telling=Treatment.MASK)))
    assert relayed.text == "see www.[hidden]"
    assert not [change for change in relayed.changes if "telling" in change]


@pytest.mark.parametrize("spelled", ["ann+shop@gmail.com", "a.n.n@gmail.com", "A.nn+x@Gmail.com", "ann&#43;x&#64;gmail.com"])
def test_another_spelling_of_the_same_mailbox_is_that_mailbox(spelled: str) -> None:
    gmail = Address.parse("ann@gmail.com")
    passage = replace(FROM_ANN, known_addresses=((gmail, "alias@marketplace.example"),), certain=(gmail,))
    assert relay(f"\nwrite to {spelled} soon", passage).text == "write to alias@marketplace.example soon"


def test_a_base64_run_is_replaced_once_and_what_follows_stays() -> None:
    hidden = base64.b64encode(b"my address is ann@mail.test, ann@mail.test, write to me").decode()
    assert relay(f"\nbefore {hidden} and much that follows, to the end").text == (
        f"before {ANNS_ALIAS} and much that follows, to the end"
    )


@pytest.mark.parametrize(
    "piece",
    ["%25", "25", "&amp;", "amp;", "a", "ann@", "ann at mail dot ", "<ann", "&#64", "QUJD\n> ", "\u202e", "а", ">", "@"],  # noqa: RUF001
)
def test_searching_takes_time_by_the_length_alone(piece: str) -> None:
    pairs = [("ann@mail.test", ""), ("203.0.113.77", ""), ("pc-of-ann.lan", "")]

    def seconds(count: int) -> float:
        began_at = time.process_time()
        respell("ann@mail&#46;test %" + piece * count, pairs)
        return time.process_time() - began_at

    seconds(100)
    assert seconds(20_000) < 60 * max(seconds(2_000), 0.005)


def test_a_file_that_cannot_be_searched_to_its_end_does_not_leave() -> None:
    """What nobody can look into may hold an address."""
    bomb = archive({"inner.zip": archive({"zeros.txt": b"\0" * 50_000_000})})
    mail = writer.mail((b"Subject: x\r\n",), "Hello", "", (Attachment("a.zip", "application/zip", bomb),), lambda: "=_b")
    assert any("cannot be searched" in place for place in find_certain(mail, [ANN]))
