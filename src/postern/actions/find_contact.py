"""Whom a message about an order goes between: the pair behind the shop's order id, opened where it was never needed (R2)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from postern.errors import NotFoundError
from postern.model.order import Order
from postern.model.relationship import Side
from postern.storage.orders import find_orders_named
from postern.storage.relationships import AliasEntry, find_pair, open_relationship
from postern.storage.store import Look, Store


@dataclass(frozen=True, slots=True)
class Contact:
    """An order, and its pair."""

    seller_id: int
    relationship_id: UUID
    order: Order

    def of(self, author: Side) -> AliasEntry:
        """The alias to which this side would write."""
        return AliasEntry(self.seller_id, self.relationship_id, author.other)


def find_contact(store: Store, name: str, now: datetime) -> Contact:
    """By the shop's order id, or MARKETPLACE/ID where several marketplaces know one. Raises NotFoundError, and StoreError."""
    with store.look() as look:
        order = _one_order(look, name)
        pair = find_pair(look, order.seller_id, order.buyer_id)
    if pair:
        return Contact(order.seller_id, pair.id, order)
    vault = store.vault
    opened = store.write(
        lambda transaction: open_relationship(transaction, vault, order.seller_id, order.buyer_id, order.marketplace_id, now)
    ).result()
    return Contact(order.seller_id, opened, order)


def _one_order(look: Look, name: str) -> Order:
    marketplace, slash, rest = name.partition("/")
    found = find_orders_named(look, name)
    if not found and slash:
        found = tuple(one for one in find_orders_named(look, rest) if one.marketplace_id == marketplace)
    if not found:
        raise NotFoundError(f"no order has the id {name[:100]!r}; import it first")
    if len(found) > 1:
        choices = " or ".join(sorted(f"{one.marketplace_id}/{name}" for one in found))
        raise NotFoundError(f"several marketplaces know an order {name!r}; write {choices}")
    return found[0]
