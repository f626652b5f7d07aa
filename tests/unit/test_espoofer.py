"""S-09: the published ways to pass for somebody else (Chen, Paxson, Jiang: Composition Kills, 2020), each as its own mail.

Each is examined with the DNS of an attacker who does everything right for a domain of their own, then judged. The names are the
paper's. What the session refuses before it is a mail at all is said to the session.
"""

from dataclasses import replace

import pytest

from postern.mail.reader import read
from postern.model.authentication import Proof
from postern.model.envelope import Client, Envelope, Mail
from postern.model.limits import Limits
from postern.smtp.command import read_mail
from postern.smtp.dkim import sign
from postern.smtp.reply import Reply
from tests.proofs import NOON, Dns, key_of, key_record, mail_of, prove, with_content

LIMITS = Limits()
KEY = key_of("lies.test")
SPF = '"v=spf1 ip4:192.0.2.66 -all"'
DNS = Dns(
    key_record(KEY)
    + f"lies.test. TXT {SPF}\nhelo.lies.test. TXT {SPF}\n33.lies.test. TXT {SPF}\n"
    + 'acme.test. TXT "v=spf1 ip4:192.0.2.7 -all"\n_dmarc.acme.test. TXT "v=DMARC1; p=reject"\n'
)
MALLORY = Client("192.0.2.66", "helo.lies.test")

# The paper's number, the reverse path, and the header's beginning.
SERVER = (
    ("a1", "any@mailfrom.nowhere.acme.test", "From: <help@acme.test>\r\n"),
    ("a3", "any@33.lies.test", "From: <help@acme.test>\r\n"),
    ("a4", "any@lies.test", "From: <help@acme.test>\r\n"),
    ("a6", "any@acme.test'.lies.test", "From: <help@acme.test>\r\n"),
    ("a7", "'any@lies.test", "From: <help@acme.test>\r\n"),
    ("a8", "any@lies.test", "From: <first@lies.test>\r\nFrom: <help@acme.test>\r\n"),
    ("a9", "any@lies.test", " From: <first@lies.test>\r\nFrom: <help@acme.test>\r\n"),
    ("a10", "any@lies.test", "From: <first@lies.test>\r\nFrom : <help@acme.test>\r\n"),
    ("a11", "any@lies.test", "From\r\n : <first@lies.test>\r\nFrom: <help@acme.test>\r\n"),
    ("a12", "any@lies.test", "From\r\n : <first@lies.test>\r\nSender: <help@acme.test>\r\n"),
    ("a13", "any@lies.test", "From\r\n : <first@lies.test>\r\nResent-From: <help@acme.test>\r\n"),
    ("a14", "any@lies.test", "From: <first@lies.test>, <help@acme.test>\r\nSender: <s@acme.test>\r\n"),
    ("a15", "any@lies.test", "From: =?utf-8?b?PGhlbHBAYWNtZS50ZXN0Pg==?=,<second@lies.test>\r\n"),
    ("a16", "any@lies.test", "From: <@lies.test,@any.test:help@acme.test>\r\n"),
    ("a17", "any@lies.test", "From: <help@acme.test>\\,<second@lies.test>\r\n"),
    ("a18", "any@lies.test", "From: help@acme.test,<second@lies.test>\r\n"),
    ("a19", "any@lies.test", "From: <any@lies.test>help@acme.test\r\n"),
    ("client a1", "any@lies.test", "From: <any@lies.test>\r\nFrom: <help@acme.test>\r\n"),
    ("client a2", "any@lies.test", "From: <any@lies.test>, <help@acme.test>\r\n"),
    ("an encoded address", "any@lies.test", "From: =?utf-8?q?help=40acme=2Etest?=\r\n"),
    ("an address in a comment", "any@lies.test", "From: any@lies.test (<help@acme.test>)\r\n"),
    ("an address in a name", "any@lies.test", 'From: "help@acme.test" <any@lies.test>\r\n'),
    ("a group", "any@lies.test", "From: Acme <help@acme.test>: any@lies.test;\r\n"),
    ("an empty group", "any@lies.test", "From: help@acme.test:;\r\n"),
    ("no From", "help@lies.test", "Sender: <help@acme.test>\r\n"),
)


def attack(reverse_path: str, head: str) -> Mail:
    mail = mail_of("x", reverse_path, client=MALLORY)
    return with_content(mail, f"{head}To: <x@marketplace.example>\r\nSubject: x\r\n\r\nHello.\r\n".encode())


def passes_for_acme(mail: Mail) -> bool:
    """Whether the rules would take it for Acme's: one author in one field, and proved."""
    reading = read(mail.content, LIMITS)
    single = reading.author_fields == 1 and len(reading.authors) == 1
    address = reading.authors[0].address if reading.authors else None
    if not single or address is None or address.domain != "acme.test":
        return False
    return prove(mail, DNS).proof_of(address) is Proof.PROVED


@pytest.mark.parametrize("path, head", [case[1:] for case in SERVER], ids=[case[0] for case in SERVER])
@pytest.mark.parametrize("is_signed", [False, True], ids=["unsigned", "signed"])
def test_nobody_passes_for_somebody_else(path: str, head: str, *, is_signed: bool) -> None:
    mail = attack(path, head)
    assert not passes_for_acme(with_content(mail, sign(mail.content, [KEY], NOON)) if is_signed else mail)


@pytest.mark.parametrize(
    "domain, selector",
    [
        ("acme.test", "s1._domainkey.lies.test.\0.any"),  # a3
        ("acme.test'a.lies.test", "s1"),  # a4
        ('acme.test"=(.lies.test', "s1"),
        ("acme.test\r\n .lies.test", "s1"),
        ("ACME.test", "s1"),  # of which Mallory has no key
        ("test", "s1"),
        ("", "s1"),
    ],
)
def test_no_name_in_a_signature_leads_to_the_key_of_another(domain: str, selector: str) -> None:
    mail = attack("any@lies.test", "From: <help@acme.test>\r\n")
    signed = sign(mail.content, [KEY], NOON).decode().replace("d=lies.test", f"d={domain}").replace("s=s1", f"s={selector}")
    assert not passes_for_acme(with_content(mail, signed.encode()))


@pytest.mark.parametrize(
    "path", ["<(any@acme.test>", "<any@acme.test(a.lies.test>", "<any@acme.test\0.lies.test>", "<@acme.test>"]
)
def test_a_reverse_path_that_is_none_is_refused_in_the_session(path: str) -> None:
    """a2, a5."""
    assert isinstance(read_mail(f"FROM:{path}", LIMITS), Reply)


def test_what_honest_people_send_passes() -> None:
    honest = replace(attack("any@acme.test", "From: Acme Books <help@acme.test>\r\n"), client=Client("192.0.2.7", "mx.acme.test"))
    assert passes_for_acme(honest)
    assert not passes_for_acme(replace(honest, client=MALLORY))


def test_a_null_path_is_judged_by_the_name_after_ehlo() -> None:
    mail = replace(attack("", "From: Acme Books <help@acme.test>\r\n"), client=Client("192.0.2.66", "acme.test"))
    assert not passes_for_acme(mail)
    assert passes_for_acme(replace(mail, client=Client("192.0.2.7", "acme.test"), envelope=Envelope("", ("x",))))
