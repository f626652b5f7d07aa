"""What an examination finds, in words that an operator can act on."""

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """How one thing stands, from the best to the worst."""

    GOOD = "good"
    UNKNOWN = "unknown"  # it could not be examined
    WARNING = "warning"  # mail goes on, but something is amiss or will be
    BAD = "bad"  # mail is lost, stopped, refused or unsafe

    @property
    def rank(self) -> int:
        """The worst is the highest."""
        return list(Health).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was examined. ``check`` names it for programs, ``says`` what is. Where it is not good, ``consequence`` says
    what follows, and ``fix`` what to do.
    """

    check: str
    health: Health
    says: str
    consequence: str = ""
    fix: str = ""


def good(check: str, says: str) -> Finding:
    """Nothing to do."""
    return Finding(check, Health.GOOD, says)


def worst(findings: list[Finding]) -> Health:
    """The worst of all; good where nothing was found."""
    return max((one.health for one in findings), key=lambda health: health.rank, default=Health.GOOD)
