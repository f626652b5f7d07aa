"""Erasing a person: a buyer of one marketplace, or somebody who wrote for a seller (GDPR, article 17).

ask       contact ends in the same commit: a buyer's aliases answer 550 for ever (R2), an address is nobody's sender any more,
          what waits to be delivered is ended
hold?     a legal hold over anything that would go: the erasure waits, and is run again when the hold has ended
search    mails of the house and marks of refusals that tell of the person, while their address can still be opened
destroy   one commit: the person's key and whatever it sealed, the marks that found them, the keys of a buyer's pairs
forget    in small steps: originals, words, blobs, reports, and the journal's values that tell more than trade words
scrub     the database's own log and old versions of rows

From ``destroy`` on there is no way back, and an interruption is made good by running it again. Nothing here needs the words it
takes away, and no entry of the journal loses its digest: chains and proofs verify as before.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from postern.errors import DamagedError, NotFoundError
from postern.model.delivery import Failed
from postern.model.identifier import show
from postern.model.journal import Value
from postern.model.retention import LASTING_FIELDS
from postern.model.thread import MessageState
from postern.ports import Clock
from postern.storage.change import Change, Row
from postern.storage.deliveries import Delivery, attempt_row, end_row, list_deliveries_concerning
from postern.storage.documents import find_document
from postern.storage.erasure import (
    ask_erasure,
    destroy_keys,
    end_contact,
    end_erasure,
    find_house_mail_page,
    find_kind,
    find_refused_page,
    forget_page_of_author,
    forget_page_of_pair,
    list_unfinished,
    scrub,
    sellers_who_need,
)
from postern.storage.forgetting import forget_house_mails, remove_blobs, withhold_entries, withhold_of_pair
from postern.storage.journal import journal_row
from postern.storage.legal_holds import find_held, is_person_held, pairs_of, take_turn
from postern.storage.people import find_correspondent
from postern.storage.schema import HOUSE
from postern.storage.statements import write_all
from postern.storage.store import Store, Transaction
from postern.storage.threads import state_row

_ERASABLE = ("buyer", "correspondent")
_ENDED = Failed(0, "5.1.6", "one of the two was erased")


@dataclass(frozen=True, slots=True)
class Erased:
    """Nothing is left of the person. ``scrubbed`` is False where a reader kept the database's log open: the next run cuts it."""

    messages: int
    scrubbed: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """Contact has ended; the rest waits for a legal hold to end."""


@dataclass(frozen=True, slots=True)
class Needed:
    """Nothing was done: this is where buyers' mail goes for these sellers, who must name another address first (R14)."""

    sellers: tuple[str, ...]


Outcome = Erased | Waiting | Needed


def erase_person(store: Store, clock: Clock, person_id: UUID) -> Outcome:
    """Forget this person, now or as soon as no hold forbids it. Raises NotFoundError for whoever is neither buyer nor sender."""
    with store.look() as look:
        if find_kind(look, person_id) not in _ERASABLE:
            raise NotFoundError("no such person")
        needed = sellers_who_need(look, person_id)
    if needed:
        return Needed(tuple(needed))
    store.write(lambda transaction: _ask(transaction, person_id, clock.now())).result()
    return _advance(store, clock, person_id)


def run_erasures(store: Store, clock: Clock) -> int:
    """Go on with every erasure that waited or was interrupted. Answers how many came to their end."""
    with store.look() as look:
        unfinished = list_unfinished(look)
    return sum(isinstance(_advance(store, clock, person_id), Erased) for person_id in unfinished)


def _ask(transaction: Transaction, person_id: UUID, now: datetime) -> None:
    if not ask_erasure(transaction, person_id, now):
        return
    end_contact(transaction, person_id, now)
    ended = [row for delivery in list_deliveries_concerning(transaction, person_id) for row in _end(delivery, now)]
    entry = journal_row("erasure-asked", now, {"person": show("per", person_id), "by": "operator"}, seller_id=HOUSE)
    write_all(transaction, [Change(HOUSE, (*ended, entry))])


def _end(delivery: Delivery, now: datetime) -> Iterator[Row]:
    """What waited is over, and its message says so."""
    values: dict[str, Value] = {"delivery": show("dlv", delivery.id), "outcome": "failed", "attempts": delivery.attempts}
    yield end_row(delivery.id)
    yield attempt_row(delivery, _ENDED, now)
    yield journal_row("delivery-ended", now, values, seller_id=delivery.seller_id, message_id=delivery.message_id)
    if delivery.seller_id != HOUSE:
        yield state_row(delivery.seller_id, delivery.message_id, MessageState.FAILED)


def _advance(store: Store, clock: Clock, person_id: UUID) -> Outcome:
    if store.write(lambda transaction: _is_held(transaction, person_id, clock.now())).result():
        return Waiting()
    _forget_traces(store, person_id)
    if not store.write(lambda transaction: _destroy(transaction, person_id, clock.now())).result():
        return Waiting()
    messages = _forget_content(store, person_id)
    store.write(lambda transaction: _finish(transaction, person_id, messages, clock.now())).result()
    return Erased(messages, scrub(store.writing_engine))


def _is_held(transaction: Transaction, person_id: UUID, now: datetime) -> bool:
    take_turn(transaction)
    return is_person_held(transaction, find_held(transaction, now), person_id)


def _destroy(transaction: Transaction, person_id: UUID, now: datetime) -> bool:
    """In one transaction with the question, so that no hold slips in between."""
    if _is_held(transaction, person_id, now):
        return False
    destroy_keys(transaction, person_id, now)
    return True


def _forget_traces(store: Store, person_id: UUID) -> None:
    """Mails of the house in which the address stands (failure reports, letters to postmaster@), and who was refused."""
    try:
        with store.look() as look:
            address = find_correspondent(look, person_id).address
    except (NotFoundError, DamagedError):
        return  # the key is destroyed: an earlier run came this far
    needle = address.canonical().encode()
    for mail_id in _house_mails_with(store, needle):
        remove_blobs(store.blobs, store.write(partial(forget_house_mails, ids=[mail_id])).result())
    refused = _refusals_of(store, store.vault.mark_address(address).hex())
    store.write(partial(withhold_entries, entries=refused, lasting=LASTING_FIELDS)).result()


def _house_mails_with(store: Store, needle: bytes) -> list[UUID]:
    found: list[UUID] = []
    after: UUID | None = None
    while True:
        with store.look() as look:
            page = find_house_mail_page(look, after)
            for mail_id, document_id in page:
                with suppress(DamagedError, NotFoundError):  # what cannot be read names nobody
                    if needle in find_document(look, HOUSE, document_id).lower():
                        found.append(mail_id)
        if not page:
            return found
        after = page[-1][0]


def _refusals_of(store: Store, mark: str) -> list[tuple[int, UUID]]:
    found: list[tuple[int, UUID]] = []
    after: tuple[datetime, UUID] | None = None
    while True:
        with store.look() as look:
            after, entries = find_refused_page(look, mark, after)
        found += entries
        if after is None:
            return found


def _forget_content(store: Store, person_id: UUID) -> int:
    """Every message of the person's pairs, then whatever else they wrote. Answers how many messages there were."""
    with store.look() as look:
        pairs = pairs_of(look.connection, [person_id])
    count = 0
    for seller_id, pair_id in pairs:
        count += _in_pages(store, partial(forget_page_of_pair, seller_id=seller_id, relationship_id=pair_id))
        _withhold_pair(store, pair_id)
    return count if pairs else _in_pages(store, partial(forget_page_of_author, person_id=person_id))


def _in_pages(store: Store, forget: Callable[..., tuple[UUID | None, int, list[str]]]) -> int:
    """Run one step after another, each a transaction of its own, blobs after their rows. Answers how many messages there were."""
    count, after = 0, None
    while True:
        after, some, blobs = store.write(partial(forget, after=after)).result()
        remove_blobs(store.blobs, blobs)
        count += some
        if after is None:
            return count


def _withhold_pair(store: Store, pair_id: UUID) -> None:
    after: UUID | None = None
    while True:
        after = store.write(partial(withhold_of_pair, relationship_id=pair_id, after=after)).result()
        if after is None:
            return


def _finish(transaction: Transaction, person_id: UUID, messages: int, now: datetime) -> None:
    end_erasure(transaction, person_id, now)
    values: dict[str, Value] = {"person": show("per", person_id), "messages": messages}
    write_all(transaction, [Change(HOUSE, (journal_row("person-erased", now, values, seller_id=HOUSE),))])
