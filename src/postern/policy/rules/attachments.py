"""How many files, how large together (R23), and none that could harm its reader or hide from us what it says."""

from postern.language import phrase
from postern.model.refused_file import Danger
from postern.policy.facts import Facts
from postern.policy.reasons import (
    ACTIVE_PAGE_ATTACHED,
    ATTACHMENTS_TOO_LARGE,
    BOMB_ATTACHED,
    ENCRYPTED_ATTACHED,
    ENCRYPTED_MAIL,
    MACROS_ATTACHED,
    PROGRAM_ATTACHED,
    TOO_MANY_ATTACHMENTS,
    Cause,
)
from postern.policy.verdict import Effect, Finding

_REASONS = {
    Danger.PROGRAM: PROGRAM_ATTACHED,
    Danger.ACTIVE_PAGE: ACTIVE_PAGE_ATTACHED,
    Danger.MACROS: MACROS_ATTACHED,
    Danger.ENCRYPTED: ENCRYPTED_ATTACHED,
    Danger.BOMB: BOMB_ATTACHED,
    Danger.ENCRYPTED_MAIL: ENCRYPTED_MAIL,
}
_NAMELESS = phrase("without a name")


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


def must_have_safe_files(facts: Facts) -> tuple[Finding, ...]:
    """What each file is was decided by its content; the reason names the file."""
    return tuple(
        Finding("safe files", Cause(_REASONS[one.danger], (("file", one.name or _NAMELESS),)), Effect.REFUSE, one.name)
        for one in facts.refused_files
    )
