"""What a check found, in plain words: where the record is not what was sealed. It holds no address and no text."""

from dataclasses import dataclass, field
from enum import StrEnum

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

    def place(self) -> tuple[bool, int]:
        """For sorting: what has no position comes last."""
        return self.position is None, self.position or 0


class Subject(StrEnum):
    """What a check looks at. Each has its own first finding in a chain, for none follows from another's."""

    ORDER = "order"
    MAILS = "mails"
    STRAYS = "strays"


@dataclass(slots=True)
class Findings:
    """Keeps the first finding of each chain and counts the others: after the first, most are its consequences."""

    first: dict[tuple[str, Subject], Finding] = field(default_factory=dict)
    count: int = 0

    def add(self, chain: str, what: str, position: int | None = None, name: str = "", subject: Subject = Subject.ORDER) -> None:
        """``name`` is that of an entry, a message or the like."""
        self.count += 1
        finding = Finding(chain, position, name, what)
        known = self.first.get((chain, subject))
        if known is None or finding.place() < known.place():
            self.first[chain, subject] = finding

    def listed(self) -> tuple[Finding, ...]:
        """In the order of their positions."""
        return tuple(sorted(self.first.values(), key=Finding.place))
