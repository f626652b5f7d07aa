"""Where there is room: a destination that does not answer keeps a few places busy, then none; nobody waits for it."""

import pytest

from postern.model.delivery import Deferred, Delivered, Failed, Outcome
from postern.worker.destinations import RESTS, Destinations

OK = Delivered(250, "2.0.0", "ok")
NOBODY = Deferred(0, "4.4.1", "the next hop did not take the connection")
GMAIL, DEAD = b"gmail", b"dead"


class Watch:
    """A watch you set."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def destinations(watch: Watch) -> Destinations:
    return Destinations(8, one_hop=False, clock=watch)


def carry(destinations: Destinations, destination: bytes, outcome: Outcome | None = OK) -> float:
    destinations.begin(destination)
    return destinations.end(destination, outcome)


def test_a_newcomer_has_a_little_room_and_earns_more_with_each_mail_it_takes(destinations: Destinations) -> None:
    rooms = [destinations.room(GMAIL)]
    for _ in range(5):
        carry(destinations, GMAIL)
        rooms.append(destinations.room(GMAIL))
    assert rooms == [2, 4, 6, 8, 8, 8]
    assert destinations.trusted() == (GMAIL,)


def test_what_is_under_way_takes_room(destinations: Destinations) -> None:
    destinations.begin(DEAD)
    destinations.begin(DEAD)
    assert not destinations.has_room(DEAD)
    assert destinations.full() == (DEAD,)
    assert destinations.has_room(GMAIL)
    destinations.end(DEAD, Failed(550, "5.1.1", "no"))
    assert destinations.has_room(DEAD)


def test_one_that_does_not_answer_rests_longer_each_time_and_begins_small_again(destinations: Destinations, watch: Watch) -> None:
    for _ in range(4):
        carry(destinations, DEAD)
    rested = []
    for _ in range(8):
        rested.append(carry(destinations, DEAD, NOBODY))
        assert destinations.rests(DEAD)
        assert destinations.room(DEAD) == 0
        assert destinations.resting() == (DEAD,)
        watch.seconds += rested[-1]
        assert destinations.room(DEAD) == 2
    assert rested == [*RESTS, RESTS[-1], RESTS[-1]]


def test_those_that_were_under_way_when_the_first_failed_make_no_rest_longer(destinations: Destinations) -> None:
    destinations.begin(DEAD)
    destinations.begin(DEAD)
    assert destinations.end(DEAD, NOBODY) == RESTS[0]
    assert destinations.end(DEAD, NOBODY) == 0


def test_a_mail_that_is_taken_ends_the_rest_at_once(destinations: Destinations) -> None:
    destinations.begin(GMAIL)
    destinations.begin(GMAIL)
    destinations.end(GMAIL, NOBODY)
    destinations.end(GMAIL, OK)
    assert destinations.has_room(GMAIL)
    assert carry(destinations, GMAIL, NOBODY) == RESTS[0]


@pytest.mark.parametrize(
    "outcome",
    [
        None,
        Failed(550, "5.1.1", "no"),
        Deferred(451, "4.3.0", "later"),
        Deferred(0, "4.3.0", "an error of ours"),
        Deferred(0, "4.4.2", "the connection was lost"),
        Deferred(0, "4.4.1", "no answer came in time", indeterminate=True),
    ],
)
def test_what_is_said_of_one_mail_lets_the_others_travel(destinations: Destinations, outcome: Outcome | None) -> None:
    assert carry(destinations, GMAIL, outcome) == 0
    assert destinations.has_room(GMAIL)


@pytest.mark.parametrize("outcome", [NOBODY, Deferred(0, "4.4.3", "no DNS"), Deferred(421, "4.7.0", "too many connections")])
def test_what_is_said_of_all_lets_them_wait(destinations: Destinations, outcome: Outcome) -> None:
    assert carry(destinations, GMAIL, outcome) == RESTS[0]


def test_one_next_hop_is_the_one_destination_there_is(watch: Watch) -> None:
    hop = Destinations(16, one_hop=True, clock=watch)
    assert hop.room() == 16
    carry(hop, DEAD, NOBODY)
    assert hop.rests()
    assert hop.rests(GMAIL)
    watch.seconds += RESTS[0]
    assert hop.room() == 2


def test_only_so_many_are_remembered_and_none_forgotten_that_something_travels_to(destinations: Destinations) -> None:
    destinations.begin(GMAIL)
    for number in range(3_000):
        carry(destinations, str(number).encode(), NOBODY)
    assert len(destinations.resting()) <= 2_001
    destinations.begin(GMAIL)
    assert not destinations.has_room(GMAIL)
