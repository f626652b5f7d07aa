"""Does the buyer want it? The opt-out with its exceptions (R8 to R10).

A buyer's block of one seller is an opt-out with the same exceptions. The exceptions live in here, so that none of them can skip
another rule: the daily limit, the attachments and the loops hold for replies and important messages too.
"""

from collections.abc import Callable

from postern.model.relationship import Side
from postern.policy.facts import Facts
from postern.policy.reasons import (
    ABOUT_CUSTOMISED_ORDER,
    ANSWERS_THE_BUYER,
    BUYER_OPTED_OUT,
    CRITICAL_REASON,
    MARKED_IMPORTANT,
    REASON_NOT_CRITICAL,
    Cause,
    Reason,
)
from postern.policy.verdict import Effect, Finding

_NAME = "opt-out"


def must_be_wanted(facts: Facts) -> tuple[Finding, ...]:
    """R8: what nobody asked for does not reach a buyer who opted out. Which exception let it pass is noted."""
    if facts.author is Side.BUYER or not facts.opted_out:
        return ()
    for exception, applies in EXCEPTIONS:
        if applies(facts):
            return (Finding(_NAME, Cause(exception), Effect.NOTE),)
    if facts.posting is None:
        return (Finding(_NAME, Cause(BUYER_OPTED_OUT), Effect.BLOCK),)
    which = REASON_NOT_CRITICAL if facts.posting.reason else BUYER_OPTED_OUT  # R12
    return (Finding(_NAME, Cause(which), Effect.REFUSE),)  # whoever writes on a page is answered at once, and nothing is kept


def _answers_the_buyer(facts: Facts) -> bool:
    return facts.is_reply


def _is_about_a_customised_order(facts: Facts) -> bool:
    return facts.about_customised_order


def _has_a_critical_reason(facts: Facts) -> bool:
    return facts.posting is not None and facts.posting.reason is not None and facts.posting.reason.critical


def _is_important(facts: Facts) -> bool:
    return facts.is_marked_important and facts.pair_has_live_order


EXCEPTIONS: tuple[tuple[Reason, Callable[[Facts], bool]], ...] = (
    (ANSWERS_THE_BUYER, _answers_the_buyer),  # R9
    (ABOUT_CUSTOMISED_ORDER, _is_about_a_customised_order),  # R10
    (CRITICAL_REASON, _has_a_critical_reason),  # R10
    (MARKED_IMPORTANT, _is_important),  # R10; last, so that only those are counted that needed it
)
