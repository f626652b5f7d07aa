"""How many files, and how large together (R23)."""

from postern.policy.facts import Facts
from postern.policy.reasons import ATTACHMENTS_TOO_LARGE, TOO_MANY_ATTACHMENTS, Cause
from postern.policy.verdict import Effect, Finding


def must_have_few_attachments(facts: Facts) -> tuple[Finding, ...]:
    """Inline images count."""
    if facts.attachments <= facts.attachments_maximum:
        return ()
    return (Finding("number of attachments", Cause(TOO_MANY_ATTACHMENTS), Effect.REFUSE),)


def must_have_small_attachments(facts: Facts) -> tuple[Finding, ...]:
    """Decoded octets, all files together."""
    if facts.attachment_bytes <= facts.attachment_bytes_maximum:
        return ()
    return (Finding("size of attachments", Cause(ATTACHMENTS_TOO_LARGE), Effect.REFUSE),)
