"""The shelf of persons, buyers, sellers and marketplaces: real identifiers are sealed and opened here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, bindparam, select

from postern.errors import NotFoundError
from postern.model.address import Address
from postern.model.identifier import new_id
from postern.model.order_news import NewsKind
from postern.model.people import AddressRole, Buyer, Marketplace, Seller, SellerAddress
from postern.storage.contact_policies import read_policy
from postern.storage.schema import buyer, marketplace, person, seller, seller_address
from postern.storage.store import Look
from postern.storage.vault import DataKey, Vault

CORRESPONDENT = "correspondent"  # the kind of person who writes or reads for a seller
_NAME, _ADDRESS, _EXTERNAL_ID = "person name", "person address", "person external id"

_PERSON = select(person).where(person.c.id == bindparam("person_id"))
_KEY = select(person.c.wrapped_key).where(person.c.id == bindparam("person_id"))
_BUYER = select(person, buyer).join(buyer, buyer.c.person_id == person.c.id).where(person.c.id == bindparam("buyer_id"))
_BUYER_BY_MARK = select(person.c.id).where(person.c.external_mark == bindparam("mark"))
_SELLER = select(seller).where(seller.c.id == bindparam("seller_id"))
_SELLER_BY_NAME = select(seller).where(seller.c.name == bindparam("name"))
_MARKETPLACE = select(marketplace).where(marketplace.c.id == bindparam("marketplace_id"))
_MARKETPLACES = select(marketplace).order_by(marketplace.c.id)
_MAIL_DOMAIN = select(marketplace.c.id).where(marketplace.c.mail_domain == bindparam("domain"))
_SELLER_ADDRESSES = (
    select(seller_address.c.person_id, seller_address.c.role, person.c.wrapped_key, person.c.sealed_address)
    .join(person, person.c.id == seller_address.c.person_id)
    .where(seller_address.c.seller_id == bindparam("seller_id"))
    .order_by(seller_address.c.role, seller_address.c.person_id)
)


@dataclass(frozen=True, slots=True)
class Correspondent:
    """A person to write to, with the key that seals what they write."""

    id: UUID
    address: Address
    key: DataKey


def find_correspondent(look: Look, person_id: UUID) -> Correspondent:
    """Open one person's address. Raises NotFoundError where there is none, or no more."""
    row = look.connection.execute(_PERSON, {"person_id": person_id}).mappings().first()
    if row is None or row["wrapped_key"] is None or row["sealed_address"] is None:
        raise NotFoundError("this person is not known, or was erased")
    key = look.vault.open_key(person_id, row["wrapped_key"])
    return Correspondent(person_id, _open_address(key, row["sealed_address"]), key)


def find_correspondent_key(look: Look, person_id: UUID) -> DataKey:
    """One person's key alone. Raises DamagedError where it was destroyed."""
    wrapped = look.connection.execute(_KEY, {"person_id": person_id}).scalar_one_or_none()
    return look.vault.open_key(person_id, wrapped)


def find_buyer(look: Look, buyer_id: UUID) -> Buyer:
    """One buyer, opened. Raises NotFoundError."""
    row = look.connection.execute(_BUYER, {"buyer_id": buyer_id}).mappings().first()
    if row is None:
        raise NotFoundError("no such buyer")
    return read_buyer(look.vault.open_key(row["id"], row["wrapped_key"]), row)


def read_buyer(key: DataKey, row: RowMapping | Mapping[str, Any]) -> Buyer:
    """The buyer in these columns, opened with the person's key."""
    return Buyer(
        id=row["person_id"],
        marketplace_id=row["marketplace_id"],
        display_name=key.open_text(row["sealed_name"], _NAME),
        address=_open_address(key, row["sealed_address"]),
        opted_out=row["opted_out"],
        opt_out_version=row["opt_out_version"],
    )


def open_name(vault: Vault, person_id: UUID, wrapped_key: bytes | None, sealed_name: bytes | None) -> str:
    """A person's name; empty for one who was erased."""
    if wrapped_key is None or sealed_name is None:
        return ""
    return vault.open_key(person_id, wrapped_key).open_text(sealed_name, _NAME)


def find_external_id(look: Look, buyer_id: UUID) -> str:
    """The operator's own id for a buyer, opened. Raises NotFoundError, and DamagedError where the key was destroyed."""
    row = look.connection.execute(_PERSON, {"person_id": buyer_id}).mappings().first()
    if row is None or row["sealed_external_id"] is None:
        raise NotFoundError("this person is not known, or was erased")
    return look.vault.open_key(row["id"], row["wrapped_key"]).open_text(row["sealed_external_id"], _EXTERNAL_ID)


def find_buyer_id(look: Look, marketplace_id: str, name: str) -> UUID | None:
    """The buyer with this operator's id in this marketplace."""
    mark = mark_buyer(look.vault, marketplace_id, name)
    return look.connection.execute(_BUYER_BY_MARK, {"mark": mark}).scalar_one_or_none()


def find_buyers_named(look: Look, name: str) -> dict[str, UUID]:
    """The buyers whom this operator's id names, by marketplace; ``MARKETPLACE/ID`` names one marketplace's."""
    found: dict[str, UUID] = {}
    for one in list_marketplaces(look):
        for spelled in (name.removeprefix(f"{one.id}/"), name):  # the last counts: an id may itself begin like a marketplace
            buyer_id = find_buyer_id(look, one.id, spelled)
            if buyer_id:
                found[one.id] = buyer_id
    return found


def find_seller(look: Look, seller_id: int) -> Seller:
    """One seller. Raises NotFoundError."""
    row = look.connection.execute(_SELLER, {"seller_id": seller_id}).mappings().first()
    if row is None:
        raise NotFoundError("no such seller")
    return read_seller(row)


def find_seller_named(look: Look, name: str) -> Seller | None:
    """The seller with this operator's id."""
    row = look.connection.execute(_SELLER_BY_NAME, {"name": name}).mappings().first()
    return read_seller(row) if row else None


def find_seller_addresses(look: Look, seller_id: int) -> tuple[SellerAddress, ...]:
    """Every address of a seller, opened; one with two roles is there twice."""
    return tuple(address for address, _ in find_seller_people(look, seller_id))


def find_seller_people(look: Look, seller_id: int) -> tuple[tuple[SellerAddress, DataKey], ...]:
    """The same, each with the key of the person whose address it is."""
    found: list[tuple[SellerAddress, DataKey]] = []
    opened: dict[UUID, tuple[Address, DataKey]] = {}
    for one, role, wrapped, sealed in look.connection.execute(_SELLER_ADDRESSES, {"seller_id": seller_id}):
        if wrapped and one not in opened:
            key = look.vault.open_key(one, wrapped)
            opened[one] = _open_address(key, sealed), key
        if one in opened:
            address, key = opened[one]
            found.append((SellerAddress(one, AddressRole(role), address), key))
    return tuple(found)


def find_marketplace(look: Look, marketplace_id: str) -> Marketplace:
    """One marketplace. Raises NotFoundError."""
    row = look.connection.execute(_MARKETPLACE, {"marketplace_id": marketplace_id}).mappings().first()
    if row is None:
        raise NotFoundError("no such marketplace")
    return read_marketplace(row)


def list_marketplaces(look: Look) -> tuple[Marketplace, ...]:
    """All of them, by id."""
    return tuple(read_marketplace(row) for row in look.connection.execute(_MARKETPLACES).mappings())


def read_marketplace(row: RowMapping | Mapping[str, Any]) -> Marketplace:
    """The marketplace in these columns, which are all that its table has."""
    told = tuple(map(NewsKind, json.loads(row["order_notices"] or "[]")))
    return Marketplace(**{**row, "contact_policy": read_policy(row["contact_policy"]), "order_notices": told})


def find_mail_domain(look: Look, domain: str) -> str | None:
    """The id of the marketplace whose mail domain this is, whatever the case."""
    return look.connection.execute(_MAIL_DOMAIN, {"domain": domain.lower()}).scalar_one_or_none()


def mark_buyer(vault: Vault, marketplace_id: str, name: str) -> bytes:
    """The blind index of the operator's id for a buyer, which is its own within one marketplace."""
    return vault.mark_external("buyer", marketplace_id, name)


def person_row(vault: Vault, kind: str, address: Address) -> dict[str, object]:
    """The row of a new person with an address and a key of its own."""
    return _new_person(vault, kind, address)[1]


def buyer_row(vault: Vault, marketplace_id: str, name: str, display_name: str, address: Address) -> dict[str, object]:
    """The person row of a new buyer."""
    key, row = _new_person(vault, "buyer", address)
    return row | {
        "sealed_name": key.seal_text(display_name, _NAME),
        "sealed_external_id": key.seal_text(name, _EXTERNAL_ID),
        "external_mark": mark_buyer(vault, marketplace_id, name),
    }


def buyer_changes(vault: Vault, row: RowMapping, display_name: str, address: Address) -> dict[str, object]:
    """The columns that differ when a buyer's name or address is told anew; empty when nothing changed."""
    key = vault.open_key(row["id"], row["wrapped_key"])
    changes: dict[str, object] = {}
    if key.open_text(row["sealed_name"], _NAME) != display_name:
        changes["sealed_name"] = key.seal_text(display_name, _NAME)
    if _open_address(key, row["sealed_address"]) != address:
        changes.update(_address_columns(vault, key, address))
    return changes


def find_person_with_address(connection: Connection, vault: Vault, kind: str, address: Address) -> UUID | None:
    """The person of this kind who has this address: used where an address is one person's alone."""
    statement = select(person.c.id).where(person.c.address_mark == vault.mark_address(address), person.c.kind == kind)
    return connection.execute(statement).scalars().first()


def _new_person(vault: Vault, kind: str, address: Address) -> tuple[DataKey, dict[str, object]]:
    person_id = new_id()
    key, wrapped = vault.make_key(person_id)
    row: dict[str, object] = {"id": person_id, "kind": kind, "wrapped_key": wrapped}
    row |= {"sealed_name": None, "sealed_external_id": None, "external_mark": None}
    return key, row | _address_columns(vault, key, address)


def _address_columns(vault: Vault, key: DataKey, address: Address) -> dict[str, object]:
    return {
        "sealed_address": key.seal_text(address.reveal(), _ADDRESS),
        "address_mark": vault.mark_address(address),
    }


def _open_address(key: DataKey, sealed: bytes) -> Address:
    local_part, _, domain = key.open_text(sealed, _ADDRESS).rpartition("@")
    return Address(local_part, domain)


def read_seller(row: RowMapping | Mapping[str, Any]) -> Seller:
    """The seller in these columns."""
    average = row["average_daily_orders"]
    return Seller(
        id=row["id"],
        name=row["name"],
        business_name=row["business_name"],
        language=row["language"],
        bounce_on_opt_out=row["bounce_on_opt_out"],
        average_daily_orders=json.loads(average) if average else None,
    )
