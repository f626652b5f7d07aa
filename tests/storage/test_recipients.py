"""For whom Postern takes mail: what RCPT is answered, whatever is asked."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from postern.actions.find_recipient import House, Recipient, Refused, find_recipient, refusal_beside
from postern.keys import Keyring
from postern.mail.return_path import make_return_path
from postern.model.identifier import new_id
from postern.model.relationship import Side
from postern.policy.reasons import ALIASES_OF_TWO_SELLERS, MAILED_TO_NOTICES, UNKNOWN_ALIAS, Cause
from postern.storage.relationships import AliasEntry
from tests.people import START, Town

UNKNOWN = Refused(Cause(UNKNOWN_ALIAS))
DAY = timedelta(days=1)


def ask(town: Town, address: str, after: timedelta = timedelta()) -> Recipient:
    with town.store.look() as look:
        return find_recipient(look, town.frame, address, START + after)


def test_the_alias_says_whose_pair_it_is_and_which_side_it_stands_for(town: Town) -> None:
    assert ask(town, town.pair.buyer_alias) == AliasEntry(1, town.pair.id, Side.BUYER)
    assert ask(town, town.pair.seller_alias) == AliasEntry(1, town.pair.id, Side.SELLER)
    assert ask(town, town.bolt_pair.seller_alias) == AliasEntry(2, town.bolt_pair.id, Side.SELLER)


def test_one_letter_off_is_nobody(town: Town) -> None:
    alias = town.pair.buyer_alias
    other = ("a" if alias[0] != "a" else "b") + alias[1:]
    for wrong in (other, alias[1:], f"x{alias}", f" {alias}", f"{alias} ", f"{alias}.", f'"{alias[:15]}"{alias[15:]}'):
        assert ask(town, wrong) == UNKNOWN


def test_an_alias_at_another_domain_is_nobody(town: Town) -> None:
    local_part = town.pair.buyer_alias[:15]
    for domain in ("mail.test", "marketplace.example.test", "sub.marketplace.example", "marketplace", "", "[127.0.0.1]"):
        assert ask(town, f"{local_part}@{domain}") == UNKNOWN


def test_a_letter_that_only_becomes_an_ascii_one_in_lower_case_is_another_letter(town: Town) -> None:
    """The Kelvin sign is lowered to an ordinary k; an alias is spelled in ASCII."""
    assert ask(town, town.pair.buyer_alias.replace("marketplace", "mar\u212aetplace")) == UNKNOWN
    kelvin = "\u212a" * 15
    assert kelvin.lower() == "k" * 15
    assert ask(town, f"{kelvin}@marketplace.example") == UNKNOWN


@pytest.mark.parametrize("role", ["postmaster", "abuse"])
def test_the_house_takes_mail_at_each_of_its_domains_whatever_the_case(town: Town, role: str) -> None:
    for spelled in (role, role.upper(), role.title()):
        assert ask(town, f"{spelled}@marketplace.example") == House(role)
        assert ask(town, f"{spelled}@MARKETPLACE.example") == House(role)
        assert ask(town, f"{spelled}@elsewhere.test") == UNKNOWN


def test_postmaster_needs_no_domain_and_nobody_else_does_without(town: Town) -> None:
    assert ask(town, "postmaster") == House("postmaster")  # RFC 5321 4.5.1
    assert ask(town, "PostMaster") == House("postmaster")
    for bare in ("abuse", "no-reply", town.pair.buyer_alias[:15], "", "@", "@marketplace.example"):
        assert ask(town, bare) == UNKNOWN


def test_an_answer_to_a_notice_is_refused_with_where_to_write(town: Town) -> None:
    """R30."""
    for spelled in ("no-reply", "No-Reply", "noreply"):
        assert ask(town, f"{spelled}@marketplace.example") == Refused(Cause(MAILED_TO_NOTICES))
    assert "alias of the person" in MAILED_TO_NOTICES.remedy
    assert ask(town, "no-reply@elsewhere.test") == UNKNOWN


def test_a_return_path_of_ours_is_taken_until_its_end_whatever_its_case(town: Town) -> None:
    message_id = new_id()
    path = make_return_path(town.frame.keyring, message_id, START + DAY, "marketplace.example")
    for spelled in (path, path.upper(), path.title()):
        assert ask(town, spelled) == House("report", message_id)
    assert ask(town, path, after=DAY) == House("report", message_id)
    assert ask(town, path, after=DAY + timedelta(hours=1, seconds=1)) == UNKNOWN


def test_a_forged_return_path_is_nobody(town: Town) -> None:
    path = make_return_path(town.frame.keyring, new_id(), START + DAY, "marketplace.example")
    theirs = make_return_path(Keyring({1: b"m" * 32}), new_id(), START + DAY, "marketplace.example")
    swapped = "b" if path[10] != "b" else "c"
    for wrong in (theirs, path[:10] + swapped + path[11:], path.replace("@", "a@"), path[3:], "rp-@marketplace.example"):
        assert ask(town, wrong) == UNKNOWN
    assert ask(town, path.replace("marketplace.example", "elsewhere.test")) == UNKNOWN


HOSTILE = st.one_of(
    st.text(max_size=80),
    st.builds("{}@{}".format, st.text(max_size=40), st.sampled_from(["marketplace.example", "MARKETPLACE.EXAMPLE"])),
    st.builds("{}@{}".format, st.from_regex(r"[a-z0-9]{15}", fullmatch=True), st.text(max_size=40)),
    st.builds("rp-{}@marketplace.example".format, st.text(max_size=60)),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(address=HOSTILE)
@example(address="k3v9x0q2m7t4w1z@\x00")
@example(address="\x00@marketplace.example")
@example(address="k3v9x0q2m7t4w1z@\ud800")
@example(address="rp-\ud800@marketplace.example")
@example(address="a" * 100_000 + "@" + "b" * 100_000)
def test_whatever_is_asked_is_answered_and_nobody_is_found_by_chance(town: Town, address: str) -> None:
    answer = ask(town, address)
    expected = {"postmaster", "abuse"}
    local_part = address.rpartition("@")[0].lower() or address.lower()
    if local_part in expected:
        assert answer in (House(local_part), UNKNOWN)
    else:
        assert isinstance(answer, Refused)


def test_aliases_of_two_sellers_do_not_share_a_mail(town: Town) -> None:
    """Each seller's day, record and writer are its own; the sending server repeats the second recipient by itself."""
    ours, theirs = ask(town, town.pair.seller_alias), ask(town, town.bolt_pair.seller_alias)
    assert refusal_beside(theirs, [ours]) == Cause(ALIASES_OF_TWO_SELLERS)
    assert refusal_beside(theirs, [House("abuse"), ours]) == Cause(ALIASES_OF_TWO_SELLERS)
    assert ALIASES_OF_TWO_SELLERS.status == 452
    assert refusal_beside(ours, [ours, House("postmaster")]) is None
    assert refusal_beside(House("abuse"), [ours]) is None
    assert refusal_beside(ask(town, town.pair.buyer_alias), [ours]) is None
