"""How often mail to an address fails, as one number: each failure adds to it, and time takes away.

A hard failure (``enhanced_status``) adds 1, a soft one a quarter. The sum halves every ``bounce_half_days``, and is forgotten
when nothing failed for ``bounce_forgotten_days``: that a next hop took a mail proves nothing, for the report comes later; that
none came for so long does. From ``bounce_failing`` hundredths on the address is *failing*. It is written to all the same, for an
address can recover, and nobody's message is dropped in silence.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from postern.model.enhanced_status import is_hard
from postern.model.limits import Limits

HARD_WEIGHT, SOFT_WEIGHT = 1.0, 0.25


@dataclass(frozen=True, slots=True)
class BounceScore:
    """What is known of one person's address. ``score`` is what it was at ``last_at``."""

    person_id: UUID
    score: float
    hard: int
    soft: int
    last_status: str
    last_at: datetime
    last_seller_id: int
    last_message_id: UUID

    def at(self, now: datetime, limits: Limits) -> float:
        """The score at this moment."""
        return self.score * self.share_at(now, limits)

    def share_at(self, now: datetime, limits: Limits) -> float:
        """How much of the score is left."""
        if self.is_forgotten(now, limits):
            return 0.0
        age, half = max(timedelta(), now - self.last_at), timedelta(days=limits.bounce_half_days)
        return float(0.5 ** (age / half)) if half else 0.0

    def is_forgotten(self, now: datetime, limits: Limits) -> bool:
        return self.last_at < forgotten_before(now, limits)

    def is_failing(self, now: datetime, limits: Limits) -> bool:
        return self.at(now, limits) * 100 >= limits.bounce_failing


def forgotten_before(now: datetime, limits: Limits) -> datetime:
    """Scores of addresses to which nothing failed since then are forgotten."""
    return now - timedelta(days=limits.bounce_forgotten_days)


def weight_of(status: str) -> float:
    """What a failure with this code adds."""
    return HARD_WEIGHT if is_hard(status) else SOFT_WEIGHT
