"""Folding, coded letters, words near each other and base64: the pieces of the search for an address, each by itself."""

import base64
import random
import re
from html import unescape

import pytest

from postern.mail.base64_runs import decoded_runs
from postern.mail.coded import uncode, undo
from postern.mail.folding import fold
from postern.mail.links import clean_url
from postern.mail.marks import TAG, split_tags
from postern.mail.spelling import present, replace

ADDRESS = "ann@mail.test"
SOUGHT = ((ADDRESS, "alias"),)


@pytest.mark.parametrize(
    "spelled, shown",
    [
        ("&#64;", "@"),
        ("&amp;amp;#x40;", "@"),
        ("&commatx", "&commatx"),  # without its semicolon no name
        ("&ampere", "&ere"),  # one of the few that need none
        ("&lt;&ltx", "<<x"),
        ("&amp;nobody", "&nobody"),
        ("&nobody;", "&nobody;"),
        ("%252561", "a"),
        ("=40=2E", "@."),
    ],
)
def test_coded_letters_are_shown_as_a_reader_might_see_them(spelled: str, shown: str) -> None:
    assert undo(spelled) == shown


def test_what_travels_on_keeps_the_codes_that_are_no_letters_of_an_address() -> None:
    assert uncode("&lt;b&gt; %3Cb%3E &#97;&#64; %61%40") == "&lt;b&gt; %3Cb%3E a@ a@"


def test_a_long_run_of_percent_signs_is_read_like_a_short_one() -> None:
    assert undo("%61%C3%A4" * 5_000) == "aä" * 5_000


def test_folding_undoes_capitals_gaps_and_unseen_letters_at_once() -> None:
    assert fold("A\u200bN\n> N&#64;\uff2d\uff41\uff49\uff4c .Test") == ADDRESS


def test_few_foreign_letters_and_many_are_folded_alike() -> None:
    few, many = "\uff21@\uff22", "".join(map(chr, range(0xFF21, 0xFF3B)))
    assert fold(few) == "a@b"
    assert fold(f"{many}{few}") == "abcdefghijklmnopqrstuvwxyza@b"


def test_letters_that_look_latin_are_read_so_near_an_at_sign() -> None:
    assert "ann@mail.test" in fold("\u0430nn@m\u0430il.test")
    assert present("далеко " * 2_000 + "\u0430nn@m\u0430il.test" + " далеко" * 2_000, SOUGHT)


@pytest.mark.parametrize("gap", [1, 5, 20])
def test_an_address_is_heard_out_of_words_near_each_other(gap: int) -> None:
    brackets = "(" * (gap - 1)
    assert present(f"ann {brackets}at mail dot test", SOUGHT) == ([*SOUGHT] if gap <= 19 else [])


@pytest.mark.parametrize("often", [0, 50, 3_000])
def test_it_is_heard_however_often_its_words_stand_elsewhere(often: int) -> None:
    noise = "ann is here. the mail came. this was a test of nobody. " * often
    assert not present(noise, SOUGHT)
    assert present(f"{noise} ann at mail dot test {noise}", SOUGHT) == [*SOUGHT]


@pytest.mark.parametrize("before", range(5))
def test_base64_is_read_from_any_of_four_letters_on(before: int) -> None:
    run = "Aa1+"[:before] + base64.b64encode(f"write to {ADDRESS} soon".encode()).decode().rstrip("=")
    assert any(ADDRESS.encode() in said for _, _, said in decoded_runs(f"see ü {run} there".encode()))
    assert replace(f"see ü {run} there", SOUGHT) == ("see ü alias there", 1)


@pytest.mark.parametrize("ahead", range(3))
@pytest.mark.parametrize("width", range(12, 64, 4))  # as programs break base64 (RFC 2045 6.8)
def test_base64_is_read_over_its_lines_however_short_the_last_is(ahead: int, width: int) -> None:
    run = base64.b64encode(b"x" * ahead + ADDRESS.encode()).decode()
    lines = "\n".join(run[start : start + width] for start in range(0, len(run), width))
    assert any(ADDRESS.encode() in said for _, _, said in decoded_runs(f"see {lines} there".encode()))


def test_an_address_in_base64_over_several_quoted_rows_is_one_run() -> None:
    encoded = base64.b64encode(f"a long row before it, then {ADDRESS}".encode()).decode()
    assert replace(f"> {encoded[:20]}\n> {encoded[20:]}", SOUGHT) == ("> alias", 1)


def test_html_is_split_into_words_and_tags_as_the_pattern_of_a_tag_says() -> None:
    chance = random.Random(1)
    for _ in range(2_000):  # long words, for the pattern itself cuts short ones
        html = "".join(
            chance.choice(("<", ">", "<b>", "</b>", "x" * 90, " ", '<a href="y">')) for _ in range(chance.randint(0, 12))
        )
        assert split_tags(html) == re.split(f"({TAG.pattern})", html)


@pytest.mark.parametrize(
    "url, cleaned",
    [
        ("https://shop.test/a?b=c", "https://shop.test/a?b=c"),
        ("https://shop.test/a?utm_source=x&b=c", "https://shop.test/a?b=c"),
        ("https://shop.test/a?fbclid=1", "https://shop.test/a"),
        ("https://ann@shop.test/", "https://shop.test/"),
        ("https://shop.test:8443/", "https://shop.test:8443/"),
        ("HTTPS://Shop.Test/a?b=c", "https://shop.test/a?b=c"),
        ("https://münchen.example/", "https://xn--mnchen-3ya.example/"),
        (f"https://{'a' * 64}.test/", None),
        ("https://", None),
    ],
)
def test_a_plain_web_address_and_an_odd_one_are_cleaned_alike(url: str, cleaned: str | None) -> None:
    assert clean_url(unescape(url)) == cleaned
