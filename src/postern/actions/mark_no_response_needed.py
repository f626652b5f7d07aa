"""No response needed: a seller takes messages of a buyer out of the response-time figures (R18), and may take that back.

It acts for one message and one side, whoever asks and however often; for a thread it acts for each message that waits. It refuses
messages that the seller wrote.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from postern.errors import NotFoundError
from postern.mail.tokens import LinkTarget
from postern.model.identifier import show
from postern.model.journal import Value
from postern.model.relationship import Side
from postern.model.remark import AlreadyDone, Done, Door, Remark
from postern.model.thread import Message
from postern.storage.change import Change, Exempted, Kept, Row
from postern.storage.journal import journal_row
from postern.storage.remarks import exemption_row, not_remarked, undone_exemption_row
from postern.storage.responses import find_open_in
from postern.storage.store import Look, Store
from postern.storage.threads import find_message


def mark_no_response_needed(store: Store, target: LinkTarget, door: Door, now: datetime) -> Done | AlreadyDone:
    """Write it down, once. Raises NotFoundError, and StoreError: then trying again may help and does no harm."""
    with store.look() as look:
        message = find_exemptible(look, target)
    rows = (exemption_row(message, target.side, door, now), _entry("no-response-needed", message, door, now))
    change = Change(message.seller_id, rows, (not_remarked(Remark.EXEMPTION, message, target.side),))
    return Done() if isinstance(store.keep(change).result(), Kept) else AlreadyDone()


def undo_no_response_needed(store: Store, target: LinkTarget, door: Door, now: datetime) -> Done | AlreadyDone:
    """Let the clock run again from where it started. Raises NotFoundError, and StoreError."""
    with store.look() as look:
        message = find_exemptible(look, target)
    rows = (undone_exemption_row(message), _entry("no-response-needed-undone", message, door, now))
    change = Change(message.seller_id, rows, (Exempted(message.seller_id, message.id, target.side),))
    return Done() if isinstance(store.keep(change).result(), Kept) else AlreadyDone()


def exempt_threads(store: Store, seller_id: int, thread_ids: Iterable[UUID], door: Door, now: datetime) -> list[UUID]:
    """Mark every message that waits in these threads of one seller. Answers those that were marked, so that it can be undone."""
    with store.look() as look:
        waiting = [one.message_id for one in find_open_in(look, seller_id, thread_ids)]
    marked = [(one, mark_no_response_needed(store, LinkTarget(one, Side.SELLER), door, now)) for one in waiting]
    return [message_id for message_id, outcome in marked if isinstance(outcome, Done)]


def find_exemptible(look: Look, target: LinkTarget) -> Message:
    """The message, if it is one that a seller can be waited for to answer. Raises NotFoundError."""
    message = find_message(look, target.message_id)
    if message is None or target.side is not Side.SELLER or message.author is not Side.BUYER:
        raise NotFoundError("no such message")
    return message


def _entry(kind: str, message: Message, door: Door, now: datetime) -> Row:
    values: dict[str, Value] = {"side": Side.SELLER, "door": door, "thread": show("thr", message.thread_id)}
    return journal_row(
        kind, now, values, seller_id=message.seller_id, relationship_id=message.relationship_id, message_id=message.id
    )
