"""What reaches the other side, and what does not, over the whole path of a mail through the store."""

import logging
import re
from dataclasses import replace

import pytest

from postern.policy.reasons import CONTACT_DETAILS_REFUSED
from postern.storage import schema
from tests.people import ANN, START, Town

TRACE = "Received: from pc-of-ann.lan (dsl.isp.test [203.0.113.77]) by mx.isp.test\r\nX-Originating-IP: [198.51.100.9]\r\n"
HIDDEN = ("ann@mail.test", "pc-of-ann", "203.0.113.77", "198.51.100.9")


def tokens(content: bytes) -> set[str]:
    """All that could be the same in two mails: words of eight and more letters and digits."""
    return set(re.findall(r"[a-z0-9]{8,}", content.decode("ascii").lower()))


def test_two_sellers_find_nothing_equal_in_what_they_got_of_one_buyer(town: Town) -> None:  # L-07
    typed = "Hello, where is my atlas?"
    town.receive(town.mail(ANN, town.pair.seller_alias, typed))
    town.receive(town.mail(ANN, town.bolt_pair.seller_alias, typed))
    (to_acme, to_bolt) = (arrival.content for arrival in town.deliver())
    again = replace(town.mail(ANN, town.pair.seller_alias, "Something else entirely"), received_at=START)
    town.receive(again)
    (ours,) = (arrival.content for arrival in town.deliver())
    words_of_every_mail = tokens(re.sub(rb"^(?:Message-ID|From): .*$", b"", ours, flags=re.MULTILINE))
    assert town.pair.buyer_alias != town.bolt_pair.buyer_alias
    shared = tokens(to_acme) & tokens(to_bolt)
    assert shared <= words_of_every_mail | tokens(typed.encode()) | {"marketplace"}
    assert not [word for word in shared if any(letter.isdigit() for letter in word)]


def test_no_log_line_and_no_row_shows_what_is_hidden(town: Town, caplog: pytest.LogCaptureFixture) -> None:  # L-08
    mail = town.mail(ANN, town.pair.seller_alias, "I am ann@mail.test on pc-of-ann.lan [203.0.113.77]")
    with caplog.at_level(logging.DEBUG):
        town.receive(replace(mail, content=TRACE.encode() + mail.content))
        (arrival,) = town.deliver()
    assert not [secret for secret in HIDDEN if secret in caplog.text]
    assert not [secret for secret in HIDDEN if secret.encode() in arrival.content]
    with town.store.look() as look:
        for table in schema.metadata.sorted_tables:
            shown = str([tuple(row) for row in look.connection.execute(table.select())])
            assert not [secret for secret in HIDDEN if secret in shown]


def test_a_refused_contact_detail_is_told_in_the_session(town: Town) -> None:
    policy = (
        '{"allowed_hosts": [], "buyer_to_seller": {"address": "mask", "link": "pass", "messenger": "pass", "phone": "refuse"},'
        ' "seller_to_buyer": {}, "telling": "pass"}'
    )
    town.store.write(lambda transaction: transaction.execute(schema.marketplace.update().values(contact_policy=policy))).result()
    refusal = town.judge(town.from_ann("Call me: 0171 2345678")).refusal
    assert refusal is not None
    assert refusal.reason is CONTACT_DETAILS_REFUSED
    assert "a phone number" in refusal.sentence("en")
    assert town.judge(town.from_ann("Where is my order?")).refusal is None
