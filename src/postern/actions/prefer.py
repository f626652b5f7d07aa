"""What buyers and sellers prefer: the opt-out from all sellers or from one (R8), and the bounces that it makes (R13)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from postern.errors import NotFoundError
from postern.model.journal import Value
from postern.model.people import Seller
from postern.storage.change import Change
from postern.storage.journal import journal_row
from postern.storage.people import find_buyer, find_buyers_named, find_seller_named
from postern.storage.schema import HOUSE
from postern.storage.standing import list_blocked_sellers, set_block, set_bounce_on_opt_out, set_opt_out
from postern.storage.statements import write_all
from postern.storage.store import Look, Store, Transaction


@dataclass(frozen=True, slots=True)
class BuyerPreferences:
    """``blocked`` are sellers by the operator's ids."""

    opted_out: bool
    blocked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to become so; None leaves it as it is."""

    opted_out: bool | None = None
    block: tuple[str, ...] = ()
    unblock: tuple[str, ...] = ()
    bounce_on_opt_out: bool | None = None


def find_preferring(look: Look, name: str) -> Seller | UUID:
    """The seller or the buyer whom this id of the operator's names; where both have it, the seller, for ``MARKETPLACE/ID`` is
    always a buyer. Raises NotFoundError.
    """
    buyers = tuple(set(find_buyers_named(look, name).values()))
    seller = find_seller_named(look, name)
    if seller and not ("/" in name and buyers):
        return seller
    if not buyers:
        raise NotFoundError("no seller and no buyer has this id")
    if len(buyers) > 1:
        raise NotFoundError("several marketplaces know a buyer of this id: name one by MARKETPLACE/ID")
    return buyers[0]


def find_buyer_preferences(look: Look, buyer_id: UUID) -> BuyerPreferences:
    """What a buyer has chosen."""
    return BuyerPreferences(find_buyer(look, buyer_id).opted_out, list_blocked_sellers(look, buyer_id))


def set_buyer_preferences(store: Store, buyer_id: UUID, wish: Wish, now: datetime, by: str) -> None:
    """Write it, with an entry for each thing that changed. Raises NotFoundError for a seller that is not there."""
    with store.look() as look:
        sellers = {name: _seller_id(look, name) for name in (*wish.block, *wish.unblock)}

    def change(transaction: Transaction) -> None:
        if wish.opted_out is not None and set_opt_out(transaction, buyer_id, opted_out=wish.opted_out):
            _enter(transaction, HOUSE, "opt-out-chosen", {"buyer": str(buyer_id), "opted out": wish.opted_out}, now, by)
        for names, blocked in ((wish.block, True), (wish.unblock, False)):
            for seller_id in (sellers[name] for name in names):
                if set_block(transaction, buyer_id, seller_id, blocked=blocked, now=now):
                    _enter(transaction, seller_id, "seller-block-chosen", {"buyer": str(buyer_id), "blocked": blocked}, now, by)

    store.write(change).result()


def set_seller_preferences(store: Store, seller: Seller, wish: Wish, now: datetime, by: str) -> None:
    """Write it, with an entry if it changed."""
    bounce = wish.bounce_on_opt_out
    if bounce is None:
        return

    def change(transaction: Transaction) -> None:
        if set_bounce_on_opt_out(transaction, seller.id, bounce=bounce):
            _enter(transaction, seller.id, "opt-out-bounces-chosen", {"bounce": bounce}, now, by)

    store.write(change).result()


def _seller_id(look: Look, name: str) -> int:
    seller = find_seller_named(look, name)
    if seller is None:
        raise NotFoundError(f"no seller has the id {name!r}")
    return seller.id


def _enter(transaction: Transaction, seller_id: int, kind: str, values: dict[str, Value], now: datetime, by: str) -> None:
    write_all(transaction, [Change(seller_id, (journal_row(kind, now, values | {"by": by}, seller_id=seller_id),))])
