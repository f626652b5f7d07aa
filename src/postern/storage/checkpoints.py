"""The shelf of checkpoints: the tree's head at certain sizes, signed, and the edge from which the next one goes on."""

from dataclasses import dataclass

from sqlalchemy import bindparam, insert, select

from postern.storage.schema import checkpoint
from postern.storage.store import Look, Transaction

_LATEST = select(checkpoint).order_by(checkpoint.c.size.desc()).limit(1)
_SIZES = select(checkpoint.c.size)
_BY_SIZE = select(checkpoint).where(checkpoint.c.size == bindparam("size"))
_AFTER = select(checkpoint).where(checkpoint.c.size > bindparam("size")).order_by(checkpoint.c.size)


@dataclass(frozen=True, slots=True)
class KeptCheckpoint:
    """One row, believed by nobody before its signature was checked."""

    size: int
    edge: bytes
    note: str


def find_latest_checkpoint(look: Look) -> KeptCheckpoint | None:
    """The one over most entries."""
    row = look.connection.execute(_LATEST).first()
    return KeptCheckpoint(row[0], row[1], row[2]) if row else None


def find_checkpoint(look: Look, size: int) -> KeptCheckpoint | None:
    """The one over exactly so many entries."""
    row = look.connection.execute(_BY_SIZE, {"size": size}).first()
    return KeptCheckpoint(row[0], row[1], row[2]) if row else None


def list_checkpoint_sizes(look: Look) -> set[int]:
    """The sizes there are."""
    return set(look.connection.execute(_SIZES).scalars())


def list_checkpoints_after(look: Look, size: int) -> list[KeptCheckpoint]:
    """All that are over more entries than this, the smallest first; without those whose size was made into none."""
    rows = look.connection.execute(_AFTER, {"size": size})
    return [KeptCheckpoint(row[0], row[1], row[2]) for row in rows if type(row[0]) is int]


def add_checkpoint(transaction: Transaction, one: KeptCheckpoint) -> None:
    """Keep it for good. One of its size that is there already stays."""
    if not transaction.execute(_BY_SIZE, {"size": one.size}).first():
        transaction.execute(insert(checkpoint), {"size": one.size, "edge": one.edge, "note": one.note})
