"""The API as an ASGI application: each endpoint a route, limits on every body, headers on every answer."""

from collections.abc import Awaitable, Callable
from functools import partial

from litestar import Litestar, Response, route
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream
from litestar.types import Message, Scope

from postern.api.answering import Asked, answer_call, refuse
from postern.api.endpoint import ROOT, Body, Endpoint
from postern.api.manual import CSP
from postern.api.office import Office, open_office
from postern.api.routes import ENDPOINTS
from postern.model.limits import Limits

__all__ = ["ROOT", "build_api", "open_office"]

HEADERS = {
    "Content-Security-Policy": CSP,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def build_api(office: Office) -> Litestar:
    """The application, ready to be served beside the pages."""
    return Litestar(
        path=ROOT,
        route_handlers=[_serve(office, endpoint) for endpoint in ENDPOINTS],
        exception_handlers={Exception: partial(refuse, office)},
        before_send=[_add_headers],
        openapi_config=None,
        logging_config=None,
        debug=False,
        pdb_on_exception=False,
    )


def _serve(office: Office, endpoint: Endpoint) -> HTTPRouteHandler:
    most = _largest(endpoint.body, office.frame.limits)
    path, methods = endpoint.path.replace("}", ":str}"), [HttpMethod(endpoint.method)]
    register = route(path, http_method=methods, name=endpoint.name, status_code=200, request_max_body_size=most)
    return register(_answerer(office, endpoint))


def _answerer(office: Office, endpoint: Endpoint) -> Callable[[Asked], Awaitable[Response[bytes] | Stream]]:
    async def answer(request: Asked) -> Response[bytes] | Stream:
        return await answer_call(office, endpoint, request)

    return answer


def _largest(body: Body, limits: Limits) -> int:
    return {
        Body.NONE: limits.api_body,
        Body.JSON: limits.api_body,
        Body.FEED: limits.api_feed,
    }[body]


async def _add_headers(message: Message, _scope: Scope) -> None:
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
