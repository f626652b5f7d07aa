import pytest

from postern.mail.paragraphs import Line, html_of, isolated, marked_up, page, plain_words, text_of, wrap

FSI, PDI = "\u2068", "\u2069"


def test_a_paragraph_has_rows_of_72_columns_and_loses_no_word() -> None:
    words = " ".join(f"word{number}" for number in range(60))
    rows = wrap(words).split("\n")
    assert max(map(len, rows)) <= 72
    assert " ".join(rows) == words


def test_a_word_that_is_longer_stays_whole() -> None:
    assert wrap(f"see {'x' * 100} there") == f"see\n{'x' * 100}\nthere"


def test_ideographs_take_two_columns_and_no_row_begins_with_a_full_stop() -> None:
    rows = wrap("订单已经发出。" * 12).split("\n")
    assert max(map(len, rows)) <= 36
    assert "".join(rows) == "订单已经发出。" * 12
    assert not [row for row in rows if row.startswith("。")]


def test_a_link_stands_on_a_line_of_its_own_however_long_it_is() -> None:
    line = Line("Report message", f"https://m.example/?a=1&b={'x' * 200}")
    assert text_of(line) == f"Report message:\n{line.link}"
    assert html_of(line) == f'<a href="{line.link.replace("&", "&amp;")}">Report message</a>'


def test_a_name_is_isolated_where_something_is_read_from_the_right() -> None:
    assert plain_words(f"{isolated('Acme Books')} writes to you.") == "Acme Books writes to you."
    assert plain_words(f"{isolated('ספרי אקמה')} writes to you.") == f"{FSI}ספרי אקמה{PDI} writes to you."
    assert plain_words(f"كتب {isolated('Acme Books')} إليك.") == f"كتب {FSI}Acme Books{PDI} إليك."


def test_an_isolated_name_is_an_element_in_html_and_brings_no_markup() -> None:
    assert marked_up(isolated("<b>\n&")) == "<bdi>&lt;b&gt; &amp;</bdi>"


def test_a_name_cannot_end_its_isolation() -> None:
    assert isolated(f"a{PDI}\u202eb{FSI}") == f"{FSI}ab{PDI}"
    assert isolated(" \n") == ""


@pytest.mark.parametrize(
    "language, said, reads",
    [
        ("ar", "ar", "rtl"),
        ("he-IL", "he", "rtl"),
        ("en", "en", "ltr"),
        ("zh-TW", "zh-Hant", "ltr"),
        ("AR_EG", "ar", "rtl"),
        ("fa", "en", "ltr"),
        ("", "en", "ltr"),
    ],
)
def test_a_page_is_read_as_the_language_in_which_we_speak(language: str, said: str, reads: str) -> None:
    assert f'<html lang="{said}" dir="{reads}">' in page(language, "<x>", ["<p>x</p>"])
