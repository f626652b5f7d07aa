"""Where deliveries go: each destination its share, those that rest, are paused or held back, and mails that leave at once."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from postern.actions.deliver_mail import Parcel, claim_deliveries, lease_new, open_parcel, settle_left_over
from postern.actions.keep_queue import Paused, find_paused, hold, pause, resume, retry, tell_destinations, tell_queue
from postern.actions.receive_mail import prepare
from postern.errors import AddressError, NotFoundError
from postern.mail.return_path import read_return_path
from postern.model.delivery import Carries, Claim, Failed
from postern.model.identifier import new_id
from postern.storage import schema
from postern.storage.change import Change, Kept
from postern.storage.deliveries import Delivery, Postponed, delivery_row, list_queue, mark_destination, postpone
from postern.storage.journal import list_entries_about
from tests.people import ACME, ANN, START, Town, unsigned
from tests.storage.test_queue import MINUTE, OK, count, end, states, take


def queue_for(town: Town, destination: bytes, number: int, *, due_at: datetime = START, queued_at: datetime = START) -> None:
    """Deliveries to one destination, due a moment after each other."""
    ids = (new_id(), 1, new_id(), new_id(), town.pair.buyer_id)
    one = Delivery(*ids, "marketplace.example", Carries.MESSAGE, due_at, None, 0, queued_at, destination=destination)
    moments = [due_at + timedelta(microseconds=place) for place in range(number)]
    rows = tuple(delivery_row(replace(one, id=new_id(), due_at=moment)) for moment in moments)
    town.store.keep(Change(1, rows)).result()


def ask(town: Town, wanted: Claim) -> Counter[bytes]:
    now = town.clock.now() + MINUTE
    claimed = town.store.write(lambda transaction: claim_deliveries(transaction, town.frame, now, wanted)).result()
    return Counter(one.destination for one in claimed)


def test_of_many_destinations_each_gets_its_share_however_long_one_of_them_queues(town: Town) -> None:
    queue_for(town, b"long", 60, due_at=START - MINUTE)
    queue_for(town, b"short", 3)
    queue_for(town, b"one", 1)
    assert ask(town, Claim(20, each=2)) == {b"long": 2, b"short": 2, b"one": 1}
    assert ask(town, Claim(20, each=2, each_trusted=9, trusted=(b"long",))) == {b"long": 9, b"short": 1}
    assert ask(town, Claim(20)) == {b"long": 20}


def test_nothing_is_taken_for_a_full_destination_nor_for_one_that_rests_but_what_has_waited_too_long(town: Town) -> None:
    for destination in (b"full", b"rests"):
        queue_for(town, destination, 3)
        queue_for(town, destination, 2, queued_at=START - timedelta(days=6))
    queue_for(town, b"free", 1)
    assert ask(town, Claim(20, full=(b"full",), resting=(b"rests",), each=9)) == {b"rests": 2, b"free": 1}


def test_where_nothing_can_be_sent_only_what_has_waited_too_long_is_taken(town: Town) -> None:
    queue_for(town, b"fresh", 3)
    queue_for(town, b"stale", 2, queued_at=START - timedelta(days=6))
    assert ask(town, Claim(20, only_given_up=True)) == {b"stale": 2}


def test_a_claim_never_takes_more_than_it_asks_for(town: Town) -> None:
    for number in range(10):
        queue_for(town, bytes([number]), 5)
    assert ask(town, Claim(7, each=2)).total() == 7


def test_what_waits_for_a_destination_that_rests_waits_without_an_attempt(town: Town) -> None:
    queue_for(town, b"dead", 5)
    queue_for(town, b"free", 1)
    queue_for(town, b"stale", 1, queued_at=START - timedelta(days=6))
    now = START + MINUTE
    wanted = Postponed(b"dead", START + 9 * MINUTE, START - timedelta(days=5))
    assert town.store.write(lambda transaction: postpone(transaction, wanted, now, 3)).result() == 3
    assert town.store.write(lambda transaction: postpone(transaction, wanted, now, 3)).result() == 2
    stale = replace(wanted, destination=b"stale")
    assert town.store.write(lambda transaction: postpone(transaction, stale, now, 3)).result() == 0, "it is given up, not put off"
    assert ask(town, Claim(20)) == {b"free": 1, b"stale": 1}
    with town.store.look() as look:
        assert {one.attempts for one in list_queue(look) if one.destination == b"dead"} == {0}
    town.clock.advance(9 * MINUTE)
    assert ask(town, Claim(20))[b"dead"] == 5


def test_a_message_is_queued_for_the_domain_of_its_reader_and_a_notice_for_that_of_its_author(town: Town) -> None:
    town.receive(town.from_ann())
    town.deliver(Failed(550, "5.1.1", "no such mailbox"))
    with town.store.look() as look:
        (notice,) = list_queue(look)
    town.receive(town.from_ann())
    with town.store.look() as look:
        (message,) = [one for one in list_queue(look) if one.id != notice.id]
    assert notice.destination == mark_destination(town.store.vault, ANN)
    assert message.destination == mark_destination(town.store.vault, ACME)
    assert message.size > 500
    assert b"acme" not in message.destination


def test_a_paused_destination_gets_nothing_until_it_is_resumed_and_the_others_do(town: Town) -> None:
    town.receive(town.from_ann())
    town.receive(town.from_acme())
    assert pause(town.store, town.clock, "Acme.TEST")
    assert not pause(town.store, town.clock, "acme.test")
    assert [arrival.recipient for arrival in town.deliver()] == [ANN.reveal()]
    with town.store.look() as look:
        assert [(row["domain"], row["deliveries"], row["paused"]) for row in tell_destinations(look)] == [("acme.test", 1, True)]
        assert find_paused(look) == Paused(everywhere=False, domains=1)
    assert resume(town.store, town.clock, "acme.test")
    assert not resume(town.store, town.clock, "acme.test")
    assert [arrival.recipient for arrival in town.deliver()] == [ACME.reveal()]
    kinds = [kind for kind, values in told_of_house(town)]
    assert kinds == ["queue-paused", "queue-resumed"]


def test_when_all_is_paused_mail_is_taken_and_nothing_is_sent(town: Town) -> None:
    assert pause(town.store, town.clock, "")
    town.receive(town.from_ann())
    town.receive(town.from_acme())
    assert town.deliver() == []
    with town.store.look() as look:
        assert find_paused(look) == Paused(everywhere=True, domains=0)
    assert resume(town.store, town.clock, "")
    assert len(town.deliver()) == 2


@pytest.mark.parametrize("domain", ["ann@mail.test", "no domain", "a..b", "-"])
def test_what_is_no_domain_is_not_paused(town: Town, domain: str) -> None:
    with pytest.raises(AddressError, match=r"such as example\.com"):
        pause(town.store, town.clock, domain)


def told_of_house(town: Town) -> list[tuple[str, str]]:
    wanted = select(schema.journal.c.kind, schema.journal.c.fields).where(schema.journal.c.seller_id == schema.HOUSE)
    with town.store.look() as look:
        return [(row[0], row[1]) for row in look.connection.execute(wanted.order_by(schema.journal.c.id))]


def test_one_that_is_held_waits_until_somebody_names_it(town: Town) -> None:
    town.receive(town.from_ann())
    town.receive(town.from_acme())
    with town.store.look() as look:
        held = next(one for one in list_queue(look) if one.destination == mark_destination(town.store.vault, ACME))
    hold(town.store, town.clock, held.id)
    with pytest.raises(NotFoundError):
        hold(town.store, town.clock, held.id)
    assert retry(town.store, town.clock, None) == 1
    town.clock.advance(timedelta(days=9))
    assert [arrival.recipient for arrival in town.deliver()] == [ANN.reveal()]
    with town.store.look() as look:
        assert [row["state"] for row in tell_queue(look, town.clock.now())] == ["held back"]
        kinds = [entry.kind for entry in list_entries_about(look, held.message_id)]
    assert kinds[-1] == "delivery-held-back"
    assert retry(town.store, town.clock, held.id) == 1
    assert [arrival.recipient for arrival in town.deliver()] == [ACME.reveal()]


# ---- Leaving at once


def test_a_mail_made_ready_in_the_pool_is_the_one_that_would_be_opened_later(town: Town) -> None:
    with town.store.look() as look:
        prepared = prepare(look, town.frame, town.from_ann(), unsigned)
    change, (delivery,) = lease_new(town.frame, prepared.change, town.clock.now())
    assert town.store.keep(change).result() == Kept()
    (ready,) = prepared.parcels.values()
    assert prepared.parcels.keys() == {delivery.id}
    with town.store.look() as look:
        opened = open_parcel(look, town.frame, delivery, unsigned, town.clock.now())
    assert isinstance(opened, Parcel)
    assert (ready.recipient, ready.content) == (opened.recipient, opened.content)
    assert read_return_path(town.frame.keyring, ready.return_path.partition("@")[0], town.clock.now()) == delivery.message_id
    assert take(town) == [], "it is leased since its first moment"
    assert end(town, delivery, OK) == Kept()
    assert states(town) == ["delivered"]


def test_a_large_mail_is_not_carried_about(town: Town) -> None:
    with town.store.look() as look:
        assert prepare(look, town.frame, town.from_ann("x" * 70_000), unsigned).parcels == {}


def test_what_a_dead_worker_had_handed_over_is_settled_once_and_not_sent_again(town: Town) -> None:
    town.receive(town.from_ann())
    (delivery,) = take(town)
    assert delivery.lease is not None
    note = (delivery.id, delivery.lease, OK)
    assert settle_left_over(town.store, town.frame, town.clock, *note)
    assert states(town) == ["delivered"]
    assert not settle_left_over(town.store, town.frame, town.clock, *note)
    assert count(town, "attempt") == 1


def test_what_somebody_else_took_up_meanwhile_is_left_to_them(town: Town) -> None:
    town.receive(town.from_ann())
    (delivery,) = take(town)
    assert delivery.lease is not None
    town.clock.advance(2 * MINUTE)
    (again,) = take(town)
    assert not settle_left_over(town.store, town.frame, town.clock, delivery.id, delivery.lease, OK)
    assert end(town, again, OK) == Kept()
