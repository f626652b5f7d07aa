"""Every language that people can choose is whole, and says what the English says."""

import json
import re
from collections import Counter
from string import Formatter

import pytest
from babel.messages.catalog import Message
from typer.testing import CliRunner

from postern.cli.commands import app
from postern.language.coverage import all_sentences, measure
from tests.translating import catalogue_of, files_in_step, find_sentences, forms_in, known_catalogues

# Words that are the same in another language as in English, as its people write them.
UNITS = {"{days} d", "{hours} h", "{hours} h {minutes} min", "{minutes} min"}
SAME_WORD = {
    "da": {"Median", "Send", "send"},
    "de": {"Code", "Median"},
    "fr": {"Code", "Message", "Messages"},
    "it": {"Marketplace", "file"},
    "nl": {"Code", "Marketplace"},
    "pt": {"Marketplace"},
    "pt-BR": {"Marketplace"},
    "sv": {"Median"},
}
NO_WORDS = re.compile(r"\{\w+\}|[\W\d_]+")
LANGUAGES = pytest.mark.parametrize("language", known_catalogues())


def entries(language: str) -> list[Message]:
    return [entry for entry in catalogue_of(language) if entry.id]


def pairs(language: str) -> list[tuple[str, str]]:
    """Each sentence and its translation; of what is counted, each of its forms with the English for many."""
    return [
        (forms_in(entry.id)[-1], translated) for entry in entries(language) for translated in forms_in(entry.string) if translated
    ]


def fields_of(sentence: str) -> set[str | None]:
    return {field for _, field, _, _ in Formatter().parse(sentence) if field is not None}


def test_the_catalogues_are_in_step_with_what_the_code_says() -> None:
    """If not: ``bin/languages``."""
    behind = [path.name for path, octets in files_in_step(find_sentences()) if not path.exists() or path.read_bytes() != octets]
    assert not behind


def test_every_sentence_is_found_however_it_is_written() -> None:
    found = set(all_sentences())
    assert {
        "Begin message",  # in an f-string
        "Report message",  # in a template
        "an e-mail address",  # in a table
        "No such address here.",  # of a reason, what happened
        "Send it again from an ordinary mail program, smaller or with fewer parts.",  # and what to do
        "and one more",  # counted
    } <= found


@pytest.mark.parametrize("one", measure(), ids=lambda one: one.language)
def test_every_language_has_every_sentence(one: object) -> None:
    assert not one.missing  # type: ignore[attr-defined]


def test_the_command_tells_how_far_each_language_goes() -> None:
    printed = json.loads(CliRunner().invoke(app, ["catalogue", "coverage", "--json"]).stdout)
    assert [one["language"] for one in printed] == known_catalogues()
    assert all(one["percent"] == 100 for one in printed)
    lines = CliRunner().invoke(app, ["catalogue", "coverage"]).stdout.splitlines()
    assert len(lines) == len(printed)


@LANGUAGES
def test_a_translation_has_the_fields_of_its_sentence(language: str) -> None:
    assert not [one for one in pairs(language) if fields_of(one[0]) - {"count"} != fields_of(one[1]) - {"count"}]
    assert not [one for one in pairs(language) if not fields_of(one[1]) <= fields_of(one[0])]


@LANGUAGES
def test_what_is_counted_has_all_its_forms_and_shows_the_number_in_most(language: str) -> None:
    catalogue = catalogue_of(language)
    for entry in entries(language):
        if isinstance(entry.id, tuple) and any(forms := forms_in(entry.string)):
            assert len(forms) == catalogue.num_plurals
            assert sum("{count}" in form for form in forms) >= len(forms) - 2  # one and two are said without


@LANGUAGES
def test_a_translation_has_the_shape_of_its_sentence(language: str) -> None:
    for sentence, translated in pairs(language):
        assert translated == translated.strip() or sentence != sentence.strip(), translated
        assert translated.count("\n\n") == sentence.count("\n\n"), translated
        assert "  " not in translated
        assert len(translated) <= 2.5 * len(sentence) + 20, translated


@LANGUAGES
def test_nothing_is_left_in_english(language: str) -> None:
    same = {sentence for sentence, translated in pairs(language) if sentence == translated and NO_WORDS.sub("", sentence)}
    assert same <= UNITS | SAME_WORD.get(language, set())


@LANGUAGES
def test_brackets_and_marks_of_direction_are_closed(language: str) -> None:
    for _, translated in pairs(language):
        seen = Counter(translated)
        for opening, closing in ("()", "[]", "{}", "\u2068\u2069", "\u300c\u300d", "\u201e\u201c", "\u00ab\u00bb"):
            if opening == "\u201e":
                assert seen[opening] <= seen["\u201c"] + seen["\u201d"], translated
            else:
                assert seen[opening] == seen[closing], translated
        assert not re.search("[\u202a-\u202e\u2066\u2067\u200b\ufeff]", translated), translated


@LANGUAGES
def test_names_that_programs_read_stay_as_they_are(language: str) -> None:
    for sentence, translated in pairs(language):
        for name in ("[Important]", "PGP", "S/MIME", "PDF", "HTML", "SVG"):
            assert sentence.count(name) == translated.count(name), translated
