"""R11: what messages are misused for, where it is tried: by mail, with [Important], and by a contact reason."""

import json

import pytest
from sqlalchemy import select

from postern.policy.verdict import Effect
from postern.storage import schema
from postern.storage.journal import IMPORTANT_MISUSED
from postern.storage.threads import find_message
from tests.people import Town
from tests.posting import by_reason, change_order, check, in_thread, opt_out, post, posted, refused_for

BEGGING = "Please leave a review for our shop."
GOOD = "Please give us a 5 star review."
LATE = "Your order will be delayed by a week."


def notices(town: Town) -> list[str]:
    with town.store.look() as look:
        return list(look.connection.execute(select(schema.notice.c.kind)).scalars())


def entries(town: Town, kind: str) -> list[dict[str, object]]:
    with town.store.look() as look:
        found = look.connection.execute(select(schema.journal.c.fields).where(schema.journal.c.kind == kind)).scalars().all()
    return [{name: json.loads(value) for name, _, value in json.loads(one)} for one in found]


def test_a_mail_that_asks_for_a_good_review_is_refused_and_told_what_to_do(town: Town) -> None:
    refusal = town.receive(town.from_acme(GOOD)).refusal
    assert refusal
    assert refusal.reason.code == "good_review"
    assert "honest review" in refusal.remedy("en")


def test_what_is_only_warned_of_passes_and_its_sender_is_told_once_a_day(town: Town) -> None:
    for _ in range(2):
        assert town.receive(town.from_acme(BEGGING)).queued
    assert notices(town) == ["misused"]
    warning = next(arrival for arrival in town.deliver() if b"no-reply@" in arrival.content)
    assert b"seems to ask for a review" in warning.content
    assert warning.recipient == "help@acme.test"


def test_an_answer_to_the_buyer_may_say_what_it_likes(town: Town) -> None:
    question = town.from_ann("Where is it?")
    town.receive(question)
    (arrival,) = town.deliver()
    name = next(line for line in arrival.content.decode().split("\r\n") if line.startswith("Message-ID:")).partition(" ")[2]
    assert town.receive(town.from_acme(LATE, In_Reply_To=name)).queued
    assert notices(town) == []


def test_a_reply_box_in_which_the_buyer_never_wrote_is_no_answer(town: Town) -> None:
    first = posted(post(town, by_reason(town, "order_details", message="Blue or black?")))
    with town.store.look() as look:
        message = find_message(look, first.message_id)
    assert message
    assert refused_for(post(town, in_thread(town, message.thread_id, GOOD))) == "good_review"


def test_important_is_never_blocked_for_its_text_but_warned_and_counted(town: Town) -> None:
    """R10, R11."""
    opt_out(town)
    assert town.receive(town.from_acme(GOOD, Subject="[Important] your order")).queued
    assert notices(town) == ["misused"]
    (counted,) = entries(town, IMPORTANT_MISUSED)
    assert counted["reason"] == "good_review, review_request"


def test_a_critical_reason_does_not_make_a_delay_critical(town: Town) -> None:
    """R11: whatever reason the sender chooses."""
    opt_out(town)
    answer = post(town, by_reason(town, "unexpected_problem", message=LATE))
    assert refused_for(answer) == "never_critical"
    assert refused_for(check(town, by_reason(town, "unexpected_problem", message=LATE))) == "never_critical"
    opt_out(town, opted_out=False)
    warned = posted(post(town, by_reason(town, "unexpected_problem", message=LATE)))
    assert [finding.cause.reason.code for finding in warned.warnings] == ["delay"]
    assert warned.warnings[0].place == "will be delayed"
    assert warned.warnings[0].effect is Effect.NOTE


@pytest.mark.parametrize(
    "text, code", [("See https://shop.acme.test/", "link_outside"), ("Call 030 1234567", "contact_details_typed")]
)
def test_links_outside_and_contact_details_are_warned_of(town: Town, text: str, code: str) -> None:
    answer = posted(post(town, by_reason(town, "order_details", message=text)))
    assert code in [finding.cause.reason.code for finding in answer.warnings]


def test_the_words_of_the_marketplace_itself_are_never_minded(town: Town) -> None:
    """Only what was typed is looked at: the request for a review asks for one."""
    change_order(town, status="delivered", delivered_at=town.clock.now().replace(day=10))
    assert posted(post(town, by_reason(town, "review_request"))).warnings == ()
