"""Mallory at the database: changes, removals, insertions, reorderings and truncations, each by chance, below all of our code.

``damage`` does one and answers what it did and how a finding must name it. Each stands for something a check has to see: what
would leave the record as it was is not done.
"""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Connection, LargeBinary, SmallInteger, Table, Text, delete, func, insert, select, update

from postern.actions.verify_record import Verification
from postern.model.identifier import new_id, show
from postern.model.journal import EPOCH
from postern.storage import schema
from postern.storage.columns import Id, Moment

# The tables of the record, with the columns that say what happened. Of a message whose mails are kept, all are covered.
COLUMNS: Mapping[str, Sequence[str]] = {
    "journal": [column.name for column in schema.journal.c],
    "seal": [column.name for column in schema.seal.c],
    "checkpoint": [column.name for column in schema.checkpoint.c],
    "message": [column.name for column in schema.message.c],
    "document": [column.name for column in schema.document.c],
    "attempt": [column.name for column in schema.attempt.c],
    "house_mail": [column.name for column in schema.house_mail.c],
}
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Damage:
    """What Mallory did. One of ``names`` must stand in a finding: an entry, a message, a position or a checkpoint."""

    what: str
    names: tuple[str, ...]


def is_named(result: Verification, damage: Damage) -> bool:
    told = [one.sentence() for one in result.findings]
    return any(name in sentence for name in damage.names for sentence in told)


def damage(connection: Connection, chance: random.Random) -> Damage:
    """One act, by chance."""
    act = chance.choice(ACTS)
    return act(connection, chance)


def change_column(connection: Connection, table: Table, column: str, row: Row, chance: random.Random) -> Damage:
    """Another value in one column of one row."""
    value = another(row[column], table.c[column], chance)
    keys = [table.c[key.name] == row[key.name] for key in table.primary_key.columns]
    connection.execute(update(table).where(*keys).values({column: value}))
    return Damage(f"changed {table.name}.{column}", names_of(connection, table, row))


def names_of(connection: Connection, table: Table, row: Row) -> tuple[str, ...]:
    """What an honest finding may call the row."""
    match table.name:
        case "journal":
            names = (show("jrn", row["id"]), *_position(connection, row["seller_id"], row["id"]))
        case "seal":
            names = (show("jrn", row["entry_id"]), f"position {row['position']} ")
        case "checkpoint":
            names = (f"position {row['size']} ",)
        case "message":
            names = (show("msg", row["id"]),)
        case "attempt":
            names = (show("dlv", row["delivery_id"]), show("att", row["id"]))
        case "house_mail":
            names = (show("hml", row["id"]),)
        case _:
            names = tuple(_owners_of(connection, row["id"]))
    return names


def another(value: Any, column: Column[Any], chance: random.Random) -> object:
    """A value of the column's kind that is not this one."""
    if column.name == "fields":
        return _other_fields(value, chance)
    if isinstance(column.type, LargeBinary):
        return _other_octets(value or b"", chance)
    if isinstance(column.type, Id):
        return UUID(int=value.int ^ 1) if value else new_id()
    if isinstance(column.type, Moment):
        return (value or EPOCH) + timedelta(microseconds=1)
    if isinstance(column.type, Text):
        return f"{value or ''}x"
    return value + (1 if isinstance(column.type, SmallInteger) else 1_000_000)


def _other_octets(value: bytes, chance: random.Random) -> bytes:
    if not value:
        return b"x"
    place = chance.randrange(len(value))
    return value[:place] + bytes([value[place] ^ 1 << chance.randrange(8)]) + value[place + 1 :]


def _other_fields(text: str, chance: random.Random) -> str:
    fields = json.loads(text)
    place = chance.randrange(len(fields))
    kind = chance.choice(("value", "name", "salt", "left out", "moved in", "exchanged"))
    if kind == "exchanged" and len(fields) > 1:
        fields[place], fields[place - 1] = fields[place - 1], fields[place]
    elif kind == "left out":
        del fields[place]
    elif kind == "moved in":
        fields.insert(place, ["by", "00" * 16, '"mallory"'])
    elif kind == "salt":
        fields[place][1] = "ff" * 16
    elif kind == "name":
        fields[place][0] += "x"
    else:
        fields[place][2] = json.dumps(json.loads(fields[place][2]), indent=1) + " "
    return json.dumps(fields, separators=(",", ":"))


def _change(connection: Connection, chance: random.Random) -> Damage:
    table = schema.metadata.tables[chance.choice(list(COLUMNS))]
    column = chance.choice(COLUMNS[table.name])
    return change_column(connection, table, column, pick(connection, table, chance), chance)


def _remove(connection: Connection, chance: random.Random) -> Damage:
    table = schema.metadata.tables[chance.choice(list(COLUMNS))]
    row = pick(connection, table, chance)
    names = names_of(connection, table, row)
    connection.execute(delete(table).where(*(table.c[key.name] == row[key.name] for key in table.primary_key.columns)))
    return Damage(f"removed a {table.name}", names)


def _remove_with_seal(connection: Connection, chance: random.Random) -> Damage:
    row = pick(connection, schema.seal, chance)
    connection.execute(delete(schema.seal).where(schema.seal.c.position == row["position"]))
    connection.execute(delete(schema.journal).where(schema.journal.c.id == row["entry_id"]))
    return Damage("removed an entry with its seal", (f"position {row['position']} ",))


def _insert(connection: Connection, chance: random.Random) -> Damage:
    table = chance.choice((schema.journal, schema.message, schema.attempt))
    row = dict(pick(connection, table, chance)) | {"id": new_id()}
    if table is schema.message:
        row["seen_mark"] = chance.randbytes(16)
    connection.execute(insert(table), row)
    prefix = {"journal": "jrn", "message": "msg", "attempt": "att"}[table.name]
    return Damage(f"inserted a {table.name}", (show(prefix, row["id"]),))


def _insert_sealed(connection: Connection, chance: random.Random) -> Damage:
    """A forged entry with a forged seal behind the last."""
    entry = dict(pick(connection, schema.journal, chance)) | {"id": new_id()}
    end = connection.execute(select(func.max(schema.seal.c.position))).scalar_one()
    seal = dict(pick(connection, schema.seal, chance)) | {"entry_id": entry["id"], "position": end + 1}
    seal["chain_position"] += 1_000_000
    connection.execute(insert(schema.journal), entry)
    connection.execute(insert(schema.seal), seal)
    if chance.random() < 0.5:
        connection.execute(update(schema.sealer).values(position=end + 1))
    return Damage("inserted an entry with a seal", (f"position {end + 1} ", show("jrn", entry["id"])))


def _exchange(connection: Connection, chance: random.Random) -> Damage:
    """Two seals change places."""
    end = connection.execute(select(func.max(schema.seal.c.position))).scalar_one()
    first, second = sorted(chance.sample(range(1, end + 1), 2))
    table, aside = schema.seal, -1
    for old, new in ((first, aside), (second, first), (aside, second)):
        connection.execute(update(table).where(table.c.position == old).values(position=new))
    return Damage("exchanged two seals", (f"position {first} ", f"position {second} "))


def _exchange_contents(connection: Connection, chance: random.Random) -> Damage:
    """Two entries of the journal exchange what they say, with their digests."""
    one, other = (pick(connection, schema.journal, chance) for _ in range(2))
    if one["digest"] == other["digest"]:
        return _change(connection, chance)
    names = names_of(connection, schema.journal, one) + names_of(connection, schema.journal, other)
    said = ("kind", "happened_at", "fields", "digest", "message_id")
    for target, source in ((one, other), (other, one)):
        where = schema.journal.c.id == target["id"]
        connection.execute(update(schema.journal).where(where).values({name: source[name] for name in said}))
    return Damage("exchanged two entries", names)


def _cut(connection: Connection, chance: random.Random) -> Damage:
    """All that came after some position is gone, from every table, as if it had never been; the checkpoints outside know."""
    end = connection.execute(select(func.max(schema.seal.c.position))).scalar_one()
    kept = chance.randrange(end)
    gone = select(schema.seal.c.entry_id).where(schema.seal.c.position > kept)
    ids = connection.execute(gone).scalars().all()
    connection.execute(delete(schema.journal).where(schema.journal.c.id.in_(ids)))
    connection.execute(delete(schema.seal).where(schema.seal.c.position > kept))
    later = schema.checkpoint.c.size > kept
    sizes = connection.execute(select(schema.checkpoint.c.size).where(later)).scalars().all()
    connection.execute(delete(schema.checkpoint).where(later))
    connection.execute(update(schema.sealer).values(position=kept))
    return Damage("cut the record off", tuple(f"position {size} " for size in sizes))


def pick(connection: Connection, table: Table, chance: random.Random) -> Row:
    """One row, by chance."""
    count = connection.execute(select(func.count()).select_from(table)).scalar_one()
    statement = select(table).order_by(*table.primary_key.columns).offset(chance.randrange(count)).limit(1)
    return dict(connection.execute(statement).mappings().one())


def _position(connection: Connection, seller_id: int, entry_id: UUID) -> tuple[str, ...]:
    where = (schema.seal.c.seller_id == seller_id, schema.seal.c.entry_id == entry_id)
    position = connection.execute(select(schema.seal.c.position).where(*where)).scalar_one_or_none()
    return (f"position {position} ",) if position else ()


def _owners_of(connection: Connection, document_id: UUID) -> Iterator[str]:
    """The message or the mail of the house that these bytes are of."""
    message, house_mail = schema.message.c, schema.house_mail.c
    of_message = select(message.id).where((message.original_id == document_id) | (message.relayed_id == document_id))
    yield from (show("msg", one) for one in connection.execute(of_message).scalars())
    of_house = select(house_mail.id).where(house_mail.document_id == document_id)
    yield from (show("hml", one) for one in connection.execute(of_house).scalars())


Act = Callable[[Connection, random.Random], Damage]
ACTS: Sequence[Act] = (
    *(_change, _change, _change),
    *(_remove, _remove_with_seal),
    *(_insert, _insert_sealed),
    *(_exchange, _exchange_contents),
    _cut,
)
