"""The seal: the place of one journal entry, in the order of all entries and in its chain, and the hash that ties it there.

An entry stands in exactly one chain: that of its relationship, else that of its seller, else that of the house. Its seal holds
the hash of the chain's seal before, and is a leaf of the tree over all seals (``model.tree``): proving that the end of a chain is
in a checkpoint proves the whole chain. docs/decisions/0008 tells the format.
"""

import struct
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from postern.model.identifier import show
from postern.model.journal import microseconds
from postern.model.tree import leaf_hash

HOUSE_CHAIN = "house"
NOTHING_BEFORE = b""
_LABEL = b"postern seal 1\n"
_NUMBERS = struct.Struct(">QQ16sQqHHH")  # the lengths of what follows stand last


@dataclass(frozen=True, slots=True)
class Seal:
    """One entry's place. ``hash`` is over all the rest."""

    position: int
    seller_id: int
    entry_id: UUID
    digest: bytes
    chain: str
    chain_position: int
    previous: bytes
    sealed_at: datetime
    hash: bytes = b""

    def compute_hash(self) -> bytes:
        """RFC 6962 2.1: the hash of a leaf, whose content is every column in one spelling."""
        sealed_at = microseconds(self.sealed_at)
        numbers = (self.position, self.seller_id, self.entry_id.bytes, self.chain_position, sealed_at)
        return hash_seal(numbers, self.chain, self.previous, self.digest)

    def closed(self) -> "Seal":
        """The same with its hash."""
        return replace(self, hash=self.compute_hash())


def hash_seal(numbers: tuple[int, int, bytes, int, int], chain: str, previous: bytes, digest: bytes) -> bytes:
    """The hash from plain values: position, seller, the entry's octets, position in the chain, and microseconds since 1970."""
    name = chain.encode()
    packed = _NUMBERS.pack(*numbers, len(name), len(previous), len(digest))
    return leaf_hash(b"".join((_LABEL, packed, name, previous, digest)))


def chain_of(seller_id: int, relationship_id: UUID | None) -> str:
    """The name of the chain that an entry stands in."""
    if relationship_id:
        return show("rel", relationship_id)
    return f"seller {seller_id}" if seller_id else HOUSE_CHAIN
