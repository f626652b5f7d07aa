import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postern.model.limits import Limits
from postern.smtp.sts_policy import Mode, Policy, read_policy, read_record

GOOD = b"version: STSv1\r\nmode: enforce\r\nmx: mx.mail.test\r\nmx: *.Hosts.test\r\nmax_age: 86400\r\n"
ENFORCED = Policy(Mode.ENFORCE, 86_400, frozenset({"mx.mail.test", "*.hosts.test"}))


def read(octets: bytes) -> Policy | None:
    return read_policy(octets, Limits())


@pytest.mark.parametrize(
    "texts, found",
    [
        (["v=STSv1; id=20260831085700Z;"], "20260831085700Z"),
        (["v=STSv1;id=1"], "1"),
        (["v=STSv1 ;\tid=1 ; more=x.y"], "1"),
        (["v=spf1 -all", "v=STSv1; id=7;", "anything"], "7"),
        (["v=STSv1; id=" + "a" * 32], "a" * 32),
    ],
)
def test_a_record_has_an_id(texts: list[str], found: str) -> None:
    assert read_record(texts) == found


@pytest.mark.parametrize(
    "texts",
    [
        [],
        ["v=STSv1; id=1;", "v=STSv1; id=1;"],
        ["v=STSv1"],
        ["v=STSv1;"],
        ["v=STSv1; id="],
        ["v=STSv1; id=a b"],
        ["v=STSv1; id=a-b"],
        ["v=STSv1; id=" + "a" * 33],
        ["v=STSv1; id=1; id=2"],
        ["v=STSv1; id=1;; x=y"],
        ["v=STSv1; id=1; nonsense"],
        ["v=STSv1 id=1"],
        ["v=stsv1; id=1"],
        ["v=STSv2; id=1"],
        [" v=STSv1; id=1"],
        ["v=STSv1; id=1\n"],
        ["v=STSv1; id=\u0661"],
    ],
)
def test_what_is_no_record_has_none(texts: list[str]) -> None:
    assert read_record(texts) is None


def test_a_policy_is_its_mode_its_hosts_and_its_time() -> None:
    assert read(GOOD) == ENFORCED


@pytest.mark.parametrize(
    "octets",
    [
        GOOD.replace(b"\r\n", b"\n"),
        GOOD.removesuffix(b"\r\n"),
        GOOD.replace(b": ", b":"),
        GOOD.replace(b"\r\n", b" \t\r\n"),
        GOOD + b"mode: none\r\nmax_age: 1\r\nversion: STSv2\r\n",  # RFC 8461 3.2: all but the first are ignored
        GOOD + "note: caf\u00e9 and more\r\n".encode(),
        b"".join(sorted(GOOD.splitlines(keepends=True))),
    ],
)
def test_it_may_be_written_in_other_ways(octets: bytes) -> None:
    assert read(octets) == ENFORCED


@pytest.mark.parametrize("mode", [Mode.TESTING, Mode.NONE])
def test_it_may_ask_for_less(mode: Mode) -> None:
    policy = read(GOOD.replace(b"enforce", mode.encode()))
    assert policy is not None
    assert policy.mode is mode


def test_only_one_that_asks_for_nothing_needs_no_hosts() -> None:
    assert read(b"version: STSv1\nmode: none\nmax_age: 1") == Policy(Mode.NONE, 1, frozenset())
    assert read(b"version: STSv1\nmode: enforce\nmax_age: 1") is None
    assert read(b"version: STSv1\nmode: testing\nmax_age: 1") is None


def test_no_policy_holds_for_more_than_a_year() -> None:
    policy = read(GOOD.replace(b"86400", b"9999999999"))
    assert policy is not None
    assert policy.max_age == 31_557_600


JUNK = [
    b"",
    b"\n",
    b"\xff\xfe" + GOOD,
    b"\xef\xbb\xbf" + GOOD,
    GOOD + b"\r\n",
    b"\r\n" + GOOD,
    GOOD + b"junk\r\n",
    GOOD + b"mx: \r\n",
    GOOD + b": x\r\n",
    GOOD + b"<html>: x\r\n",
    GOOD + b"note: a\x00b\r\n",
    GOOD + b"note: a\rb\r\n",
    GOOD.replace(b"version: STSv1\r\n", b""),
    GOOD.replace(b"STSv1", b"STSv2"),
    GOOD.replace(b"STSv1", b"stsv1"),
    GOOD.replace(b"mode: enforce\r\n", b""),
    GOOD.replace(b"enforce", b"Enforce"),
    GOOD.replace(b"enforce", b"all"),
    GOOD.replace(b"max_age: 86400\r\n", b""),
    GOOD.replace(b"86400", b"-1"),
    GOOD.replace(b"86400", b"1.5"),
    GOOD.replace(b"86400", b"1e3"),
    GOOD.replace(b"86400", b"99999999999"),
    GOOD.replace(b"86400", "\u0661".encode()),
    GOOD.replace(b"mx.mail.test", b"*"),
    GOOD.replace(b"mx.mail.test", b"*.*.test"),
    GOOD.replace(b"mx.mail.test", b"mx.*.test"),
    GOOD.replace(b"mx.mail.test", b".mail.test"),
    GOOD.replace(b"mx.mail.test", b"mx.mail.test, other.test"),
    GOOD.replace(b"mx.mail.test", b"http://mx.mail.test"),
    GOOD.replace(b"\r\n", b"\r"),
]


@pytest.mark.parametrize("octets", JUNK)
def test_a_policy_with_junk_in_it_is_none(octets: bytes) -> None:
    assert read(octets) is None


def test_a_policy_that_names_too_many_hosts_is_none() -> None:
    hosts = b"".join(b"mx: h%d.test\r\n" % number for number in range(3))
    written = b"version: STSv1\r\nmode: enforce\r\nmax_age: 9\r\n" + hosts
    assert read_policy(written, Limits(sts_hosts=3)) is not None
    assert read_policy(written, Limits(sts_hosts=2)) is None


@pytest.mark.parametrize("host", ["mx.mail.test", "MX.Mail.Test", "a.hosts.test"])
def test_a_host_that_is_named_is_allowed(host: str) -> None:
    assert ENFORCED.allows(host)


@pytest.mark.parametrize(
    "host", ["mail.test", "a.mx.mail.test", "hosts.test", "a.b.hosts.test", ".hosts.test.example", "", "test"]
)
def test_any_other_is_not(host: str) -> None:
    assert not ENFORCED.allows(host)


@given(st.binary(max_size=400), st.integers(0, 80))
@example(b"note: a" + b" " * 60_000 + b"\x00", 80)
def test_any_octets_give_a_policy_or_none(octets: bytes, at: int) -> None:
    for policy in (read(octets), read(GOOD[:at] + octets + GOOD[at:])):
        assert policy is None or policy.mode is Mode.NONE or policy.hosts


@given(st.lists(st.text(max_size=60) | st.text("v=STSv1; id0", max_size=30), max_size=4))
def test_any_texts_give_an_id_or_none(texts: list[str]) -> None:
    found = read_record(texts)
    assert found is None or (found.isascii() and found.isalnum())
