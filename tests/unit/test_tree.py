"""The tree of RFC 6962: the known answers of Certificate Transparency, and proofs checked as RFC 9162 tells verifiers to."""

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postern.model.tree import EMPTY_ROOT, Edge, leaf_hash, prove_consistency, prove_inclusion, root_over

# The leaves and roots by which logs of Certificate Transparency test themselves.
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
SIZES = st.integers(1, 70)


def hashes(count: int) -> list[bytes]:
    return [leaf_hash(number.to_bytes(4, "big")) for number in range(count)]


def combine(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


def is_included(index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes) -> bool:
    """RFC 9162 2.1.3.2, which knows nothing of how the path was made."""
    number, last, found = index, size - 1, leaf
    for one in path:
        if last == 0:
            return False
        if number & 1 or number == last:
            found = combine(one, found)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            found = combine(found, one)
        number, last = number >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(old: int, size: int, old_root: bytes, root: bytes, path: Sequence[bytes]) -> bool:
    """RFC 9162 2.1.4.2."""
    if old == size:
        return not path and old_root == root
    nodes = [old_root, *path] if old.bit_count() == 1 else list(path)
    number, last = old - 1, size - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    before = after = nodes[0]
    for one in nodes[1:]:
        if last == 0:
            return False
        if number & 1 or number == last:
            before, after = combine(one, before), combine(one, after)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            after = combine(after, one)
        number, last = number >> 1, last >> 1
    return last == 0 and (before, after) == (old_root, root)


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_are_those_that_others_compute(size: int) -> None:
    assert root_over(leaf_hash(leaf) for leaf in LEAVES[:size]).hex() == ROOTS[size - 1]


def test_the_empty_tree_has_the_root_of_nothing() -> None:
    assert Edge().root() == EMPTY_ROOT == sha256(b"").digest()
    assert prove_consistency(0, 5, lambda _first, _last: b"") == []


@given(SIZES, st.data())
def test_every_leaf_is_proved_to_be_in_the_tree(size: int, drawn: st.DataObject) -> None:  # J-03
    leaves = hashes(size)
    index = drawn.draw(st.integers(0, size - 1))
    path = prove_inclusion(index, size, lambda first, last: root_over(leaves[first:last]))
    root = root_over(leaves)
    assert is_included(index, size, leaves[index], path, root)
    assert not is_included(index, size, leaf_hash(b"another"), path, root)


@given(SIZES, st.data())
def test_an_earlier_tree_is_proved_to_be_the_beginning_of_a_later_one(size: int, drawn: st.DataObject) -> None:  # J-03
    leaves = hashes(size)
    old = drawn.draw(st.integers(1, size))
    path = prove_consistency(old, size, lambda first, last: root_over(leaves[first:last]))
    old_root, root = root_over(leaves[:old]), root_over(leaves)
    assert is_consistent(old, size, old_root, root, path)
    forked = root_over([leaf_hash(b"another"), *leaves[1:old]])
    assert not is_consistent(old, size, forked, root, path)


@given(st.integers(0, 300), st.integers(0, 50))
def test_an_edge_that_was_kept_goes_on_as_if_it_had_never_been_put_away(size: int, more: int) -> None:
    edge = Edge()
    for leaf in hashes(size):
        edge.append(leaf)
    kept = Edge.read(size, edge.spell())
    assert kept is not None
    assert kept.root() == edge.root()
    for one in (edge, kept):
        for leaf in hashes(more):
            one.append(leaf)
    assert (kept.size, kept.root()) == (edge.size, edge.root()) == (size + more, root_over(hashes(size) + hashes(more)))


@given(st.integers(-3, 100), st.binary(max_size=100))
def test_octets_that_are_no_edge_are_none(size: int, octets: bytes) -> None:
    edge = Edge.read(size, octets)
    assert edge is None or edge.spell() == octets
    assert Edge.read(3, b"x" * 32) is None
    assert Edge.read(-1, b"") is None
