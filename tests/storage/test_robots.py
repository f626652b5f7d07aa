"""Robots: what they write is kept and shown and goes no further, and no two of them keep each other busy."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage

import pytest

from postern.actions.explain import explain, find_one_message
from postern.model.address import Address
from postern.model.envelope import Envelope, Mail
from postern.model.identifier import show
from postern.model.limits import Limits
from postern.model.thread import MessageState
from postern.storage.standing import set_opt_out
from tests.neighbours import used, with_limits
from tests.people import ACME, Arrival, Town
from tests.told import answering, column, human_text, mail_of, notices, states

ABSORBED, DELIVERED, HELD = MessageState.ABSORBED, MessageState.DELIVERED, MessageState.HELD
Responder = Callable[[Town, Arrival], Mail | None]


def story(town: Town, number: int) -> str:
    message_id = column(town, "message", "id")[number]
    with town.store.look() as look:
        return "\n".join(explain(look, find_one_message(look, show("msg", message_id))))  # type: ignore[arg-type] # an id


# ---- One robot


ROBOTS = (
    ({"Auto_Submitted": "auto-replied"}, "Auto-Submitted"),
    ({"Precedence": "auto_reply"}, "Precedence"),
    ({"Subject": "Automatic reply: A question"}, "subject"),
    ({"Content_Type": "multipart/report; report-type=disposition-notification; boundary=b"}, "multipart/report"),  # a receipt
    ({"Content_Type": "text/calendar; method=REPLY"}, "METHOD:REPLY"),
)


def test_what_a_robot_writes_is_kept_and_shown_with_its_sign_and_goes_no_further(town: Town) -> None:  # L-06
    """For either side: no delivery, no notice, not counted; receipts are never sent on."""
    for number, (fields, sign) in enumerate(ROBOTS):
        for mail in (town.from_ann("I got it", **fields), town.from_acme("We got it", Cc="<x@elsewhere.test>", **fields)):
            assert town.receive(mail).refusal is None
        for told in (story(town, 2 * number), story(town, 2 * number + 1)):
            assert "a machine wrote it" in told
            assert sign in told
            assert told.endswith("It is kept and shown, and was not sent on.")
    assert states(town) == [ABSORBED] * 2 * len(ROBOTS)
    assert (town.deliver(), notices(town), used(town)) == ([], [], 0)


def test_a_robots_mail_is_in_its_thread_and_a_persons_answer_beside_it_passes(town: Town) -> None:
    town.receive(town.from_ann())
    (question,) = town.deliver()
    town.receive(town.from_acme("We got your mail.", Auto_Submitted="auto-replied", **answering(question)))
    town.receive(town.from_acme("It left today.", **answering(question)))
    assert [one.recipient for one in town.deliver()] == ["ann@mail.test"]
    assert len(set(column(town, "message", "thread_id"))) == 1


def test_a_robot_is_silent_even_where_a_person_would_be_told(town: Town) -> None:
    """No bounce of an opt-out, no notice of a copy: they would only feed a loop."""
    town.store.write(lambda transaction: set_opt_out(transaction, town.pair.buyer_id, opted_out=True)).result()
    town.receive(town.from_acme("I am away", Auto_Submitted="auto-replied", Cc="<friend@elsewhere.test>"))
    assert (states(town), notices(town)) == ([ABSORBED], [])


def test_a_mail_without_a_reverse_path_is_a_robots(town: Town) -> None:
    """RFC 3834 4: nobody wants an answer to it."""
    mail = town.from_ann("Read: A question")
    town.receive(replace(mail, envelope=Envelope("", mail.envelope.recipients)))
    assert states(town) == [ABSORBED]


def test_our_own_notice_that_somebodys_rule_sends_back_is_absorbed(town: Town) -> None:
    """It comes from the reader's own address, with our marks in it."""
    town.store.write(lambda transaction: set_opt_out(transaction, town.pair.buyer_id, opted_out=True)).result()
    town.receive(town.from_acme())
    (bounce,) = town.deliver()
    redirected = mail_of(bounce)
    redirected.replace_header("From", "help@acme.test")
    town.receive(from_program(town, ACME, town.pair.buyer_alias, redirected))
    assert states(town) == sorted([ABSORBED, MessageState.BLOCKED])
    assert (town.deliver(), notices(town)) == ([], ["buyer_opted_out"])


# ---- Two robots


def answers_everything(text: str, **fields: str) -> Responder:
    """A program that answers whatever comes, to whoever is named in From."""

    def answer(town: Town, arrival: Arrival) -> Mail | None:
        came = mail_of(arrival)
        to = str(came["From"]).rpartition("<")[2].rstrip(">")
        marks = {name: value for name, value in fields.items() if value}
        return town.mail(
            Address.parse(arrival.recipient), to, text, Subject=f"Re: {came['Subject']}", **answering(arrival), **marks
        )

    return answer


def converse(town: Town, responders: dict[str, Responder], rounds: int) -> list[str]:
    """Let the mails travel until none does, or for so many rounds. Answers who got one, in each round."""
    readers: list[str] = []
    for _ in range(rounds):
        arrivals = town.deliver()
        if not arrivals:
            return readers
        for arrival in arrivals:
            readers.append(arrival.recipient)
            answer = responders[arrival.recipient](town, arrival)
            if answer:
                town.receive(answer)
    return readers


def test_two_robots_that_mark_their_mail_are_silent_after_two_hops(town: Town) -> None:
    robot = answers_everything("I am a robot.", Auto_Submitted="auto-replied")
    town.receive(town.from_ann())
    assert converse(town, {"ann@mail.test": robot, "help@acme.test": robot}, 5) == ["help@acme.test"]
    assert states(town) == sorted([ABSORBED, DELIVERED])


def test_a_marked_robot_and_an_unmarked_one_are_silent_after_two_hops(town: Town) -> None:
    marked = answers_everything("I am a robot.", Precedence="auto_reply")
    unmarked = answers_everything("So am I, but I do not say so.")
    town.receive(town.from_ann())
    assert converse(town, {"ann@mail.test": marked, "help@acme.test": unmarked}, 5) == ["help@acme.test", "ann@mail.test"]


def test_two_robots_that_bear_no_mark_are_stopped_by_their_pace_and_the_notice_does_not_go_on_with_it(town: Town) -> None:
    """S-13: `thread_burst`; an answer to our notice is refused, for nobody reads it."""
    hasty = with_limits(town, Limits(thread_burst=6))
    robot = answers_everything("Your message is important to us.")
    hasty.receive(hasty.from_ann())
    readers = converse(hasty, {"ann@mail.test": robot, "help@acme.test": robot}, 20)
    assert len(readers) == 6 + 1
    assert states(hasty) == sorted([DELIVERED] * 6 + [HELD])
    assert notices(hasty) == ["held"]


@pytest.mark.parametrize("writer", ["buyer", "seller"])
def test_the_pace_of_a_thread_is_counted_within_its_minutes_and_holds_nobody_else(town: Town, writer: str) -> None:
    """`thread_burst` within `thread_burst_minutes`; another thread of the pair is not touched."""
    hasty = with_limits(town, Limits(thread_burst=3, thread_burst_minutes=10))
    hasty.receive(hasty.from_ann())
    (question,) = hasty.deliver()
    write = hasty.from_ann if writer == "buyer" else hasty.from_acme
    for number in range(2):
        hasty.receive(write(f"Number {number}", **answering(question)))
    assert HELD not in states(hasty)
    hasty.receive(write("One too many", **answering(question)))
    hasty.receive(write("About something else"))
    assert states(hasty).count(HELD) == 1
    (notice,) = [mail_of(one) for one in hasty.deliver() if mail_of(one)["X-Postern-Notice"]]
    assert "two robots may be writing" in human_text(notice)
    hasty.clock.advance(timedelta(minutes=10, seconds=1))
    hasty.receive(write("Calmly", **answering(question)))
    assert states(hasty).count(HELD) == 1


def from_program(town: Town, author: Address, recipient: str, letter: EmailMessage) -> Mail:
    """A mail as some program wrote it."""
    envelope = Envelope(author.reveal(), (recipient,))
    return replace(town.from_ann(), envelope=envelope, content=letter.as_bytes())
