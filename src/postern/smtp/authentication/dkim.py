"""Verifies DKIM signatures (RFC 6376, RFC 8301, RFC 8463): what each says, whose key it needs, and whether it holds.

It is stricter than it must be, since a signature is to prove who wrote: one under a part of a body (``l=``) proves nothing,
because anybody can write on below it; nor does one that comes from the future or has run out, or one by a weak key or with SHA-1.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from postern.model.address import is_domain
from postern.model.authentication import Check, Result
from postern.smtp.authentication.answers import Answer, State
from postern.smtp.authentication.head import Head, RawField
from postern.smtp.authentication.tags import TagsError, read_tags, without_space
from postern.smtp.canonical import relaxed_body, relaxed_field, simple_body

RSA, ED25519 = "rsa-sha256", "ed25519-sha256"
RSA_BITS = (1_024, 8_192)  # RFC 8301 3.2: not less; and more would only cost time
CLOCKS_DIFFER = 600  # seconds that a signer's clock may go before ours
_REQUIRED = ("a", "b", "bh", "d", "h", "s")
_BODIES: dict[str, Callable[[bytes], bytes]] = {"simple": simple_body, "relaxed": relaxed_body}
_KEPT_KEYS = 500

PublicKey = RSAPublicKey | Ed25519PublicKey


class UnverifiedError(Exception):
    """A signature does not count: what comes of it, and why, in our own words."""

    def __init__(self, result: Result, why: str) -> None:
        super().__init__(why)
        self.result, self.why = result, why


@dataclass(frozen=True, slots=True)
class Signature:
    """One DKIM-Signature field as it says itself."""

    raw: RawField = field(repr=False)
    algorithm: str
    domain: str = field(repr=False)
    selector: str = field(repr=False)
    header_form: str
    body_form: str
    names: tuple[bytes, ...]
    body_hash: bytes = field(repr=False)
    proof: bytes = field(repr=False)
    identity_domain: str = field(repr=False)
    signed_at: int | None
    expires_at: int | None
    signs_part: bool

    @property
    def key_name(self) -> str:
        """Where its key is published (RFC 6376 3.6.2.1)."""
        return f"{self.selector}._domainkey.{self.domain}"


def read_signature(raw: RawField) -> Signature:
    """What a field says, checked as far as it can be without its key (RFC 6376 6.1.1). Raises UnverifiedError."""
    tags = read_tags_of(raw)
    if tags.get("v") != "1":
        raise UnverifiedError(Result.PERMERROR, "a tag is missing")
    return signature_of(raw, tags)


def signature_of(raw: RawField, tags: Mapping[str, str]) -> Signature:
    """The same from a field's tags, whatever version it says. Raises UnverifiedError."""
    if any(name not in tags for name in _REQUIRED):
        raise UnverifiedError(Result.PERMERROR, "a tag is missing")
    domain, selector = tags["d"].lower(), tags["s"].lower()
    if not is_domain(domain) or not is_domain(selector):
        raise UnverifiedError(Result.PERMERROR, "its domain or selector is no name")
    forms = tags.get("c", "simple/simple").lower().partition("/")
    signature = Signature(
        raw=raw,
        algorithm=tags["a"].lower(),
        domain=domain,
        selector=selector,
        header_form=forms[0],
        body_form=forms[2] or "simple",
        names=tuple(name.strip().lower().encode() for name in without_space(tags["h"]).split(":")),
        body_hash=_base64(tags["bh"]),
        proof=_base64(tags["b"]),
        identity_domain=tags.get("i", domain).rpartition("@")[2].lower(),
        signed_at=_moment(tags.get("t")),
        expires_at=_moment(tags.get("x")),
        signs_part="l" in tags,
    )
    _require_sound(signature, tags.get("q", "dns/txt"))
    return signature


def read_tags_of(raw: RawField) -> dict[str, str]:
    """The tags of a field. Raises UnverifiedError."""
    try:
        return read_tags(raw.value.decode("ascii"))
    except (TagsError, UnicodeDecodeError):
        raise UnverifiedError(Result.PERMERROR, "it is no list of tags") from None


def _require_sound(signature: Signature, query: str) -> None:
    complaints = (
        (signature.algorithm not in {RSA, ED25519}, "its algorithm is not taken here"),  # RFC 8301 3.1: SHA-1 among them
        (not {signature.header_form, signature.body_form} <= _BODIES.keys(), "its canonicalization is unknown"),
        (b"from" not in signature.names, "it does not sign From"),  # RFC 6376 5.4
        (not _is_within(signature.identity_domain, signature.domain), "its identity is of another domain"),
        ("dns/txt" not in without_space(query).lower().split(":"), "its key cannot be asked for"),
    )
    for applies, why in complaints:
        if applies:
            raise UnverifiedError(Result.PERMERROR, why)


def _is_within(domain: str, parent: str) -> bool:
    return domain == parent or domain.endswith(f".{parent}")


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(without_space(text), validate=True)
    except binascii.Error:
        raise UnverifiedError(Result.PERMERROR, "a tag is no base64") from None


def _moment(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 12):  # noqa: PLR2004 - RFC 6376 3.5, t=
        raise UnverifiedError(Result.PERMERROR, "a time is no number")
    return int(text)


class Body:
    """The body of one mail, hashed once in each form."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._hashes: dict[str, bytes] = {}

    def hash(self, form: str) -> bytes:
        if form not in self._hashes:
            self._hashes[form] = hashlib.sha256(_BODIES[form](self._octets)).digest()
        return self._hashes[form]


def verify(signature: Signature, key: Answer, head: Head, body: Body, now: int) -> Check:
    """One signature, with the answer for its key (RFC 6376 6.1.2, 6.1.3)."""
    try:
        _require_in_time(signature, now)
        require_holding(signature, find_key(signature, key), head, body)
    except UnverifiedError as error:
        return Check("dkim", error.result, domain=signature.domain, selector=signature.selector, note=error.why)
    return Check("dkim", Result.PASS, domain=signature.domain, selector=signature.selector, note=signature.algorithm)


def _require_in_time(signature: Signature, now: int) -> None:
    if signature.expires_at is not None and signature.expires_at < now:
        raise UnverifiedError(Result.FAIL, "it has run out")
    if signature.signed_at is not None and signature.signed_at > now + CLOCKS_DIFFER:
        raise UnverifiedError(Result.FAIL, "it comes from the future")
    if signature.expires_at is not None and signature.expires_at < (signature.signed_at or 0):
        raise UnverifiedError(Result.PERMERROR, "it ran out before it was made")


def require_holding(signature: Signature, key: PublicKey, head: Head, body: Body) -> None:
    """That body and header are those that were signed (RFC 6376 6.1.3). Raises UnverifiedError."""
    if signature.signs_part:
        raise UnverifiedError(Result.POLICY, "it signs a part of the body")
    if signature.body_hash != body.hash(signature.body_form):
        raise UnverifiedError(Result.FAIL, "the body was changed")
    if not holds(key, signature.proof, signed_text(signature, head)):
        raise UnverifiedError(Result.FAIL, "the header was changed, or the key is another one")


def signed_text(signature: Signature, head: Head) -> bytes:
    """The fields that ``h=`` names, each from the bottom up, and the signature's own without its proof (RFC 6376 3.7)."""
    form = _field_in_form(signature.header_form)
    left: dict[bytes, list[RawField]] = {}
    for one in head.fields:
        left.setdefault(one.name, []).append(one)
    chosen = [form(fields.pop()) for name in signature.names if (fields := left.get(name))]
    return b"".join(chosen) + form(without_proof(signature.raw)).removesuffix(b"\r\n")


def _field_in_form(form: str) -> Callable[[RawField], bytes]:
    if form == "simple":
        return lambda one: one.octets + b"\r\n"
    return lambda one: relaxed_field(one.name, one.value)


def without_proof(raw: RawField) -> RawField:
    """The field with an empty ``b=``, and all else as it was (RFC 6376 3.5)."""
    kept = [tag[: tag.index(b"=") + 1] if _is_proof(tag) else tag for tag in raw.value.split(b";")]
    value = b";".join(kept)
    return RawField(raw.name, raw.octets[: len(raw.octets) - len(raw.value)] + value, value)


def _is_proof(tag: bytes) -> bool:
    name, equals, _ = tag.partition(b"=")
    return bool(equals) and name.strip(b" \t\r\n") == b"b"


def find_key(signature: Signature, answer: Answer) -> PublicKey:
    """The published key, if it may be used for this (RFC 6376 3.6.1). Raises UnverifiedError."""
    if answer.state is State.FAILED:
        raise UnverifiedError(Result.TEMPERROR, "no name server gave its key")
    if len(answer.records) != 1:  # RFC 6376 3.6.2.2: several are undefined
        raise UnverifiedError(Result.PERMERROR, "its domain publishes no key, or several")
    tags = _key_tags(answer.records[0])
    kind = tags.get("k", "rsa").lower()
    allowed = without_space(tags.get("h", "sha256")).lower().split(":")
    uses = without_space(tags.get("s", "*")).lower().split(":")
    flags = without_space(tags.get("t", "")).lower().split(":")
    if f"{kind}-sha256" != signature.algorithm or "sha256" not in allowed or not {"*", "email"} & set(uses):
        raise UnverifiedError(Result.PERMERROR, "its key is for something else")
    if "s" in flags and signature.identity_domain != signature.domain:
        raise UnverifiedError(Result.PERMERROR, "its key is for the domain itself")
    if not tags["p"]:
        raise UnverifiedError(Result.PERMERROR, "its key was withdrawn")
    return _load_key(kind, without_space(tags["p"]))


def _key_tags(record: str) -> dict[str, str]:
    try:
        tags = read_tags(record)
    except TagsError:
        tags = {}
    if "p" not in tags or tags.get("v", "DKIM1") != "DKIM1" or ("v" in tags and next(iter(tags)) != "v"):
        raise UnverifiedError(Result.PERMERROR, "its key is not written as RFC 6376 asks")
    return tags


@lru_cache(_KEPT_KEYS)
def _load_key(kind: str, encoded: str) -> PublicKey:
    octets = _base64(encoded)
    try:
        key = Ed25519PublicKey.from_public_bytes(octets) if kind == "ed25519" else load_der_public_key(octets)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UnverifiedError(Result.PERMERROR, "its key cannot be read") from None
    if isinstance(key, RSAPublicKey) and not RSA_BITS[0] <= key.key_size <= RSA_BITS[1]:
        raise UnverifiedError(Result.PERMERROR, "its key is too weak")
    if not isinstance(key, (RSAPublicKey, Ed25519PublicKey)):
        raise UnverifiedError(Result.PERMERROR, "its key is of another kind")
    return key


def holds(key: PublicKey, proof: bytes, text: bytes) -> bool:
    """Whether the proof is one of this key's over the text."""
    try:
        if isinstance(key, RSAPublicKey):
            key.verify(proof, text, PKCS1v15(), hashes.SHA256())
        else:
            key.verify(proof, hashlib.sha256(text).digest())  # RFC 8463 3
    except InvalidSignature:
        return False
    return True
