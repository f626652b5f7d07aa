"""More people of the town, for what needs several buyers or addresses; and the seller's day, as its counter stands."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, insert, select, update

from postern.model.address import Address
from postern.model.day import Day
from postern.model.identifier import new_id
from postern.model.limits import Limits
from postern.model.people import AddressRole
from postern.model.relationship import Relationship
from postern.storage import schema
from postern.storage.people import CORRESPONDENT, buyer_row, find_person_with_address, person_row
from postern.storage.relationships import find_relationship, open_relationship
from postern.storage.store import Transaction
from tests.people import START, Town

BERLIN = "Europe/Berlin"


def move_in(town: Town, name: str, address: str = "", seller_id: int = 1, *, opted_out: bool = False) -> Relationship:
    """One more buyer of Example Market, and their pair with a seller."""
    vault = town.store.vault

    def settle(transaction: Transaction) -> UUID:
        row = buyer_row(vault, "de", name, f"{name.title()} Example", Address.parse(address or f"{name}@mail.test"))
        transaction.execute(insert(schema.person), row)
        columns = {"person_id": row["id"], "marketplace_id": "de", "opted_out": opted_out, "opt_out_version": 0}
        transaction.execute(insert(schema.buyer), columns)
        return open_relationship(transaction, vault, seller_id, UUID(str(row["id"])), "de", START)

    pair_id = town.store.write(settle).result()
    with town.store.look() as look:
        found = find_relationship(look, seller_id, pair_id)
    assert found is not None
    return found[0]


def give_address(town: Town, seller_id: int, address: Address, role: AddressRole = AddressRole.REGISTERED_SENDER) -> None:
    """One more address of a seller."""
    vault = town.store.vault

    def settle(transaction: Transaction) -> None:
        person_id = find_person_with_address(transaction, vault, CORRESPONDENT, address)
        if person_id is None:
            row = person_row(vault, CORRESPONDENT, address)
            transaction.execute(insert(schema.person), row)
            person_id = UUID(str(row["id"]))
        transaction.execute(insert(schema.seller_address), {"seller_id": seller_id, "person_id": person_id, "role": role})

    town.store.write(settle).result()


def place_orders(town: Town, buyer_id: UUID, *moments: datetime, seller_id: int = 1) -> None:
    """Orders of this buyer, placed at these moments."""
    orders = [_order_row(seller_id, buyer_id, moment) for moment in moments]
    town.store.write(lambda transaction: transaction.execute(insert(schema.order), orders)).result()


def use_up(town: Town, number: int, seller_id: int = 1, time_zone: str = BERLIN) -> None:
    """Let so many of the seller's messages of today be used."""
    day = str(Day.at(town.clock.now(), time_zone))
    row = {"seller_id": seller_id, "marketplace_id": "de", "day": day, "used": number}
    town.store.write(lambda transaction: transaction.execute(insert(schema.daily_use), row)).result()


def used(town: Town, seller_id: int = 1) -> int:
    """How many of the seller's messages were counted, on all days."""
    counted = select(func.coalesce(func.sum(schema.daily_use.c.used), 0)).where(schema.daily_use.c.seller_id == seller_id)
    with town.store.look() as look:
        return int(look.connection.execute(counted).scalar_one())


def _order_row(seller_id: int, buyer_id: UUID, placed_at: datetime) -> dict[str, object]:
    order_id = new_id()
    return {
        "seller_id": seller_id,
        "id": order_id,
        "marketplace_id": "de",
        "name": f"order-{order_id}",
        "buyer_id": buyer_id,
        "status": "unshipped",
        "fulfilment": "seller",
        "placed_at": placed_at,
        "shipped_at": None,
        "delivered_at": None,
        "cancelled_at": None,
        "items": "[]",
        "shipments": "[]",
    }


def change(town: Town, table: str, **columns: object) -> None:
    """Change every row of a table, as the shop's feed might."""
    town.store.write(lambda transaction: transaction.execute(update(schema.metadata.tables[table]).values(columns))).result()


def with_limits(town: Town, limits: Limits) -> Town:
    """The same town under other limits."""
    return replace(town, frame=replace(town.frame, limits=limits))


def betray(town: Town, address: Address) -> None:
    """Let the marketplace's name hold this address: then no mail of its owner can be cleaned, and each is held."""
    change(town, "marketplace", name=f"Market of {address.reveal()}")


def come_clean(town: Town) -> None:
    """Take that back."""
    change(town, "marketplace", name="Example Market")
