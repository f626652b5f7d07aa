"""Held mail has a way out: shown, released, refused, or expired; and nothing leaves by a person's word that the rules keep in."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from postern.actions.add_up import add_up
from postern.actions.decide_held import NotReleasedError, Waiting, expire, expire_holds, list_waiting, refuse, release
from postern.actions.explain import explain, find_one_message
from postern.actions.hold_unread import hold_unread
from postern.errors import NotFoundError
from postern.installation import install
from postern.model.envelope import Mail
from postern.model.identifier import show
from postern.model.limits import Limits
from postern.model.notice import NoticeKind
from postern.model.thread import Message, MessageState
from postern.storage import schema
from postern.storage.change import Kept
from postern.storage.standing import set_opt_out
from postern.storage.threads import find_message
from postern.storage.timetable import enter_tasks
from postern.wiring import build_house, tasks_of
from postern.worker.timetable import Timetable
from tests.neighbours import betray, come_clean, with_limits
from tests.people import ACME, ANN, START, Town
from tests.told import answering, column, human_text, mail_of, notices, states

HELD, QUEUED, REFUSED, BLOCKED = MessageState.HELD, MessageState.QUEUED, MessageState.REFUSED, MessageState.BLOCKED
FORTNIGHT = timedelta(days=14)


def waiting(town: Town) -> list[Waiting]:
    """What `postern held list` shows."""
    with town.store.look() as look:
        return list_waiting(look, town.frame, town.clock.now())


def hold(town: Town, mail: Mail) -> Message:
    """Keep the mail as held, for this marketplace's name holds its author's address."""
    betray(town, ACME if town.pair.buyer_alias in mail.envelope.recipients else ANN)
    town.receive(mail)
    come_clean(town)
    (held,) = waiting(town)
    return held.message


def poison(town: Town, mail: Mail) -> Message:
    """Keep the mail as held unread, for it ended its readers."""
    with town.store.look() as look:
        prepared = hold_unread(look, town.frame, mail)
    assert town.store.keep(prepared.change).result() == Kept()
    (held,) = waiting(town)
    return held.message


def opt_out(town: Town) -> None:
    town.store.write(lambda transaction: set_opt_out(transaction, town.pair.buyer_id, opted_out=True)).result()


def decide(town: Town, message: Message) -> MessageState:
    return release(town.store, town.frame, message, town.clock.now(), "operator")


def story(town: Town) -> str:
    """What `postern explain` tells of the only message."""
    (message_id,) = column(town, "message", "id")
    with town.store.look() as look:
        return "\n".join(explain(look, find_one_message(look, show("msg", message_id))))  # type: ignore[arg-type] # an id


def told(town: Town) -> list[tuple[str, str]]:
    """Which notices came, to whom."""
    mails = [(mail_of(one), one.recipient) for one in town.deliver()]
    return [(str(mail["X-Postern-Notice"]), reader) for mail, reader in mails if mail["X-Postern-Notice"]]


# ---- Held


def test_a_held_message_is_shown_with_its_cause_and_time_and_its_author_is_told(town: Town) -> None:
    hold(town, town.from_acme("This would leak."))
    (one,) = waiting(town)
    assert (one.cause.reason.code, one.decide_by) == ("would_leak", START + FORTNIGHT)
    (notice,) = town.deliver()
    assert (notice.recipient, notice.return_path) == ("help@acme.test", "")
    assert "7 December 2026, 09:00 UTC" in human_text(mail_of(notice))
    assert notices(town) == [NoticeKind.HELD]
    assert "is held: An address of the sender could not be removed" in story(town)


def test_a_message_held_for_contact_details_is_shown_and_refused_without_its_particulars(town: Town) -> None:
    message = hold(town, town.from_acme("Call me."))
    town.deliver()
    town.store.write(lambda to: to.execute(update(schema.message).values(reason="contact_details_held"))).result()
    (one,) = waiting(town)
    assert one.cause.sentence("en").startswith("This mail holds a way to be reached elsewhere, so ")
    refuse(town.store, town.frame, replace(message, reason="contact_details_held"), town.clock.now(), "operator")
    (notice,) = town.deliver()
    assert "a way to be reached elsewhere" in human_text(mail_of(notice))


# ---- Released


def test_a_released_message_is_rebuilt_and_delivered_in_its_thread(town: Town) -> None:
    town.receive(town.from_ann(Message_ID="<question@mail.test>"))
    (question,) = town.deliver()
    message = hold(town, town.from_acme("It left today, help@acme.test", **answering(question)))
    town.deliver()
    assert decide(town, message) is QUEUED
    (answer,) = town.deliver()
    assert answer.recipient == "ann@mail.test"
    assert mail_of(answer)["In-Reply-To"] == "<question@mail.test>"
    assert b"acme.test" not in answer.content
    assert len(set(column(town, "message", "thread_id"))) == 1
    assert column(town, "message", "released_at") == [None, START]
    assert waiting(town) == []


def test_the_story_of_a_released_message_is_told(town: Town) -> None:
    message = hold(town, town.from_ann())
    decide(town, message)
    town.deliver()
    lines = story(town)
    assert "It was released by the operator: judged, rebuilt and guarded again, and queued." in lines
    assert "The buyer was told by a notice (held), which is delivered." in lines
    assert lines.endswith("It is delivered: the next hop took it.")


def test_a_message_that_still_leaks_stays_held_whoever_wants_it_released(town: Town) -> None:
    message = hold(town, town.from_acme())
    betray(town, ACME)
    with pytest.raises(NotReleasedError, match="could not be removed"):
        decide(town, message)
    assert states(town) == [HELD]


def test_a_buyer_who_opted_out_since_is_respected_and_the_author_told(town: Town) -> None:
    """R8."""
    message = hold(town, town.from_acme())
    opt_out(town)
    assert decide(town, message) is BLOCKED
    assert states(town) == [BLOCKED]
    assert told(town) == [("held", "help@acme.test"), ("buyer_opted_out", "help@acme.test")]
    assert "It was kept and not delivered: the buyer had opted out." in story(town)


def test_a_message_whose_sender_is_not_registered_any_more_stays_held_and_it_is_said_why(town: Town) -> None:
    """R20."""
    message = hold(town, town.from_acme())
    town.store.write(lambda transaction: transaction.execute(delete(schema.seller_address))).result()
    with pytest.raises(NotReleasedError, match="registered in the seller's Messaging permissions"):
        decide(town, message)
    assert states(town) == [HELD]


def test_a_message_held_for_its_pace_is_released_though_the_thread_is_as_busy_as_before(town: Town) -> None:
    town.receive(town.from_ann())
    (question,) = town.deliver()
    hasty = with_limits(town, Limits(thread_burst=1))
    hasty.receive(hasty.from_acme("Yes", **answering(question)))
    (held,) = waiting(town)
    assert held.cause.reason.code == "back_and_forth"
    assert release(hasty.store, hasty.frame, held.message, START, "operator") is QUEUED


# ---- Held unread


def test_a_mail_that_ended_its_readers_is_read_by_whoever_releases_it(town: Town) -> None:
    message = poison(town, town.from_acme("Quite harmless, help@acme.test"))
    assert decide(town, message) is QUEUED
    (arrival,) = town.deliver()
    assert arrival.recipient == "ann@mail.test"
    assert b"Quite harmless" in arrival.content
    assert b"acme.test" not in arrival.content
    assert "read" in story(town)


def test_an_unread_mail_of_a_stranger_is_never_released(town: Town) -> None:
    """R16."""
    message = poison(town, town.from_ann(From="<mallory@lies.test>"))
    with pytest.raises(NotReleasedError, match="only from the buyer"):
        decide(town, message)
    refuse(town.store, town.frame, message, START, "operator")
    assert (states(town), town.deliver()) == ([REFUSED], [])


def test_of_an_unread_mail_its_author_is_told_once_somebody_read_who_that_is(town: Town) -> None:
    message = poison(town, town.from_acme())
    assert town.deliver() == []
    opt_out(town)
    assert decide(town, message) is BLOCKED
    assert told(town) == [("buyer_opted_out", "help@acme.test")]


def test_an_unread_mail_that_proves_to_be_a_robots_goes_nowhere_and_is_no_word_of_the_buyers(town: Town) -> None:
    """R9: otherwise a robot could lift the opt-out."""
    town.receive(town.from_acme(Message_ID="<hello@acme.test>"))
    town.deliver()
    message = poison(town, town.from_ann("I am away", Auto_Submitted="auto-replied"))
    assert decide(town, message) is MessageState.ABSORBED
    assert column(town, "message", "automatic") == [None, "auto_reply"]
    assert town.deliver() == []


# ---- Refused, and expired


def test_a_refused_message_tells_its_author_and_is_decided_once(town: Town) -> None:
    message = hold(town, town.from_ann())
    refuse(town.store, town.frame, message, START, "operator")
    assert told(town) == [("held", "ann@mail.test"), ("hold_refused", "ann@mail.test")]
    with town.store.look() as look:
        now = find_message(look, message.id)
    assert now is not None
    for decision in (refuse, release):
        for known in (message, now):
            with pytest.raises(NotFoundError):
                decision(town.store, town.frame, known, START, "operator")
    assert "Its hold was ended by the operator, and it is refused since; its author was told" in story(town)


def test_of_two_operators_at_once_one_decides_and_the_other_is_told_so(town: Town) -> None:
    message = hold(town, town.from_acme())

    def attempt(decision: object) -> str:
        try:
            decision(town.store, town.frame, message, START, "operator")  # type: ignore[operator] # release or refuse
        except NotFoundError as error:
            return str(error)
        return "done"

    with ThreadPoolExecutor(4) as threads:
        answers = sorted(threads.map(attempt, [release, refuse, release, refuse]))
    assert answers.count("done") == 1
    assert all("look again" in one or "not held" in one for one in answers if one != "done")
    assert states(town) in ([QUEUED], [REFUSED])


def test_what_nobody_decides_in_time_expires_and_its_author_is_told(town: Town) -> None:
    """`hold_days`."""
    brief = with_limits(town, Limits(hold_days=3))
    hold(brief, brief.from_acme())
    (one,) = waiting(brief)
    town.clock.advance(one.decide_by - START)
    assert one.decide_by == START + timedelta(days=3)
    assert expire_holds(town.store, brief.frame, town.clock.now()) == 0
    town.clock.advance(timedelta(seconds=1))
    assert expire_holds(town.store, brief.frame, town.clock.now()) == 1
    assert expire_holds(town.store, brief.frame, town.clock.now()) == 0
    assert states(town) == [MessageState.EXPIRED]
    assert told(town) == [("held", "help@acme.test"), ("hold_expired", "help@acme.test")]
    assert "Its hold was ended by the time" in story(town)


def test_the_timetable_sees_to_it_that_holds_expire(town: Town, tmp_path: Path) -> None:
    """Nobody has to call a command for it."""
    install(tmp_path / "shop")
    (task,) = [one for one in tasks_of(build_house(tmp_path / "shop" / "postern.toml")) if one.run is expire]
    hold(town, town.from_acme())
    town.clock.advance(FORTNIGHT + timedelta(seconds=1))
    town.store.write(lambda transaction: enter_tasks(transaction, [task.name])).result()
    asyncio.run(Timetable(town.store, town.frame, town.clock, [task]).run_due())
    assert states(town) == [MessageState.EXPIRED]
    assert {arrival.recipient for arrival in town.deliver()} == {"help@acme.test"}


def test_no_decision_makes_a_difference_in_the_ledger(town: Town) -> None:
    """A message is one message, whatever a person decides of it."""
    for decision in (release, refuse):
        decision(town.store, town.frame, hold(town, town.from_acme()), START, "operator")
    opt_out(town)
    release(town.store, town.frame, hold(town, town.from_ann()), START, "operator")
    poison(town, town.from_ann("More"))
    with town.store.look() as look:
        ledger = add_up(look)
    assert (ledger.differences, ledger.accounted) == ((), 4)
