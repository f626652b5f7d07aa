"""Protection against other sites: a page elsewhere may point a browser at us, and must not act through it.

Looked at before a request's body is read. What changes something must come from a page of ours: ``Origin`` and
``Sec-Fetch-Site`` say so, and whoever brings a session must bring at least one of them; the session's own token in the form is
looked at later. Signed links of mails are exempt: they carry their right with them, and nothing of the browser's.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from litestar.datastructures import Headers
from litestar.exceptions import PermissionDeniedException
from litestar.types import ASGIApp, Receive, Scope, Send

_SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
_MAIL_LINKS = "/m/"
_OURS = ("same-origin", "none")  # none: typed, or chosen from a bookmark


def guard_against_other_sites(public_url: str) -> Callable[[ASGIApp], ASGIApp]:
    """The layer; ``public_url`` says which origin is ours."""
    parts = urlsplit(public_url)
    origin = f"{parts.scheme}://{parts.netloc}".lower()

    def guarded(app: ASGIApp) -> ASGIApp:
        async def respond(scope: Scope, receive: Receive, send: Send) -> None:
            if not _may_pass(scope, origin):
                raise PermissionDeniedException
            await app(scope, receive, send)

        return respond

    return guarded


def _may_pass(scope: Scope, origin: str) -> bool:
    if scope["method"] in _SAFE or scope["path"].startswith(_MAIL_LINKS):  # type: ignore[typeddict-item] # http alone comes here
        return True
    headers = Headers.from_scope(scope)
    came_from, fetched = headers.get("origin", ""), headers.get("sec-fetch-site", "")
    if came_from and came_from.lower() != origin:
        return False
    if fetched and fetched not in _OURS:
        return False
    return bool(came_from or fetched) or "cookie" not in headers
