"""The shelf of addresses that were added for a seller, and of the links by which they confirm (R20).

Only one that is approved and confirmed has its row among the seller's addresses, where whoever judges a mail looks.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, RowMapping, bindparam, delete, func, insert, or_, select, update

from postern.model.identifier import new_id
from postern.model.notice import NoticeKind, NoticeState
from postern.model.people import AddressRole
from postern.storage.forgetting import forget_notices
from postern.storage.schema import (
    confirmation_count,
    erasure,
    notice,
    relationship,
    seller,
    seller_address,
    sender_attempt,
    sender_permission,
)
from postern.storage.store import Look

_OF_SELLER = (
    select(sender_permission, notice.c.state.label("mail"))
    .outerjoin(
        notice,
        (notice.c.seller_id == sender_permission.c.seller_id)
        & (notice.c.about_id == sender_permission.c.id)
        & (notice.c.kind == NoticeKind.CONFIRM_ADDRESS),
    )
    .where(sender_permission.c.seller_id == bindparam("seller_id"))
    .order_by(sender_permission.c.added_at, sender_permission.c.id)
)
_UNCONFIRMED = select(func.count()).where(
    sender_permission.c.seller_id == bindparam("seller_id"), sender_permission.c.confirmed_at.is_(None)
)
_BY_ID = select(sender_permission).where(sender_permission.c.id == bindparam("permission_id"))
_HOME = (
    select(relationship.c.marketplace_id)
    .where(relationship.c.seller_id == bindparam("seller_id"))
    .order_by(relationship.c.id)
    .limit(1)
)
_BLOCKED = (
    select(sender_attempt.c.state)
    .where(
        sender_attempt.c.seller_id == bindparam("seller_id"),
        sender_attempt.c.person_id == bindparam("person_id"),
        sender_attempt.c.state == "blocked",
    )
    .exists()
)
_ERASED = select(erasure.c.person_id).where(erasure.c.person_id == bindparam("person_id")).exists()


@dataclass(frozen=True, slots=True)
class SenderPermission:
    """One address that was added. ``mail`` is where the link to confirm is on its way, if one was mailed."""

    seller_id: int
    person_id: UUID
    id: UUID
    added_at: datetime
    approved_at: datetime | None
    confirmed_at: datetime | None
    mail: NoticeState | None = None


def take_turn(connection: Connection, seller_id: int) -> None:
    """Nobody else changes this seller's permissions until the commit."""
    connection.execute(select(seller.c.id).where(seller.c.id == seller_id).with_for_update(key_share=True))


def list_permissions_of(look: Look, seller_id: int) -> list[SenderPermission]:
    """All that were added and not removed, the eldest first."""
    return [_permission(row) for row in look.connection.execute(_OF_SELLER, {"seller_id": seller_id}).mappings()]


def find_permission(connection: Connection, seller_id: int, person_id: UUID) -> SenderPermission | None:
    """What was added of this address for this seller."""
    chosen = select(sender_permission).where(
        sender_permission.c.seller_id == seller_id, sender_permission.c.person_id == person_id
    )
    row = connection.execute(chosen).mappings().first()
    return _permission(row) if row else None


def find_permission_by_id(connection: Connection, permission_id: UUID) -> SenderPermission | None:
    """The one that a link names, unless its address was blocked since, or is to be forgotten."""
    row = connection.execute(_BY_ID, {"permission_id": permission_id}).mappings().first()
    if row is None:
        return None
    keys = {"seller_id": row["seller_id"], "person_id": row["person_id"]}
    is_gone = connection.execute(select(or_(_BLOCKED, _ERASED)), keys).scalar_one()
    return None if is_gone else _permission(row)


def count_unconfirmed(connection: Connection, seller_id: int) -> int:
    """How many were added and have not confirmed."""
    return connection.execute(_UNCONFIRMED, {"seller_id": seller_id}).scalar_one()


def add_permission(connection: Connection, seller_id: int, person_id: UUID, now: datetime) -> SenderPermission:
    """Add this address: neither approved nor confirmed."""
    added = SenderPermission(seller_id, person_id, new_id(), now, None, None)
    row = {"seller_id": seller_id, "person_id": person_id, "id": added.id, "added_at": now}
    connection.execute(insert(sender_permission), row | {"approved_at": None, "confirmed_at": None})
    return added


def set_approved(connection: Connection, permission_id: UUID, at: datetime | None) -> None:
    """The seller's own word."""
    connection.execute(update(sender_permission).where(sender_permission.c.id == permission_id).values(approved_at=at))


def set_confirmed(connection: Connection, permission_id: UUID, at: datetime) -> None:
    """The address's own word."""
    connection.execute(update(sender_permission).where(sender_permission.c.id == permission_id).values(confirmed_at=at))


def find_roles(connection: Connection, seller_id: int, person_id: UUID) -> list[AddressRole]:
    """What this address is to the seller, the weightiest first: empty where mail from it is not taken."""
    is_this = (seller_address.c.seller_id == seller_id, seller_address.c.person_id == person_id)
    found = set(connection.execute(select(seller_address.c.role).where(*is_this)).scalars())
    return [role for role in AddressRole if role in found]


def let_write(connection: Connection, seller_id: int, person_id: UUID) -> None:
    """From the commit on mail from this address is taken; it is no attempt any more."""
    row = {"seller_id": seller_id, "person_id": person_id, "role": AddressRole.APPROVED_SENDER}
    connection.execute(insert(seller_address), row)
    is_this = (sender_attempt.c.seller_id == seller_id, sender_attempt.c.person_id == person_id)
    connection.execute(delete(sender_attempt).where(*is_this))


def stop_writing(connection: Connection, seller_id: int, person_id: UUID) -> bool:
    """Take back what approval gave. Answers whether there was something to take."""
    is_this = (seller_address.c.seller_id == seller_id, seller_address.c.person_id == person_id)
    gone = delete(seller_address).where(*is_this, seller_address.c.role == AddressRole.APPROVED_SENDER)
    return connection.execute(gone).rowcount > 0


def remove_permission(connection: Connection, one: SenderPermission) -> list[str]:
    """Take it away with the mail that asked. Answers the blobs that lie without a row now."""
    connection.execute(delete(sender_permission).where(sender_permission.c.id == one.id))
    return forget_notices(connection, one.seller_id, [one.id])


def forget_permissions(connection: Connection, person_ids: Collection[UUID]) -> list[str]:
    """Take away all that was added of these persons. Answers the blobs that lie without a row now."""
    chosen = select(sender_permission).where(sender_permission.c.person_id.in_(person_ids))
    rows: Sequence[RowMapping] = connection.execute(chosen).mappings().all()
    connection.execute(delete(confirmation_count).where(confirmation_count.c.person_id.in_(person_ids)))
    return [blob for row in rows for blob in remove_permission(connection, _permission(row))]


def count_mails(connection: Connection, seller_id: int, person_id: UUID, day: str) -> tuple[int, int]:
    """How many links were mailed on this day: to this address for whomever, and for this seller to whomever."""
    mails = func.coalesce(func.sum(confirmation_count.c.mails), 0)
    today = confirmation_count.c.day == day
    to_person = select(mails).where(confirmation_count.c.person_id == person_id, today).scalar_subquery()
    for_seller = select(mails).where(confirmation_count.c.seller_id == seller_id, today).scalar_subquery()
    row = connection.execute(select(to_person, for_seller)).one()
    return int(row[0]), int(row[1])


def count_one_mail(connection: Connection, seller_id: int, person_id: UUID, day: str) -> None:
    """One more link is mailed; what was mailed on other days is forgotten."""
    for_seller = confirmation_count.c.seller_id == seller_id
    connection.execute(delete(confirmation_count).where(for_seller, confirmation_count.c.day != day))
    is_this = (for_seller, confirmation_count.c.person_id == person_id)
    counted = update(confirmation_count).where(*is_this).values(mails=confirmation_count.c.mails + 1)
    if connection.execute(counted).rowcount == 0:
        row = {"seller_id": seller_id, "person_id": person_id, "day": day, "mails": 1}
        connection.execute(insert(confirmation_count), row)


def find_home(connection: Connection, seller_id: int) -> str | None:
    """The marketplace of the seller's first pair: in whose name the seller's addresses are asked."""
    return connection.execute(_HOME, {"seller_id": seller_id}).scalar_one_or_none()


def _permission(row: RowMapping) -> SenderPermission:
    mail = row.get("mail")
    return SenderPermission(
        seller_id=row["seller_id"],
        person_id=row["person_id"],
        id=row["id"],
        added_at=row["added_at"],
        approved_at=row["approved_at"],
        confirmed_at=row["confirmed_at"],
        mail=NoticeState(mail) if mail else None,
    )
