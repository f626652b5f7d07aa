"""Taking turns at the final dot.

Between a mail's final dot and the commit of its outcome, a crash leaves its fate unknown, and it will be sent again. So that a
crash makes one extra copy at most, one mail at a time is in that span. A next hop that answers slowly would make all others wait
for it: while answers usually take longer than a moment, nobody waits, for then copies are the smaller evil.
"""

import asyncio
import time
from collections import deque

MOMENT = 0.05  # seconds: what a hop may usually take to answer while turns are kept
LONGEST_WAIT = 4.0
LONGEST_TURN = 2.0  # whoever has not settled by then is slow: the next may go
_REMEMBERED = 16  # answers


class Turns:
    """Shared by all mails that one worker has under way."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._answers: deque[float] = deque(maxlen=_REMEMBERED)

    def next(self) -> "Turn":
        return Turn(self, self._lock)

    @property
    def are_kept(self) -> bool:
        """Whether the hop is quick, by the quicker quarter of its answers: our own busy machine slows some, a slow hop all."""
        quickest_first = sorted(self._answers)
        return not quickest_first or quickest_first[len(quickest_first) // 4] <= MOMENT

    def note_answer(self, seconds: float) -> None:
        """Learn how long the hop took."""
        self._answers.append(seconds)


class Turn:
    """One mail's turn: ``ready`` is awaited before its content goes out, ``answered`` and ``end`` are told afterwards."""

    def __init__(self, turns: Turns, lock: asyncio.Lock) -> None:
        self._turns, self._lock = turns, lock
        self._is_held = False
        self._began_at: float | None = None
        self._limit: asyncio.TimerHandle | None = None

    async def ready(self) -> None:
        """Wait until no other mail's fate is open, unless that would take long."""
        if self._turns.are_kept and not self._is_held:
            try:
                async with asyncio.timeout(LONGEST_WAIT):
                    self._is_held = await self._lock.acquire()
            except TimeoutError:
                self._turns.note_answer(LONGEST_WAIT)
            else:
                self._limit = asyncio.get_running_loop().call_later(LONGEST_TURN, self.end)
        self._began_at = time.monotonic()

    def answered(self) -> None:
        """The attempt has an outcome."""
        if self._began_at is not None:
            self._turns.note_answer(time.monotonic() - self._began_at)

    def end(self) -> None:
        """The outcome is written, or will not be."""
        if self._limit:
            self._limit.cancel()
        if self._is_held:
            self._is_held = False
            self._lock.release()
