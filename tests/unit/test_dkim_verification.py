"""Signatures made by our signer and by dkimpy, and what must not count as one."""

import re
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from random import Random

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPrivateNumbers,
    RSAPublicNumbers,
    generate_private_key,
    rsa_crt_dmp1,
    rsa_crt_dmq1,
    rsa_crt_iqmp,
    rsa_recover_private_exponent,
)
from hypothesis import given
from hypothesis import strategies as st

from postern.model.address import Address
from postern.model.authentication import Aligned, Check, Proof, Result
from postern.model.envelope import Mail
from postern.model.limits import Limits
from postern.smtp.dkim import ED25519, RSA, SigningKey, dns_record, sign
from tests.proofs import NOON, PEM, Dns, key_of, key_record, mail_of, prove, sign_by_dkimpy, with_content

KEY = key_of("acme.test")
ACME = mail_of("Acme Books <help@acme.test>", body="Hello  Ann \t \r\n\r\nit left.\r\n\r\n\r\n", fields="X-Mailer: a  b\r\n")
DNS = Dns(key_record(KEY))
FORMS = ("relaxed/relaxed", "relaxed/simple", "simple/relaxed", "simple/simple")


def signed(mail: Mail = ACME) -> Mail:
    return with_content(mail, sign(mail.content, [KEY], NOON))


def dkim_checks(mail: Mail, dns: Dns = DNS) -> list[Check]:
    return [one for one in prove(mail, dns).checks if one.method == "dkim"]


def check(mail: Mail, dns: Dns = DNS) -> Check:
    (found,) = dkim_checks(mail, dns)
    return found


def proof(mail: Mail, dns: Dns = DNS) -> Proof:
    return prove(mail, dns).proof_of(Address.parse("help@acme.test"))


def retagged(tags: str) -> Mail:
    """The signed mail with this in front of its signature's tags; what was signed has changed, but that is found later."""
    mail = signed()
    return with_content(mail, mail.content.replace(b"DKIM-Signature: v=1;", f"DKIM-Signature: {tags}".encode(), 1))


def test_what_our_signer_made_verifies() -> None:
    found = check(signed())
    assert (found.result, found.aligned, found.domain, found.selector) == (Result.PASS, Aligned.YES, "acme.test", "s1")
    assert proof(signed()) is Proof.PROVED


@pytest.mark.parametrize("algorithm", [RSA, ED25519])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("body", ["", "\r\n", "Hello  Ann \t\r\n\r\n\r\n", "no end", "a\r\n \t\r\n b\r\n \r\n"])
def test_what_dkimpy_made_verifies_in_every_form(algorithm: str, form: str, body: str) -> None:
    mail = sign_by_dkimpy(mail_of("help@acme.test", body=body), "acme.test", algorithm, form)
    assert check(mail, Dns(key_record(key_of("acme.test", algorithm)))).result is Result.PASS


@pytest.mark.parametrize(
    "old, new",
    [
        (b"it left", b"it stays"),
        (b"Acme Books <help", b"Bolt Bikes <help"),
        (b"help@acme.test", b"boss@acme.test"),
        (b"Subject: A question", b"Subject: An answer"),
        (b"From:", b"From: x@lies.test\r\nFrom:"),
        (b"s=s1;", b"s=s2;"),
        (b"Subject:", b"Reply-To: <x@lies.test>\r\nSubject:"),  # its absence is signed
    ],
)
def test_a_mail_that_was_changed_proves_nothing(old: bytes, new: bytes) -> None:
    mail = signed()
    assert proof(with_content(mail, mail.content.replace(old, new))) is Proof.UNPROVED


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_no_octet_of_what_is_signed_can_change(place: int, octet: int) -> None:
    """Dkimpy is asked too: we never pass what it does not."""
    mail = signed()
    content = bytearray(mail.content)
    content[place % len(content)] = octet
    if b"\0" in content or re.search(rb"\r(?!\n)|(?<!\r)\n", content):
        return  # the session refuses it
    changed = bytes(content)
    ours = any(one.result is Result.PASS for one in dkim_checks(with_content(mail, changed)))
    assert not ours or verified_by_dkimpy(changed)


def verified_by_dkimpy(content: bytes) -> bool:
    try:
        return bool(dkim.verify(content, dnsfunc=answer_dkimpy))
    except dkim.DKIMException:
        return False


def answer_dkimpy(name: bytes, timeout: int = 5) -> bytes | None:
    assert timeout
    return key_text(KEY) if name == b"s1._domainkey.acme.test." else None


def key_text(key: SigningKey) -> bytes:
    return dns_record(key).encode()


@pytest.mark.parametrize(
    "tags, why",
    [
        ("v=2;", "a tag is missing"),
        ("", "a tag is missing"),
        ("v=1; v=1;", "it is no list of tags"),
        ("v=1; =;", "it is no list of tags"),
        ("v=1; l=5;", "it signs a part of the body"),
        ("v=1; l=0;", "it signs a part of the body"),
        (f"v=1; x={int(NOON.timestamp()) - 1};", "it has run out"),
        ("v=1; x=yesterday;", "a time is no number"),
        ("v=1; i=ann@mail.test;", "its identity is of another domain"),
        ("v=1; i=ann@notacme.test;", "its identity is of another domain"),
        ("v=1; q=http;", "its key cannot be asked for"),
        ("v=1; z=From:nobody;", "the header was changed, or the key is another one"),
    ],
)
def test_a_signature_that_does_not_count_says_why(tags: str, why: str) -> None:
    found = check(retagged(tags))
    assert found.note == why
    assert found.result is not Result.PASS


@pytest.mark.parametrize(
    "old, new, why",
    [
        ("a=rsa-sha256", "a=rsa-sha1", "its algorithm is not taken here"),  # RFC 8301 3.1
        ("c=relaxed/relaxed", "c=loose/relaxed", "its canonicalization is unknown"),
        ("d=acme.test", "d=acme..test", "its domain or selector is no name"),
        ("d=acme.test", "d=acme.test\0", "it is no list of tags"),
        ("d=acme.test", "d=acme.test'a.lies.test", "its domain or selector is no name"),
        ("s=s1", "s=s1._domainkey.lies.test.\0.any", "it is no list of tags"),
        ("h=From:From:", "h=", "it does not sign From"),
        ("bh=", "bh=*", "a tag is no base64"),
    ],
)
def test_a_signature_that_is_wrongly_made_is_told_apart(old: str, new: str, why: str) -> None:
    mail = signed()
    found = check(with_content(mail, mail.content.replace(old.encode(), new.encode(), 1)))
    assert (found.result, found.note) == (Result.PERMERROR, why)


def test_a_signature_from_the_future_proves_nothing_and_clocks_may_differ() -> None:
    for ahead, result in ((timedelta(minutes=5), Result.PASS), (timedelta(minutes=20), Result.FAIL)):
        assert check(with_content(ACME, sign(ACME.content, [KEY], NOON + ahead))).result is result


def test_a_signature_under_a_part_of_the_body_proves_nothing() -> None:
    """Anybody can write on below it."""
    mail = sign_by_dkimpy(ACME, "acme.test", length=True)
    assert verified_by_dkimpy(mail.content)
    assert check(mail).result is Result.POLICY
    assert proof(mail) is Proof.UNPROVED


KEY_TEXT = key_text(KEY).decode()
PUBLIC = KEY_TEXT.partition("p=")[2]


@pytest.mark.parametrize(
    "record, result",
    [
        (KEY_TEXT, Result.PASS),
        (f"p={PUBLIC}", Result.PASS),
        (f"v=DKIM1; h=sha1:sha256; s=email; t=y; n=a note; p={PUBLIC}", Result.PASS),
        (f"v=DKIM1; t=s; p={PUBLIC}", Result.PASS),
        ("v=DKIM1; k=rsa; p=", Result.PERMERROR),  # withdrawn
        (f"k=rsa; v=DKIM1; p={PUBLIC}", Result.PERMERROR),
        (f"v=DKIM2; p={PUBLIC}", Result.PERMERROR),
        (f"v=DKIM1; h=sha1; p={PUBLIC}", Result.PERMERROR),
        (f"v=DKIM1; s=tlsrpt; p={PUBLIC}", Result.PERMERROR),
        (f"v=DKIM1; k=ed25519; p={PUBLIC}", Result.PERMERROR),
        ("v=DKIM1; k=rsa; p=AAAA", Result.PERMERROR),
        ("v=DKIM1; k=rsa; p=!", Result.PERMERROR),
        ("v=spf1 -all", Result.PERMERROR),
    ],
)
def test_the_published_key_says_what_it_is_for(record: str, result: Result) -> None:
    strings = " ".join(f'"{record[start : start + 200]}"' for start in range(0, len(record), 200))
    assert check(signed(), Dns(f"s1._domainkey.acme.test. TXT {strings}\n")).result is result


def test_no_key_and_two_keys_are_none() -> None:
    assert check(signed(), Dns("")).result is Result.PERMERROR
    assert check(signed(), Dns(key_record(KEY) + 's1._domainkey.acme.test. TXT "v=DKIM1; p="\n')).result is Result.PERMERROR


@pytest.mark.parametrize("bits, result", [(1024, Result.PASS), (1016, Result.PERMERROR)])
def test_a_weak_key_proves_nothing(bits: int, result: Result) -> None:
    """RFC 8301 3.2."""
    weak = _weak_key(bits)
    monkey = SigningKey("acme.test", "s1", RSA, weak)
    assert check(with_content(ACME, sign(ACME.content, [monkey], NOON)), Dns(key_record(monkey))).result is result


@lru_cache
def _weak_key(bits: int) -> RSAPrivateKey:
    """The library makes none of under 1024 bits by itself, but takes one whose numbers are given."""
    if bits == 1024:
        return generate_private_key(65537, bits)
    p, q = (_prime(bits // 2, seed) for seed in range(2))
    d = rsa_recover_private_exponent(65537, p, q)
    crt = (rsa_crt_dmp1(d, p), rsa_crt_dmq1(d, q), rsa_crt_iqmp(p, q))
    return RSAPrivateNumbers(p, q, d, *crt, RSAPublicNumbers(65537, p * q)).private_key()


def _prime(bits: int, seed: int) -> int:
    chance = Random(seed)
    while True:
        candidate = chance.getrandbits(bits) | 1 | 3 << (bits - 2)
        if candidate % 65537 != 1 and all(pow(base, candidate - 1, candidate) == 1 for base in (2, 3, 5, 7, 11)):
            return candidate


def test_a_silent_name_server_puts_the_mail_off() -> None:
    dns = Dns(key_record(KEY), silent=frozenset({"s1._domainkey.acme.test"}))
    assert check(signed(), dns).result is Result.TEMPERROR
    assert proof(signed(), dns) is Proof.UNKNOWN_NOW


def test_of_several_signatures_one_that_is_aligned_is_enough() -> None:
    other = key_of("lists.test", ED25519)
    mail = with_content(ACME, sign(ACME.content, [other, KEY], NOON))
    found = dkim_checks(mail, Dns(key_record(KEY) + key_record(other)))
    assert [(one.result, one.aligned) for one in found] == [(Result.PASS, Aligned.NO), (Result.PASS, Aligned.YES)]


def test_of_very_many_signatures_a_few_are_looked_at() -> None:
    mail = with_content(ACME, sign(ACME.content, [KEY] * 12, NOON))
    found = prove(mail, DNS, replace(Limits(), dkim_signatures=3))
    assert len([one for one in found.checks if one.method == "dkim"]) == 3


@pytest.mark.parametrize(
    "line",
    [b"no field at all\r\n", b"From me to you\r\n", b"\tfolded\r\n", b"Fr\xc3\xb6m: x\r\n", b": x\r\n"],
)
def test_a_header_that_can_be_read_in_two_ways_is_no_proof(line: bytes) -> None:
    """A line that is no field ends the header for a reader of letters; a signer goes on to the empty line."""
    mail = with_content(signed(), b"From: boss@acme.test\r\n" + line + signed().content)
    plain = with_content(signed(), line + signed().content)
    assert proof(mail) is Proof.UNPROVED
    assert not [one for one in dkim_checks(plain) if one.result is Result.PASS]


def test_the_tests_have_their_keys() -> None:
    assert set(PEM) == {RSA, ED25519}
