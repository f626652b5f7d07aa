"""Signing in to send: the secret that a mail program of a seller's keeps, and who it makes of its holder.

A secret is 160 random bits, for one address of one seller. It is shown once; what is kept of it is a keyed digest. Nobody guesses
160 bits, so the digest need not be slow.
"""

import base64
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from postern.model.address import Address

SHOWN_LENGTH = 4  # of the secret's 32 letters, so that people can tell secrets apart: 140 bits stay unknown
_OCTETS = 20
_GROUP = 8


@dataclass(frozen=True, slots=True)
class SubmissionSecret:
    """What is known of a secret but itself."""

    id: UUID
    seller_id: int
    person_id: UUID
    shown: str  # how it begins
    made_at: datetime
    used_at: datetime | None = None  # the last time, within the hour


@dataclass(frozen=True, slots=True)
class SignedIn:
    """As whom a session may send: from this address, for this seller alone."""

    address: Address = field(repr=False)
    seller_id: int


def make_secret() -> str:
    """A fresh secret: four groups of eight letters and digits, which survive being read out and typed."""
    letters = base64.b32encode(secrets.token_bytes(_OCTETS)).decode("ascii").lower()
    return "-".join(letters[start : start + _GROUP] for start in range(0, len(letters), _GROUP))


def spell_secret(typed: str) -> str:
    """The one spelling of a secret that was typed: hyphens, spaces and case do not count."""
    return "".join(typed.split()).replace("-", "").lower()
