"""S-20: the classes of isemail, as header From has them: an address that programs read in two ways is none."""

import pytest

from postern.mail.reading.mailboxes import read_mailboxes
from postern.model.address import LOCAL_PART_MAXIMUM, PATH_MAXIMUM

LONG_LABEL = "x" * 63


def author(text: str) -> str | None:
    """The canonical form of the one address in a From field; nothing where there is not exactly one."""
    found = read_mailboxes(text, 100)
    return found[0].address.canonical() if len(found) == 1 and found[0].address else None


@pytest.mark.parametrize(
    "text",
    [
        "test@mail.test",
        "test@x.test",
        "te.st@mail.test",
        "!#$%&`*+/=?^`{|}~@mail.test",
        "0@mail.test",
        "test@0.test",
        "test@xn--hxajbheg2az3al.xn--jxalpdlp",
        f"{'x' * LOCAL_PART_MAXIMUM}@mail.test",
        f"test@{LONG_LABEL}.test",
        '"test"@mail.test',
        '"te st"@mail.test',
        '"te\\"st"@mail.test',
        '""@mail.test',
        '"te@st"@mail.test',
        '"<script>"@mail.test',
        "=?utf-8?q?test?=@mail.test",  # nothing is decoded in an address (RFC 2047 5)
    ],
)
def test_an_address_of_rfc_5321_is_read_as_it_is_written(text: str) -> None:
    assert author(text) == text.lower()
    assert author(f"<{text}>") == text.lower()
    assert author(f"A Name <{text}>") == text.lower()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "test",
        "@",
        "test@",
        "@mail.test",
        ".test@mail.test",
        "test.@mail.test",
        "te..st@mail.test",
        "test@.mail.test",
        "test@mail.test.",
        "test@mail..test",
        "test@-mail.test",
        "test@mail-.test",
        "test@mail_x.test",
        "test@mail test",
        "te st@mail.test",
        "te\\@st@mail.test",
        "test@a[255.255.255.255]",
        "test@[192.0.2.1]",
        "test@[IPv6:2001:db8::1]",
        "test@[RFC-5322-domain-literal]",
        f"{'x' * (LOCAL_PART_MAXIMUM + 1)}@mail.test",
        f"test@{'x' * 64}.test",
        f"{'x' * 60}@{'.'.join(['y' * 60] * 4)}",
        '"test@mail.test',
        'test"@mail.test',
        '"test"x@mail.test',
        'x"test"@mail.test',
        '"test"."x"@mail.test',
        '"te\tst"@mail.test',
        '"te\x7fst"@mail.test',
        "t\u00e9st@mail.test",
        "test@m\u00e4il.test",
        "test@mail.test\u200b",
        "=?utf-8?q?test=40mail=2Etest?=",
        "<@lies.test:test@mail.test>",
        "<@a.test,@b.test:test@mail.test>",
        "<test@mail.test",
        "<<test@mail.test>>",
        "<test@mail.test>x",
        "<>",
        "test@mail.test <x@lies.test> test@mail.test",
        "test@mail.test, x@lies.test",
        "test@mail.test; x@lies.test",
        "test@mail.test x@lies.test",
        "group:;",
        "group: test@mail.test, x@lies.test;",
    ],
)
def test_whatever_has_two_readings_or_none_is_no_address(text: str) -> None:
    assert author(text) is None


@pytest.mark.parametrize(
    "text, address",
    [
        ("test@mail.test (x@lies.test)", "test@mail.test"),
        ("(x@lies.test) test@mail.test", "test@mail.test"),
        ('"x@lies.test" <test@mail.test>', "test@mail.test"),
        ('"\\"x@lies.test\\"" <test@mail.test>', "test@mail.test"),
        ("x at lies dot test <test@mail.test>", "test@mail.test"),
        (" test@mail.test ", "test@mail.test"),
        ("<test@mail.test> (x", "test@mail.test"),
    ],
)
def test_a_name_and_a_comment_are_never_the_address(text: str, address: str) -> None:
    assert author(text) == address


def test_the_limit_of_a_path_holds() -> None:
    domain = ".".join(["y" * 60] * 3)
    longest = f"{'x' * (PATH_MAXIMUM - len(domain) - 1 - 7)}.{'z' * 6}@{domain}"
    assert len(longest) == PATH_MAXIMUM
    assert author(longest) is None  # its local part alone is too long
    fits = f"{'x' * 64}@{'.'.join(['y' * 60, 'y' * 60, 'y' * 60, 'y' * 6])}"
    assert len(fits) == PATH_MAXIMUM
    assert author(fits) == fits
    assert author(f"{'x' * 64}@{'.'.join(['y' * 60, 'y' * 60, 'y' * 60, 'y' * 7])}") is None
