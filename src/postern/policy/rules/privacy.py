"""What the rules can say of privacy beyond Postern: nothing can be done about it, so the sender is told."""

from postern.policy.facts import Facts
from postern.policy.reasons import ALSO_SENT_OUTSIDE, Cause
from postern.policy.verdict import Effect, Finding


def should_go_to_nobody_beside(facts: Facts) -> tuple[Finding, ...]:
    """A copy that went to an outside address directly shows its reader the author's own address."""
    if not facts.outside_copies or facts.automatic_by:
        return ()
    return (Finding("nobody beside", Cause(ALSO_SENT_OUTSIDE, (("count", facts.outside_copies),)), Effect.NOTE),)
