"""Where a session stands: what it is about to do, and the mail that is open in it."""

from dataclasses import dataclass, field
from enum import Enum, auto


class Stage(Enum):
    """What the session is about to do: the first three read, the next four wait for a call."""

    COMMAND = auto()
    CONTENT = auto()
    ANSWER = auto()  # to what was asked in signing in
    ASKING = auto()
    SIGNING_IN = auto()
    HANDING_OVER = auto()
    STARTING_TLS = auto()
    CLOSED = auto()


@dataclass(slots=True)
class OpenMail:
    """What MAIL and RCPT have said so far: the buffers of RFC 5321 4.1.1."""

    reverse_path: str
    recipients: list[str] = field(default_factory=list)
    any_refused: bool = False
