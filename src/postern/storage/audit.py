"""The shelf for whoever checks the record: it reads all of it, page by page, in short transactions, and judges nothing.

Each page is one statement, or several in one snapshot, so that a record that grows meanwhile is never seen half-written.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Table,
    Tuple,
    and_,
    bindparam,
    exists,
    func,
    literal,
    null,
    select,
    text,
    tuple_,
    type_coerce,
)

from postern.storage.columns import Id, IdOctets
from postern.storage.schema import attempt, journal, message, seal, sealer, unsealed
from postern.storage.store import Look

_KEYS: BindParameter[Any] = bindparam("keys", expanding=True)
_SEALED_ENTRY = (seal.c.seller_id == journal.c.seller_id) & (seal.c.entry_id == journal.c.id)
_BETWEEN = (seal.c.position > bindparam("after"), seal.c.position <= bindparam("until"))
# Ids as octets and times as numbers: a record has millions of them.
_PLACES = (
    select(
        seal.c.position,
        seal.c.seller_id,
        type_coerce(seal.c.entry_id, IdOctets),
        seal.c.digest,
        seal.c.chain,
        seal.c.chain_position,
        seal.c.previous,
        type_coerce(seal.c.sealed_at, BigInteger),
        seal.c.hash,
        type_coerce(journal.c.relationship_id, IdOctets),
        type_coerce(journal.c.message_id, IdOctets),
        journal.c.kind,
        type_coerce(journal.c.happened_at, BigInteger),
        journal.c.fields,
        journal.c.digest.label("entry_digest"),
    )
    .select_from(seal.outerjoin(journal, _SEALED_ENTRY))
    .where(*_BETWEEN)
    .order_by(seal.c.position)
)
_ABOUT = (
    select(
        journal.c.message_id,
        journal.c.kind,
        journal.c.fields,
        seal.c.position,
        journal.c.seller_id,
        journal.c.id,
        journal.c.happened_at,
    )
    .select_from(journal.outerjoin(seal, _SEALED_ENTRY))
    .where(journal.c.message_id.in_(_KEYS))
    .order_by(seal.c.position.is_(None), seal.c.position, journal.c.id)
)
_MESSAGES = select(message).where(tuple_(message.c.seller_id, message.c.id).in_(_KEYS))
_ATTEMPTS = (
    select(
        *(seal.c.position, seal.c.chain),
        *(journal.c.id, journal.c.message_id, journal.c.happened_at, journal.c.fields),
        *attempt.c,
    )
    .select_from(
        seal.join(journal, _SEALED_ENTRY).outerjoin(
            attempt, (attempt.c.seller_id == journal.c.seller_id) & (attempt.c.id == journal.c.id)
        )
    )
    .where(journal.c.kind.in_(("delivery-attempted", "delivery-ended")), *_BETWEEN)
    .order_by(seal.c.position)
)
_ATTEMPTS_OF = select(attempt).where(attempt.c.message_id.in_(_KEYS)).order_by(attempt.c.seller_id, attempt.c.id)
_MESSAGES_OF = select(attempt.c.message_id).distinct().where(tuple_(attempt.c.seller_id, attempt.c.id).in_(_KEYS))
_END = select(sealer.c.position)
_HIGHEST = select(func.max(seal.c.position))
_CHAIN_BEFORE = (
    select(seal.c.chain_position, seal.c.hash)
    .where(seal.c.chain == bindparam("chain"), seal.c.position <= bindparam("position"))
    .order_by(seal.c.chain_position.desc())
    .limit(1)
)
_LOST_MARKS = (
    select(unsealed.c.seller_id, unsealed.c.entry_id)
    .where(
        ~exists().where(
            journal.c.seller_id == unsealed.c.seller_id,
            journal.c.id == unsealed.c.entry_id,
        )
    )
    .limit(1_000)
)
_WAITING = select(func.count()).select_from(unsealed)

# Each row of these tables that nothing in the order of the journal accounts for.
_STRAYS: Mapping[str, tuple[Table, ColumnElement[bool]]] = {
    "entry": (
        journal,
        and_(
            ~exists().where(_SEALED_ENTRY),
            ~exists().where(unsealed.c.seller_id == journal.c.seller_id, unsealed.c.entry_id == journal.c.id),
        ),
    ),
    "message": (
        message,
        ~exists().where(journal.c.message_id == message.c.id, journal.c.seller_id == message.c.seller_id),
    ),
    "attempt": (
        attempt,
        ~exists().where(journal.c.seller_id == attempt.c.seller_id, journal.c.id == attempt.c.id),
    ),
}


class Place(NamedTuple):
    """One seal with the entry it stands for; the entry's columns are None where there is none. Nothing of it is believed.

    Ids are their octets, times microseconds since 1970.
    """

    position: int
    seller_id: int
    entry_id: bytes
    digest: bytes
    chain: str
    chain_position: int
    previous: bytes
    sealed_at: int
    hash: bytes
    relationship_id: bytes | None
    message_id: bytes | None
    kind: str
    happened_at: int
    fields: str
    entry_digest: bytes | None


class Told(NamedTuple):
    """What one entry says of a message. ``position`` is None while the entry is not sealed."""

    message_id: UUID
    kind: str
    fields: str
    position: int | None
    seller_id: int
    entry_id: UUID
    happened_at: datetime


class KeptAttempt(NamedTuple):
    """An attempt's row as it is kept."""

    seller_id: int
    id: UUID
    message_id: UUID
    delivery_id: UUID
    ended_at: datetime
    outcome: str
    code: int
    enhanced: str
    text: str


class Tried(NamedTuple):
    """An entry about an attempt and the attempt's row, whose columns are None where there is none."""

    position: int
    chain: str
    entry_id: UUID
    entry_message_id: UUID | None
    happened_at: datetime
    fields: str
    seller_id: int | None
    id: UUID | None
    message_id: UUID | None
    delivery_id: UUID | None
    ended_at: datetime | None
    outcome: str | None
    code: int | None
    enhanced: str | None
    text: str | None


class Key(NamedTuple):
    """The primary key of one seller's row."""

    seller_id: int
    id: UUID


class Stray(NamedTuple):
    """A row that the journal does not account for."""

    seller_id: int
    id: UUID
    relationship_id: UUID | None


@dataclass(frozen=True, slots=True)
class StrayPage:
    """Rows of one table that the journal does not account for, and how far the page reached; None at the end of the table."""

    found: tuple[Stray, ...]
    reached: Key | None


BEFORE_ALL = Key(-1, UUID(int=0))


def hold_snapshot(look: Look) -> None:
    """Let all that follows in this look see one moment. SQLite does so by itself."""
    if look.connection.dialect.name == "postgresql":
        look.connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))


def find_end(look: Look) -> tuple[int, int]:
    """The last position that the sealer says it gave, and the last that there is."""
    given = look.connection.execute(_END).scalar_one_or_none()
    return given or 0, look.connection.execute(_HIGHEST).scalar_one() or 0


def list_places(look: Look, after: int, until: int) -> list[Place]:
    """The seals after one position, up to and with another, each with its entry, in order."""
    rows = look.connection.execute(_PLACES, {"after": after, "until": until}).all()
    return [Place._make(row) for row in rows]


def find_chain_end(look: Look, chain: str, position: int) -> tuple[int, bytes] | None:
    """Place and hash of the chain's last seal up to this position."""
    row = look.connection.execute(_CHAIN_BEFORE, {"chain": chain, "position": position}).first()
    return (row[0], row[1]) if row else None


def list_told(look: Look, message_ids: Collection[UUID]) -> list[Told]:
    """All that the journal says of these messages, in sealed order; what is not sealed yet comes last."""
    return [Told(*row) for row in look.connection.execute(_ABOUT, {"keys": list(message_ids)})]


def find_message_rows(look: Look, keys: Collection[Key]) -> dict[Key, Mapping[str, Any]]:
    """The rows of these messages as they are kept."""
    rows = look.connection.execute(_MESSAGES, {"keys": [tuple(key) for key in keys]}).mappings()
    return {Key(row["seller_id"], row["id"]): {column.name: row[column.name] for column in message.c} for row in rows}


def list_tried(look: Look, after: int, until: int) -> list[Tried]:
    """The entries about attempts in this range, each with its attempt."""
    return [Tried(*row) for row in look.connection.execute(_ATTEMPTS, {"after": after, "until": until})]


def list_attempts_of(look: Look, message_ids: Collection[UUID]) -> list[KeptAttempt]:
    """The attempts of these messages."""
    return [KeptAttempt(*row) for row in look.connection.execute(_ATTEMPTS_OF, {"keys": list(message_ids)})]


def list_messages_of(look: Look, attempts: Collection["Stray"]) -> list[UUID]:
    """The messages that these attempts say they are of."""
    keys = [(one.seller_id, one.id) for one in attempts]
    return list(look.connection.execute(_MESSAGES_OF, {"keys": keys}).scalars())


def list_strays(look: Look, kind: str, after: Key, count: int) -> StrayPage:
    """The next page of a table (``entry``, ``message`` or ``attempt``): what in it nothing accounts for."""
    table, is_stray = _STRAYS[kind]
    key = tuple_(table.c.seller_id, table.c.id)
    reach = key > _spell(after)
    ordered = select(table.c.seller_id, table.c.id).where(reach).order_by(table.c.seller_id, table.c.id)
    last = look.connection.execute(ordered.offset(count - 1).limit(1)).first()
    end = Key(last[0], last[1]) if last else None
    pair = table.c.get("relationship_id", null())
    page = select(table.c.seller_id, table.c.id, pair).where(reach, is_stray, *([key <= _spell(end)] if end else []))
    return StrayPage(tuple(Stray(row[0], row[1], row[2]) for row in look.connection.execute(page)), end)


def list_lost_marks(look: Look) -> list[Key]:
    """Entries that were marked to be sealed and are not there."""
    return [Key(row[0], row[1]) for row in look.connection.execute(_LOST_MARKS)]


def count_waiting(look: Look) -> int:
    """Entries that wait for their place."""
    count: int = look.connection.execute(_WAITING).scalar_one()
    return count


def _spell(key: Key) -> Tuple:
    """Compared as one value: with an OR of the two columns SQLite reads on to the end of the table."""
    return tuple_(literal(key.seller_id, BigInteger), literal(key.id, Id))
