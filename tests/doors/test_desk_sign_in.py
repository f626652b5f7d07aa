"""Signing in at the desk: by mail, without a password, and without telling anybody who works there."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from postern.actions.keep_sessions import keep_sessions
from postern.actions.keep_team import remove_from_team
from postern.actions.permit_senders import find_seller_of
from postern.model.limits import Limits
from postern.model.team import Role
from postern.storage import schema
from tests.desk import BEN, MIA, Clerk, hire, link_for, open_desk, sign_in
from tests.people import ON_SQLITE, Town
from tests.visitor import Visitor

INBOX = "/s/1/messages"


@pytest.fixture
def desk(town: Town) -> Iterator[tuple[Town, Visitor]]:
    with open_desk(town) as (here, visitor):
        hire(here, MIA, "acme", Role.AGENT)
        yield here, visitor


def asked(town: Town, clerk: Clerk, address: str = "mia@acme.test") -> str:
    """Ask for a mail. Answers what came, if anything did."""
    assert clerk.post("/sign-in", address=address).status == 200
    mails = [one for one in town.deliver() if one.recipient == address]
    return mails[0].content.decode().replace("=\r\n", "").replace("=3D", "=") if mails else ""


def link_in(mail: str) -> str:
    found = re.search(r"/sign-in/link/[\w-]+", mail)
    assert found
    return found[0]


def code_in(mail: str) -> str:
    found = re.search(r"\d{4} \d{4}", mail)
    assert found
    return found[0]


def count(town: Town, table: str) -> int:
    with town.store.look() as look:
        return look.connection.execute(select(func.count()).select_from(schema.metadata.tables[table])).scalar_one()


def test_the_link_in_the_mail_signs_in_once_and_only_by_its_button(desk: tuple[Town, Visitor]) -> None:
    town, visitor = desk
    clerk = Clerk(visitor)
    link = link_in(asked(town, clerk))
    for _ in range(3):  # as a mail scanner would
        assert clerk.get(link).status == 200
    assert count(town, "session") == 0
    answer = clerk.post(link)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert clerk.get(INBOX).status == 200
    assert (Clerk(visitor).get(link).status, Clerk(visitor).post(link).status) == (410, 410)


def test_the_code_signs_in_where_it_was_asked_for(desk: tuple[Town, Visitor]) -> None:
    town, visitor = desk
    clerk = Clerk(visitor)
    code = code_in(asked(town, clerk))
    assert (
        clerk.post("/sign-in/code", address="Mia@acme.test", code=code, next=f"{INBOX}/all").headers["location"] == f"{INBOX}/all"
    )
    assert clerk.get(INBOX).status == 200
    assert Clerk(visitor).post("/sign-in/code", address="mia@acme.test", code=code).status == 422


def test_an_unknown_address_is_answered_like_a_known_one_and_gets_no_mail(desk: tuple[Town, Visitor]) -> None:
    town, visitor = desk
    known, unknown = (Clerk(visitor).post("/sign-in", address=address) for address in ("mia@acme.test", "eve@acme.test"))
    assert known.status == unknown.status == 200
    assert known.text.replace("mia@", "eve@") == unknown.text
    assert {one.recipient for one in town.deliver()} == {"mia@acme.test"}
    for nonsense in ("", "x", "a@b@c", "\u0000@x.test", "ann@mail.test"):  # the last is a buyer's
        assert Clerk(visitor).post("/sign-in", address=nonsense).status == 200
    assert town.deliver() == []


def test_only_so_many_mails_are_sent_in_an_hour(desk: tuple[Town, Visitor]) -> None:
    town, visitor = desk
    sent = [bool(asked(town, Clerk(visitor))) for _ in range(town.frame.limits.sign_in_mails + 2)]
    assert sent == [True] * town.frame.limits.sign_in_mails + [False] * 2
    town.clock.advance(timedelta(hours=1))
    assert asked(town, Clerk(visitor))


@ON_SQLITE
def test_after_some_wrong_codes_the_right_one_counts_no_more(desk: tuple[Town, Visitor]) -> None:
    """W-13"""
    town, visitor = desk
    clerk = Clerk(visitor)
    code = code_in(asked(town, clerk))
    for _ in range(town.frame.limits.sign_in_tries):
        assert clerk.post("/sign-in/code", address="mia@acme.test", code="0000 0000").status == 422
    assert clerk.post("/sign-in/code", address="mia@acme.test", code=code).status == 422
    assert count(town, "session") == 0


@ON_SQLITE
def test_link_and_code_end_after_minutes(desk: tuple[Town, Visitor]) -> None:
    town, visitor = desk
    mail = asked(town, Clerk(visitor))
    town.clock.advance(timedelta(minutes=town.frame.limits.sign_in_minutes))
    assert Clerk(visitor).post(link_in(mail)).status == 410
    assert Clerk(visitor).post("/sign-in/code", address="mia@acme.test", code=code_in(mail)).status == 422


@ON_SQLITE
def test_a_cookie_is_for_this_host_and_no_script(desk: tuple[Town, Visitor]) -> None:
    """W-11"""
    town, visitor = desk
    answer = Clerk(visitor).post(link_for(town, MIA))
    assert set(answer.headers["set-cookie"].split("; ")[1:]) == {
        "Path=/",
        f"Max-Age={town.frame.limits.session_days * 86_400}",
        "HttpOnly",
        "SameSite=Lax",
    }


@ON_SQLITE
def test_beyond_the_loopback_a_cookie_is_secure_and_bound_to_its_host(town: Town) -> None:
    """W-11"""
    from postern.web.desk.visit import go, set_cookie  # noqa: PLC0415

    cookie = set_cookie(go(town.frame, "/"), town.frame, "secret").headers["Set-Cookie"]
    assert cookie.startswith("__Host-postern=secret; Path=/;")
    assert cookie.endswith("Secure")
    open_air = replace(town.frame, public_url="http://messages.marketplace.example")
    assert set_cookie(go(open_air, "/"), open_air, "secret").headers["Set-Cookie"].endswith("Secure")


@ON_SQLITE
def test_signing_in_again_starts_a_fresh_session_and_ends_the_one_before(desk: tuple[Town, Visitor]) -> None:
    """W-11: nobody can plant a session."""
    town, visitor = desk
    clerk = sign_in(town, visitor, MIA)
    before = clerk.cookie
    clerk.post(link_for(town, MIA))
    assert clerk.cookie != before
    old = Clerk(visitor, before)
    assert old.get(INBOX).headers["location"].startswith("/sign-in")
    planted = Clerk(visitor, "postern=planted")
    planted.post(link_for(town, MIA))
    assert planted.cookie != "postern=planted"


@pytest.mark.parametrize("by", ["idle", "old", "signed out", "elsewhere", "removed"])
@ON_SQLITE
def test_a_session_ends(desk: tuple[Town, Visitor], by: str) -> None:
    """W-11"""
    town, visitor = desk
    clerk = sign_in(town, visitor, MIA)
    assert clerk.get(INBOX).status == 200
    limits = town.frame.limits
    match by:
        case "idle":
            town.clock.advance(timedelta(hours=limits.session_idle_hours))
        case "old":
            for _ in range(limits.session_days * 3):
                town.clock.advance(timedelta(hours=8))
                clerk.get(INBOX)
        case "signed out":
            kept = clerk.cookie
            clerk.post("/sign-out")
            clerk.cookie = kept
        case "elsewhere":
            other = sign_in(town, visitor, MIA)
            names = re.findall(r'name="session" value="(ses_\w+)"', other.get("/sessions").text)
            assert len(names) == 1
            other.post("/sessions/end", session=names[0])
        case _:
            with town.store.look() as look:
                seller = find_seller_of(look, "acme")
            remove_from_team(town.store, seller, MIA, town.clock.now(), "test")
    assert clerk.get(INBOX).status == (404 if by == "removed" else 303)


@ON_SQLITE
def test_what_is_over_is_taken_away(desk: tuple[Town, Visitor]) -> None:
    town, visitor = desk
    asked(town, Clerk(visitor))
    sign_in(town, visitor, MIA)
    town.clock.advance(timedelta(days=1, minutes=1))
    assert keep_sessions(town.store, town.frame, town.clock) == "1 sessions have ended"
    assert [count(town, table) for table in ("session", "sign_in", "notice", "document")] == [0, 0, 0, 0]


@ON_SQLITE
def test_a_person_has_so_many_sessions_at_most(desk: tuple[Town, Visitor]) -> None:
    town, visitor = desk
    assert Limits().sessions_per_person == 20
    clerks = [sign_in(town, visitor, MIA) for _ in range(town.frame.limits.sessions_per_person + 1)]
    assert count(town, "session") == town.frame.limits.sessions_per_person
    assert clerks[-1].get(INBOX).status == 200


@ON_SQLITE
def test_whoever_works_for_two_sellers_chooses(desk: tuple[Town, Visitor]) -> None:
    town, visitor = desk
    hire(town, MIA, "bolt", Role.READER)
    clerk = sign_in(town, visitor, MIA)
    chosen = clerk.get("/").text
    assert "Acme Books" in chosen
    assert "Bolt Bikes" in chosen
    assert (clerk.get("/s/1/messages").status, clerk.get("/s/2/messages").status) == (200, 200)
    hire(town, BEN, "bolt", Role.OWNER)
    assert sign_in(town, visitor, BEN).get("/").headers["location"] == "/s/2/messages"


@pytest.mark.parametrize(
    "lure", ["https://evil.test/", "//evil.test", "/\\evil.test", "/s/1//evil", "javascript:alert(1)", "/s/\n"]
)
@ON_SQLITE
def test_nobody_is_led_elsewhere_by_our_sign_in(desk: tuple[Town, Visitor], lure: str) -> None:
    town, visitor = desk
    clerk = Clerk(visitor)
    code = code_in(asked(town, clerk))
    assert clerk.post("/sign-in/code", address="mia@acme.test", code=code, next=lure).headers["location"] == "/"
