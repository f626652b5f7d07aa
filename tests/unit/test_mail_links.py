# ruff: noqa: E501 - HTML stands as it is sent
"""Links: nobody is followed by one, and each says where it leads."""

import pytest

from postern.mail.letter import Draft, Letter
from postern.mail.links import clean_url, say_where_links_lead
from postern.mail.steps.markup import clean_markup
from tests.letters import FROM_ANN, letter_of, relay


def html_of(html: str) -> str:
    return letter_of(relay(f"Content-Type: text/html; charset=utf-8\n\n{html}")).letter.html or ""


@pytest.mark.parametrize(
    "url, cleaned",
    [
        ("https://shop.example/a?b=1&c=2#d", "https://shop.example/a?b=1&c=2#d"),
        ("https://shop.example/a?utm_source=x&b=1&fbclid=y", "https://shop.example/a?b=1"),
        ("https://ann:secret@shop.example/a", "https://shop.example/a"),
        ("https://ann@mail.test:8443/", "https://mail.test:8443/"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://[2001:db8::1]/x?utm_id=1", "https://[2001:db8::1]/x"),
        ("https://", None),
        ("https://[::1", None),
        ("https://a:99999/", None),
        ("https://" + "ü" * 100 + ".example/", None),
    ],
)
def test_a_url_loses_credentials_and_tracking(url: str, cleaned: str | None) -> None:
    assert clean_url(url) == cleaned


@pytest.mark.parametrize(
    "words, shown",
    [
        ("our shop", "our shop"),
        ("shop.example", "shop.example"),
        ("www.shop.example/offer", "www.shop.example/offer"),
        ("https://bank.example/login", "https://bank.example/login [shop.example]"),
        ("<b>bank.example</b>", "<b>bank.example</b> [shop.example]"),
    ],
)
def test_words_that_name_another_host_get_the_real_one(words: str, shown: str) -> None:
    link = f'<a href="https://shop.example/offer">{words}</a>'
    once = say_where_links_lead(link)
    assert once == f'<a href="https://shop.example/offer">{shown}</a>'
    assert say_where_links_lead(once) == once


def test_a_host_in_foreign_letters_is_shown_as_it_is_encoded() -> None:
    shown = html_of('<p><a href="https://bücher.example/">our books</a></p>')
    assert 'href="https://xn--bcher-kva.example/"' in shown
    assert "our books [xn--bcher-kva.example]</a>" in shown


def test_nothing_that_is_fetched_stays() -> None:  # L-05
    shown = html_of(
        "<img src=https://t.test/1><img srcset=https://t.test/2 src=cid:x><picture><source srcset=https://t.test/3></picture>"
        "<body background=https://t.test/4><table background=https://t.test/5><tr><td style=\"background:url('https://t.test/6')\">"
        "<link rel=stylesheet href=https://t.test/7><style>@import 'https://t.test/8'; p{background:url(https://t.test/9)}</style>"
        "<video poster=https://t.test/10 src=https://t.test/11></video><audio src=https://t.test/12></audio><input type=image src="
        "https://t.test/13><svg><image href=https://t.test/14 /><use href=https://t.test/15 /></svg><iframe src=https://t.test/16>"
        "</iframe><object data=https://t.test/17></object><embed src=https://t.test/18><meta http-equiv=refresh content='0;url="
        "https://t.test/19'><base href=https://t.test/20><p style='list-style-image:url(//t.test/21)'>x<p style=\"content:'\\75rl(//t.test/22)'\">"
        "<a href=https://shop.example ping=https://t.test/23>y</a><v:image src=https://t.test/24><bgsound src=https://t.test/25>"
    )
    assert "t.test" not in shown


@pytest.mark.parametrize("style", ["display:none", "display : none", "font-size:0", "font-size: 0.0px", "color:red;font-size:0;"])
def test_hidden_words_are_shown(style: str) -> None:
    assert html_of(f'<p style="{style}">ann@mail.test</p>').startswith("<!DOCTYPE")
    assert style not in html_of(f'<p style="{style}">hidden</p>')


def test_other_sizes_stay() -> None:
    assert 'style="font-size:0.8em"' in html_of('<p style="font-size:0.8em">x</p>')


@pytest.mark.parametrize(
    "html",
    [
        "<p>a<b>c", "<a href='https://shop.example/?utm_x=1'>bank.example</a>", "<table><td>x</table></div><p title='&lt;p>'>",
        "<math><mi><style><img src=x onerror=x()>", "<svg><style><a title='</style><img src=x onerror=x()>'>", "<form><input></form>x",
        "<noscript><p title='</noscript><img src=x onerror=x()>'>", "<!--<p>--><p>x<!-- --!><img src=x>", "<p style='color:red;x:url(y)'>",
    ],
)  # fmt: skip
def test_sanitising_twice_changes_nothing(html: str) -> None:
    once = clean_markup(Draft(Letter("", None, html)), FROM_ANN).letter.html
    assert clean_markup(Draft(Letter("", None, once)), FROM_ANN).letter.html == once
