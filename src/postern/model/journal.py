"""The journal: one entry a mail and commit, each field of which can be withheld later without breaking its digest.

An entry commits to SHA-256(salt, name, value) of each of its fields, so whoever holds the entry without one field's salt and
value, but with that field's digest, can still verify all the rest. docs/decisions/0004 tells the format.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

SALT_LENGTH = 16
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ENTRY_LABEL = b"postern journal entry 1\n"
_FIELD_LABEL = b"postern journal field 1\n"

Value = str | int | bool | None | list["Value"] | dict[str, "Value"]


@dataclass(frozen=True, slots=True)
class Field:
    """One named value with its salt. The value is JSON text in its one spelling; of a withheld field the digest alone is left,
    and whoever reads its value reads null.
    """

    name: str
    salt: bytes = field(repr=False)
    value: str = field(repr=False)
    withheld: bytes | None = None

    def digest(self) -> bytes:
        """SHA-256 over the salt, the name and the value, each framed by its length."""
        return self.withheld or _digest(_FIELD_LABEL, (self.salt, self.name.encode(), self.value.encode()))


def withhold(one: Field) -> Field:
    """The field without salt and value: what it said can be told no more, and the entry verifies as before."""
    return Field(one.name, b"", "null", one.digest())


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened, once. ``kind`` is a word of ours such as ``mail-received``."""

    id: UUID
    seller_id: int
    relationship_id: UUID | None
    message_id: UUID | None
    kind: str
    happened_at: datetime
    fields: tuple[Field, ...]

    def digest(self) -> bytes:
        """What a chain seals: the entry's own names and times, and the digest of each field in order."""
        return entry_digest(self, [one.digest() for one in self.fields])


def entry_digest(entry: Entry, field_digests: Iterable[bytes]) -> bytes:
    """The entry's digest from its fields' digests alone: how an entry with withheld fields verifies."""
    head = (
        entry.id.bytes,
        entry.seller_id.to_bytes(8, "big"),
        entry.relationship_id.bytes if entry.relationship_id else b"",
        entry.message_id.bytes if entry.message_id else b"",
        entry.kind.encode(),
        microseconds(entry.happened_at).to_bytes(8, "big"),
    )
    return _digest(_ENTRY_LABEL, (*head, *field_digests))


def make_fields(values: Mapping[str, Value]) -> tuple[Field, ...]:
    """Fields with fresh salts, in the order given."""
    return tuple(Field(name, secrets.token_bytes(SALT_LENGTH), _spell(value)) for name, value in values.items())


def microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970, exact (a float of seconds is not)."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def _spell(value: Value) -> str:
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def _digest(label: bytes, parts: Iterable[bytes]) -> bytes:
    digest = hashlib.sha256(label)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()
