"""One sign of automatic mail, and how much it proves."""

from dataclasses import dataclass
from enum import Enum, auto

from postern.model.automatic import AutomaticKind


class Weight(Enum):
    """How much a sign proves. Those below HINT prove nothing alone; ``mail/automatic.py`` says which prove something together."""

    CERTAIN = auto()  # no person's mail bears it
    BUT_FOR_HELPDESKS = auto()  # the same, but helpdesks set it on their people's answers too
    HINT = auto()  # only tells the kind of what is automatic by other signs
    SILENCE = auto()  # "send me no automatic answer", which a person's program may say
    PRECEDENCE = auto()  # "this is not urgent, and nobody need answer it"
    TO_MANY = auto()  # one may unsubscribe from it
    CAMPAIGN = auto()  # sent by a program for newsletters
    NO_REPLY = auto()  # the author asks not to be answered
    SERVER = auto()  # the author is called as mail servers are
    TOPIC = auto()  # the subject is about what servers report, and people write of too
    ACKNOWLEDGES = auto()  # the subject says that a request arrived
    ENCLOSED = auto()  # a part of the mail is a report


@dataclass(frozen=True, slots=True)
class Sign:
    """``words`` are ours alone: never a piece of the mail."""

    weight: Weight
    kind: AutomaticKind
    words: str
