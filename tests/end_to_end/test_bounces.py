"""Mail that the next hop took comes back by SMTP: the author reads it from us, and everything adds up. On each store."""

import json
import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest

from postern.demo import FEED
from postern.language import say
from postern.model.relationship import Relationship
from tests.failure_reports import no_failures, of_ann, standard
from tests.mailboxes import Mailboxes, open_mailboxes, text_of
from tests.serving import Installation, install

SECONDS = 30


@dataclass(frozen=True, slots=True)
class Shop:
    """A served installation before mail servers that take everything, and think again."""

    installation: Installation
    mailboxes: Mailboxes
    pair: Relationship

    def write(self, author: str, alias: str, text: str) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = author, alias, "About the atlas", "<one@mail.test>"
        mail.set_content(text)
        with smtplib.SMTP("127.0.0.1", self.installation.smtp_port, timeout=SECONDS) as client:
            client.send_message(mail, author, [alias])

    def send_back(self, return_path: str, mail: str) -> int:
        """Answers the last reply."""
        with smtplib.SMTP("127.0.0.1", self.installation.smtp_port, timeout=SECONDS) as client:
            try:
                client.sendmail("", [return_path], mail.replace("\n", "\r\n").encode())
            except smtplib.SMTPRecipientsRefused as error:
                ((code, _),) = error.recipients.values()
                return code
        return 250

    def tell(self, command: str) -> object:
        return json.loads(self.installation.run(command, "--json"))


@pytest.fixture
def shop(store_url: str, tmp_path: Path) -> Iterator[Shop]:
    with open_mailboxes() as (mailboxes, port):
        installation = install(tmp_path / "shop", store_url, port, {"pool_processes": 1})
        installation.import_feed(FEED)
        (pair,) = installation.find_pairs([("acme", "ann")])
        with installation.serving():
            yield Shop(installation, mailboxes, pair)


def test_what_the_next_hop_took_and_sent_back_is_told_to_its_author_and_counted(shop: Shop) -> None:
    """R15, S-11, S-14: forged reports, and what is none, change nothing before; a second one nothing after."""
    shop.write("help@acme.test", shop.pair.buyer_alias, "It left today.")
    return_path, _ = shop.mailboxes.wait_for_octets("ann@mail.test")
    shop.installation.empty_queue(SECONDS)
    gone = standard(of_ann("failed", "5.1.1", "smtp; 550 5.1.1 <ann@mail.test>: user unknown at mx.mail.test"))
    forged = return_path.replace(return_path[20], "a" if return_path[20] != "a" else "b", 1)
    assert shop.send_back(forged, gone) == 550
    away = next(one for one in no_failures() if one.name == "away")
    assert shop.send_back(return_path, away.mail) == 250
    assert states(shop) == {"delivered": 1, "house": 1}

    assert shop.send_back(return_path.upper(), gone) == 250
    octets = shop.mailboxes.wait_for_octets("help@acme.test")[1]
    notice = shop.mailboxes.wait_for("help@acme.test")
    assert notice["X-Postern-Notice"] == "delivery_failed"
    assert "The recipient's mailbox was not found" in " ".join(text_of(notice).split())
    assert shop.pair.buyer_alias in text_of(notice)
    assert b"mail.test" not in octets.replace(b"<one@mail.test>", b"").lower()  # Acme's own Message-ID
    assert shop.send_back(return_path, standard(of_ann("failed", "5.2.2"))) == 250
    assert states(shop) == {"bounced": 1, "house": 3}

    (one,) = listed(shop)
    assert (one["customer_service_of"], one["failing"], one["hard"], one["soft"]) == ([], True, 1, 0)
    in_words = shop.installation.run("bounces list")
    assert "failing, score 1.00; 1 hard, 0 soft" in in_words
    assert "5.1.1, no such mailbox" in in_words
    assert "@" not in in_words
    story = shop.installation.run("explain", str(one["last_message"]))
    assert "for good: no such mailbox; its author was told." in story
    assert "mail.test" not in story


def test_a_buyer_is_told_that_the_seller_was_not_reached_and_the_operator_sees_whose_address_it_is(shop: Shop) -> None:
    """R14."""
    assert "No mail has failed lately." in shop.installation.run("bounces list")
    shop.write("ann@mail.test", shop.pair.seller_alias, "Where is it?")
    return_path, _ = shop.mailboxes.wait_for_octets("help@acme.test")
    shop.installation.empty_queue(SECONDS)
    assert shop.send_back(return_path, standard(of_ann("failed", "5.2.2"))) == 250
    notice = shop.mailboxes.wait_for("ann@mail.test")
    assert say("de", "The recipient's mailbox is full.") in text_of(notice)  # as Ann's marketplace speaks
    (one,) = listed(shop)
    assert (one["customer_service_of"], one["score"], one["failing"]) == (["acme"], 0.25, False)
    assert states(shop) == {"bounced": 1, "house": 1}


def states(shop: Shop) -> dict[str, int]:
    """Where everything stands that was answered 250, with nothing left over."""
    told = shop.tell("ledger")
    assert isinstance(told, dict)
    assert told["differences"] == []
    return {state: number for state, number in told["states"].items() if number}


def listed(shop: Shop) -> list[dict[str, object]]:
    told = shop.tell("bounces list")
    assert isinstance(told, list)
    return told
