"""Reading as a seller: the views of the Messages page, threads, messages and their files; and what a reader says of a message.

A record of another seller, and one that does not exist, are answered alike: everything is found through the viewer.
"""

from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import Field

from postern.actions.mark_no_response_needed import mark_no_response_needed, undo_no_response_needed
from postern.actions.report_message import Lack, Report, report_message
from postern.actions.show_thread import Item, file_of, find_letter, find_pair_of, show_message
from postern.actions.viewer import find_sellers_message, find_sellers_thread
from postern.api.call import Call, Shape
from postern.api.endpoint import Answer
from postern.api.problems import ALREADY_REPORTED, BAD_FIELDS, BAD_QUERY, Mistake, RefusedError, find_explained
from postern.api.responses import MessageClock, tell_clock
from postern.errors import NotFoundError
from postern.mail.quotation import cut
from postern.mail.tokens import LinkTarget
from postern.model.identifier import show
from postern.model.relationship import Side
from postern.model.remark import AlreadyDone, Done, Door
from postern.model.report import ReportReason
from postern.model.response import ANSWER_WITHIN
from postern.model.thread import Message, MessageState, Thread
from postern.model.view import Cursor, View
from postern.storage.documents import find_document
from postern.storage.events import list_messages_after
from postern.storage.orders import find_order
from postern.storage.store import Look
from postern.storage.views import Found, Glimpse, Whose, glimpse, list_view

MAIL = "message/rfc822"
OCTETS = "application/octet-stream"
_PREVIEW = 160  # characters
_VIEWS = tuple(view for view in View if view is not View.DRAFTS)  # a draft is a person's, and a key is nobody's
VIEW_NAMES = [str(view) for view in _VIEWS]


class ThreadRow(Shape):
    """One thread of a view; in sent, not-delivered and reported one message. ``due_at`` while the buyer waits for an answer."""

    thread: str
    message: str
    author: str
    state: str
    subject: str
    preview: str
    buyer_name: str
    buyer_alias: str
    order: str | None
    at: datetime
    due_at: datetime | None


class ThreadRows(Shape):
    """A page of a view. ``next`` is null at the end."""

    threads: list[ThreadRow]
    next: str | None


class ThreadHead(Shape):
    """What a thread is about, and with whom. The aliases are null where the buyer was erased."""

    thread: str
    order: str | None
    marketplace: str | None
    buyer_name: str | None
    buyer_alias: str | None
    opened_at: datetime


class File(Shape):
    """An attachment, as it was cleaned."""

    number: int
    name: str
    size: int


class Cause(Shape):
    """Why a message of the seller's did not simply pass."""

    code: str
    sentence: str
    remedy: str


class MessageShown(Shape):
    """One message. ``new_text`` is the text without what is quoted."""

    message: str
    thread: str
    author: str
    state: str
    automatic: str | None
    at: datetime
    subject: str
    text: str
    new_text: str
    cause: Cause | None
    clock: MessageClock | None
    attachments: list[File]
    has_layout: bool


class MessagesShown(Shape):
    """Messages in the order in which they entered the record. ``next`` is where to go on, also when there is nothing more yet."""

    messages: list[MessageShown]
    next: str
    has_more: bool


class Exemption(Shape):
    """Whether the message needs no response now, and whether that is new."""

    no_response_needed: bool
    changed: bool


class NewReport(Shape):
    """Why a message is reported; ``text`` is needed for ``other``."""

    reason: Literal[
        "spam",
        "phishing",
        "abusive",
        "pays_outside",
        "asks_contact_details",
        "review_manipulation",
        "counterfeit",
        "other",
    ]
    text: Annotated[str, Field(max_length=20_000)] = ""  # what is too long for a report is said with its own words


class Reported(Shape):
    """The other side is not told. Not every report is investigated."""

    reported: bool


def list_threads(call: Call) -> Answer:
    """A page of a view."""
    name = call.query.get("view", View.ALL)
    if name not in VIEW_NAMES:
        raise RefusedError(BAD_QUERY, f"view is one of {', '.join(VIEW_NAMES)}")
    view, count, about = View(name), call.page(), f"threads {name}"
    position = call.read_cursor(about)
    after = Cursor.read(position) if position else None
    whose = Whose(call.seller_id, None, call.office.clock.now())
    with call.office.store.look() as look:
        found = list_view(look, whose, view, after, count + 1)
        told = glimpse(look, call.seller_id, found[:count])
    rows = [_row(one, told[one.message_id]) for one in found[:count] if one.message_id in told]
    goes_on = call.make_cursor(about, found[count - 1].cursor.spell()) if len(found) > count else None
    return Answer(ThreadRows(threads=rows, next=goes_on))


def read_thread(call: Call) -> Answer:
    """What it is about."""
    with call.office.store.look() as look:
        thread = find_thread(call, look)
        pair = find_pair_of(look, call.seller_id, thread)
        order = find_order(look, call.seller_id, thread.order_id) if thread.order_id else None
    return Answer(
        ThreadHead(
            thread=show("thr", thread.id),
            order=order.name if order else None,
            marketplace=pair.marketplace.id if pair else None,
            buyer_name=pair.buyer.display_name if pair else None,
            buyer_alias=pair.relationship.buyer_alias if pair else None,
            opened_at=thread.opened_at,
        )
    )


def list_messages(call: Call) -> Answer:
    """The messages of a thread since a cursor, from its first where there is none."""
    about = f"messages {call.names['thread'].lower()}"
    after, count = int(call.read_cursor(about) or "0"), call.page()
    with call.office.store.look() as look:
        thread = find_thread(call, look)
        placed = list_messages_after(look, call.seller_id, thread.id, after, count)
        messages = [_show(call, look, thread, show("msg", message_id)) for _, message_id in placed]
    end = placed[-1][0] if placed else after
    return Answer(MessagesShown(messages=messages, next=call.make_cursor(about, str(end)), has_more=len(placed) == count))


def read_message(call: Call) -> Answer:
    with call.office.store.look() as look:
        message = find_message(call, look)
        thread = find_sellers_thread(look, call.seller_id, show("thr", message.thread_id))
        return Answer(_show(call, look, thread, show("msg", message.id)))


def read_mail(call: Call) -> Answer:
    """The mail as it was sent on: rewritten, cleaned, and without anybody's address."""
    with call.office.store.look() as look:
        message = find_message(call, look)
        if message.relayed_id is None:
            raise NotFoundError("this message was not mailed")
        content = find_document(look, message.seller_id, message.relayed_id)
    return Answer(content, media_type=MAIL, headers=_as_file(f"{show('msg', message.id)}.eml"))


def read_file(call: Call) -> Answer:
    """An attachment, always as a file to keep: nothing of it runs here."""
    number = call.names["number"]
    with call.office.store.look() as look:
        letter = find_letter(look, call.office.frame, find_message(call, look))
    if not (number.isascii() and number.isdecimal() and len(number) < 6):  # noqa: PLR2004 - there are twenty at most
        raise NotFoundError("no such file")
    file = file_of(letter, int(number))
    return Answer(file.content, media_type=OCTETS, headers=_as_file(file.file_name))


def mark_exempt(call: Call) -> Answer:
    outcome = mark_no_response_needed(call.office.store, _target(call), Door.API, call.office.clock.now())
    return Answer(Exemption(no_response_needed=True, changed=isinstance(outcome, Done)))


def undo_exempt(call: Call) -> Answer:
    outcome = undo_no_response_needed(call.office.store, _target(call), Door.API, call.office.clock.now())
    return Answer(Exemption(no_response_needed=False, changed=isinstance(outcome, Done)))


def report(call: Call) -> Answer:
    said, office = call.read(NewReport), call.office
    wanted = Report(ReportReason(said.reason), said.text)
    outcome = report_message(office.store, office.frame, _target(call), wanted, Door.API, office.clock.now())
    if isinstance(outcome, AlreadyDone):
        raise RefusedError(ALREADY_REPORTED)
    if isinstance(outcome, Lack):
        raise RefusedError(BAD_FIELDS, mistakes=(Mistake("/text", _LACKS[outcome]),))
    return Answer(Reported(reported=True), status=201)


_LACKS = {Lack.TEXT: "is needed for this reason", Lack.SHORTER_TEXT: "must be shorter", Lack.REASON: "needs a reason"}


def find_message(call: Call, look: Look) -> Message:
    """The message in the path, if its seller may see it. Raises NotFoundError."""
    return find_sellers_message(look, call.seller_id, call.names["message"])


def find_thread(call: Call, look: Look) -> Thread:
    """The thread in the path. Raises NotFoundError."""
    return find_sellers_thread(look, call.seller_id, call.names["thread"])


def _target(call: Call) -> LinkTarget:
    with call.office.store.look() as look:
        return LinkTarget(find_message(call, look).id, Side.SELLER)


def _row(one: Found, told: Glimpse) -> ThreadRow:
    message = told.message
    is_private = message.author is Side.BUYER and message.state is MessageState.ABSORBED  # kept as it came, unread by us
    return ThreadRow(
        thread=show("thr", one.thread_id),
        message=show("msg", message.id),
        author=message.author,
        state=message.state,
        subject="" if is_private else message.subject,
        preview="" if is_private else " ".join(cut(message.text).new.split())[:_PREVIEW],
        buyer_name=told.buyer_name,
        buyer_alias=told.buyer_alias,
        order=told.order or None,
        at=message.received_at,
        due_at=told.open_since + ANSWER_WITHIN if told.open_since else None,
    )


def _show(call: Call, look: Look, thread: Thread, name: str) -> MessageShown:
    message, now = find_sellers_message(look, call.seller_id, name), call.office.clock.now()
    return _tell(show_message(look, call.office.frame, thread, message, now), now)


def _tell(one: Item, now: datetime) -> MessageShown:
    message = one.message
    return MessageShown(
        message=one.id,
        thread=show("thr", message.thread_id),
        author=message.author,
        state=message.state,
        automatic=message.automatic or None,
        at=message.received_at,
        subject=message.subject,
        text=message.text.strip("\n"),
        new_text=one.reply.new,
        cause=_tell_cause(message),
        clock=tell_clock(one.clock, now) if one.clock else None,
        attachments=[File(number=file.number, name=file.name, size=file.size) for file in one.files],
        has_layout=one.has_layout,
    )


def _tell_cause(message: Message) -> Cause | None:
    """Why a message of the seller's did not simply pass; its particulars are not kept with it."""
    found = find_explained(message.reason) if message.author is Side.SELLER and message.reason else None
    return Cause(code=message.reason, sentence=found[0], remedy=found[1]) if found else None


def _as_file(name: str) -> dict[str, str]:
    """RFC 6266 4, RFC 8187 3.2."""
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
