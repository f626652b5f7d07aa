"""The look-ups for one mail to one alias: all of them are here, so that nothing later needs the store."""

from dataclasses import dataclass, field
from uuid import UUID

from postern.errors import NotFoundError
from postern.mail.contact_details import Allowed, host_of
from postern.mail.letter import Reading
from postern.mail.steps.contact_details import details_in
from postern.model.address import Address
from postern.model.limits import Limits
from postern.model.order import Order
from postern.model.people import AddressRole, Buyer, Marketplace, Seller, SellerAddress
from postern.model.relationship import Relationship, Side
from postern.policy.facts import Facts
from postern.storage.orders import find_orders_of_pair
from postern.storage.people import find_buyer, find_marketplace, find_seller, find_seller_addresses
from postern.storage.relationships import AliasEntry, find_relationship
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

    @property
    def customer_service(self) -> SellerAddress:
        """Where buyers' mail goes (R14). Import sees to it that every seller has one."""
        return next(one for one in self.seller_addresses if one.role is AddressRole.CUSTOMER_SERVICE)

    def find_author(self, side: Side, address: Address | None) -> UUID | None:
        """The person of this side who has this address: the buyer, or a registered address of the seller (R16, R20)."""
        if address is None:
            return None
        if side is Side.BUYER:
            return self.buyer.id if self.buyer.address.canonical() == address.canonical() else None
        return next((one.person_id for one in self.seller_addresses if one.address.canonical() == address.canonical()), None)


def gather_pair(look: Look, entry: AliasEntry) -> Pair:
    """Look up the pair behind an alias. Raises NotFoundError if it ended since RCPT."""
    found = find_relationship(look, entry.seller_id, entry.relationship_id)
    if found is None:
        raise NotFoundError("this pair is no more")
    relationship, key = found
    return Pair(
        relationship=relationship,
        key=key,
        marketplace=find_marketplace(look, relationship.marketplace_id),
        seller=find_seller(look, relationship.seller_id),
        buyer=find_buyer(look, relationship.buyer_id),
        seller_addresses=find_seller_addresses(look, relationship.seller_id),
        orders=find_orders_of_pair(look, relationship.seller_id, relationship.buyer_id),
    )


def own_hosts(marketplace: Marketplace, public_url: str) -> tuple[str, ...]:
    """The hosts of this marketplace and of this installation: nobody goes past the marketplace by a link to them."""
    urls = (public_url, marketplace.cancel_order_url, marketplace.report_infringement_url)
    return tuple(dict.fromkeys((marketplace.mail_domain, *(host_of(url) for url in urls if url))))


def _allowed(pair: Pair, public_url: str) -> Allowed:
    hosts = (*own_hosts(pair.marketplace, public_url), *pair.marketplace.contact_policy.allowed_hosts)
    known = (pair.buyer.address, *(one.address for one in pair.seller_addresses))
    order_ids = tuple(order.name for order in pair.orders)
    return Allowed((pair.marketplace.mail_domain,), hosts, order_ids, tuple(address.canonical() for address in known))


def gather_facts(reading: Reading, pair: Pair, author: Side, limits: Limits, public_url: str) -> Facts:
    """What the rules may know of this mail."""
    treatments = pair.marketplace.contact_policy.for_author(author)
    address = reading.authors[0].address if reading.authors else None
    return Facts(
        author=author,
        unreadable=reading.unreadable,
        author_fields=reading.author_fields,
        author_mailboxes=len(reading.authors),
        author_has_address=address is not None,
        author_is_of_pair=pair.find_author(author, address) is not None,
        received_fields=reading.received_fields,
        received_maximum=limits.received_fields,
        attachments=len(reading.letter.attachments),
        attachments_maximum=limits.attachments,
        attachment_bytes=sum(len(one.content) for one in reading.letter.attachments),
        attachment_bytes_maximum=limits.attachment_bytes,
        contact_details=details_in(reading.letter, _allowed(pair, public_url), treatments.judged()),
        contact_treatments=treatments,
    )
