"""What the rules find, and what comes of it."""

from dataclasses import dataclass, field
from enum import StrEnum

from postern.policy.reasons import Cause


class Effect(StrEnum):
    """What a finding asks for."""

    REFUSE = "refuse"
    DISCARD = "discard"
    BLOCK = "block"
    HOLD = "hold"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a rule saw: why it minds, and where in the mail (``place``: a file's name, ``the subject``), if anywhere."""

    rule: str
    cause: Cause
    effect: Effect
    place: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Deliver:
    """It passes."""


@dataclass(frozen=True, slots=True)
class Hold:
    """It is kept and waits for a person's decision."""

    cause: Cause


@dataclass(frozen=True, slots=True)
class Refuse:
    """It does not pass, and its sender is told why."""

    cause: Cause


@dataclass(frozen=True, slots=True)
class Discard:
    """It is answered 250, kept and shown, and goes no further, and nobody is told: telling would feed a loop."""

    cause: Cause


@dataclass(frozen=True, slots=True)
class Block:
    """It is answered 250, kept, and goes no further: the reader does not want it (R8). Its sender gets a bounce."""

    cause: Cause


Verdict = Deliver | Hold | Block | Discard | Refuse


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict, with everything the rules found on the way to it."""

    verdict: Verdict
    findings: tuple[Finding, ...]
