"""The rules in order, and the verdict that follows from what they find. Order is meaning: the first refusal is the one told."""

from collections.abc import Callable

from postern.policy.facts import Facts
from postern.policy.reasons import ALSO_SENT_OUTSIDE, Cause
from postern.policy.rules.allowance import must_be_within_the_daily_limit
from postern.policy.rules.attachments import must_have_few_attachments, must_have_safe_files, must_have_small_attachments
from postern.policy.rules.consent import EXCEPTIONS, must_be_wanted
from postern.policy.rules.contact_details import must_respect_contact_policy
from postern.policy.rules.contact_reason import must_be_offered, must_fill_its_form
from postern.policy.rules.misuse import NAME as MISUSE
from postern.policy.rules.misuse import must_not_be_misused
from postern.policy.rules.privacy import should_go_to_nobody_beside
from postern.policy.rules.reading import must_be_harmless, must_be_readable, must_not_loop
from postern.policy.rules.robots import must_be_by_a_person, must_not_go_back_and_forth
from postern.policy.rules.sender import (
    must_be_proved,
    must_be_registered,
    must_be_the_buyer,
    must_have_one_author,
    must_not_be_a_seller,
    must_not_be_blocked,
)
from postern.policy.verdict import Block, Deliver, Discard, Effect, Finding, Hold, Judgement, Refuse, Verdict

RULES: tuple[Callable[[Facts], tuple[Finding, ...]], ...] = (
    must_be_harmless,
    must_be_readable,
    must_not_loop,
    must_have_one_author,
    must_be_proved,
    must_not_be_blocked,
    must_be_registered,
    must_be_the_buyer,
    must_not_be_a_seller,
    must_have_few_attachments,
    must_have_small_attachments,
    must_have_safe_files,
    must_be_within_the_daily_limit,
    must_be_offered,
    must_fill_its_form,
    must_be_by_a_person,
    must_be_wanted,
    must_respect_contact_policy,
    must_not_be_misused,
    must_not_go_back_and_forth,
    should_go_to_nobody_beside,
)

_BY_GRAVITY: tuple[tuple[Effect, Callable[[Cause], Verdict]], ...] = (
    (Effect.REFUSE, Refuse),
    (Effect.DISCARD, Discard),
    (Effect.BLOCK, Block),
    (Effect.HOLD, Hold),
)


def judge(facts: Facts) -> Judgement:
    """Ask every rule, whatever the others found, and take the gravest effect; of equal ones, the first in the chain's order."""
    findings = tuple(finding for rule in RULES for finding in rule(facts))
    return Judgement(_verdict(findings), findings)


def judge_for_release(facts: Facts) -> Judgement:
    """The same for a message that a person lets go: what asked for that person's decision has got it, so no hold holds."""
    judgement = judge(facts)
    return Judgement(_verdict(tuple(one for one in judgement.findings if one.effect is not Effect.HOLD)), judgement.findings)


def _verdict(findings: tuple[Finding, ...]) -> Verdict:
    for effect, verdict in _BY_GRAVITY:
        for finding in findings:
            if finding.effect is effect:
                return verdict(finding.cause)
    return Deliver()


def passed_by(judgement: Judgement) -> str:
    """The exception that let it pass an opt-out in force (R9, R10): its reason's code, or nothing."""
    codes = {exception.code for exception, _ in EXCEPTIONS}
    return next((finding.cause.reason.code for finding in judgement.findings if finding.cause.reason.code in codes), "")


def count_outside(judgement: Judgement) -> int:
    """How many outside addresses got a copy directly."""
    found = (finding.cause for finding in judgement.findings if finding.cause.reason is ALSO_SENT_OUTSIDE)
    return next((int(dict(cause.fields)["count"]) for cause in found), 0)


def misuses_in(judgement: Judgement) -> tuple[Cause, ...]:
    """What a message that passed was recognised as."""
    found = (finding.cause for finding in judgement.findings if finding.rule == MISUSE and finding.effect is Effect.NOTE)
    return tuple(dict.fromkeys(found))
