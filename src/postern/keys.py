"""The keys: one master file, and a key derived from it for each purpose.

Every token names the key it was made with, so that masters can be rotated: new tokens use the newest, old ones verify until they
expire. It refuses to sign without a purpose: a token made for one thing never verifies as another.
"""

import base64
import binascii
import hmac
import json
import math
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from postern.errors import ConfigurationError, TokenError

MASTER_LENGTH = 32
SHORT_MAC = 10  # bytes: 80 bits, for what people carry in text and in local parts
LONG_MAC = 16
_HOUR = 3600
_KEY_IDS = range(1, 256)


@dataclass(frozen=True, slots=True)
class Keyring:
    """The master keys by key id. Equal on every machine of one installation."""

    masters: Mapping[int, bytes] = field(repr=False)

    @property
    def newest(self) -> int:
        return max(self.masters)

    @property
    def oldest(self) -> int:
        return min(self.masters)

    def derive(self, purpose: str, key_id: int) -> bytes:
        """The 32-byte key of one purpose (RFC 5869). Raises TokenError for a key id that this ring does not hold."""
        master = self.masters.get(key_id)
        if master is None:
            raise TokenError("made with a key that is not known here")
        return _expand(master, purpose)

    def mark(self, purpose: str, content: bytes) -> bytes:
        """A keyed digest, 16 bytes, for finding equal content again. It never rotates: it uses the oldest key."""
        return hmac.digest(self.derive(purpose, self.oldest), content, "sha256")[:16]

    def seal_token(self, purpose: str, payload: bytes, *, about: bytes = b"", mac_length: int = LONG_MAC) -> bytes:
        """``key id, payload, MAC``. ``about`` is covered by the MAC without being carried: the verifier must know it."""
        key_id = self.newest
        return bytes([key_id]) + payload + self._mac(purpose, key_id, payload, about)[:mac_length]

    def open_token(self, purpose: str, token: bytes, *, about: bytes = b"", mac_length: int = LONG_MAC) -> bytes:
        """The payload of a token made by ``seal_token``. Raises TokenError for any other bytes."""
        if len(token) <= mac_length:
            raise TokenError("too short")
        key_id, payload, mac = token[0], token[1:-mac_length], token[-mac_length:]
        if not hmac.compare_digest(self._mac(purpose, key_id, payload, about)[:mac_length], mac):
            raise TokenError("not made here, or damaged")
        return payload

    def sign(self, purpose: str, content: bytes, key_id: int) -> bytes:
        """An Ed25519 signature (RFC 8032) that whoever has the public key can check, without any secret."""
        return self._signing_key(purpose, key_id).sign(content)

    def public_key(self, purpose: str, key_id: int) -> bytes:
        """The 32 octets to check this purpose's signatures with."""
        return self._signing_key(purpose, key_id).public_key().public_bytes_raw()

    def _signing_key(self, purpose: str, key_id: int) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.derive(purpose, key_id))

    def _mac(self, purpose: str, key_id: int, payload: bytes, about: bytes) -> bytes:
        framed = bytes([key_id]) + len(payload).to_bytes(4, "big") + payload + about
        return hmac.digest(self.derive(purpose, key_id), framed, "sha256")


@lru_cache(maxsize=64)
def _expand(master: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=b"postern " + purpose.encode()).derive(master)


def is_signed(public_key: bytes, signature: bytes, content: bytes) -> bool:
    """Whether this is the signature of the content under this Ed25519 key. Any octets may be asked about."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True


def expiry_octets(expires_at: datetime) -> bytes:
    """A time as 3 octets of hours since 1970, rounded up: good until the year 3883."""
    return math.ceil(expires_at.timestamp() / _HOUR).to_bytes(3, "big")


def require_not_expired(octets: bytes, now: datetime) -> None:
    """Raise TokenError when the time that ``expiry_octets`` wrote has passed."""
    if now.timestamp() > int.from_bytes(octets, "big") * _HOUR:
        raise TokenError("past its time")


def to_base32(octets: bytes) -> str:
    """Lower-case base32 without padding: survives case changes and local parts."""
    return base64.b32encode(octets).decode("ascii").rstrip("=").lower()


def from_base32(text: str) -> bytes:
    """The octets of ``to_base32``. Raises TokenError for other text."""
    padded = text.upper() + "=" * (-len(text) % 8)
    try:
        octets = base64.b32decode(padded)
    except (binascii.Error, ValueError):
        raise TokenError("not base32") from None
    if to_base32(octets) != text.lower():
        raise TokenError("not in its one spelling")
    return octets


def to_base64url(octets: bytes) -> str:
    """URL-safe base64 without padding (RFC 4648 5)."""
    return base64.urlsafe_b64encode(octets).decode("ascii").rstrip("=")


def from_base64url(text: str) -> bytes:
    """The octets of ``to_base64url``. Raises TokenError for other text."""
    try:
        octets = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise TokenError("not base64url") from None
    if to_base64url(octets) != text:
        raise TokenError("not in its one spelling")
    return octets


def create_master_file(path: Path) -> None:
    """Write a fresh master file, readable by its owner only. Refuses to replace one: FileExistsError."""
    _write_masters(path, {1: secrets.token_bytes(MASTER_LENGTH)})


def add_master(path: Path) -> int:
    """Put a fresh key into the master file, for whatever is sealed and signed from now on, and answer its number. The old ones
    stay: marks need the oldest, and what they sealed or signed must still open. The file is replaced whole or not at all.
    """
    masters = dict(_read_masters(path))
    key_id = max(masters) + 1
    if key_id not in _KEY_IDS:
        raise ConfigurationError(f"keys.master_file: {path} holds as many keys as it can")
    masters[key_id] = secrets.token_bytes(MASTER_LENGTH)
    fresh = path.with_name(f".{path.name}.new")
    try:
        _write_masters(fresh, masters)
        fresh.rename(path)
        _sync_folder(path.parent)
    except FileExistsError:
        raise ConfigurationError(
            f"keys.master_file: {fresh} is left over, or somebody adds a key just now; look, then remove it"
        ) from None
    except OSError as error:
        raise ConfigurationError(f"keys.master_file: {path} cannot be written: {error.strerror}") from None
    return key_id


def load_keyring(path: Path) -> Keyring:
    """Read the master file; the ring looks again when it meets a key's number that it does not know, so a key may be added while
    Postern runs. Raises ConfigurationError that names the file and what is wrong with it.
    """
    return Keyring(MasterFile(path))


class MasterFile(Mapping[int, bytes]):
    """The keys of the master file. A number that is not among them makes it read the file again, if that has changed since."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = _stamp(path)
        self._masters = _read_masters(path)

    def __getitem__(self, key_id: int) -> bytes:
        if key_id not in self._masters:
            self._look_again()
        return self._masters[key_id]

    def __iter__(self) -> Iterator[int]:
        return iter(self._masters)

    def __len__(self) -> int:
        return len(self._masters)

    def __repr__(self) -> str:
        return f"MasterFile({len(self._masters)} keys)"

    def _look_again(self) -> None:
        """Keys are only ever added, so a file that lacks a known one is not believed."""
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        with suppress(ConfigurationError):
            masters = _read_masters(self._path)
            if self._masters.items() <= masters.items():
                self._masters = masters


def _stamp(path: Path) -> tuple[int, int] | None:
    """What tells one content of a file from another: it is always replaced, never written over."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _read_masters(path: Path) -> dict[int, bytes]:
    try:
        entries = json.loads(path.read_text(encoding="ascii"))
        masters = {int(key_id): base64.b64decode(text, validate=True) for key_id, text in entries.items()}
    except FileNotFoundError:
        raise ConfigurationError(f"keys.master_file: there is no {path}; `postern init` makes one") from None
    except (OSError, ValueError, AttributeError, TypeError):
        raise ConfigurationError(f"keys.master_file: {path} cannot be read as a master file") from None
    if not masters or any(len(key) != MASTER_LENGTH or key_id not in _KEY_IDS for key_id, key in masters.items()):
        raise ConfigurationError(f"keys.master_file: {path} must hold keys of {MASTER_LENGTH} bytes numbered 1 to 255")
    return masters


def _write_masters(path: Path, masters: Mapping[int, bytes]) -> None:
    content = json.dumps({str(key_id): base64.b64encode(master).decode("ascii") for key_id, master in masters.items()}, indent=1)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(content + "\n")
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
