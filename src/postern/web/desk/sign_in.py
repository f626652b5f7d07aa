"""The pages on which one signs in and out. They say the same to everybody, whether an address is known here or not."""

from litestar import Response

from postern.actions.sign_in import SignedIn, ask_to_sign_in, end_session, is_live_link, sign_in_by_code, sign_in_by_link
from postern.actions.viewer import find_places
from postern.model.identifier import read_shown
from postern.model.identifier import show as spell
from postern.storage.sessions import list_sessions
from postern.web.desk.visit import (
    Ask,
    csrf_token,
    find_session,
    folder,
    go,
    require_session,
    safe_path,
    set_cookie,
    with_policy,
)
from postern.web.languages import choose_language
from postern.web.pages import Pages, show


def ask_address(pages: Pages, ask: Ask) -> Response[bytes]:
    """Where one types one's address."""
    if find_session(pages, ask):
        return go(pages.frame, safe_path(ask.query.get("next", "")))
    return _page(pages, ask, "sign_in.html", next_path=ask.query.get("next", ""))


def mail_link(pages: Pages, ask: Ask) -> Response[bytes]:
    """An address was typed. Whoever it is of, the answer is the same."""
    address = ask.typed("address").strip()
    ask_to_sign_in(pages.store, pages.frame, address, pages.clock.now())
    return _ask_code(pages, ask, address, is_wrong=False)


def take_code(pages: Pages, ask: Ask) -> Response[bytes]:
    """A code was typed."""
    address = ask.typed("address").strip()
    before = find_session(pages, ask)
    now = pages.clock.now()
    signed_in = sign_in_by_code(pages.store, pages.frame, address, ask.typed("code"), ask.device, now, before)
    return _welcome(pages, ask, signed_in) if signed_in else _ask_code(pages, ask, address, is_wrong=True)


def ask_button(pages: Pages, ask: Ask, secret: str) -> Response[bytes]:
    """The page behind the link: one button. Changes nothing, for mail scanners fetch links."""
    with pages.store.look() as look:
        is_live = is_live_link(look, pages.frame, secret, pages.clock.now())
    return _page(pages, ask, "sign_in_link.html", status=200 if is_live else 410, is_live=is_live)


def press_button(pages: Pages, ask: Ask, secret: str) -> Response[bytes]:
    """The button was pressed."""
    before = find_session(pages, ask)
    signed_in = sign_in_by_link(pages.store, pages.frame, secret, ask.device, pages.clock.now(), before)
    return _welcome(pages, ask, signed_in) if signed_in else _page(pages, ask, "sign_in_link.html", status=410, is_live=False)


def sign_out(pages: Pages, ask: Ask) -> Response[bytes]:
    """End this browser's session."""
    session = require_session(pages, ask)
    end_session(pages.store, session.person_id, session.id, pages.clock.now())
    return set_cookie(go(pages.frame, "/sign-in"), pages.frame, "")


def begin(pages: Pages, ask: Ask) -> Response[bytes]:
    """The first page: whoever is signed in goes on to their messages, anybody else learns what this is."""
    session = find_session(pages, ask)
    if session is None:
        answer = show(pages, "welcome.html", choose_language("", ask.accepted), folder=folder(pages.frame))
        answer.set_header("Vary", "Accept-Language")
        return answer
    with pages.store.look() as look:
        places = find_places(look, session.person_id)
    if len(places) == 1:
        return go(pages.frame, f"/s/{places[0].seller.id}/messages")
    return _page(pages, ask, "places.html", places=places, csrf=csrf_token(pages.frame, session))


def show_sessions(pages: Pages, ask: Ask) -> Response[bytes]:
    """Where one is signed in."""
    session = require_session(pages, ask)
    with pages.store.look() as look:
        sessions = list_sessions(look.connection, session.person_id)
    rows = [(spell("ses", one.id), one, one.id == session.id) for one in sessions]
    return _page(pages, ask, "sessions.html", sessions=rows, csrf=csrf_token(pages.frame, session))


def end_one(pages: Pages, ask: Ask) -> Response[bytes]:
    """Sign out somewhere else. A session of somebody else is none."""
    session = require_session(pages, ask)
    named = read_shown("ses", ask.typed("session"))
    if named:
        end_session(pages.store, session.person_id, named, pages.clock.now())
    return go(pages.frame, "/sessions")


def _ask_code(pages: Pages, ask: Ask, address: str, *, is_wrong: bool) -> Response[bytes]:
    fields = {"address": address, "is_wrong": is_wrong, "minutes": pages.frame.limits.sign_in_minutes}
    return _page(pages, ask, "sign_in_code.html", status=422 if is_wrong else 200, next_path=ask.typed("next"), **fields)


def _welcome(pages: Pages, ask: Ask, signed_in: SignedIn) -> Response[bytes]:
    return set_cookie(go(pages.frame, safe_path(ask.typed("next"))), pages.frame, signed_in.secret)


def _page(pages: Pages, ask: Ask, template: str, *, status: int = 200, **fields: object) -> Response[bytes]:
    """Of whoever signs in nothing is known but what the browser accepts."""
    language = choose_language("", ask.accepted)
    response = show(pages, f"desk/{template}", language, status=status, folder=folder(pages.frame), viewer=None, **fields)
    response.set_header("Vary", "Accept-Language")
    return with_policy(response)
