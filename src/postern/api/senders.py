"""A seller's Messaging permissions and what is left of the day (R20, R21), for the seller's own programs."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from pydantic import Field

from postern.actions.permit_senders import (
    Decided,
    FromFeed,
    TooMany,
    add_sender,
    block_sender,
    find_limits,
    list_permissions,
    remove_sender,
    unblock_sender,
)
from postern.api.call import Call, Shape
from postern.api.endpoint import Answer
from postern.api.problems import BAD_FIELDS, FROM_FEED, TOO_MANY_SENDERS, Mistake, RefusedError
from postern.errors import AddressError
from postern.model.address import Address
from postern.model.identifier import show
from postern.model.people import Seller
from postern.storage.people import find_seller


class SenderAddress(Shape):
    """One address."""

    address: Annotated[str, Field(min_length=3, max_length=254)]


class Sender(Shape):
    """One address of the list. ``attempts`` and ``last_at`` tell of mails that were refused because it was not registered."""

    address: str
    standing: str
    may_write: bool
    attempts: int
    last_at: datetime | None


class Senders(Shape):
    """Who may write, who was added and may not yet, who tried, and who is blocked."""

    senders: list[Sender]


class SenderDecided(Shape):
    """What became of it. ``asked`` says whether a link to confirm was mailed just now."""

    standing: str
    changed: bool
    asked: str | None


class DayLimit(Shape):
    """R21: one marketplace's day."""

    marketplace: str
    day: str
    limit: int
    used: int
    left: int
    resets_at: datetime


class DayLimits(Shape):
    """R21: what is left today, in each marketplace."""

    limits: list[DayLimit]


def read_limits(call: Call) -> Answer:
    with call.office.store.look() as look:
        days = find_limits(look, find_seller(look, call.seller_id), call.office.clock.now())
    rows = [
        DayLimit(
            marketplace=one.marketplace_id,
            day=one.day,
            limit=one.limit,
            used=one.used,
            left=one.left,
            resets_at=one.resets_at,
        )
        for one in days
    ]
    return Answer(DayLimits(limits=rows))


def list_senders(call: Call) -> Answer:
    with call.office.store.look() as look:
        found = list_permissions(look, find_seller(look, call.seller_id))
    rows = [
        Sender(
            address=one.address.reveal(),
            standing=one.standing,
            may_write=one.standing.may_write,
            attempts=one.attempts,
            last_at=one.last_at,
        )
        for one in found
    ]
    return Answer(Senders(senders=rows))


def approve_sender(call: Call) -> Answer:
    """Whoever holds the key decides for the seller; the address must confirm in any case."""
    seller, address = _read(call)
    outcome = add_sender(call.office.store, call.office.frame, seller, address, _decided(call), approved=True)
    if isinstance(outcome, TooMany):
        raise RefusedError(TOO_MANY_SENDERS, f"The most is {outcome.maximum}.")
    return Answer(SenderDecided(standing=outcome.standing, changed=outcome.is_new, asked=outcome.asked))


def block(call: Call) -> Answer:
    return _turn(call, "blocked", block_sender)


def unblock(call: Call) -> Answer:
    return _turn(call, "unblocked", unblock_sender)


def remove(call: Call) -> Answer:
    seller, address = _read(call)
    outcome = remove_sender(call.office.store, seller, address, _decided(call))
    if isinstance(outcome, FromFeed):
        raise RefusedError(FROM_FEED)
    return Answer(SenderDecided(standing="removed", changed=outcome, asked=None))


def _turn(call: Call, standing: str, turn: Callable[..., bool]) -> Answer:
    seller, address = _read(call)
    is_new = turn(call.office.store, seller, address, _decided(call))
    return Answer(SenderDecided(standing=standing, changed=is_new, asked=None))


def _read(call: Call) -> tuple[Seller, Address]:
    try:
        address = Address.parse(call.read(SenderAddress).address)
    except AddressError as error:
        raise RefusedError(BAD_FIELDS, mistakes=(Mistake("/address", str(error)),)) from None
    with call.office.store.look() as look:
        return find_seller(look, call.seller_id), address


def _decided(call: Call) -> Decided:
    """The journal names the key."""
    by = show("key", call.key.id) if call.key else ""
    return Decided(by, call.office.clock.now())
