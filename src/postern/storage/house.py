"""The shelf of the house's own mail, and of the operator it goes on to."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Connection, bindparam, insert, select

from postern.model.address import Address
from postern.model.journal import digest_values
from postern.storage.people import person_row
from postern.storage.schema import house_mail, person
from postern.storage.store import Look
from postern.storage.vault import Vault

_KIND = "operator"
_SEEN = select(house_mail.c.id).where(house_mail.c.seen_mark == bindparam("mark"))
_OPERATOR = select(person.c.id).where(person.c.kind == _KIND, person.c.wrapped_key.is_not(None))
_KEYS: BindParameter[Any] = bindparam("keys", expanding=True)
_BY_IDS = select(house_mail).where(house_mail.c.id.in_(_KEYS))


def find_house_seen(look: Look, mark: bytes) -> UUID | None:
    """The house mail that was kept with this mark."""
    return look.connection.execute(_SEEN, {"mark": mark}).scalar_one_or_none()


def find_operator(look: Look) -> UUID | None:
    """The person behind postmaster@ and abuse@, if one is set."""
    return look.connection.execute(_OPERATOR).scalars().first()


def commit_to_house_mail(values: Mapping[str, Any]) -> str:
    """What the journal says of the mail's row, all its columns."""
    return digest_values([(column.name, values[column.name]) for column in house_mail.c])


def find_house_mail_rows(look: Look, ids: Collection[UUID]) -> dict[UUID, Mapping[str, Any]]:
    """The rows of these mails as they are kept."""
    rows = look.connection.execute(_BY_IDS, {"keys": list(ids)}).mappings()
    return {row["id"]: {column.name: row[column.name] for column in house_mail.c} for row in rows}


def set_operator(connection: Connection, vault: Vault, address: Address | None) -> None:
    """Let postmaster@ and abuse@ go on to this address from now on, or to nobody. Deliveries under way keep their person."""
    mark = vault.mark_address(address) if address else None
    rows = connection.execute(select(person.c.id, person.c.address_mark).where(person.c.kind == _KIND)).all()
    for row in rows:
        if row[1] != mark:
            connection.execute(person.update().where(person.c.id == row[0]).values(kind="former operator"))
    if address and mark not in {row[1] for row in rows}:
        connection.execute(insert(person), person_row(vault, _KIND, address))
