"""What all connections share: the places, and the memory of mails under way.

It refuses to let those who say nothing keep out those who do: when every place is taken, somebody who only sits there gives way.
"""

import asyncio
from typing import Protocol

from postern.model.limits import Limits


class Guest(Protocol):
    """Who has a place."""

    @property
    def may_give_way(self) -> bool:
        """Whether it waits for its client and not for us, and the client is silent, or slower than any mail program."""
        ...

    @property
    def burden(self) -> tuple[bool, int, float]:
        """How much there is to gain, in ascending order: a stranger, one of many of its source, silent for long."""
        ...

    def give_way(self) -> None:
        """End at once, and leave."""
        ...

    def shut_down(self) -> None:
        """End soon."""
        ...

    def abort(self) -> None:
        """End without a word."""
        ...

    def read_on_or_pause(self) -> None:
        """There is room again."""
        ...


class Places:
    """Who is here, and how many octets are held for all of them."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._guests: set[Guest] = set()
        self._closed = False
        self.octets_in_flight = 0
        self.slowed = 0  # guests whose next command waits
        self.empty = asyncio.Event()
        self.empty.set()

    @property
    def guests(self) -> tuple[Guest, ...]:
        return tuple(self._guests)

    def close(self) -> None:
        """Nobody enters any more."""
        self._closed = True

    def enter(self, guest: Guest) -> bool:
        """Take a place; False when there is none, and nobody who can give way."""
        if self._closed or (len(self._guests) >= self._limits.sessions and not self._make_room()):
            return False
        self._guests.add(guest)
        self.empty.clear()
        return True

    def leave(self, guest: Guest) -> None:
        """The guest is gone, and all that was done for it."""
        self._guests.discard(guest)
        if not self._guests:
            self.empty.set()

    def _make_room(self) -> bool:
        idle = [one for one in self._guests if one.may_give_way]
        if idle:
            max(idle, key=lambda one: one.burden).give_way()
        return bool(idle)

    @property
    def has_room(self) -> bool:
        """Whether there is memory for more."""
        return self.octets_in_flight < self._limits.bytes_in_flight

    def count(self, octets: int) -> None:
        """So many octets more are held, or fewer. When there is room again, those who waited for it are read on."""
        had_room = self.has_room
        self.octets_in_flight += octets
        if self.has_room and not had_room:
            for guest in self.guests:
                guest.read_on_or_pause()
