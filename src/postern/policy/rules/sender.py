"""Who may write to an alias: the alias decides who writes, and only that side of the pair may."""

from postern.model.authentication import Proof
from postern.model.relationship import Side
from postern.policy.facts import Facts
from postern.policy.reasons import (
    NO_SINGLE_AUTHOR,
    NOT_THE_BUYER,
    SELLER_TO_SELLER,
    SENDER_BLOCKED,
    SENDER_NOT_PROVED,
    SENDER_NOT_REGISTERED,
    SENDER_UNKNOWN_NOW,
    SIGNED_IN_AS_ANOTHER,
    SIGNED_IN_FOR_ANOTHER,
    Cause,
    Reason,
)
from postern.policy.verdict import Effect, Finding


def must_have_one_author(facts: Facts) -> tuple[Finding, ...]:
    """R20: the sender is the single address in header From. Two of anything is nobody."""
    single = facts.author_fields == 1 and facts.author_mailboxes == 1 and facts.author_has_address
    return () if single else (Finding("one author", Cause(NO_SINGLE_AUTHOR), Effect.REFUSE),)


def must_be_proved(facts: Facts) -> tuple[Finding, ...]:
    """R16, R20: the address in From is believed only where it is proved. It comes before the rules that tell who may write, so
    whoever only claims an address learns nothing of it.
    """
    if facts.author_proof is Proof.PROVED:
        return ()
    return (Finding("proof of sender", Cause(_lack_of_proof(facts)), Effect.REFUSE),)


def _lack_of_proof(facts: Facts) -> Reason:
    if facts.author_proof is Proof.UNKNOWN_NOW:
        return SENDER_UNKNOWN_NOW
    if facts.submitted_for_another:
        return SIGNED_IN_FOR_ANOTHER
    return SIGNED_IN_AS_ANOTHER if facts.submitted else SENDER_NOT_PROVED


def must_not_be_blocked(facts: Facts) -> tuple[Finding, ...]:
    """R20: an address that the seller blocked stays refused, even if it was registered once."""
    if facts.author is Side.BUYER or not facts.author_is_blocked:
        return ()
    return (Finding("blocked sender", Cause(SENDER_BLOCKED), Effect.REFUSE),)


def must_be_registered(facts: Facts) -> tuple[Finding, ...]:
    """R20: only a registered sender of the pair's seller writes to the buyer's alias; R16: a carrier, say, does not."""
    if facts.author is Side.BUYER or facts.author_is_of_pair:
        return ()
    return (Finding("registered sender", Cause(SENDER_NOT_REGISTERED), Effect.REFUSE),)


def must_be_the_buyer(facts: Facts) -> tuple[Finding, ...]:
    """R16: only the pair's buyer writes to the seller's alias."""
    if facts.author is Side.SELLER or facts.author_is_of_pair:
        return ()
    return (Finding("the buyer", Cause(NOT_THE_BUYER), Effect.REFUSE),)


def must_not_be_a_seller(facts: Facts) -> tuple[Finding, ...]:
    """R26: whoever sells may write as a buyer only to a seller they have an order with, and nobody writes to themselves."""
    if not facts.author_is_of_pair:
        return ()
    sells = facts.author is Side.BUYER and facts.author_sells and not facts.pair_has_order
    if not sells and not facts.pair_is_one_person:
        return ()
    place = f": {facts.report_infringement_url}" if facts.report_infringement_url else ""
    cause = Cause(SELLER_TO_SELLER, (("place", place),))
    return (Finding("not seller to seller", cause, Effect.REFUSE),)
