"""The shelf of evidence: a pair's whole chain as it is kept, each entry with its seal."""

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from postern.model.journal import Entry
from postern.model.seal import Seal
from postern.storage.journal import read_entry
from postern.storage.schema import journal, seal
from postern.storage.store import Look

_SEAL = (
    seal.c.position,
    seal.c.seller_id,
    seal.c.entry_id,
    seal.c.digest,
    seal.c.chain,
    seal.c.chain_position,
    seal.c.previous,
    seal.c.sealed_at,
    seal.c.hash,
)
_CHAIN = (
    select(*_SEAL)
    .where(seal.c.chain == bindparam("chain"), seal.c.position <= bindparam("until"))
    .order_by(seal.c.chain_position)
)
_ENTRIES = (
    select(journal)
    .join(seal, (seal.c.seller_id == journal.c.seller_id) & (seal.c.entry_id == journal.c.id))
    .where(seal.c.chain == bindparam("chain"), seal.c.position <= bindparam("until"))
)


@dataclass(frozen=True, slots=True)
class Link:
    """One entry and its place in the chain."""

    seal: Seal
    entry: Entry


def list_links(look: Look, chain: str, until: int) -> list[Link]:
    """The chain from its beginning up to this position of the whole record, in order. An entry that is not there is left out."""
    parameters = {"chain": chain, "until": until}
    entries = {row["id"]: read_entry(row) for row in look.connection.execute(_ENTRIES, parameters).mappings()}
    seals = [Seal(*row) for row in look.connection.execute(_CHAIN, parameters)]
    return [Link(one, entries[one.entry_id]) for one in seals if one.entry_id in entries]
