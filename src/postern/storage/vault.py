"""Sealing: what is kept of people is encrypted with a key of their own, and that key is wrapped by a master.

Destroying one wrapped key makes everything sealed with it unreadable, wherever copies lie. AES-256-GCM throughout; the label is
authenticated, so a sealed value does not open in another column's place.
"""

import os
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from postern.errors import DamagedError, TokenError
from postern.keys import Keyring
from postern.model.address import Address

_NONCE_LENGTH = 12
_WRAP = "data keys"
_HOUSE = "house mail"
_BLIND_INDEX = "blind index"


@dataclass(frozen=True, slots=True)
class DataKey:
    """One owner's key."""

    octets: bytes = field(repr=False)

    def seal(self, plain: bytes, label: str) -> bytes:
        """Nonce, ciphertext and tag."""
        return _seal(self.octets, plain, label.encode())

    def open(self, sealed: bytes, label: str) -> bytes:
        """What ``seal`` was given with this label. Raises DamagedError."""
        return _open(self.octets, sealed, label.encode())

    def seal_text(self, text: str, label: str) -> bytes:
        return self.seal(text.encode("utf-8", "surrogatepass"), label)

    def open_text(self, sealed: bytes, label: str) -> str:
        return self.open(sealed, label).decode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class Vault:
    """Makes, wraps and opens data keys, and marks identifiers for the blind index."""

    keyring: Keyring = field(repr=False)

    def make_key(self, owner: UUID) -> tuple[DataKey, bytes]:
        """A fresh key for this owner, and the same wrapped for its row."""
        octets = AESGCM.generate_key(256)
        return DataKey(octets), self._wrap(owner, octets)

    def _wrap(self, owner: UUID, octets: bytes) -> bytes:
        key_id = self.keyring.newest
        return bytes([key_id]) + _seal(self.keyring.derive(_WRAP, key_id), octets, owner.bytes)

    def open_key(self, owner: UUID, wrapped: bytes | None) -> DataKey:
        """The owner's key. Raises DamagedError where it was destroyed, or is not this owner's."""
        if not wrapped:
            raise DamagedError("the key was destroyed")
        try:
            master = self.keyring.derive(_WRAP, wrapped[0])
        except TokenError:
            raise DamagedError("sealed with a master key that is not in the key file") from None
        return DataKey(_open(master, wrapped[1:], owner.bytes))

    def rewrap(self, owner: UUID, wrapped: bytes) -> bytes:
        """The same key under the newest master. Raises DamagedError."""
        return self._wrap(owner, self.open_key(owner, wrapped).octets)

    def house_key(self) -> DataKey:
        """The key for what belongs to nobody but the house."""
        return DataKey(self.keyring.derive(_HOUSE, self.keyring.oldest))

    def mark_address(self, address: Address) -> bytes:
        """The blind index of an address: equal for equal addresses, whatever the case, and meaningless without the master."""
        return self.keyring.mark(_BLIND_INDEX, b"address\0" + address.canonical().encode())

    def mark_external(self, kind: str, *names: str) -> bytes:
        """The blind index of an operator's id for a person."""
        return self.keyring.mark(_BLIND_INDEX, "\0".join((kind, *names)).encode())

    def mark(self, purpose: str, *parts: bytes) -> bytes:
        """A keyed digest of content, for finding the same again. Parts are framed, so they cannot run into each other."""
        return self.keyring.mark(purpose, b"".join(len(part).to_bytes(8, "big") + part for part in parts))


def _seal(key: bytes, plain: bytes, label: bytes) -> bytes:
    nonce = os.urandom(_NONCE_LENGTH)
    return nonce + AESGCM(key).encrypt(nonce, plain, label)


def _open(key: bytes, sealed: bytes, label: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_LENGTH], sealed[_NONCE_LENGTH:], label)
    except (InvalidTag, ValueError):
        raise DamagedError("sealed bytes do not open") from None
