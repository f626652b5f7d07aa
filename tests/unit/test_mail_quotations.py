"""Quoted history: what is cut from it, in which languages and programs, and what is left alone."""

import random
import textwrap
import time
from html import escape
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postern.mail.quotation import cut
from postern.mail.quoting.history import CANDIDATES_MAXIMUM
from postern.mail.quoting.labels import LANGUAGES
from postern.mail.quoting.rows import ROWS_MAXIMUM, edit_html, edit_text, rows_of_html, rows_of_text
from postern.mail.quoting.tongues import TONGUES
from postern.mail.steps.history import cut_footers
from postern.mail.steps.quotations import reductions
from tests.letters import ACMES_ALIAS, ANNS_ALIAS, FROM_ANN, letter_of, relay
from tests.quotations import ATTRIBUTIONS, HEADERS, TYPED, WHO

UTF8 = "Content-Type: text/plain; charset=utf-8\n\n"
HTML = "Content-Type: text/html; charset=utf-8\n\n"
LINES = [pytest.param(line, id=f"{language}-{program}") for language, program, line in ATTRIBUTIONS]


def text_of(text: str) -> str:
    return relay(UTF8 + text).text


def html_of(html: str) -> str:
    whole = letter_of(relay(HTML + html)).letter.html or ""
    return whole.partition('<div dir="auto">')[2].partition("</div>\n<p dir=")[0]


def test_thirty_languages_are_known() -> None:
    assert len(LANGUAGES) >= 30
    assert len(TONGUES) >= 30
    assert {language.partition("-")[0] for language, _, _ in ATTRIBUTIONS} == set(TONGUES)
    assert len(HEADERS) >= 28


# Attributions


@pytest.mark.parametrize("line", LINES)
def test_an_attribution_keeps_its_date_and_shows_an_alias_at_most(line: str) -> None:
    for who, shown in (
        (WHO, ANNS_ALIAS),
        ('"Real, Ann" <ANN@mail.test>', ANNS_ALIAS),
        (f"Acme Real <{ACMES_ALIAS}>", ACMES_ALIAS),
        ("Ann Real (private) <ann.real@elsewhere.test>", "..."),
        ("Bob van de Real [mailto:bob@elsewhere.test]", "..."),
        ("安真 Real <an@elsewhere.test>", "..."),
    ):
        text = text_of(f"Thank you.\n\n{line.format(who=who)}\n\n> Hello\n")
        assert "real" not in text.lower()
        assert "elsewhere" not in text
        assert shown in text
        assert text.startswith("Thank you.\n\n")
        assert text.endswith("\n\n> Hello\n")
        assert {letter for letter in line if letter.isdigit()} <= set(text)


@pytest.mark.parametrize("line", LINES)
def test_an_attribution_is_reduced_in_html_too(line: str) -> None:
    who = 'Ann <b>Real</b> &lt;<a href="mailto:ann.real@elsewhere.test" title="Ann Real">ann.real@elsewhere.test</a>&gt;'
    shown = html_of(f"<p>Thank you.</p><div>{line.format(who=who)}<br></div><blockquote>Hello</blockquote>")
    assert "Real" not in shown
    assert "elsewhere" not in shown
    assert "..." in shown
    assert shown.startswith("<p>Thank you.</p><div>")
    assert shown.endswith("<blockquote>Hello</blockquote>")


@pytest.mark.parametrize("width", [60, 76])
@pytest.mark.parametrize("marks", ["", "> > > "])
def test_an_attribution_is_found_wrapped_and_inside_quotations(width: int, marks: str) -> None:
    who = "Ann Elisabeth Real-Example of the Market <ann.real@elsewhere.test>"
    for language, _, line in ATTRIBUTIONS:
        rows = textwrap.wrap(line.format(who=who), width, break_long_words=False, break_on_hyphens=False)
        text = text_of("\n".join(f"{marks}{row}" for row in rows) + f"\n{marks}> Hello\n")
        assert "Real" not in text, (language, rows)
        assert "elsewhere" not in text, language
        assert "Hello" in text


def test_a_name_alone_is_cut_where_a_quotation_follows() -> None:
    for language, program, line in ATTRIBUTIONS:
        if (language, program) in {("ja", "Gmail"), ("ru", "Gmail"), ("ru", "Yandex")}:
            continue  # neither a verb nor an address: nobody could tell it from a sentence
        shown = text_of(f"{line.format(who='Ann Real')}\n> Hello\n")
        assert "Real" not in shown, line


def test_a_sentence_before_a_wrapped_attribution_stays() -> None:
    text = "On 23 November I told you what I want.\nAnn Real <ann@elsewhere.test> wrote:\n> Hello"
    assert text_of(text) == "On 23 November I told you what I want.\n... wrote:\n> Hello"


def test_a_second_address_of_the_author_does_not_leave_in_a_quotation() -> None:  # R1
    relayed = relay(UTF8 + "On 23 Nov 2026 at 11:00 Ann Real <ann.real@work.test> wrote:\n> Hello")
    assert b"ann.real" not in relayed.content
    assert "names and addresses were cut from quoted history" in relayed.changes


# Headers


def header_of(language: str) -> list[str]:
    author, date, people, copied, subject = HEADERS[language]
    return [
        f"{author}: Ann Real <ann.real@elsewhere.test>",
        f"{date}: 23.11.2026 11:00",
        f"{people}: Acme Real <help@acme.test>; Bob Real <bob@elsewhere.test>",
        f"{copied}: Carl Real <carl@elsewhere.test>",
        f"{subject}: Atlas",
    ]


def assert_reduced(text: str, language: str) -> None:
    author, date, _, _, subject = HEADERS[language]
    assert "Real" not in text
    assert "elsewhere" not in text
    assert "acme.test" not in text
    assert f"{author}: ..." in text
    for words in (date, "23.11.2026 11:00", subject, "Atlas", "Thank you.", "Where is it?"):
        assert words in text


@pytest.mark.parametrize("language", HEADERS)
def test_a_quoted_header_keeps_date_and_subject_and_names_nobody(language: str) -> None:
    rows = header_of(language)
    for above, marks, gap in (
        ("", "", "\n"),
        ("-----Original Message-----\n", "", "\n"),
        ("________________________________\n", "", "\n"),
        ("", "> ", "\n"),
        ("", "> > ", "\n> > \n"),
    ):
        block = gap.join(f"{marks}{row}" for row in rows)
        assert_reduced(text_of(f"Thank you.\n\n{above}{block}\n\nWhere is it?\n"), language)
    forwarded = "\n".join(rows[:1] + rows[4:] + rows[1:4])
    assert_reduced(text_of(f"Thank you.\n---------- Forwarded message ---------\n{forwarded}\n\nWhere is it?"), language)


@pytest.mark.parametrize("language", HEADERS)
def test_a_quoted_header_is_reduced_in_html(language: str) -> None:
    rows = [row.partition(":") for row in header_of(language)]
    styles = (
        "<p>" + "<br>".join(f"<b>{label}:</b> {escape(words)}" for label, _, words in rows) + "</p>",
        "".join(f'<div><span style="color:black"><b>{label}: </b></span>{escape(words)}</div>' for label, _, words in rows),
        "<table>" + "".join(f"<tr><th>{label}: </th><td>{escape(words)}</td></tr>" for label, _, words in rows) + "</table>",
    )
    for block in styles:
        shown = html_of(f'<p>Thank you.</p><div style="border-top:solid #E1E1E1 1.0pt">{block}</div><p>Where is it?</p>')
        assert_reduced(shown.replace("</b>", "").replace("<b>", ""), language)


def test_a_long_list_of_people_goes_with_all_its_lines() -> None:
    people = ",\n ".join(f'"Person {number}" <p{number}@elsewhere.test>' for number in range(150))
    block = f"From: a@elsewhere.test\nTo: {people}\nDate: Monday\nSubject: A very long\n subject\n\nHello"
    assert text_of(block) == "From: ...\nDate: Monday\nSubject: A very long\n subject\n\nHello"


def test_a_header_of_one_of_the_two_shows_the_alias() -> None:
    block = f"Von: Acme <{ACMES_ALIAS}>\nGesendet: Montag\nAn: ann@mail.test\nBetreff: Atlas\n\nHallo"
    assert text_of(block) == f"Von: {ACMES_ALIAS}\nGesendet: Montag\nBetreff: Atlas\n\nHallo"


# What stays


@pytest.mark.parametrize("words", TYPED)
def test_what_somebody_typed_stays(words: str) -> None:
    for text in (words, f"Hello\n\n{words}\n\nMany thanks", f"> Hello\n{words}\nthanks"):
        assert not list(reductions(rows_of_text(text), FROM_ANN)), text
        html = "<p>" + escape(text).replace("\n", "<br>") + "</p>"
        assert not list(reductions(rows_of_html(html), FROM_ANN)), html


@given(st.lists(st.sampled_from(" ".join(TYPED).split()), max_size=60), st.randoms(use_true_random=False))
def test_lines_outside_a_heading_stay_as_they_are(words: list[str], chance: random.Random) -> None:
    text = "".join(word + chance.choice((" ", " ", "\n")) for word in words)
    rows = rows_of_text(text)
    edits = list(reductions(rows, FROM_ANN))
    touched = {number for edit in edits for number in range(edit.first, edit.last)}
    remaining = iter(edit_text(text, rows, edits).split("\n"))
    assert all(line in remaining for number, line in enumerate(text.split("\n")) if number not in touched)


PIECES = (
    *("<p>", "</p>", "<br>", "<blockquote>", "</blockquote>", "<pre>", "</pre>", '<a href="x">', "</a>", "\n", "&gt; "),
    *("On 23.11.2026 Ann <b>", "wrote:", "From: a@b.test", "To: c@d.test", "Subject: x", "Date: y", "[pt-abc]"),
    *("-" * 13 + " x " + "-" * 13, "-" * 12 + " x " + "-" * 12, "Ann writes to you."),
)


@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_no_edit_of_html_breaks_a_tag(pieces: list[str]) -> None:
    html = "".join(pieces)
    rows = rows_of_html(html)
    assert all(one.end <= other.start for one, other in pairwise(rows))
    edited = edit_html(html, rows, list(reductions(rows, FROM_ANN)))
    for tag in ("<p>", "</p>", "<blockquote>", "</blockquote>", "<pre>", "</pre>"):
        assert edited.count(tag) == html.count(tag)


# Bounds

HOSTILE = (
    ">",
    ">>>> ",
    "On On On ",
    "On 23.11.2026 ",
    "On 23.11.2026 Ann wrote:\n",
    "23.11.2026 11:00 <a@b.test>:\n",
    "From: a@b.test\n",
    "From: a\nTo: b\n",
    "Von: a\n\n",
    "a:\n",
    "wrote: wrote: wrote: wrote: wrote: wrote: wrote:\n",
    "<" * 60 + ":\n",
    "-" * 13 + " x " + "-" * 13 + "\n",
    "-" * 12 + " x " + "-" * 12 + "\n",
    "> Ann writes to you.\n",
    "[pt-abc\n",
    "Ann Example of the Market and of the whole world <k@x.test\n",
    "1" * 50 + ".",
    "年月日" * 20 + ":\n",
)


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_history_takes_linear_time(piece: str) -> None:
    """Eight times the size takes about eight times as long, far from sixty-four times."""
    small, large = (min(_seconds(piece * (size // len(piece))) for _ in range(3)) for size in (2_500, 20_000))
    assert large < 24 * small + 0.3


def test_a_million_letters_are_looked_at_for_a_while_and_no_longer() -> None:
    text = "wrote: wrote: wrote: wrote: wrote: wrote: wrote:\n" * 20_000
    assert len(rows_of_text(text + text)) == ROWS_MAXIMUM
    assert _seconds(text) < 4  # as text, as HTML and for what is new: a mail's share is half of it


def test_history_behind_too_many_lines_is_left_as_it_is() -> None:
    heading = "On 23 Nov 2026 at 11:00 Ann <x@elsewhere.test> wrote:\n> Hello"
    for line, maximum in (("word\n", ROWS_MAXIMUM), ("item:\n", CANDIDATES_MAXIMUM)):
        assert not list(reductions(rows_of_text(line * maximum + heading), FROM_ANN))
        assert list(reductions(rows_of_text(line * (maximum - 2) + heading), FROM_ANN))


def _seconds(text: str) -> float:
    start = time.process_time()
    html = escape(text).replace("\n", "<br>")
    for rows in (rows_of_text(text), rows_of_html(html)):
        list(reductions(rows, FROM_ANN))
    cut_footers(text)
    cut(text)
    return time.process_time() - start
