"""How much a seller may send a day (R21)."""

from postern.model.relationship import Side
from postern.policy.facts import Facts
from postern.policy.reasons import DAILY_LIMIT_REACHED, Cause
from postern.policy.verdict import Effect, Finding


def must_be_within_the_daily_limit(facts: Facts) -> tuple[Finding, ...]:
    """Replies and critical messages count too; what a robot wrote does not."""
    if facts.author is Side.BUYER or facts.automatic_by or facts.used_today < facts.daily_limit:
        return ()
    particulars = (("limit", facts.daily_limit), ("time", facts.limit_resets_at))
    return (Finding("daily limit", Cause(DAILY_LIMIT_REACHED, particulars), Effect.REFUSE),)
