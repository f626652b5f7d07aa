"""The chain of servers that forwarded a mail: sealed by dkimpy, read by us. It proves nobody."""

from dataclasses import replace
from datetime import UTC, datetime

import dkim
import pytest

from postern.model.address import Address
from postern.model.authentication import Proof, Result
from postern.model.envelope import Mail
from postern.model.limits import Limits
from postern.smtp.dkim import RSA
from tests.proofs import PEM, Dns, key_of, key_record, mail_of, prove, with_content

KEY = key_of("lists.test")
DNS = Dns(key_record(KEY))
AUTHOR = Address.parse("help@acme.test")


def forwarded(times: int = 1) -> Mail:
    """Acme's mail, with a pass in the name of a list that forwarded it."""
    mail = replace(mail_of("help@acme.test"), received_at=datetime.now(UTC))
    for number in range(times):
        before = b"pass" if number else b"none"
        results = b"Authentication-Results: lists.test; arc=" + before + b"; dkim=pass header.d=acme.test\r\n"
        content = results + mail.content
        sealed = dkim.arc_sign(content, b"s1", b"lists.test", PEM[RSA], b"lists.test")
        mail = with_content(mail, b"".join(sealed) + mail.content)
    return mail


@pytest.mark.parametrize("times", [1, 2, 4])
def test_a_chain_made_by_dkimpy_is_valid_and_proves_nobody(times: int) -> None:
    found = prove(forwarded(times), DNS)
    assert found.arc is Result.PASS
    assert found.proof_of(AUTHOR) is Proof.UNPROVED
    assert "arc pass, a hint only" in found.story()


def test_a_mail_that_nobody_sealed_has_no_chain() -> None:
    assert prove(mail_of("help@acme.test"), DNS).arc is Result.NONE


@pytest.mark.parametrize(
    "old, new",
    [
        (b"Hello.", b"Goodbye."),
        (b"Subject: A", b"Subject: An"),
        (b"dkim=pass", b"dkim=fail"),
        (b"cv=none", b"cv=pass"),
        (b"cv=none", b"cv=fail"),
        (b"i=1; a=", b"i=2; a="),
        (b"i=1;", b"i=x;"),
        (b"ARC-Seal: ", b"ARC-Seal: h=from; "),
        (b"ARC-Seal: ", b"X-Seal: "),
        (b"ARC-Message-Signature: ", b"ARC-Message-Signature: h=; "),
        (b"From: help", b"ARC-Seal: i=1\r\nFrom: help"),
    ],
)
def test_a_chain_that_was_changed_is_broken(old: bytes, new: bytes) -> None:
    mail = forwarded()
    assert old in mail.content
    assert prove(with_content(mail, mail.content.replace(old, new, 1)), DNS).arc in {Result.FAIL, Result.PERMERROR}


def test_a_key_that_cannot_be_had_now_is_told_apart() -> None:
    assert prove(forwarded(), Dns(DNS.zone, frozenset({"s1._domainkey.lists.test"}))).arc is Result.TEMPERROR
    assert prove(forwarded(), Dns("")).arc is Result.FAIL


def test_very_many_servers_are_not_looked_at() -> None:
    assert prove(forwarded(3), DNS, Limits(arc_instances=2)).arc is Result.POLICY
