"""What happened, read by a program: in the order of the seals, nothing twice and nothing left out, whoever commits late."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from postern.actions.mark_no_response_needed import mark_no_response_needed, undo_no_response_needed
from postern.actions.report_message import Report, report_message
from postern.actions.seal_journal import seal_journal
from postern.api.events import EVENT_TYPES
from postern.mail.tokens import LinkTarget
from postern.model.delivery import Failed
from postern.model.relationship import Side
from postern.model.remark import Door
from postern.model.report import ReportReason
from postern.storage.change import Change
from postern.storage.journal import journal_row
from postern.storage.statements import write_all
from tests.callers import Caller, key_for, open_api, problem_of, told
from tests.people import BOLT, Town
from tests.told import column


@pytest.fixture
def listening(town: Town) -> Iterator[tuple[Caller, Caller, Caller]]:
    """The operator's program, Acme's and Bolt's; what made their keys is not told any more."""
    keys = [key_for(town, one) for one in (None, "acme", "bolt")]
    seal(town)
    with open_api(town) as visitor:
        operator, acme, bolt = (Caller(visitor, key) for key in keys)
        yield operator, acme, bolt


def seal(town: Town) -> None:
    seal_journal(town.store, town.frame, town.clock)


def listen(caller: Caller, after: str, limit: int = 50) -> tuple[list[tuple[str, str | None]], str]:
    """Type and message of every event since then, and where to go on."""
    heard: list[tuple[str, str | None]] = []
    while True:
        answer = told(caller.get(f"/events?limit={limit}" + (f"&after={after}" if after else "")))
        heard += [(one["type"], one["message"]) for one in answer["events"]]
        after = answer["next"]
        if not answer["has_more"]:
            return heard, after


def types(heard: list[tuple[str, str | None]]) -> list[str]:
    return [one for one, _ in heard]


def test_each_side_hears_what_it_may_know_and_nobody_hears_anothers(town: Town, listening: tuple[Caller, Caller, Caller]) -> None:
    operator, acme, bolt = listening
    starts = [told(one.get("/events?after=latest"))["next"] for one in listening]
    received = town.receive(town.from_ann())
    town.receive(town.from_acme("On its way", Subject="Re: A question"))
    town.receive(town.mail(BOLT, town.bolt_pair.buyer_alias, "Hello from Bolt"))
    town.deliver()
    message_id = received.change.rows and column(town, "message", "id")[0]
    target = LinkTarget(message_id, Side.SELLER)  # type: ignore[arg-type]
    mark_no_response_needed(town.store, target, Door.PAGE, town.clock.now())
    report_message(town.store, town.frame, target, Report(ReportReason.SPAM, ""), Door.PAGE, town.clock.now())
    seal(town)
    everything, _ = listen(operator, starts[0])
    acmes, _ = listen(acme, starts[1])
    bolts, _ = listen(bolt, starts[2])
    assert types(bolts) == ["message.sent", "delivery.delivered"]
    assert sorted(types(acmes)) == [
        "delivery.delivered",
        "message.no_response_needed",
        "message.received",
        "message.reported",
        "message.sent",
    ]
    assert sorted(types(everything)) == sorted([*types(acmes), *types(bolts), "delivery.delivered"])  # the buyer's mail, too
    assert set(types(everything)) <= set(EVENT_TYPES)


def test_a_seller_hears_nothing_of_a_buyers_report_and_of_what_was_sent_to_them(
    town: Town, listening: tuple[Caller, Caller, Caller]
) -> None:
    _, acme, _ = listening
    town.receive(town.from_acme())
    town.deliver(Failed(550, "5.1.1", "no such user"))
    [message_id] = column(town, "message", "id")
    target = LinkTarget(message_id, Side.BUYER)  # type: ignore[arg-type]
    report_message(town.store, town.frame, target, Report(ReportReason.SPAM, ""), Door.MAIL_LINK, town.clock.now())
    seal(town)
    heard, _ = listen(acme, "")
    assert types(heard) == ["key.created", "message.sent", "delivery.failed"]


def test_an_event_tells_names_and_trade_words_alone(town: Town, listening: tuple[Caller, Caller, Caller]) -> None:
    operator, acme, _ = listening
    town.receive(town.from_ann("Tatzelwurm", Subject="Quetzalcoatlus"))
    seal(town)
    for caller in (operator, acme):
        answer = caller.get("/events")
        last = told(answer)["events"][-1]
        assert last["type"] == "message.received"
        assert last["message"].startswith("msg_")
        assert last["thread"].startswith("thr_")
        assert last["seller"] == ("acme" if caller is operator else None)
        assert not any(word in answer.text for word in ("ann@mail.test", "Tatzelwurm", "Quetzalcoatlus", "help@acme.test"))


def test_pages_of_any_size_give_the_same_events(town: Town, listening: tuple[Caller, Caller, Caller]) -> None:
    operator, _, _ = listening
    for number in range(5):
        town.receive(town.from_ann(f"Hello {number}"))
    seal(town)
    whole, _ = listen(operator, "")
    assert [listen(operator, "", limit)[0] for limit in (1, 2, 3, 7)] == [whole] * 4
    assert len(whole) == 8


def test_what_is_not_sealed_yet_is_not_told_yet(town: Town, listening: tuple[Caller, Caller, Caller]) -> None:
    _, acme, _ = listening
    _, after = listen(acme, "")
    town.receive(town.from_ann())
    assert listen(acme, after)[0] == []
    seal(town)
    assert types(listen(acme, after)[0]) == ["message.received"]


def test_an_undone_mark_is_told_too(town: Town, listening: tuple[Caller, Caller, Caller]) -> None:
    _, acme, _ = listening
    town.receive(town.from_ann())
    [message_id] = column(town, "message", "id")
    target = LinkTarget(message_id, Side.SELLER)  # type: ignore[arg-type]
    mark_no_response_needed(town.store, target, Door.PAGE, town.clock.now())
    undo_no_response_needed(town.store, target, Door.PAGE, town.clock.now() + timedelta(minutes=1))
    seal(town)
    assert types(listen(acme, "")[0])[-2:] == ["message.no_response_needed", "message.response_needed"]


@pytest.mark.parametrize("town", ["postgresql"], indirect=True)
def test_a_transaction_that_commits_late_is_told_late_and_not_forgotten(
    town: Town, listening: tuple[Caller, Caller, Caller]
) -> None:
    """A listener that goes by ids or times would never see it: it stands before what was told already."""
    _, acme, _ = listening
    _, after = listen(acme, "")
    early = journal_row("sender-blocked", town.clock.now(), {"by": "operator"}, seller_id=1)
    late = journal_row("sender-approved", town.clock.now() + timedelta(seconds=1), {"by": "operator"}, seller_id=1)
    with town.store.writing_engine.connect() as slow:
        write_all(slow, [Change(1, (early,))])
        town.store.keep(Change(1, (late,))).result()
        seal(town)
        heard, after = listen(acme, after)
        assert types(heard) == ["sender.approved"]
        slow.commit()
    seal(town)
    assert types(listen(acme, after)[0]) == ["sender.blocked"]


def test_a_cursor_of_another_holder_is_refused(town: Town, listening: tuple[Caller, Caller, Caller]) -> None:
    del town
    operator, acme, bolt = listening
    _, after = listen(acme, "")
    for caller in (operator, bolt):
        assert problem_of(caller.get(f"/events?after={after}")) == (400, "bad_cursor")
    for wrong in ("x", "0", after[:-2], after.upper(), "%C3%A9", ""):
        assert problem_of(acme.get(f"/events?after={wrong}")) == (400, "bad_cursor")
