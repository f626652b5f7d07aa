"""The nouns that others are named by: addresses, aliases, identifiers."""

import logging
import re
import time
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postern.errors import AddressError
from postern.model.address import Address, is_domain
from postern.model.alias import mint_local_part, read_local_part
from postern.model.identifier import new_id, read_shown, show, spell, unspell

ANN = Address.parse("ann@mail.test")


@pytest.mark.parametrize(
    "shown",
    [str(ANN), repr(ANN), f"{ANN}", f"{ANN:>40}", f"{ANN!r}", "%s" % ANN, str([ANN]), str({"a": ANN})],  # noqa: UP031
)
def test_an_address_hides_itself_wherever_it_is_shown(shown: str) -> None:
    assert "ann" not in shown
    assert "mail.test" not in shown


def test_an_address_hides_itself_in_logs_and_in_the_error_that_refused_it(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("postern").warning("to %s", ANN)
    assert "mail.test" not in caplog.text
    for wrong in ("ann@mail..test", "a nn@mail.test", "ann", f"{'a' * 65}@mail.test"):
        with pytest.raises(AddressError) as refused:
            Address.parse(wrong)
        assert wrong not in str(refused.value)


MAILBOXES = ["ann@mail.test", "a+b@mail.test", '"a b"@mail.test', "a@b", f"{'a' * 64}@mail.test", "!#$%@x-1.test"]
NO_DOMAINS = ["", ".", "a.", ".a", "a..b", "a b", "a_b", "-a", "a-", "a" * 64, "\u212a", "[1.2.3.4]", "a\n", "a\0"]


@pytest.mark.parametrize("text", MAILBOXES)
def test_a_mailbox_is_read(text: str) -> None:
    assert Address.parse(text).reveal() == text


@pytest.mark.parametrize(
    "text",
    [
        "", "@", "ann", "ann@", "@mail.test", "ann@[127.0.0.1]", "ann@mail.test.", "ann@-mail.test", ".ann@mail.test",
        "ann.@mail.test", "a..b@mail.test", "ann@mail_x.test", "\u00e4nn@mail.test", "ann@m\u00e4il.test", "ann@mail.test\r\n",
        "<ann@mail.test>", "@a,@b:ann@mail.test", "ann@mail.test\0", f"a@{'b' * 64}.test", f"a@{'b.' * 130}test", "a\n@mail.test",
    ],
)  # fmt: skip
def test_what_is_no_mailbox_is_refused(text: str) -> None:
    with pytest.raises(AddressError):
        Address.parse(text)


@given(st.text(max_size=80) | st.from_regex(r"[a-z.\"\\ ]{0,20}@[a-z.-]{0,20}"))
@example("a" * 100_000)
@example("@".join("a" * 50_000))
def test_any_text_is_read_or_refused_and_what_is_read_is_safe_on_the_wire(text: str) -> None:
    try:
        address = Address.parse(text)
    except AddressError:
        return
    assert address.reveal().lower() == text.lower()
    assert re.fullmatch(r"[\x20-\x7e]+", address.reveal())
    assert Address.parse(address.reveal()) == address


def test_addresses_are_compared_in_lower_case_and_kept_as_spelled() -> None:
    shouted = Address.parse("ANN@MAIL.TEST")
    assert shouted.reveal() == "ANN@mail.test"
    assert shouted.canonical() == ANN.canonical()
    assert shouted != ANN


@pytest.mark.parametrize("text", NO_DOMAINS)
def test_what_is_no_domain_is_none(text: str) -> None:
    assert not is_domain(text)


def test_aliases_are_minted_from_a_source_that_never_repeats_itself() -> None:
    minted = [mint_local_part() for _ in range(2_000)]
    assert len(set(minted)) == 2_000
    assert all(re.fullmatch(r"[a-z0-9]{15}", one) for one in minted)
    assert set("".join(minted)) == set("abcdefghijklmnopqrstuvwxyz0123456789")


@given(st.text(max_size=20) | st.from_regex(r"[A-Za-z0-9]{15}", fullmatch=True))
@example("\u212a" * 15)
@example("a" * 15 + "\n")
def test_a_local_part_is_an_alias_or_none(text: str) -> None:
    read = read_local_part(text)
    assert (read is not None) == bool(re.fullmatch(r"[A-Za-z0-9]{15}", text))
    assert read in (None, text.lower())


@given(st.uuids())
def test_an_identifier_comes_back_from_its_spelling_whatever_the_case(identifier: UUID) -> None:
    assert len(spell(identifier)) == 26
    assert unspell(spell(identifier)) == unspell(spell(identifier).upper()) == identifier
    assert read_shown("msg", show("msg", identifier)) == identifier
    assert read_shown("thr", show("msg", identifier)) is None


@given(st.text(max_size=30) | st.from_regex(r"[0-9a-z]{26}", fullmatch=True))
def test_any_text_is_an_identifiers_one_spelling_or_none(text: str) -> None:
    identifier = unspell(text)
    assert identifier is None or spell(identifier) == text.lower()


def test_identifiers_are_uuids_of_version_seven_that_sort_by_time() -> None:
    first = new_id()
    time.sleep(0.002)
    second = new_id()
    for one in (first, second):
        assert (one.version, one.variant) == (7, "specified in RFC 4122")
        assert abs((one.int >> 80) / 1000 - time.time()) < 10
    assert first < second
    assert len({new_id() for _ in range(10_000)}) == 10_000
