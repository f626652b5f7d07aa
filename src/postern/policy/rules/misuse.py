"""What people misuse messages for (R11): what was recognised in a message that a seller begins, and how grave that is.

A mail that says [Important] is never stopped by this: then it is a warning to the seller, and counted.
"""

from collections.abc import Mapping

from postern.language import phrase
from postern.model.content_rule import NEVER_CRITICAL as NEVER_CRITICAL_KINDS
from postern.model.content_rule import ContentKind, Recognised, Severity
from postern.model.relationship import Side
from postern.policy.facts import Facts
from postern.policy.reasons import (
    ALREADY_TOLD,
    CHANGED_REVIEW,
    CONTACT_DETAILS_TYPED,
    COUPON,
    DELAY,
    GOOD_REVIEW,
    LINK_OUTSIDE,
    MARKETING,
    NEVER_CRITICAL,
    ONLY_CONFIRMS,
    OUT_OF_STOCK,
    PAID_REVIEW,
    REVIEW_REQUEST,
    UNASKED_SERVICE,
    Cause,
    Reason,
)
from postern.policy.verdict import Effect, Finding

NAME = "content"
_REASONS: Mapping[ContentKind, Reason] = {
    ContentKind.PAID_REVIEW: PAID_REVIEW,
    ContentKind.GOOD_REVIEW: GOOD_REVIEW,
    ContentKind.CHANGED_REVIEW: CHANGED_REVIEW,
    ContentKind.REVIEW_REQUEST: REVIEW_REQUEST,
    ContentKind.COUPON: COUPON,
    ContentKind.MARKETING: MARKETING,
    ContentKind.OUT_OF_STOCK: OUT_OF_STOCK,
    ContentKind.DELAY: DELAY,
    ContentKind.UNASKED_SERVICE: UNASKED_SERVICE,
    ContentKind.CONFIRMS_ORDER: ONLY_CONFIRMS,
    ContentKind.CONFIRMS_SHIPMENT: ONLY_CONFIRMS,
    ContentKind.CONFIRMS_DELIVERY: ONLY_CONFIRMS,
    ContentKind.CONFIRMS_REFUND: ONLY_CONFIRMS,
    ContentKind.LINK: LINK_OUTSIDE,
    ContentKind.CONTACT_DETAILS: CONTACT_DETAILS_TYPED,
}
_EFFECTS = {Severity.REFUSE: Effect.REFUSE, Severity.HOLD: Effect.HOLD, Severity.WARN: Effect.NOTE}
_WHICH: Mapping[ContentKind, str] = {
    ContentKind.PAID_REVIEW: phrase("a request for a review"),
    ContentKind.GOOD_REVIEW: phrase("a request for a review"),
    ContentKind.CHANGED_REVIEW: phrase("a request for a review"),
    ContentKind.REVIEW_REQUEST: phrase("a request for a review"),
    ContentKind.COUPON: phrase("advertising"),
    ContentKind.MARKETING: phrase("advertising"),
    ContentKind.OUT_OF_STOCK: phrase("news that something is out of stock or late"),
    ContentKind.DELAY: phrase("news that something is out of stock or late"),
    ContentKind.UNASKED_SERVICE: phrase("help that nobody asked for"),
}
_CONFIRMATION = phrase("a confirmation")


def must_not_be_misused(facts: Facts) -> tuple[Finding, ...]:
    """Each kind that was recognised, as grave as the catalogue says; and, of a critical reason under an opt-out, what is never
    critical whatever reason is chosen.
    """
    if facts.author is Side.BUYER:
        return ()
    found = tuple(_finding(facts, one) for one in facts.misuse)
    return (*_never_critical(facts), *found)


def _finding(facts: Facts, one: Recognised) -> Finding:
    reason = ALREADY_TOLD if one.kind in facts.told_by_us else _REASONS[one.kind]
    effect = Effect.NOTE if facts.is_marked_important else _EFFECTS[one.severity]
    return Finding(NAME, Cause(reason), effect, one.words)


def _never_critical(facts: Facts) -> tuple[Finding, ...]:
    """The page answers at once and says why, so whoever was misunderstood writes it in other words. No reply is meant (R9)."""
    if facts.posting is None or facts.posting.reason is None or not facts.opted_out:
        return ()
    if facts.is_reply or facts.about_customised_order:
        return ()
    kind = next((one.kind for one in facts.misuse if one.kind in NEVER_CRITICAL_KINDS), None)
    if kind is None:
        return ()
    return (Finding(NAME, Cause(NEVER_CRITICAL, (("which", _WHICH.get(kind, _CONFIRMATION)),)), Effect.REFUSE),)
