"""Messaging permissions (R20): who tried to write for a seller is listed, and approval or a block decides what comes next."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from postern.actions.add_up import add_up
from postern.actions.confirm_sender import Confirmed
from postern.actions.erase_person import Erased, erase_person
from postern.actions.import_feed import import_feed, read_feed
from postern.actions.name_person import find_correspondent_with
from postern.actions.permit_senders import FromFeed, Permission, Permitted, TooMany, find_seller_of, list_permissions
from postern.actions.receive_mail import Prepared
from postern.errors import NotFoundError
from postern.model.address import Address
from postern.model.delivery import Failed
from postern.model.limits import Limits
from postern.model.notice import NoticeState
from postern.model.permission import Asked, Standing
from postern.model.thread import MessageState
from postern.storage import schema
from postern.storage.change import Kept, Stale
from postern.storage.standing import set_bounce_on_opt_out, set_opt_out
from tests.neighbours import move_in, with_limits
from tests.people import ACME, MALLORY, START, Arrival, Town, also_to
from tests.permitting import add, block, confirm, permit, remove, unblock
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
    return [(one.address.reveal(), one.standing, one.attempts) for one in listed(town) if one.last_at]


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
    assert listed(town)[-1] == Permission(MALLORY, Standing.PENDING, 2, START + MINUTE)
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
    permit(town, Address.parse("Mallory@Lies.test"))
    assert code_of(from_mallory(town)) == "taken"


def test_one_address_may_serve_several_sellers_and_the_alias_decides_for_which(town: Town) -> None:
    """R20."""
    from_mallory(town)
    town.receive(town.mail(MALLORY, town.bolt_pair.buyer_alias, "For Bolt"))
    permit(town, MALLORY)
    assert code_of(from_mallory(town)) == "taken"
    assert code_of(town.receive(town.mail(MALLORY, town.bolt_pair.buyer_alias, "For Bolt"))) == "sender_not_registered"


# ---- Decisions


def test_once_approved_it_leaves_the_list_and_the_same_mail_passes(town: Town) -> None:
    """R20: refused mail is not kept; sending again is the seller's act."""
    mail = town.mail(MALLORY, town.pair.buyer_alias, "For Acme")
    town.receive(mail)
    permit(town, MALLORY)
    assert add(town, MALLORY) == Permitted(Standing.APPROVED_SENDER, is_new=False, asked=Asked.NOT_NEEDED)
    assert tried(town) == []
    assert listed(town)[-1] == Permission(MALLORY, Standing.APPROVED_SENDER)
    assert town.receive(mail).refusal is None
    kinds = [kind for kind, _ in entries(town) if kind not in {"notice-made", "delivery-attempted"}]
    assert kinds == ["mail-refused", "sender-added", "sender-approved", "sender-confirmed", "mail-accepted"]
    assert [one.recipient for one in town.deliver()] == ["ann@mail.test"]


def test_a_blocked_address_is_refused_and_never_listed_as_pending_again(town: Town) -> None:
    """R20."""
    from_mallory(town)
    assert block(town, MALLORY)
    assert not block(town, MALLORY)
    assert code_of(from_mallory(town)) == "sender_blocked"
    assert tried(town) == [("mallory@lies.test", "blocked", 1)]


@pytest.mark.parametrize("address", [ACME, MALLORY], ids=["listed by the feed", "approved"])
def test_a_block_holds_against_an_address_that_may_write_and_approval_takes_it_back(town: Town, address: Address) -> None:
    """R20."""
    if address is MALLORY:
        permit(town, MALLORY)
    mail = town.mail(address, town.pair.buyer_alias, "Hello")
    assert block(town, address)
    assert code_of(town.receive(mail)) == "sender_blocked"
    assert [one.standing for one in listed(town) if one.address == address] == [Standing.BLOCKED]
    answer = add(town, address)
    assert isinstance(answer, Permitted)
    assert (answer.standing.may_write, answer.is_new, answer.asked) == (True, True, Asked.NOT_NEEDED)
    assert code_of(town.receive(mail)) == "taken"


def test_a_block_between_judging_and_keeping_is_respected(town: Town) -> None:
    """The commit checks that the sender may still write."""
    prepared = town.judge(town.from_acme())
    block(town, ACME)
    assert isinstance(town.store.keep(prepared.change).result(), Stale)
    assert states(town) == []


def test_what_was_approved_or_preferred_survives_a_feed_that_does_not_speak_of_it(town: Town) -> None:
    """R8, R13, R20: the feed tells what the shop knows, and takes nobody's own choice back."""
    permit(town, MALLORY)
    town.store.write(lambda transaction: set_opt_out(transaction, town.pair.buyer_id, opted_out=True)).result()
    town.store.write(lambda transaction: set_bounce_on_opt_out(transaction, 1, bounce=False)).result()
    import_lines(town, SELLER, BUYER)
    assert [(one.address.reveal(), one.standing) for one in listed(town)][-1] == ("mallory@lies.test", "approved_sender")
    assert column(town, "buyer", "opted_out") == [True]
    assert column(town, "seller", "bounce_on_opt_out") == [False, True]
    import_lines(town, SELLER | {"bounce_on_opt_out": True}, BUYER | {"opted_out": False})
    assert column(town, "buyer", "opted_out") == [False]
    assert column(town, "seller", "bounce_on_opt_out") == [True, True]


def test_no_decision_makes_a_second_person_of_one_address(town: Town) -> None:
    """An address stands once, so that it can be erased once."""
    from_mallory(town)
    block(town, MALLORY)
    add(town, MALLORY)
    block(town, MALLORY)
    unblock(town, MALLORY)
    add(town, MALLORY)
    with town.store.look() as look:
        mark = town.store.vault.mark_address(MALLORY)
        counted = select(func.count()).where(schema.person.c.address_mark == mark)
        assert look.connection.execute(counted).scalar_one() == 1


# ---- Confirmation


ASKED = Permitted(Standing.WAITS_FOR_CONFIRMATION, is_new=True, asked=Asked.MAILED)
NEW = Address.parse("new@acme.test")
DAY = timedelta(days=1)


def mails_to(town: Town, address: Address) -> list[Arrival]:
    """What is delivered there now."""
    return [one for one in town.deliver() if one.recipient == address.reveal()]


def stands(town: Town, address: Address = NEW) -> Standing | None:
    return next((one.standing for one in listed(town) if one.address.canonical() == address.canonical()), None)


def may_write(town: Town, address: Address = NEW) -> bool:
    return code_of(town.receive(town.mail(address, town.pair.buyer_alias, "Hello"))) == "taken"


def test_an_address_that_was_approved_writes_once_it_has_confirmed_the_link_mailed_to_it(town: Town) -> None:
    """R20."""
    assert add(town, NEW) == ASKED
    assert not may_write(town)
    [arrival] = mails_to(town, NEW)
    assert b"Acme Books" in arrival.content
    assert arrival.return_path == ""
    assert confirm(town, arrival) == Confirmed(is_new=True, may_write=True)
    assert may_write(town)
    assert stands(town) is Standing.APPROVED_SENDER


def test_it_may_confirm_before_it_is_approved(town: Town) -> None:
    """R20: in either order."""
    assert add(town, NEW, approved=False) == Permitted(Standing.WAITS_FOR_BOTH, is_new=True, asked=Asked.MAILED)
    [arrival] = mails_to(town, NEW)
    assert confirm(town, arrival) == Confirmed(is_new=True, may_write=False)
    assert stands(town) is Standing.WAITS_FOR_APPROVAL
    assert not may_write(town)
    assert add(town, NEW) == Permitted(Standing.APPROVED_SENDER, is_new=True, asked=Asked.NOT_NEEDED)
    assert may_write(town)
    assert tried(town) == []


def test_a_carrier_approved_by_mistake_never_writes(town: Town) -> None:
    """R20: pending attempts must confirm too, and who does not want to does nothing."""
    from_mallory(town)
    assert add(town, MALLORY) == ASKED
    town.clock.advance(DAY)
    assert code_of(from_mallory(town)) == "sender_not_registered"
    assert [(one.standing, one.attempts) for one in listed(town) if one.address == MALLORY] == [
        (Standing.WAITS_FOR_CONFIRMATION, 1)
    ]


def test_confirming_twice_and_many_times_at_once_confirms_once(town: Town) -> None:
    add(town, NEW)
    [arrival] = mails_to(town, NEW)
    with ThreadPoolExecutor(8) as hands:
        answers = list(hands.map(lambda _: confirm(town, arrival), range(8)))
    assert sorted(one.is_new for one in answers) == [False] * 7 + [True]
    assert all(one.may_write for one in answers)
    assert [kind for kind, _ in entries(town)].count("sender-confirmed") == 1


def test_what_the_feed_lists_need_not_confirm(town: Town) -> None:
    """R20: imported senders and the customer-service address count at once."""
    assert add(town, ACME) == Permitted(Standing.CUSTOMER_SERVICE, is_new=False, asked=Asked.NOT_NEEDED)
    import_lines(town, SELLER | {"registered_senders": ["help@acme.test", "new@acme.test"]})
    assert may_write(town)
    assert add(town, NEW) == Permitted(Standing.REGISTERED_SENDER, is_new=False, asked=Asked.NOT_NEEDED)
    assert town.deliver()[1:] == []


def test_a_link_to_an_address_that_was_removed_or_blocked_since_confirms_nothing(town: Town) -> None:
    for take_back in (remove, block):
        add(town, NEW)
        [arrival] = mails_to(town, NEW)
        assert take_back(town, NEW) is True
        with pytest.raises(NotFoundError):
            confirm(town, arrival)
        assert not may_write(town)
    assert unblock(town, NEW)


def test_an_address_that_had_confirmed_is_believed_again_after_a_block(town: Town) -> None:
    permit(town, NEW)
    block(town, NEW)
    assert unblock(town, NEW)
    assert not unblock(town, NEW)
    assert not may_write(town)
    assert add(town, NEW) == Permitted(Standing.APPROVED_SENDER, is_new=True, asked=Asked.NOT_NEEDED)
    assert may_write(town)


def test_what_the_feed_lists_writes_again_once_its_block_is_lifted(town: Town) -> None:
    block(town, ACME)
    assert not may_write(town, ACME)
    assert unblock(town, ACME)
    assert may_write(town, ACME)


def test_a_blocked_address_cannot_be_proposed(town: Town) -> None:
    """R20: only an owner or manager lifts a block, by approving."""
    block(town, NEW)
    assert add(town, NEW, approved=False) == Permitted(Standing.BLOCKED, is_new=False, asked=Asked.NOT_NEEDED)
    assert town.deliver() == []
    assert stands(town) is Standing.BLOCKED


def test_a_removed_address_must_be_approved_and_confirm_anew(town: Town) -> None:
    permit(town, NEW)
    assert remove(town, NEW) is True
    assert remove(town, NEW) is False
    assert not may_write(town)
    assert add(town, NEW) == ASKED


def test_what_the_feed_lists_is_not_removed_here_and_an_attempt_is(town: Town) -> None:
    from_mallory(town)
    assert remove(town, ACME) == FromFeed()
    assert remove(town, MALLORY) is True
    assert remove(town, NEW) is False
    assert tried(town) == []
    block(town, MALLORY)
    assert remove(town, MALLORY) is False
    assert code_of(from_mallory(town)) == "sender_blocked"


def test_an_address_that_is_permitted_for_one_seller_is_not_for_another(town: Town) -> None:
    """R20: the alias decides for which."""
    permit(town, NEW)
    assert code_of(town.receive(town.mail(NEW, town.bolt_pair.buyer_alias, "For Bolt"))) == "sender_not_registered"


def test_nobodys_mailbox_is_filled_with_links_whoever_asks_for_them(town: Town) -> None:
    """`confirmation_mails`: an address gets so many a day, of all sellers together, removed and added again or not."""
    small = with_limits(town, Limits(confirmation_mails=2))
    asked = []
    for seller in ("acme", "acme", "bolt", "bolt"):
        remove(small, NEW, seller)
        answer = add(small, NEW, seller)
        assert isinstance(answer, Permitted)
        asked.append(answer.asked)
        small.deliver()
    assert asked == [Asked.MAILED, Asked.MAILED, Asked.TOO_OFTEN, Asked.TOO_OFTEN]
    town.clock.advance(DAY)
    assert add(small, NEW, "bolt") == Permitted(Standing.WAITS_FOR_CONFIRMATION, is_new=False, asked=Asked.MAILED)


def test_a_seller_has_so_many_links_mailed_a_day_and_so_many_addresses_that_wait(town: Town) -> None:
    """`seller_confirmations`, `unconfirmed_senders`."""
    small = with_limits(town, Limits(seller_confirmations=2, unconfirmed_senders=3))
    names = [Address.parse(f"{name}@acme.test") for name in ("one", "two", "three", "four")]
    answers = [add(small, name) for name in names]
    assert [one.asked if isinstance(one, Permitted) else one for one in answers] == [
        *([Asked.MAILED] * 2),
        Asked.TOO_OFTEN,
        TooMany(3),
    ]
    assert stands(town, names[3]) is None
    assert add(small, names[3], "bolt") == ASKED


def test_a_second_link_takes_the_place_of_one_that_has_not_left(town: Town) -> None:
    add(town, NEW)
    assert add(town, NEW) == Permitted(Standing.WAITS_FOR_CONFIRMATION, is_new=False, asked=Asked.MAILED)
    [arrival] = mails_to(town, NEW)
    assert confirm(town, arrival).may_write


def test_a_link_that_could_not_be_delivered_is_told_in_the_list(town: Town) -> None:
    add(town, NEW)
    town.deliver(Failed(550, "5.1.1", "no such user"))
    assert [one.mail for one in listed(town) if one.address == NEW] == [NoticeState.FAILED]


def test_every_answer_to_the_link_is_in_the_record_without_the_address(town: Town) -> None:
    permit(town, NEW)
    block(town, NEW)
    unblock(town, NEW)
    remove(town, NEW)
    told = entries(town)
    assert [kind for kind, _ in told if kind.startswith("sender-")] == [
        *("sender-added", "sender-approved", "sender-confirmed"),
        *("sender-blocked", "sender-unblocked", "sender-removed"),
    ]
    assert "new@acme" not in str(told)
    marks = {values["who"] for kind, values in told if kind.startswith("sender-")}
    assert marks == {town.store.vault.mark_address(NEW).hex()}
    with town.store.look() as look:
        assert add_up(look).differences == ()


def test_whoever_is_erased_confirms_nothing_and_leaves_nothing_here(town: Town) -> None:
    """R20, and the right to be forgotten."""
    add(town, NEW)
    [arrival] = mails_to(town, NEW)
    with town.store.look() as look:
        person_id = find_correspondent_with(look, "new@acme.test")
    assert isinstance(erase_person(town.store, town.clock, person_id), Erased)
    with pytest.raises(NotFoundError):
        confirm(town, arrival)
    for table in ("sender_permission", "confirmation_count", "notice", "document"):
        with town.store.look() as look:
            assert look.connection.execute(select(schema.metadata.tables[table])).all() == []
    assert not may_write(town)
