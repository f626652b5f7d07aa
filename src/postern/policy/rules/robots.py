"""Robots: what a machine wrote is kept and shown, and goes no further; so two of them never keep each other busy."""

from postern.policy.facts import Facts
from postern.policy.reasons import AUTOMATIC, BACK_AND_FORTH, Cause
from postern.policy.verdict import Effect, Finding


def must_be_by_a_person(facts: Facts) -> tuple[Finding, ...]:
    """RFC 3834 2: automatic answers, receipts, reports and lists are not for the other side's mailbox."""
    if not facts.automatic_by:
        return ()
    return (Finding("written by a person", Cause(AUTOMATIC, (("sign", facts.automatic_by),)), Effect.DISCARD),)


def must_not_go_back_and_forth(facts: Facts) -> tuple[Finding, ...]:
    """Robots that bear no mark are known by their speed."""
    if facts.messages_lately < facts.messages_lately_maximum or facts.messages_lately_maximum == 0:
        return ()
    return (Finding("pace of the thread", Cause(BACK_AND_FORTH), Effect.HOLD),)
