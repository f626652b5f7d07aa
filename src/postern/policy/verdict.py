"""What the rules find, and what comes of it."""

from dataclasses import dataclass
from enum import StrEnum

from postern.policy.reasons import Reason


class Effect(StrEnum):
    """What a finding asks for."""

    REFUSE = "refuse"
    DISCARD = "discard"
    HOLD = "hold"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a rule saw."""

    rule: str
    reason: Reason
    effect: Effect


@dataclass(frozen=True, slots=True)
class Deliver:
    """It passes."""


@dataclass(frozen=True, slots=True)
class Hold:
    """It is kept and waits for a person's decision."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Refuse:
    """It does not pass, and its sender is told why."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Discard:
    """It does not pass, and nobody is told: telling would feed a loop or hit a bystander."""

    reason: Reason


Verdict = Deliver | Hold | Refuse | Discard


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict, with everything the rules found on the way to it."""

    verdict: Verdict
    findings: tuple[Finding, ...]
