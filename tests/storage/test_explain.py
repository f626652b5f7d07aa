"""The story of a mail, as an operator reads it: whole, in order, and without an address."""

import re
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from postern.actions.explain import explain, find_messages
from postern.actions.find_recipient import House
from postern.actions.hold_unread import hold_unread
from postern.actions.keep_queue import drop
from postern.actions.report_message import Report, report_message
from postern.errors import NotFoundError
from postern.mail.return_path import make_return_path
from postern.mail.threading import own_message_id
from postern.mail.tokens import LinkTarget
from postern.model.delivery import Deferred, Failed
from postern.model.envelope import Envelope
from postern.model.identifier import show
from postern.model.relationship import Side
from postern.model.remark import Done, Door
from postern.model.report import ReportReason
from postern.storage import schema
from postern.storage.change import Kept
from tests.failure_reports import of_ann, standard, to_return_path
from tests.people import ORDER, START, Town


def only_message(town: Town) -> UUID:
    with town.store.look() as look:
        message_id: UUID = look.connection.execute(select(schema.message.c.id)).scalar_one()
    return message_id


def story(town: Town, name: str = "") -> list[str]:
    """What ``postern explain`` says, with the names that chance gave replaced, and nobody's address in it."""
    with town.store.look() as look:
        (message,) = find_messages(look, name or show("msg", only_message(town)))
        lines = explain(look, message)
    for hidden in ("mail.test", "acme.test", "Ann", "lies.test"):
        assert hidden not in "\n".join(lines)
    known = {town.pair.seller_alias: "SELLER-ALIAS", town.pair.buyer_alias: "BUYER-ALIAS", show("msg", message.id): "MESSAGE"}
    return [re.sub(r"thr_[a-z0-9]{26}", "THREAD", _replace(line, known)) for line in lines]


def _replace(line: str, known: dict[str, str]) -> str:
    for word, name in known.items():
        line = line.replace(word, name)
    return re.sub(r"[0-9,]+ bytes", "N bytes", line)


HEADING = "MESSAGE: from the buyer to the seller, between seller acme (SELLER-ALIAS) and buyer BUYER-ALIAS in Example Market."
ARRIVAL = [
    "2026-11-23 09:00:00 It came by SMTP, N bytes, and was answered 250: kept and queued in one commit.",
    "2026-11-23 09:00:00 Its From names the pair's buyer (taken on trust, authentication is off), so the rules let it pass.",
]
NEW_THREAD = "2026-11-23 09:00:00 It belongs to thread THREAD: nothing in it names an earlier one, so the thread is new."

IN_DOUBT = "the answer to the final dot was lost, so the next hop may have it"
HELD = (
    "Reading this mail took more time or memory than any mail may take, several times, so it is held unread. "
    "To be sure it passes, send it again in a simpler form."
)


def test_of_a_mail_that_was_deferred_and_then_delivered(town: Town) -> None:
    town.receive(town.from_ann(f"About {ORDER}"))
    town.deliver(Deferred(451, "4.3.0", "try again later"))
    town.clock.advance(timedelta(seconds=15))
    town.deliver(Deferred(0, "4.4.2", "the connection was lost", indeterminate=True))
    town.clock.advance(timedelta(seconds=60))
    town.deliver()
    assert story(town) == [
        HEADING,
        *ARRIVAL,
        NEW_THREAD.replace("THREAD:", f"THREAD, about order {ORDER}:"),
        "2026-11-23 09:00:00 Attempt 1: deferred (451 4.3.0 try again later); it will be tried again.",
        f"2026-11-23 09:00:15 Attempt 2: deferred (4.4.2 the connection was lost); it will be tried again; {IN_DOUBT}.",
        "2026-11-23 09:01:15 Attempt 3: delivered (250 2.0.0 ok).",
        "It is delivered: the next hop took it.",
    ]


def test_of_a_mail_that_still_waits_and_of_one_that_failed(town: Town) -> None:
    town.receive(town.from_ann())
    assert story(town) == [HEADING, *ARRIVAL, NEW_THREAD, "It waits in the queue."]
    town.deliver(Failed(550, "5.1.1", "no such mailbox"))
    assert story(town)[-3:] == [
        "2026-11-23 09:00:00 Attempt 1: failed (550 5.1.1 no such mailbox).",
        "2026-11-23 09:00:00 The buyer was told by a notice (delivery failed), which is queued.",
        "It was not delivered.",
    ]


def test_of_a_mail_that_came_twice(town: Town) -> None:
    mail = town.from_ann()
    town.receive(mail)
    later = START + timedelta(minutes=3)
    town.receive(replace(mail, received_at=later))
    assert story(town)[4] == "2026-11-23 09:03:00 The same mail came again; it was answered 250 and made no second message."


def test_of_a_mail_that_is_held_unread(town: Town) -> None:
    with town.store.look() as look:
        prepared = hold_unread(look, town.frame, town.from_ann())
    assert town.store.keep(prepared.change).result() == Kept()
    assert story(town) == [
        HEADING,
        f"2026-11-23 09:00:00 It came by SMTP, N bytes, and was answered 250, but is held: {HELD}",
        "It is held until a person decides.",
    ]


def test_of_a_mail_that_was_reported_and_one_that_was_dropped(town: Town) -> None:
    town.receive(town.from_ann())
    report = Report(ReportReason.SPAM, "He writes from mail.test")
    target = LinkTarget(only_message(town), Side.SELLER)
    assert report_message(town.store, town.frame, target, report, Door.MAIL_LINK, START) == Done()
    with town.store.look() as look:
        delivery_id = look.connection.execute(select(schema.delivery.c.id)).scalar_one()
    drop(town.store, town.clock, delivery_id)
    assert sorted(story(town)[4:6]) == [
        "2026-11-23 09:00:00 An operator dropped it from the queue.",
        "2026-11-23 09:00:00 The seller reported it: spam.",
    ]
    assert story(town)[-1] == "An operator took it out of the queue."


def test_of_a_mail_about_which_a_failure_report_came_back(town: Town) -> None:
    town.receive(town.from_ann())
    message_id = only_message(town)
    path = make_return_path(town.frame.keyring, message_id, START + timedelta(days=9), "marketplace.example")
    answer = replace(town.from_acme("<ann@mail.test> is no more"), envelope=Envelope("", (path,)))
    delayed = to_return_path(town, path, standard(of_ann("delayed", "4.4.1")))
    for mail in (answer, delayed, to_return_path(town, path)):
        assert town.receive(replace(mail, received_at=town.clock.now())).refusal is None
        town.clock.advance(timedelta(minutes=1))
    kept = "N bytes; it is kept with the record."
    assert story(town)[-6:] == [
        f"2026-11-23 09:00:00 A mail came back to its return path that is no report of it, {kept}",
        f"2026-11-23 09:01:00 A report came back that it is delayed (4.4.1, no answer from the server), {kept}",
        f"2026-11-23 09:02:00 A failure report came back for it (5.1.1, no such mailbox), {kept}",
        "2026-11-23 09:02:00 So it is not delivered, for good: no such mailbox; its author was told.",
        "2026-11-23 09:02:00 The buyer was told by a notice (delivery failed), which is queued.",
        "It was not delivered: it came back after the next hop had taken it.",
    ]
    assert House("report", message_id).about_id == message_id


def test_a_message_is_found_by_its_shown_name_and_by_each_message_id_it_ever_had(town: Town) -> None:
    town.receive(town.from_ann(Message_ID="<one@mail.test>"))
    message_id = only_message(town)
    ours = own_message_id(message_id, "marketplace.example")
    expected = story(town)
    shouted = "msg_" + show("msg", message_id).removeprefix("msg_").upper()
    for name in (shouted, ours, ours.strip("<>"), "<one@mail.test>", "one@mail.test"):
        assert story(town, name) == expected


NO_NAMES = ["", "msg_", "msg_x", "<>", "thr_01k" + "0" * 23, "<two@mail.test>", "\ud800", "\0", "msg_" + "z" * 26]


@pytest.mark.parametrize("name", NO_NAMES, ids=ascii)
def test_what_names_no_message_is_said_to(town: Town, name: str) -> None:
    with town.store.look() as look, pytest.raises(NotFoundError):
        find_messages(look, name)
