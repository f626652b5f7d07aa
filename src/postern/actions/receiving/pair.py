"""A mail at an alias, and the pair behind it with its people and orders: whom a mail can come from and go to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from postern.errors import NotFoundError
from postern.mail.contact_details import host_of
from postern.mail.letter import Reading
from postern.model.address import Address
from postern.model.envelope import Mail
from postern.model.order import Order
from postern.model.people import AddressRole, Buyer, Marketplace, Seller, SellerAddress
from postern.model.relationship import Relationship, Side
from postern.storage.orders import find_orders_of_pair
from postern.storage.pairs import find_pair_record
from postern.storage.relationships import AliasEntry
from postern.storage.store import Look
from postern.storage.vault import DataKey


@dataclass(frozen=True, slots=True)
class Pair:
    """Everything known of a relationship that a mail of it may need."""

    relationship: Relationship
    key: DataKey
    marketplace: Marketplace
    seller: Seller
    buyer: Buyer
    seller_addresses: tuple[SellerAddress, ...]
    orders: tuple[Order, ...] = field(repr=False)
    person_keys: Mapping[UUID, DataKey] = field(repr=False)  # of the buyer, and of everybody who has an address of the seller

    @property
    def customer_service(self) -> SellerAddress:
        """Where buyers' mail goes (R14). Import sees to it that every seller has one."""
        return next(one for one in self.seller_addresses if one.role is AddressRole.CUSTOMER_SERVICE)

    def reader_of(self, author: Side) -> tuple[UUID, Address]:
        """Who gets what this side writes, and where."""
        if author is Side.SELLER:
            return self.buyer.id, self.buyer.address
        return self.customer_service.person_id, self.customer_service.address

    def find_author(self, side: Side, address: Address | None) -> UUID | None:
        """The person of this side who has this address: the buyer, or a registered address of the seller (R16, R20)."""
        if address is None:
            return None
        if side is Side.BUYER:
            return self.buyer.id if self.buyer.address.canonical() == address.canonical() else None
        return next((one.person_id for one in self.seller_addresses if one.address.canonical() == address.canonical()), None)

    def language_of(self, side: Side) -> str:
        """In which language this side is written to."""
        return self.seller.language if side is Side.SELLER else self.marketplace.language


@dataclass(frozen=True, slots=True)
class Arrival:
    """One mail at one alias. ``author`` is the side that the alias makes the writer (R26)."""

    mail: Mail
    reading: Reading
    pair: Pair
    author: Side

    @property
    def author_address(self) -> Address | None:
        """The first address in header From. Whether it is the only one, the rules look at."""
        return self.reading.authors[0].address if self.reading.authors else None


def gather_pair(look: Look, entry: AliasEntry) -> Pair:
    """Look up the pair behind an alias. Raises NotFoundError if it ended since RCPT."""
    record = find_pair_record(look, entry.seller_id, entry.relationship_id)
    if record is None:
        raise NotFoundError("this pair is no more")
    return Pair(
        relationship=record.relationship,
        key=record.key,
        marketplace=record.marketplace,
        seller=record.seller,
        buyer=record.buyer,
        seller_addresses=record.seller_addresses,
        orders=find_orders_of_pair(look, entry.seller_id, record.buyer.id),
        person_keys=record.person_keys,
    )


def own_hosts(marketplace: Marketplace, public_url: str) -> tuple[str, ...]:
    """The hosts of this marketplace and of this installation: nobody goes past the marketplace by a link to them."""
    urls = (public_url, marketplace.cancel_order_url, marketplace.report_infringement_url)
    return tuple(dict.fromkeys((marketplace.mail_domain, *(host_of(url) for url in urls if url))))
