"""One visit to the desk: what was asked, who asks, and the page that answers. Whoever is not signed in is led to the sign-in.

A form is believed only with the token of its session, which no other site can read.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qs, quote, urlsplit

from litestar import Request, Response
from litestar.datastructures import State

from postern.actions.frame import Frame
from postern.actions.viewer import Viewer, find_session_of, find_viewer, note_use
from postern.errors import NotFoundError, PosternError
from postern.language import phrase
from postern.model.team import Session
from postern.web.pages import Pages, show

FIELDS = 200  # of a form
_DAY_SECONDS = 86_400
_REFERRER = "same-origin"  # with no-referrer a browser would not say that a form is ours (Fetch, 3.2)


class NotSignedInError(PosternError):
    """Nobody is signed in here, or no longer. ``back_to`` is where to go on afterwards."""

    def __init__(self, back_to: str) -> None:
        super().__init__("nobody is signed in")
        self.back_to = back_to


class NotAllowedError(PosternError):
    """Signed in, and not allowed to do this; or a form without its token."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request, read: ``form`` holds what was sent, every field's values in order."""

    path: str
    is_change: bool
    query: Mapping[str, str]
    cookie: str = field(repr=False)
    device: str = ""
    accepted: str = ""  # the languages of the browser
    form: Mapping[str, list[str]] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, request: Request[object, object, State], body: bytes, frame: Frame) -> Self:
        """Any octets are a form; what does not fit is not there."""
        query = {name: request.query_params.get(name, "") for name in request.query_params}
        return cls(
            path=request.url.path,
            is_change=request.method == "POST",
            query={name: str(value) for name, value in query.items()},
            cookie=request.cookies.get(cookie_name(frame), ""),
            device=_device(request.headers.get("user-agent", "")),
            accepted=request.headers.get("accept-language", ""),
            form=_read_form(body),
        )

    def typed(self, name: str) -> str:
        """One field, as typed; empty where it was not sent."""
        return self.form.get(name, [""])[0]


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who is signed in, at one seller's."""

    pages: Pages
    ask: Ask
    viewer: Viewer

    @property
    def language(self) -> str:
        return self.viewer.seller.language

    @property
    def home(self) -> str:
        """Below which URL this seller's pages lie."""
        return f"{folder(self.pages.frame)}/s/{self.viewer.seller.id}"

    def show(self, template: str, fields: Mapping[str, object], *, status: int = 200) -> Response[bytes]:
        """A page of the desk."""
        response = show(
            self.pages,
            f"desk/{template}",
            self.language,
            status=status,
            visit=self,
            viewer=self.viewer,
            home=self.home,
            folder=folder(self.pages.frame),
            csrf=csrf_token(self.pages.frame, self.viewer.session),
            **fields,
        )
        return with_policy(response)

    def require_answering(self) -> None:
        """Raises NotAllowedError for whoever may only read."""
        if not self.viewer.place.role.may_answer:
            raise NotAllowedError(phrase("You may read here, and not answer."))


def enter(pages: Pages, ask: Ask, seller_id: int) -> Visit:
    """Who asks at this seller's. Raises NotSignedInError, NotFoundError for a seller for whom they do not work, NotAllowedError
    for a form without its token, and StoreError.
    """
    session = require_session(pages, ask)
    with pages.store.look() as look:
        return Visit(pages, ask, find_viewer(look, session, seller_id))


def require_session(pages: Pages, ask: Ask) -> Session:
    """The session that asks, its form looked at. Raises as ``enter`` does."""
    session = find_session(pages, ask)
    if session is None:
        raise NotSignedInError(ask.path if not ask.is_change else "")
    if ask.is_change and not hmac.compare_digest(ask.typed("csrf").encode(), csrf_token(pages.frame, session).encode()):
        raise NotAllowedError(phrase("This form is not of your session. Load the page again."))
    note_use(pages.store, session, pages.clock.now())
    return session


def find_session(pages: Pages, ask: Ask) -> Session | None:
    """The session of this browser, if there is one. Raises StoreError."""
    if not ask.cookie:
        return None
    with pages.store.look() as look:
        return find_session_of(look, pages.frame, ask.cookie, pages.clock.now())


def csrf_token(frame: Frame, session: Session) -> str:
    """What every form of a session carries."""
    return frame.keyring.mark("form token", session.id.bytes).hex()


def go(visit_or_frame: Visit | Frame, path: str) -> Response[bytes]:
    """On to another page, with GET: loading it again sends nothing again."""
    frame = visit_or_frame if isinstance(visit_or_frame, Frame) else visit_or_frame.pages.frame
    return Response(b"", status_code=303, headers={"Location": f"{folder(frame)}{path}"})


def folder(frame: Frame) -> str:
    """The folder below which a proxy may have put us; empty where we are at the top."""
    return urlsplit(frame.public_url).path


def cookie_name(frame: Frame) -> str:
    """``__Host-`` ties a cookie to this host alone; browsers take it only over https, so not on a machine's own loopback."""
    return "__Host-postern" if frame.public_url.startswith("https://") else "postern"


def set_cookie(response: Response[bytes], frame: Frame, secret: str) -> Response[bytes]:
    """Hand the browser its secret; an empty one takes it away (RFC 6265bis 4.1). Secure, but for the loopback by its name."""
    parts = urlsplit(frame.public_url)
    is_loopback = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    age = frame.limits.session_days * _DAY_SECONDS if secret else 0
    pieces = [f"{cookie_name(frame)}={secret}", "Path=/", f"Max-Age={age}", "HttpOnly", "SameSite=Lax"]
    response.set_header("Set-Cookie", "; ".join(pieces + ([] if is_loopback else ["Secure"])))
    return response


def with_policy(response: Response[bytes], *, frames: bool = False) -> Response[bytes]:
    """What a page of the desk may load: our own script, style and pictures, and nothing else."""
    inside = " frame-src 'self';" if frames else ""
    response.set_header(
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
        f"{inside} form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    )
    response.set_header("Referrer-Policy", _REFERRER)
    return response


def safe_path(text: str) -> str:
    """A path of the desk to go on to; nobody is led elsewhere by a link to our sign-in."""
    is_ours = text.startswith("/s/") and "\\" not in text and "//" not in text and text.isprintable()
    return quote(text, safe="/?=&-._~%") if is_ours else "/"


def read_seller(text: str) -> int:
    """The number in a URL. Raises NotFoundError."""
    if not text.isascii() or not text.isdecimal() or len(text) > 18:  # noqa: PLR2004 - digits of a bigint
        raise NotFoundError("no such seller")
    return int(text)


def _read_form(body: bytes) -> dict[str, list[str]]:
    try:
        return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=FIELDS)
    except ValueError:  # too many fields: none of our forms
        return {}


def _device(agent: str) -> str:
    """``Firefox, Windows``: enough to know one's own browsers by, and no more."""
    browsers = ("Firefox", "Edg", "OPR", "Chrome", "Safari")  # each also calls itself those behind it
    systems = ("Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux")
    named = {"Edg": "Edge", "OPR": "Opera"}
    browser = next((one for one in browsers if one in agent), "")
    system = next((one for one in systems if one in agent), "")
    return ", ".join(filter(None, (named.get(browser, browser), system)))
