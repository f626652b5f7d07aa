"""The shelf of Messaging permissions (R20): who may write for a seller, who tried to, and who is blocked."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Connection, RowMapping, bindparam, delete, func, insert, select, update

from postern.model.address import Address
from postern.storage.change import Row, Write
from postern.storage.people import CORRESPONDENT, find_correspondent, find_person_with_address, person_row
from postern.storage.schema import person, sender_attempt
from postern.storage.store import Look
from postern.storage.vault import Vault

ATTEMPTS_LISTED = 1_000

_BY_MARK = select(sender_attempt).where(
    sender_attempt.c.seller_id == bindparam("seller_id"), sender_attempt.c.address_mark == bindparam("mark")
)
_LISTED = (
    select(sender_attempt)
    .where(sender_attempt.c.seller_id == bindparam("seller_id"))
    .order_by(sender_attempt.c.last_at.desc())
    .limit(ATTEMPTS_LISTED)
)
_PENDING = select(func.count()).where(sender_attempt.c.seller_id == bindparam("seller_id"), sender_attempt.c.state == "pending")


class AttemptState(StrEnum):
    """What is known of an address that wrote without being registered."""

    PENDING = "pending"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class SenderAttempt:
    """An unregistered address that wrote for a seller: how often, and when; never what."""

    person_id: UUID
    state: AttemptState
    attempts: int
    first_at: datetime
    last_at: datetime


def find_attempt(look: Look, seller_id: int, address: Address) -> SenderAttempt | None:
    """What is listed of this address."""
    keys = {"seller_id": seller_id, "mark": look.vault.mark_address(address)}
    row = look.connection.execute(_BY_MARK, keys).mappings().first()
    return _attempt(row) if row else None


def list_attempts_of(look: Look, seller_id: int) -> list[tuple[SenderAttempt, Address]]:
    """The listed attempts, the latest first, each with its address."""
    rows = look.connection.execute(_LISTED, {"seller_id": seller_id}).mappings().all()
    return [(_attempt(row), find_correspondent(look, row["person_id"]).address) for row in rows]


def count_pending(look: Look, seller_id: int) -> int:
    """How many wait for a decision."""
    return look.connection.execute(_PENDING, {"seller_id": seller_id}).scalar_one()


def attempt_rows(look: Look, seller_id: int, address: Address, now: datetime) -> tuple[Row, ...]:
    """The rows of a first attempt. Who is not known yet becomes a person, so that the address can be shown and erased."""
    known = find_person_with_address(look.connection, look.vault, CORRESPONDENT, address)
    added = None if known else person_row(look.vault, CORRESPONDENT, address)
    values = {
        "seller_id": seller_id,
        "person_id": added["id"] if added else known,
        "address_mark": look.vault.mark_address(address),
        "state": AttemptState.PENDING,
        "attempts": 1,
        "first_at": now,
        "last_at": now,
    }
    people = (Row(Write.ADD_PERSON, added),) if added else ()
    return (*people, Row(Write.ADD_SENDER_ATTEMPT, values))


def repeated_attempt_row(seller_id: int, person_id: UUID, now: datetime) -> Row:
    """The row of one more attempt."""
    return Row(Write.COUNT_SENDER_ATTEMPT, {"of_seller": seller_id, "of_person": person_id, "tried_at": now})


def correspondent_with(connection: Connection, vault: Vault, address: Address) -> UUID:
    """The person who has this address, added where nobody has: an address stands once, so that it can be erased once."""
    known = find_person_with_address(connection, vault, CORRESPONDENT, address)
    if known:
        return known
    row = person_row(vault, CORRESPONDENT, address)
    connection.execute(insert(person), row)
    return UUID(str(row["id"]))


def take_off_list(connection: Connection, seller_id: int, person_id: UUID) -> AttemptState | None:
    """Forget what is listed of this address, a block too. Answers what that was."""
    is_this = (sender_attempt.c.seller_id == seller_id, sender_attempt.c.person_id == person_id)
    state = connection.execute(delete(sender_attempt).where(*is_this).returning(sender_attempt.c.state)).scalar_one_or_none()
    return AttemptState(state) if state else None


def block(connection: Connection, vault: Vault, seller_id: int, address: Address, now: datetime) -> bool:
    """Refuse this address from now on, and list it no more as pending. Answers whether that is new."""
    person_id = correspondent_with(connection, vault, address)
    is_this = (sender_attempt.c.seller_id == seller_id, sender_attempt.c.person_id == person_id)
    state = connection.execute(select(sender_attempt.c.state).where(*is_this)).scalar_one_or_none()
    if state is not None:
        connection.execute(update(sender_attempt).where(*is_this).values(state=AttemptState.BLOCKED))
        return AttemptState(state) is not AttemptState.BLOCKED
    values = {"seller_id": seller_id, "person_id": person_id, "address_mark": vault.mark_address(address)}
    values |= {"state": AttemptState.BLOCKED, "attempts": 0, "first_at": now, "last_at": now}
    connection.execute(insert(sender_attempt), values)
    return True


def _attempt(row: RowMapping) -> SenderAttempt:
    return SenderAttempt(row["person_id"], AttemptState(row["state"]), row["attempts"], row["first_at"], row["last_at"])
