"""The response clock in the store: every way by which a message comes, and a naive reading of the record beside it (R29)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from postern.actions.decide_held import refuse, release
from postern.actions.mark_no_response_needed import exempt_threads, mark_no_response_needed, undo_no_response_needed
from postern.actions.report_message import Report, report_message
from postern.mail.tokens import LinkTarget
from postern.model.delivery import Failed
from postern.model.relationship import Side
from postern.model.remark import AlreadyDone, Done, Door
from postern.model.report import ReportReason
from postern.model.response import Response
from postern.model.thread import MessageState
from postern.storage import schema
from postern.storage.responses import find_responses, list_responses
from postern.storage.statements import write_all
from postern.storage.threads import find_message
from tests.people import Town
from tests.people import town as found_town

HOUR = timedelta(hours=1)


def newest(town: Town) -> UUID:
    with town.store.look() as look:
        found = look.connection.execute(
            select(schema.message.c.id).order_by(schema.message.c.received_at.desc(), schema.message.c.id.desc())
        )
        return found.scalars().first()  # type: ignore[return-value]


def write(town: Town, who: str = "ann", **fields: str) -> UUID:
    """Somebody writes; an hour goes by."""
    town.clock.advance(HOUR)
    fields = {"Subject": "Order 303-5512345-1234567", **fields}
    town.receive(town.from_ann(**fields) if who == "ann" else town.from_acme(**fields))
    return newest(town)


def clock_of(town: Town, message_id: UUID) -> Response | None:
    with town.store.look() as look:
        return find_responses(look, 1, [message_id]).get(message_id)


def mark(town: Town, message_id: UUID) -> object:
    return mark_no_response_needed(town.store, LinkTarget(message_id, Side.SELLER), Door.PAGE, town.clock.now())


def undo(town: Town, message_id: UUID) -> object:
    return undo_no_response_needed(town.store, LinkTarget(message_id, Side.SELLER), Door.PAGE, town.clock.now())


def report(town: Town, message_id: UUID) -> None:
    target = LinkTarget(message_id, Side.SELLER)
    report_message(town.store, town.frame, target, Report(ReportReason.SPAM, ""), Door.PAGE, town.clock.now())


def standing(town: Town) -> dict[str, object]:
    with town.store.look() as look:
        return dict(look.connection.execute(select(schema.thread_standing)).mappings().one())


def test_a_message_of_a_buyer_starts_a_clock_and_one_answer_stops_all(town: Town) -> None:
    first, second = write(town), write(town)
    assert standing(town)["open_since"] == clock_of(town, first).started_at  # type: ignore[union-attr]
    write(town, "acme")
    assert {clock_of(town, one).answered_at for one in (first, second)} == {town.clock.now()}  # type: ignore[union-attr]
    assert (standing(town)["open_since"], standing(town)["waiting_since"]) == (None, town.clock.now())
    third = write(town)
    assert clock_of(town, third).is_open  # type: ignore[union-attr]
    assert standing(town)["waiting_since"] is None


def test_clocks_of_many_messages_are_written_with_one_statement_each(town: Town) -> None:
    """A batch that fails is written change by change, and nobody but the clock on the wall would tell."""
    changes = [town.judge(town.from_ann(Subject=f"Number {number}")).change for number in range(3)]
    changes += [town.judge(town.from_acme(Subject=f"Answer {number}")).change for number in range(3)]
    town.store.write(lambda transaction: write_all(transaction, changes)).result()
    with town.store.look() as look:
        assert len(list_responses(look, 1, datetime.fromtimestamp(0, tz=UTC))) == 3


def test_an_automatic_answer_stops_nothing_and_starts_nothing(town: Town) -> None:
    first = write(town)
    write(town, "acme", Auto_Submitted="auto-replied")
    assert clock_of(town, first).is_open  # type: ignore[union-attr]
    assert clock_of(town, write(town, "ann", Auto_Submitted="auto-replied")) is None


def test_an_answer_that_comes_back_later_reopens_nothing(town: Town) -> None:
    first = write(town)
    write(town, "acme")
    town.deliver(Failed(550, "5.1.1", "no"))
    assert not clock_of(town, first).is_open  # type: ignore[union-attr]


def test_an_answer_in_another_thread_stops_nothing(town: Town) -> None:
    first = write(town)
    write(town, "acme", Subject="Something else")
    assert clock_of(town, first).is_open  # type: ignore[union-attr]


def test_no_response_needed_ends_a_clock_and_undoing_it_restores_the_old_start(town: Town) -> None:
    """R18"""
    first = write(town)
    started = clock_of(town, first).started_at  # type: ignore[union-attr]
    town.clock.advance(30 * HOUR)
    assert (mark(town, first), mark(town, first)) == (Done(), AlreadyDone())
    assert (standing(town)["open_since"], clock_of(town, first).is_open) == (None, False)  # type: ignore[union-attr]
    assert (undo(town, first), undo(town, first)) == (Done(), AlreadyDone())
    assert standing(town)["open_since"] == started
    assert mark(town, first) == Done()


def test_a_thread_is_exempted_with_every_message_that_waits_in_it(town: Town) -> None:
    waiting = {write(town), write(town)}
    thread_id = clock_of(town, max(waiting)).thread_id  # type: ignore[union-attr]
    assert set(exempt_threads(town.store, 1, [thread_id], Door.PAGE, town.clock.now())) == waiting
    assert exempt_threads(town.store, 1, [thread_id], Door.PAGE, town.clock.now()) == []
    assert exempt_threads(town.store, 2, [thread_id], Door.PAGE, town.clock.now()) == []
    assert clock_of(town, write(town)).is_open  # type: ignore[union-attr]


def test_a_reported_message_leaves_for_good_and_alone(town: Town) -> None:
    """R27"""
    first, second = write(town), write(town)
    report(town, first)
    mark(town, first)
    undo(town, first)
    assert not clock_of(town, first).is_open  # type: ignore[union-attr]
    assert standing(town)["open_since"] == clock_of(town, second).started_at  # type: ignore[union-attr]


def test_an_answer_to_a_thread_with_nothing_asked_waits_for_the_buyer(town: Town) -> None:
    write(town, "acme")
    assert (standing(town)["open_since"], standing(town)["waiting_since"]) == (None, town.clock.now())


def test_the_migration_makes_of_old_messages_what_is_written_with_new_ones(town: Town) -> None:
    write(town)
    write(town, "acme")
    write(town, "ann", Auto_Submitted="auto-replied")
    mark(town, write(town))
    report(town, write(town))
    write(town, "ann", Subject="Another")
    assert_backfill_agrees(town)


def assert_backfill_agrees(town: Town) -> None:
    from importlib import import_module  # noqa: PLC0415

    migration = import_module("postern.storage.migrations.versions.0010_response_clock")
    tables = (schema.response, schema.thread_standing)
    with town.store.look() as look:
        before = [sorted(map(str, look.connection.execute(select(table)))) for table in tables]

    def again(to: object) -> None:
        for table in tables:
            to.execute(table.delete())  # type: ignore[attr-defined]
        to.execute(text(migration._RESPONSES))  # type: ignore[attr-defined]
        to.execute(text(migration._STANDINGS))  # type: ignore[attr-defined]

    town.store.write(again).result()
    with town.store.look() as look:
        assert [sorted(map(str, look.connection.execute(select(table)))) for table in tables] == before


# ---- Any history, and a naive reading of what the record holds in the end

_ACTS = ("ann", "acme", "ann's robot", "acme's robot", "exempt", "undo", "report", "release", "refuse", "bounce")


def play(town: Town, acts: list[tuple[str, int]]) -> None:
    seen: list[UUID] = []
    for act, number in acts:
        chosen = seen[number % len(seen)] if seen else None
        if act.startswith(("ann", "acme")):
            robot: dict[str, str] = {"Auto_Submitted": "auto-replied"} if act.endswith("robot") else {}
            seen.append(write(town, act.partition("'")[0], **robot))
        elif chosen:
            town.clock.advance(HOUR)
            _DO[act](town, chosen)


def decide(town: Town, chosen: UUID, decision: Callable[..., object]) -> None:
    with town.store.look() as look:
        message = find_message(look, chosen)
    assert message
    if message.state is MessageState.HELD:
        decision(town.store, town.frame, message, town.clock.now(), "test")


def exempt_of_buyer(town: Town, chosen: UUID, act: Callable[[Town, UUID], object]) -> None:
    """What a page offers: on messages of the buyer that the seller can see."""
    with town.store.look() as look:
        message = find_message(look, chosen)
    if message and message.author is Side.BUYER and message.state is not MessageState.HELD:
        act(town, chosen)


_DO: dict[str, Callable[[Town, UUID], object]] = {
    "exempt": lambda town, chosen: exempt_of_buyer(town, chosen, mark),
    "undo": lambda town, chosen: exempt_of_buyer(town, chosen, undo),
    "report": lambda town, chosen: exempt_of_buyer(town, chosen, report),
    "release": lambda town, chosen: decide(town, chosen, release),
    "refuse": lambda town, chosen: decide(town, chosen, refuse),
    "bounce": lambda town, _chosen: town.deliver(Failed(550, "5.1.1", "no")),
}


def naive(town: Town) -> dict[UUID, tuple[datetime, datetime | None, bool, bool]]:
    """R29 read off the record, message by message, with no shortcut."""
    with town.store.look() as look:
        rows = look.connection.execute(select(schema.message)).mappings().all()
        exempt = set(look.connection.execute(select(schema.exemption.c.message_id)).scalars())
        reported = set(look.connection.execute(select(schema.report.c.message_id)).scalars())
    took = ("queued", "delivered", "failed", "bounced", "dropped")
    persons = [row for row in rows if row["automatic"] is None and row["state"] in took]
    clocks = {}
    for asked in (row for row in persons if row["author"] == "buyer"):
        start = asked["released_at"] or asked["received_at"]
        answers = [
            row["received_at"]
            for row in persons
            if row["author"] == "seller" and row["thread_id"] == asked["thread_id"] and row["received_at"] > start
        ]
        clocks[asked["id"]] = (start, min(answers, default=None), asked["id"] in exempt, asked["id"] in reported)
    return clocks


def kept(town: Town) -> dict[UUID, tuple[datetime, datetime | None, bool, bool]]:
    with town.store.look() as look:
        found = list_responses(look, 1, datetime.fromtimestamp(0, tz=town.clock.now().tzinfo))
    return {
        one.message_id: (one.started_at, one.answered_at, one.exempted_at is not None, one.reported_at is not None)
        for one in found
    }


HISTORIES = st.lists(st.tuples(st.sampled_from(_ACTS), st.integers(0, 20)), max_size=25)


def assert_naive_agrees(town: Town, acts: list[tuple[str, int]]) -> None:
    limits = replace(town.frame.limits, thread_burst=2, thread_burst_minutes=180)
    held = replace(town, frame=replace(town.frame, limits=limits))  # robots' bursts are held: here from the third message on
    play(held, acts)
    assert kept(held) == naive(held)
    opened: dict[UUID, datetime] = {}
    with held.store.look() as look:
        for one in list_responses(look, 1, datetime.fromtimestamp(0, tz=held.clock.now().tzinfo)):
            if one.is_open:
                opened[one.thread_id] = min(one.started_at, opened.get(one.thread_id, one.started_at))
        standings = look.connection.execute(select(schema.thread_standing)).mappings().all()
    assert {row["thread_id"]: row["open_since"] for row in standings if row["open_since"]} == opened
    assert_backfill_agrees(held)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(acts=HISTORIES)
def test_any_history_leaves_the_clocks_that_a_naive_reading_of_the_record_gives(
    acts: list[tuple[str, int]], migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("history")
    (folder / "postern.db").write_bytes(migrated_sqlite.read_bytes())
    with found_town(f"sqlite:///{folder / 'postern.db'}", folder) as town:
        assert_naive_agrees(town, acts)


@pytest.mark.parametrize(
    "acts",
    [
        [("ann", 0), ("ann", 0), ("ann", 0), ("acme", 0), ("release", 2), ("acme", 0), ("release", 5)],
        [("acme", 0), ("acme", 0), ("acme", 0), ("ann", 0), ("release", 2), ("release", 3), ("bounce", 0), ("exempt", 3)],
        [("ann", 0), ("exempt", 0), ("acme", 0), ("undo", 0), ("report", 0), ("ann", 0), ("ann", 0), ("refuse", 3)],
    ],
)
def test_histories_with_held_messages_agree_on_each_store(town: Town, acts: list[tuple[str, int]]) -> None:
    assert_naive_agrees(town, acts)
