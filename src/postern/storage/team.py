"""The shelf of teams: who works for a seller on the pages."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from postern.model.address import Address
from postern.model.people import Seller
from postern.model.team import Member, Role
from postern.storage.people import CORRESPONDENT, find_person_with_address, person_row, read_seller
from postern.storage.schema import member, person, seller
from postern.storage.store import Look
from postern.storage.vault import Vault

_PLACES = (
    select(seller, member.c.role)
    .join(member, member.c.seller_id == seller.c.id)
    .where(member.c.person_id == bindparam("person_id"))
    .order_by(seller.c.business_name, seller.c.id)
)
_MEMBERS = (
    select(member.c.seller_id, member.c.person_id, member.c.role)
    .where(member.c.seller_id == bindparam("seller_id"))
    .order_by(member.c.added_at, member.c.person_id)
)


def list_places(look: Look, person_id: UUID) -> list[tuple[Seller, Role]]:
    """The sellers for whom a person works, by name."""
    rows = look.connection.execute(_PLACES, {"person_id": person_id}).mappings()
    return [(read_seller(row), Role(row["role"])) for row in rows]


def list_members(look: Look, seller_id: int) -> list[Member]:
    """A seller's team, the first that was added first."""
    rows = look.connection.execute(_MEMBERS, {"seller_id": seller_id})
    return [Member(row[0], row[1], Role(row[2])) for row in rows]


def set_member(connection: Connection, vault: Vault, seller_id: int, address: Address, role: Role, now: datetime) -> bool:
    """Give a person a place, or another role. Answers whether that changed something."""
    person_id = find_person_with_address(connection, vault, CORRESPONDENT, address)
    if person_id is None:
        row = person_row(vault, CORRESPONDENT, address)
        connection.execute(insert(person), row)
        person_id = UUID(str(row["id"]))
    place = member.c.seller_id == seller_id, member.c.person_id == person_id
    known = connection.execute(select(member.c.role).where(*place)).scalar_one_or_none()
    if known is None:
        connection.execute(insert(member), {"seller_id": seller_id, "person_id": person_id, "role": role, "added_at": now})
    elif known != role:
        connection.execute(update(member).where(*place).values(role=role))
    return known != role


def remove_member(connection: Connection, vault: Vault, seller_id: int, address: Address) -> bool:
    """Take a person's place away. Answers whether there was one."""
    person_id = find_person_with_address(connection, vault, CORRESPONDENT, address)
    place = member.c.seller_id == seller_id, member.c.person_id == person_id
    return person_id is not None and connection.execute(delete(member).where(*place)).rowcount > 0
