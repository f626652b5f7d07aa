"""What the DNS says, as plain data: checks are pure functions of the answers, and name the questions that are still open.

So what strangers wrote, mails and zones alike, is read in the pool alone, and only the loop speaks to name servers. A name that
cannot exist is answered here, and never asked.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

NAME_MAXIMUM = 253  # RFC 1035 2.3.4, without the octets of the root
_LABEL = re.compile(r"[ -\[\]-~]{1,63}")  # anything may stand in a name (RFC 2181 11); one that must be escaped may not


class Kind(Enum):
    """The types of records that a check asks for."""

    A = "A"
    AAAA = "AAAA"
    MX = "MX"
    PTR = "PTR"
    TXT = "TXT"


@dataclass(frozen=True, slots=True)
class Question:
    """One name, lower case and without a dot at its end, and a type."""

    name: str = field(repr=False)
    kind: Kind

    @classmethod
    def of(cls, name: str, kind: Kind) -> "Question":
        return cls(name.removesuffix(".").lower(), kind)

    @property
    def can_exist(self) -> bool:
        labels = self.name.split(".")
        return len(self.name) <= NAME_MAXIMUM and all(map(_LABEL.fullmatch, labels))


class State(Enum):
    """How a look-up ended."""

    ANSWERED = "answered"  # the name exists; there may be no records of that type
    NO_SUCH_NAME = "no such name"
    FAILED = "failed"  # nobody could tell


@dataclass(frozen=True, slots=True)
class Answer:
    """The records as text: addresses, host names (of MX by preference), or each TXT record with its strings put together."""

    state: State
    records: tuple[str, ...] = field(default=(), repr=False)

    @property
    def is_void(self) -> bool:
        """RFC 7208 4.6.4."""
        return self.state is not State.FAILED and not self.records


FAILED = Answer(State.FAILED)
NO_SUCH_NAME = Answer(State.NO_SUCH_NAME)


class OpenQuestionsError(Exception):
    """A check cannot go on without these answers."""

    def __init__(self, questions: Iterable[Question]) -> None:
        super().__init__("questions are open")
        self.questions = frozenset(questions)


@dataclass(frozen=True, slots=True)
class Answers:
    """What was asked so far."""

    known: Mapping[Question, Answer]

    def get(self, name: str, kind: Kind) -> Answer:
        """One answer. Raises OpenQuestionsError."""
        return self.all((name,), kind)[0]

    def all(self, names: Iterable[str], kind: Kind) -> tuple[Answer, ...]:
        """The answers for several names, which are asked at once. Raises OpenQuestionsError."""
        questions = [Question.of(name, kind) for name in names]
        still_open = [one for one in questions if one.can_exist and one not in self.known]
        if still_open:
            raise OpenQuestionsError(still_open)
        return tuple(self.known[one] if one.can_exist else NO_SUCH_NAME for one in questions)
