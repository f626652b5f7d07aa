"""The Messages page: a view's rows, and No response needed for several of them at once (R17, R18)."""

from uuid import UUID

from litestar import Response

from postern.actions.list_messages import MessagesPage, list_messages
from postern.actions.mark_no_response_needed import exempt_threads, undo_no_response_needed
from postern.errors import NotFoundError
from postern.language import say_count
from postern.mail.tokens import LinkTarget
from postern.model.identifier import read_shown, show
from postern.model.relationship import Side
from postern.model.remark import Door
from postern.model.view import Cursor, View
from postern.web.desk.visit import Ask, Visit, enter, go, read_seller
from postern.web.desk.words import nothing_here, state_words, time_left, view_name
from postern.web.pages import Pages

_UNDONE_AT_ONCE = 200


def show_messages(pages: Pages, ask: Ask, seller: str, view_text: str = View.RESPONSE_NEEDED) -> Response[bytes]:
    """One page of one view; what was just marked can be undone from it."""
    visit = enter(pages, ask, read_seller(seller))
    view = read_view(view_text)
    now = pages.clock.now()
    with pages.store.look() as look:
        page = list_messages(look, visit.viewer, view, now, Cursor.read(ask.query.get("after", "")))
    done = read_ids(visit, ask.query.get("done", ""))
    fields = {"page": page, "badges": _badges(visit, page), "done": done, "told": _told(visit, done)}
    return visit.show("messages.html", {**fields, **names(visit), "nothing": nothing_here(visit.language, view)})


def mark_threads(pages: Pages, ask: Ask, seller: str) -> Response[bytes]:
    """No response needed, for every message that waits in the chosen threads."""
    visit = enter(pages, ask, read_seller(seller))
    visit.require_answering()
    chosen = [thread_id for name in ask.form.get("thread", []) if (thread_id := read_shown("thr", name))]
    marked = exempt_threads(pages.store, visit.viewer.seller.id, chosen, Door.PAGE, pages.clock.now())
    return go(visit, f"{_back(visit)}{_done(marked)}")


def undo_marks(pages: Pages, ask: Ask, seller: str) -> Response[bytes]:
    """Take the marks back that were just made."""
    visit = enter(pages, ask, read_seller(seller))
    visit.require_answering()
    for name in read_ids(visit, ask.typed("done")):
        with pages.store.look() as look:
            message = visit.viewer.find_message(look, name)
        undo_no_response_needed(pages.store, LinkTarget(message.id, Side.SELLER), Door.PAGE, pages.clock.now())
    return go(visit, _back(visit))


def read_view(text: str) -> View:
    """Raises NotFoundError for what is none."""
    try:
        return View(text)
    except ValueError:
        raise NotFoundError("no such view") from None


def read_ids(_visit: Visit, text: str) -> list[str]:
    """The messages that a URL names, as it names them; what is no name is left out."""
    return [name for name in text.split(",")[:_UNDONE_AT_ONCE] if read_shown("msg", name)]


def names(visit: Visit) -> dict[str, object]:
    """The views as they are called."""
    return {"view_names": {view: view_name(visit.language, view) for view in View}}


def _back(visit: Visit) -> str:
    view, thread = visit.ask.typed("view"), visit.ask.typed("thread_shown")
    desk = f"/s/{visit.viewer.seller.id}"
    if read_shown("thr", thread):
        return f"{desk}/threads/{thread}"
    return f"{desk}/messages/{view if view in set(View) else View.RESPONSE_NEEDED}"


def _done(marked: list[UUID]) -> str:
    return f"?done={','.join(show('msg', one) for one in marked[:_UNDONE_AT_ONCE])}" if marked else ""


def _told(visit: Visit, done: list[str]) -> str:
    if not done:
        return ""
    return say_count(visit.language, "{count} message needs no response.", "{count} messages need no response.", len(done))


def _badges(visit: Visit, page: MessagesPage) -> list[tuple[str, str]]:
    """What each row wears: the time that is left, or what became of it."""
    now = visit.pages.clock.now()
    badges = []
    for row in page.rows:
        if page.view in (View.SENT, View.NOT_DELIVERED) or (row.is_sellers and not row.due_at):
            badges.append(state_words(visit.language, row.message.state))
        elif row.due_at:
            badges.append(time_left(visit.language, row.due_at, now))
        else:
            badges.append(("", "calm"))
    return badges
