"""The pages behind the links in our mails, visited over a real socket (R18, R27)."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from postern.keys import Keyring
from postern.mail.tokens import LinkTarget, make_link
from postern.model.identifier import new_id
from postern.model.limits import Limits
from postern.model.relationship import Side
from postern.model.report import ReportReason
from postern.storage import schema
from postern.web.app import HEADERS, Pages
from postern.web.report import Form
from tests.people import ANN, ORDER, Arrival, Town
from tests.visitor import Answer, Visitor, open_pages

NO_RESPONSE_NEEDED, REPORT = "no-response-needed", "report"
LINK = re.compile(rb"https://messages\.marketplace\.example(/m/([a-z-]+)/[\w-]+)")


class Outline(HTMLParser):
    """The tags of a page, each with its attributes, and the page's visible text."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def visitor(town: Town) -> Iterator[Visitor]:
    with open_pages(Pages(town.store, town.frame, town.clock, None)) as opened:
        yield opened


def links_in(arrival: Arrival) -> dict[str, str]:
    """The links that a person who got the mail would see, by what they do."""
    unfolded = arrival.content.replace(b"=\r\n", b"")
    return {action.decode(): path.decode() for path, action in LINK.findall(unfolded)}


def links_to_acme(town: Town, **fields: str) -> dict[str, str]:
    town.receive(town.from_ann(**fields))
    [arrival] = town.deliver()
    return links_in(arrival)


def links_to_ann(town: Town) -> dict[str, str]:
    town.receive(town.from_acme())
    [arrival] = town.deliver()
    return links_in(arrival)


def everything(town: Town) -> dict[str, list[str]]:
    """Every row of every table."""
    with town.store.look() as look:
        return {name: sorted(map(repr, look.connection.execute(select(table)))) for name, table in schema.metadata.tables.items()}


def count(town: Town, table: str) -> int:
    return len(everything(town)[table])


def token_of(path: str) -> str:
    return path.rpartition("/")[2]


def damaged(token: str) -> Iterator[str]:
    """Everything near the token: one letter changed, cut short, lengthened, emptied."""
    letters = "AB_-z"
    for place in range(len(token)):
        yield token[:place] + next(letter for letter in letters if letter != token[place]) + token[place + 1 :]
        if place:
            yield token[:place]
    yield from (f"{token}A", f"{token}=", f"A{token}", token.swapcase(), f"{token}%00", f"%20{token}")


def test_the_mail_to_a_seller_has_both_links_and_the_mail_to_a_buyer_only_report(town: Town) -> None:
    assert set(links_to_acme(town)) == {NO_RESPONSE_NEEDED, REPORT}
    assert set(links_to_ann(town)) == {REPORT}


def test_scanners_that_fetch_a_link_change_nothing(town: Town, visitor: Visitor) -> None:
    paths = [*links_to_acme(town).values(), *links_to_ann(town).values()]
    before = everything(town)
    fetches = [(method, path) for path in paths for method in ("GET", "HEAD", "OPTIONS") for _ in range(50)]
    with ThreadPoolExecutor(8) as scanners:
        statuses = set(scanners.map(lambda fetch: visitor.ask(*fetch).status, fetches))
    assert statuses == {200, 204}
    assert everything(town) == before


def test_other_methods_change_nothing_and_say_which_are_allowed(town: Town, visitor: Visitor) -> None:
    path = links_to_acme(town)[REPORT]
    before = everything(town)
    for method in ("PUT", "DELETE", "PATCH", "TRACE"):
        answer = visitor.ask(method, path)
        assert answer.status == 405
        assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
    assert everything(town) == before


def test_a_link_shows_what_it_is_about_and_one_button_that_does_it(town: Town, visitor: Visitor) -> None:
    path = links_to_acme(town, Subject=f"About order {ORDER}")[NO_RESPONSE_NEEDED]
    page = Outline(visitor.get(path))
    assert f"About order {ORDER}" in page.words
    assert page.all("button") == [{}]
    assert page.all("form") == [{"method": "post"}]
    assert not page.all("script")
    answer = visitor.post(path)
    assert (answer.status, Outline(answer).all("button")) == (200, [])
    assert "needs no response" in Outline(answer).words
    assert count(town, "exemption") == 1


def test_a_second_use_says_it_is_already_done(town: Town, visitor: Visitor) -> None:
    links = links_to_acme(town)
    for path in links.values():
        assert "Already done" not in visitor.post(path, reason="spam").text
        before = everything(town)
        for answer in (visitor.post(path, reason="phishing"), visitor.get(path)):
            assert answer.status == 200
            assert "Already done" in answer.text
            assert not Outline(answer).all("form")
        assert everything(town) == before


def test_either_side_reports_the_other(town: Town, visitor: Visitor) -> None:
    for path in (links_to_acme(town)[REPORT], links_to_ann(town)[REPORT]):
        answer = visitor.post(path, reason="abusive", text="He shouts.")
        assert answer.status == 200
        assert "Not every report is investigated" in answer.text
    with town.store.look() as look:
        statement = select(schema.report.c.side, schema.report.c.reason).order_by(schema.report.c.side)
        assert [tuple(row) for row in look.connection.execute(statement)] == [("buyer", "abusive"), ("seller", "abusive")]


def test_every_reason_can_be_chosen_and_each_choice_has_a_label(town: Town, visitor: Visitor) -> None:
    page = Outline(visitor.get(links_to_acme(town)[REPORT]))
    choices = [field for field in page.all("input") if field["type"] == "radio"]
    assert [choice["value"] for choice in choices] == list(ReportReason)
    labelled = {label["for"] for label in page.all("label")}
    assert labelled == {choice["id"] for choice in choices} | {field["id"] for field in page.all("textarea")}


def test_an_incomplete_report_comes_back_with_what_is_missing(town: Town, visitor: Visitor) -> None:
    path = links_to_acme(town)[REPORT]
    forms: list[dict[str, str]] = [{}, {"reason": ""}, {"reason": "nonsense", "text": "x"}, {"reason": "other", "text": " "}]
    for fields in forms:
        answer = visitor.post(path, **fields)
        page = Outline(answer)
        assert answer.status == 422
        assert [paragraph["role"] for paragraph in page.all("p") if paragraph.get("id") == "lack"] == ["alert"]
        assert page.all("form")
    assert count(town, "report") == 0


def test_what_was_typed_comes_back_as_text_and_never_as_markup(town: Town, visitor: Visitor) -> None:
    typed = '</textarea><script>alert("1")</script>\n\u202e{{ 7 * 7 }} &amp; \U0001f600'
    page = Outline(visitor.post(links_to_acme(town)[REPORT], text=typed))
    assert typed in page.words
    assert not page.all("script")


def test_a_hostile_subject_is_shown_as_text(town: Town, visitor: Visitor) -> None:
    subject = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;{{ 7*7 }}"
    links = links_to_acme(town, Subject=subject)
    for path in links.values():
        page = Outline(visitor.get(path))
        assert subject in page.words
        assert {tag for tag, _ in page.tags}.isdisjoint({"script", "img"})


def test_no_page_shows_an_address(town: Town, visitor: Visitor) -> None:
    for path in (*links_to_acme(town).values(), *links_to_ann(town).values()):
        for answer in (visitor.get(path), visitor.post(path, reason="spam"), visitor.get(path)):
            assert "@" not in answer.text
            assert ANN.reveal() not in answer.text


def test_a_link_speaks_the_language_of_the_side_it_was_issued_to(town: Town, visitor: Visitor) -> None:
    town.store.write(lambda to: to.execute(update(schema.marketplace).values(language="de"))).result()
    assert Outline(visitor.get(links_to_acme(town)[REPORT])).all("html") == [{"lang": "en"}]
    assert Outline(visitor.get(links_to_ann(town)[REPORT])).all("html") == [{"lang": "de"}]


def test_a_token_counts_for_its_own_action_alone(town: Town, visitor: Visitor) -> None:
    links = links_to_acme(town)
    before = everything(town)
    for action, other in ((NO_RESPONSE_NEEDED, REPORT), (REPORT, NO_RESPONSE_NEEDED)):
        path = f"/m/{action}/{token_of(links[other])}"
        assert (visitor.get(path).status, visitor.post(path, reason="spam").status) == (404, 404)
    assert everything(town) == before


def test_no_damaged_token_counts(town: Town, visitor: Visitor) -> None:
    links = links_to_acme(town)
    before = everything(town)
    for action, path in links.items():
        tokens = list(damaged(token_of(path)))
        with ThreadPoolExecutor(4) as liars:
            statuses = set(liars.map(lambda token: visitor.post(f"/m/{action}/{token}", reason="spam").status, tokens))  # noqa: B023
        assert statuses == {404}
    assert everything(town) == before


def test_a_token_made_elsewhere_counts_for_nothing(town: Town, visitor: Visitor) -> None:
    links_to_acme(town)
    with town.store.look() as look:
        message_id = look.connection.execute(select(schema.message.c.id)).scalar_one()
    expires_at = town.clock.now() + timedelta(days=1)
    forged = make_link(Keyring({1: b"m" * 32}), "", REPORT, LinkTarget(message_id, Side.SELLER), expires_at)
    assert visitor.post(forged, reason="spam").status == 404
    assert count(town, "report") == 0


def test_a_token_of_ours_for_another_side_or_message_finds_nothing(town: Town, visitor: Visitor) -> None:
    links_to_acme(town)
    with town.store.look() as look:
        message_id = look.connection.execute(select(schema.message.c.id)).scalar_one()
    expires_at = town.clock.now() + timedelta(days=1)
    before = everything(town)
    for target in (LinkTarget(message_id, Side.BUYER), LinkTarget(new_id(), Side.SELLER)):
        for action in (REPORT, NO_RESPONSE_NEEDED):
            path = make_link(town.frame.keyring, "", action, target, expires_at)
            assert (visitor.get(path).status, visitor.post(path, reason="spam").status) == (404, 404)
    assert everything(town) == before


def test_an_expired_link_says_what_to_do_and_does_nothing(town: Town, visitor: Visitor) -> None:
    links = links_to_acme(town)
    before = everything(town)
    town.clock.advance(timedelta(days=Limits().link_days, hours=-1))
    assert {visitor.get(path).status for path in links.values()} == {200}
    town.clock.advance(timedelta(hours=3))
    for path in links.values():
        for answer in (visitor.get(path), visitor.post(path, reason="spam")):
            assert answer.status == 410
            assert "newer mail" in answer.text
    assert everything(town) == before


def test_a_link_survives_the_rotation_of_keys(town: Town) -> None:
    path = links_to_acme(town)[REPORT]
    rotated = Keyring({**town.frame.keyring.masters, 2: b"n" * 32})
    frame = type(town.frame)(town.frame.public_url, town.frame.hostname, rotated, town.frame.limits)
    with open_pages(Pages(town.store, frame, town.clock, None)) as visitor:
        assert visitor.post(path, reason="spam").status == 200
    assert count(town, "report") == 1


def test_a_message_whose_key_was_destroyed_is_gone(town: Town, visitor: Visitor) -> None:
    links = links_to_acme(town)
    town.store.write(lambda transaction: transaction.execute(update(schema.relationship).values(wrapped_key=None))).result()
    for path in links.values():
        assert (visitor.get(path).status, visitor.post(path, reason="spam").status) == (404, 404)
    assert count(town, "report") == count(town, "exemption") == 0


def test_of_many_buttons_pressed_at_once_one_is_the_first(town: Town, visitor: Visitor) -> None:
    links = links_to_acme(town)
    for path, table in ((links[REPORT], "report"), (links[NO_RESPONSE_NEEDED], "exemption")):
        with ThreadPoolExecutor(8) as hands:
            answers = list(hands.map(lambda path: visitor.post(path, reason="spam"), [path] * 8))
        assert [answer.status for answer in answers] == [200] * 8
        assert sum("Already done" not in answer.text for answer in answers) == 1
        assert count(town, table) == 1


def test_infringement_is_pointed_to_the_marketplaces_own_form(town: Town, visitor: Visitor) -> None:
    path = links_to_acme(town)[REPORT]
    for url, shown in (("https://shop.example/infringement", True), ("javascript:alert(1)", False), ("", False)):
        values = {"report_infringement_url": url}
        town.store.write(lambda to: to.execute(update(schema.marketplace).values(**values))).result()  # noqa: B023
        assert [anchor["href"] for anchor in Outline(visitor.get(path)).all("a")] == ([url] if shown else [])


def test_every_answer_of_a_link_carries_the_headers(town: Town, visitor: Visitor) -> None:
    path = links_to_acme(town)[REPORT]
    answers = [visitor.ask(method, path) for method in ("GET", "HEAD", "OPTIONS", "PUT", "POST")]
    answers += [visitor.get("/m/report/x"), visitor.post(path, reason="spam"), visitor.get(path)]
    for answer in answers:
        assert {name: answer.headers[name.lower()] for name in HEADERS} == HEADERS
        assert {"server", "set-cookie"}.isdisjoint(answer.headers)


@given(st.binary(max_size=300) | st.from_regex(rb"(reason=(spam|other|x)?&?|text=[^&]{0,20}&?){0,12}", fullmatch=True))
def test_any_octets_are_a_form(body: bytes) -> None:
    form = Form.read(body)
    assert form.reason in {None, *ReportReason}
    form.text.encode()
