"""The rules in order, and the verdict that follows from what they find. Order is meaning: the first refusal is the one told."""

from collections.abc import Callable

from postern.policy.facts import Facts
from postern.policy.rules.attachments import must_have_few_attachments, must_have_small_attachments
from postern.policy.rules.contact_details import must_respect_contact_policy
from postern.policy.rules.reading import must_be_readable, must_not_loop
from postern.policy.rules.sender import must_be_registered, must_be_the_buyer, must_have_one_author
from postern.policy.verdict import Deliver, Discard, Effect, Finding, Hold, Judgement, Refuse, Verdict

RULES: tuple[Callable[[Facts], tuple[Finding, ...]], ...] = (
    must_be_readable,
    must_not_loop,
    must_have_one_author,
    must_be_registered,
    must_be_the_buyer,
    must_have_few_attachments,
    must_have_small_attachments,
    must_respect_contact_policy,
)


def judge(facts: Facts) -> Judgement:
    """Ask every rule, whatever the others found, and take the gravest effect; of equal ones, the first in the chain's order."""
    findings = tuple(finding for rule in RULES for finding in rule(facts))
    return Judgement(_verdict(findings), findings)


def _verdict(findings: tuple[Finding, ...]) -> Verdict:
    for effect, verdict in ((Effect.REFUSE, Refuse), (Effect.DISCARD, Discard), (Effect.HOLD, Hold)):
        for finding in findings:
            if finding.effect is effect:
                return verdict(finding.cause)
    return Deliver()
