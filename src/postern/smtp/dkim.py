"""Signs outgoing mail: DKIM (RFC 6376) with RSA and Ed25519 (RFC 8463), one signature field for each key.

Both canonicalizations are relaxed. ``simple`` would save nothing worth having (the body is hashed once for all keys, and a body
without runs of spaces is left as it is), while hosts on the way do trim trailing spaces now and then.

It refuses weak RSA keys, never signs part of a body (no ``l=``) and signs the absence of the fields it names, so that nobody can
add a second From or a Reply-To under our signature. It verifies nothing: ``authentication/dkim.py`` does.
"""

import base64
import hashlib
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key

from postern.errors import ConfigurationError
from postern.model.address import is_domain
from postern.smtp.canonical import FIELD_BREAK, relaxed_body, relaxed_field
from postern.smtp.parcel import with_line_ends

RSA = "rsa-sha256"
ED25519 = "ed25519-sha256"
RSA_BITS = 2048  # RFC 8301 3.2: signers should use 2048 bits at least
RSA_BITS_MAXIMUM = 4096  # RFC 8301 3.2: more need not be verifiable

# RFC 6376 5.4.1, and 5.4: From must be among them. List-Unsubscribe and its Post: RFC 8058 4.
SIGNED_FIELDS = (
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Reply-To",
    "Sender",
    "Cc",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Auto-Submitted",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
)

_LINE = 72


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key and the place in the DNS where receivers find its public half: SELECTOR._domainkey.DOMAIN."""

    domain: str
    selector: str
    algorithm: str
    private_key: RSAPrivateKey | Ed25519PrivateKey = field(repr=False)


def sign(content: bytes, keys: Sequence[SigningKey], signed_at: datetime) -> bytes:
    """The mail with one DKIM-Signature field for each key in front, in the keys' order. Lone CR and LF become CRLF first."""
    mail = with_line_ends(content)
    head, _, body = mail.partition(b"\r\n\r\n")
    names, signed_fields = _choose_fields(head)
    body_hash = _base64(hashlib.sha256(relaxed_body(body)).digest())
    signatures = [_signature(key, names, signed_fields, body_hash, int(signed_at.timestamp())) for key in keys]
    return b"".join((*signatures, mail))


def _choose_fields(head: bytes) -> tuple[str, bytes]:
    """What ``h=`` names, and those fields in canonical form. Each name stands once more than the mail has it (RFC 6376 5.4.2)."""
    present: dict[bytes, list[bytes]] = {}
    for line in FIELD_BREAK.split(head):
        name, _, value = line.partition(b":")
        present.setdefault(name.strip().lower(), []).append(value)
    names: list[str] = []
    canonical: list[bytes] = []
    for name in SIGNED_FIELDS:
        key = name.lower().encode()
        values = present.get(key, [])
        names += [name] * (len(values) + 1)
        canonical += [relaxed_field(key, value) for value in reversed(values)]
    return ":".join(names), b"".join(canonical)


def _signature(key: SigningKey, names: str, signed_fields: bytes, body_hash: str, signed_at: int) -> bytes:
    value = "\r\n\t".join(
        (
            f" v=1; a={key.algorithm}; c=relaxed/relaxed;",
            f"d={key.domain}; s={key.selector}; t={signed_at};",
            _folded(f"h={names};"),
            f"bh={body_hash};",
            "b=",
        )
    ).encode()
    proof = _prove(key.private_key, signed_fields + relaxed_field(b"dkim-signature", value)[:-2])
    written = _base64(proof)
    lines = [written[start : start + _LINE] for start in range(0, len(written), _LINE)]
    return b"DKIM-Signature:" + value + "\r\n\t ".join(lines).encode() + b"\r\n"


@lru_cache(maxsize=100)
def _folded(tag: str) -> str:
    """The tag in lines, broken after colons only (RFC 6376 3.5, ``h=``). Most mails have the same fields, hence the cache."""
    words = tag.replace(":", ": ")
    lines = textwrap.wrap(words, _LINE, break_long_words=False, break_on_hyphens=False)
    return "\r\n\t".join(line.replace(": ", ":") for line in lines)


def _prove(private_key: RSAPrivateKey | Ed25519PrivateKey, text: bytes) -> bytes:
    if isinstance(private_key, RSAPrivateKey):
        return private_key.sign(text, PKCS1v15(), hashes.SHA256())  # RFC 6376 3.3.1
    return private_key.sign(hashlib.sha256(text).digest())  # RFC 8463 3


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def load_signing_key(domain: str, selector: str, algorithm: str, pem: bytes) -> SigningKey:
    """Read a private key (PKCS 8 PEM, no passphrase). Raises ConfigurationError, which says what is wrong with it."""
    if not is_domain(domain) or not is_domain(selector):
        raise ConfigurationError("[[dkim]] domain and selector must be written as names of the DNS")
    try:
        private_key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigurationError("[[dkim]] key_file holds no private key in PEM form without passphrase") from error
    if algorithm == ED25519 and isinstance(private_key, Ed25519PrivateKey):
        return SigningKey(domain.lower(), selector.lower(), algorithm, private_key)
    if algorithm == RSA and isinstance(private_key, RSAPrivateKey):
        if not RSA_BITS <= private_key.key_size <= RSA_BITS_MAXIMUM:
            raise ConfigurationError(f"[[dkim]] an RSA key needs {RSA_BITS} to {RSA_BITS_MAXIMUM} bits")
        return SigningKey(domain.lower(), selector.lower(), algorithm, private_key)
    raise ConfigurationError(f"[[dkim]] algorithm must be {RSA} or {ED25519}, and key_file must hold a key of that kind")


def generate_private_key(algorithm: str) -> bytes:
    """A fresh private key for ``load_signing_key``, as PEM."""
    if algorithm not in {RSA, ED25519}:
        raise ConfigurationError(f"[[dkim]] algorithm must be {RSA} or {ED25519}")
    private_key = Ed25519PrivateKey.generate() if algorithm == ED25519 else generate_rsa_key(65537, RSA_BITS)
    return private_key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def dns_record(key: SigningKey) -> str:
    """The TXT value to publish. A zone file writes it as strings of at most 255 characters (RFC 6376 3.6.2.2)."""
    if isinstance(key.private_key, RSAPrivateKey):
        public = key.private_key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return f"v=DKIM1; k=rsa; p={_base64(public)}"
    raw = key.private_key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return f"v=DKIM1; k=ed25519; p={_base64(raw)}"  # RFC 8463 4
