"""The shelf of the import: writes the records of a feed, each by the shop's own id, and says how many were new or different.

Whoever writes here is alone: on SQLite by nature, on PostgreSQL by a lock of the import's own that lasts one transaction. So what
was just read stays true until the commit, and two imports take turns, chunk by chunk. It deletes nothing but a seller's addresses
that are no longer listed, and moves nothing: a buyer stays in its marketplace, an order with its pair.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self
from uuid import UUID

from sqlalchemy import BindParameter, Connection, RowMapping, Select, Table, bindparam, func, insert, select, tuple_, update

from postern.errors import StoreError
from postern.model.address import Address
from postern.model.feed import FeedBuyer, FeedOrder, FeedSeller
from postern.model.identifier import new_id
from postern.model.people import AddressRole, Marketplace
from postern.storage.contact_policies import write_policy
from postern.storage.feed_look_ups import in_portions
from postern.storage.order_news import note_news
from postern.storage.orders import spell_items, spell_shipments
from postern.storage.people import CORRESPONDENT, buyer_changes, buyer_row, mark_buyer, person_row
from postern.storage.schema import buyer, marketplace, order, person, seller, seller_address
from postern.storage.vault import Vault

_LOCK = 0x706F_7374_6572_6E  # any number that no other lock of the database uses

_KEYS: BindParameter[Any] = bindparam("keys", expanding=True)
_MARKETPLACES = select(marketplace).where(marketplace.c.id.in_(_KEYS))
_SELLERS = select(seller).where(seller.c.name.in_(_KEYS))
_BUYERS = select(person, buyer).join(buyer, buyer.c.person_id == person.c.id).where(person.c.external_mark.in_(_KEYS))
_BUYER_IDS = select(person.c.external_mark, person.c.id).where(person.c.external_mark.in_(_KEYS))
_CORRESPONDENTS = (
    select(person.c.address_mark, person.c.id)
    .where(person.c.address_mark.in_(_KEYS), person.c.kind == CORRESPONDENT, person.c.wrapped_key.is_not(None))
    .order_by(person.c.id.desc())  # should there be two, the eldest is read last and counts
)
_FEED_ROLES = (AddressRole.CUSTOMER_SERVICE, AddressRole.REGISTERED_SENDER)  # what was approved in Messaging permissions stays
_ADDRESSES = select(seller_address).where(seller_address.c.seller_id.in_(_KEYS), seller_address.c.role.in_(_FEED_ROLES))
_ADDRESS_KEY = tuple_(seller_address.c.seller_id, seller_address.c.person_id, seller_address.c.role)
_ORDERS = select(order).where(order.c.marketplace_id == bindparam("marketplace_id"), order.c.name.in_(_KEYS))

AddressRow = tuple[int, UUID, str]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many records were new, how many were known and differed, and how many were known already as they are."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0

    def __add__(self, other: Self) -> "Tally":
        return Tally(self.added + other.added, self.changed + other.changed, self.unchanged + other.unchanged)


def write_marketplaces(connection: Connection, vault: Vault, records: Sequence[Marketplace]) -> Tally:
    """Add or change these marketplaces."""
    del vault
    _take_turn(connection)
    wanted = {one.id: _marketplace_columns(one) for one in records}
    known = {row["id"]: row for row in _rows(connection, _MARKETPLACES, wanted)}
    changed = _write_table(connection, marketplace, "id", wanted, known)
    return _tally(wanted, known, changed)


def write_sellers(connection: Connection, vault: Vault, records: Sequence[FeedSeller]) -> Tally:
    """Add or change these sellers; their addresses become exactly those listed."""
    _take_turn(connection)
    latest = {one.id: one for one in records}
    wanted = {name: _seller_columns(one) for name, one in latest.items()}
    known = {row["name"]: row for row in _rows(connection, _SELLERS, wanted)}
    wanted = {name: columns if name in known else {"bounce_on_opt_out": True} | columns for name, columns in wanted.items()}
    changed = _write_table(connection, seller, "name", wanted, known)
    ids = {row["name"]: row["id"] for row in _rows(connection, _SELLERS, wanted)}
    readdressed = _write_addresses(connection, vault, {ids[name]: one for name, one in latest.items()})
    return _tally(wanted, known, changed | {name for name in known if ids[name] in readdressed})


def write_buyers(connection: Connection, vault: Vault, records: Sequence[FeedBuyer]) -> Tally:
    """Add or change these buyers; a name or address that differs is sealed anew with the buyer's own key."""
    _take_turn(connection)
    wanted = {mark_buyer(vault, one.marketplace_id, one.id): one for one in records}
    known = {bytes(row["external_mark"]): row for row in _rows(connection, _BUYERS, wanted)}
    _add_buyers(connection, vault, [one for mark, one in wanted.items() if mark not in known])
    changed = {mark for mark in known if _change_buyer(connection, vault, known[mark], wanted[mark])}
    return _tally(wanted, known, changed)


def write_orders(connection: Connection, vault: Vault, records: Sequence[FeedOrder]) -> Tally:
    """Add or change these orders. Raises StoreError where somebody moved or took away what they name since it was checked."""
    _take_turn(connection)
    sellers = {row["name"]: row["id"] for row in _rows(connection, _SELLERS, (one.seller for one in records))}
    marks = {(one.marketplace_id, one.buyer): mark_buyer(vault, one.marketplace_id, one.buyer) for one in records}
    buyers = {bytes(row["external_mark"]): row["id"] for row in _rows(connection, _BUYER_IDS, marks.values())}
    try:
        wanted = {
            (one.marketplace_id, one.id): _order_columns(one, sellers[one.seller], buyers[marks[one.marketplace_id, one.buyer]])
            for one in records
        }
    except KeyError:
        raise StoreError("a seller or a buyer was taken away while the feed was imported; import it again") from None
    known = _known_orders(connection, wanted)
    added = [columns | {"id": new_id()} for key, columns in wanted.items() if key not in known]
    if added:
        connection.execute(insert(order), added)
    changed = {key for key in known if _change_order(connection, known[key], wanted[key])}
    note_news(connection, vault, (*added, *(wanted[key] | {"id": known[key]["id"]} for key in sorted(changed))))
    return _tally(wanted, known, changed)


def _take_turn(connection: Connection) -> None:
    """Wait until no other import writes. SQLite has one writer and needs no such lock."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def _tally(wanted: Collection[Any], known: Collection[Any], changed: Collection[Any]) -> Tally:
    return Tally(len(wanted) - len(known), len(changed), len(known) - len(changed))


def _rows(connection: Connection, statement: Select[Any], keys: Iterable[object], **others: object) -> Iterator[RowMapping]:
    for portion in in_portions(keys):
        yield from connection.execute(statement, {"keys": portion, **others}).mappings()


def _write_table(
    connection: Connection,
    table: Table,
    key: str,
    wanted: Mapping[str, Mapping[str, object]],
    known: Mapping[str, RowMapping],
) -> set[str]:
    """Insert the rows that are new, update those that differ, and answer the keys of the latter."""
    new = [wanted[name] for name in sorted(wanted) if name not in known]
    if new:
        connection.execute(insert(table), new)
    changed = {name for name, row in known.items() if _differs(row, wanted[name])}
    for name in sorted(changed):
        connection.execute(update(table).where(table.c[key] == name).values(dict(wanted[name])))
    return changed


def _differs(row: RowMapping, columns: Mapping[str, object]) -> bool:
    return any(row[name] != content for name, content in columns.items())


def _marketplace_columns(one: Marketplace) -> dict[str, object]:
    told = json.dumps(one.order_notices) if one.order_notices else None
    return {**asdict(one), "contact_policy": write_policy(one.contact_policy), "order_notices": told}


def _seller_columns(one: FeedSeller) -> dict[str, object]:
    average = one.average_daily_orders
    return {
        "name": one.id,
        "business_name": one.business_name,
        "language": one.language,
        "average_daily_orders": None if average is None else json.dumps(average, sort_keys=True),
    } | ({} if one.bounce_on_opt_out is None else {"bounce_on_opt_out": one.bounce_on_opt_out})


def _write_addresses(connection: Connection, vault: Vault, sellers: Mapping[int, FeedSeller]) -> set[int]:
    """Give each seller (by the store's number) the addresses listed, and answer those who had others."""
    persons = _correspondents(connection, vault, {address for one in sellers.values() for address in _addresses(one)})
    wanted: set[AddressRow] = set()
    for seller_id, one in sellers.items():
        wanted.add((seller_id, persons[vault.mark_address(one.customer_service_address)], AddressRole.CUSTOMER_SERVICE))
        senders = {persons[vault.mark_address(address)] for address in one.registered_senders}
        wanted.update((seller_id, person_id, AddressRole.REGISTERED_SENDER) for person_id in senders)
    known = {(row["seller_id"], row["person_id"], row["role"]) for row in _rows(connection, _ADDRESSES, sellers)}
    new, surplus = sorted(wanted - known), sorted(known - wanted)
    if new:
        connection.execute(
            insert(seller_address), [dict(zip(("seller_id", "person_id", "role"), row, strict=True)) for row in new]
        )
    for portion in in_portions(surplus):
        connection.execute(seller_address.delete().where(_ADDRESS_KEY.in_(portion)))
    return {row[0] for row in (*new, *surplus)}


def _addresses(one: FeedSeller) -> tuple[Address, ...]:
    return (one.customer_service_address, *one.registered_senders)


def _correspondents(connection: Connection, vault: Vault, addresses: Iterable[Address]) -> dict[bytes, UUID]:
    """The person behind each address, by its mark: one for all sellers who have it. Who is not known yet is added."""
    wanted = {vault.mark_address(address): address for address in addresses}
    known = {bytes(row["address_mark"]): row["id"] for row in _rows(connection, _CORRESPONDENTS, wanted)}
    rows = {mark: person_row(vault, CORRESPONDENT, address) for mark, address in wanted.items() if mark not in known}
    if rows:
        connection.execute(insert(person), list(rows.values()))
    return known | {mark: UUID(str(row["id"])) for mark, row in rows.items()}


def _add_buyers(connection: Connection, vault: Vault, records: Sequence[FeedBuyer]) -> None:
    persons = [buyer_row(vault, one.marketplace_id, one.id, one.display_name, one.address) for one in records]
    if not persons:
        return
    connection.execute(insert(person), persons)
    rows = [
        {"person_id": row["id"], "marketplace_id": one.marketplace_id, "opted_out": bool(one.opted_out), "opt_out_version": 0}
        for row, one in zip(persons, records, strict=True)
    ]
    connection.execute(insert(buyer), rows)


def _change_buyer(connection: Connection, vault: Vault, row: RowMapping, one: FeedBuyer) -> bool:
    changes = buyer_changes(vault, row, one.display_name, one.address)
    if changes:
        connection.execute(update(person).where(person.c.id == row["id"]).values(changes))
    turned = one.opted_out is not None and row["opted_out"] != one.opted_out
    if turned:
        version = row["opt_out_version"] + 1
        statement = update(buyer).where(buyer.c.person_id == row["id"])
        connection.execute(statement.values(opted_out=one.opted_out, opt_out_version=version))
    return bool(changes) or turned


def _order_columns(one: FeedOrder, seller_id: int, buyer_id: UUID) -> dict[str, object]:
    return {
        "seller_id": seller_id,
        "marketplace_id": one.marketplace_id,
        "name": one.id,
        "buyer_id": buyer_id,
        "status": one.status,
        "fulfilment": one.fulfilment,
        "placed_at": one.placed_at,
        "shipped_at": one.shipped_at,
        "delivered_at": one.delivered_at,
        "cancelled_at": one.cancelled_at,
        "items": spell_items(one.items),
        "shipments": spell_shipments(one.shipments),
        "refunded_at": one.refunded_at,
    }


def _known_orders(connection: Connection, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], RowMapping]:
    names: dict[str, list[str]] = {}
    for marketplace_id, name in keys:
        names.setdefault(marketplace_id, []).append(name)
    return {
        (marketplace_id, row["name"]): row
        for marketplace_id, listed in names.items()
        for row in _rows(connection, _ORDERS, listed, marketplace_id=marketplace_id)
    }


def _change_order(connection: Connection, row: RowMapping, columns: Mapping[str, object]) -> bool:
    if (row["seller_id"], row["buyer_id"]) != (columns["seller_id"], columns["buyer_id"]):
        raise StoreError("an order was taken by another pair while the feed was imported; import it again")
    if not _differs(row, columns):
        return False
    where = (order.c.seller_id == row["seller_id"], order.c.id == row["id"])
    connection.execute(update(order).where(*where).values(dict(columns)))
    return True
