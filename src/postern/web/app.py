"""The pages as a running server: routes and errors put together, headers on every answer, limits on every request.

It keeps no access log, for URLs hold tokens, and installs no signal handlers, for the process belongs to whoever serves it.
"""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping

import uvicorn
from litestar import Litestar
from litestar.datastructures import MutableScopeHeaders, State
from litestar.di import Provide
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from postern.errors import ConfigurationError
from postern.model.limits import Limits
from postern.web.behind_proxies import Proxies, behind
from postern.web.cross_site import guard_against_other_sites
from postern.web.errors import answer_errors
from postern.web.pages import Pages
from postern.web.routes import ROUTES

__all__ = ["Pages", "build_app", "serve_pages"]

# On every answer; one that sets a header itself keeps it.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "no-referrer",  # URLs hold tokens
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def build_app(pages: Pages) -> Litestar:
    """The application, ready to be served."""
    return Litestar(
        route_handlers=ROUTES,
        dependencies={"pages": Provide(lambda: pages, sync_to_thread=False)},
        exception_handlers=answer_errors(pages),
        middleware=[guard_against_other_sites(pages.frame.public_url), _impatient(pages.frame.limits.page_seconds)],
        before_send=[_add_headers],
        request_max_body_size=pages.frame.limits.page_body,
        state=State({"limits": pages.frame.limits}),
        openapi_config=None,
        logging_config=None,
        debug=False,
        pdb_on_exception=False,
    )


async def serve_pages(
    app: Litestar, host: str, port: int, beside: Mapping[str, ASGIApp] | None = None, proxies: Proxies | None = None
) -> tuple[Callable[[], Awaitable[None]], int]:
    """Listen and serve in the running loop, with other applications ``beside``, each below the path that names it. Answers what
    closes it, pages under way first, and the port.

    Raises ConfigurationError where nothing can listen there.
    """
    listening = _listen(host, port)
    server = _Server(_configure(app.state.limits, behind(proxies or Proxies(), _by_path(app, beside or {}))))
    running = asyncio.create_task(server.serve([listening]))

    async def close() -> None:
        server.should_exit = True
        await running

    return close, listening.getsockname()[1]


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigurationError(f"web.listen: {host}:{port} cannot be used: {error.strerror}") from None


def _by_path(pages: ASGIApp, beside: Mapping[str, ASGIApp]) -> ASGIApp:
    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        chosen = next((other for root, other in beside.items() if path == root or path.startswith(f"{root}/")), pages)
        await chosen(scope, receive, send)

    return respond


def _configure(limits: Limits, app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=limits.page_connections,
        timeout_graceful_shutdown=limits.page_seconds,
    )


class _Server(uvicorn.Server):
    """Leaves signals to whoever serves."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _add_headers(message: Message, _scope: Scope) -> None:
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        for name, value in HEADERS.items():
            headers.setdefault(name, value)


def _impatient(seconds: float) -> Callable[[ASGIApp], ASGIApp]:
    """A request's body arrives within so many seconds, or TimeoutError ends the wait for it."""

    def with_deadline(app: ASGIApp) -> ASGIApp:
        async def respond(scope: Scope, receive: Receive, send: Send) -> None:
            deadline = asyncio.get_running_loop().time() + seconds

            async def receive_in_time() -> object:
                async with asyncio.timeout_at(deadline):
                    return await receive()

            await app(scope, receive_in_time, send)  # type: ignore[arg-type]

        return respond

    return with_deadline
