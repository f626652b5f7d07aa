"""Who works for a seller on the pages: added, given another role, taken away. The operator answers for it."""

from datetime import datetime

from postern.model.address import Address
from postern.model.journal import Value
from postern.model.people import Seller
from postern.model.team import Role
from postern.storage.change import Change
from postern.storage.journal import journal_row
from postern.storage.people import find_correspondent
from postern.storage.statements import write_all
from postern.storage.store import Look, Store, Transaction
from postern.storage.team import list_members, remove_member, set_member


def list_team(look: Look, seller: Seller) -> list[tuple[Address, Role]]:
    """Everybody of a seller's team."""
    return [(find_correspondent(look, one.person_id).address, one.role) for one in list_members(look, seller.id)]


def add_to_team(store: Store, seller: Seller, address: Address, role: Role, now: datetime, by: str) -> bool:
    """Give a person a place, or another role. Answers whether that is new."""

    def change(transaction: Transaction) -> bool:
        is_new = set_member(transaction, store.vault, seller.id, address, role, now)
        if is_new:
            _enter(transaction, store, seller, address, "team-member-set", now, {"role": role, "by": by})
        return is_new

    return store.write(change).result()


def remove_from_team(store: Store, seller: Seller, address: Address, now: datetime, by: str) -> bool:
    """Take a person's place away; their pages of this seller are closed at once. Answers whether there was one."""

    def change(transaction: Transaction) -> bool:
        was_there = remove_member(transaction, store.vault, seller.id, address)
        if was_there:
            _enter(transaction, store, seller, address, "team-member-removed", now, {"by": by})
        return was_there

    return store.write(change).result()


def _enter(  # noqa: PLR0913, PLR0917 - an entry says who, what and when
    transaction: Transaction, store: Store, seller: Seller, address: Address, kind: str, now: datetime, values: dict[str, Value]
) -> None:
    who: dict[str, Value] = {"who": store.vault.mark_address(address).hex()}
    write_all(transaction, [Change(seller.id, (journal_row(kind, now, who | values, seller_id=seller.id),))])
