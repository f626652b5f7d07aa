"""The opt-out, by mail: what it blocks, what passes it, and what its sender is told."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from postern.mail.tokens import make_thread_token
from postern.model.envelope import Envelope
from postern.model.identifier import new_id
from postern.model.notice import NoticeKind
from postern.model.thread import MessageState
from postern.storage import schema
from postern.storage.change import OptOutUnchanged, Stale
from postern.storage.standing import set_block, set_bounce_on_opt_out, set_opt_out
from tests.people import ACME, ORDER, START, Town
from tests.told import answering, column, entries, human_text, mail_of, notices, states

DELIVERED, BLOCKED, QUEUED = MessageState.DELIVERED, MessageState.BLOCKED, MessageState.QUEUED


def opt_out(town: Town) -> None:
    """Ann wants no unsolicited messages from any seller."""
    town.store.write(lambda transaction: set_opt_out(transaction, town.pair.buyer_id, opted_out=True)).result()


def block_acme(town: Town) -> None:
    """Ann wants none from Acme Books."""
    block = lambda transaction: set_block(transaction, town.pair.buyer_id, 1, blocked=True, now=START)  # noqa: E731
    town.store.write(block).result()


@pytest.fixture(params=[opt_out, block_acme], ids=["of all sellers", "of this seller"])
def opted_out(town: Town, request: pytest.FixtureRequest) -> Town:
    """Ann opted out."""
    choose: Callable[[Town], None] = request.param
    choose(town)
    return town


def change_order(town: Town, **columns: object) -> None:
    town.store.write(lambda transaction: transaction.execute(update(schema.order).values(columns))).result()


def customise(town: Town) -> None:
    """Ann's atlas has her name on its cover."""
    item = '[{"sku":"B1","title":"Atlas","category":"books","quantity":1,"customised":true,"service":false,"digital":false,'
    change_order(town, items=item + '"scheduled_delivery":false}]')


# ---- What it blocks


def test_an_unsolicited_message_is_answered_250_kept_as_blocked_and_bounced(opted_out: Town) -> None:
    """R8, R25."""
    town = opted_out
    prepared = town.receive(town.from_acme("Look at our new globes", Subject="New globes"))
    assert prepared.refusal is None
    assert states(town) == [BLOCKED]
    assert column(town, "message", "reason") == ["buyer_opted_out"]
    (arrival,) = town.deliver()
    bounce = mail_of(arrival)
    assert (bounce["To"], bounce["From"]) == ("help@acme.test", "Example Market <no-reply@marketplace.example>")
    assert bounce["X-Postern-Notice"] == NoticeKind.BUYER_OPTED_OUT
    assert arrival.return_path == ""  # RFC 3464 2: a bounce makes no bounce
    assert b"ann@mail.test" not in arrival.content
    assert column(town, "notice", "state") == ["delivered"]


def test_the_bounce_says_why_what_is_critical_how_to_reach_the_buyer_and_how_to_stop_bounces(town: Town) -> None:
    """R12: everything, in one mail; and for programs, as RFC 3464 says."""
    opt_out(town)
    change_order(town, name=ORDER)
    town.receive(town.from_acme(f"About {ORDER}", Subject="Your order"))
    (arrival,) = town.deliver()
    bounce = mail_of(arrival)
    text = human_text(bounce)
    for words in (
        "the buyer has opted out",
        "neither critical nor a reply",
        "[Important]",
        "original message",
        "Notification preferences",
        "Buyer opt-out",
        "Sent and Not delivered still show it",
        "/critical-messages",
    ):
        assert words in text
    status = next(part for part in bounce.walk() if part.get_content_type() == "message/delivery-status")
    fields = {name: value for block in status.get_payload() for name, value in block.items()}  # type: ignore[union-attr] # blocks
    assert (fields["Final-Recipient"], fields["Action"]) == (f"rfc822; {town.pair.buyer_alias}", "failed")
    assert fields["Status"].startswith("5.")


def test_another_seller_is_not_touched_by_a_block_of_one(town: Town) -> None:
    """R8: a block is an opt-out for one seller."""
    block_acme(town)
    bolt = town.mail(ACME, town.bolt_pair.buyer_alias, "Hello", From="<shop@bolt.test>")
    town.receive(bolt)
    assert states(town) == [QUEUED]


def test_what_the_buyer_writes_is_never_blocked(opted_out: Town) -> None:
    opted_out.receive(opted_out.from_ann())
    assert states(opted_out) == [QUEUED]


def test_a_seller_can_switch_the_bounces_off_and_nothing_else_changes(town: Town) -> None:
    """R13: no verdict, no state, no reply; the record says that nobody was told."""
    opt_out(town)
    town.store.write(lambda transaction: set_bounce_on_opt_out(transaction, 1, bounce=False)).result()
    prepared = town.receive(town.from_acme())
    assert prepared.refusal is None
    assert states(town) == [BLOCKED]
    assert town.deliver() == []
    ((kind, values),) = entries(town)
    assert (kind, values["reason"], values["told"]) == ("mail-blocked", "buyer_opted_out", False)


@pytest.mark.parametrize(
    "reverse_path, reader",
    [
        ("help@acme.test", "help@acme.test"),
        ("bounces+17@acme.test", "bounces+17@acme.test"),
        ("bounces@mail.acme.test", "bounces@mail.acme.test"),
        ("bounces@helpdesk.test", "help@acme.test"),
        ("not an address", "help@acme.test"),
    ],
)
def test_the_bounce_goes_to_the_reverse_path_if_it_is_the_authors_house_else_to_from(
    town: Town, reverse_path: str, reader: str
) -> None:
    """R13."""
    opt_out(town)
    mail = town.from_acme()
    town.receive(replace(mail, envelope=Envelope(reverse_path, mail.envelope.recipients)))
    assert [arrival.recipient for arrival in town.deliver()] == [reader]


def test_a_blocked_message_does_not_count_for_the_day(town: Town) -> None:
    """R21."""
    opt_out(town)
    town.receive(town.from_acme())
    assert sum(int(str(used)) for used in column(town, "daily_use", "used")) == 0


def test_the_same_blocked_mail_again_is_bounced_once(town: Town) -> None:
    opt_out(town)
    mail = town.from_acme()
    town.receive(mail)
    town.receive(mail)
    assert (states(town), notices(town)) == ([BLOCKED], ["buyer_opted_out"])


# ---- Replies: R9


def test_an_answer_that_names_the_buyers_mail_passes(opted_out: Town) -> None:
    """R9, by reference."""
    town = opted_out
    town.receive(town.from_ann())
    (question,) = town.deliver()
    town.receive(town.from_acme("It left today.", **answering(question)))
    assert [arrival.recipient for arrival in town.deliver()] == ["ann@mail.test"]
    assert column(town, "message", "passed_by") == [None, "reply"]


def test_an_answer_that_quotes_the_threads_token_passes(opted_out: Town) -> None:
    """R9, by the token that our mail carries, when the mail program drops the references."""
    town = opted_out
    town.receive(town.from_ann())
    (question,) = town.deliver()
    quoted = "\n".join(f"> {line}" for line in str(mail_of(question).get_content()).splitlines())
    town.receive(town.from_acme(f"It left today.\n\n{quoted}"))
    assert [arrival.recipient for arrival in town.deliver()] == ["ann@mail.test"]


def test_an_answer_passes_with_another_subject_and_long_after(opted_out: Town) -> None:
    """R9: a changed subject does not split a thread, and a thread is never closed."""
    town = opted_out
    town.receive(town.from_ann())
    (question,) = town.deliver()
    town.clock.advance(timedelta(days=700))
    town.receive(town.from_acme("Still here?", Subject="Something else", **answering(question)))
    assert [arrival.recipient for arrival in town.deliver()] == ["ann@mail.test"]


def test_naming_the_order_places_a_mail_in_the_thread_but_makes_it_no_reply(opted_out: Town) -> None:
    """R9."""
    town = opted_out
    town.receive(town.from_ann(f"Where is {ORDER}?"))
    town.deliver()
    town.receive(town.from_acme(f"About {ORDER}: would you rate us?"))
    assert states(town) == sorted([BLOCKED, DELIVERED])
    assert len(set(column(town, "message", "thread_id"))) == 1


def test_a_thread_in_which_only_the_seller_wrote_makes_no_reply(town: Town) -> None:
    """R9: the buyer must have written in it."""
    town.receive(town.from_acme("Hello", Message_ID="<first@acme.test>"))
    town.deliver()
    opt_out(town)
    town.receive(town.from_acme("Hello again", In_Reply_To="<first@acme.test>"))
    assert states(town) == sorted([BLOCKED, DELIVERED])


def test_a_robot_that_answers_for_the_buyer_starts_no_conversation(town: Town) -> None:
    """R9: a buyer, not a robot, wrote."""
    town.receive(town.from_acme("Hello", Message_ID="<first@acme.test>"))
    (first,) = town.deliver()
    town.receive(town.from_ann("I am on holiday", Auto_Submitted="auto-replied", **answering(first)))
    opt_out(town)
    town.receive(town.from_acme("Have you read it?", In_Reply_To="<first@acme.test>"))
    assert states(town) == sorted([BLOCKED, DELIVERED, MessageState.ABSORBED])


def test_references_and_tokens_of_another_pair_count_for_nothing(opted_out: Town) -> None:
    """R9."""
    town = opted_out
    town.receive(replace(town.from_ann(), envelope=Envelope("ann@mail.test", (town.bolt_pair.seller_alias,))))
    (to_bolt,) = town.deliver()
    foreign = make_thread_token(town.frame.keyring, town.bolt_pair.id, new_id())
    for text, fields in (("Hello", answering(to_bolt)), (f"Hello [pt-{foreign}]", {})):
        town.receive(town.from_acme(text, **fields))
    assert states(town) == sorted([DELIVERED, BLOCKED, BLOCKED])


# ---- Critical messages: R10


@pytest.mark.parametrize("subject", ["[Important] Your address", "Re: [IMPORTANT] x", "=?utf-8?q?=5Bimportant=5D_=C3=A4?="])
def test_important_in_the_subject_passes_while_the_pair_has_a_live_order_and_is_counted(opted_out: Town, subject: str) -> None:
    """R10."""
    town = opted_out
    town.receive(town.from_acme("Which house number?", Subject=subject))
    assert states(town) == [QUEUED]
    assert column(town, "message", "passed_by") == ["important"]


@pytest.mark.parametrize("subject", ["Important", "(Important) x", "[ Important ]", "[Importante]", "\uff3bImportant\uff3d"])
def test_anything_else_than_important_in_ascii_brackets_is_not_it(town: Town, subject: str) -> None:
    """R10."""
    opt_out(town)
    town.receive(town.from_acme(Subject=subject))
    assert states(town) == [BLOCKED]


def test_important_helps_nobody_whose_orders_are_all_cancelled_or_who_has_none(town: Town) -> None:
    """R10."""
    opt_out(town)
    change_order(town, status="cancelled")
    town.receive(town.from_acme(Subject="[Important] x"))
    bolt = town.mail(ACME, town.bolt_pair.buyer_alias, "Hello", From="<shop@bolt.test>", Subject="[Important] x")
    town.receive(bolt)
    assert states(town) == [BLOCKED, BLOCKED]


def test_a_customised_order_may_be_written_about_until_it_is_complete(opted_out: Town) -> None:
    """R10: delivered, returned, or shipped fourteen days ago is complete; cancelled is over."""
    town = opted_out
    about = f"Which name on {ORDER}?"
    town.receive(town.from_acme(about))
    customise(town)
    town.receive(town.from_acme(about))
    town.receive(town.from_acme("Which name?"))  # no order is named
    change_order(town, status="shipped", shipped_at=START - timedelta(days=13))
    town.receive(town.from_acme(about))
    change_order(town, shipped_at=START - timedelta(days=14))
    town.receive(town.from_acme(about))
    for status in ("delivered", "returned", "cancelled"):
        change_order(town, status=status)
        town.receive(town.from_acme(about))
    passed = column(town, "message", "passed_by")
    assert passed == [None, "customised", None, "customised", None, None, None, None]
    assert states(town).count(QUEUED) == 2


# ---- Changes of mind


def test_an_opt_out_between_judging_and_keeping_is_respected(town: Town) -> None:
    """The commit checks that the buyer's choice is still the one that was judged by."""
    mail = town.from_acme()
    prepared = town.judge(mail)
    opt_out(town)
    answer = town.store.keep(prepared.change).result()
    assert answer == Stale((OptOutUnchanged(town.pair.buyer_id, 0),))
    town.receive(mail)
    assert states(town) == [BLOCKED]


def test_opting_in_again_lets_everything_through(town: Town) -> None:
    opt_out(town)
    town.receive(town.from_acme("One"))
    town.store.write(lambda transaction: set_opt_out(transaction, town.pair.buyer_id, opted_out=False)).result()
    town.receive(town.from_acme("Two"))
    assert states(town) == sorted([BLOCKED, QUEUED])
