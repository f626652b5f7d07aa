"""A thread as its seller sees it: its messages on one line of time, each with its verdict, its delivery and its clock.

What a robot wrote for the buyer was kept as it came; its words are shown only after they went through the same steps as a mail
that is sent on, and not at all where an address of the buyer's would stay in them (R1).
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from postern.actions.frame import Frame
from postern.actions.receiving.pair import Pair, gather_pair
from postern.actions.receiving.passage import make_passage
from postern.actions.receiving.placing import Place
from postern.actions.viewer import Viewer, may_see
from postern.errors import NotFoundError
from postern.mail.letter import Attachment, Leaking, Letter, Reading
from postern.mail.quotation import Reply, cut
from postern.mail.reader import read
from postern.mail.rewrite import rewrite
from postern.model.identifier import show
from postern.model.order import Order
from postern.model.relationship import Side
from postern.model.response import Response, Standing
from postern.model.thread import Message, MessageState, Thread
from postern.policy.reasons import ALL, Cause
from postern.storage.attempts import Attempt, list_attempts
from postern.storage.documents import find_document
from postern.storage.orders import find_order
from postern.storage.relationships import AliasEntry
from postern.storage.responses import find_responses
from postern.storage.store import Look
from postern.storage.threads import list_in_thread

SHOWN_AT_ONCE = 50  # messages; earlier ones are a click away
_REASONS = {reason.code: reason for reason in ALL}


@dataclass(frozen=True, slots=True)
class ShownFile:
    """An attachment as the page names it."""

    number: int
    name: str = field(repr=False)
    size: int


@dataclass(frozen=True, slots=True)
class Item:
    """One message on the line of time. ``at`` is when the seller could have it, or sent it."""

    id: str
    message: Message
    reply: Reply = field(repr=False)
    clock: Response | None
    standing: Standing | None
    cause: Cause | None
    attempts: tuple[Attempt, ...]
    files: tuple[ShownFile, ...]
    has_layout: bool

    @property
    def is_buyers(self) -> bool:
        return self.message.author is Side.BUYER


@dataclass(frozen=True, slots=True)
class ThreadPage:
    """Everything the page tells. ``pair`` is None where the buyer was erased: then nobody can answer."""

    thread: Thread
    pair: Pair | None
    order: Order | None
    items: tuple[Item, ...]
    due_at: datetime | None
    has_earlier: bool

    @property
    def id(self) -> str:
        return show("thr", self.thread.id)


def show_thread(look: Look, frame: Frame, viewer: Viewer, thread: Thread, now: datetime, most: int = SHOWN_AT_ONCE) -> ThreadPage:
    """The thread's last messages."""
    seller_id = viewer.seller.id
    found = list_in_thread(look, seller_id, thread.id, most + 1)
    messages = [one for one in found[-most:] if may_see(one)]
    pair = find_pair_of(look, seller_id, thread)
    clocks = find_responses(look, seller_id, [one.id for one in messages])
    items = tuple(_item(look, frame, pair, thread, one, clocks.get(one.id), now) for one in messages)
    open_since = [one.due_at for one in clocks.values() if one.is_open]
    order = find_order(look, seller_id, thread.order_id) if thread.order_id else None
    return ThreadPage(thread, pair, order, items, min(open_since, default=None), has_earlier=len(found) > most)


def find_letter(look: Look, frame: Frame, message: Message) -> Letter:
    """The message as it was mailed: written by us, from what was cleaned. Raises NotFoundError where nothing was mailed."""
    if message.relayed_id is None:
        raise NotFoundError("this message was not mailed")
    return read(find_document(look, message.seller_id, message.relayed_id), frame.limits).letter


def safe_words(frame: Frame, pair: Pair | None, thread: Thread, message: Message) -> Message:
    """The message with words that its seller may read."""
    if message.author is Side.SELLER or message.state is not MessageState.ABSORBED:
        return message
    if pair is None:
        return replace(message, subject="", text="")
    letter = Letter(message.subject, message.text, None)
    reading = Reading(letter, 1, (), None, (), {}, 0, ())
    place = Place(thread, opened=False, order=None, references=(), found_by="")
    relayed = rewrite(reading, make_passage(frame, pair, place, Side.BUYER, message.id, message.received_at))
    if isinstance(relayed, Leaking):
        return replace(message, subject="", text="")
    return replace(message, subject=relayed.subject, text=relayed.text)


def cause_of(message: Message) -> Cause | None:
    """Why a message did not simply pass."""
    reason = _REASONS.get(message.reason)
    return Cause(reason) if reason else None


def show_message(look: Look, frame: Frame, thread: Thread, message: Message, now: datetime) -> Item:
    """One message of the thread, that its seller may see."""
    pair = find_pair_of(look, message.seller_id, thread)
    clock = find_responses(look, message.seller_id, [message.id]).get(message.id)
    return _item(look, frame, pair, thread, message, clock, now)


def find_pair_of(look: Look, seller_id: int, thread: Thread) -> Pair | None:
    """The two of a thread; None where the buyer was erased."""
    try:
        return gather_pair(look, AliasEntry(seller_id, thread.relationship_id, Side.BUYER))
    except NotFoundError:
        return None


def _item(  # noqa: PLR0913, PLR0917 - a message, and all that is known around it
    look: Look, frame: Frame, pair: Pair | None, thread: Thread, message: Message, clock: Response | None, now: datetime
) -> Item:
    message = safe_words(frame, pair, thread, message)
    files, has_layout = _files(look, frame, message)
    return Item(
        id=show("msg", message.id),
        message=message,
        reply=cut(message.text),
        clock=clock,
        standing=clock.standing(now) if clock else None,
        cause=cause_of(message),
        attempts=tuple(list_attempts(look, message.seller_id, message.id)) if message.author is Side.SELLER else (),
        files=files,
        has_layout=has_layout,
    )


def _files(look: Look, frame: Frame, message: Message) -> tuple[tuple[ShownFile, ...], bool]:
    """What came with it, and whether it has a layout beside its text."""
    if message.relayed_id is None:
        return (), False
    letter = find_letter(look, frame, message)
    files = tuple(ShownFile(number, one.file_name, len(one.content)) for number, one in enumerate(letter.attachments))
    return files, letter.html is not None


def file_of(letter: Letter, number: int) -> Attachment:
    """One of the files that came with a letter. Raises NotFoundError."""
    if not 0 <= number < len(letter.attachments):
        raise NotFoundError("no such file")
    return letter.attachments[number]


def thread_of(look: Look, viewer: Viewer, message: Message) -> Thread:
    """The thread in which a message stands."""
    return viewer.find_thread(look, show("thr", message.thread_id))
