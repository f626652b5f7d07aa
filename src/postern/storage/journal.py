"""The shelf of the journal: entries are added with the change they tell of. Later a value may be withheld, which leaves every
digest as it was; nothing else of an entry is ever touched.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, bindparam, func, select

from postern.model.identifier import new_id
from postern.model.journal import Entry, Field, Value, make_fields
from postern.storage.change import Row, Write
from postern.storage.schema import journal
from postern.storage.store import Look

IMPORTANT_MISUSED = "important-misused"  # R11: [Important] in the subject of what is never critical
_ABOUT = select(journal).where(journal.c.message_id == bindparam("message_id")).order_by(journal.c.happened_at, journal.c.id)
_BY_ID = select(journal).where(journal.c.id == bindparam("entry_id"))
_COUNT_BY_SELLER = (
    select(journal.c.seller_id, func.count())
    .where(journal.c.kind == bindparam("kind"), journal.c.happened_at >= bindparam("since"))
    .group_by(journal.c.seller_id)
    .order_by(func.count().desc(), journal.c.seller_id)
)
_LATEST = select(func.max(journal.c.happened_at))


def count_by_seller(look: Look, kind: str, since: datetime) -> list[tuple[int, int]]:
    """How many entries of this kind each seller has since then, the most first."""
    rows = look.connection.execute(_COUNT_BY_SELLER, {"kind": kind, "since": since}).all()
    return [(int(row[0]), int(row[1])) for row in rows]


def journal_row(  # noqa: PLR0913 - an entry says who, what and when
    kind: str,
    happened_at: datetime,
    values: Mapping[str, Value],
    *,
    seller_id: int,
    relationship_id: UUID | None = None,
    message_id: UUID | None = None,
    entry_id: UUID | None = None,
) -> Row:
    """The row of a new entry, with fresh salts and its digest."""
    entry = Entry(entry_id or new_id(), seller_id, relationship_id, message_id, kind, happened_at, make_fields(values))
    columns = {
        "seller_id": entry.seller_id,
        "id": entry.id,
        "relationship_id": entry.relationship_id,
        "message_id": entry.message_id,
        "kind": entry.kind,
        "happened_at": entry.happened_at,
        "fields": spell_fields(entry.fields),
        "digest": entry.digest(),
    }
    return Row(Write.ADD_JOURNAL, columns)


def list_entries_about(look: Look, message_id: UUID) -> list[Entry]:
    """What the journal says of one message, oldest first."""
    return [read_entry(row) for row in look.connection.execute(_ABOUT, {"message_id": message_id}).mappings()]


def find_entry(look: Look, entry_id: UUID) -> Entry | None:
    """One entry."""
    row = look.connection.execute(_BY_ID, {"entry_id": entry_id}).mappings().first()
    return read_entry(row) if row else None


def find_latest_moment(look: Look) -> datetime | None:
    """When the latest entry happened, by the clock that wrote it."""
    moment: datetime | None = look.connection.execute(_LATEST).scalar_one()
    return moment


def spell_fields(fields: Iterable[Field]) -> str:
    """The column's JSON: ``[name, salt, value]``, and ``[name, null, digest]`` where the value is withheld."""
    spelled = [[one.name, None, one.withheld.hex()] if one.withheld else [one.name, one.salt.hex(), one.value] for one in fields]
    return json.dumps(spelled, separators=(",", ":"))


def read_fields(text: str) -> tuple[Field, ...]:
    """The fields that ``spell_fields`` wrote."""
    return tuple(
        Field(name, b"", "null", bytes.fromhex(value)) if salt is None else Field(name, bytes.fromhex(salt), value)
        for name, salt, value in json.loads(text)
    )


def read_entry(row: RowMapping) -> Entry:
    """An entry as it is kept."""
    fields = read_fields(row["fields"])
    return Entry(row["id"], row["seller_id"], row["relationship_id"], row["message_id"], row["kind"], row["happened_at"], fields)
