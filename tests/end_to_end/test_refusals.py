"""Rules and refusals as people meet them: over real SMTP through a served installation, and by the operator's commands."""

import contextlib
import io
import json
import re
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path
from threading import Thread
from typing import Self

import pytest
from sqlalchemy import delete

from postern.actions.find_aliases import find_aliases
from postern.actions.hold_unread import hold_unread
from postern.actions.receive_mail import prepare
from postern.cli import main
from postern.demo import FEED
from postern.model.authentication import Authentication
from postern.model.envelope import Envelope, Mail
from postern.model.relationship import Relationship
from postern.storage.schema import message
from postern.wiring import build_house
from tests.mailboxes import Mailboxes, open_mailboxes, text_of
from tests.market import Way
from tests.senders import busy
from tests.serving import Installation, Record, free_port, install
from tests.visitor import Visitor

BOLT = {
    "kind": "seller",
    "id": "bolt",
    "business_name": "Bolt Bikes",
    "language": "en",
    "customer_service_address": "shop@bolt.test",
}
BUYERS = {"eve": "eve@mail.test", "kim": "kim@mail.test", "rob": "rob@robots.test", "bolt": "shop@bolt.test"}
PEOPLE: tuple[Record, ...] = (
    *FEED,
    BOLT,
    *(
        {"kind": "buyer", "id": name, "marketplace": "de", "name": "A Buyer", "address": address}
        for name, address in BUYERS.items()
    ),
)
SECONDS = 30


# ---- Over SMTP


@dataclass(frozen=True, slots=True)
class Shop:
    """A served installation, its pairs by (seller, buyer), and everybody's mailboxes."""

    installation: Installation
    mailboxes: Mailboxes
    pairs: Mapping[tuple[str, str], Relationship]

    def pair(self, buyer: str, seller: str = "acme") -> Relationship:
        return self.pairs[seller, buyer]

    def write(self, author: str, *aliases: str, text: str = "Hello", **fields: str) -> tuple[int, str]:
        """Send a mail as a mail server does. Answers the reply to its end: 250, or why it was not taken."""
        mail = EmailMessage()
        header = {"From": author, "To": ", ".join(aliases), "Subject": "Hello"} | fields
        for name, value in header.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(text)
        with smtplib.SMTP("127.0.0.1", self.installation.smtp_port, timeout=SECONDS) as client:
            try:
                client.send_message(mail, author, list(aliases))
            except smtplib.SMTPDataError as error:
                return error.smtp_code, str(error.smtp_error)
            except smtplib.SMTPRecipientsRefused as error:
                (code, words), *_ = error.recipients.values()
                return code, str(words)
        return 250, ""

    def tell(self, command: str, *arguments: str) -> object:
        """What a command prints as JSON, run as a process of its own beside the server."""
        return json.loads(self.installation.run(command, *arguments, "--json"))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("refusals")
    with open_mailboxes() as (mailboxes, port):
        installation = install(folder / "shop", f"sqlite:///{folder}/postern.db", port, {"pool_processes": 1})
        installation.import_feed(PEOPLE)
        names = [("acme", name) for name in ("ann", *BUYERS)] + [("bolt", "ann")]
        pairs = dict(zip(names, installation.find_pairs(names), strict=True))
        with installation.serving():
            yield Shop(installation, mailboxes, pairs)


def test_what_the_session_refuses_says_what_to_do(shop: Shop) -> None:
    """R16, R20, R21, R26, R30: one line of the catalogue each, and nothing of the mail is kept."""
    ann, as_buyer = shop.pair("ann"), shop.pair("bolt")
    for author, alias, status, words in (
        ("mallory@lies.test", ann.seller_alias, "5.7.1", "Write from the address of your account"),
        ("mallory@lies.test", ann.buyer_alias, "5.7.1", "Settings > Messaging permissions"),
        ("shop@bolt.test", as_buyer.seller_alias, "5.7.1", "Report infringement: https://shop.example/infringement"),
        ("ann@mail.test", "no-reply@marketplace.example", "5.1.1", "Write to the alias of the person you mean"),
        ("ann@mail.test", "nobodyknowsthis@marketplace.example", "5.1.1", "one letter off is another address"),
    ):
        code, told = shop.write(author, alias)
        assert code == 550
        assert status in told
        assert words in re.sub(r"\s*\\n5\.\d\.\d ", " ", told)
    assert shop.installation.count().messages == 0


def test_swaks_shows_a_refusal_of_two_aliases_and_takes_a_mail_to_one_of_them(shop: Shop) -> None:
    """All refused: 550 of the first. Differing verdicts: 250."""
    server = ("swaks", "--server", f"127.0.0.1:{shop.installation.smtp_port}", "--from", "mallory@lies.test")
    both = f"{shop.pair('kim').buyer_alias},{shop.pair('kim').seller_alias}"
    told = subprocess.run([*server, "--to", both], capture_output=True, text=True, timeout=60, check=False)
    assert re.search(r"<\*\* 550[ -]5\.7\.1 Mail to this buyer", told.stdout), told.stdout
    assert shop.write("kim@mail.test", shop.pair("kim").seller_alias, shop.pair("kim").buyer_alias)[0] == 250


def test_an_address_is_approved_while_the_server_runs_and_the_mail_sent_again_passes(shop: Shop) -> None:
    """R20, from refusal to arrival."""
    alias = shop.pair("eve").buyer_alias
    assert shop.write("new@acme.test", alias)[0] == 550
    listed = shop.tell("sender list", "acme")
    assert isinstance(listed, list)
    assert {"new@acme.test": "pending"}.items() <= {one["address"]: one["state"] for one in listed}.items()
    approved = {"state": "waits_for_confirmation", "changed": True, "asked": "mailed"}
    assert shop.tell("sender approve", "acme", "new@acme.test") == approved
    assert shop.write("new@acme.test", alias)[0] == 550
    question = text_of(wait_for_notice(shop, "new@acme.test", "confirm_address"))
    [path] = re.findall(r"http://127[.\d:]+(/m/confirm-sender/[\w-]+)", question)
    assert "is taken now" in Visitor(shop.installation.web_port).post(path).text
    assert shop.write("new@acme.test", alias, text="The second time")[0] == 250
    assert "The second time" in text_of(shop.mailboxes.wait_for("eve@mail.test"))
    assert shop.tell("sender block", "acme", "new@acme.test") == {"state": "blocked", "changed": True}
    code, told = shop.write("new@acme.test", alias)
    assert (code, "has blocked this address" in told) == (550, True)


def test_a_blocked_message_is_answered_250_and_bounced_and_its_story_told(shop: Shop) -> None:
    """R8, R12, R13: and a buyer's choice counts at once."""
    chosen = shop.tell("preference", "de/ann", "--block", "acme")
    assert chosen == {"opted_out": False, "blocked_sellers": ["acme"]}
    assert shop.write("help@acme.test", shop.pair("ann").buyer_alias, Message_ID="<offer@acme.test>")[0] == 250
    bounce = wait_for_notice(shop, "help@acme.test", "buyer_opted_out")
    assert "[Important]" in text_of(bounce)
    assert bounce["In-Reply-To"] == "<offer@acme.test>"
    assert "its sender was told by a bounce" in shop.installation.run("explain", "<offer@acme.test>")
    passes = shop.write("help@acme.test", shop.pair("ann").buyer_alias, text="Which number?", Subject="[Important] Your address")
    assert passes[0] == 250
    assert "Which number?" in text_of(shop.mailboxes.wait_for("ann@mail.test"))
    assert shop.write("shop@bolt.test", shop.pair("ann", "bolt").buyer_alias, text="Not Acme")[0] == 250
    assert "Not Acme" in text_of(shop.mailboxes.wait_for("ann@mail.test", 2))


class Responder:
    """A program that answers every mail in a mailbox, as an auto-responder does."""

    def __init__(self, shop: Shop, address: str, **marks: str) -> None:
        self.shop, self.address, self.marks = shop, address, marks
        self.answered: list[tuple[int, str]] = []
        self.seen = shop.mailboxes.count(address)
        self.stopped = False
        self.thread = Thread(target=self.work, daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped = True
        self.thread.join(SECONDS)

    def work(self) -> None:
        while not self.stopped:
            if self.shop.mailboxes.count(self.address) == self.seen:
                time.sleep(0.05)
                continue
            self.seen += 1
            came = self.shop.mailboxes.wait_for(self.address, self.seen)
            to = str(came["From"]).rpartition("<")[2].rstrip(">")
            reference = {"In_Reply_To": str(came["Message-ID"])}
            self.answered.append(self.shop.write(self.address, to, text="I am a robot.", **reference, **self.marks))


@pytest.mark.parametrize("marks", [{"Auto_Submitted": "auto-replied"}, {}], ids=["both are marked", "one is not"])
def test_two_auto_responders_at_both_ends_are_silent_within_two_hops(shop: Shop, marks: dict[str, str]) -> None:
    """S-13, over the doors: the mails travel through the server, its queue, and a mail server on each side."""
    alias = shop.pair("rob").seller_alias
    with (
        Responder(shop, "rob@robots.test", Auto_Submitted="auto-replied") as rob,
        Responder(shop, "help@acme.test", **marks) as acme,
    ):
        assert shop.write("rob@robots.test", alias, text=f"A person begins, {len(marks)}.")[0] == 250
        await_quiet(shop, [rob, acme])
    assert [code for code, _ in acme.answered] == [250]
    assert [code for code, _ in rob.answered] == ([] if marks else [250])


def test_the_ledger_adds_up_while_mail_comes_and_goes(shop: Shop) -> None:
    """By the command, in a process of its own, under load."""
    way = Way("kim@mail.test", shop.pair("kim").seller_alias, "help@acme.test")
    with busy(shop.installation.smtp_port, [way]) as senders:
        told = shop.tell("ledger")
    assert isinstance(told, dict)
    assert told["differences"] == []
    assert len(senders[0].account.taken) > 3


def wait_for_notice(shop: Shop, reader: str, kind: str) -> EmailMessage:
    """The first notice of this kind in a mailbox."""
    number = 1
    while True:
        mail = shop.mailboxes.wait_for(reader, number)
        if mail["X-Postern-Notice"] == kind:
            return mail
        number += 1


def await_quiet(shop: Shop, responders: list[Responder]) -> None:
    """Return once nothing waits, nobody answers, and nothing new has come for a moment."""
    deadline, before = time.monotonic() + SECONDS, -1
    while time.monotonic() < deadline:
        time.sleep(1.5)
        count = shop.installation.count()
        done = sum(len(one.answered) for one in responders) + count.messages
        if count.waiting == 0 and done == before:
            return
        before = done
    raise TimeoutError("they still write to each other")


# ---- By command


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and what it printed."""

    status: int
    out: str
    err: str

    @property
    def told(self) -> object:
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Desk:
    """An operator at an installation that is not served. Commands run in this process: one that starts costs a second."""

    config: Path
    pair: Relationship
    monkeypatch: pytest.MonkeyPatch

    def type(self, *arguments: str, stdin: bytes = b"") -> Ended:
        self.monkeypatch.setattr(sys, "argv", ["postern", *arguments, "--config", str(self.config)])
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main()
            except SystemExit as ended:
                return Ended(ended.code if isinstance(ended.code, int) else 0, out.getvalue(), err.getvalue())
        return Ended(0, out.getvalue(), err.getvalue())

    def hold(self, *aliases: str) -> list[str]:
        """Keep a mail as held unread, as `serve` does when it ended its readers. Answers the messages' names."""
        house = build_house(self.config)
        store = house.open_store()
        content = b"From: <help@acme.test>\r\nMessage-ID: <poison@acme.test>\r\nSubject: x\r\n\r\nHello\r\n"
        mail = Mail(Envelope("help@acme.test", aliases), content, house.clock.now(), Authentication())
        try:
            with store.look() as look:
                prepared = hold_unread(look, house.frame, mail)
            store.keep(prepared.change).result()
        finally:
            store.close()
        listed = self.type("held", "list", "--json").told
        assert isinstance(listed, list)
        return [one["message"] for one in listed]

    def store_digest(self) -> dict[str, str]:
        """What is in the files of the installation. SQLite's shared memory holds locks alone."""
        files = [path for path in self.config.parent.parent.rglob("*") if path.is_file() and not path.name.endswith("-shm")]
        return {str(path): sha256(path.read_bytes()).hexdigest() for path in files if path.stat().st_size}


@pytest.fixture
def desk(migrated_sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    installation = install(tmp_path / "shop", migrated_sqlite_url, free_port())
    feed = tmp_path / "feed.jsonl"
    feed.write_text("".join(json.dumps(record) + "\n" for record in PEOPLE))
    alone = Desk(installation.config, None, monkeypatch)  # type: ignore[arg-type] # nobody is imported yet
    assert alone.type("import", str(feed)).status == 0
    house = build_house(installation.config)
    store = house.open_store()
    pair = find_aliases(store, house.clock, "acme", "ann")
    store.close()
    return Desk(installation.config, pair, monkeypatch)


def test_each_command_says_in_one_line_what_is_wrong_with_what_was_typed(desk: Desk) -> None:
    """Status 2 for what cannot be meant, 4 for what is not there; never a traceback."""
    for arguments, status, words in (
        (("sender", "list", "nobody"), 4, "no seller has this id"),
        (("sender", "limit", "nobody"), 4, "no seller has this id"),
        (("sender", "add", "acme", "not an address"), 2, "needs an @"),
        (("sender", "approve", "nobody", "new@acme.test"), 4, "no seller has this id"),
        (("sender", "block", "acme", "a b@acme.test"), 2, "cannot have"),
        (("preference", "nobody"), 4, "no seller and no buyer has this id"),
        (("preference", "acme", "--opt-out"), 2, "only choose --bounce"),
        (("preference", "ann", "--no-bounce"), 2, "a seller's choice"),
        (("preference", "ann", "--block", "nobody"), 4, "no seller has the id"),
        (("held", "show", "msg_none"), 4, "no message has this name"),
        (("held", "release", "<nobody@nowhere.test>"), 4, "no message has this name"),
        (("held", "refuse", "--yes", "msg_" + "0" * 26), 4, "no message has this name"),
        (("explain", "msg_none"), 4, "no message has this name"),
        (("explain", "--from", "ann@mail.test", "msg_none"), 2, "--from needs --to"),
        (("explain", "--to", desk.pair.seller_alias, "nowhere.eml"), 2, "cannot be read"),
        (("explain", "--to", desk.pair.seller_alias, "--from", "ann\r\nX: y", "-"), 2, "--from"),
    ):
        ended = desk.type(*arguments)
        assert ended.status == status, (arguments, ended)
        assert words in re.sub(r"[\s│]+", " ", ended.err), (arguments, ended)
        assert "Traceback" not in ended.err
        assert ended.out == ""


def test_permissions_are_listed_added_blocked_and_counted(desk: Desk) -> None:
    """R20, R21."""
    added = {"state": "waits_for_confirmation", "changed": True, "asked": "mailed"}
    assert desk.type("sender", "add", "acme", "new@acme.test", "--json").told == added
    again = "Now: approved, has not confirmed yet. A link to confirm is on its way to it.\n"
    assert desk.type("sender", "add", "acme", "new@acme.test").out == again
    assert desk.type("sender", "add", "acme", "help@acme.test").out == "It may write (customer service).\n"
    assert desk.type("sender", "add", "--proposed", "acme", "three@acme.test", "--json").told == {
        "state": "waits_for_both",
        "changed": True,
        "asked": "mailed",
    }
    assert desk.type("sender", "remove", "acme", "three@acme.test").out == "Removed.\n"
    assert desk.type("sender", "remove", "acme", "three@acme.test", "--json").told == {"changed": False}
    refused = desk.type("sender", "remove", "acme", "help@acme.test")
    assert (refused.status, "take it out there, or block it" in refused.err) == (1, True)
    assert desk.type("sender", "block", "acme", "old@acme.test", "--json").told == {"state": "blocked", "changed": True}
    assert desk.type("sender", "block", "acme", "old@acme.test").out == "It was blocked already.\n"
    listed = desk.type("sender", "list", "acme", "--json").told
    assert isinstance(listed, list)
    assert [(one["address"], one["state"]) for one in listed] == [
        ("help@acme.test", "customer_service"),
        ("help@acme.test", "registered_sender"),
        ("new@acme.test", "waits_for_confirmation"),
        ("old@acme.test", "blocked"),
    ]
    assert "new@acme.test: approved, has not confirmed yet\n" in desk.type("sender", "list", "acme").out
    days = desk.type("sender", "limit", "acme", "--json").told
    assert isinstance(days, list)
    assert [(one["marketplace"], one["limit"], one["used"], one["left"]) for one in days] == [("de", 660, 0, 660)]
    assert "de, " in desk.type("sender", "limit", "acme").out


def test_preferences_are_shown_and_chosen_and_a_sellers_id_may_be_a_buyers_too(desk: Desk) -> None:
    """R8, R13. The shop's ids of sellers and buyers may well be the same numbers."""
    assert desk.type("preference", "ann", "--json").told == {"opted_out": False, "blocked_sellers": []}
    assert desk.type("preference", "ann", "--opt-out", "--block", "bolt").out == "opted out: yes\nblocked sellers: bolt\n"
    assert desk.type("preference", "de/ann", "--no-opt-out", "--unblock", "bolt", "--json").told == {
        "opted_out": False,
        "blocked_sellers": [],
    }
    assert desk.type("preference", "acme", "--no-bounce", "--json").told == {"bounce_on_opt_out": False}
    assert desk.type("preference", "acme").out == "bounce on opt out: no\n"
    assert desk.type("preference", "bolt", "--json").told == {"bounce_on_opt_out": True}
    assert desk.type("preference", "de/bolt", "--json").told == {"opted_out": False, "blocked_sellers": []}


def test_held_mail_is_listed_shown_released_and_refused(desk: Desk) -> None:
    assert desk.type("held", "list").out == "Nothing is held.\n"
    assert desk.type("ledger").status == 0
    first, second = desk.hold(desk.pair.buyer_alias, desk.pair.seller_alias)
    shown = desk.type("held", "show", first, "--json").told
    assert isinstance(shown, dict)
    assert (shown["message"], shown["reason"], shown["from"]) == (first, "ended_its_reader", "seller")
    assert shown["story"][-1] == "It is held until a person decides."
    assert f"postern held release|refuse {first}" in desk.type("held", "show", first).out
    assert desk.type("held", "release", first, "--json").told == {"message": first, "state": "queued"}
    refused = desk.type("held", "release", second)  # Acme's mail to its own alias
    assert (refused.status, "only from the buyer" in refused.err) == (1, True)
    assert desk.type("held", "refuse", second, stdin=b"n\n").status == 1
    assert desk.type("held", "refuse", second, "--yes", "--json").told == {"message": second, "state": "refused"}
    for name in (first, second):
        again = desk.type("held", "refuse", name, "--yes")
        assert (again.status, "not held" in again.err) == (4, True)
    ended = desk.type("ledger", "--json").told
    assert isinstance(ended, dict)
    assert (ended["acknowledged"], ended["differences"]) == (2, [])


def test_a_name_that_several_messages_have_decides_none_of_them(desk: Desk) -> None:
    """One mail to two buyers made two messages with one Message-ID."""
    desk.type("alias", "acme", "eve")
    eve = desk.type("alias", "acme", "eve", "--json").told
    assert isinstance(eve, dict)
    content = b"From: <help@acme.test>\nSubject: x\nMessage-ID: <both@acme.test>\n\nHello\n"
    send_into(desk, content, desk.pair.buyer_alias, str(eve["buyer_alias"]))
    told = desk.type("held", "release", "<both@acme.test>")
    assert (told.status, told.err.count("msg_")) == (4, 2)
    assert desk.type("explain", "both@acme.test").out.count("between seller acme") == 2


def send_into(desk: Desk, content: bytes, *aliases: str) -> None:
    """Keep a mail as the edge would."""
    house = build_house(desk.config)
    store = house.open_store()
    octets = content.replace(b"\n", b"\r\n")
    mail = Mail(Envelope("help@acme.test", aliases), octets, house.clock.now(), Authentication())
    with store.look() as look:
        prepared = prepare(look, house.frame, mail)
    store.keep(prepared.change).result()
    store.close()


def test_a_dry_run_tells_the_verdict_and_leaves_not_a_byte_behind(desk: Desk, tmp_path: Path) -> None:
    letter = tmp_path / "letter.eml"
    letter.write_bytes(b"From: Acme <help@acme.test>\nCc: <friend@elsewhere.test>\nSubject: x\n\n" + b"Hello\n" * 20_000)
    bare = b"Subject: x\n\nHello\n"
    desk.type("preference", "ann", "--opt-out")
    before = desk.store_digest()
    to = ("explain", "--to", desk.pair.buyer_alias)
    told = desk.type(*to, str(letter), "--json").told
    assert isinstance(told, dict)
    assert (told["verdict"], told["reason"], told["smtp"]) == ("block", "buyer_opted_out", "250 2.6.0")
    assert [(one["effect"], one["reason"]) for one in told["findings"]] == [
        ("block", "buyer_opted_out"),
        ("note", "also_sent_outside"),
    ]
    assert all(one["remedy"] for one in told["findings"])
    words = desk.type(*to, "--from", "mallory@lies.test", "-", stdin=bare)
    assert (words.status, words.out.splitlines()[0]) == (0, "It would be refused. SMTP: 550 5.7.1.")
    assert "What to do: Add the address you write from" in words.out
    passes = desk.type("explain", "--to", desk.pair.seller_alias, "--from", "ann@mail.test", "-", stdin=bare)
    assert passes.out.startswith("It would pass. SMTP: 250 2.0.0.\nIts thread: new.")
    elsewhere = desk.type("explain", "--to", "nobody@elsewhere.test", str(letter))
    assert "No such address here." in elsewhere.out
    assert desk.store_digest() == before


def test_a_ledger_with_a_difference_ends_with_status_1(desk: Desk) -> None:
    desk.hold(desk.pair.buyer_alias)
    house = build_house(desk.config)
    store = house.open_store()
    store.write(lambda transaction: transaction.execute(delete(message))).result()
    store.close()
    told = desk.type("ledger")
    assert (told.status, "Difference: messages that were answered 250: 1 and 0" in told.out) == (1, True)
    listed = desk.type("ledger", "--json")
    assert listed.status == 1
    assert isinstance(listed.told, dict)
    assert len(listed.told["differences"]) == 2
