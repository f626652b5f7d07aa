"""Two people with ordinary mail programs write to each other through a real `postern serve`, on each store."""

import re
import smtplib
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from postern.demo import FEED
from postern.model.relationship import Relationship
from tests.mailboxes import Mailboxes, open_mailboxes, text_of
from tests.serving import Installation, free_port, install
from tests.zones import may_send

ORDER = "303-5512345-1234567"
MUTTRC = """
set from="{address}" realname="{name}" use_from=yes envelope_from=yes
set smtp_url="smtp://127.0.0.1:{port}" ssl_starttls=no ssl_force_tls=no
set copy=no record="" charset=utf-8
"""


@dataclass(frozen=True, slots=True)
class Shop:
    """A served installation with Ann, Acme Books and the mail servers they get their mail from."""

    installation: Installation
    mailboxes: Mailboxes
    pair: Relationship
    folder: Path

    def swaks(self, sender: str, recipient: str, *more: str) -> subprocess.CompletedProcess[str]:
        command = ["swaks", "--server", f"127.0.0.1:{self.installation.smtp_port}", "--from", sender, "--to", recipient, *more]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    def mutt(self, name: str, address: str, *arguments: str, text: str = "") -> None:
        rc = self.folder / "muttrc"
        rc.write_text(MUTTRC.format(name=name, address=address, port=self.installation.smtp_port))
        command = ["mutt", "-F", str(rc), *arguments]
        environment = {"HOME": str(self.folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
        subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=True, env=environment)


@pytest.fixture
def shop(store_url: str, tmp_path: Path) -> Iterator[Shop]:
    with open_mailboxes() as (mailboxes, port):
        installation = install(tmp_path / "shop", store_url, port)
        installation.import_feed(FEED)
        installation.enforce(may_send("mail.test", "acme.test", "lies.test"))
        (pair,) = installation.find_pairs([("acme", "ann")])
        with installation.serving():
            yield Shop(installation, mailboxes, pair, tmp_path)


def test_ann_asks_with_swaks_and_acme_answers_with_mutt(shop: Shop) -> None:
    """R1, R14, R24, R28: each presses Reply, and neither holds the other's address."""
    told = shop.swaks(
        "ann@mail.test",
        shop.pair.seller_alias,
        *("--h-From", "Ann Example <ann@mail.test>"),
        *("--h-Subject", f"Where is {ORDER}?"),
        *("--header", "Message-Id: <question@mail.test>"),
        *("--body", "Hello,\\n\\nwhere is my atlas?\\n\\nAnn, ann@mail.test"),
    )
    assert told.returncode == 0, told.stdout

    return_path, octets = shop.mailboxes.wait_for_octets("help@acme.test")
    question = shop.mailboxes.wait_for("help@acme.test")
    assert question["From"] == f"Ann Example - Example Market <{shop.pair.buyer_alias}>"
    assert question["To"] == "help@acme.test"
    assert return_path.endswith("@marketplace.example")
    assert ORDER in text_of(question)
    assert "1 x Atlas" in text_of(question)
    assert "where is my atlas?" in text_of(question)
    assert b"mail.test" not in octets.lower()
    assert octets.count(b"DKIM-Signature:") == 2

    draft = shop.folder / "draft"
    quoted = "\n".join(f"> {line}" for line in text_of(question).splitlines())
    draft.write_text(
        f"To: {shop.pair.buyer_alias}\nSubject: Re: {question['Subject']}\nIn-Reply-To: {question['Message-ID']}\n"
        f"References: {question['Message-ID']}\n\nIt left today: grüße\n\nAcme Books <help@acme.test>\n\n{quoted}\n"
    )
    shop.mutt("Acme Books", "help@acme.test", "-H", str(draft))

    answer = shop.mailboxes.wait_for("ann@mail.test")
    _, octets = shop.mailboxes.wait_for_octets("ann@mail.test")
    assert answer["From"] == f"Acme Books <{shop.pair.seller_alias}>"
    assert "Example Market" not in str(answer["From"])
    assert answer["In-Reply-To"] == "<question@mail.test>"
    assert "It left today: grüße" in text_of(answer)
    assert "Acme Books" in text_of(answer)
    assert b"acme.test" not in octets.lower()
    assert "no-response-needed" not in text_of(answer)  # that link is the seller's


def test_ann_writes_first_with_mutt_and_the_thread_goes_on(shop: Shop) -> None:
    """R2, R9: her second mail answers the first answer, and the seller's program files all three together."""
    shop.mutt(
        "Ann Example", "ann@mail.test", "-s", "Frage: für Freitag?", "--", shop.pair.seller_alias, text="Kommt er bis Freitag?\n"
    )
    first = shop.mailboxes.wait_for("help@acme.test")
    assert first["Subject"] == "Frage: für Freitag?"
    assert (
        shop.swaks(
            "help@acme.test",
            shop.pair.buyer_alias,
            *("--header", "Message-Id: <answer@acme.test>"),
            *("--header", f"In-Reply-To: {first['Message-ID']}"),
            *("--body", "Yes."),
        ).returncode
        == 0
    )
    answer = shop.mailboxes.wait_for("ann@mail.test")
    assert (
        shop.swaks(
            "ann@mail.test", shop.pair.seller_alias, "--header", f"In-Reply-To: {answer['Message-ID']}", "--body", "Thank you!"
        ).returncode
        == 0
    )
    thanks = shop.mailboxes.wait_for("help@acme.test", 2)
    assert thanks["In-Reply-To"] == "<answer@acme.test>"
    story = shop.installation.run("explain", str(thanks["Message-ID"]))
    assert "its references name a mail of the thread" in story
    assert "proved here: spf pass, aligned" in story
    assert "mail.test" not in story
    assert "acme.test" not in story


def test_strangers_are_told_what_to_do_and_nothing_is_kept(shop: Shop) -> None:
    """R16, R20."""
    told = shop.swaks("mallory@lies.test", shop.pair.buyer_alias)
    assert re.search(r"550[ -]5\.7\.1 .*Messaging permissions", told.stdout), told.stdout
    told = shop.swaks("mallory@lies.test", shop.pair.seller_alias)
    assert re.search(r"550[ -]5\.7\.1 .*address of your account", told.stdout), told.stdout
    told = shop.swaks("mallory@lies.test", "nobody@marketplace.example")
    assert "550-5.1.1" in told.stdout
    assert "DATA" not in told.stdout
    assert shop.installation.count().messages == 0


def test_whoever_only_says_that_they_are_acme_is_told_how_to_prove_it(shop: Shop) -> None:
    """R16, R20: the same words to all who prove nothing, whoever they say they are."""
    told = [
        shop.swaks("any@lies.test", shop.pair.buyer_alias, "--h-From", f"<{claimed}>").stdout
        for claimed in ("help@acme.test", "nobody@acme.test", "ann@mail.test")
    ]
    replies = [re.findall(r"<\*\* +(550.*)", one) for one in told]
    assert replies[0] == replies[1] == replies[2]
    assert replies[0][0].startswith("550-5.7.26 Nothing proves")
    assert shop.installation.count().messages == 0


def test_the_links_in_the_mail_open_pages_that_act_by_one_button(shop: Shop) -> None:
    """R18, R27: fetching changes nothing; pressing does, once."""
    assert shop.swaks("ann@mail.test", shop.pair.seller_alias, "--body", "Where is it?").returncode == 0
    mail = shop.mailboxes.wait_for("help@acme.test")
    (link,) = re.findall(r"http\S+/m/no-response-needed/\S+", text_of(mail))
    assert "No response needed" in fetch(link)
    assert "already" not in fetch(link)
    fetch(link, b"")
    assert "already" in fetch(link, b"")
    story = shop.installation.run("explain", str(mail["Message-ID"]))
    assert story.count("It was marked as needing no response.") == 1


def test_a_mail_waits_while_the_next_hop_is_down_and_arrives_when_it_is_back(store_url: str, tmp_path: Path) -> None:
    port = free_port()
    installation = install(tmp_path / "shop", store_url, port)
    installation.import_feed(FEED)
    (pair,) = installation.find_pairs([("acme", "ann")])
    with installation.serving():
        with smtplib.SMTP("127.0.0.1", installation.smtp_port, timeout=30) as client:
            client.sendmail("ann@mail.test", pair.seller_alias, "From: ann@mail.test\r\nSubject: x\r\n\r\nHello\r\n")
        waiting = installation.run("queue list")
        while "next hop" not in waiting:
            waiting = installation.run("queue list")
        assert "waiting" in waiting
        assert "acme.test" not in waiting
        with open_mailboxes(port) as (mailboxes, _):
            assert "1 due now" in installation.run("queue retry")
            assert "Hello" in text_of(mailboxes.wait_for("help@acme.test"))
            installation.empty_queue(10)
            assert mailboxes.count("help@acme.test") == 1


def fetch(link: str, body: bytes | None = None) -> str:
    """What a browser gets for this link: GET, or POST where there is a body."""
    with urllib.request.urlopen(urllib.request.Request(link, data=body), timeout=30) as response:  # noqa: S310 - our own server
        return str(response.read().decode())
