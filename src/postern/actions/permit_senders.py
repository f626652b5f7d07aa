"""Messaging permissions (R20): who may write for a seller, who tried to, who is blocked, and how much is left of the day (R21).

What is done here counts at once, like an import: the operator answers for it.
"""

from dataclasses import dataclass, field
from datetime import datetime

from postern.actions.receiving.facts import daily_limit_of
from postern.errors import NotFoundError
from postern.model.address import Address
from postern.model.day import Day
from postern.model.journal import Value
from postern.model.people import AddressRole, Seller
from postern.storage.change import Change
from postern.storage.journal import journal_row
from postern.storage.people import find_seller_addresses, find_seller_named, list_marketplaces
from postern.storage.senders import approve, block, list_attempts_of
from postern.storage.standing import find_used
from postern.storage.statements import write_all
from postern.storage.store import Look, Store, Transaction


@dataclass(frozen=True, slots=True)
class Permission:
    """One address of a seller's list. ``attempts`` and ``last_at`` are there for those that tried without being registered."""

    address: Address = field(repr=False)
    state: str  # customer_service | registered_sender | approved_sender | pending | blocked
    attempts: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DayLeft:
    """A seller's messages of one marketplace's day."""

    marketplace_id: str
    day: str
    limit: int
    used: int
    left: int
    resets_at: datetime


def find_seller_of(look: Look, name: str) -> Seller:
    """The seller with this id of the operator's. Raises NotFoundError."""
    seller = find_seller_named(look, name)
    if seller is None:
        raise NotFoundError("no seller has this id")
    return seller


def list_permissions(look: Look, seller: Seller) -> list[Permission]:
    """Who may write, then who tried to, the latest first."""
    order = list(AddressRole)
    known = sorted(find_seller_addresses(look, seller.id), key=lambda one: order.index(one.role))
    allowed = [Permission(one.address, one.role) for one in known]
    tried = [Permission(address, one.state, one.attempts, one.last_at) for one, address in list_attempts_of(look, seller.id)]
    return allowed + tried


def find_limits(look: Look, seller: Seller, now: datetime) -> list[DayLeft]:
    """R21: what is left of each marketplace's day."""
    found = []
    for marketplace in list_marketplaces(look):
        day = Day.at(now, marketplace.time_zone)
        used = find_used(look, seller.id, marketplace.id, str(day))
        limit = daily_limit_of(look, seller, marketplace, day)
        found.append(DayLeft(marketplace.id, str(day), limit, used, max(0, limit - used), day.ends_at))
    return found


def approve_sender(store: Store, seller: Seller, address: Address, now: datetime, by: str) -> bool:
    """Let this address write for the seller. Answers whether that is new."""

    def change(transaction: Transaction) -> bool:
        is_new = approve(transaction, store.vault, seller.id, address)
        if is_new:
            _enter(transaction, store, seller, address, "sender-approved", now, by)
        return is_new

    return store.write(change).result()


def block_sender(store: Store, seller: Seller, address: Address, now: datetime, by: str) -> bool:
    """Refuse this address from now on, without listing it again. Answers whether that is new."""

    def change(transaction: Transaction) -> bool:
        is_new = block(transaction, store.vault, seller.id, address, now)
        if is_new:
            _enter(transaction, store, seller, address, "sender-blocked", now, by)
        return is_new

    return store.write(change).result()


def _enter(  # noqa: PLR0913, PLR0917 - an entry says who, what and when
    transaction: Transaction, store: Store, seller: Seller, address: Address, kind: str, now: datetime, by: str
) -> None:
    values: dict[str, Value] = {"who": store.vault.mark_address(address).hex(), "by": by}
    write_all(transaction, [Change(seller.id, (journal_row(kind, now, values, seller_id=seller.id),))])
