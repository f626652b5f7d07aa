"""Names of records: UUIDv7 inside, ``msg_…`` outside."""

import secrets
import time
from uuid import UUID

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _CROCKFORD for second in _CROCKFORD]
_VALUES = {character: value for value, character in enumerate(_CROCKFORD)}
_SHOWN_LENGTH = 26


def new_id() -> UUID:
    """A fresh UUIDv7 (RFC 9562 5.7): 48 bits of milliseconds, then 74 random bits. Sorts by time of minting, roughly."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 7 << 76
    return UUID(int=value & ~(0b11 << 62) | 0b10 << 62)


def spell(identifier: UUID) -> str:
    """26 characters of Crockford's base32, lower case."""
    number = identifier.int
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)])


def unspell(text: str) -> UUID | None:
    """The identifier that ``spell`` wrote, or None for anything else; case does not matter."""
    values = [_VALUES.get(character) for character in text.lower()]
    if len(values) != _SHOWN_LENGTH or None in values:
        return None
    number = 0
    for value in values:
        number = number << 5 | (value or 0)
    return UUID(int=number) if number < 1 << 128 else None


def show(prefix: str, identifier: UUID) -> str:
    """The name people see: ``msg_01k…``."""
    return f"{prefix}_{spell(identifier)}"


def read_shown(prefix: str, text: str) -> UUID | None:
    """The identifier behind a shown name, or None if it is not one of this kind."""
    head, _, tail = text.partition("_")
    return unspell(tail) if head == prefix else None
