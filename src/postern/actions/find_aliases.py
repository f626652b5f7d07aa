"""The two aliases of a seller and a buyer, minted on first need (R1, R2)."""

from contextlib import suppress
from uuid import UUID

from postern.errors import NotFoundError, StoreError
from postern.model.relationship import Relationship
from postern.ports import Clock
from postern.storage.people import find_buyer, find_buyers_named, find_seller_named
from postern.storage.relationships import find_pair, open_relationship
from postern.storage.store import Store


def find_aliases(store: Store, clock: Clock, seller_name: str, buyer_name: str) -> Relationship:
    """The pair named by the operator's ids; ``MARKETPLACE/BUYER`` where several marketplaces know a buyer of this id.

    Raises NotFoundError, which says what is not known, and StoreError.
    """
    with store.look() as look:
        seller = find_seller_named(look, seller_name)
        if seller is None:
            raise NotFoundError(f"no seller has the id {seller_name!r}; import it first")
        buyer_id = one_buyer(find_buyers_named(look, buyer_name), buyer_name)
    return find_or_open_pair(store, clock, seller.id, buyer_id)


def find_or_open_pair(store: Store, clock: Clock, seller_id: int, buyer_id: UUID) -> Relationship:
    """The pair of these two. Raises NotFoundError for a buyer who is not there, and StoreError."""
    with store.look() as look:
        pair = find_pair(look, seller_id, buyer_id)
        if pair:
            return pair
        marketplace_id = find_buyer(look, buyer_id).marketplace_id
    vault, now = store.vault, clock.now()
    with suppress(StoreError):  # another process may open the same pair at this moment; the look below tells
        store.write(lambda transaction: open_relationship(transaction, vault, seller_id, buyer_id, marketplace_id, now)).result()
    with store.look() as look:
        pair = find_pair(look, seller_id, buyer_id)
    if pair is None:
        raise StoreError("the pair could not be opened; try again")
    return pair


def one_buyer(found: dict[str, UUID], name: str) -> UUID:
    """The buyer whom this id names, of those found by marketplace. Raises NotFoundError for none, and for several."""
    if not found:
        raise NotFoundError(f"no buyer has the id {name!r}; import it first")
    if len(found) > 1:
        raise NotFoundError(
            f"several marketplaces know a buyer {name!r}; write " + " or ".join(f"{one}/{name}" for one in sorted(found))
        )
    return next(iter(found.values()))
