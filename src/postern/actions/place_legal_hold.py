"""Legal holds: placing one, ending it, telling which there are.

A hold is the decision of a person, so each leaves an entry in the journal: what and until when; the reason, which may name
somebody, is sealed and stands with the hold alone. When one ends, whatever it kept back runs at once.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar
from uuid import UUID

from postern.actions.erase_person import run_erasures
from postern.actions.find_aliases import one_buyer
from postern.actions.name_person import find_buyer_or_person
from postern.errors import NotFoundError
from postern.model.identifier import new_id, read_shown, show
from postern.model.journal import Value
from postern.model.legal_hold import PREFIXES, LegalHold, Subject
from postern.ports import Clock
from postern.storage.change import Change
from postern.storage.journal import journal_row
from postern.storage.legal_holds import HoldRequest, add_hold, end_hold, find_order_named, list_holds
from postern.storage.people import find_buyers_named, find_seller_named
from postern.storage.relationships import find_pair
from postern.storage.schema import HOUSE
from postern.storage.statements import write_all
from postern.storage.store import Look, Store, Transaction

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Named:
    """What somebody wants to be held, as they write it; exactly one of them."""

    buyer: str = ""
    order: str = ""  # MARKETPLACE/ORDER
    pair: tuple[str, str] | None = None  # a seller and a buyer
    message: str = ""


def place_hold(store: Store, clock: Clock, held: Named, placed_by: str, why: str, until_at: datetime | None) -> UUID:
    """Keep this from now on. Raises NotFoundError."""
    with store.look() as look:
        subject, seller_id, subject_id = _find_subject(look, held)
    wanted = HoldRequest(subject, seller_id, subject_id, placed_by, why, until_at)
    hold_id = new_id()
    if not store.write(lambda transaction: _place(transaction, store, hold_id, wanted, clock.now())).result():
        raise NotFoundError("it is not there any more: nothing was held")
    return hold_id


def release_hold(store: Store, clock: Clock, name: str) -> int:
    """End a hold, and go on with the erasures that waited for it. Answers how many came to their end. Raises NotFoundError."""
    hold_id = read_shown("lgl", name)
    if hold_id is None or not store.write(partial(_end, hold_id=hold_id, now=clock.now())).result():
        raise NotFoundError("no such hold lasts: see `postern legal-hold list`")
    return run_erasures(store, clock)


def tell_holds(look: Look, now: datetime) -> list[dict[str, Value]]:
    """Each hold as plain values."""
    return [_tell(one, now) for one in list_holds(look)]


def _find_subject(look: Look, held: Named) -> tuple[Subject, int | None, UUID]:
    if held.message:
        return Subject.MESSAGE, None, _require(read_shown("msg", held.message), "a message's name is msg_ and 26 letters")
    if held.order:
        marketplace, _, name = held.order.partition("/")
        order = _require(find_order_named(look, marketplace, name), "no such order: name it as MARKETPLACE/ORDER")
        return Subject.ORDER, *order
    if held.pair:
        seller = _require(find_seller_named(look, held.pair[0]), "no seller has this id")
        buyer_id = one_buyer(find_buyers_named(look, held.pair[1]), held.pair[1])
        pair = _require(find_pair(look, seller.id, buyer_id), "these two never had anything to do with each other")
        return Subject.RELATIONSHIP, seller.id, pair.id
    return Subject.PERSON, None, find_buyer_or_person(look, held.buyer)


def _require(found: Found | None, sentence: str) -> Found:
    if found is None:
        raise NotFoundError(sentence)
    return found


def _place(transaction: Transaction, store: Store, hold_id: UUID, wanted: HoldRequest, now: datetime) -> bool:
    if not add_hold(transaction, store.vault, hold_id, wanted, now):
        return False
    values: dict[str, Value] = {
        "hold": show("lgl", hold_id),
        "subject": show(PREFIXES[wanted.subject], wanted.subject_id),
        "until": wanted.until_at.isoformat() if wanted.until_at else None,
    }
    write_all(transaction, [Change(HOUSE, (journal_row("legal-hold-placed", now, values, seller_id=HOUSE),))])
    return True


def _end(transaction: Transaction, hold_id: UUID, now: datetime) -> bool:
    if not end_hold(transaction, hold_id, now):
        return False
    values: dict[str, Value] = {"hold": show("lgl", hold_id)}
    write_all(transaction, [Change(HOUSE, (journal_row("legal-hold-ended", now, values, seller_id=HOUSE),))])
    return True


def _tell(hold: LegalHold, now: datetime) -> dict[str, Value]:
    ended_at = hold.ended_at or (hold.until_at if hold.until_at and hold.until_at <= now else None)
    return {
        "hold": show("lgl", hold.id),
        "subject": show(PREFIXES[hold.subject], hold.subject_id),
        "placed_by": hold.placed_by,
        "why": hold.why,
        "since": hold.since_at.isoformat(),
        "until": hold.until_at.isoformat() if hold.until_at else None,
        "ended": ended_at.isoformat() if ended_at else None,
    }
