from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from babel.dates import format_date
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from postern.language import (
    direction,
    known_languages,
    name_of,
    phrase,
    say,
    say_count,
    say_date,
    say_money,
    say_number,
    spoken,
    wordings,
)
from postern.language.catalogues import find_sentence, open_sentences
from postern.mail.steps.history import cut_footers
from tests.catalogues import speaking
from tests.translating import LOCALE_OF, find_sentences

SENTENCE = "{seller} writes to you."
GERMAN = {SENTENCE: "{seller} schreibt Ihnen.", "a link": "einen Link", "It holds {detail}.": "Es enth\u00e4lt {detail}."}
HEBREW = "\u05e9\u05dc\u05d5\u05dd"


def in_cldr(language: str) -> str:
    return LOCALE_OF.get(language, language.replace("-", "_"))


def test_our_words_are_known_in_every_language_that_we_speak(tmp_path: Path) -> None:
    with speaking(tmp_path, {"de": GERMAN}):
        assert wordings(SENTENCE) == (SENTENCE, "{seller} schreibt Ihnen.")
        rule = "-" * 13
        text = f"Danke\n\n> Acme Books schreibt Ihnen.\n>\n> Guten Tag\n>\n> {rule} Markt {rule}\n>\n> x\n>\n> Thema: [pt-abc]\n"
        assert cut_footers(text) == "Danke\n\n>\n> Guten Tag\n>\n> Thema: [pt-abc]\n"


@pytest.mark.parametrize("language", known_languages())
def test_a_sentence_is_found_as_gettext_finds_it(language: str) -> None:
    catalogue = open_sentences(language)
    sentences = [entry.id for entry in find_sentences() if entry.id and isinstance(entry.id, str)]
    for sentence in (*sentences, "Nobody says this.", "\uffff", "zzz"):
        assert find_sentence(language, sentence) == catalogue.gettext(sentence)


def test_our_words_are_known_when_a_mail_program_breaks_them_between_two_letters(tmp_path: Path) -> None:
    with speaking(tmp_path, {"ja": {SENTENCE: "{seller} \u69d8\u304b\u3089\u3054\u9023\u7d61\u3067\u3059\u3002"}}):
        rule = "-" * 13
        said = "> Acme\n> \u69d8\u304b\u3089\u3054\n> \u9023\u7d61\u3067\u3059\u3002\n"
        text = f"x\n\n{said}>\n> y\n>\n> {rule} z {rule}\n>\n> x\n>\n> T: [pt-abc]\n"
        assert cut_footers(text) == "x\n\n>\n> y\n>\n> T: [pt-abc]\n"


def test_a_sentence_without_a_translation_is_said_and_known_in_english(tmp_path: Path) -> None:
    with speaking(tmp_path, {"de": {}}):
        assert wordings("Nobody says this.") == ("Nobody says this.",)
        assert say("de", "Nobody says {what}.", what="this") == "Nobody says this."


@pytest.mark.parametrize("damaged", ["{", "{0}", "{vendor} schreibt.", "{seller!x}", "{seller.name}", "{seller:d}", "}"])
def test_a_damaged_translation_costs_no_mail(tmp_path: Path, damaged: str) -> None:
    with speaking(tmp_path, {"de": {SENTENCE: damaged}}):
        assert say("de", SENTENCE, seller="Acme") == "Acme writes to you."


def test_what_somebody_typed_is_no_pattern(tmp_path: Path) -> None:
    with speaking(tmp_path, {"de": GERMAN}):
        assert say("de", SENTENCE, seller="{seller} {0} %s") == "{seller} {0} %s schreibt Ihnen."


def test_words_of_ours_in_a_field_are_said_in_the_same_language(tmp_path: Path) -> None:
    with speaking(tmp_path, {"de": GERMAN}):
        assert say("de", "It holds {detail}.", detail=phrase("a link")) == "Es enth\u00e4lt einen Link."
        assert say("de", "It holds {detail}.", detail="a link") == "Es enth\u00e4lt a link."
        assert say("en", "It holds {detail}.", detail=phrase("a link")) == "It holds a link."


def test_what_is_counted_has_as_many_forms_as_its_language(tmp_path: Path) -> None:
    polish = "Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\n"
    forms = {"one file\0{count} files": "jeden plik\0{count} pliki\0{count} plik\u00f3w"}
    with speaking(tmp_path, {"pl": {"": polish, **forms}}):
        said = [say_count("pl", "one file", "{count} files", count) for count in (1, 2, 5, 22, 1112)]
    assert said == ["jeden plik", "2 pliki", "5 plik\u00f3w", "22 pliki", "1,112 plik\u00f3w"]
    assert say_count("en", "one file", "{count} files", 1) == "one file"
    assert say_count("en", "one file", "{count} files", 0) == "0 files"


@pytest.mark.parametrize(
    "asked, answered",
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("DE_at", "de"),
        ("pt-BR", "pt-BR"),
        ("pt-PT", "pt"),
        ("zh", "zh-Hans"),
        ("zh-CN", "zh-Hans"),
        ("zh-TW", "zh-Hant"),
        ("zh-Hant-HK", "zh-Hant"),
        ("zh-HK", "zh-Hant"),
        ("iw", "he"),
        ("xx", None),
        ("", None),
        ("-", None),
        ("../de", None),
        ("de/../he", None),
        ("d" * 5_000, None),
        ("x-" * 5_000, None),
    ],
)
def test_one_who_asks_is_answered_in_the_nearest_language_we_have(tmp_path: Path, asked: str, answered: str | None) -> None:
    with speaking(tmp_path, {name: {} for name in ("de", "pt", "pt-BR", "zh-Hans", "zh-Hant", "he")}):
        assert spoken(asked) == answered
        assert direction(asked) == ("rtl" if answered == "he" else "ltr")


def test_without_its_script_chinese_is_not_guessed(tmp_path: Path) -> None:
    with speaking(tmp_path, {"zh-Hant": {}}):
        assert spoken("zh-CN") is None


@pytest.mark.parametrize(
    "language, value, shown",
    [
        ("he", "Acme", "\u2068Acme\u2069"),
        ("he", "\u2068Acme\u2069", "\u2068Acme\u2069"),
        ("he", "\u2068a\u2069, \u2068b\u2069", "\u2068a\u2069, \u2068b\u2069"),
        ("he", "a\u2069b", "\u2068ab\u2069"),
        ("he", "\u2068a\u2069\u2069\u2068b\u2069", "\u2068ab\u2069"),
        ("he", "\u2068a\u202eb\u2069", "\u2068ab\u2069"),
        ("en", "Acme", "Acme"),
        ("en", HEBREW, f"\u2068{HEBREW}\u2069"),
        ("en", "caf\u00e9", "caf\u00e9"),
        ("en", "exe\u202efdp", "\u2068exefdp\u2069"),
        ("en", "a\u2068b", "\u2068ab\u2069"),
    ],
)
def test_where_two_directions_of_reading_meet_a_field_is_isolated(tmp_path: Path, language: str, value: str, shown: str) -> None:
    with speaking(tmp_path, {"he": {SENTENCE: "{seller} \u05db\u05d5\u05ea\u05d1."}}):
        assert say(language, SENTENCE, seller=value).startswith(f"{shown} ")


@given(st.text(alphabet="ab\u05e9\u2066\u2067\u2068\u2069\u202a\u202c\u202e ", max_size=12))
def test_no_field_turns_what_stands_behind_it(words: str) -> None:
    depth = 0
    for letter in say("en", SENTENCE, seller=words):
        depth += (letter == "\u2068") - (letter == "\u2069")
        assert depth >= 0
        assert letter not in "\u2066\u2067\u202a\u202c\u202e"
    assert depth == 0


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=2))
def test_numbers_are_written_as_babel_writes_them(number: Decimal) -> None:
    for language in known_languages():
        expected = format_decimal(number, format=None, locale=in_cldr(language), decimal_quantization=False)
        whole, _, fraction = expected.partition(
            decimal_point := "," if "," in format_decimal(0.5, locale=in_cldr(language)) else "."
        )
        padded = f"{whole}{decimal_point}{fraction.ljust(2, '0')}"
        assert say_number(language, number).lstrip("-") == padded.lstrip("-\u200e\u200f\u2212")


@given(st.dates(min_value=date(1990, 1, 1), max_value=date(2100, 1, 1)))
def test_days_are_written_as_babel_writes_them(day: date) -> None:
    for language in known_languages():
        locale = "en_GB" if language == "en" else in_cldr(language)  # English for everybody: the day first, a month in letters
        assert say_date(language, day) == format_date(day, "long", locale=locale)


def test_an_amount_stands_with_the_letters_of_its_currency() -> None:
    assert say_money("en", Decimal("1234.50"), "EUR") == "EUR\u00a01,234.50"
    for language in known_languages():
        assert "EUR" in say_money(language, Decimal("12.50"), "EUR")


def test_every_language_says_its_own_name() -> None:
    names = [name_of(language) for language in known_languages()]
    assert names[0] == "English"
    assert len(set(names)) == len(names)
