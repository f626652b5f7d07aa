"""Mails with proofs of who sent them, and a DNS for each of their examinations: a zone file, asked as the real one is."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import dkim
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from dns.rdatatype import RdataType

from postern.model.authentication import Authentication
from postern.model.envelope import Client, Envelope, Mail
from postern.model.limits import Limits
from postern.smtp.authentication.answers import FAILED, Answer, Answers, Question
from postern.smtp.authentication.asking import read_look
from postern.smtp.authentication.examine import Open, examine
from postern.smtp.dkim import ED25519, RSA, SigningKey, dns_record, generate_private_key, load_signing_key
from postern.smtp.resolver import Look
from postern.smtp.zone_file import ZoneFile

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CLIENT = Client("192.0.2.7", "mx.acme.test")
CLOSED = ". SOA ns.test. hostmaster.test. 1 3600 600 86400 60\n"
PEM = {algorithm: generate_private_key(algorithm) for algorithm in (RSA, ED25519)}


def key_of(domain: str, algorithm: str = RSA, selector: str = "s1") -> SigningKey:
    return load_signing_key(domain, selector, algorithm, PEM[algorithm])


def key_record(key: SigningKey) -> str:
    """Its line of a zone file, in strings of a fit length."""
    text = dns_record(key)
    strings = " ".join(f'"{text[start : start + 200]}"' for start in range(0, len(text), 200))
    return f"{key.selector}._domainkey.{key.domain}. TXT {strings}\n"


@dataclass(frozen=True, slots=True)
class Dns:
    """What a zone file says; the names in ``silent`` are never answered."""

    zone: str
    silent: frozenset[str] = frozenset()
    asked: list[Question] = field(default_factory=list)

    def answer(self, question: Question) -> Answer:
        self.asked.append(question)
        if question.name in self.silent:
            return FAILED
        found = ZoneFile(CLOSED + self.zone).look(question.name, RdataType.make(question.kind.value))
        assert found is not None
        return read_look(Look(found, 60), question.kind)


def prove(mail: Mail, dns: Dns, limits: Limits | None = None) -> Authentication:
    """Examine a mail, asking as long as something is open."""
    known: Mapping[Question, Answer] = {}
    while isinstance(found := examine(mail, Answers(known), limits or Limits()), Open):
        assert found.questions
        assert not found.questions & known.keys()
        known = {**known, **{one: dns.answer(one) for one in found.questions}}
    return found


def mail_of(author: str, reverse_path: str = "", *, body: str = "Hello.\r\n", fields: str = "", client: Client = CLIENT) -> Mail:
    """A plain mail; ``author`` is the value of From."""
    content = f"{fields}From: {author}\r\nTo: <x@marketplace.example>\r\nSubject: A question\r\n\r\n{body}".encode()
    return Mail(Envelope(reverse_path, ("x@marketplace.example",)), content, NOON, Authentication(), client)


def with_content(mail: Mail, content: bytes) -> Mail:
    return replace(mail, content=content)


def sign_by_dkimpy(
    mail: Mail, domain: str, algorithm: str = RSA, canonicalize: str = "relaxed/relaxed", **options: object
) -> Mail:
    """The mail with a signature made by somebody else's program."""
    header, body = canonicalize.encode().split(b"/")
    pem = PEM[algorithm]
    if algorithm == ED25519:
        pem = _raw_seed(pem)
    signature = dkim.sign(
        mail.content, b"s1", domain.encode(), pem, signature_algorithm=algorithm.encode(), canonicalize=(header, body), **options
    )
    return replace(mail, content=signature + mail.content, received_at=datetime.now(UTC))  # it signs the time of day


def _raw_seed(pem: bytes) -> bytes:
    """As dkimpy takes an Ed25519 key: the 32 octets in base64."""
    key = load_pem_private_key(pem, None)
    assert isinstance(key, Ed25519PrivateKey)
    return base64.b64encode(key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))
