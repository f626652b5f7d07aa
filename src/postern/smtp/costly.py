"""Senders whose mails cost much wait before the next one is read, so that one of them never slows all the others.

Who has just used a second of a reading process gets the next one four seconds later, and one at a time: a fifth of one process at
most. Ordinary mails cost some milliseconds, and nobody waits for them. It counts CPU time, so a busy machine makes nobody costly.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

CHEAP = 0.2  # seconds of CPU for one mail
SHARE = 5  # one part of so many of a process's time
LONGEST_REST = 60.0  # seconds; who sends waits ten minutes for the reply to its final dot (RFC 5321 4.5.3.2.6)
_REMEMBERED = 1_000


@dataclass(slots=True)
class _Sender:
    """One whose last mail cost much."""

    may_begin_at: float
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class CostlySenders:
    """By whatever name the caller tells them apart."""

    def __init__(self) -> None:
        self._senders: OrderedDict[str, _Sender] = OrderedDict()

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """Wait until this sender's next mail may be read; at once for everybody else."""
        sender = self._senders.get(name)
        if sender is None:
            yield
            return
        async with sender.turn:
            await asyncio.sleep(sender.may_begin_at - asyncio.get_running_loop().time())
            yield

    def learn(self, name: str, seconds: float) -> None:
        """What a mail of this sender cost."""
        sender = self._senders.pop(name, None)
        if seconds < CHEAP:
            return
        rest = min(seconds * (SHARE - 1), LONGEST_REST)
        sender = sender or _Sender(0.0)
        sender.may_begin_at = asyncio.get_running_loop().time() + rest
        self._senders[name] = sender
        while len(self._senders) > _REMEMBERED:
            self._senders.popitem(last=False)
