"""The heads: every checkpoint, of the store and of the folder outside, against the tree over the seals."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from postern.actions.checkpoint_record import open_note
from postern.actions.verifying.findings import CHECKPOINTS, Findings
from postern.errors import DamagedError
from postern.keys import Keyring
from postern.model.tree import Edge
from postern.storage.checkpoints import KeptCheckpoint

IN_STORE, OUTSIDE = "in the store", "outside"


@dataclass(frozen=True, slots=True)
class Head:
    """What one checkpoint claims, and where it lies. Its signature is good."""

    where: str
    size: int
    root: bytes
    edge: bytes | None = None


@dataclass(slots=True)
class Heads:
    """Collects the claims, then compares each when the tree has grown to its size."""

    keyring: Keyring
    findings: Findings
    end: int  # of the record
    claims: defaultdict[int, list[Head]] = field(default_factory=lambda: defaultdict(list))
    agreed: int = 0  # up to here the entries are those that were signed
    compared: int = 0
    is_broken: bool = False

    def claim_kept(self, kept: Iterable[KeptCheckpoint]) -> None:
        for one in kept:
            self._claim(IN_STORE, one.size, one.note, one.edge)

    def claim_outside(self, sizes: Iterable[int], get: Callable[[int], str], known: set[int]) -> None:
        """What lies outside. One that the store has lost is told: each was in the store before it went outside."""
        for size in sorted(sizes):
            try:
                self._claim(OUTSIDE, size, get(size))
            except DamagedError as error:
                self._tell(size, f"{OUTSIDE} it cannot be read: {error}")
            if size not in known and size <= self.end:
                self._tell(size, "lies outside and is not in the store: the store was set back, or it was removed")

    def compare(self, edge: Edge) -> None:
        """The tree has this size now. After the first difference the others tell nothing."""
        heads = self.claims.pop(edge.size, [])
        self.compared += len(heads)
        for head in heads:
            if head.edge is not None and head.edge != edge.spell() and head.root == edge.root():
                self._tell(head.size, "its edge was changed")
            if head.root != edge.root() and not self.is_broken:
                self.is_broken = True
                self._tell(
                    head.size, f"{head.where} it was signed over other entries: some of {self.agreed + 1} to {edge.size} changed"
                )
        if heads and not self.is_broken:
            self.agreed = edge.size

    def tell_left(self) -> None:
        """Claims that the tree never grew to."""
        for size in sorted(self.claims):
            where = self.claims[size][0].where
            self._tell(size, f"{where} it was signed over {size} entries, and the record has {self.end}: it was cut or set back")

    def _claim(self, where: str, size: int, note: str, edge: bytes | None = None) -> None:
        try:
            said = open_note(self.keyring, note)
        except (DamagedError, TypeError, AttributeError) as error:
            self._tell(size, f"{where} it is {error if isinstance(error, DamagedError) else 'no text'}")
            return
        if said.size != size:
            self._tell(size, f"{where} it is signed over {said.size} entries: it was changed or moved")
            return
        self.claims[size].append(Head(where, size, said.root, edge))

    def _tell(self, size: int, what: str) -> None:
        self.findings.add(CHECKPOINTS, what, size)
