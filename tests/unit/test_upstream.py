"""The word of one server in front: its own field, and no other (RFC 8601)."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postern.model.address import Address
from postern.model.authentication import Authentication, Proof, Result
from postern.model.envelope import Client
from postern.model.limits import Limits
from postern.smtp.authentication.upstream import Front, take_word
from tests.proofs import mail_of

ACME = Address.parse("help@acme.test")
FRONT = Front("mx.marketplace.example", (ip_network("192.0.2.7"),))
NAME = "mx.marketplace.example"
TRACE = "Received: from somewhere by mx.marketplace.example; Fri, 20 Nov 2026 12:00:00 +0000\r\n"


def word(fields: str, client: str = "192.0.2.7") -> Authentication:
    return take_word(mail_of("<help@acme.test>", "x@acme.test", fields=fields, client=Client(client, "x")), FRONT, Limits())


def result(text: str) -> Proof:
    return word(f"Authentication-Results: {text}\r\n").proof_of(ACME)


@pytest.mark.parametrize(
    "text",
    [
        f"{NAME}; dmarc=pass header.from=acme.test",
        f"{NAME}; dmarc=pass (p=reject) header.from=acme.test",
        f"{NAME} 1; dmarc=pass header.from=acme.test",
        "MX.Marketplace.Example;\r\n\tdmarc=pass header.from=ACME.test",
        f'"{NAME}"; dmarc=pass header.from="acme.test"',
        f"(a (nested) comment; with) {NAME} (x); dmarc=pass (it's \\) fine) header.from=acme.test",
        f"{NAME}; spf=fail smtp.mailfrom=x@lies.test; dkim=pass (2048-bit) header.d=acme.test header.b=a+b/c=",
        f'{NAME}; dkim=fail header.d=lies.test; dkim/1=pass reason="good; signature" header.i=@acme.test',
        f"{NAME}; spf=pass smtp.mailfrom=help@acme.test",
    ],
)
def test_its_pass_for_the_domain_in_from_proves(text: str) -> None:
    assert result(text) is Proof.PROVED


@pytest.mark.parametrize(
    "text",
    [
        f"{NAME}; none",
        f"{NAME}",
        "",
        f"evil.{NAME}; dmarc=pass header.from=acme.test",
        f"{NAME}.evil.test; dmarc=pass header.from=acme.test",
        f"{NAME}@evil.test; dmarc=pass header.from=acme.test",
        f"({NAME}); dmarc=pass header.from=acme.test",
        f"evil.test ({NAME}); dmarc=pass header.from=acme.test",
        f"evil.test; x=y {NAME}; dmarc=pass header.from=acme.test",
        f"{NAME} 2; dmarc=pass header.from=acme.test",
        f"{NAME} x; dmarc=pass header.from=acme.test",
        f"{NAME}; dmarc/2=pass header.from=acme.test",
        f"{NAME}; (dmarc=pass header.from=acme.test)",
        f"{NAME}; dmarc=pass (header.from=acme.test)",
        f"{NAME}; dmarc=pass header.from=lies.test",
        f"{NAME}; dmarc=pass header.from=acme.test.lies.test",
        f"{NAME}; dmarc=fail header.from=acme.test",
        f"{NAME}; dmarc=none header.from=acme.test; spf=softfail smtp.mailfrom=acme.test",
        f"{NAME}; dkim=pass header.d=lies.test",
        f"{NAME}; dkim=pass header.d=mail.acme.test",  # whether that is of its house only dmarc can say
        f"{NAME}; iprev=pass policy.iprev=192.0.2.1; auth=pass smtp.auth=help@acme.test",
        f'{NAME}; dmarc=pass header.from="acme.test',
        f"{NAME}; dmarc=pass header.from=acme.test (open",
        f"{NAME}; dmarc=pass header.from=acme.test )",
        f"{NAME}; spf=pass smtp.mailfrom=x@lies.test(@acme.test",
        f'{NAME}; spf=pass smtp.mailfrom="x@lies.test\'@acme.test" x',
        f"{NAME}; dmarc=passed header.from=acme.test",
        f"{NAME}; dmarc=fail header.from=acme.test; dkim=pass header.d=acme.test",  # it contradicts itself
    ],
)
def test_nothing_else_does(text: str) -> None:
    assert result(text) is Proof.UNPROVED


def test_a_name_server_that_was_silent_puts_the_mail_off() -> None:
    assert result(f"{NAME}; dmarc=temperror header.from=acme.test") is Proof.UNKNOWN_NOW


PASS = f"Authentication-Results: {NAME}; dmarc=pass header.from=acme.test\r\n"


def test_from_anywhere_else_nothing_is_believed() -> None:
    assert word(PASS).proof_of(ACME) is Proof.PROVED
    found = word(PASS, "192.0.2.8")
    assert found.proof_of(ACME) is Proof.UNPROVED
    assert found.checks[0].note == "it did not come from the server in front"
    assert word(PASS, "").proof_of(ACME) is Proof.UNPROVED


def test_a_field_that_came_with_the_mail_counts_for_nothing() -> None:
    assert word(PASS + TRACE).proof_of(ACME) is Proof.PROVED
    assert word(TRACE + PASS).proof_of(ACME) is Proof.PROVED  # as some put it
    assert word(TRACE + TRACE + PASS).proof_of(ACME) is Proof.UNPROVED


def test_a_method_that_two_fields_tell_of_counts_for_nothing() -> None:
    fail = PASS.replace("pass", "none")
    for fields in (PASS + fail, fail + PASS, PASS + PASS):
        found = word(fields)
        assert found.proof_of(ACME) is Proof.UNPROVED
        assert {one.result for one in found.checks} == {Result.POLICY}
    apart = f"Authentication-Results: {NAME}; spf=pass smtp.mailfrom=lies.test\r\n"
    assert word(apart + PASS).proof_of(ACME) is Proof.PROVED


def test_other_servers_fields_are_passed_over() -> None:
    assert word(PASS.replace(NAME, "mx.acme.test") + PASS).proof_of(ACME) is Proof.PROVED
    assert word(PASS.replace(NAME, "mx.acme.test").replace("pass", "fail") + PASS).proof_of(ACME) is Proof.PROVED


@given(
    st.lists(
        st.sampled_from([NAME, ";", "=", '"', "(", ")", "\\", " ", "dmarc", "pass", "header.from", "acme.test", "@", "1", "/"])
    )
)
def test_no_field_makes_an_exception(pieces: list[str]) -> None:
    found = word("Authentication-Results: " + "".join(pieces) + "\r\n")
    assert found.proof_of(ACME) in set(Proof)
