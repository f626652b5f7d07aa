"""The shelf of legal holds: placed, ended, and spelled out to everything that they cover."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Connection, RowMapping, bindparam, func, insert, or_, select, update

from postern.model.legal_hold import Held, LegalHold, Subject
from postern.storage.feed_look_ups import in_portions
from postern.storage.schema import legal_hold, message, order, person, relationship, thread
from postern.storage.store import Look
from postern.storage.vault import Vault

_LISTED = 1_000  # shown; what is in force is never cut off
_LOCK = 7_220_512_031  # whoever judges what may go holds it, and so does whoever places a hold: what was answered was seen

_IN_FORCE = select(legal_hold.c.subject, legal_hold.c.subject_id, legal_hold.c.person_id).where(
    legal_hold.c.ended_at.is_(None), or_(legal_hold.c.until_at.is_(None), legal_hold.c.until_at > bindparam("now"))
)
_KEYS: BindParameter[Any] = bindparam("keys", expanding=True)
_SELLER: BindParameter[Any] = bindparam("seller_id")
_ID: BindParameter[Any] = bindparam("subject_id")
_CONCERNS = {  # whom a hold on this concerns
    Subject.PERSON: select(person.c.id).where(person.c.id == _ID),
    Subject.ORDER: select(order.c.buyer_id).where(order.c.seller_id == _SELLER, order.c.id == _ID),
    Subject.RELATIONSHIP: select(relationship.c.buyer_id).where(relationship.c.seller_id == _SELLER, relationship.c.id == _ID),
    Subject.MESSAGE: (
        select(relationship.c.buyer_id)
        .join(message, (message.c.seller_id == relationship.c.seller_id) & (message.c.relationship_id == relationship.c.id))
        .where(message.c.id == _ID)
    ),
}
_NAMES = select(message.c.id, message.c.relationship_id, message.c.thread_id, message.c.order_id, message.c.author_id)
_BY_AUTHOR = _NAMES.where(message.c.author_id == bindparam("person_id"))
_BY_ID = _NAMES.where(message.c.id.in_(_KEYS))
_PAIRS = select(relationship.c.seller_id, relationship.c.id).where(relationship.c.buyer_id.in_(_KEYS))
_THREADS = (
    select(thread.c.id, thread.c.order_id)
    .join(relationship, (relationship.c.seller_id == thread.c.seller_id) & (relationship.c.id == thread.c.relationship_id))
    .where(relationship.c.buyer_id.in_(_KEYS), thread.c.order_id.is_not(None))
)
_ORDER_NAMED = select(order.c.seller_id, order.c.id).where(
    order.c.marketplace_id == bindparam("marketplace_id"), order.c.name == bindparam("name")
)


@dataclass(frozen=True, slots=True)
class HoldRequest:
    """What somebody asks to be kept, until when, and why. ``seller_id`` says whose order or pair it is."""

    subject: Subject
    seller_id: int | None
    subject_id: UUID
    placed_by: str
    why: str
    until_at: datetime | None


def add_hold(connection: Connection, vault: Vault, hold_id: UUID, wanted: HoldRequest, now: datetime) -> bool:
    """Place it. False where its subject is not, or no longer, there."""
    take_turn(connection)
    names = {"seller_id": wanted.seller_id, "subject_id": wanted.subject_id}
    concerns: UUID | None = connection.execute(_CONCERNS[wanted.subject], names).scalar_one_or_none()
    if concerns is None:
        return False
    row = {
        "id": hold_id,
        "subject": wanted.subject,
        "subject_id": wanted.subject_id,
        "person_id": concerns,
        "sealed_by": vault.house_key().seal_text(wanted.placed_by, _label(hold_id, "by")),
        "sealed_why": vault.house_key().seal_text(wanted.why, _label(hold_id, "why")),
        "since_at": now,
        "until_at": wanted.until_at,
        "ended_at": None,
    }
    connection.execute(insert(legal_hold), row)
    return True


def end_hold(connection: Connection, hold_id: UUID, now: datetime) -> bool:
    """End it now. False where there is none that lasts."""
    statement = update(legal_hold).where(legal_hold.c.id == hold_id, legal_hold.c.ended_at.is_(None)).values(ended_at=now)
    return connection.execute(statement).rowcount > 0


def list_holds(look: Look) -> list[LegalHold]:
    """All of them, the oldest first, those that ended too."""
    rows = look.connection.execute(select(legal_hold).order_by(legal_hold.c.since_at, legal_hold.c.id).limit(_LISTED)).mappings()
    return [_hold(look.vault, row) for row in rows]


def find_order_named(look: Look, marketplace_id: str, name: str) -> tuple[int, UUID] | None:
    """The order with the shop's id: its seller, and our own id."""
    row = look.connection.execute(_ORDER_NAMED, {"marketplace_id": marketplace_id, "name": name}).first()
    return (row[0], row[1]) if row else None


def find_held(connection: Connection, now: datetime) -> Held:
    """What the holds in force at this moment cover."""
    named: dict[str, set[UUID]] = {subject: set() for subject in Subject}
    concerned: dict[str, set[UUID]] = {subject: set() for subject in Subject}
    for subject, subject_id, person_id in connection.execute(_IN_FORCE, {"now": now}):
        named[subject].add(subject_id)
        concerned[subject].add(person_id)
    pairs = {pair_id for _, pair_id in pairs_of(connection, named[Subject.PERSON])}
    threads = _threads_about(connection, concerned[Subject.ORDER], named[Subject.ORDER])
    return Held(
        persons=frozenset(named[Subject.PERSON]),
        concerned=frozenset().union(*concerned.values()),
        orders=frozenset(named[Subject.ORDER]),
        relationships=frozenset(named[Subject.RELATIONSHIP] | pairs),
        threads=frozenset(threads),
        messages=frozenset(named[Subject.MESSAGE]),
    )


def is_person_held(connection: Connection, held: Held, person_id: UUID) -> bool:
    """Whether a hold concerns this person, or covers anything that they wrote."""
    if person_id in held.concerned:
        return True
    if not held.concerned:
        return False
    rows = connection.execute(_BY_AUTHOR, {"person_id": person_id})
    return any(held.covers_message(*row) for row in rows)


def held_among(connection: Connection, held: Held, message_ids: Collection[UUID]) -> set[UUID]:
    """Those of these messages that a hold covers."""
    if not held.concerned or not message_ids:
        return set()
    rows = (row for keys in in_portions(message_ids) for row in connection.execute(_BY_ID, {"keys": keys}))
    return {row[0] for row in rows if held.covers_message(*row)}


def pairs_of(connection: Connection, buyers: Iterable[UUID]) -> list[tuple[int, UUID]]:
    """The pairs of these buyers: the seller, and the pair's id."""
    return [(row[0], row[1]) for keys in in_portions(buyers) for row in connection.execute(_PAIRS, {"keys": keys})]


def take_turn(connection: Connection) -> None:
    """Until this transaction ends, no hold is placed and nothing is judged old elsewhere. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def _threads_about(connection: Connection, buyers: Iterable[UUID], orders: Collection[UUID]) -> set[UUID]:
    """The threads about these orders, which these buyers placed."""
    rows = (row for keys in in_portions(buyers) for row in connection.execute(_THREADS, {"keys": keys}))
    return {row[0] for row in rows if row[1] in orders}


def _label(hold_id: UUID, column: str) -> str:
    return f"legal hold {column} {hold_id}"


def _hold(vault: Vault, row: RowMapping) -> LegalHold:
    return LegalHold(
        id=row["id"],
        subject=Subject(row["subject"]),
        subject_id=row["subject_id"],
        placed_by=vault.house_key().open_text(row["sealed_by"], _label(row["id"], "by")),
        why=vault.house_key().open_text(row["sealed_why"], _label(row["id"], "why")),
        since_at=row["since_at"],
        until_at=row["until_at"],
        ended_at=row["ended_at"],
    )
