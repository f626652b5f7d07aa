"""What becomes of a mail at the final dot: kept, kept once, held, or refused with nothing left of it."""

import asyncio
import json
import pickle
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import cast
from uuid import UUID

import pytest
from sqlalchemy import insert, select

from postern.actions.find_recipient import Refused
from postern.actions.hold_unread import hold_unread
from postern.actions.receive_mail import Accepted, Answer, Prepared, receive
from postern.errors import DamagedError, StoreError, StoreFullError, TokenError
from postern.mail.tokens import read_link_token
from postern.model.address import Address
from postern.model.envelope import Envelope, Mail
from postern.model.limits import Limits
from postern.model.relationship import Side
from postern.policy import reasons
from postern.storage import schema
from postern.storage.change import Change, Kept, Outcome, SenderApproved, Stale
from postern.storage.documents import compute_commitments, find_document
from postern.storage.people import person_row
from postern.storage.store import Transaction
from tests.people import ACME, ANN, BOLT, MALLORY, ORDER, START, Town, also_to
from tests.people import town as found_town

CANARY = "quetzalcoatlus"


def rows(town: Town, table: str) -> list[dict[str, object]]:
    with town.store.look() as look:
        return [dict(row) for row in look.connection.execute(select(schema.metadata.tables[table])).mappings()]


def told(town: Town) -> list[tuple[str, dict[str, object]]]:
    """The journal in plain values."""
    entries = [(row["kind"], json.loads(cast("str", row["fields"]))) for row in rows(town, "journal")]
    return [(str(kind), {name: json.loads(value) for name, _, value in fields}) for kind, fields in entries]


def read(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=SMTP)


def sender(content: bytes) -> tuple[str, str]:
    """The one author that another program reads in From."""
    (author,) = read(content)["From"].addresses
    return author.display_name, author.addr_spec


def everything_kept(town: Town, folder: Path) -> bytes:
    """Every value of every table, and every file beside it."""
    values = [value for table in schema.metadata.tables for row in rows(town, table) for value in row.values()]
    octets = [value if isinstance(value, bytes) else str(value).encode() for value in values]
    return b"\0".join([*octets, *(path.read_bytes() for path in folder.rglob("*") if path.is_file())]).lower()


def operator(town: Town) -> None:
    vault = town.store.vault
    person = person_row(vault, "operator", Address.parse("ops@house.test"))
    town.store.write(lambda transaction: transaction.execute(insert(schema.person), person)).result()


# ---- To and fro: R14, R20, R24, R26, R28


def test_a_buyers_mail_goes_to_the_customer_service_address_under_the_buyers_alias(town: Town) -> None:
    """R14."""
    town.receive(town.from_ann())
    (arrival,) = town.deliver()
    assert arrival.recipient == "help@acme.test"
    assert read(arrival.content)["To"] == "help@acme.test"
    assert sender(arrival.content) == ("Ann Example - Example Market", town.pair.buyer_alias)


def test_a_sellers_mail_names_the_business_and_not_the_marketplace_in_from(town: Town) -> None:
    """R28."""
    town.receive(town.from_acme())
    (arrival,) = town.deliver()
    assert arrival.recipient == "ann@mail.test"
    assert sender(arrival.content) == ("Acme Books", town.pair.seller_alias)
    body = read(arrival.content).get_body(("plain",))
    assert body is not None
    assert "Acme Books" in body.get_content()


def test_a_message_may_come_without_an_order_and_one_that_names_its_order_says_what_was_bought(town: Town) -> None:
    """R24."""
    town.receive(town.from_ann("Do you have globes?"))
    town.receive(town.from_ann(f"About {ORDER}: where is it?"))
    without, named = [arrival.content for arrival in town.deliver()]
    assert b"Atlas" not in without
    assert b"2 x Atlas" in named
    assert sorted(row["order_id"] is None for row in rows(town, "message")) == [False, True]


def test_the_alias_decides_who_writes_whatever_else_the_author_is(town: Town) -> None:
    """R26: Acme's own address, written to Bolt's alias for Ann, is not Ann's; nor is Ann's, written to her own alias, Acme's."""
    for mail in (town.mail(ACME, town.bolt_pair.seller_alias, "Buy me"), town.mail(ANN, town.pair.buyer_alias, "Hello me")):
        assert town.judge(mail).refusal is not None
    to_bolt = town.judge(town.mail(ANN, town.bolt_pair.seller_alias, "Hello"))
    assert to_bolt.refusal is None
    assert to_bolt.change.seller_id == 2


def test_a_registered_sender_writes_for_the_seller_from_any_envelope_and_in_any_case(town: Town) -> None:
    """R20: helpdesks have envelope senders of their own."""
    mail = town.from_acme(From="Help <HELP@Acme.Test>")
    town.receive(replace(mail, envelope=Envelope("bounces+17@helpdesk.test", mail.envelope.recipients)))
    assert len(town.deliver()) == 1


def test_the_links_in_a_mail_work_as_many_days_as_the_limit_names(store_url: str, tmp_path: Path) -> None:
    with found_town(store_url, tmp_path, Limits(link_days=3)) as town:
        town.receive(town.from_ann())
        (arrival,) = town.deliver()
        body = read(arrival.content).get_body(("plain",))
        assert body is not None
        (token,) = re.findall(r"/m/report/([\w-]+)", body.get_content().replace("\n", ""))
        assert read_link_token(town.frame.keyring, "report", token, START + timedelta(days=3)).side is Side.SELLER
        with pytest.raises(TokenError):
            read_link_token(town.frame.keyring, "report", token, START + timedelta(days=3, hours=1, seconds=1))


# ---- Refusals: R16, R20


@pytest.mark.parametrize("author", [MALLORY, BOLT, ANN], ids=["a stranger", "another seller", "the buyer"])
def test_mail_to_a_buyer_from_an_unregistered_sender_is_refused_with_what_to_do(town: Town, author: Address) -> None:
    prepared = town.receive(town.mail(author, town.pair.buyer_alias, "Hello"))
    assert prepared.refusal == reasons.Cause(reasons.SENDER_NOT_REGISTERED)
    assert (prepared.refusal.reason.status, prepared.refusal.reason.enhanced) == (550, "5.7.1")
    assert "Messaging permissions" in prepared.refusal.remedy("en")
    assert town.deliver() == []


@pytest.mark.parametrize("author", [MALLORY, ACME, BOLT], ids=["a carrier, say", "the seller", "another seller"])
def test_mail_to_a_sellers_alias_from_anyone_but_its_buyer_is_refused(town: Town, author: Address) -> None:
    prepared = town.receive(town.mail(author, town.pair.seller_alias, "Hello"))
    assert prepared.refusal == reasons.Cause(reasons.NOT_THE_BUYER)
    assert "address of your account, or answer on the web" in prepared.refusal.remedy("en")
    assert rows(town, "message") == rows(town, "document") == []


@pytest.mark.parametrize(
    "fields",
    [
        {"From": ""},
        {"From": "<ann@mail.test>, <mallory@lies.test>"},
        {"From": "Ann"},
        {"From": '"ann@mail.test" <mallory@lies.test>'},
        {"From": "<>"},
        {"From": "<mallory@lies.test>\r\nFrom: <ann@mail.test>"},
        {"From": "<ann@mail.test>\r\nfrom: <ann@mail.test>"},
        {"From": "<mallory@lies.test>", "Sender": "<ann@mail.test>", "Reply_To": "<ann@mail.test>"},
    ],
    ids=str,
)
def test_two_authors_or_none_or_a_name_that_looks_like_one_is_not_ann(town: Town, fields: dict[str, str]) -> None:
    assert town.judge(town.from_ann(**fields)).refusal in {
        reasons.Cause(reasons.NO_SINGLE_AUTHOR),
        reasons.Cause(reasons.NOT_THE_BUYER),
    }


@pytest.mark.parametrize("padding", [0, 100_000], ids=["small", "large enough for a blob"])
def test_nothing_of_a_refused_mail_is_kept_anywhere(town: Town, tmp_path: Path, padding: int) -> None:
    """R16, R20, R25: who (marked), alias, reason, size and a keyed digest, and no word of it."""
    text = f"{CANARY} body\n{'x' * 70}\n" * (1 + padding // 80)
    mail = town.mail(MALLORY, town.pair.buyer_alias, text, Subject=f"{CANARY} subject")
    assert town.receive(mail).refusal is not None
    ((kind, values),) = told(town)
    assert kind == "mail-refused"
    assert values["reason"] == "sender_not_registered"
    assert values["size"] == len(mail.content)
    kept = everything_kept(town, tmp_path)
    assert b"sender_not_registered" in kept  # the search does find what is there
    for word in (CANARY.encode(), b"mallory", b"lies.test"):
        assert word not in kept
    assert rows(town, "message") == rows(town, "document") == rows(town, "delivery") == []


# ---- Repeats


def test_the_same_mail_twice_is_one_message_and_the_second_is_answered_250(town: Town) -> None:
    mail = town.from_ann()
    town.receive(mail)
    again = town.receive(mail)
    assert again.refusal is None
    assert not again.queued
    assert len(rows(town, "message")) == len(rows(town, "delivery")) == 1
    assert sorted(kind for kind, _ in told(town)) == ["mail-accepted", "mail-repeated"]


def test_a_repeat_over_another_road_has_other_trace_fields_and_is_still_known(town: Town) -> None:
    for message_id in ("<one@mail.test>", ""):
        mail = town.from_ann(Message_ID=message_id, Received="from a by b; now")
        other_road = replace(mail, content=mail.content.replace(b"from a by b; now", b"from c\r\n\tby d; later"))
        town.receive(mail)
        town.receive(other_road)
    assert len(rows(town, "message")) == 2


def test_the_same_message_id_with_another_body_is_another_mail(town: Town) -> None:
    town.receive(town.from_ann("One", Message_ID="<same@mail.test>"))
    town.receive(town.from_ann("Two", Message_ID="<same@mail.test>"))
    assert len(rows(town, "message")) == len(rows(town, "delivery")) == 2


def test_without_a_message_id_only_the_whole_mail_is_a_repeat(town: Town) -> None:
    for subject in ("One", "One", "Two"):
        town.receive(town.from_ann("The same words", Message_ID="", Subject=subject))
    assert len(rows(town, "message")) == 2


def test_the_same_mail_to_two_pairs_is_a_message_in_each(town: Town) -> None:
    mail = town.from_ann(Message_ID="<same@mail.test>")
    town.receive(mail)
    town.receive(replace(mail, envelope=Envelope("ann@mail.test", (town.bolt_pair.seller_alias,))))
    assert sorted(cast("int", row["seller_id"]) for row in rows(town, "message")) == [1, 2]


# ---- Several recipients


def test_each_recipient_has_a_verdict_of_its_own_and_the_mail_is_answered_once(town: Town) -> None:
    mail = also_to(town.from_ann(), "abuse@marketplace.example", town.pair.buyer_alias)
    prepared = town.receive(mail)
    assert prepared.refusal is None  # mixed: 250
    assert len(rows(town, "message")) == 1
    assert len(rows(town, "house_mail")) == 1
    assert sorted(kind for kind, _ in told(town)) == ["house-mail-accepted", "mail-accepted", "mail-refused-beside"]
    assert [arrival.recipient for arrival in town.deliver()] == ["help@acme.test"]


def test_a_mail_that_every_recipient_refuses_is_refused_with_the_first_reason(town: Town) -> None:
    mail = town.mail(MALLORY, town.pair.seller_alias, "Hello")
    assert town.receive(also_to(mail, town.pair.buyer_alias)).refusal == reasons.Cause(reasons.NOT_THE_BUYER)
    backwards = town.mail(MALLORY, town.pair.buyer_alias, "Hello")
    assert town.receive(also_to(backwards, town.pair.seller_alias)).refusal == reasons.Cause(reasons.SENDER_NOT_REGISTERED)
    assert [kind for kind, _ in told(town)] == ["mail-refused"] * 4


def test_one_alias_named_twice_is_one_recipient(town: Town) -> None:
    town.receive(also_to(town.from_ann(), town.pair.seller_alias.upper(), town.pair.seller_alias))
    assert len(rows(town, "message")) == len(rows(town, "delivery")) == 1


def test_an_alias_that_ended_between_rcpt_and_data_is_unknown(town: Town) -> None:
    mail = town.from_ann()
    ended = schema.relationship.update().where(schema.relationship.c.id == town.pair.id).values(ended_at=START)
    town.store.write(lambda transaction: transaction.execute(ended)).result()
    prepared = town.receive(mail)
    assert prepared.refusal == reasons.Cause(reasons.UNKNOWN_ALIAS)
    assert town.receive(also_to(mail, "postmaster@marketplace.example")).refusal is None
    assert rows(town, "message") == []


# ---- Loops, and the house


def test_a_mail_that_went_in_circles_is_refused_and_one_just_below_is_not(store_url: str, tmp_path: Path) -> None:
    """RFC 5321 6.3."""
    limits = Limits(received_fields=3)
    with found_town(store_url, tmp_path, limits) as town:
        for recipient in (town.pair.seller_alias, "postmaster@marketplace.example"):
            mail = replace(town.from_ann(f"For {recipient[:4]}"), envelope=Envelope("ann@mail.test", (recipient,)))
            looping = replace(mail, content=b"Received: by a\r\n" * 4 + mail.content)
            assert town.judge(looping).refusal == reasons.Cause(reasons.LOOP)
            allowed = replace(mail, content=b"Received: by a\r\n" * 3 + mail.content)
            assert town.judge(allowed).refusal is None


def test_mail_for_the_house_goes_on_to_the_operator_from_the_null_sender_once(town: Town) -> None:
    operator(town)
    mail = town.mail(MALLORY, "postmaster@marketplace.example", "Your server is on fire")
    town.receive(mail)
    town.receive(mail)
    (arrival,) = town.deliver()
    assert arrival.recipient == "ops@house.test"
    assert arrival.return_path == ""
    assert arrival.content.endswith(mail.content)
    assert len(rows(town, "house_mail")) == 1


# ---- Poison: a mail that ended its readers


def hold(town: Town, mail: Mail) -> Prepared:
    with town.store.look() as look:
        return hold_unread(look, town.frame, mail)


def test_a_mail_that_ended_its_readers_is_kept_as_it_came_and_goes_nowhere(town: Town) -> None:
    mail = town.from_ann(f"{CANARY} \0 poison")
    prepared = hold(town, mail)
    assert prepared.refusal is None
    assert not prepared.queued
    assert town.store.keep(prepared.change).result() == Kept()
    (message,) = rows(town, "message")
    assert (message["state"], message["reason"]) == ("held", "ended_its_reader")
    assert rows(town, "delivery") == []
    with town.store.look() as look:
        assert find_document(look, 1, message["original_id"]) == mail.content  # type: ignore[arg-type]


def test_a_mail_that_ends_its_readers_again_when_it_is_repeated_is_answered_250_and_kept_once(town: Town) -> None:
    """Its sender may have missed the first answer, and must not be told to try again for ever."""
    mail = town.from_ann("poison")

    async def read_in_vain(mail: Mail) -> Prepared:
        return hold(town, mail)

    for _ in range(2):
        assert asyncio.run(receive(mail, read_in_vain, lambda prepared: kept(town, prepared.change), 3)) == Accepted(queued=False)
    assert len(rows(town, "message")) == 1
    assert sorted(kind for kind, _ in told(town)) == ["mail-held", "mail-repeated"]


def test_a_mail_that_ends_its_readers_is_kept_for_the_house_too(town: Town) -> None:
    """Nothing reads what the house is sent, so nothing is in the way of keeping it: 250 means kept."""
    operator(town)
    mail = also_to(town.from_ann("poison"), "abuse@marketplace.example")
    assert town.store.keep(hold(town, mail).change).result() == Kept()
    assert len(rows(town, "message")) == len(rows(town, "house_mail")) == 1
    to_house = replace(mail, envelope=Envelope("", ("postmaster@marketplace.example",)))
    assert hold(town, to_house).refusal is None


def test_a_mail_that_ends_its_readers_and_was_for_nobody_is_refused(town: Town) -> None:
    nobody = replace(town.from_ann(), envelope=Envelope("", ("0" * 15 + "@marketplace.example",)))
    refusal = hold(town, nobody).refusal
    assert refusal is not None
    assert refusal.reason.status == 550


# ---- Keeping


async def kept(town: Town, change: Change) -> Outcome:
    return await asyncio.wrap_future(town.store.keep(change))


def answer_of(town: Town, *outcomes: Outcome | Exception, tries: int = 3) -> tuple[Answer, int]:
    """What ``receive`` answers where the store answers so, one after the other, and how often the mail was prepared."""
    prepared_times = 0
    left: Iterable[Outcome | Exception] = iter(outcomes)

    async def prepare_elsewhere(mail: Mail) -> Prepared:
        nonlocal prepared_times
        prepared_times += 1
        return town.judge(mail)

    async def keep(_prepared: Prepared) -> Outcome:
        outcome = next(iter(left))
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return asyncio.run(receive(town.from_ann(), prepare_elsewhere, keep, tries)), prepared_times


STALE = Stale((SenderApproved(1, START),))  # type: ignore[arg-type]


def test_a_change_that_went_stale_is_prepared_anew_and_then_kept(town: Town) -> None:
    assert answer_of(town, STALE, STALE, Kept()) == (Accepted(queued=True), 3)


def test_a_change_that_is_always_stale_is_answered_451_after_the_named_number_of_retries(town: Town) -> None:
    tries = Limits(stale_retries=1).stale_retries + 1
    assert answer_of(town, *[STALE] * 9, tries=tries) == (Refused(reasons.Cause(reasons.TRY_AGAIN)), 2)
    assert reasons.TRY_AGAIN.status == 451


def test_a_store_that_is_away_is_451_and_one_that_is_full_452(town: Town) -> None:
    assert answer_of(town, StoreError("away")) == (Refused(reasons.Cause(reasons.TRY_AGAIN)), 1)
    assert answer_of(town, StoreFullError("full")) == (Refused(reasons.Cause(reasons.NO_ROOM)), 1)
    assert reasons.NO_ROOM.status == 452


def test_a_key_that_does_not_open_is_451_and_not_the_end_of_the_session(town: Town) -> None:
    """The operator may have started with the wrong key file; the sending server keeps the mail until that is mended."""
    assert answer_of(town, DamagedError("a master key is not in the key file")) == (Refused(reasons.Cause(reasons.TRY_AGAIN)), 1)
    destroyed = schema.person.update().where(schema.person.c.kind == "buyer").values(wrapped_key=b"\x09broken")
    town.store.write(lambda transaction: transaction.execute(destroyed)).result()
    assert answer_of(town, Kept()) == (Refused(reasons.Cause(reasons.TRY_AGAIN)), 1)


def test_a_sender_removed_while_the_mail_was_read_is_refused_at_the_second_look(town: Town) -> None:
    """R20: the guard of the commit sees it, and the mail is judged again by today's facts."""
    removed = False

    async def prepare_elsewhere(mail: Mail) -> Prepared:
        nonlocal removed
        prepared = town.judge(mail)
        if not removed:
            removed = True
            town.store.write(remove_acme).result()
        return prepared

    answer = asyncio.run(receive(town.from_acme(), prepare_elsewhere, lambda prepared: kept(town, prepared.change), 3))
    assert answer == Refused(reasons.Cause(reasons.SENDER_NOT_REGISTERED))
    assert rows(town, "message") == []


def remove_acme(transaction: Transaction) -> None:
    transaction.execute(schema.seller_address.delete().where(schema.seller_address.c.seller_id == 1))


def test_what_is_prepared_can_travel_between_processes(town: Town) -> None:
    prepared = town.judge(town.from_ann())
    assert pickle.loads(pickle.dumps(prepared)) == prepared  # noqa: S301
    assert Side.BUYER in {row.values.get("author") for row in prepared.change.rows}


# ---- What was delivered


def test_what_is_kept_of_a_relayed_mail_is_what_left_less_to_and_signature(town: Town) -> None:  # J-08
    town.receive(town.from_ann())
    (arrival,) = town.deliver()
    (message,) = rows(town, "message")
    with town.store.look() as look:
        kept = find_document(look, 1, cast("UUID", message["relayed_id"]))
    assert arrival.content == b"To: help@acme.test\r\n" + kept
    committed = next(values["relayed"] for kind, values in told(town) if kind == "mail-accepted")
    with town.store.look() as look:
        key = (1, cast("UUID", message["relayed_id"]))
        assert compute_commitments(look, [key]) == {key: committed}
