"""A host that hands out MTA-STS policies over HTTPS on loopback: one answer for all, and any answer at all."""

import asyncio
import ssl
from types import TracebackType
from typing import Self

HANG = b"(says nothing more)"


def page(body: bytes, *, status: str = "200 OK", media_type: str = "text/plain", more: str = "") -> bytes:
    """An answer with this body."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


class PolicyHost:
    """``answer`` may be changed while it runs; ``requests`` holds what it was asked."""

    def __init__(self, answer: bytes, tls: ssl.SSLContext, host: str = "127.0.0.1") -> None:
        self.answer = answer
        self.requests: list[bytes] = []
        self.port = 0
        self._tls = tls
        self._host = host
        self._sessions: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._take, self._host, self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.close()
        for session in self._sessions:
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)
        await self._server.wait_closed()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = asyncio.current_task()
        assert session is not None
        self._sessions.add(session)
        session.add_done_callback(self._sessions.discard)
        try:
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(self.answer.removesuffix(HANG))
            await writer.drain()
            if self.answer.endswith(HANG):
                await asyncio.Event().wait()
            writer.close()
            await writer.wait_closed()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.transport.abort()
