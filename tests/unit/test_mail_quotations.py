"""Quoted history: what is cut from it, in which languages and programs, and what is left alone."""

from dataclasses import replace
from html import escape

import pytest

from postern.mail.quoting.labels import LANGUAGES
from postern.mail.quoting.tongues import TONGUES
from tests.letters import ACMES_ALIAS, ANNS_ALIAS, FROM_ACME, FROM_ANN, letter_of, relay
from tests.quotations import ATTRIBUTIONS, HEADERS, TYPED, WHO

UTF8 = "Content-Type: text/plain; charset=utf-8\n\n"
HTML = "Content-Type: text/html; charset=utf-8\n\n"
LINES = [pytest.param(line, id=f"{language}-{program}") for language, program, line in ATTRIBUTIONS]


def text_of(text: str) -> str:
    return relay(UTF8 + text).text


def html_of(html: str) -> str:
    whole = letter_of(relay(HTML + html)).letter.html or ""
    return whole.partition('<div dir="auto">')[2].partition("</div>\n<p style=")[0]


def text_in(html: str) -> str:
    return relay(HTML + html).text


def without_marks(line: str) -> str:
    return line.translate({0x202B: None, 0x202C: None})


def expected(line: str, who: str) -> str:
    return without_marks(line).format(who=who)


def test_thirty_languages_are_known() -> None:
    assert len(LANGUAGES) >= 30
    assert len(TONGUES) >= 30
    assert {language.partition("-")[0] for language, _, _ in ATTRIBUTIONS} == set(TONGUES)
    assert len(HEADERS) >= 28


# Attributions


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize(
    "who, shown",
    [
        (WHO, ANNS_ALIAS),
        ('"Real, Ann" <ANN@mail.test>', ANNS_ALIAS),
        (f"Acme Books <{ACMES_ALIAS}>", ACMES_ALIAS),
        ("Ann Real (private) <ann.real@elsewhere.test>", "..."),
        ("Bob van de Berg [mailto:bob@mail.test]", "..."),
    ],
)
def test_an_attribution_keeps_its_date_and_shows_an_alias_at_most(line: str, who: str, shown: str) -> None:
    text = text_of(f"Thank you.\n\n{line.format(who=who)}\n\n> Hello\n")
    assert "Real" not in text
    assert "Berg" not in text
    assert "elsewhere" not in text
    assert shown in text
    assert ("11" in text or "۱۱" in text or "writes" in line) and "Thank you." in text and "> Hello" in text


@pytest.mark.parametrize("line", LINES)
def test_an_attribution_is_reduced_in_html_too(line: str) -> None:
    who = 'Ann <b>Real</b> &lt;<a href="mailto:ann.real@elsewhere.test" title="Ann Real">ann.real@elsewhere.test</a>&gt;'
    shown = html_of(f"<p>Thank you.</p><div>{line.format(who=who)}<br></div><blockquote>Hello</blockquote>")
    assert "Real" not in shown
    assert "elsewhere" not in shown
    assert "..." in shown
    assert shown.startswith("<p>Thank you.</p><div>")
    assert shown.endswith("<blockquote>Hello</blockquote>")
