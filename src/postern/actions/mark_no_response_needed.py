"""No response needed: a seller takes one message of a buyer out of the response-time figures (R18).

It acts for one message and one side, whoever asks and however often. It refuses messages that the seller wrote.
"""

from datetime import datetime

from postern.errors import NotFoundError
from postern.mail.tokens import LinkTarget
from postern.model.identifier import show
from postern.model.journal import Value
from postern.model.relationship import Side
from postern.model.remark import AlreadyDone, Done, Door, Remark
from postern.model.thread import Message
from postern.storage.change import Change, Kept
from postern.storage.journal import journal_row
from postern.storage.remarks import exemption_row, not_remarked
from postern.storage.store import Look, Store
from postern.storage.threads import find_message


def mark_no_response_needed(store: Store, target: LinkTarget, door: Door, now: datetime) -> Done | AlreadyDone:
    """Write it down, once. Raises NotFoundError, and StoreError: then trying again may help and does no harm."""
    with store.look() as look:
        message = find_exemptible(look, target)
    values: dict[str, Value] = {"side": target.side, "door": door, "thread": show("thr", message.thread_id)}
    entry = journal_row(
        "no-response-needed",
        now,
        values,
        seller_id=message.seller_id,
        relationship_id=message.relationship_id,
        message_id=message.id,
    )
    rows = (exemption_row(message, target.side, door, now), entry)
    change = Change(message.seller_id, rows, (not_remarked(Remark.EXEMPTION, message, target.side),))
    return Done() if isinstance(store.keep(change).result(), Kept) else AlreadyDone()


def find_exemptible(look: Look, target: LinkTarget) -> Message:
    """The message, if it is one that a seller can be waited for to answer. Raises NotFoundError."""
    message = find_message(look, target.message_id)
    if message is None or target.side is not Side.SELLER or message.author is not Side.BUYER:
        raise NotFoundError("no such message")
    return message
