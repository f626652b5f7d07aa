"""Reading a private message leaves an entry with a reason: who of the staff looked, at which message, and why.

Whatever shows the text of a message to somebody who is no side of it calls this first, and shows nothing if it fails. The entry
is sealed like every other, so the audit is part of the chain.
"""

from postern.errors import ReasonError
from postern.model.journal import Value
from postern.model.thread import Message
from postern.ports import Clock
from postern.storage.change import Change
from postern.storage.journal import journal_row
from postern.storage.store import Store

KIND = "message-read"


def record_reading(store: Store, clock: Clock, message: Message, who: str, why: str) -> None:
    """Write it down. ``who`` is the reader's own name in the house. Raises ReasonError and StoreError: then show nothing."""
    who, why = who.strip(), why.strip()
    if not who or not why:
        raise ReasonError("say who reads this message, and why")
    if len(who) + len(why) > store.limits.reading_reason:
        raise ReasonError(f"who reads this message, and why, must fit into {store.limits.reading_reason} characters")
    values: dict[str, Value] = {"who": who, "why": why}
    entry = journal_row(
        KIND,
        clock.now(),
        values,
        seller_id=message.seller_id,
        relationship_id=message.relationship_id,
        message_id=message.id,
    )
    store.keep(Change(message.seller_id, (entry,))).result()
