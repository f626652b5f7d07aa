"""The page behind the link by which an address confirms that it writes for a seller, visited over a real socket (R20)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from postern.keys import Keyring
from postern.mail.tokens import LinkTarget, make_confirmation_link, make_link, read_confirmation_token
from postern.model.address import Address
from postern.model.identifier import new_id
from postern.model.limits import Limits
from postern.model.permission import Standing
from postern.model.relationship import Side
from postern.storage import schema
from postern.web.app import HEADERS, Pages
from tests.doors.test_web_links import Outline, damaged, everything, token_of
from tests.people import Town
from tests.permitting import add, block, remove, token_in
from tests.visitor import Visitor, open_pages

NEW = Address.parse("new@acme.test")


@pytest.fixture
def visitor(town: Town) -> Iterator[Visitor]:
    with open_pages(Pages(town.store, town.frame, town.clock, None)) as opened:
        yield opened


def link_to(town: Town, *, approved: bool = True) -> str:
    """The path of the link that an address gets when it is added."""
    add(town, NEW, approved=approved)
    [arrival] = [one for one in town.deliver() if one.recipient == NEW.reveal()]
    return f"/m/confirm-sender/{token_in(arrival)}"


def permission_in(town: Town, path: str) -> UUID:
    return read_confirmation_token(town.frame.keyring, token_of(path), town.clock.now())


def may_write(town: Town) -> bool:
    return town.judge(town.mail(NEW, town.pair.buyer_alias, "Hello")).refusal is None


def test_the_page_has_one_button_and_names_the_seller_and_no_address(town: Town, visitor: Visitor) -> None:
    answer = visitor.get(link_to(town))
    page = Outline(answer)
    assert answer.status == 200
    assert len(page.all("button")) == 1
    assert "Acme Books" in page.words
    assert "@" not in answer.text


def test_scanners_that_fetch_the_link_change_nothing(town: Town, visitor: Visitor) -> None:
    path = link_to(town)
    before = everything(town)
    fetches = [(method, path) for method in ("GET", "HEAD", "OPTIONS", "PUT") for _ in range(25)]
    with ThreadPoolExecutor(8) as scanners:
        statuses = set(scanners.map(lambda fetch: visitor.ask(*fetch).status, fetches))
    assert statuses == {200, 204, 405}
    assert everything(town) == before
    assert not may_write(town)


def test_the_button_confirms_and_a_second_use_says_it_is_already_done(town: Town, visitor: Visitor) -> None:
    path = link_to(town)
    first = visitor.post(path)
    assert (first.status, "send it again" in first.text) == (200, True)
    assert may_write(town)
    before = everything(town)
    for answer in (visitor.post(path), visitor.get(path)):
        assert answer.status == 200
        assert "Already done" in answer.text
        assert not Outline(answer).all("button")
    assert everything(town) == before


def test_whoever_confirms_first_reads_that_approval_is_still_to_come(town: Town, visitor: Visitor) -> None:
    path = link_to(town, approved=False)
    assert "has still to approve" in visitor.post(path).text
    assert not may_write(town)
    assert "has still to approve" in visitor.get(path).text
    add(town, NEW)
    assert "is taken now" in visitor.get(path).text


def test_an_expired_link_says_how_to_get_a_new_one_and_does_nothing(town: Town, visitor: Visitor) -> None:
    """`confirmation_days`."""
    path = link_to(town)
    town.clock.advance(timedelta(days=Limits().confirmation_days, hours=-1))
    assert visitor.get(path).status == 200
    town.clock.advance(timedelta(hours=3))
    before = everything(town)
    for answer in (visitor.get(path), visitor.post(path)):
        assert answer.status == 410
        assert "add this address once more" in answer.text
    assert everything(town) == before
    assert visitor.post(link_to(town)).status == 200
    assert "Already done" in visitor.get(path).text


def test_a_link_that_was_taken_back_says_that_there_is_nothing_to_do(town: Town, visitor: Visitor) -> None:
    for take_back in (remove, block):
        path = link_to(town)
        take_back(town, NEW)
        for answer in (visitor.get(path), visitor.post(path)):
            assert (answer.status, "nothing to confirm" in answer.text) == (404, True)
        assert not may_write(town)


def test_no_damaged_or_foreign_token_counts(town: Town, visitor: Visitor) -> None:
    path = link_to(town)
    permission_id = permission_in(town, path)
    expires_at = town.clock.now() + timedelta(days=1)
    before = everything(town)
    forged = make_confirmation_link(Keyring({1: b"m" * 32}), "", permission_id, expires_at)
    unknown = make_confirmation_link(town.frame.keyring, "", new_id(), expires_at)
    of_a_message = make_link(town.frame.keyring, "", "report", LinkTarget(permission_id, Side.SELLER), expires_at)
    same_action = make_link(town.frame.keyring, "", "confirm-sender", LinkTarget(permission_id, Side.SELLER), expires_at)
    tokens = [
        *damaged(path.rpartition("/")[2]),
        *(one.rpartition("/")[2] for one in (forged, unknown, of_a_message, same_action)),
    ]
    with ThreadPoolExecutor(4) as liars:
        statuses = set(liars.map(lambda token: visitor.post(f"/m/confirm-sender/{token}").status, tokens))
    assert statuses == {404}
    assert visitor.get(f"/m/report/{token_of(path)}").status == 404
    assert everything(town) == before


def test_a_hostile_business_name_is_shown_as_text(town: Town, visitor: Visitor) -> None:
    name = "<script>alert(1)</script>{{ 7 * 7 }} {seller}\r\nX: y"
    town.store.write(lambda to: to.execute(update(schema.seller).values(business_name=name))).result()
    path = link_to(town)
    for answer in (visitor.get(path), visitor.post(path)):
        page = Outline(answer)
        assert not page.all("script")
        assert "<script>alert(1)</script>{{ 7 * 7 }} {seller} X: y" in page.words


def test_every_answer_carries_the_headers(town: Town, visitor: Visitor) -> None:
    path = link_to(town)
    for answer in (visitor.get(path), visitor.post(path), visitor.get(path), visitor.get("/m/confirm-sender/x")):
        assert {name: answer.headers[name.lower()] for name in HEADERS} == HEADERS


def test_the_page_speaks_the_sellers_language(town: Town, visitor: Visitor) -> None:
    town.store.write(lambda to: to.execute(update(schema.seller).values(language="de"))).result()
    assert Outline(visitor.get(link_to(town))).all("html") == [{"lang": "de"}]


def test_the_standing_of_an_address_says_whether_it_may_write() -> None:
    assert [one for one in Standing if one.may_write] == ["customer_service", "registered_sender", "approved_sender"]
