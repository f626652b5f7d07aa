"""Carries mails to one next hop over SMTP, on connections that are kept and used again.

A kept connection may have died unseen; if that shows before the mail was judged, a fresh one takes its place and nothing is
counted. After the final dot nothing is ever sent again here: a lost reply is told as indeterminate, and the queue decides.

It holds no queue and no schedule: one call is one attempt, with one outcome.
"""

import asyncio

from postern.errors import ConfigurationError
from postern.model.address import Address, is_domain
from postern.model.delivery import Deferred, Failed, Outcome
from postern.model.limits import Limits
from postern.ports import IsBound, Ready, at_once
from postern.smtp.connection import Connection, Ending, Hop, Patience, Route, open_connection
from postern.smtp.encryption import Encryption, opportunistic
from postern.smtp.parcel import Parcel, pack


class SmtpCourier:
    """The way to one next hop, at most ``limits.connections`` wide."""

    def __init__(self, hop: Hop, hostname: str, limits: Limits, encryption: Encryption | None = None) -> None:
        if not is_domain(hostname):
            raise ConfigurationError("[smtp] hostname must be a domain name, for EHLO")
        self._route = Route(hop, hostname, encryption or opportunistic(), limits)
        self._limits = limits
        self._turns = asyncio.Semaphore(limits.connections)
        self._kept: list[tuple[Connection, asyncio.TimerHandle]] = []
        self._farewells: set[asyncio.Task[None]] = set()
        self._is_closed = False

    async def send(
        self, return_path: str, recipient: Address, content: bytes, ready: Ready = at_once, is_bound: IsBound | None = None
    ) -> Outcome:
        """Make one attempt, in ``limits.attempt_timeout`` seconds at most. There is one hop, so all mails are bound to it."""
        del is_bound
        parcel = pack(return_path, recipient, content, ready)
        if isinstance(parcel, Failed):
            return parcel
        ending = await self.attempt(parcel, Patience(self._limits.attempt_timeout))
        return ending.outcome

    async def attempt(self, parcel: Parcel, patience: Patience) -> Ending:
        """Wait for a turn, then try once."""
        if not await self._has_turn(patience):
            return Ending(Deferred(0, "4.4.5", "every connection to the next hop stayed busy"), judged=False)
        try:
            return await self._try_once(parcel, patience)
        finally:
            self._turns.release()

    async def _has_turn(self, patience: Patience) -> bool:
        if not self._turns.locked():
            return await self._turns.acquire()  # at once
        try:
            async with asyncio.timeout(patience.before_data(self._limits.attempt_timeout)):
                return await self._turns.acquire()
        except TimeoutError:
            return False

    async def _try_once(self, parcel: Parcel, patience: Patience) -> Ending:
        kept = self._take_kept()
        if kept is not None:
            ending = await self._deliver(kept, parcel, patience)
            if ending.judged:
                return ending
        connection = await open_connection(self._route, patience)
        if isinstance(connection, Ending):
            return connection
        return await self._deliver(connection, parcel, patience)

    def _take_kept(self) -> Connection | None:
        """The connection used last: those that wait longest can end."""
        while self._kept:
            connection, timer = self._kept.pop()
            timer.cancel()
            if connection.is_usable:
                return connection
            connection.abort()
        return None

    async def _deliver(self, connection: Connection, parcel: Parcel, patience: Patience) -> Ending:
        try:
            return await connection.deliver(parcel, patience)
        finally:
            self._keep_or_end(connection)

    def _keep_or_end(self, connection: Connection) -> None:
        if self._is_closed or connection.mails >= self._limits.mails_per_connection or not connection.is_usable:
            self._say_farewell(connection)
            return
        timer = asyncio.get_running_loop().call_later(self._limits.connection_idle, self._end_idle, connection)
        self._kept.append((connection, timer))

    def _end_idle(self, connection: Connection) -> None:
        self._kept = [(kept, timer) for kept, timer in self._kept if kept is not connection]
        self._say_farewell(connection)

    def _say_farewell(self, connection: Connection) -> None:
        """QUIT, while nobody waits for it."""
        if not connection.is_usable:
            connection.abort()
            return
        farewell = asyncio.get_running_loop().create_task(connection.quit())
        self._farewells.add(farewell)
        farewell.add_done_callback(self._farewells.discard)

    def let_go(self) -> None:
        """End kept connections now; those in use end after their mail."""
        self._is_closed = True
        while self._kept:
            connection, timer = self._kept.pop()
            timer.cancel()
            self._say_farewell(connection)

    async def close(self) -> None:
        """Let go, and wait until leave was taken."""
        self.let_go()
        await asyncio.gather(*self._farewells)
