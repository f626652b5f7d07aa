"""What a check found, in plain words: where the record is not what was sealed. It holds no address and no text."""

from dataclasses import dataclass, field
from uuid import UUID

from postern.model.identifier import show

CHECKPOINTS = "checkpoints"
WHOLE = "record"


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where something is wrong. ``chain`` is a chain's name, or the checkpoints', or the record's as a whole."""

    chain: str
    position: int | None
    entry: str
    what: str

    def sentence(self) -> str:
        """As an operator reads it."""
        place = f"position {self.position}" if self.position else ""
        return f"{self.chain}: {' '.join(part for part in (place, self.entry) if part)} {self.what}"


@dataclass(slots=True)
class Findings:
    """Keeps the first finding of each chain and counts the others: after the first, most are its consequences."""

    first: dict[str, Finding] = field(default_factory=dict)
    count: int = 0

    def add(self, chain: str, what: str, position: int | None = None, entry_id: UUID | None = None) -> None:
        """``entry_id`` names a journal entry."""
        self.add_named(chain, what, position, show("jrn", entry_id) if entry_id else "")

    def add_named(self, chain: str, what: str, position: int | None, name: str) -> None:
        self.count += 1
        known = self.first.get(chain)
        if known is None or (position or 0) < (known.position or 0):
            self.first[chain] = Finding(chain, position, name, what)

    def listed(self) -> tuple[Finding, ...]:
        return tuple(self.first.values())
