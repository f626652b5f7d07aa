"""The edge: where mail is listened for. Each connection gets a carrier and a session of its own, until the service ends.

It decides nothing, and refuses nobody by itself: whether there is room is for ``places``, what a source may do for ``sources``.
"""

import asyncio
import contextlib
import ssl

from postern.model.limits import Limits
from postern.smtp.carrier import Carrier
from postern.smtp.desk import Desk, Post
from postern.smtp.places import Places
from postern.smtp.signing_in import Submission
from postern.smtp.sources import Sources

__all__ = ["Desk", "Edge"]

BACKLOG = 512  # connections that wait to be taken
DRAIN_SECONDS = 20
ABORT_SECONDS = 1


class Edge:
    """Listens for mail, and carries one session for each connection."""

    def __init__(
        self, desk: Desk, hostname: str, limits: Limits, tls: ssl.SSLContext | None, sources: Sources | None = None
    ) -> None:
        self.places = Places(limits)
        self.sources = Sources(limits) if sources is None else sources
        self._post = Post(desk, hostname, limits, tls, self.sources, self.places)
        self._servers: list[asyncio.Server] = []

    async def listen(self, host: str, port: int, submission: Submission | None = None) -> int:
        """Take connections, with ``submission`` from clients that sign in; answers the port, which the system chose if it was 0.
        All doors share the limits.
        """
        tls = self._post.tls if submission and submission.implicit_tls else None
        server = await asyncio.get_running_loop().create_server(
            lambda: Carrier(self._post, submission),
            host,
            port,
            backlog=BACKLOG,
            ssl=tls,
            ssl_handshake_timeout=self._post.limits.handshake_timeout if tls else None,
        )
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def drain(self) -> None:
        """Take no more connections, end idle sessions with 421, let mails under way come to their reply."""
        self.places.close()
        for server in self._servers:
            server.close()
        for guest in self.places.guests:
            guest.shut_down()
        await self._wait_until_empty(DRAIN_SECONDS)
        for guest in self.places.guests:
            guest.abort()
        await self._wait_until_empty(ABORT_SECONDS)

    async def _wait_until_empty(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.places.empty.wait(), seconds)
