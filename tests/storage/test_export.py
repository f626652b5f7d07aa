"""The copy that a buyer may ask for: all of theirs, as they wrote and got it, and nothing by which to find the other side."""

import json
import zipfile
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from sqlalchemy import select

from postern.actions.erase_person import erase_person
from postern.actions.export_person import export_person
from postern.actions.report_message import Report, report_message
from postern.errors import ConfigurationError, NotFoundError
from postern.mail.tokens import LinkTarget
from postern.model.identifier import new_id
from postern.model.relationship import Side
from postern.model.remark import Door
from postern.model.report import ReportReason
from postern.storage import schema
from tests.canaries import spellings
from tests.failure_reports import to_return_path
from tests.people import BOLT, MALLORY, ON_SQLITE, ORDER, Town

OTHER_SIDE = ("help@acme.test", "acme.test", "shop@bolt.test", "bolt.test", "mallory@lies.test")


def live(town: Town) -> None:
    town.receive(town.from_ann("Where is my atlas? ann@mail.test", Subject="Atlas"))
    town.receive(town.from_acme("It left today. Write to help@acme.test!", Subject=f"Re: Atlas {ORDER}"))
    town.receive(town.from_acme("<p>Or <a href='mailto:help@acme.test'>here</a></p>", Content_Type="text/html"))
    town.receive(town.mail(BOLT, town.bolt_pair.buyer_alias, "A bell for your bicycle?"))
    town.receive(town.from_ann("A long one\n" * 20_000))
    town.receive(town.mail(MALLORY, town.pair.buyer_alias, "I am Acme"))
    town.deliver()


def read(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_buyer_gets_all_that_is_theirs(town: Town, tmp_path: Path) -> None:  # J-10
    live(town)
    assert export_person(town.store, town.clock, town.pair.buyer_id, tmp_path / "copy") == 5
    files = read(tmp_path / "copy")
    told = json.loads(files["person.json"])
    assert (told["id"], told["name"], told["address"]) == ("ann", "Ann Example", "ann@mail.test")
    assert [order["name"] for order in told["orders"]] == [ORDER]
    acme, bolt = sorted(told["relationships"], key=lambda pair: pair["seller"])
    assert (acme["seller"], acme["you_write_to"], acme["you_are_known_as"]) == (
        "Acme Books",
        town.pair.seller_alias,
        town.pair.buyer_alias,
    )
    assert [one["written_by"] for one in acme["messages"]] == ["you", "the seller", "the seller", "you"]
    assert [one["subject"] for one in bolt["messages"]] == ["A question"]
    assert acme["messages"][1]["attempts"][0]["outcome"] == "delivered"
    assert told["failures"] is None


@ON_SQLITE
def test_a_buyer_is_told_that_mail_to_them_came_back(town: Town, tmp_path: Path) -> None:  # J-10
    town.receive(town.from_acme("It left today."))
    (arrival,) = town.deliver()
    town.receive(to_return_path(town, arrival.return_path))
    export_person(town.store, town.clock, town.pair.buyer_id, tmp_path / "copy")
    told = json.loads(read(tmp_path / "copy")["person.json"])
    now = town.clock.now().isoformat()
    assert told["failures"] == {"hard": 1, "soft": 0, "last": now, "why": "no such mailbox"}
    assert told["relationships"][0]["messages"][0]["state"] == "bounced"


@ON_SQLITE
def test_the_mails_in_it_are_mails(town: Town, tmp_path: Path) -> None:
    mail = town.from_ann("Where is my atlas? ann@mail.test", Subject="Atlas")
    town.receive(mail)
    town.receive(town.from_acme("It left today."))
    (_, to_ann) = sorted(town.deliver(), key=lambda arrival: arrival.recipient == "ann@mail.test")
    export_person(town.store, town.clock, town.pair.buyer_id, tmp_path / "copy")
    mails = [content for name, content in read(tmp_path / "copy").items() if name.endswith(".eml")]
    assert mail.content in mails
    assert any(to_ann.content.endswith(one) for one in mails)
    assert all(message_from_bytes(one, policy=policy.SMTP)["Subject"] for one in mails)


@ON_SQLITE
def test_no_spelling_of_an_address_of_the_other_side_is_in_it(town: Town, tmp_path: Path) -> None:
    live(town)
    export_person(town.store, town.clock, town.pair.buyer_id, tmp_path / "copy")
    everything = b"\0".join(read(tmp_path / "copy").values()).lower()
    assert b"acme books" in everything
    assert not [secret for secret in OTHER_SIDE for one in spellings(secret) if one in everything]


@ON_SQLITE
def test_what_a_seller_wrote_and_nobody_sent_on_is_named_and_not_told(town: Town, tmp_path: Path) -> None:
    town.receive(town.from_acme("Write to help@acme.test"))
    held = schema.message.update().values(relayed_id=None, state="held")
    town.store.write(lambda transaction: transaction.execute(held)).result()
    assert export_person(town.store, town.clock, town.pair.buyer_id, tmp_path / "copy") == 0
    told = json.loads(read(tmp_path / "copy")["person.json"])
    (message,) = [one for pair in told["relationships"] for one in pair["messages"]]
    assert message["state"] == "held"
    assert "text" not in message
    assert "subject" not in message


@ON_SQLITE
def test_what_the_buyer_said_of_a_message_is_in_it(town: Town, tmp_path: Path) -> None:
    town.receive(town.from_acme("Hello"))
    with town.store.look() as look:
        message_id = look.connection.execute(select(schema.message.c.id)).scalar_one()
    report = Report(ReportReason.OTHER, "They want me to pay elsewhere")
    report_message(town.store, town.frame, LinkTarget(message_id, Side.BUYER), report, Door.MAIL_LINK, town.clock.now())
    export_person(town.store, town.clock, town.pair.buyer_id, tmp_path / "copy")
    told = json.loads(read(tmp_path / "copy")["person.json"])
    (message,) = [one for pair in told["relationships"] for one in pair["messages"]]
    assert message["your_report"] == {"reason": "other", "text": "They want me to pay elsewhere"}


@ON_SQLITE
def test_a_zip_file_holds_the_same(town: Town, tmp_path: Path) -> None:
    live(town)
    for out in (tmp_path / "copy", tmp_path / "copy.zip"):
        export_person(town.store, town.clock, town.pair.buyer_id, out)
    with zipfile.ZipFile(tmp_path / "copy.zip") as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == read(tmp_path / "copy")
    assert (tmp_path / "copy.zip").stat().st_mode & 0o777 == 0o600


@ON_SQLITE
def test_a_copy_leaves_an_entry_in_the_journal(town: Town, tmp_path: Path) -> None:
    export_person(town.store, town.clock, town.pair.buyer_id, tmp_path / "copy")
    with town.store.look() as look:
        assert look.connection.execute(select(schema.journal.c.kind)).scalars().all() == ["person-exported"]


@ON_SQLITE
def test_a_copy_replaces_nothing_and_leaves_nothing_half_made(town: Town, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    with pytest.raises(ConfigurationError, match="not replaced"):
        export_person(town.store, town.clock, town.pair.buyer_id, tmp_path / "copy")
    with pytest.raises(NotFoundError):
        export_person(town.store, town.clock, new_id(), tmp_path / "other")
    assert not (tmp_path / "other").exists()
    assert not list(tmp_path.glob(".*partial*"))


@ON_SQLITE
def test_of_an_erased_buyer_there_is_no_copy(town: Town, tmp_path: Path) -> None:
    live(town)
    town.clock.advance(timedelta(days=1))
    erase_person(town.store, town.clock, town.pair.buyer_id)
    for out in (tmp_path / "copy", tmp_path / "copy.zip"):
        with pytest.raises(NotFoundError):
            export_person(town.store, town.clock, town.pair.buyer_id, out)
        assert not out.exists()
