"""How many files, and how large together (R23)."""

from postern.policy.facts import Facts
from postern.policy.reasons import ATTACHMENTS_TOO_LARGE, TOO_MANY_ATTACHMENTS
from postern.policy.verdict import Effect, Finding


def must_have_few_attachments(facts: Facts) -> tuple[Finding, ...]:
    """Inline images count."""
    if facts.attachments <= facts.attachments_maximum:
        return ()
    return (Finding("number of attachments", TOO_MANY_ATTACHMENTS, Effect.REFUSE),)


def must_have_small_attachments(facts: Facts) -> tuple[Finding, ...]:
    """Decoded octets, all files together."""
    if facts.attachment_bytes <= facts.attachment_bytes_maximum:
        return ()
    return (Finding("size of attachments", ATTACHMENTS_TOO_LARGE, Effect.REFUSE),)
