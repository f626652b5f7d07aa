"""The shelf of seals: the order of the journal, given after the commit, and what is read by it.

Positions are 1, 2, 3 and so on, without a gap, and never change: an entry that was committed late gets a later one. So a reader
who has seen all up to a position misses nothing by asking for what came after it.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, BindParameter, Connection, bindparam, delete, exists, func, insert, select, type_coerce, update

from postern.model.journal import microseconds
from postern.model.seal import NOTHING_BEFORE, Seal, chain_of, hash_seal
from postern.storage.columns import IdOctets
from postern.storage.schema import journal, seal, sealer, unsealed
from postern.storage.store import Look

_THE_ONE = 1
_PAGE = 10_000
_KEYS: BindParameter[Any] = bindparam("keys", expanding=True, type_=IdOctets)

# The row with the last position is held until the commit (SQLite, with its one writer, needs and knows no such lock).
_HOLD = select(sealer.c.position).where(sealer.c.id == _THE_ONE).with_for_update()
_ADVANCE = update(sealer).where(sealer.c.id == _THE_ONE).values(position=bindparam("given"))
_GIVE = insert(seal).values(
    entry_id=bindparam("entry", type_=IdOctets),
    sealed_at=bindparam("now", type_=BigInteger),  # as they are hashed
)
_WAITING = (
    select(
        type_coerce(unsealed.c.entry_id, IdOctets),
        journal.c.seller_id,
        journal.c.relationship_id,
        journal.c.digest,
        seal.c.position,
    )
    .select_from(
        # A mark whose entry is gone stays: it is what tells of the entry.
        unsealed.join(journal, (journal.c.seller_id == unsealed.c.seller_id) & (journal.c.id == unsealed.c.entry_id)).outerjoin(
            seal, (seal.c.seller_id == unsealed.c.seller_id) & (seal.c.entry_id == unsealed.c.entry_id)
        )
    )
    .order_by(unsealed.c.entry_id)
    .limit(bindparam("count"))
)
_LAST_OF_CHAINS = (
    select(
        unsealed.c.chain,
        select(func.max(seal.c.chain_position)).where(seal.c.chain == unsealed.c.chain).scalar_subquery().label("last"),
    )
    .where(unsealed.c.entry_id.in_(_KEYS))
    .group_by(unsealed.c.chain)
    .subquery()
)
_ENDS = select(seal.c.chain, seal.c.chain_position, seal.c.hash).join(
    _LAST_OF_CHAINS, (seal.c.chain == _LAST_OF_CHAINS.c.chain) & (seal.c.chain_position == _LAST_OF_CHAINS.c.last)
)
_UNMARK = delete(unsealed).where(unsealed.c.entry_id.in_(_KEYS))
_ANY_WAITS = select(exists(select(unsealed.c.entry_id)))
_LAST_POSITION = select(sealer.c.position).where(sealer.c.id == _THE_ONE)
_POSITION_OF = select(seal.c.position).where(seal.c.seller_id == bindparam("seller_id"), seal.c.entry_id == bindparam("entry_id"))
_AFTER = select(seal).where(seal.c.position > bindparam("position")).order_by(seal.c.position).limit(bindparam("count"))
_HASHES_AFTER = (
    select(seal.c.position, seal.c.hash)
    .where(seal.c.position > bindparam("position"), seal.c.position <= bindparam("until"))
    .order_by(seal.c.position)
)


class _Waiting(NamedTuple):
    """An entry that was committed, ``position`` being the one that it has already, if any."""

    entry_id: bytes
    seller_id: int
    relationship_id: UUID | None
    digest: bytes
    position: int | None


def seal_batch(connection: Connection, now: datetime, count: int) -> int:
    """Give the next positions to up to this many marked entries. Answers how many marks went.

    Whoever had to wait for another sealer goes on from what that one wrote.
    """
    before = connection.execute(_HOLD).scalar_one()
    marked = [_Waiting._make(row) for row in connection.execute(_WAITING, {"count": count}).all()]
    waiting = [one for one in marked if one.position is None]
    if waiting:
        ends = _find_ends(connection, [one.entry_id for one in waiting])
        connection.execute(_GIVE, list(_close(before, waiting, ends, microseconds(now))))
        connection.execute(_ADVANCE, {"given": before + len(waiting)})
    if marked:
        connection.execute(_UNMARK, {"keys": [one.entry_id for one in marked]})
    return len(marked)


def is_unsealed(look: Look) -> bool:
    """Whether an entry waits for its place."""
    return bool(look.connection.execute(_ANY_WAITS).scalar_one())


def find_last_position(look: Look) -> int:
    """The last position that was given; 0 before the first."""
    position: int = look.connection.execute(_LAST_POSITION).scalar_one()
    return position


def find_position(look: Look, seller_id: int, entry_id: UUID) -> int | None:
    """Where this entry stands; None while it is not sealed."""
    position: int | None = look.connection.execute(
        _POSITION_OF, {"seller_id": seller_id, "entry_id": entry_id}
    ).scalar_one_or_none()
    return position


def list_seals_after(look: Look, position: int, count: int) -> list[Seal]:
    """The next seals after this position, in order: how events, live pages and cursors go on."""
    rows = look.connection.execute(_AFTER, {"position": position, "count": count})
    return [Seal(*row) for row in rows]


def iterate_hashes(look: Look, after: int, until: int) -> Iterator[bytes]:
    """The hashes of the seals after one position, up to and with another, in order: leaves of the tree.

    It stops at the first position that is not there.
    """
    position = after
    while position < until:
        page = {"position": position, "until": min(until, position + _PAGE)}
        for given, one in look.connection.execute(_HASHES_AFTER, page):
            if given != position + 1:
                return
            position = given
            yield one
        if position < page["until"]:
            return


def _find_ends(connection: Connection, entry_ids: Sequence[bytes]) -> Mapping[str, tuple[int, bytes]]:
    """The last seal of each chain that these marked entries belong to."""
    return {row[0]: (row[1], row[2]) for row in connection.execute(_ENDS, {"keys": list(entry_ids)})}


def _close(
    before: int, waiting: Sequence[_Waiting], ends: Mapping[str, tuple[int, bytes]], now: int
) -> Iterator[Mapping[str, object]]:
    """The rows of the next seals, each with its hash."""
    last = dict(ends)
    for position, one in enumerate(waiting, before + 1):
        chain = chain_of(one.seller_id, one.relationship_id)
        chain_end, previous = last.get(chain, (0, NOTHING_BEFORE))
        numbers = (position, one.seller_id, one.entry_id, chain_end + 1, now)
        given = hash_seal(numbers, chain, previous, one.digest)
        last[chain] = (chain_end + 1, given)
        yield {
            "position": position,
            "seller_id": one.seller_id,
            "entry": one.entry_id,
            "digest": one.digest,
            "chain": chain,
            "chain_position": chain_end + 1,
            "previous": previous,
            "now": now,
            "hash": given,
        }
