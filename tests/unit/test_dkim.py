import re
from datetime import UTC, datetime

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from hypothesis import example, given
from hypothesis import strategies as st

from postern.errors import ConfigurationError
from postern.smtp.dkim import ED25519, RSA, SIGNED_FIELDS, SigningKey, dns_record, generate_private_key, load_signing_key, sign

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KEYS = tuple(
    load_signing_key("marketplace.example", selector, algorithm, generate_private_key(algorithm))
    for selector, algorithm in (("r1", RSA), ("e1", ED25519))
)
ZONE = {f"{key.selector}._domainkey.marketplace.example.": dns_record(key) for key in KEYS}
MAIL = (
    b"From: Acme Books <abcdefghijklmno@marketplace.example>\r\n"
    b"To: Ann <ann@mail.test>\r\n"
    b"Subject: Your\r\n\t  atlas  \r\n"
    b"Date: Fri, 20 Nov 2026 12:00:00 +0000\r\n"
    b"Message-ID: <1@marketplace.example>\r\n"
    b"MIME-Version: 1.0\r\n"
    b"\r\n"
    b"Hello  Ann \t \r\n\r\nit left.\r\n\r\n\r\n"
)


def ask_zone(name: bytes, timeout: int = 5) -> bytes | None:
    assert timeout
    found = ZONE.get(name.decode())
    return found.encode() if found else None


def verdicts(mail: bytes) -> list[bool]:
    """What dkimpy says of each signature, top to bottom."""
    count = len(re.findall(rb"(?m)^DKIM-Signature:", mail))
    results = []
    for index in range(count):
        try:
            results.append(bool(dkim.DKIM(mail).verify(idx=index, dnsfunc=ask_zone)))
        except dkim.DKIMException:
            results.append(False)
    return results


def test_both_signatures_verify() -> None:
    signed = sign(MAIL, KEYS, NOON)
    assert signed.endswith(MAIL)
    assert verdicts(signed) == [True, True]


def test_the_signature_says_when_and_covers_the_whole_body() -> None:
    first = sign(MAIL, KEYS, NOON).partition(b"\r\nFrom:")[0]
    assert b"t=%d;" % NOON.timestamp() in first
    assert b"a=rsa-sha256" in first
    assert b"a=ed25519-sha256" in first
    assert not re.search(rb"[;\s]l=", first)
    assert max(len(line) for line in first.split(b"\r\n")) <= 78  # RFC 5322 2.1.1


WSP = st.text(alphabet=" \t", max_size=3)
WORD = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)
VALUE = st.lists(st.tuples(st.sampled_from([" ", "\t", "  ", "\r\n ", "\r\n\t \t"]), WORD), max_size=6).map(
    lambda pairs: "".join(part for pair in pairs for part in pair)
)
FIELD = st.tuples(st.sampled_from([*SIGNED_FIELDS, "X-Other", "subject", "TO"]), VALUE, WSP).map(
    lambda parts: f"{parts[0]}:{parts[1]}{parts[2]}\r\n"  # no space before the colon: the oracle does not read that
)
LINE = st.tuples(WSP, st.text(alphabet=" \tab.:\u00e9", max_size=12), WSP).map("".join)
BODY = st.lists(LINE, max_size=8).map("\r\n".join)


@given(st.lists(FIELD, max_size=10), BODY)
@example([], "")
@example([], "\r\n\r\n")
@example([], " \t")
@example([], " \t\r\n \r\n")
@example(["Subject:\r\n"], "no line end")
@example(["Subject:  a\r\n\tb \r\n", "To: x\r\n", "To: y\r\n"], "a  b\t\r\n")
def test_any_oddly_spaced_mail_verifies(fields: list[str], body: str) -> None:
    mail = ("From: a@marketplace.example\r\n" + "".join(fields) + "\r\n" + body).encode()
    assert verdicts(sign(mail, KEYS, NOON)) == [True, True]


@given(
    st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b":", b"From: a", b" ", b"\t", b"\0", b"\xff"]), max_size=20).map(b"".join)
)
def test_signing_never_raises_whatever_the_octets(content: bytes) -> None:
    assert sign(content, KEYS, NOON).count(b"DKIM-Signature:") == 2


def test_lone_line_breaks_are_made_whole_before_signing_so_that_the_wire_changes_nothing() -> None:
    signed = sign(MAIL.replace(b"\r\n", b"\n").replace(b"it left", b"it\rleft"), KEYS, NOON)
    assert re.search(rb"\r(?!\n)|(?<!\r)\n", signed) is None
    assert verdicts(signed) == [True, True]


@pytest.mark.parametrize(
    "old, new",
    [
        (b"Hello", b"Hallo"),
        (b"it left.", b"it left. And more."),
        (b"Subject: Your", b"Subject: Our"),
        (b"Ann <ann@mail.test>", b"Bob <bob@mail.test>"),
        (b"Date: Fri", b"Date: Sat"),
        (b"From: Acme", b"From: Mallory <m@mail.test>\r\nFrom: Acme"),
        (b"To: Ann", b"Reply-To: mallory@mail.test\r\nTo: Ann"),
        (b"Subject: Your", b"Subject: Pay here\r\nSubject: Your"),
        (b"MIME-Version", b"Content-Type: text/html\r\nMIME-Version"),
        (b"t=1", b"t=2"),
        (b"d=marketplace.example", b"d=other.example"),
    ],
)
def test_whoever_changes_or_adds_something_breaks_both_signatures(old: bytes, new: bytes) -> None:
    signed = sign(MAIL, KEYS, NOON)
    assert old in signed
    assert verdicts(signed.replace(old, new)) == [False, False]


@given(st.data())
def test_a_changed_letter_in_the_body_is_noticed(data: st.DataObject) -> None:
    signed = sign(MAIL, KEYS, NOON)
    start = signed.index(b"Hello")
    letters = [place for place in range(start, len(signed)) if signed[place : place + 1].isalpha()]
    place = data.draw(st.sampled_from(letters))
    assert verdicts(signed[:place] + b"#" + signed[place + 1 :]) == [False, False]


def test_what_hosts_on_the_way_do_to_white_space_breaks_nothing() -> None:
    signed = sign(MAIL, KEYS, NOON)
    trimmed = signed.replace(b"Hello  Ann \t \r\n", b"Hello Ann\r\n").replace(b"left.\r\n\r\n\r\n", b"left.\r\n")
    assert trimmed != signed
    assert verdicts(trimmed.replace(b"Your\r\n\t  atlas  ", b"Your atlas")) == [True, True]


def test_a_megabyte_of_spaces_is_signed_in_one_pass() -> None:
    mail = b"From: a@marketplace.example\r\n\r\n" + b" " * 1_000_000 + b"x\r\n"  # a quadratic trim would take hours
    assert verdicts(sign(mail, KEYS[1:], NOON).replace(b" " * 1_000_000, b" ")) == [True]


def test_the_public_record_is_the_one_of_rfc_8463() -> None:
    seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"  # RFC 8463 A.2
    key = SigningKey("football.example.com", "brisbane", ED25519, Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed)))
    assert dns_record(key) == "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


def pem_of(private_key: object, passphrase: bytes | None = None) -> bytes:
    protection = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    assert isinstance(private_key, Ed25519PrivateKey) or hasattr(private_key, "private_bytes")
    return bytes(private_key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection))


@pytest.mark.parametrize(
    "domain, selector, algorithm, pem",
    [
        ("marketplace.example", "s", RSA, b"not a key"),
        ("marketplace.example", "s", RSA, b""),
        ("marketplace.example", "s", RSA, pem_of(Ed25519PrivateKey.generate())),
        ("marketplace.example", "s", ED25519, pem_of(generate_rsa_key(65537, 2048))),
        ("marketplace.example", "s", RSA, pem_of(generate_rsa_key(65537, 1024))),  # noqa: S505 - too weak, RFC 8301 3.2
        ("marketplace.example", "s", "rsa-sha1", pem_of(generate_rsa_key(65537, 2048))),
        ("marketplace.example", "s", ED25519, pem_of(Ed25519PrivateKey.generate(), b"secret")),
        ("market place", "s", ED25519, pem_of(Ed25519PrivateKey.generate())),
        ("marketplace.example", "s;x=y", ED25519, pem_of(Ed25519PrivateKey.generate())),
    ],
)
def test_a_key_that_cannot_sign_is_refused_when_it_is_loaded(domain: str, selector: str, algorithm: str, pem: bytes) -> None:
    with pytest.raises(ConfigurationError, match="dkim"):
        load_signing_key(domain, selector, algorithm, pem)


def test_an_unknown_algorithm_gets_no_key() -> None:
    with pytest.raises(ConfigurationError):
        generate_private_key("rsa-sha1")


def test_a_key_does_not_show_itself() -> None:
    assert "private" not in repr(KEYS[0]).lower().replace("private_key", "")
