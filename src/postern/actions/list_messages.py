"""A page of the Messages page: the rows of a view, and how many each view holds (R17)."""

from dataclasses import dataclass, field
from datetime import datetime

from postern.actions.viewer import Viewer
from postern.mail.quotation import cut
from postern.model.identifier import show
from postern.model.relationship import Side
from postern.model.response import ANSWER_WITHIN
from postern.model.thread import Message, MessageState
from postern.model.view import Cursor, View
from postern.storage.store import Look
from postern.storage.views import COUNTED, Found, Glimpse, Whose, count_views, glimpse, list_view

PAGE = 50
_PREVIEW = 160  # characters


@dataclass(frozen=True, slots=True)
class Row:
    """One thread, or in Sent, Not delivered and Reported one message."""

    thread: str
    message: Message
    subject: str = field(repr=False)
    buyer_name: str = field(repr=False)
    buyer_alias: str
    order: str
    preview: str = field(repr=False)
    due_at: datetime | None
    at: datetime

    @property
    def is_sellers(self) -> bool:
        return self.message.author is Side.SELLER


@dataclass(frozen=True, slots=True)
class MessagesPage:
    """``counts`` stop below a thousand, which stands for more. ``after`` is where the next page begins; empty at the end."""

    view: View
    rows: tuple[Row, ...]
    counts: dict[View, str]
    after: str


def list_messages(look: Look, viewer: Viewer, view: View, now: datetime, after: Cursor | None) -> MessagesPage:
    """A page of one view."""
    whose = Whose(viewer.seller.id, viewer.person_id, now)
    found = list_view(look, whose, view, after, PAGE + 1)
    told = glimpse(look, viewer.seller.id, found[:PAGE])
    rows = tuple(_row(one, told[one.message_id]) for one in found[:PAGE] if one.message_id in told)
    goes_on = found[PAGE - 1].cursor.spell() if len(found) > PAGE else ""
    return MessagesPage(view, rows, spell_counts(count_views(look, whose)), goes_on)


def spell_counts(counts: dict[View, int]) -> dict[View, str]:
    """``999+`` for more than that."""
    return {view: str(count) if count < COUNTED else f"{COUNTED - 1}+" for view, count in counts.items()}


def list_counts(look: Look, viewer: Viewer, now: datetime) -> dict[View, str]:
    """How many each view holds."""
    return spell_counts(count_views(look, Whose(viewer.seller.id, viewer.person_id, now)))


def _row(one: Found, told: Glimpse) -> Row:
    message = told.message
    is_private = message.author is Side.BUYER and message.state is MessageState.ABSORBED  # kept as it came: see show_thread
    preview = "" if is_private else " ".join(cut(message.text).new.split())[:_PREVIEW]
    return Row(
        thread=show("thr", one.thread_id),
        message=message,
        subject="" if is_private else message.subject,
        buyer_name=told.buyer_name,
        buyer_alias=told.buyer_alias,
        order=told.order,
        preview=preview,
        due_at=told.open_since + ANSWER_WITHIN if told.open_since else None,
        at=message.received_at,
    )
