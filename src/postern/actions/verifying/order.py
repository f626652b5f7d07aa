"""The order: each entry against its digest, each seal against its hash, its entry, and the seals before it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from postern.actions.verifying.entries import UNREADABLE, Digested
from postern.actions.verifying.findings import WHOLE, Findings
from postern.model.identifier import show
from postern.model.seal import NOTHING_BEFORE, chain_of, hash_seal
from postern.model.tree import HASH_LENGTH
from postern.storage.audit import Place

ChainEnd = tuple[int, bytes]
_NO_LEAF = bytes(HASH_LENGTH)
_ID_LENGTH = 16


@dataclass(slots=True)
class Walk:
    """Goes from position to position, and remembers the end of each chain.

    ``end_before`` answers where a chain ended before the walk began, for walks that do not begin at the beginning.
    """

    findings: Findings
    end_before: Callable[[str], ChainEnd | None]
    position: int = 0
    withheld: int = 0  # fields without a value
    ends: dict[str, ChainEnd] = field(default_factory=dict)
    names: dict[bytes, str] = field(default_factory=dict)  # of the pairs' chains

    def take(self, place: Place, digested: Digested) -> bytes:
        """Check the next seal and its entry, whose digest was computed. Answers the hash that the seal should have: its leaf."""
        if place.position != self.position + 1:
            self._tell_gap(place.position)
        self.position = place.position
        leaf = _leaf(place)
        if leaf != place.hash:
            self._tell(place, "its seal was changed")
        self._check_link(place)
        digest, withheld = digested
        self.withheld += withheld
        self._check_entry(place, digest)
        return leaf

    def tell_end(self, end: int) -> None:
        """The walk should have come this far."""
        if self.position != end:
            self._tell_gap(end + 1)

    def _check_link(self, place: Place) -> None:
        known = self.ends.get(place.chain) or self.end_before(place.chain) or (0, NOTHING_BEFORE)
        if (place.chain_position, place.previous) != (known[0] + 1, known[1]):
            self._tell(place, "it does not follow the seal before it in its chain: one was changed, removed, inserted or moved")
        self.ends[place.chain] = (place.chain_position, place.hash)

    def _check_entry(self, place: Place, digest: bytes | None) -> None:
        if place.entry_digest is None:
            self._tell(place, "its entry is not in the journal: it was removed")
            return
        if digest is None:
            self._tell(place, "its entry cannot be read: it was changed")
        elif digest != place.digest:
            self._tell(place, "its entry is not what was sealed: it was changed")
        elif digest != place.entry_digest:
            self._tell(place, "the digest kept with its entry was changed")
        elif place.chain != self._chain_of(place):
            self._tell(place, "it stands in a chain that is not its entry's")

    def _chain_of(self, place: Place) -> str:
        octets = place.relationship_id
        if octets is None:
            return chain_of(place.seller_id, None)
        name = self.names.get(octets)
        if name is None:
            name = self.names[octets] = chain_of(place.seller_id, UUID(bytes=octets))
        return name

    def _tell_gap(self, next_position: int) -> None:
        missing = f"{self.position + 1}" if next_position == self.position + 2 else f"{self.position + 1} to {next_position - 1}"
        self.findings.add(WHOLE, f"no seal is at position {missing}: it was removed", self.position + 1)

    def _tell(self, place: Place, what: str) -> None:
        name = show("jrn", UUID(bytes=place.entry_id)) if len(place.entry_id) == _ID_LENGTH else ""
        self.findings.add(str(place.chain), what, place.position, name)


def _leaf(place: Place) -> bytes:
    """The hash that the seal should have; of one that cannot be read, one that no seal has."""
    numbers = (place.position, place.seller_id, place.entry_id, place.chain_position, place.sealed_at)
    try:
        return hash_seal(numbers, place.chain, place.previous, place.digest)
    except UNREADABLE:
        return _NO_LEAF
