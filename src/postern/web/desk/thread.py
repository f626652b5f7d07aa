"""A thread: its messages, what became of each, the box in which one answers, and what one can say without answering."""

import secrets

from litestar import Response

from postern.actions.answer_thread import answer_thread
from postern.actions.keep_draft import keep_draft, read_draft
from postern.actions.list_messages import list_counts
from postern.actions.mark_no_response_needed import exempt_threads, mark_no_response_needed, undo_no_response_needed
from postern.actions.posting.outgoing import RefusedMessage
from postern.actions.report_message import Lack, Report, report_message
from postern.actions.show_thread import SHOWN_AT_ONCE, show_thread, thread_of
from postern.mail.tokens import LinkTarget
from postern.model.identifier import show as spell
from postern.model.relationship import Side
from postern.model.remark import Done, Door, Remark
from postern.model.report import ReportReason
from postern.model.thread import Message, MessageState
from postern.policy.verdict import Effect
from postern.storage.people import find_marketplace
from postern.storage.relationships import find_relationship
from postern.storage.remarks import is_remarked
from postern.storage.store import Look
from postern.web.desk import words
from postern.web.desk.messages import names, read_ids
from postern.web.desk.visit import Ask, Visit, enter, go, read_seller
from postern.web.pages import Pages

_KEY_OCTETS = 16
_EARLIER = 500  # messages that "earlier" shows at most


def show_one(pages: Pages, ask: Ask, seller: str, name: str) -> Response[bytes]:
    """The thread. Raises NotFoundError for another seller's."""
    return _show(enter(pages, ask, read_seller(seller)), name)


def _show(visit: Visit, name: str, *, status: int = 200, **fields: object) -> Response[bytes]:
    pages, viewer, now = visit.pages, visit.viewer, visit.pages.clock.now()
    most = _EARLIER if visit.ask.query.get("earlier") else SHOWN_AT_ONCE
    with pages.store.look() as look:
        page = show_thread(look, pages.frame, viewer, viewer.find_thread(look, name), now, most)
        draft = read_draft(look, viewer, page.thread)
        counts = list_counts(look, viewer, now)
    settled = {
        "page": page,
        "counts": counts,
        "draft": draft,
        "key": secrets.token_urlsafe(_KEY_OCTETS),
        "now": now,
        "words": words,
        "done": read_ids(visit, visit.ask.query.get("done", "")),
        "sent": visit.ask.query.get("sent", ""),
        "limit": pages.frame.limits.posted_text,
        "refused": (),
        "badge": words.time_left(visit.language, page.due_at, now) if page.due_at else None,
    }
    return visit.show("thread.html", {**settled, **names(visit), **fields}, status=status)


def send_answer(pages: Pages, ask: Ask, seller: str, name: str) -> Response[bytes]:
    """Send what is in the box; where a rule refuses it, the page says why and what to do, with every word still in the box."""
    visit = enter(pages, ask, read_seller(seller))
    visit.require_answering()
    with pages.store.look() as look:
        thread = visit.viewer.find_thread(look, name)
    text, key = (
        ask.typed("text").replace("\r\n", "\n"),
        ask.typed("key")[: pages.frame.limits.posted_key] or secrets.token_urlsafe(_KEY_OCTETS),
    )
    answer = answer_thread(pages.store, pages.frame, visit.viewer, thread, text, key, pages.clock.now())
    if isinstance(answer, RefusedMessage):
        said = [words.cause_words(visit.language, one.cause) for one in answer.findings if one.effect is Effect.REFUSE]
        return _show(visit, name, status=422, refused=said, draft=text)
    became = "held" if answer.state is MessageState.HELD else "answer"
    return go(visit, f"/s/{visit.viewer.seller.id}/threads/{name}?sent={became}")


def save_draft(pages: Pages, ask: Ask, seller: str, name: str) -> Response[bytes]:
    """What is in the box is kept. The script asks so while one types; without it there is a button."""
    visit = enter(pages, ask, read_seller(seller))
    visit.require_answering()
    with pages.store.look() as look:
        thread = visit.viewer.find_thread(look, name)
    keep_draft(pages.store, pages.frame, visit.viewer, thread, ask.typed("text"), pages.clock.now())
    return go(visit, f"/s/{visit.viewer.seller.id}/threads/{name}#reply")


def mark_one(pages: Pages, ask: Ask, seller: str, name: str) -> Response[bytes]:
    """No response needed, for one message."""
    visit = enter(pages, ask, read_seller(seller))
    visit.require_answering()
    with pages.store.look() as look:
        message = visit.viewer.find_message(look, name)
    done = mark_no_response_needed(pages.store, LinkTarget(message.id, Side.SELLER), Door.PAGE, pages.clock.now())
    thread = spell("thr", message.thread_id)
    undoable = f"?done={name}" if isinstance(done, Done) else ""
    return go(visit, f"/s/{visit.viewer.seller.id}/threads/{thread}{undoable}")


def unmark_one(pages: Pages, ask: Ask, seller: str, name: str) -> Response[bytes]:
    """The mark is taken back: the clock runs from its old start."""
    visit = enter(pages, ask, read_seller(seller))
    visit.require_answering()
    with pages.store.look() as look:
        message = visit.viewer.find_message(look, name)
    undo_no_response_needed(pages.store, LinkTarget(message.id, Side.SELLER), Door.PAGE, pages.clock.now())
    return go(visit, f"/s/{visit.viewer.seller.id}/threads/{spell('thr', message.thread_id)}#{name}")


def mark_thread(pages: Pages, ask: Ask, seller: str, name: str) -> Response[bytes]:
    """No response needed, for every message of the thread that waits."""
    visit = enter(pages, ask, read_seller(seller))
    visit.require_answering()
    with pages.store.look() as look:
        thread = visit.viewer.find_thread(look, name)
    marked = exempt_threads(pages.store, visit.viewer.seller.id, [thread.id], Door.PAGE, pages.clock.now())
    undoable = f"?done={','.join(spell('msg', one) for one in marked)}" if marked else ""
    return go(visit, f"/s/{visit.viewer.seller.id}/threads/{name}{undoable}")


def ask_report(pages: Pages, ask: Ask, seller: str, name: str) -> Response[bytes]:
    """Where one says what is wrong with a message (R27)."""
    return _report_page(enter(pages, ask, read_seller(seller)), name, None)


def send_report(pages: Pages, ask: Ask, seller: str, name: str) -> Response[bytes]:
    """The report was sent."""
    visit = enter(pages, ask, read_seller(seller))
    visit.require_answering()
    with pages.store.look() as look:
        message = visit.viewer.find_message(look, name)
    reason = next((one for one in ReportReason if one == ask.typed("reason")), None)
    if reason is None:
        return _report_page(visit, name, Lack.REASON)
    report = Report(reason, ask.typed("text"))
    target = LinkTarget(message.id, Side.SELLER)
    outcome = report_message(pages.store, pages.frame, target, report, Door.PAGE, pages.clock.now())
    if isinstance(outcome, Lack):
        return _report_page(visit, name, outcome)
    return go(visit, f"/s/{visit.viewer.seller.id}/threads/{spell('thr', message.thread_id)}?sent=report#{name}")


def _report_page(visit: Visit, name: str, lack: Lack | None) -> Response[bytes]:
    pages = visit.pages
    with pages.store.look() as look:
        message = visit.viewer.find_message(look, name)
        thread_of(look, visit.viewer, message)
        infringement_url = _infringement_url(look, message)
        is_done = is_remarked(look, Remark.REPORT, message, Side.SELLER)
        counts = list_counts(look, visit.viewer, pages.clock.now())
    return visit.show(
        "report.html",
        {
            "name": name,
            "thread": spell("thr", message.thread_id),
            "lack": lack,
            "is_done": is_done,
            "chosen": visit.ask.typed("reason"),
            "typed": visit.ask.typed("text"),
            "maximum": pages.frame.limits.report_text,
            "infringement_url": infringement_url,
            "counts": counts,
            **names(visit),
        },
        status=422 if lack else 200,
    )


def _infringement_url(look: Look, message: Message) -> str:
    """Where the marketplace wants to hear of counterfeits (R26); empty where it said nothing, or no web page."""
    found = find_relationship(look, message.seller_id, message.relationship_id)
    url = find_marketplace(look, found[0].marketplace_id).report_infringement_url if found else ""
    return url if url.startswith(("https://", "http://")) else ""
