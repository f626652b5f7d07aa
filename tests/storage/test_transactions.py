"""The ground everything stands on: what a transaction undoes, what a commit flushes, what a guard holds back."""

import sqlite3
from concurrent.futures import wait
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import create_engine, event, func, insert, select, text

from postern.errors import ConfigurationError, StoreAwayError, StoreError, StoreFullError
from postern.keys import Keyring
from postern.model.identifier import new_id
from postern.model.limits import Limits
from postern.storage import schema
from postern.storage.change import Change, Kept, RelationshipOpen, Row, SenderApproved, Stale, Unseen, Write
from postern.storage.engine import open_reader, open_writer, read_url, require_durable
from postern.storage.store import Store, Transaction
from tests.people import START, Town, open_store

SELLER = 7


def thread_change(seller_id: int = SELLER, *guards: Unseen) -> Change:
    """The smallest change there is: one thread."""
    values = {"seller_id": seller_id, "id": new_id(), "relationship_id": new_id(), "order_id": None, "opened_at": START}
    return Change(seller_id, (Row(Write.ADD_THREAD, values),), guards)


def count(store: Store, table: str = "thread") -> int:
    with store.look() as look:
        return int(look.connection.execute(select(func.count()).select_from(schema.metadata.tables[table])).scalar_one())


def add_thread(transaction: Transaction) -> None:
    transaction.execute(insert(schema.thread), dict(thread_change().rows[0].values))


def test_an_outer_rollback_undoes_everything_released_savepoints_included(town: Town) -> None:
    def fail_after_a_savepoint(transaction: Transaction) -> None:
        with transaction.begin_nested():
            add_thread(transaction)
        add_thread(transaction)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        town.store.write(fail_after_a_savepoint).result()
    assert count(town.store) == 0
    town.store.write(add_thread).result()
    assert count(town.store) == 1


def test_a_change_that_fits_no_table_fails_alone_and_the_batch_around_it_is_kept(town: Town) -> None:
    good = [thread_change() for _ in range(10)]
    twin = good[3]
    answers = [town.store.keep(change) for change in (*good, twin)]
    wait(answers)
    assert [answer.exception() for answer in answers[:10]] == [None] * 10
    assert isinstance(answers[10].exception(), StoreError)
    assert count(town.store) == 10


def test_a_guard_that_fails_leaves_its_change_out_and_says_which(town: Town) -> None:
    guard = RelationshipOpen(new_id())
    change = thread_change()
    guarded = Change(change.seller_id, change.rows, (guard,))
    assert town.store.keep(guarded).result() == Stale((guard,))
    assert count(town.store) == 0


def test_a_sender_who_lost_the_approval_after_judging_is_held_back_by_the_commit(town: Town) -> None:
    prepared = town.judge(town.from_acme())
    assert any(isinstance(guard, SenderApproved) for guard in prepared.change.guards)
    town.store.write(lambda transaction: transaction.execute(schema.seller_address.delete())).result()
    assert isinstance(town.store.keep(prepared.change).result(), Stale)
    assert count(town.store, "message") == 0


def test_an_ended_relationship_is_held_back_by_the_commit(town: Town) -> None:
    prepared = town.judge(town.from_ann())
    ended = schema.relationship.update().values(ended_at=town.clock.now())
    town.store.write(lambda transaction: transaction.execute(ended)).result()
    assert isinstance(town.store.keep(prepared.change).result(), Stale)
    assert count(town.store, "message") == 0


def test_the_same_mail_judged_twice_at_once_is_kept_once(town: Town) -> None:
    mail = town.from_ann()
    changes = [town.judge(mail).change for _ in range(8)]  # each saw an empty store
    answers = [town.store.keep(change) for change in changes]
    outcomes = [answer.result() for answer in answers]
    assert outcomes.count(Kept()) == 1
    assert all(isinstance(outcome, Stale) for outcome in outcomes if outcome != Kept())
    assert count(town.store, "message") == 1
    assert count(town.store, "delivery") == 1


def test_two_processes_that_keep_the_same_mail_keep_it_once(town: Town, tmp_path: Path) -> None:
    other = open_store(town.store_url, tmp_path, Keyring({1: b"k" * 32}), Limits())
    try:
        mail = town.from_ann()
        first, second = town.judge(mail).change, town.judge(mail).change
        outcomes = [answer.result() for answer in (town.store.keep(first), other.keep(second))]
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Kept", "Stale"]
    finally:
        other.close()


def test_a_reader_cannot_write_whatever_it_is_asked(town: Town) -> None:
    reader = open_reader(read_url(town.store_url))
    with reader.connect() as connection, pytest.raises(Exception, match=r"readonly|read-only"):
        connection.execute(text("DELETE FROM marketplace"))
    reader.dispose()
    assert count(town.store, "marketplace") == 1


def test_a_cancelled_answer_does_not_end_the_writer(town: Town) -> None:
    answers = [town.store.keep(thread_change()) for _ in range(50)]
    for answer in answers:
        answer.cancel()
    assert town.store.keep(thread_change()).result() == Kept()


def test_what_stood_behind_a_job_that_waited_in_vain_gets_its_answer_and_the_next_one_is_tried(town: Town) -> None:
    began, over = Event(), Event()

    def wait_in_vain(_transaction: Transaction) -> None:
        began.set()
        assert over.wait(10)
        raise StoreAwayError("the store does not answer")

    first = town.store.write(wait_in_vain)
    assert began.wait(10)
    mail, task = town.store.keep(thread_change()), town.store.write(add_thread)
    given_up = town.store.write(add_thread)
    assert given_up.cancel()
    over.set()
    assert isinstance(first.exception(10), StoreAwayError)
    assert isinstance(mail.exception(10), StoreAwayError)
    assert isinstance(task.exception(10), StoreAwayError)
    assert count(town.store) == 0
    assert town.store.keep(thread_change()).result(10) == Kept()
    assert count(town.store) == 1


def test_a_locked_sqlite_is_a_store_error_and_recovers_by_itself(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("postern.storage.engine.LOCK_WAIT_SECONDS", 0.1)
    store = open_store(sqlite_url, tmp_path, Keyring({1: b"k" * 32}), Limits())
    try:
        store.write(schema.metadata.create_all).result()
        locker = sqlite3.connect(tmp_path / "postern.db", isolation_level=None)
        locker.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError):
            store.keep(thread_change()).result()
        locker.execute("ROLLBACK")
        locker.close()
        assert store.keep(thread_change()).result() == Kept()
    finally:
        store.close()


def test_a_full_sqlite_is_said_to_be_full_keeps_nothing_and_takes_on_when_there_is_room(sqlite_url: str, tmp_path: Path) -> None:
    store = open_store(sqlite_url, tmp_path, Keyring({1: b"k" * 32}), Limits())
    try:
        store.write(schema.metadata.create_all).result()
        pages = store.write(lambda transaction: transaction.execute(text("PRAGMA page_count")).scalar_one()).result()
        limit = text(f"PRAGMA max_page_count={pages}")
        store.write(lambda transaction: transaction.execute(limit).scalar_one()).result()
        kept = keep_until_full(store)
        assert count(store) == kept
        store.write(lambda transaction: transaction.execute(text("PRAGMA max_page_count=100000")).scalar_one()).result()
        assert store.keep(thread_change()).result() == Kept()
    finally:
        store.close()


def keep_until_full(store: Store) -> int:
    """How many changes were kept before one was refused for want of room."""
    for kept in range(10_000):
        try:
            store.keep(thread_change()).result()
        except StoreFullError:
            return kept
    raise AssertionError("it never was full")


def test_a_postgresql_that_restarts_is_a_store_error_and_then_works_again(postgresql_url: str, tmp_path: Path) -> None:
    store = open_store(postgresql_url, tmp_path, Keyring({1: b"k" * 32}), Limits())
    try:
        store.write(schema.metadata.create_all).result()
        assert store.keep(thread_change()).result() == Kept()
        cut_all_connections(postgresql_url)
        with pytest.raises(StoreError):
            store.keep(thread_change()).result()
        assert store.keep(thread_change()).result() == Kept()
    finally:
        store.close()


def cut_all_connections(url: str) -> None:
    engine = open_writer(read_url(url))
    with engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        )
    engine.dispose()


def test_sixteen_changes_make_one_commit_which_is_one_flush_to_disk(town: Town) -> None:
    commits: list[int] = []
    may_go_on = Event()
    town.store.write(lambda _transaction: may_go_on.wait(5))  # the writer is busy: what comes now is one batch
    event.listen(town.store.writing_engine, "commit", lambda _connection: commits.append(1))
    one_writer = [thread_change(seller_id=1) for _ in range(16)]
    answers = [town.store.keep(change) for change in one_writer]
    may_go_on.set()
    assert [answer.result() for answer in answers] == [Kept()] * 16
    assert len(commits) <= 2  # the busy function's own, and the batch


def test_a_sqlite_commit_is_on_disk_before_it_is_answered(sqlite_url: str) -> None:
    engine = open_writer(read_url(sqlite_url))
    with engine.connect() as connection:
        settings = [
            connection.execute(text(f"PRAGMA {name}")).scalar_one() for name in ("synchronous", "journal_mode", "secure_delete")
        ]
    engine.dispose()
    assert settings == [2, "wal", 1]  # FULL: the log is flushed at each commit


def test_a_postgresql_that_may_forget_is_refused(postgresql_url: str) -> None:
    engine = open_writer(read_url(f"{postgresql_url}?options=-csynchronous_commit%3Doff"))
    url = engine.url.update_query_dict({"options": "-csynchronous_commit=off"})
    forgetful = create_engine(url)
    with pytest.raises(ConfigurationError, match="synchronous_commit"):
        require_durable(forgetful)
    forgetful.dispose()
    engine.dispose()
