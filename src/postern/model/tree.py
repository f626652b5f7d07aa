"""The Merkle tree of RFC 6962 2.1 over leaves in order: its edge as it grows, its root, and proofs.

It is pure and keeps nothing: an ``Edge`` holds the roots of the full subtrees, of which there are as many as the size has bits.
Proofs ask the caller for the root of any range of leaves, so that he may compute it from wherever the leaves lie.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

HASH_LENGTH = 32
EMPTY_ROOT = hashlib.sha256().digest()

RootOf = Callable[[int, int], bytes]  # the root over leaves first (counted from 0) to last, which is not part of it


def leaf_hash(content: bytes) -> bytes:
    """RFC 6962 2.1: a leaf begins with 0x00, a node with 0x01, so that neither passes for the other."""
    return hashlib.sha256(b"\0" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


@dataclass(slots=True)
class Edge:
    """The right edge of a growing tree: the roots of its full subtrees, the largest first."""

    size: int = 0
    roots: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> None:
        """Add one leaf, by its hash; subtrees that are full become one."""
        node, full = leaf, self.size
        while full & 1:
            node = node_hash(self.roots.pop(), node)
            full >>= 1
        self.roots.append(node)
        self.size += 1

    def root(self) -> bytes:
        """The tree's head at this size."""
        if not self.roots:
            return EMPTY_ROOT
        node = self.roots[-1]
        for left in reversed(self.roots[:-1]):
            node = node_hash(left, node)
        return node

    def spell(self) -> bytes:
        return b"".join(self.roots)

    @classmethod
    def read(cls, size: int, octets: bytes) -> "Edge | None":
        """What ``spell`` wrote at this size; None for octets that no edge of it has."""
        if size < 0 or len(octets) != size.bit_count() * HASH_LENGTH:
            return None
        return cls(size, [octets[start : start + HASH_LENGTH] for start in range(0, len(octets), HASH_LENGTH)])


def root_over(leaves: Iterable[bytes]) -> bytes:
    """The root over these leaves' hashes."""
    edge = Edge()
    for leaf in leaves:
        edge.append(leaf)
    return edge.root()


def prove_inclusion(index: int, size: int, root_of: RootOf) -> list[bytes]:
    """RFC 6962 2.1.1: the audit path of the leaf with this index, counted from 0, in the tree of this size."""
    path: list[bytes] = []
    first, last = 0, size
    while last - first > 1:
        middle = first + _split(last - first)
        if index < middle:
            path.append(root_of(middle, last))
            last = middle
        else:
            path.append(root_of(first, middle))
            first = middle
    return path[::-1]


def prove_consistency(old: int, size: int, root_of: RootOf) -> list[bytes]:
    """RFC 6962 2.1.2: that the tree of the old size is the beginning of the tree of this size."""
    if old == 0:  # of the empty tree every tree is a continuation
        return []
    path: list[bytes] = []
    first, last, is_whole = 0, size, True  # whole: the old tree's own root, which the verifier has
    while old != last:
        middle = first + _split(last - first)
        if old <= middle:
            path.append(root_of(middle, last))
            last = middle
        else:
            path.append(root_of(first, middle))
            first, is_whole = middle, False
    if not is_whole:
        path.append(root_of(first, last))
    return path[::-1]


def _split(count: int) -> int:
    """The largest power of two below the count."""
    return 1 << (count - 1).bit_length() - 1
