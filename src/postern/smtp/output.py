"""What a session asks of whoever carries it: plain data, to be done in order."""

from dataclasses import dataclass, field

from postern.actions.sign_in_to_send import Credentials
from postern.model.envelope import Envelope


@dataclass(frozen=True, slots=True)
class Send:
    """Octets for the client: the replies to all that came together (RFC 2920 3.2 asks servers to send these in one)."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class AskRecipient:
    """May the open mail have this recipient too? Paths are as typed, without brackets and source routes."""

    reverse_path: str = field(repr=False)
    recipient: str = field(repr=False)
    accepted: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class AskSecret:
    """Do this name and this secret fit together?"""

    credentials: Credentials = field(repr=False)


@dataclass(frozen=True, slots=True)
class TakeMail:
    """A mail came to its true end: ``content`` has its dots unstuffed and every line ended by CRLF."""

    envelope: Envelope
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class StartTls:
    """Begin the handshake; what the client sent before it, behind STARTTLS, is gone."""


@dataclass(frozen=True, slots=True)
class Close:
    """End the connection once all is sent."""


Output = Send | AskRecipient | AskSecret | TakeMail | StartTls | Close
