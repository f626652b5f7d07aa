"""A clock that jumps: none is given up before its time, and none waits for a day that has passed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from postern.actions.deliver_mail import RETRY_AFTER, claim_deliveries
from postern.actions.keep_queue import mend_times
from postern.model.delivery import Claim, Deferred
from postern.model.limits import Limits
from postern.storage import schema
from postern.storage.deliveries import HELD_BACK, hold_back_all
from tests.people import Town

LATER = Deferred(451, "4.3.0", "try again")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
LEASE = timedelta(seconds=Limits().lease_seconds)


def mend(town: Town) -> str | None:
    return mend_times(town.store, town.frame, town.clock)


def due(town: Town) -> Iterator[datetime]:
    with town.store.look() as look:
        yield from look.connection.execute(select(schema.delivery.c.due_at)).scalars().all()


def states(town: Town) -> set[str]:
    with town.store.look() as look:
        return set(look.connection.execute(select(schema.message.c.state)).scalars())


@pytest.mark.parametrize("jump", [DAY, -DAY, -HOUR, HOUR])
def test_a_jump_for_a_moment_neither_gives_a_mail_up_nor_holds_it_up(town: Town, jump: timedelta) -> None:
    # D-13
    town.receive(town.from_ann())
    town.clock.advance(jump)
    town.deliver(LATER)
    town.clock.advance(-jump)
    mend(town)
    town.clock.advance(2 * RETRY_AFTER[-1])
    assert states(town) == {"queued"}
    assert len(town.deliver()) == 1
    assert states(town) == {"delivered"}


def test_a_frozen_clock_holds_up_nothing_that_is_due_and_hurries_nothing_that_is_not(town: Town) -> None:
    # D-13
    town.receive(town.from_ann())
    assert len(town.deliver(LATER)) == 1
    for _ in range(10):
        assert town.deliver() == []
        town.receive(town.from_ann())
        assert len(town.deliver()) == 1
    town.clock.advance(RETRY_AFTER[0])
    assert len(town.deliver()) == 1


@pytest.mark.parametrize("moment", [datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC), datetime(2106, 2, 7, 6, 28, 15, tzinfo=UTC)])
def test_seconds_that_no_longer_fit_32_bits_change_nothing(town: Town, moment: datetime) -> None:
    # D-13
    town.clock.advance(moment - town.clock.now())
    town.receive(town.from_ann())
    town.deliver(LATER)
    town.clock.advance(RETRY_AFTER[0])
    (arrival,) = town.deliver()
    assert str(moment.year).encode() in arrival.content


def test_what_an_ahead_clock_put_off_for_too_long_is_due_now_and_what_is_held_back_is_not(town: Town) -> None:
    # D-13
    town.receive(town.from_ann())
    town.clock.advance(DAY)
    town.deliver(LATER)
    assert mend(town) is None, "by the same clock nothing is amiss"
    town.clock.advance(-DAY)
    assert mend(town) == "1 deliveries were due later than any is put off: the clock was set back"
    assert list(due(town)) == [town.clock.now()]
    town.store.write(hold_back_all).result()
    assert mend(town) is None
    assert list(due(town)) == [HELD_BACK]


def test_a_living_worker_keeps_what_it_has_while_the_clock_is_mended(town: Town) -> None:
    # D-13

    town.receive(town.from_ann())
    town.clock.advance(DAY)
    now = town.clock.now()
    assert len(town.store.write(lambda one: claim_deliveries(one, town.frame, now, Claim(1))).result()) == 1
    town.clock.advance(-DAY)
    mend(town)
    assert list(due(town)) == [town.clock.now() + LEASE], "it has a lease to renew it"
    assert town.deliver() == []
