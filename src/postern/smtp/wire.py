"""A connection to a next hop as octets and answers: what is said, and what is heard within a time.

It knows how many answers are awaited. Whatever comes beyond them was said unasked, and then the connection is good for nothing
more: nobody can tell any longer which answer belongs to what. It decides nothing, and never says anything by itself.
"""

import asyncio
import ssl
from collections import deque
from typing import cast

from postern.model.limits import Limits
from postern.smtp.answer import LATE, LOST, UNREADABLE, Answer
from postern.smtp.hearing import Hearing

_CLOSING_SECONDS = 5.0  # for TLS to say that it ends


class Wire(asyncio.Protocol):
    """Made by ``create_connection``; the first answer awaited is the greeting."""

    def __init__(self, limits: Limits) -> None:
        self._loop = asyncio.get_running_loop()
        self._hearing = Hearing(limits)
        self._answers: deque[Answer] = deque()
        self._awaited = 1
        self._was_told_unasked = False
        self._end: Answer | None = None
        self._listener: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None

    # What the loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass

    def data_received(self, data: bytes) -> None:
        most = self._awaited - len(self._answers)
        if self._end is not None:
            return
        if most <= 0:
            self._was_told_unasked = True  # and forgotten: nothing grows here
            return
        for answer in self._hearing.hear(data, most):
            if answer is UNREADABLE:
                self._end = self._end or UNREADABLE
            else:
                self._answers.append(answer)
        if self._answers or self._end:
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._end = self._end or LOST
        self._wake()

    def _wake(self) -> None:
        if self._listener is not None and not self._listener.done():
            self._listener.set_result(None)

    # What the session calls

    @property
    def is_ready(self) -> bool:
        """Whether something may be said: the connection stands, and nothing was heard that nobody asked for."""
        is_open = self._end is None and self._transport is not None and not self._transport.is_closing()
        return is_open and not self._answers and not self._was_told_unasked and self._hearing.is_between_replies

    def say(self, octets: bytes, answers: int = 1) -> None:
        """Send these octets, to which so many answers are awaited."""
        if self._transport is not None:
            self._awaited += answers
            self._transport.write(octets)

    async def answer(self, seconds: float) -> Answer:
        """The next answer; one with code 0 says why none came."""
        if not self._answers and self._end is None:
            await self._listen(seconds)
        if not self._answers:
            return self._end or LATE
        self._awaited -= 1
        return self._answers.popleft()

    async def _listen(self, seconds: float) -> None:
        self._listener = self._loop.create_future()
        timer = self._loop.call_later(seconds, self._wake)
        try:
            await self._listener
        finally:
            timer.cancel()
            self._listener = None

    async def encrypt(self, tls: ssl.SSLContext, name: str, seconds: float) -> None:
        """Do the handshake; all that follows is encrypted. Raises OSError, of which ssl.SSLError is one, or ValueError."""
        if self._transport is None:
            raise ConnectionError
        self._transport = await self._loop.start_tls(
            self._transport,
            self,
            tls,
            server_hostname=name or None,
            ssl_handshake_timeout=seconds,
            ssl_shutdown_timeout=_CLOSING_SECONDS,
        )

    def close(self) -> None:
        """End it once all that was said is out."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """End it at once; what was not sent yet never is."""
        if self._transport is not None:
            self._transport.abort()
