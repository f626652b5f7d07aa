"""The shelf of relationships and the alias directory (R1 to R4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, Select, bindparam, insert, select
from sqlalchemy.orm import aliased

from postern.errors import StoreError
from postern.model.alias import mint_local_part
from postern.model.identifier import new_id
from postern.model.relationship import Relationship, Side
from postern.storage.schema import alias, marketplace, relationship
from postern.storage.store import Look
from postern.storage.vault import DataKey, Vault

_MINTING_TRIES = 5  # 77 bits: the second is already a miracle

BUYER_ALIAS, SELLER_ALIAS = aliased(alias, name="buyer_alias"), aliased(alias, name="seller_alias")


def with_aliases(statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """A statement about relationships, with both aliases of each."""
    for joined, side in ((BUYER_ALIAS, Side.BUYER), (SELLER_ALIAS, Side.SELLER)):
        is_of_pair = (joined.c.seller_id == relationship.c.seller_id) & (joined.c.relationship_id == relationship.c.id)
        statement = statement.join(joined, is_of_pair & (joined.c.side == side))
    return statement


_PAIR = with_aliases(
    select(
        relationship,
        marketplace.c.mail_domain,
        BUYER_ALIAS.c.local_part.label("buyer_local_part"),
        SELLER_ALIAS.c.local_part.label("seller_local_part"),
    ).join(marketplace, marketplace.c.id == relationship.c.marketplace_id)
).where(relationship.c.seller_id == bindparam("seller_id"))
_BY_ID = _PAIR.where(relationship.c.id == bindparam("relationship_id"))
_BY_BUYER = _PAIR.where(relationship.c.buyer_id == bindparam("buyer_id"))
_ALIAS = (
    select(alias.c.seller_id, alias.c.relationship_id, alias.c.side)
    .join(
        relationship,
        (relationship.c.seller_id == alias.c.seller_id) & (relationship.c.id == alias.c.relationship_id),
    )
    .join(marketplace, marketplace.c.id == relationship.c.marketplace_id)
    .where(
        alias.c.local_part == bindparam("local_part"),
        marketplace.c.mail_domain == bindparam("domain"),
        relationship.c.ended_at.is_(None),
    )
)
_TAKEN = select(alias.c.local_part).where(alias.c.local_part == bindparam("local_part"))
_EXISTING = select(relationship.c.id).where(
    relationship.c.seller_id == bindparam("seller_id"), relationship.c.buyer_id == bindparam("buyer_id")
)
_KEY = select(relationship.c.wrapped_key).where(
    relationship.c.seller_id == bindparam("seller_id"), relationship.c.id == bindparam("relationship_id")
)


@dataclass(frozen=True, slots=True)
class AliasEntry:
    """One line of the directory: whose pair, and which side the alias stands for."""

    seller_id: int
    relationship_id: UUID
    side: Side


def find_alias(look: Look, local_part: str, domain: str) -> AliasEntry | None:
    """The live alias with this local part at this mail domain; the spelling is the directory's, lower case."""
    row = look.connection.execute(_ALIAS, {"local_part": local_part, "domain": domain.lower()}).first()
    return AliasEntry(row[0], row[1], Side(row[2])) if row else None


def find_relationship(look: Look, seller_id: int, relationship_id: UUID) -> tuple[Relationship, DataKey] | None:
    """The pair with both aliases, and the key that seals what is kept of it. None for one whose buyer was erased."""
    keys = {"seller_id": seller_id, "relationship_id": relationship_id}
    row = look.connection.execute(_BY_ID, keys).mappings().first()
    if row is None or row["wrapped_key"] is None:
        return None
    return read_relationship(row), look.vault.open_key(row["id"], row["wrapped_key"])


def find_pair(look: Look, seller_id: int, buyer_id: UUID) -> Relationship | None:
    """The relationship of this seller and buyer, if it was ever needed."""
    row = look.connection.execute(_BY_BUYER, {"seller_id": seller_id, "buyer_id": buyer_id}).mappings().first()
    return read_relationship(row) if row else None


def find_relationship_key(look: Look, seller_id: int, relationship_id: UUID) -> DataKey:
    """The pair's key alone. Raises DamagedError where it was destroyed."""
    keys = {"seller_id": seller_id, "relationship_id": relationship_id}
    return look.vault.open_key(relationship_id, look.connection.execute(_KEY, keys).scalar_one_or_none())


def open_relationship(
    connection: Connection, vault: Vault, seller_id: int, buyer_id: UUID, marketplace_id: str, opened_at: datetime
) -> UUID:
    """The id of the pair; a new one gets both its aliases. The alias directory refuses a local part that was ever given out."""
    existing: UUID | None = connection.execute(_EXISTING, {"seller_id": seller_id, "buyer_id": buyer_id}).scalar_one_or_none()
    if existing:
        return existing
    relationship_id = new_id()
    _, wrapped = vault.make_key(relationship_id)
    connection.execute(
        insert(relationship),
        {
            "seller_id": seller_id,
            "id": relationship_id,
            "buyer_id": buyer_id,
            "marketplace_id": marketplace_id,
            "wrapped_key": wrapped,
            "opened_at": opened_at,
            "ended_at": None,
        },
    )
    names = {"seller_id": seller_id, "relationship_id": relationship_id}
    rows = [names | {"local_part": _unused_local_part(connection), "side": side} for side in Side]
    connection.execute(insert(alias), rows)
    return relationship_id


def _unused_local_part(connection: Connection) -> str:
    for _ in range(_MINTING_TRIES):
        local_part = mint_local_part()
        if connection.execute(_TAKEN, {"local_part": local_part}).first() is None:
            return local_part
    raise StoreError("no unused alias was found: the random source is not random")


def read_relationship(row: RowMapping | Mapping[str, Any]) -> Relationship:
    """The pair in these columns, with the marketplace's domain and both local parts."""
    domain = row["mail_domain"]
    return Relationship(
        id=row["id"],
        seller_id=row["seller_id"],
        buyer_id=row["buyer_id"],
        marketplace_id=row["marketplace_id"],
        buyer_alias=f"{row['buyer_local_part']}@{domain}",
        seller_alias=f"{row['seller_local_part']}@{domain}",
    )
