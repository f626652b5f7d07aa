"""Where in the conversation a mail belongs: its thread, its order, and what it answers (R9, R24)."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from postern.actions.receiving.pair import Pair
from postern.keys import Keyring
from postern.mail.letter import Reading
from postern.mail.threading import named_orders, own_message_id, read_own_message_id, tokens_of
from postern.mail.tokens import read_thread_token
from postern.model.identifier import new_id
from postern.model.order import Order
from postern.model.relationship import Side
from postern.model.thread import Thread
from postern.storage.store import Look
from postern.storage.threads import (
    Pointer,
    find_last_in_thread,
    find_latest_thread_about,
    find_referenced,
    find_thread,
    mark_message_id,
)


@dataclass(frozen=True, slots=True)
class Place:
    """The thread (``opened`` if it is new with this mail), the order, the recipient's own Message-IDs to refer to, and how
    the thread was found, in a word for the record. ``candidates`` are the orders it names, where it names several.
    """

    thread: Thread
    opened: bool
    order: Order | None
    references: tuple[str, ...] = field(repr=False)
    found_by: str
    candidates: tuple[Order, ...] = ()

    @property
    def orders(self) -> tuple[Order, ...]:
        """Every order it may be about."""
        return self.candidates or ((self.order,) if self.order else ())


def find_place(look: Look, keyring: Keyring, pair: Pair, reading: Reading, author: Side, now: datetime) -> Place:
    """R9: of several threads the references decide, then the token, then the latest about the named order."""
    all_named = _named_orders(pair, reading)
    named = all_named[0] if all_named else None
    referenced = _referenced(look, pair, reading)
    thread, found_by = _existing_thread(look, keyring, pair, reading, referenced, named)
    opened = thread is None
    if thread is None:
        thread = Thread(new_id(), pair.relationship.id, named.id if named else None, now)
    references = [_as_seen_by(pointer, author.other, pair) for pointer in referenced]
    if not references and not opened:
        last = find_last_in_thread(look, pair.seller.id, pair.relationship.id, pair.key, thread.id)
        references = [_as_seen_by(last, author.other, pair)] if last else []
    order = _order_of(pair, thread)
    if named and order not in all_named:
        order = named
    candidates = all_named if len(all_named) > 1 else ()
    return Place(thread, opened, order, tuple(name for name in references if name), found_by, candidates)


def place_in_thread(look: Look, pair: Pair, author: Side, thread: Thread, found_by: str, *, before: UUID | None = None) -> Place:
    """A message that is written into a thread: it answers the last one in it, or the last before this one."""
    last = find_last_in_thread(look, pair.seller.id, pair.relationship.id, pair.key, thread.id, before=before)
    name = _as_seen_by(last, author.other, pair) if last else ""
    return Place(thread, opened=False, order=_order_of(pair, thread), references=(name,) if name else (), found_by=found_by)


def _existing_thread(
    look: Look, keyring: Keyring, pair: Pair, reading: Reading, referenced: tuple[Pointer, ...], named: Order | None
) -> tuple[Thread | None, str]:
    by_reference = [pointer.thread_id for pointer in reversed(referenced)]  # the last is what is answered
    for thread in (find_thread(look, pair.seller.id, pair.relationship.id, one) for one in by_reference[:1]):
        if thread:
            return thread, "references"
    for token in tokens_of(reading.letter):
        thread_id = read_thread_token(keyring, pair.relationship.id, token)
        thread = find_thread(look, pair.seller.id, pair.relationship.id, thread_id) if thread_id else None
        if thread:
            return thread, "token"
    if named:
        thread = find_latest_thread_about(look, pair.seller.id, pair.relationship.id, named.id)
        if thread:
            return thread, "order"
    return None, "new"


def _named_orders(pair: Pair, reading: Reading) -> tuple[Order, ...]:
    """The pair's orders that subject or text names, the newest first."""
    names = set(named_orders(reading.letter, [order.name for order in pair.orders]))
    return tuple(order for order in pair.orders if order.name in names)


def _order_of(pair: Pair, thread: Thread) -> Order | None:
    return next((order for order in pair.orders if order.id == thread.order_id), None)


def _referenced(look: Look, pair: Pair, reading: Reading) -> tuple[Pointer, ...]:
    """The pair's messages that this mail refers to, oldest first; what is not the pair's counts for nothing (R9)."""
    own = {name: read_own_message_id(name, pair.marketplace.mail_domain) for name in reading.references}
    marks = {name: mark_message_id(look.vault, name) for name in reading.references if own[name] is None}
    wanted = [one for one in own.values() if one]
    pointers = find_referenced(look, pair.seller.id, pair.relationship.id, pair.key, wanted, marks.values())
    by_id = {pointer.id: pointer for pointer in pointers}
    by_mark = {pointer.their_id_mark: pointer for pointer in pointers}
    found: dict[UUID, Pointer] = {}
    for name in reading.references:
        own_id = own[name]
        pointer = by_id.get(own_id) if own_id else by_mark.get(marks[name])
        if pointer:
            found[pointer.id] = pointer
    return tuple(found.values())


def _as_seen_by(pointer: Pointer, reader: Side, pair: Pair) -> str:
    """The Message-ID under which this side has the message: its own where it wrote it, ours where it received it."""
    if pointer.author is reader:
        return pointer.their_message_id
    return own_message_id(pointer.id, pair.marketplace.mail_domain)
