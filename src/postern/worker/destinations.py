"""Who may be written to now: how many mails are under way to each destination, and which of them rest because they do not answer.

One that is dead, slow or black-holed keeps only its own few places busy. A destination starts with little room and earns more
by each mail that it takes; one that could not be reached rests, longer each time, while its mails wait without being tried. Where
one next hop takes everything, it is the one destination there is.

Only memory: another process learns for itself, and a restart begins anew.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from postern.model.delivery import Deferred, Delivered, Outcome

EVERYWHERE = b""
RESTS = (5.0, 15.0, 30.0, 60.0, 120.0, 300.0)  # seconds; the last repeats
NEWCOMER, _EARNED = 2, 2  # places at first, and for each mail that was taken
_REMEMBERED = 2_000  # destinations


@dataclass(slots=True)
class _Place:
    """What is known of one destination."""

    room: int
    under_way: int = 0
    failures: int = 0  # in a row
    rests_until: float = 0.0


class Destinations:
    """``width`` is the most that may be under way to one destination."""

    def __init__(self, width: int, *, one_hop: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self.width = width
        self._one_hop = one_hop
        self._first_room = width if one_hop else NEWCOMER
        self._clock = clock
        self._places: OrderedDict[bytes, _Place] = OrderedDict()  # heard of last, last

    def name(self, destination: bytes) -> bytes:
        """Under which name a delivery's destination counts here."""
        return EVERYWHERE if self._one_hop else destination

    def room(self, destination: bytes = EVERYWHERE) -> int:
        """How many more may be sent there now."""
        place = self._places.get(self.name(destination))
        if place is None:
            return self._first_room
        return 0 if place.rests_until > self._clock() else place.room - place.under_way

    def has_room(self, destination: bytes) -> bool:
        """Whether one more may be sent there now."""
        return self.room(destination) > 0

    def rests(self, destination: bytes = EVERYWHERE) -> bool:
        """Whether it lately did not answer, and is left alone."""
        place = self._places.get(self.name(destination))
        return place is not None and place.rests_until > self._clock()

    def full(self) -> tuple[bytes, ...]:
        """Where all the room there is is taken."""
        return tuple(name for name, place in self._places.items() if place.under_way >= place.room)

    def resting(self) -> tuple[bytes, ...]:
        """Those that lately did not answer, and are left alone."""
        now = self._clock()
        return tuple(name for name, place in self._places.items() if place.rests_until > now)

    def trusted(self) -> tuple[bytes, ...]:
        """Where as many as there is room for may be sent at once."""
        return tuple(name for name, place in self._places.items() if place.room >= self.width)

    def begin(self, destination: bytes) -> None:
        """One more is under way there."""
        name = self.name(destination)
        place = self._places.pop(name, None) or _Place(self._first_room)
        place.under_way += 1
        self._places[name] = place
        self._forget_some()

    def end(self, destination: bytes, outcome: Outcome | None) -> float:
        """One less, and what is learned from it. Answers for how many seconds the destination begins to rest now, or 0."""
        place = self._places[self.name(destination)]
        place.under_way -= 1
        if isinstance(outcome, Deferred) and outcome.unreachable:
            return self._rest(place)
        if outcome is not None:
            place.failures, place.rests_until = 0, 0.0
        if isinstance(outcome, Delivered):
            place.room = min(self.width, place.room + _EARNED)
        return 0.0

    def _rest(self, place: _Place) -> float:
        if place.rests_until > self._clock():  # one that was under way when the first failed
            return 0.0
        seconds = RESTS[min(place.failures, len(RESTS) - 1)]
        place.failures += 1
        place.room = min(place.room, NEWCOMER)
        place.rests_until = self._clock() + seconds
        return seconds

    def _forget_some(self) -> None:
        """Those heard of longest ago, but none that something is under way to."""
        for name in list(self._places)[: len(self._places) - _REMEMBERED]:
            if not self._places[name].under_way:
                del self._places[name]
