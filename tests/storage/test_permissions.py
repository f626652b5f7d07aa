"""Messaging permissions (R20): who tried to write for a seller is listed, and approval or a block decides what comes next."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from postern.actions.import_feed import import_feed, read_feed
from postern.actions.permit_senders import Permission, approve_sender, block_sender, find_seller_of, list_permissions
from postern.actions.receive_mail import Prepared
from postern.model.address import Address
from postern.model.limits import Limits
from postern.model.thread import MessageState
from postern.storage import schema
from postern.storage.change import Kept, Stale
from postern.storage.standing import set_bounce_on_opt_out, set_opt_out
from tests.neighbours import move_in, with_limits
from tests.people import ACME, MALLORY, START, Town, also_to
from tests.told import column, entries, states

QUEUED = MessageState.QUEUED
MINUTE = timedelta(minutes=1)
SELLER = {
    "kind": "seller",
    "id": "acme",
    "business_name": "Acme Books",
    "language": "en",
    "customer_service_address": "help@acme.test",
    "registered_senders": ["help@acme.test"],
}
BUYER = {"kind": "buyer", "id": "ann", "marketplace": "de", "name": "Ann Example", "address": "ann@mail.test"}


def from_mallory(town: Town, text: str = "I write for Acme") -> Prepared:
    """What becomes of a mail that Mallory writes to Ann as if for Acme."""
    return town.receive(town.mail(MALLORY, town.pair.buyer_alias, text))


def listed(town: Town, seller: str = "acme") -> list[Permission]:
    """What `postern sender list` shows."""
    with town.store.look() as look:
        return list_permissions(look, find_seller_of(look, seller))


def tried(town: Town) -> list[tuple[str, str, int]]:
    """The addresses that tried: state and count."""
    return [(one.address.reveal(), one.state, one.attempts) for one in listed(town) if one.last_at]


def approve(town: Town, address: Address = MALLORY) -> bool:
    with town.store.look() as look:
        seller = find_seller_of(look, "acme")
    return approve_sender(town.store, seller, address, town.clock.now(), "operator")


def block(town: Town, address: Address = MALLORY) -> bool:
    with town.store.look() as look:
        seller = find_seller_of(look, "acme")
    return block_sender(town.store, seller, address, town.clock.now(), "operator")


def code_of(prepared: Prepared) -> str:
    return prepared.refusal.reason.code if prepared.refusal else "taken"


def import_lines(town: Town, *records: object) -> None:
    feed = io.BytesIO("".join(json.dumps(record) + "\n" for record in records).encode())
    with closing(read_feed(town.store, "feed", feed)) as checked:
        import_feed(town.store, checked)


# ---- Attempts


def test_an_unregistered_address_is_refused_and_listed_with_count_and_times_and_nothing_of_the_mail(town: Town) -> None:
    """R20, R25."""
    assert code_of(from_mallory(town, "A secret plan")) == "sender_not_registered"
    town.clock.advance(MINUTE)
    from_mallory(town, "Another secret plan")
    assert listed(town)[-1] == Permission(MALLORY, "pending", 2, START + MINUTE)
    assert column(town, "sender_attempt", "first_at") == [START]
    assert states(town) == []
    assert column(town, "document", "id") == []
    assert "secret" not in str(entries(town))
    assert "lies.test" not in str(entries(town))


def test_a_mail_to_several_buyers_is_one_attempt(town: Town) -> None:
    """It is one mail, refused at once; and it is refused, not put off."""
    mail = town.mail(MALLORY, town.pair.buyer_alias, "To all of you")
    town.receive(also_to(mail, move_in(town, "eve").buyer_alias, move_in(town, "kim").buyer_alias))
    assert tried(town) == [("mallory@lies.test", "pending", 1)]
    assert code_of(town.receive(also_to(mail, move_in(town, "joe").buyer_alias))) == "sender_not_registered"
    assert tried(town) == [("mallory@lies.test", "pending", 2)]


def test_a_mail_to_a_buyer_and_a_seller_by_a_stranger_lists_the_attempt_at_the_buyer(town: Town) -> None:
    mail = town.mail(MALLORY, town.pair.seller_alias, "To both of you")
    assert code_of(town.receive(also_to(mail, town.pair.buyer_alias))) == "not_the_buyer"
    assert tried(town) == [("mallory@lies.test", "pending", 1)]


def test_a_full_list_takes_no_more_and_counts_those_it_has(town: Town) -> None:
    """`pending_senders`."""
    small = with_limits(town, Limits(pending_senders=2))
    for name in ("one", "two", "three", "one"):
        mail = small.mail(Address.parse(f"{name}@lies.test"), town.pair.buyer_alias, "Hello")
        assert code_of(small.receive(mail)) == "sender_not_registered"
    assert sorted(tried(town)) == [("one@lies.test", "pending", 2), ("two@lies.test", "pending", 1)]


def test_two_at_once_make_one_line(town: Town) -> None:
    """The second is told that the facts changed, looks again, and counts."""
    first, second = (town.judge(town.mail(MALLORY, town.pair.buyer_alias, text)) for text in ("One", "Two"))
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda prepared: town.store.keep(prepared.change).result(), (first, second)))
    assert {type(one) for one in answers} == {Kept, Stale}
    from_mallory(town, "Two")
    assert tried(town) == [("mallory@lies.test", "pending", 2)]


def test_an_address_is_one_whatever_its_case(town: Town) -> None:
    from_mallory(town)
    town.receive(town.mail(Address.parse("MALLORY@lies.test"), town.pair.buyer_alias, "Again"))
    assert tried(town) == [("mallory@lies.test", "pending", 2)]
    assert approve(town, Address.parse("Mallory@Lies.test"))
    assert code_of(from_mallory(town)) == "taken"


def test_one_address_may_serve_several_sellers_and_the_alias_decides_for_which(town: Town) -> None:
    """R20."""
    from_mallory(town)
    town.receive(town.mail(MALLORY, town.bolt_pair.buyer_alias, "For Bolt"))
    approve(town)
    assert code_of(from_mallory(town)) == "taken"
    assert code_of(town.receive(town.mail(MALLORY, town.bolt_pair.buyer_alias, "For Bolt"))) == "sender_not_registered"


# ---- Decisions


def test_once_approved_it_leaves_the_list_and_the_same_mail_passes(town: Town) -> None:
    """R20: refused mail is not kept; sending again is the seller's act."""
    mail = town.mail(MALLORY, town.pair.buyer_alias, "For Acme")
    town.receive(mail)
    assert approve(town)
    assert not approve(town)
    assert tried(town) == []
    assert listed(town)[-1] == Permission(MALLORY, "approved_sender")
    assert town.receive(mail).refusal is None
    assert [kind for kind, _ in entries(town)] == ["mail-refused", "sender-approved", "mail-accepted"]
    assert [one.recipient for one in town.deliver()] == ["ann@mail.test"]


def test_a_blocked_address_is_refused_and_never_listed_as_pending_again(town: Town) -> None:
    """R20."""
    from_mallory(town)
    assert block(town)
    assert not block(town)
    assert code_of(from_mallory(town)) == "sender_blocked"
    assert tried(town) == [("mallory@lies.test", "blocked", 1)]


@pytest.mark.parametrize("address", [ACME, MALLORY], ids=["listed by the feed", "approved"])
def test_a_block_holds_against_an_address_that_may_write_and_approval_takes_it_back(town: Town, address: Address) -> None:
    """R20."""
    if address is MALLORY:
        approve(town)
    mail = town.mail(address, town.pair.buyer_alias, "Hello")
    assert block(town, address)
    assert code_of(town.receive(mail)) == "sender_blocked"
    assert approve(town, address)
    assert code_of(town.receive(mail)) == "taken"
    assert not approve(town, address)


def test_a_block_between_judging_and_keeping_is_respected(town: Town) -> None:
    """The commit checks that the sender may still write."""
    prepared = town.judge(town.from_acme())
    block(town, ACME)
    assert isinstance(town.store.keep(prepared.change).result(), Stale)
    assert states(town) == []


def test_what_was_approved_or_preferred_survives_a_feed_that_does_not_speak_of_it(town: Town) -> None:
    """R8, R13, R20: the feed tells what the shop knows, and takes nobody's own choice back."""
    approve(town)
    town.store.write(lambda transaction: set_opt_out(transaction, town.pair.buyer_id, opted_out=True)).result()
    town.store.write(lambda transaction: set_bounce_on_opt_out(transaction, 1, bounce=False)).result()
    import_lines(town, SELLER, BUYER)
    assert [(one.address.reveal(), one.state) for one in listed(town)][-1] == ("mallory@lies.test", "approved_sender")
    assert column(town, "buyer", "opted_out") == [True]
    assert column(town, "seller", "bounce_on_opt_out") == [False, True]
    import_lines(town, SELLER | {"bounce_on_opt_out": True}, BUYER | {"opted_out": False})
    assert column(town, "buyer", "opted_out") == [False]
    assert column(town, "seller", "bounce_on_opt_out") == [True, True]


def test_no_decision_makes_a_second_person_of_one_address(town: Town) -> None:
    """An address stands once, so that it can be erased once."""
    from_mallory(town)
    block(town)
    approve(town)
    block(town)
    with town.store.look() as look:
        mark = town.store.vault.mark_address(MALLORY)
        counted = select(func.count()).where(schema.person.c.address_mark == mark)
        assert look.connection.execute(counted).scalar_one() == 1
