"""SPF (RFC 7208): the public test suite of its makers, and what that leaves out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from postern.model.authentication import Result
from postern.model.envelope import Client
from postern.smtp.authentication.answers import FAILED, NO_SUCH_NAME, Answer, Answers, Kind, OpenQuestionsError, Question, State
from postern.smtp.authentication.spf import check_spf
from tests.proofs import Dns

SUITE = Path(__file__).parents[1] / "spf" / "rfc7208-tests.yml"
Zone = dict[str, list[object]]


def read_zone(zone: Zone, question: Question, aliases: int = 8) -> Answer:
    """One answer out of the suite's zones: records are pairs of type and value; TIMEOUT is a name server that keeps silent."""
    if question.name not in zone:
        return NO_SUCH_NAME
    records = [pair for one in zone[question.name] if isinstance(one, dict) for pair in one.items()]
    has_text = any(kind == "TXT" for kind, _ in records)
    for kind, value in records:
        if kind == "CNAME" and aliases:
            return read_zone(zone, Question.of(value, question.kind), aliases - 1)
    wanted = {question.kind.value, *(("SPF",) if question.kind is Kind.TXT and not has_text else ())}
    found = [value for kind, value in records if kind in wanted]
    if question.kind is Kind.MX:
        found = [host for _, host in sorted(found)]
    texts = tuple("".join(value) for value in found if value not in ("NONE", "TIMEOUT", None))
    silent = "TIMEOUT" in zone[question.name] or "TIMEOUT" in found
    return FAILED if silent and not texts else Answer(State.ANSWERED, texts)


def result_of(zone: Zone, sender: str, client: Client) -> str:
    known: dict[Question, Answer] = {}
    while True:
        try:
            return str(check_spf(sender, client, Answers(known)).result)
        except OpenQuestionsError as still_open:
            known |= {one: read_zone(zone, one) for one in still_open.questions - known.keys()}


def cases() -> Iterator[object]:
    for scenario in yaml.safe_load_all(SUITE.read_text("utf-8")):
        zone = {name.lower().removesuffix("."): records for name, records in scenario["zonedata"].items()}
        for name, case in scenario["tests"].items():
            yield pytest.param(zone, case, id=name)


@pytest.mark.parametrize("zone, case", list(cases()))
def test_the_public_suite_is_passed(zone: Zone, case: dict[str, Any]) -> None:
    expected = case["result"]
    found = result_of(zone, case["mailfrom"] or "", Client(case["host"], case["helo"]))
    assert found in (expected if isinstance(expected, list) else [expected])


def check(record: str, client: Client, sender: str = "ann@mail.test", **more: str) -> str:
    zone: Zone = {"mail.test": [{"TXT": record}], **{name.replace("_", "."): [{"TXT": text}] for name, text in more.items()}}
    return result_of(zone, sender, client)


HERE = Client("192.0.2.7", "client.test")


@pytest.mark.parametrize(
    "record, client, sender, result",
    [
        ("v=spf1 ip4:192.0.2.7 -all", Client("::ffff:192.0.2.7", "x.test"), "ann@mail.test", "pass"),  # RFC 7208 5
        ("v=spf1 ip4:192.0.2.7 -all", HERE, "", "none"),  # the null path: the name after EHLO, which publishes nothing
        ("v=spf1 ip4:192.0.2.7 -all", Client("192.0.2.7", "mail.test"), "", "pass"),
        ("v=spf1 ip4:192.0.2.7 -all", Client("192.0.2.7", "[192.0.2.7]"), "", "none"),
        ("v=spf1 ip4:192.0.2.7 -all", HERE, "ann@[192.0.2.7]", "none"),
        ("v=spf1 ip4:192.0.2.7 -all", HERE, '"a b"@mail.test', "pass"),
        ("v=spf1 ip4:192.0.2.7 -all", HERE, "ann@MAIL.test", "pass"),
        ("v=spf1 ip4:192.0.2.7 -all", Client("", ""), "ann@mail.test", "none"),
        ("v=spf1 ip4:192.0.2.0/33 -all", HERE, "ann@mail.test", "permerror"),
        ("v=spf1 a/33 -all", HERE, "ann@mail.test", "permerror"),
        ("v=spf1 ip6:2001:db8::/32 ~all", HERE, "ann@mail.test", "softfail"),
        ("v=spf1 ?all", HERE, "ann@mail.test", "neutral"),
        ("v=spf1 exists:%{p}.%{d} -all", HERE, "ann@mail.test", "fail"),
        ("v=spf2.0/pra -all", HERE, "ann@mail.test", "none"),
        ("v=spf1 include:mail.test -all", HERE, "ann@mail.test", "permerror"),  # round and round, ten times
        ("v=spf1 redirect=mail.test", HERE, "ann@mail.test", "permerror"),
        ("v=spf1 all:mail.test", HERE, "ann@mail.test", "permerror"),
        ("v=spf1 %{", HERE, "ann@mail.test", "permerror"),
    ],
)
def test_what_the_suite_leaves_out(record: str, client: Client, sender: str, result: str) -> None:
    assert check(record, client, sender) == result


def test_a_name_that_cannot_exist_is_never_asked_for() -> None:
    dns = Dns("")
    long = ".".join(["x" * 60] * 5)
    for name in ("a..b", "", "x" * 64 + ".test", long, "back\\slash.test"):
        assert not Question.of(name, Kind.TXT).can_exist
        assert Answers({}).get(name, Kind.TXT) is NO_SUCH_NAME
    assert dns.asked == []


def test_a_result_is_no_pass_while_a_name_server_keeps_silent() -> None:
    zone: Zone = {"mail.test": [{"TXT": "v=spf1 a -all"}, {"A": "TIMEOUT"}]}
    assert result_of(zone, "ann@mail.test", HERE) == Result.TEMPERROR
