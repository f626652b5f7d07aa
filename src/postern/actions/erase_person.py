"""Erasing a person: a buyer of one marketplace, or somebody who wrote for a seller (GDPR, article 17).

ask       contact ends in the same commit: a buyer's aliases answer 550 for ever (R2), an address is nobody's sender any more,
          what waits to be delivered is ended
hold?     a legal hold over anything that would go: the erasure waits, and is run again when the hold has ended
search    mails of the house and marks of refusals that tell of the person, while their address can still be opened
destroy   one commit: what was found, the person's key and what it sealed, the marks that found them, the keys of a buyer's pairs
forget    in small steps: originals, words, blobs, reports, and the journal's values that tell more than trade words
scrub     the database's own log and old versions of rows

From ``destroy`` on there is no way back, and an interruption is made good by running it again. Nothing here needs the words it
takes away, and no entry of the journal loses its digest: chains and proofs verify as before.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from postern.actions.deliver_mail import attempt_entry
from postern.errors import DamagedError, NotFoundError
from postern.model.address import Address
from postern.model.delivery import Carries, Failed
from postern.model.identifier import new_id, show
from postern.model.journal import Value
from postern.model.legal_hold import Held
from postern.model.notice import NoticeState
from postern.model.retention import LASTING_FIELDS
from postern.model.thread import MessageState
from postern.ports import Clock
from postern.storage.attempts import attempt_row
from postern.storage.change import Change, Row
from postern.storage.deliveries import Delivery, end_row, list_deliveries_concerning
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
from postern.storage.legal_holds import find_held, held_among, is_person_held, pairs_of, take_turn
from postern.storage.notices import notice_state_row
from postern.storage.people import find_correspondent
from postern.storage.schema import HOUSE
from postern.storage.statements import write_all
from postern.storage.store import Store, Transaction
from postern.storage.threads import state_row

_ERASABLE = ("buyer", "correspondent")
_TRIES = 3
_BEFORE, _BEHIND = rb"(?<![a-z0-9.!#$%&'*+/=?^_`{|}~-])", rb"(?![a-z0-9-]|\.[a-z0-9])"  # what would make it another address
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
    attempt_id = new_id()
    yield end_row(delivery.id)
    yield attempt_row(delivery, _ENDED, now, attempt_id)
    yield attempt_entry("delivery-ended", delivery, _ENDED, now, attempt_id)
    match delivery.carries:
        case Carries.MESSAGE:
            yield state_row(delivery.seller_id, delivery.message_id, MessageState.FAILED)
        case Carries.NOTICE:
            yield notice_state_row(delivery.seller_id, delivery.message_id, NoticeState.FAILED)
        case Carries.HOUSE:
            pass


def _advance(store: Store, clock: Clock, person_id: UUID) -> Outcome:
    """Whether a hold forbids it is asked beside the writers, for it may take a while; what may not be undone is done only while
    the same holds are in force.
    """
    for _ in range(_TRIES):
        with store.look() as look:
            held = find_held(look.connection, clock.now())
            if is_person_held(look.connection, held, person_id):
                return Waiting()
        traces = _find_traces(store, person_id)
        if _are_held(store, held, traces):
            return Waiting()
        blobs = store.write(partial(_destroy, person_id=person_id, traces=traces, held=held, now=clock.now())).result()
        if blobs is not None:
            remove_blobs(store.blobs, blobs)
            return _complete(store, clock, person_id)
    return Waiting()


def _complete(store: Store, clock: Clock, person_id: UUID) -> Erased:
    messages = _forget_content(store, person_id)
    store.write(lambda transaction: _finish(transaction, person_id, messages, clock.now())).result()
    return Erased(messages, scrub(store.writing_engine))


@dataclass(frozen=True, slots=True)
class _Traces:
    """Where a person is told of outside of their own rows: mails of the house, and the messages these are about; entries of
    refusals, and their pairs.
    """

    house_mails: tuple[UUID, ...] = ()
    about: frozenset[UUID] = frozenset()
    entries: tuple[tuple[int, UUID], ...] = ()
    pairs: frozenset[UUID] = frozenset()


def _find_traces(store: Store, person_id: UUID) -> _Traces:
    """Mails of the house in which the address stands, and refusals of whoever has it. Failure reports about a buyer's own mails
    go with these; others who share the address keep theirs.
    """
    try:
        with store.look() as look:
            address = find_correspondent(look, person_id).address
            is_buyer = find_kind(look, person_id) == "buyer"
    except (NotFoundError, DamagedError):
        return _Traces()  # the key is destroyed: an earlier run came this far
    mails = [found for found in _house_mails_with(store, address) if not (is_buyer and found[1])]
    refused = _refusals_of(store, store.vault.mark_address(address).hex())
    return _Traces(
        house_mails=tuple(mail_id for mail_id, _ in mails),
        about=frozenset(about_id for _, about_id in mails if about_id),
        entries=tuple((seller_id, entry_id) for seller_id, entry_id, _ in refused),
        pairs=frozenset(pair_id for _, _, pair_id in refused if pair_id),
    )


def _are_held(store: Store, held: Held, traces: _Traces) -> bool:
    with store.look() as look:
        return bool(traces.pairs & held.relationships or held_among(look.connection, held, traces.about))


def _destroy(transaction: Transaction, person_id: UUID, traces: _Traces, held: Held, now: datetime) -> list[str] | None:
    """The traces, which nobody finds without the address, go in the commit that destroys it. None where other holds are in force
    by now than were asked about; else the blobs that lie without a row.
    """
    take_turn(transaction)
    if find_held(transaction, now) != held:
        return None
    blobs = forget_house_mails(transaction, traces.house_mails)
    withhold_entries(transaction, traces.entries, LASTING_FIELDS)
    return blobs + destroy_keys(transaction, person_id, now)


def _house_mails_with(store: Store, address: Address) -> list[tuple[UUID, UUID | None]]:
    """The mails of the house in which the address stands as a word of its own, each with the message that it is about."""
    word = re.compile(_BEFORE + re.escape(address.canonical().encode()) + _BEHIND)
    found: list[tuple[UUID, UUID | None]] = []
    after: UUID | None = None
    while True:
        with store.look() as look:
            page = find_house_mail_page(look, after)
            for mail_id, document_id, about_id in page:
                with suppress(DamagedError, NotFoundError):  # what cannot be read names nobody
                    if word.search(find_document(look, HOUSE, document_id).lower()):
                        found.append((mail_id, about_id))
        if not page:
            return found
        after = page[-1][0]


def _refusals_of(store: Store, mark: str) -> list[tuple[int, UUID, UUID | None]]:
    found: list[tuple[int, UUID, UUID | None]] = []
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
