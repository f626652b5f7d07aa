"""Messages that are written on a page, by a program or by a command: the same path, rules and record as a mail's."""

import json
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import func, select

from postern.actions.add_up import add_up
from postern.actions.decide_held import release
from postern.actions.explain import explain
from postern.actions.posting.outgoing import ByReason
from postern.errors import ConfigurationError, NotFoundError
from postern.mail.letter import Attachment
from postern.model.identifier import new_id
from postern.model.relationship import Side
from postern.model.thread import MessageState
from postern.storage import schema
from postern.storage.documents import find_document
from postern.storage.postings import find_posting
from postern.storage.relationships import find_relationship_key
from postern.storage.threads import find_message
from tests.people import ANN, ORDER, Town
from tests.posting import (
    NOTE,
    by_reason,
    change_order,
    check,
    in_thread,
    obstacles,
    opt_out,
    options,
    order_of,
    post,
    posted,
    refused_for,
    ship,
    speak,
)

WORDS = "Wir haben den Atlas\nnur in Blau."


def count(town: Town, table: str) -> int:
    with town.store.look() as look:
        return look.connection.execute(select(func.count()).select_from(schema.metadata.tables[table])).scalar_one()


def thread_of_ann(town: Town) -> UUID:
    town.receive(town.from_ann())
    with town.store.look() as look:
        found: UUID = look.connection.execute(select(schema.thread.c.id)).scalar_one()
    return found


def test_a_message_by_a_reason_reaches_the_buyer_with_the_supplied_text_around_what_was_typed(town: Town) -> None:
    """R5: the marketplace's text; R6: what was typed stays as typed."""
    answer = posted(post(town, by_reason(town, "order_details", message=WORDS)))
    assert answer.state is MessageState.QUEUED
    (arrival,) = town.deliver()
    text = arrival.content.decode()
    assert arrival.recipient == ANN.reveal()
    assert "Acme Books" in text
    assert WORDS.replace("\n", "\r\n") in text
    assert ORDER in text


def test_the_record_keeps_what_was_typed_and_both_forms_of_what_was_supplied(town: Town) -> None:
    """R6: side by side, the reader's language and the author's, with whose words are whose."""
    speak(town, "de")
    answer = posted(post(town, by_reason(town, "order_details", message=WORDS)))
    with town.store.look() as look:
        key = find_relationship_key(look, town.pair.seller_id, town.pair.id)
        kept = find_posting(look, town.pair.seller_id, answer.message_id, key)
        message = find_message(look, answer.message_id)
        assert message
        assert message.original_id
        original = find_document(look, town.pair.seller_id, message.original_id)
    assert kept
    assert (kept.door, kept.reason, kept.words.typed) == ("page", "order_details", {"message": WORDS})
    assert kept.words.for_reader
    assert kept.words.for_author
    assert (kept.words.for_reader.language, kept.words.for_author.language) == ("de", "en")
    assert [one.typed for one in kept.words.for_author.paragraphs] == [False, True, False]
    assert b'From: "Acme Books"' in original or b"From: Acme Books" in original
    assert ANN.reveal().encode() not in original


def test_a_message_by_a_reason_opens_a_thread_of_its_own_about_the_order(town: Town) -> None:
    """R9: contact buyer always starts a new message."""
    thread_of_ann(town)
    answer = posted(post(town, by_reason(town, "order_details", message=WORDS)))
    with town.store.look() as look:
        message = find_message(look, answer.message_id)
    assert message
    assert message.order_id
    assert count(town, "thread") == 2


def test_a_reply_goes_into_its_thread_and_answers_the_last_message(town: Town) -> None:
    thread_id = thread_of_ann(town)
    answer = posted(post(town, in_thread(town, thread_id)))
    _, arrival = town.deliver()
    assert count(town, "thread") == 1
    assert b"In-Reply-To: <" in arrival.content
    assert b"Subject: Re: A question" in arrival.content
    with town.store.look() as look:
        message = find_message(look, answer.message_id)
    assert message
    assert message.text == "It left today."


def test_a_reply_passes_an_opt_out_where_the_buyer_wrote_and_nowhere_else(town: Town) -> None:
    """R9: the reply box of a thread that holds the buyer's own words."""
    opt_out(town)
    thread_id = thread_of_ann(town)
    assert posted(post(town, in_thread(town, thread_id))).state is MessageState.QUEUED
    opt_out(town, opted_out=False)
    first = posted(post(town, by_reason(town, "order_details", message=WORDS)))
    with town.store.look() as look:
        message = find_message(look, first.message_id)
    assert message
    opt_out(town)
    assert refused_for(post(town, in_thread(town, message.thread_id))) == "buyer_opted_out"


def test_the_buyer_writes_by_reasons_and_replies_too(town: Town) -> None:
    posted(post(town, by_reason(town, "where_is_my_order", author=Side.BUYER, message="Where is it?")))
    (arrival,) = town.deliver()
    assert arrival.recipient == "help@acme.test"
    assert ANN.reveal().encode() not in arrival.content
    assert f"Where is my order? (order {ORDER})".encode() in arrival.content


def test_under_an_opt_out_a_reason_that_is_not_critical_is_refused_as_such_and_a_critical_one_passes(town: Town) -> None:
    """R10, R12: which of the two it was; nothing is bounced and nothing kept, for the page answers at once."""
    opt_out(town)
    assert refused_for(post(town, by_reason(town, "order_details", message=WORDS))) == "reason_not_critical"
    assert obstacles(town)["order_details"] == "reason_not_critical"
    assert (count(town, "message"), count(town, "notice")) == (0, 0)
    answer = posted(post(town, by_reason(town, "unexpected_problem", message=WORDS)))
    with town.store.look() as look:
        message = find_message(look, answer.message_id)
    assert message
    assert message.passed_by == "critical_reason"
    assert answer.warnings == ()


def test_what_is_refused_leaves_an_entry_without_content(town: Town) -> None:
    """R25."""
    post(town, by_reason(town, "return_question", message=WORDS))
    with town.store.look() as look:
        kind, fields = look.connection.execute(select(schema.journal.c.kind, schema.journal.c.fields)).one()
    values = {name: json.loads(value) for name, _, value in json.loads(fields)}
    assert (kind, values["reason"], values["door"]) == ("message-refused", "order_is_not_complete", "page")
    assert "Atlas" not in fields


def test_its_story_says_by_which_door_it_came(town: Town) -> None:
    answer = posted(post(town, by_reason(town, "order_details", message=WORDS)))
    with town.store.look() as look:
        message = find_message(look, answer.message_id)
        assert message
        story = "\n".join(explain(look, message))
    assert "was written on a page" in story
    assert "by a contact reason" in story
    assert "SMTP" not in story


def test_the_same_key_again_is_the_same_message(town: Town) -> None:
    first = posted(post(town, by_reason(town, "order_details", once="k1", message=WORDS)))
    again = posted(post(town, by_reason(town, "order_details", once="k1", message=WORDS)))
    assert (again.message_id, again.repeated) == (first.message_id, True)
    assert count(town, "message") == 1
    assert refused_for(post(town, by_reason(town, "order_details", once="k1", message="Other words."))) == "key_used"


@pytest.mark.parametrize("key", ["", "k" * 101])
def test_a_key_has_a_length(town: Town, key: str) -> None:
    assert town.frame.limits.posted_key == 100
    with pytest.raises(ConfigurationError, match="key"):
        post(town, replace(by_reason(town, "order_details", message=WORDS), key=key))


def test_each_message_of_a_seller_counts_one_of_the_day_and_over_the_limit_it_is_refused(town: Town) -> None:
    """R21: through whichever door."""
    before = options(town).messages_left
    post(town, by_reason(town, "order_details", message=WORDS))
    assert before == 600
    assert options(town).messages_left == 599
    change = schema.daily_use.update().values(used=600)
    town.store.write(lambda transaction: transaction.execute(change)).result()
    assert set(obstacles(town).values()) >= {"daily_limit_reached"}
    assert refused_for(post(town, by_reason(town, "order_details", message=WORDS))) == "daily_limit_reached"


def test_a_review_is_asked_for_once_for_an_order_even_if_two_ask_at_once(town: Town) -> None:
    ship(town, days_ago=30)
    change_order(town, status="delivered", delivered_at=town.clock.now().replace(day=10))
    assert obstacles(town)["review_request"] == ""
    posted(post(town, by_reason(town, "review_request")))
    assert obstacles(town)["review_request"] == "reason_used_up"
    assert refused_for(post(town, by_reason(town, "review_request"))) == "reason_used_up"
    assert count(town, "posting") == 1


def test_files_go_along_and_are_cleaned_and_a_program_is_refused(town: Town) -> None:
    """R23."""
    ship(town)
    with_file = replace(by_reason(town, "invoice"), files=(NOTE,))
    posted(post(town, with_file))
    (arrival,) = town.deliver()
    assert b"invoice.txt" in arrival.content
    program = Attachment("setup.exe", "application/octet-stream", b"MZ" + bytes(200))
    assert refused_for(post(town, replace(by_reason(town, "invoice"), files=(program,)))) == "program_attached"


@pytest.mark.parametrize(
    "kind", ["text/plain\r\nX-Evil: yes", "multipart/mixed", "message/rfc822", "", "a/b; name=x", "\u202ea/b"]
)
def test_what_a_client_says_of_a_file_is_a_name_and_nothing_more(town: Town, kind: str) -> None:
    ship(town)
    file = Attachment("../../etc/\r\nX-Evil: yes\u202egnp.txt", kind, b"Invoice 7\n")
    answer = posted(post(town, replace(by_reason(town, "invoice"), files=(file,))))
    (arrival,) = town.deliver()
    with town.store.look() as look:
        message = find_message(look, answer.message_id)
        assert message
        assert message.original_id
        original = find_document(look, town.pair.seller_id, message.original_id)
    for mail in (arrival.content, original):
        assert b"\r\nX-Evil" not in mail
        assert b"multipart/mixed; boundary" in mail
        assert b"etc/" not in mail


@pytest.mark.parametrize(
    "code, fields, reason",
    [
        ("order_details", {}, "field_missing"),
        ("order_details", {"message": "  \n"}, "field_missing"),
        ("order_details", {"message": "x" * 2_001}, "field_too_long"),
        ("order_details", {"message": "Hello", "note": "x"}, "field_unknown"),
    ],
)
def test_a_form_is_filled_in_or_refused_with_what_is_missing(town: Town, code: str, fields: dict[str, str], reason: str) -> None:
    outgoing = by_reason(town, code)
    outgoing = replace(outgoing, content=ByReason(code, order_of(town).id, fields))
    assert refused_for(post(town, outgoing)) == reason
    assert refused_for(check(town, outgoing)) == reason


def test_a_reply_needs_words_or_a_file_and_has_a_maximum(town: Town) -> None:
    thread_id = thread_of_ann(town)
    assert refused_for(post(town, in_thread(town, thread_id, " \n"))) == "field_missing"
    posted(post(town, replace(in_thread(town, thread_id, ""), files=(NOTE,))))
    longest = town.frame.limits.posted_text
    assert refused_for(post(town, in_thread(town, thread_id, "x" * (longest + 1)))) == "field_too_long"


def test_what_is_not_the_pairs_is_not_found(town: Town) -> None:
    with pytest.raises(NotFoundError):
        post(town, in_thread(town, new_id()))
    with pytest.raises(NotFoundError):
        post(town, by_reason(town, "where_is_my_order", message="a buyer's reason"))
    with pytest.raises(NotFoundError):
        post(town, replace(by_reason(town, "order_details"), content=ByReason("order_details", new_id(), {})))
    with pytest.raises(NotFoundError):
        post(town, replace(by_reason(town, "order_details"), relationship_id=new_id()))


def test_a_check_leaves_nothing(town: Town) -> None:
    """R25: a dry run leaves nothing."""
    check(town, by_reason(town, "order_details", message=WORDS))
    check(town, by_reason(town, "return_question", message=WORDS))
    assert (count(town, "message"), count(town, "journal"), count(town, "thread")) == (0, 0, 0)


def test_everything_adds_up_with_messages_that_were_written_here(town: Town) -> None:
    """R25: a posted message is in the record like any other."""
    post(town, by_reason(town, "order_details", message=WORDS))
    post(town, by_reason(town, "return_question", message=WORDS))
    post(town, by_reason(town, "where_is_my_order", author=Side.BUYER, message="Where?"))
    town.deliver()
    with town.store.look() as look:
        ledger = add_up(look)
    assert (ledger.acknowledged, ledger.differences) == (2, ())


def test_a_held_message_is_released_as_it_was_written(town: Town) -> None:
    thread_id = thread_of_ann(town)
    answers = [post(town, in_thread(town, thread_id, f"Line {number}")) for number in range(town.frame.limits.thread_burst)]
    held = posted(answers[-1])
    assert held.state is MessageState.HELD
    assert count(town, "notice") == 0
    with town.store.look() as look:
        message = find_message(look, held.message_id)
    assert message
    assert release(town.store, town.frame, message, town.clock.now(), "operator") is MessageState.QUEUED
    left = town.deliver()[-1].content
    assert b"Line 19" in left
    assert b"In-Reply-To: <" in left
