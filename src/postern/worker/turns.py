"""Taking turns at the final dot.

Between a mail's final dot and the note that it was taken, a crash leaves its fate unknown, and it will be sent again. So that a
crash makes one extra copy at most, one mail at a time is in that span. A destination that answers slowly would make all others
wait for it: while its answers usually take longer than a moment, its mails take no turns, for then copies are the smaller evil.
"""

import asyncio
import time
from collections import OrderedDict, deque

MOMENT = 0.05  # seconds: what a destination may usually take to answer while its mails take turns
LONGEST_WAIT = 4.0
LONGEST_TURN = 2.0  # whoever has not settled by then is slow: the next may go
_REMEMBERED = 16  # answers of one destination
_DESTINATIONS = 2_000


class Turns:
    """Shared by all mails that one worker has under way. A destination that is not known yet counts as quick if ``trusting``."""

    def __init__(self, *, trusting: bool) -> None:
        self._lock = asyncio.Lock()
        self._trusting = trusting
        self._answers: OrderedDict[bytes, deque[float]] = OrderedDict()

    def next(self, destination: bytes) -> "Turn":
        return Turn(self, self._lock, destination)

    def are_kept(self, destination: bytes) -> bool:
        """Whether it is quick, by the quicker quarter of its answers: our own busy machine slows some, a slow hop all."""
        quickest_first = sorted(self._answers.get(destination, ()))
        return quickest_first[len(quickest_first) // 4] <= MOMENT if quickest_first else self._trusting

    def note_answer(self, destination: bytes, seconds: float) -> None:
        """Learn how long it took."""
        answers = self._answers.pop(destination, None) or deque(maxlen=_REMEMBERED)
        answers.append(seconds)
        self._answers[destination] = answers
        if len(self._answers) > _DESTINATIONS:
            self._answers.popitem(last=False)


class Turn:
    """One mail's turn: ``ready`` is awaited before its content goes out, ``answered`` and ``end`` are told afterwards."""

    def __init__(self, turns: Turns, lock: asyncio.Lock, destination: bytes) -> None:
        self._turns, self._lock, self._destination = turns, lock, destination
        self._is_held = False
        self._began_at: float | None = None
        self._limit: asyncio.TimerHandle | None = None

    async def ready(self) -> None:
        """Wait until no other mail's fate is open, unless that would take long."""
        if self._turns.are_kept(self._destination) and not self._is_held:
            try:
                async with asyncio.timeout(LONGEST_WAIT):
                    self._is_held = await self._lock.acquire()
            except TimeoutError:
                self._turns.note_answer(self._destination, LONGEST_WAIT)
            else:
                self._limit = asyncio.get_running_loop().call_later(LONGEST_TURN, self.end)
        self._began_at = time.monotonic()

    def answered(self) -> None:
        """The attempt has an outcome."""
        if self._began_at is not None:
            self._turns.note_answer(self._destination, time.monotonic() - self._began_at)

    def end(self) -> None:
        """It is noted that the mail was taken, or it was not."""
        if self._limit:
            self._limit.cancel()
        if self._is_held:
            self._is_held = False
            self._lock.release()
