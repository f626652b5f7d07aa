"""The shelf of pairs: a relationship with its marketplace and its people, as every mail of it needs them, in two statements.

Each alone is on its own shelf (``relationships``, ``people``); here nothing is written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import bindparam, select

from postern.model.people import Buyer, Marketplace, Seller, SellerAddress
from postern.model.relationship import Relationship
from postern.storage.people import find_seller_people, read_buyer, read_marketplace, read_seller
from postern.storage.relationships import BUYER_ALIAS, SELLER_ALIAS, read_relationship, with_aliases
from postern.storage.schema import buyer, marketplace, person, relationship, seller
from postern.storage.store import Look
from postern.storage.vault import DataKey

_PERSON = (person.c.wrapped_key, person.c.sealed_name, person.c.sealed_address)
_TABLES = (relationship, marketplace, seller, buyer)
_NAMES = tuple(tuple(column.name for column in table.c) for table in _TABLES)
_PAIR = with_aliases(
    select(*_PERSON, BUYER_ALIAS.c.local_part, SELLER_ALIAS.c.local_part, *(column for table in _TABLES for column in table.c))
    .select_from(relationship)
    .join(marketplace, marketplace.c.id == relationship.c.marketplace_id)
    .join(seller, seller.c.id == relationship.c.seller_id)
    .join(buyer, buyer.c.person_id == relationship.c.buyer_id)
    .join(person, person.c.id == relationship.c.buyer_id)
).where(relationship.c.seller_id == bindparam("seller_id"), relationship.c.id == bindparam("relationship_id"))


@dataclass(frozen=True, slots=True)
class PairRecord:
    """A relationship, and whoever belongs to it. ``person_keys`` opens what is kept of each of these people."""

    relationship: Relationship
    key: DataKey
    marketplace: Marketplace
    seller: Seller
    buyer: Buyer
    seller_addresses: tuple[SellerAddress, ...]
    person_keys: Mapping[UUID, DataKey] = field(repr=False)


def find_pair_record(look: Look, seller_id: int, relationship_id: UUID) -> PairRecord | None:
    """The pair and its people, opened. None for one whose buyer was erased."""
    keys = {"seller_id": seller_id, "relationship_id": relationship_id}
    row = look.connection.execute(_PAIR, keys).first()
    if row is None:
        return None
    wrapped, sealed_name, sealed_address, buyer_local_part, seller_local_part, *columns = row
    pair, market, account, customer = ({name: columns.pop(0) for name in names} for names in _NAMES)
    if pair["wrapped_key"] is None:
        return None
    buyer_key = look.vault.open_key(customer["person_id"], wrapped)
    sellers = find_seller_people(look, seller_id)
    aliases = {"buyer_local_part": buyer_local_part, "seller_local_part": seller_local_part}
    return PairRecord(
        relationship=read_relationship({**pair, **aliases, "mail_domain": market["mail_domain"]}),
        key=look.vault.open_key(relationship_id, pair["wrapped_key"]),
        marketplace=read_marketplace(market),
        seller=read_seller(account),
        buyer=read_buyer(buyer_key, {**customer, "sealed_name": sealed_name, "sealed_address": sealed_address}),
        seller_addresses=tuple(address for address, _ in sellers),
        person_keys={customer["person_id"]: buyer_key, **{address.person_id: key for address, key in sellers}},
    )
