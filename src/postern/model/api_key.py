"""A key of the API: a secret that one program holds, which acts for one seller or for the operator, within its scopes.

The secret is 160 random bits between a name that scanners of published code recognise and a checksum that tells a mistyped key
from a wrong one without any look-up. It is shown once; what is kept of it is a keyed digest. Nobody guesses 160 bits, so the
digest need not be slow.
"""

import base64
import re
import secrets
import zlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

NAME = "postern_key_"
SHAPE = re.compile(NAME + "[a-z2-7]{39}")
_SECRET_OCTETS = 20
_CHECKSUM_LENGTH = 7  # characters of base32 for the 32 bits of a CRC
SHOWN_LENGTH = len(NAME) + 6  # of the secret, so that people can tell keys apart: 130 bits stay unknown


class Scope(StrEnum):
    """What a key may be used for. The values stand in the store and never change."""

    THREADS_READ = "threads:read"
    MESSAGES_WRITE = "messages:write"
    SENDERS_READ = "senders:read"
    SENDERS_WRITE = "senders:write"
    EVENTS_READ = "events:read"
    FEED_WRITE = "feed:write"
    PEOPLE_EXPORT = "people:export"
    PEOPLE_ERASE = "people:erase"
    LEDGER_READ = "ledger:read"


SELLER_SCOPES = (Scope.THREADS_READ, Scope.MESSAGES_WRITE, Scope.SENDERS_READ, Scope.SENDERS_WRITE, Scope.EVENTS_READ)
OPERATOR_SCOPES = (Scope.FEED_WRITE, Scope.PEOPLE_EXPORT, Scope.PEOPLE_ERASE, Scope.LEDGER_READ, Scope.EVENTS_READ)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key but its secret. ``seller_id`` is None where it acts for the operator."""

    id: UUID
    seller_id: int | None
    label: str
    shown: str  # how the secret begins
    scopes: frozenset[Scope]
    made_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None  # within the hour

    def is_live(self, now: datetime) -> bool:
        """Neither revoked nor past its time."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def make_secret() -> str:
    """A fresh secret, as its holder gets it: 51 characters."""
    body = NAME + _spell(secrets.token_bytes(_SECRET_OCTETS))
    return body + _checksum(body)


def is_secret(text: str) -> bool:
    """Whether the text is spelled as a secret of ours; it may still be nobody's."""
    return SHAPE.fullmatch(text) is not None and text.endswith(_checksum(text[:-_CHECKSUM_LENGTH]))


def _checksum(body: str) -> str:
    return _spell(zlib.crc32(body.encode("ascii")).to_bytes(4, "big"))


def _spell(octets: bytes) -> str:
    return base64.b32encode(octets).decode("ascii").rstrip("=").lower()
