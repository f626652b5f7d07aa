"""A mail in motion: the SMTP envelope and the bytes under it."""

from dataclasses import dataclass, field
from datetime import datetime

from postern.model.authentication import Authentication


@dataclass(frozen=True, slots=True)
class Envelope:
    """What MAIL and RCPT said. ``reverse_path`` is empty for the null sender; both are as typed, without the brackets."""

    reverse_path: str = field(repr=False)
    recipients: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Client:
    """Who handed a mail over: the IP address, and the name said after EHLO, which is a claim. Both empty where nobody did."""

    address: str = field(default="", repr=False)
    name: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as it came: ``content`` is the octets after DATA, dot-unstuffed, every line ended by CRLF."""

    envelope: Envelope
    content: bytes = field(repr=False)
    received_at: datetime
    authentication: Authentication
    client: Client = Client()
    malware: str = ""  # what the virus scanner found in it
