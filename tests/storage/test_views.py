"""The views of the Messages page, in the store: each is one range of an index, however many threads there are (R17)."""

import pytest
from sqlalchemy import event, text

from postern.model.identifier import new_id
from postern.model.view import View
from postern.storage.change import Write
from postern.storage.clocks import CLOCK_STATEMENTS
from postern.storage.store import Look, Transaction
from postern.storage.views import Whose, count_views, list_view
from tests.people import ON_SQLITE, Town

PERSON = new_id()


def plan_of(look: Look, statement: str, parameters: object) -> str:
    rows = look.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[arg-type]
    return "; ".join(str(row[3]) for row in rows)


@pytest.mark.parametrize("view", [*View])
@ON_SQLITE
def test_a_page_of_a_view_is_read_from_an_index_in_its_order(town: Town, view: View) -> None:
    asked: list[tuple[str, object]] = []
    with town.store.look() as look:
        note = lambda _c, _u, statement, parameters, _x, _m: asked.append((statement, parameters))  # noqa: E731
        event.listen(look.connection, "before_cursor_execute", note)
        list_view(look, Whose(1, PERSON, town.clock.now()), view, None, 51)
        event.remove(look.connection, "before_cursor_execute", note)
        plan = plan_of(look, *asked[0])
    assert "SCAN" not in plan, plan
    if view is not View.DRAFTS:  # one person's, few
        assert "TEMP B-TREE" not in plan, plan


@pytest.mark.parametrize("write", [Write.ANSWER_RESPONSES, Write.FIND_ANSWER, Write.SETTLE_THREAD])
@ON_SQLITE
def test_a_clock_is_found_by_its_thread_and_never_by_looking_through_all(town: Town, write: Write) -> None:
    """By their start alone, each mail would cost as much as the seller has ever got."""
    statement = str(CLOCK_STATEMENTS[write].compile(dialect=town.store.writing_engine.dialect))  # type: ignore[attr-defined]
    with town.store.look() as look:
        plan = plan_of(look, statement, (1,) * statement.count("?"))
    assert "SCAN" not in plan, plan
    assert "ix_response_seller_id_started_at" not in plan, plan


def test_counts_stop_at_a_thousand(town: Town) -> None:
    now = town.clock.now()

    def fill(transaction: Transaction) -> None:
        row = (
            "INSERT INTO thread_standing (seller_id, thread_id, last_id, last_at, open_since)"
            " VALUES (1, :id, :id, 1764000000000000 + :n, 1764000000000000 + :n)"
        )
        is_sqlite = town.store_url.startswith("sqlite")
        ids = [new_id() for _ in range(1_005)]
        rows = [{"id": one.bytes if is_sqlite else one, "n": number} for number, one in enumerate(ids)]
        transaction.execute(text(row), rows)

    town.store.write(fill).result()
    with town.store.look() as look:
        counts = count_views(look, Whose(1, PERSON, now))
        assert (counts[View.RESPONSE_NEEDED], counts[View.ALL], counts[View.SENT]) == (1_000, 1_000, 0)
        assert count_views(look, Whose(2, PERSON, now))[View.ALL] == 0
