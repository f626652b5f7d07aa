"""The public page "Send a critical message" (R12)."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from postern.language import known_languages
from postern.mail.notices.critical import explain_critical, page_url
from postern.mail.reader import read
from postern.model.notice import NoticeKind
from postern.web.app import HEADERS, Pages
from postern.web.languages import choose_language
from tests.catalogues import speaking
from tests.letters import LIMITS
from tests.noticed import examples
from tests.people import town as found_town
from tests.visitor import Answer, Visitor, open_pages

PATH = "/critical-messages"
GERMAN = {"What is critical": "Was wichtig ist", "Send a critical message": "Eine wichtige Nachricht senden"}
ARABIC = {"What is critical": "\u0645\u0627 \u0647\u0648 \u0645\u0647\u0645"}


@pytest.fixture
def visitor(migrated_sqlite_url: str, tmp_path: Path) -> Iterator[Visitor]:
    """The page asks no store, so any kind will do."""
    with (
        found_town(migrated_sqlite_url, tmp_path) as town,
        open_pages(Pages(town.store, town.frame, town.clock, None)) as opened,
    ):
        yield opened


@pytest.fixture
def _polyglot(tmp_path: Path) -> Iterator[None]:
    with speaking(tmp_path / "locale", {"de": GERMAN, "ar": ARABIC, "pt-BR": {}}):
        yield


def words_of(answer: Answer) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def shown_by(answer: Answer) -> str:
    """The same, with the spaces that do not break, and without isolates."""
    return unescape(answer.text).replace("\u2068", "").replace("\u2069", "")


def test_it_says_what_is_critical_what_is_not_and_the_three_ways(visitor: Visitor) -> None:  # R10, R11, R12
    answer = visitor.get(PATH)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    explained = explain_critical("en")
    for sentence in (
        *explained.ways,
        *explained.critical,
        *explained.not_critical,
        explained.customised,
        explained.cancel_instead,
    ):
        assert sentence in words_of(answer)


@pytest.mark.parametrize("language", known_languages())
def test_it_says_so_in_every_language_that_we_speak(visitor: Visitor, language: str) -> None:  # R12
    answer = visitor.get(f"{PATH}?lang={language}")
    assert answer.headers["content-language"] == language
    explained = explain_critical(language)
    for sentence in (*explained.ways, *explained.critical, *explained.not_critical, explained.customised):
        assert sentence.replace("\u2068", "").replace("\u2069", "") in shown_by(answer)
    assert (explained.cancel_instead == explain_critical("en").cancel_instead) is (language == "en")


def test_the_bounce_leads_here(visitor: Visitor) -> None:  # R12
    bounce = read(examples("en")[NoticeKind.BUYER_OPTED_OUT].compose(), LIMITS).letter.text or ""
    match = re.search(r"https://messages\.marketplace\.example(/\S+)", bounce)
    assert match
    answer = visitor.get(match[1])
    assert (answer.status, "<h1>Send a critical message</h1>" in answer.text) == (200, True)


def test_it_needs_no_sign_in_no_scripts_and_nothing_from_elsewhere(visitor: Visitor) -> None:
    answer = visitor.get(PATH)
    assert {name: answer.headers[name.lower()] for name in HEADERS} == HEADERS
    assert "set-cookie" not in answer.headers
    assert not re.search(r"<script|style=|\son\w+=|<form|<img", answer.text)
    assert re.findall(r'(?:href|src)="([^?"][^"]+)"', answer.text) == re.findall(r"/static/page-[0-9a-f]{16}\.css", answer.text)


def test_it_can_only_be_read(visitor: Visitor) -> None:
    assert visitor.ask("HEAD", PATH).status == 200
    assert visitor.ask("HEAD", PATH).body == b""
    for method in ("POST", "PUT", "DELETE"):
        assert visitor.ask(method, PATH).status == 405


@pytest.mark.usefixtures("_polyglot")
def test_it_speaks_the_language_of_the_link_before_that_of_the_browser(visitor: Visitor) -> None:
    answer = visitor.ask("GET", f"{PATH}?lang=de", None, **{"Accept-Language": "ar"})
    assert "<h2>Was wichtig ist</h2>" in answer.text
    assert '<html lang="de">' in answer.text
    assert answer.headers["content-language"] == "de"
    assert answer.headers["vary"] == "Accept-Language"
    assert "<h2>Was wichtig ist</h2>" in visitor.ask("GET", PATH, None, **{"Accept-Language": "de-AT, en;q=0.5"}).text


@pytest.mark.usefixtures("_polyglot")
def test_it_is_laid_out_from_right_to_left_where_the_language_is(visitor: Visitor) -> None:
    assert '<html lang="ar" dir="rtl">' in visitor.get(f"{PATH}?lang=ar").text


@pytest.mark.usefixtures("_polyglot")
def test_it_leads_to_every_other_language(visitor: Visitor) -> None:
    text = visitor.get(PATH).text
    assert re.findall(r'href="\?lang=([^"]+)" lang="\1"', text) == ["en", "ar", "de", "pt-BR"]
    assert re.findall(r'lang="([^"]+)" aria-current', text) == ["en"]
    assert ">English</a>" in text


@pytest.mark.parametrize(
    "query", ["?lang=", "?lang=xx", "?lang=%FF", "?lang=../..", "?lang=%3Cb%3E", "?lang=a&lang=b", "?x=" + "y" * 5000]
)
def test_a_language_that_is_none_is_english(visitor: Visitor, query: str) -> None:
    answer = visitor.get(PATH + query)
    assert (answer.status, answer.headers["content-language"]) == (200, "en")
    assert "<b>" not in answer.text


@pytest.mark.usefixtures("_polyglot")
@pytest.mark.parametrize(
    "asked, accepted, chosen",
    [
        ("", "", "en"),
        ("de", "", "de"),
        ("DE_at", "", "de"),
        ("pt-br", "", "pt-BR"),
        ("pt", "de", "de"),
        ("xx", "ar", "ar"),
        ("", "fr, de;q=0.5, ar;q=0.9", "ar"),
        ("", "de;q=0.9, en;q=0.9", "de"),
        ("", "de;Q=0.1, en;q=0", "de"),
        ("", "*", "en"),
        ("", "de;q=0, ar;q=1.5, pt-BR;q=nan", "en"),
        ("", "de;q=inf;q=1, ;;;, ,,", "en"),
        ("", "x, " * 19 + "de", "de"),
        ("", "x, " * 20 + "de", "en"),
        ("", "x" * 1_000 + ",de", "en"),
    ],
)
def test_the_best_language_is_one_we_have(asked: str, accepted: str, chosen: str) -> None:
    assert choose_language(asked, accepted) == chosen


def test_the_link_to_the_page_is_a_clean_url() -> None:
    assert page_url("https://shop.example/post", "pt-BR") == "https://shop.example/post/critical-messages?lang=pt-BR"
    assert page_url("https://shop.example", "a&b=<c>") == "https://shop.example/critical-messages?lang=a%26b%3D%3Cc%3E"
