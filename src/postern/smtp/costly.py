"""Senders whose mails cost much wait before the next one is read, so that one of them never slows all the others.

Who has just used a second of a reading process gets the next one four seconds later, and one at a time: a fifth of one process at
most. Mails that were begun together, before it was known what they cost, are rested for all together. What waits takes up memory,
so of one sender only so much may wait, and more is put off. Ordinary mails cost some milliseconds, and nobody waits for them. It
counts CPU time, so a busy machine makes nobody costly.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from postern.errors import StoreError

CHEAP = 0.2  # seconds of CPU for one mail
SHARE = 5  # one part of so many of a process's time
LONGEST_REST = 60.0  # seconds; who sends waits ten minutes for the reply to its final dot (RFC 5321 4.5.3.2.6)
WAITING_OCTETS = 8_000_000  # of one sender's mails that wait; a single one may be larger
_REMEMBERED = 1_000


@dataclass(slots=True)
class _Sender:
    """One whose last mail cost much."""

    may_begin_at: float
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    mails: int = 0  # that wait here, and the one that is being read
    octets: int = 0  # of all these


class CostlySenders:
    """By whatever name the caller tells them apart."""

    def __init__(self) -> None:
        self._senders: OrderedDict[str, _Sender] = OrderedDict()

    @asynccontextmanager
    async def turn(self, name: str, octets: int) -> AsyncIterator[None]:
        """Wait until this sender's next mail may be read; at once for everybody else. Raises StoreError where too much waits."""
        sender = self._senders.get(name)
        if sender is None:
            yield
            return
        if sender.mails and sender.octets + octets > WAITING_OCTETS:
            raise StoreError("a sender's mails cost much, and many wait to be read")
        sender.mails += 1
        sender.octets += octets
        try:
            async with sender.turn:
                await _rest(sender)
                yield
        finally:
            sender.mails -= 1
            sender.octets -= octets

    def learn(self, name: str, seconds: float) -> None:
        """What a mail of this sender cost."""
        now = asyncio.get_running_loop().time()
        sender = self._senders.pop(name, None) or _Sender(now)
        if seconds >= CHEAP:
            sender.may_begin_at = min(max(sender.may_begin_at, now) + seconds * (SHARE - 1), now + LONGEST_REST)
        elif sender.mails <= 1 and sender.may_begin_at <= now:
            return  # nobody waits and nothing is owed: free again
        self._senders[name] = sender
        while len(self._senders) > _REMEMBERED:
            self._senders.popitem(last=False)


async def _rest(sender: _Sender) -> None:
    """Until nothing is owed any more: what was begun earlier may end meanwhile, and add to it."""
    loop = asyncio.get_running_loop()
    while (owed := sender.may_begin_at - loop.time()) > 0:  # noqa: ASYNC110 - until a time, and that may move
        await asyncio.sleep(owed)
