"""The queue: who may take a delivery, for how long, and what is written when it ends."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from threading import Event
from uuid import UUID

import pytest
from sqlalchemy import Connection, func, select, text

from postern.actions.deliver_mail import RETRY_AFTER, Parcel, claim_deliveries, open_parcel, settle
from postern.actions.keep_queue import drop, retry, tell_queue
from postern.errors import NotFoundError
from postern.model.delivery import Carries, Claim, Deferred, Delivered, Failed, Outcome
from postern.model.identifier import new_id
from postern.model.limits import Limits
from postern.storage import schema
from postern.storage.attempts import list_attempts
from postern.storage.change import Change, Guard, Kept, Stale
from postern.storage.deliveries import Delivery, claim, delivery_row, find_next_due, release_all, renew
from postern.storage.engine import open_writer, read_url
from postern.storage.guards import failed_guards
from postern.storage.store import Store
from tests.people import START, Town, open_store, unsigned
from tests.people import town as found_town

MINUTE = timedelta(minutes=1)
OK = Delivered(250, "2.0.0", "ok")
LATER = Deferred(451, "4.3.0", "try again")


def take(town: Town, count: int = 100, store: Store | None = None) -> list[Delivery]:
    """What a worker that comes now is given."""
    now = town.clock.now()
    return (store or town.store).write(lambda transaction: claim_deliveries(transaction, town.frame, now, Claim(count))).result()


def end(town: Town, delivery: Delivery, outcome: Outcome) -> object:
    with town.store.look() as look:
        change = settle(look, town.frame, delivery, outcome, town.clock.now())
    return town.store.keep(change).result()


def states(town: Town) -> list[str]:
    with town.store.look() as look:
        return list(look.connection.execute(select(schema.message.c.state).order_by(schema.message.c.received_at)).scalars())


def count(town: Town, table: str) -> int:
    with town.store.look() as look:
        return int(look.connection.execute(select(func.count()).select_from(schema.metadata.tables[table])).scalar_one())


def queue_many(town: Town, number: int) -> None:
    """Deliveries that wait, the first due longest."""
    person, document = town.pair.buyer_id, new_id()
    for place in range(number):
        due_at = START - timedelta(seconds=number - place)
        delivery = Delivery(
            new_id(), 1, new_id(), document, person, "marketplace.example", Carries.MESSAGE, due_at, None, 0, due_at
        )
        town.store.keep(Change(1, (delivery_row(delivery),))).result()


# ---- Claiming


def test_the_longest_due_are_taken_first_and_what_is_not_due_waits(town: Town) -> None:
    queue_many(town, 5)
    town.clock.advance(-2 * timedelta(seconds=1))  # the last one is not due yet
    first = take(town, 2)
    second = take(town, 100)
    due = [max(one.queued_at for one in first), min(one.queued_at for one in second)]
    assert due == sorted(due)
    assert (len(first), len(second)) == (2, 2)
    town.clock.advance(timedelta(seconds=1))
    assert len(take(town)) == 1


def test_a_delivery_that_was_taken_is_given_to_nobody_else(town: Town) -> None:
    town.receive(town.from_ann())
    (delivery,) = take(town)
    assert delivery.lease is not None
    assert delivery.attempts == 1
    assert take(town) == []
    with town.store.look() as look:
        assert find_next_due(look) == START + timedelta(seconds=Limits().lease_seconds)


def test_a_worker_is_never_given_more_than_it_asked_for_however_the_database_plans(postgresql_url: str, tmp_path: Path) -> None:
    """A plan that asks for the due rows anew for each row it looks at would lease a second one, and a third."""
    with found_town(postgresql_url, tmp_path) as town:
        queue_many(town, 20)
        engine = open_writer(read_url(postgresql_url))
        with engine.connect() as connection:
            for kind in ("hashjoin", "mergejoin", "hashagg", "sort", "material", "memoize", "seqscan"):
                connection.execute(text(f"SET LOCAL enable_{kind} = off"))
            taken = claim(connection, Claim(3), START, START + MINUTE, START - timedelta(days=5))
            connection.rollback()
        engine.dispose()
        assert len(taken) == 3


def test_workers_that_come_at_once_never_get_the_same_delivery(town: Town, tmp_path: Path) -> None:
    queue_many(town, 60)
    other = open_store(town.store_url, tmp_path, town.frame.keyring, Limits())
    with closing(other), ThreadPoolExecutor(4) as threads:
        rounds = list(threads.map(lambda store: take(town, 4, store), [town.store, other] * 12))
    taken = [one.id for given in rounds for one in given]
    taken += [one.id for one in take(town)]  # on PostgreSQL a row that another just looked at is passed over
    assert len(taken) == len(set(taken)) == 60


# ---- Leases


def test_a_lease_that_ran_out_is_anothers_and_the_first_worker_changes_nothing_any_more(town: Town) -> None:
    town.receive(town.from_ann())
    (lost,) = take(town)
    town.clock.advance(timedelta(seconds=Limits().lease_seconds - 1))
    assert take(town) == []
    town.clock.advance(timedelta(seconds=1))
    (held,) = take(town)
    assert held.id == lost.id
    assert held.attempts == 2
    before = count(town, "journal"), count(town, "attempt")
    for outcome in (OK, LATER, Failed(550, "5.1.1", "no")):
        assert isinstance(end(town, lost, outcome), Stale)
    assert (count(town, "journal"), count(town, "attempt")) == before
    assert states(town) == ["queued"]
    assert end(town, held, OK) == Kept()
    assert states(town) == ["delivered"]


def test_the_length_of_a_lease_is_a_named_limit(store_url: str, tmp_path: Path) -> None:
    with found_town(store_url, tmp_path, Limits(lease_seconds=7)) as town:
        town.receive(town.from_ann())
        (delivery,) = take(town)
        assert delivery.due_at == START + timedelta(seconds=7)


def test_a_renewed_lease_holds_longer_and_a_lost_one_stays_lost(town: Town) -> None:
    for words in ("One", "Two"):
        town.receive(town.from_ann(words))
    first, second = take(town)
    assert first.lease is not None
    held = [(first.id, first.lease), (second.id, new_id())]
    town.store.write(lambda transaction: renew(transaction, held, START + 10 * MINUTE)).result()
    town.clock.advance(2 * MINUTE)
    assert [one.id for one in take(town)] == [second.id]
    assert end(town, first, OK) == Kept()


def test_when_the_only_server_starts_every_lease_is_over(town: Town) -> None:
    for words in ("One", "Two"):
        town.receive(town.from_ann(words))
    assert len(take(town)) == 2
    assert town.store.write(lambda transaction: release_all(transaction, START)).result() == 2
    assert len(take(town)) == 2
    assert town.store.write(lambda transaction: release_all(transaction, START)).result() == 2


def test_one_delivery_settled_twice_at_once_is_settled_once(town: Town) -> None:
    town.receive(town.from_ann())
    (delivery,) = take(town)
    changes = [settle(None, town.frame, delivery, outcome, START) for outcome in (OK, LATER, OK)]
    outcomes = [answer.result() for answer in [town.store.keep(change) for change in changes]]
    assert [type(outcome).__name__ for outcome in outcomes] == ["Kept", "Stale", "Stale"]
    assert count(town, "attempt") == 1


# ---- Settling


def test_what_was_delivered_leaves_the_queue_and_its_message_says_so(town: Town) -> None:
    town.receive(town.from_ann())
    town.deliver()
    assert states(town) == ["delivered"]
    assert count(town, "delivery") == 0
    assert attempts(town) == [("delivered", 250, "2.0.0", "ok")]


def test_what_was_refused_for_good_leaves_the_queue_as_failed(town: Town) -> None:
    town.receive(town.from_ann())
    town.deliver(Failed(550, "5.1.1", "no such mailbox"))
    assert states(town) == ["failed"]
    assert carried(town) == ["notice"]  # its author is told
    assert attempts(town) == [("failed", 550, "5.1.1", "no such mailbox")]


def test_a_deferred_mail_is_tried_by_the_schedule_until_the_last_day_and_then_it_failed(store_url: str, tmp_path: Path) -> None:
    """RFC 5321 4.5.4.1."""
    with found_town(store_url, tmp_path, Limits(retry_days=1)) as town:
        town.receive(town.from_ann())
        waits = []
        while states(town) == ["queued"]:
            assert len(town.deliver(LATER)) == 1
            with town.store.look() as look:
                due_at = find_next_due(look)
            if due_at and states(town) == ["queued"]:
                waits.append(due_at - town.clock.now())
                town.clock.advance(due_at - town.clock.now() - timedelta(microseconds=1))
                assert town.deliver(LATER) == []  # not a moment too early
                town.clock.advance(timedelta(microseconds=1))
        assert waits[: len(RETRY_AFTER)] == list(RETRY_AFTER)[: len(waits)]
        assert set(waits[len(RETRY_AFTER) :]) <= {RETRY_AFTER[-1]}
        assert timedelta(hours=18) < town.clock.now() - START <= timedelta(days=1)
        assert states(town) == ["failed"]
        assert carried(town) == ["notice"]
        assert attempts(town)[-1] == ("failed", 451, "5.4.7", "try again")
        assert {outcome for outcome, *_ in attempts(town)[:-1]} == {"deferred"}


def carried(town: Town) -> list[str]:
    """What waits in the queue."""
    with town.store.look() as look:
        return list(look.connection.execute(select(schema.delivery.c.carries)).scalars())


def attempts(town: Town) -> list[tuple[str, int, str, str]]:
    with town.store.look() as look:
        (message_id,) = look.connection.execute(select(schema.message.c.id)).scalars()
        return [(one.outcome, one.code, one.enhanced, one.text) for one in list_attempts(look, 1, message_id)]


# ---- Opening


def test_an_erased_recipient_fails_for_good(town: Town) -> None:
    town.receive(town.from_acme())
    (delivery,) = take(town)
    erased = schema.person.update().where(schema.person.c.kind == "buyer").values(wrapped_key=None, sealed_address=None)
    town.store.write(lambda transaction: transaction.execute(erased)).result()
    with town.store.look() as look:
        assert open_parcel(look, town.frame, delivery, unsigned, START) == Failed(0, "5.1.6", "the recipient was erased")


def test_the_parcel_has_the_one_recipient_a_signed_return_path_and_is_signed_as_it_leaves(town: Town) -> None:
    town.receive(town.from_acme())
    (delivery,) = take(town)
    with town.store.look() as look:
        parcel = open_parcel(look, town.frame, delivery, lambda mail, domain, _at: domain.encode() + b"|" + mail, START)
    assert isinstance(parcel, Parcel)
    assert parcel.content.startswith(b"marketplace.example|To: ann@mail.test\r\nFrom: ")
    assert parcel.content.count(b"\r\nTo:") == 0
    assert parcel.return_path.startswith("rp-")
    assert "ann@mail.test" not in repr(parcel)


# ---- The operator's hand


def test_the_queue_is_told_without_an_address(town: Town) -> None:
    town.receive(town.from_ann())
    town.receive(town.from_acme())
    town.deliver(LATER)
    with town.store.look() as look:
        first, second = tell_queue(look, town.clock.now())
    assert (first["state"], first["attempts"]) == ("waiting", 1)
    assert first["last_attempt"] == {"outcome": "deferred", "code": 451, "enhanced": "4.3.0", "reply": "try again"}
    for hidden in ("ann", "acme", "mail.test", "@"):
        assert hidden not in str([first, second]).lower().replace("marketplace", "")


def queued(town: Town) -> UUID:
    town.receive(town.from_ann())
    with town.store.look() as look:
        delivery_id: UUID = look.connection.execute(select(schema.delivery.c.id)).scalar_one()
    return delivery_id


def test_a_dropped_delivery_is_gone_its_message_says_so_and_a_second_drop_finds_nothing(town: Town) -> None:
    delivery_id = queued(town)
    drop(town.store, town.clock, delivery_id)
    assert states(town) == ["dropped"]
    assert take(town) == []
    with pytest.raises(NotFoundError):
        drop(town.store, town.clock, delivery_id)


def test_a_delivery_under_way_can_be_neither_dropped_nor_hurried(town: Town) -> None:
    delivery_id = queued(town)
    (delivery,) = take(town)
    with pytest.raises(NotFoundError, match="under way"):
        drop(town.store, town.clock, delivery_id)
    with pytest.raises(NotFoundError, match="under way"):
        retry(town.store, town.clock, delivery_id)
    assert retry(town.store, town.clock, None) == 0
    assert take(town) == []
    assert end(town, delivery, OK) == Kept()


def test_a_delivery_whose_worker_died_waits_again_is_shown_so_and_can_be_dropped(town: Town) -> None:
    delivery_id = queued(town)
    (dead,) = take(town)
    town.clock.advance(2 * MINUTE)
    with town.store.look() as look:
        assert tell_queue(look, town.clock.now())[0]["state"] == "waiting"
    assert retry(town.store, town.clock, delivery_id) == 1
    drop(town.store, town.clock, delivery_id)
    assert states(town) == ["dropped"]
    assert isinstance(end(town, dead, OK), Stale)
    assert states(town) == ["dropped"]


def test_a_drop_that_comes_too_late_changes_nothing(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer may be slow: between taking the delivery away and writing, a worker may have had it."""
    delivery_id = queued(town)
    monkeypatch.setattr("postern.storage.deliveries.DROPPING", -MINUTE)  # its hold is over at once
    keep = town.store.keep

    def keep_slowly(change: Change) -> object:
        assert len(take(town)) == 1
        return keep(change)

    monkeypatch.setattr(town.store, "keep", keep_slowly)
    with pytest.raises(NotFoundError, match="under way"):
        drop(town.store, town.clock, delivery_id)
    assert states(town) == ["queued"]
    assert count(town, "delivery") == 1


def test_what_waits_can_be_hurried_one_or_all(town: Town) -> None:
    for words in ("One", "Two"):
        town.receive(town.from_ann(words))
    town.deliver(LATER)
    assert take(town) == []
    with town.store.look() as look:
        (one, _) = look.connection.execute(select(schema.delivery.c.id)).scalars()
    assert retry(town.store, town.clock, one) == 1
    assert [delivery.id for delivery in take(town)] == [one]
    assert retry(town.store, town.clock, None) == 1
    with pytest.raises(NotFoundError):
        retry(town.store, town.clock, new_id())


@pytest.fixture
def small_batches(store_url: str, tmp_path: Path) -> Iterator[Town]:
    with found_town(store_url, tmp_path, Limits(batch=3)) as town:
        yield town


def test_one_commit_takes_as_many_changes_as_the_limit_names(small_batches: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def check(connection: Connection, changes: Sequence[Change]) -> list[tuple[Guard, ...]]:
        sizes.append(len(changes))
        return failed_guards(connection, changes)

    monkeypatch.setattr("postern.storage.writer.failed_guards", check)
    may_go_on = Event()
    small_batches.store.write(lambda _transaction: may_go_on.wait(5))
    for _ in range(1 + len(small_batches.store._writers)):
        small_batches.store.write(lambda _transaction: None)
    queue = [settle_nothing(seller_id=1) for _ in range(10)]
    answers = [small_batches.store.keep(change) for change in queue]
    may_go_on.set()
    assert [answer.result() for answer in answers] == [Kept()] * 10
    assert sum(sizes) == 10
    assert max(sizes) <= 3
    assert len(sizes) < 10


def settle_nothing(seller_id: int) -> Change:
    person, document = new_id(), new_id()
    delivery = Delivery(
        new_id(), seller_id, new_id(), document, person, "marketplace.example", Carries.MESSAGE, START, None, 0, START
    )
    return Change(seller_id, (delivery_row(delivery),))
