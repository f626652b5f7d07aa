"""Pages served on a real socket, and somebody who visits them with nothing but HTTP."""

import asyncio
import http.client
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from urllib.parse import urlencode

from litestar.types import ASGIApp

from postern.web.app import Pages, build_app, serve_pages

SECONDS = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True, slots=True)
class Visitor:
    """Asks one server on the loopback."""

    port: int

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
        finally:
            connection.close()

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def post(self, path: str, **fields: str) -> Answer:
        """Send a form as a browser does."""
        body = urlencode(fields).encode()
        return self.ask("POST", path, body, **{"Content-Type": "application/x-www-form-urlencoded"})


@contextmanager
def open_pages(pages: Pages, beside: Mapping[str, ASGIApp] | None = None, port: int = 0) -> Iterator[Visitor]:
    """Serve the pages, and what stands beside them, in a loop and a thread of their own until the block ends; on a free port,
    unless one is named.
    """
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="pages")
    thread.start()
    try:
        served = asyncio.run_coroutine_threadsafe(serve_pages(build_app(pages), "127.0.0.1", port, beside), loop)
        close, port = served.result(SECONDS)
        yield Visitor(port)
        asyncio.run_coroutine_threadsafe(_await(close()), loop).result(SECONDS)
        asyncio.run_coroutine_threadsafe(loop.shutdown_default_executor(), loop).result(SECONDS)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(SECONDS)
        loop.close()


async def _await(closing: Awaitable[None]) -> None:
    await closing
