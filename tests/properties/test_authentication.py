"""Whatever a mail and the zones of strangers hold, an examination comes to an end, and never in an exception."""

import time

from hypothesis import given
from hypothesis import strategies as st

from postern.model.address import Address
from postern.model.authentication import Authentication, Proof
from postern.model.limits import Limits
from postern.smtp.authentication.answers import FAILED, NO_SUCH_NAME, Answer, Answers, Kind, Question, State
from postern.smtp.authentication.examine import Open, examine
from tests.proofs import mail_of, with_content

ACME = Address.parse("help@acme.test")
PIECES = (
    "v=1;", "v=DKIM1;", "v=DMARC1;", "v=spf1 ", "a=rsa-sha256;", "a=ed25519-sha256;", "c=simple/relaxed;", "d=acme.test;",
    "s=s1;", "h=From;", "bh=AAAA;", "b=AAAA;", "l=1;", "i=1;", "i=@acme.test;", "cv=none;", "cv=pass;", "t=1;", "x=9;",
    "p=AAAA;", "p=;", "k=rsa;", "psd=y;", "p=none;", "sp=reject;", "np=none;", "include:acme.test ", "a:%{i}.acme.test ",
    "mx ", "ptr ", "exists:%{l1r-}.%{d} ", "ip4:192.0.2.0/24 ", "ip6:::/0 ", "-all", "redirect=acme.test ", "exp=%{c} ",
    "%{p}", "%", "{", "=", ";", ":", "/", "//", "\t", " ", "\r\n ", "\u00e9", '"', "(",
)  # fmt: skip
TEXT = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
NAMES = (
    "DKIM-Signature",
    "ARC-Seal",
    "ARC-Message-Signature",
    "ARC-Authentication-Results",
    "From",
    "from ",
    "Received",
    "",
    "X",
)
HEADER = st.lists(st.tuples(st.sampled_from(NAMES), TEXT), max_size=6)
HOST = st.sampled_from(("acme.test", "mx.acme.test", "a..b", "x" * 64 + ".test", "."))
ADDRESS = st.sampled_from(("192.0.2.7", "192.0.2.8"))


@st.composite
def answers_to(draw: st.DrawFn, question: Question) -> Answer:
    """Any answer that a name server may give to this question."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from((FAILED, NO_SUCH_NAME)))
    one = {Kind.TXT: TEXT, Kind.A: ADDRESS, Kind.AAAA: st.just("2001:db8::7"), Kind.MX: HOST, Kind.PTR: HOST}[question.kind]
    return Answer(State.ANSWERED, tuple(draw(st.lists(one, max_size=3))))


@given(HEADER, st.sampled_from(("help@acme.test", "", "x@mail.acme.test", '"a b"@acme.test', "x@[192.0.2.7]")), st.data())
def test_an_examination_ends_and_proves_nothing_by_accident(
    header: list[tuple[str, str]], path: str, data: st.DataObject
) -> None:
    fields = "".join(f"{name}: {text}\r\n" for name, text in header)
    mail = mail_of("help@acme.test", path, fields=fields)
    known: dict[Question, Answer] = {}
    rounds = 0
    while isinstance(found := examine(mail, Answers(known), Limits()), Open):
        assert found.questions - known.keys()
        known |= {one: data.draw(answers_to(one)) for one in sorted(found.questions, key=lambda one: (one.name, one.kind.value))}
        rounds += 1
    assert rounds < 40
    assert not [check for check in found.checks if check.method == "dkim" and check.result == "pass"]
    assert found.arc != "pass"
    assert found.proof_of(ACME) in set(Proof)


@given(st.binary(max_size=2_000))
def test_no_octets_make_an_exception(octets: bytes) -> None:
    found = examine(with_content(mail_of("x"), octets), Answers({}), Limits())
    assert isinstance(found, Open | Authentication)


def test_costly_headers_and_records_take_linear_time() -> None:
    """Each is as large as a header or an answer may be."""
    began_at = time.process_time()
    for text in (
        "v=1; " * 3_000,
        ";" * 15_000,
        "=" * 15_000,
        "v=1; h=" + ":".join(["from"] * 3_000),
        "b=" + " \t" * 7_000,
        "(" * 15_000,
    ):
        mail = mail_of("help@acme.test", "help@acme.test", fields=f"DKIM-Signature: {text}\r\nARC-Seal: {text}\r\n" * 3)
        examine(mail, Answers({}), Limits())
    for text in (
        "v=spf1 " + "a " * 7_000,
        "v=spf1 " + "%{d}" * 3_500,
        "v=spf1 a:" + "x." * 7_000,
        "v=spf1 " + "x=" * 7_000,
        "v=DMARC1;" + "p=;" * 5_000,
    ):
        known = {
            Question.of(name, Kind.TXT): Answer(State.ANSWERED, (text,))
            for name in ("acme.test", "_dmarc.acme.test", "_dmarc.test")
        }
        examine(mail_of("help@acme.test", "help@acme.test"), Answers(known), Limits())
    assert time.process_time() - began_at < 2
