"""Can it be read, is it harmless, and is it not running in circles?"""

from postern.policy.facts import Facts
from postern.policy.reasons import INFECTED, LOOP, UNREADABLE, Cause
from postern.policy.verdict import Effect, Finding


def must_be_harmless(facts: Facts) -> tuple[Finding, ...]:
    """What the virus scanner knows goes no further, and nobody is listed as its sender."""
    return (Finding("harmless", infected(facts.malware), Effect.REFUSE),) if facts.malware else ()


def infected(name: str) -> Cause:
    """That this was found."""
    return Cause(INFECTED, (("name", name),))


def must_be_readable(facts: Facts) -> tuple[Finding, ...]:
    """What is beyond a limit of the reader is refused: nobody could say what it carries."""
    return (Finding("readable", Cause(UNREADABLE), Effect.REFUSE),) if facts.unreadable else ()


def must_not_loop(facts: Facts) -> tuple[Finding, ...]:
    """RFC 5321 6.3: count the Received fields."""
    return (Finding("loop", Cause(LOOP), Effect.REFUSE),) if facts.received_fields > facts.received_maximum else ()
