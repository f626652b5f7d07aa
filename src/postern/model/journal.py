"""The journal: one entry a mail and commit, each field of which can be withheld later without breaking its digest.

An entry commits to SHA-256(salt, name, value) of each of its fields, so whoever holds the entry without one field's salt and
value, but with that field's digest, can still verify all the rest. docs/decisions/0004 tells the format.
"""

import hashlib
import json
import secrets
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from uuid import UUID

SALT_LENGTH = 16
_DIGEST_LENGTH = hashlib.sha256().digest_size
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_length = struct.Struct(">Q").pack
_ENTRY_LABEL = b"postern journal entry 1\n"
_VALUES_LABEL = b"postern kept values 1\n"
_FIELD_LABEL = b"postern journal field 1\n"
_SALTED = _FIELD_LABEL + _length(SALT_LENGTH)  # how what is hashed of a field begins

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
        return self.withheld or field_digest(self.salt, self.name, self.value)


def withhold(one: Field) -> Field:
    """The field without salt and value: what it said can be told no more, and the entry verifies as before."""
    return Field(one.name, b"", "null", one.digest())


def field_digest(salt: bytes, name: str, value: str) -> bytes:
    """What an entry holds of one field."""
    return _digest(_FIELD_LABEL, (salt, name.encode(), value.encode()))


def digest_kept_fields(fields: Iterable[tuple[str, str | None, str]]) -> tuple[list[bytes], int]:
    """The digests of an entry's fields as they are kept, and how many are withheld: ``[name, salt, value]`` or ``[name, null,
    digest]``, in hex. Raises ValueError, TypeError or AttributeError for what is no such thing.
    """
    digests, withheld = [], 0
    length, sha256, unhex = _length, hashlib.sha256, bytes.fromhex  # whoever verifies a record does this more than all else
    for name, salt, value in fields:
        if salt is None:
            withheld += 1
            digests.append(_read_digest(value))
            continue
        key, said = unhex(salt), value.encode()
        begun = _SALTED if len(key) == SALT_LENGTH else _FIELD_LABEL + length(len(key))
        digests.append(sha256(b"".join((begun, key, _framed_name(name), length(len(said)), said))).digest())
    return digests, withheld


@lru_cache(1_000)
def _framed_name(name: str) -> bytes:
    """All entries of a kind have the same few names."""
    octets = name.encode()
    return _length(len(octets)) + octets


def _read_digest(text: str) -> bytes:
    digest = bytes.fromhex(text)
    if len(digest) != _DIGEST_LENGTH:
        raise ValueError("no digest")
    return digest


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
    relationship = entry.relationship_id.bytes if entry.relationship_id else None
    message = entry.message_id.bytes if entry.message_id else None
    ids = (entry.id.bytes, entry.seller_id, relationship, message)
    return digest_entry(ids, entry.kind, microseconds(entry.happened_at), field_digests)


def digest_entry(
    ids: tuple[bytes, int, bytes | None, bytes | None], kind: str, happened_at: int, field_digests: Iterable[bytes]
) -> bytes:
    """The same from plain values: octets of the entry, the seller, octets of pair and message, microseconds since 1970."""
    entry, seller, relationship, message = ids
    head = (entry, seller.to_bytes(8, "big"), relationship or b"", message or b"", kind.encode(), happened_at.to_bytes(8, "big"))
    return _digest(_ENTRY_LABEL, [*head, *field_digests])


def make_fields(values: Mapping[str, Value]) -> tuple[Field, ...]:
    """Fields with fresh salts, in the order given."""
    return tuple(Field(name, secrets.token_bytes(SALT_LENGTH), _spell(value)) for name, value in values.items())


def digest_values(values: Iterable[tuple[str, object]]) -> str:
    """SHA-256 in hex over named values of a row as they are kept; each kind of value has its one spelling."""
    parts = [part for name, value in values for part in (name.encode(), *_spell_kept(value))]
    return _digest(_VALUES_LABEL, parts).hex()


def microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970, exact (a float of seconds is not)."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def _spell(value: Value) -> str:
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def _spell_kept(value: object) -> tuple[bytes, bytes]:
    """The kind and the octets."""
    if isinstance(value, bytes):
        return b"octets", value
    if isinstance(value, UUID):
        return b"id", value.bytes
    if isinstance(value, datetime):
        return b"moment", str(microseconds(value)).encode()
    return (b"nothing", b"") if value is None else (b"text", str(value).encode())


def _digest(label: bytes, parts: Iterable[bytes]) -> bytes:
    return hashlib.sha256(label + b"".join([_length(len(part)) + part for part in parts])).digest()
