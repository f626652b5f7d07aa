"""The desk over HTTP: what its pages show, what they change, and what they keep from whoever has no business there."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from postern.model.delivery import Failed
from postern.model.envelope import Mail
from postern.model.identifier import show
from postern.model.team import Role
from postern.model.view import Cursor, View
from postern.storage import schema
from postern.web.routes import DESK
from tests.desk import BEN, MIA, Clerk, hire, open_desk, sign_in
from tests.people import ANN, ON_SQLITE, Town

HOUR = timedelta(hours=1)
INBOX = "/s/1/messages"


@pytest.fixture
def desk(town: Town) -> Iterator[tuple[Town, Clerk]]:
    limits = replace(town.frame.limits, session_idle_hours=1_000)  # for those whose clock jumps
    with open_desk(replace(town, frame=replace(town.frame, limits=limits))) as (here, visitor):
        hire(here, MIA, "acme", Role.AGENT)
        yield here, sign_in(here, visitor, MIA)


def threads_in(clerk: Clerk, view: str = "") -> list[str]:
    """The threads of a view, in its order."""
    answer = clerk.get(f"{INBOX}{view}")
    assert answer.status == 200, answer.text
    return re.findall(r'class="to" href="/s/1/threads/(thr_\w+)"', answer.text)


def count_of(clerk: Clerk, view: View) -> str:
    found = re.search(rf'data-view="{view}".*?class="count[^"]*">(\d+\+?)<', clerk.get(INBOX).text)
    assert found
    return found[1]


def write(town: Town, mail: Mail) -> None:
    town.receive(mail)
    town.deliver()
    town.clock.advance(HOUR)


def message_in(clerk: Clerk, thread: str) -> str:
    found = re.search(r'id="(msg_\w+)"', clerk.get(f"/s/1/threads/{thread}").text)
    assert found
    return found[1]


def point_to(town: Town, url: str) -> None:
    """Where the marketplace hears of infringements."""
    changed = update(schema.marketplace).values(report_infringement_url=url)
    town.store.write(lambda transaction: transaction.execute(changed)).result()


def html_of(town: Town, html: str) -> Mail:
    mail = town.from_ann("x", Subject="Look", MIME_Version="1.0", Content_Type="text/html; charset=utf-8")
    return replace(mail, content=mail.content.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + html.encode() + b"\r\n")


def test_messages_open_on_what_needs_a_response_the_first_due_first(desk: tuple[Town, Clerk]) -> None:
    """R17"""
    town, clerk = desk
    for subject in ("First", "Second", "Third"):
        write(town, town.from_ann(Subject=subject))
    page = clerk.get(INBOX).text
    assert re.findall(r'class="subject">(\w+)<', page) == ["First", "Second", "Third"]
    assert re.findall(r'class="subject">(\w+)<', clerk.get(f"{INBOX}/all").text) == ["Third", "Second", "First"]
    assert ">21 h left<" in page
    town.clock.advance(timedelta(hours=18))
    assert (count_of(clerk, View.DUE_SOON), count_of(clerk, View.OVERDUE)) == ("2", "0")
    town.clock.advance(timedelta(hours=4))
    assert (count_of(clerk, View.DUE_SOON), count_of(clerk, View.OVERDUE)) == ("1", "2")


def test_an_answer_changes_response_needed_to_sent(desk: tuple[Town, Clerk]) -> None:
    """R15"""
    town, clerk = desk
    write(town, town.from_ann("order 303-5512345-1234567"))
    write(town, town.from_acme("It left. order 303-5512345-1234567"))
    assert threads_in(clerk) == []
    assert threads_in(clerk, "/sent") == threads_in(clerk, "/waiting") == threads_in(clerk, "/all") != []
    assert "Delivered" in clerk.get(f"{INBOX}/sent").text


def test_what_came_back_is_in_not_delivered_alone(desk: tuple[Town, Clerk]) -> None:
    """R15"""
    town, clerk = desk
    town.receive(town.from_acme())
    town.deliver(Failed(550, "5.1.1", "no such user"))
    assert threads_in(clerk, "/sent") == []
    [thread] = threads_in(clerk, "/not-delivered")
    assert "Could not be delivered" in clerk.get(f"/s/1/threads/{thread}").text


def test_no_response_needed_for_several_and_undone_for_all(desk: tuple[Town, Clerk]) -> None:
    """R18"""
    town, clerk = desk
    for subject in ("First", "Second", "Third"):
        write(town, town.from_ann(Subject=subject))
    chosen = threads_in(clerk)[:2]
    answer = clerk.post("/s/1/exempt", *(("thread", one) for one in chosen), view="response-needed")
    assert answer.status == 303
    assert len(threads_in(clerk)) == 1
    page = clerk.get(answer.headers["location"]).text
    assert "2 messages need no response" in page
    done = re.search(r'name="done" value="([^"]+)"', page)
    assert done
    assert clerk.post("/s/1/exempt/undo", view="response-needed", done=done[1]).status == 303
    assert threads_in(clerk)[:2] == chosen


def test_one_message_is_marked_and_unmarked_in_its_thread(desk: tuple[Town, Clerk]) -> None:
    """R18"""
    town, clerk = desk
    write(town, town.from_ann())
    [thread] = threads_in(clerk)
    message = message_in(clerk, thread)
    for _ in range(2):
        assert clerk.post(f"/s/1/messages/{message}/exempt").status == 303
    assert "Needs no response" in clerk.get(f"/s/1/threads/{thread}").text
    assert threads_in(clerk) == []
    clerk.post(f"/s/1/messages/{message}/exempt/undo")
    assert threads_in(clerk) == [thread]


def test_a_reported_message_leaves_and_its_reporter_reads_what_that_means(desk: tuple[Town, Clerk]) -> None:
    """R27"""
    town, clerk = desk
    write(town, town.from_ann())
    [thread] = threads_in(clerk)
    message = message_in(clerk, thread)
    report = f"/s/1/messages/{message}/report"
    assert "Report infringement" not in clerk.get(report).text  # this marketplace names no page for that
    point_to(town, "javascript:alert(1)")
    assert "javascript" not in clerk.get(report).text
    point_to(town, "https://shop.example/infringement")
    assert 'href="https://shop.example/infringement"' in clerk.get(report).text
    assert clerk.post(report).status == 422
    assert clerk.post(report, reason="other").status == 422
    answer = clerk.post(report, reason="spam")
    assert answer.status == 303
    assert "not every report is investigated" in clerk.get(answer.headers["location"].partition("#")[0]).text
    assert (threads_in(clerk), threads_in(clerk, "/reported")) == ([], [thread])
    assert "already done" in clerk.get(report).text


def test_a_draft_is_kept_and_forgotten_when_it_is_emptied(desk: tuple[Town, Clerk]) -> None:
    town, clerk = desk
    write(town, town.from_ann())
    [thread] = threads_in(clerk)
    assert clerk.post(f"/s/1/threads/{thread}/draft", text="Dear Ann, <b>\u4f60\u597d").status == 303
    assert "Dear Ann, &lt;b&gt;\u4f60\u597d</textarea>" in clerk.get(f"/s/1/threads/{thread}").text
    assert threads_in(clerk, "/drafts") == [thread]
    clerk.post(f"/s/1/threads/{thread}/draft", text="x" * (town.frame.limits.posted_text + 5))
    assert f">\n{'x' * town.frame.limits.posted_text}</textarea>" in clerk.get(f"/s/1/threads/{thread}").text
    clerk.post(f"/s/1/threads/{thread}/draft", text=" ")
    assert threads_in(clerk, "/drafts") == []


def test_an_automatic_reply_is_shown_without_the_buyers_address(desk: tuple[Town, Clerk]) -> None:
    """R1: it was kept as it came, and nobody took the address out of it yet."""
    town, clerk = desk
    write(town, town.from_ann("I am away. Write to ann@mail.test", Subject="Away: ann@mail.test", Auto_Submitted="auto-replied"))
    [thread] = threads_in(clerk, "/all")
    page = clerk.get(f"/s/1/threads/{thread}").text
    assert "I am away" in page
    assert "ann@mail.test" not in page + clerk.get(f"{INBOX}/all").text


@ON_SQLITE
def test_a_held_message_of_a_buyer_is_not_there_for_the_seller(desk: tuple[Town, Clerk]) -> None:
    town, clerk = desk
    limits = replace(town.frame.limits, thread_burst=1)
    held = replace(town, frame=replace(town.frame, limits=limits))
    for text in ("visible", "not to be seen"):
        held.receive(held.from_ann(f"order 303-5512345-1234567 {text}"))
    [thread] = threads_in(clerk)
    page = clerk.get(f"/s/1/threads/{thread}").text
    assert "visible" in page
    assert "not to be seen" not in page


@ON_SQLITE
def test_pages_follow_each_other_without_gap_or_repeat(desk: tuple[Town, Clerk]) -> None:
    town, clerk = desk
    for number in range(53):
        town.receive(town.from_ann(Subject=f"Number {number}"))
        if number % 3 == 0:
            town.clock.advance(timedelta(seconds=1))  # some of the same moment
    for view in ("", "/all"):
        first = clerk.get(f"{INBOX}{view}").text
        more = re.search(r'href="([^"]+after=[^"]+)"', first)
        assert more
        seen = re.findall(r"Number (\d+)<", first + clerk.get(more[1]).text)
        assert (len(seen), len(set(seen))) == (53, 53)


@pytest.mark.parametrize("text", ["", "x", "1.", ".1", "9" * 40 + "." + "a" * 32, "1.zz", "-5." + "0" * 32, "\u0661." + "0" * 32])
def test_a_cursor_of_nonsense_begins_at_the_beginning_or_somewhere(text: str) -> None:
    found = Cursor.read(text)
    assert found is None or Cursor.read(found.spell()) == found


@ON_SQLITE
def test_the_layout_is_a_document_of_its_own_in_a_sandbox(desk: tuple[Town, Clerk]) -> None:
    """W-04, W-05"""
    town, clerk = desk
    hostile = (
        "<p style='color:red'>Hi</p><script>x()</script><form action=/sign-out><input></form><img src=https://evil.test/x.gif>"
    )
    write(town, html_of(town, hostile))
    [thread] = threads_in(clerk)
    message = message_in(clerk, thread)
    answer = clerk.get(f"/s/1/messages/{message}/layout")
    assert answer.headers["content-security-policy"].startswith(
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src"
    )
    assert "allow-scripts" not in answer.headers["content-security-policy"]
    assert "Hi" in answer.text
    assert not re.search(r"<script|<form|<input|evil\.test/x|onerror", answer.text)


@ON_SQLITE
def test_a_file_is_handed_over_and_never_shown_in_our_place(desk: tuple[Town, Clerk]) -> None:
    """W-05"""
    town, clerk = desk
    mail = town.from_ann("x", Subject="Files", MIME_Version="1.0", Content_Type="multipart/mixed; boundary=b")
    name = 'filename="n\u00e4me\\"; x=y.txt"'
    part = f"--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; {name}\r\n\r\nhello\r\n--b--\r\n"
    write(town, replace(mail, content=mail.content.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + part.encode()))
    [thread] = threads_in(clerk)
    found = re.search(r'href="(/s/1/messages/msg_\w+/files/0)"', clerk.get(f"/s/1/threads/{thread}").text)
    assert found
    answer = clerk.get(found[1])
    assert answer.body.strip() == b"hello"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert re.fullmatch(r"attachment; filename\*=UTF-8''[\w%.~-]+", answer.headers["content-disposition"])
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert clerk.get(found[1].replace("/0", "/1")).status == 404


def test_the_figures_and_their_ledger(desk: tuple[Town, Clerk]) -> None:
    """R29"""
    town, clerk = desk
    write(town, town.from_ann("order 303-5512345-1234567"))
    write(town, town.from_acme("order 303-5512345-1234567"))
    page = clerk.get("/s/1/figures").text
    assert "Answered within 24 hours" in page
    assert ">1 h 0 min<" in page
    ledger = clerk.get("/s/1/figures/ledger.csv")
    assert ledger.headers["content-type"] == "text/csv; charset=utf-8"
    header, row = ledger.text.strip().split("\r\n")
    assert header.startswith("message,thread,started_at")
    assert row.endswith(",answered")


def test_an_answer_from_the_page_is_sent_and_closes_the_clock(desk: tuple[Town, Clerk]) -> None:
    """R9, R29: the reply box of a thread in which the buyer wrote."""
    town, clerk = desk
    write(town, town.from_ann())
    [thread] = threads_in(clerk)
    clerk.post(f"/s/1/threads/{thread}/draft", text="Begun")
    answers = [clerk.post(f"/s/1/threads/{thread}/reply", text="It left today.", key="once") for _ in range(2)]
    assert {one.headers["location"] for one in answers} == {f"/s/1/threads/{thread}?sent=answer"}
    [arrival] = town.deliver()
    assert arrival.recipient == "ann@mail.test"
    assert (threads_in(clerk), threads_in(clerk, "/drafts"), threads_in(clerk, "/sent")) == ([], [], [thread])


def test_a_refused_answer_stays_in_the_box_with_the_reason(desk: tuple[Town, Clerk]) -> None:
    town, clerk = desk
    write(town, town.from_ann())
    [thread] = threads_in(clerk)
    text = "x" * (town.frame.limits.posted_text + 1)
    answer = clerk.post(f"/s/1/threads/{thread}/reply", text=text, key="long")
    assert answer.status == 422
    assert f"{text}</textarea>" in answer.text
    assert "Not sent yet" in answer.text
    assert threads_in(clerk) == [thread]


# ---- Who may, and whence


@ON_SQLITE
def test_a_reader_reads_and_changes_nothing(town: Town) -> None:
    with open_desk(town) as (here, visitor):
        hire(here, MIA, "acme", Role.READER)
        clerk = sign_in(here, visitor, MIA)
        write(here, here.from_ann())
        [thread] = threads_in(clerk)
        message = message_in(clerk, thread)
        page = clerk.get(f"/s/1/threads/{thread}").text
        assert "<textarea" not in page
        paths = (
            f"threads/{thread}/draft",
            f"threads/{thread}/exempt",
            f"messages/{message}/exempt",
            f"messages/{message}/report",
        )
        for path in (*paths, "exempt", "exempt/undo"):
            assert clerk.post(f"/s/1/{path}", reason="spam", thread=thread).status == 403
        assert threads_in(clerk) == [thread]


def desk_paths() -> list[tuple[str, str]]:
    """Every route behind the session, by method, its names still open."""
    return sorted((method, path) for one in DESK for path in one.paths for method in one.http_methods if path.startswith("/s/"))


def test_there_are_routes_to_walk() -> None:
    assert len(desk_paths()) > 15


@pytest.mark.parametrize("role", [*Role])
@ON_SQLITE
def test_every_route_with_every_role_and_foreign_ids_is_not_found(town: Town, role: Role) -> None:
    """W-07: another seller's record, one that never was, and another seller's desk are all the same."""
    with open_desk(town) as (here, visitor):
        hire(here, MIA, "acme", role)
        hire(here, BEN, "bolt", Role.OWNER)
        here.receive(here.mail(ANN, here.bolt_pair.seller_alias, "For Bolt", Subject="For Bolt"))
        ben = sign_in(here, visitor, BEN)
        page = ben.get("/s/2/messages").text
        thread = re.search(r"thr_\w{26}", page)
        assert thread
        message = re.search(r"msg_\w{26}", ben.get(f"/s/2/threads/{thread[0]}").text)
        assert message
        mia = sign_in(here, visitor, MIA)
        answers = set()
        for method, path in desk_paths():
            for names in ((thread[0], message[0]), (show("thr", UUID(int=7)), show("msg", UUID(int=7))), ("thr_x", "msg_x")):
                open_path = path.replace("{view:str}", "all").replace("{number:int}", "0")
                named = open_path.replace("{name:str}", names[0] if "/threads/" in path else names[1])
                for seller in ("1", "2", "3", "x", "9" * 30) if "{name:str}" in path else ("2", "3", "x"):
                    asked = named.replace("{seller:str}", seller)
                    answer = (
                        mia.post(asked, reason="spam") if method == "POST" else mia.visitor.ask(method, asked, Cookie=mia.cookie)
                    )
                    if role is Role.READER and method == "POST" and seller == "1":
                        assert answer.status in (403, 404), asked
                        continue
                    assert answer.status == 404, (method, asked)
                    answers.add(answer.text)
        assert len(answers - {""}) == 1  # HEAD has no body
        assert "For Bolt" in ben.get("/s/2/messages").text


@ON_SQLITE
def test_nobody_who_is_not_signed_in_sees_anything(town: Town) -> None:
    with open_desk(town) as (_, visitor):
        for method, path in desk_paths():
            asked = re.sub(r"\{number:int\}", "0", re.sub(r"\{\w+:str\}", "1", path))
            for cookie in ("", "postern=" + "A" * 43, "postern=\u00e9"):
                headers = {"Cookie": cookie.encode("utf-8").decode("latin-1")} if cookie else {}
                origin = {"Origin": f"http://127.0.0.1:{visitor.port}"}
                answer = visitor.ask(method, asked, b"" if method == "POST" else None, **headers, **origin)
                assert (answer.status, answer.headers["location"][:8]) == (303, "/sign-in"), (method, asked)


FOREIGN: tuple[dict[str, str], ...] = (
    {"Origin": "https://evil.test"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "OWN", "Sec-Fetch-Site": "cross-site"},
    {},
)


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@ON_SQLITE
def test_another_site_changes_nothing_even_with_the_token(desk: tuple[Town, Clerk], headers: dict[str, str]) -> None:
    """W-08"""
    town, clerk = desk
    write(town, town.from_ann())
    [thread] = threads_in(clerk)
    headers = {name: clerk.origin if value == "OWN" else value for name, value in headers.items()}
    body = f"csrf={clerk.csrf}&thread={thread}".encode()
    form = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": clerk.cookie}
    assert clerk.visitor.ask("POST", "/s/1/exempt", body, **form, **headers).status == 403
    assert threads_in(clerk) == [thread]


@pytest.mark.parametrize("token", ["", "0" * 32, "\u00e9", "other"])
@ON_SQLITE
def test_a_form_without_its_sessions_token_changes_nothing(desk: tuple[Town, Clerk], token: str) -> None:
    """W-08"""
    town, clerk = desk
    write(town, town.from_ann())
    [thread] = threads_in(clerk)
    clerk.csrf = sign_in(town, clerk.visitor, MIA).csrf if token == "other" else token
    assert clerk.post("/s/1/exempt", thread=thread).status == 403
    assert threads_in(clerk) == [thread]


@ON_SQLITE
def test_every_page_says_what_a_browser_may_load(desk: tuple[Town, Clerk]) -> None:
    """W-16"""
    town, clerk = desk
    write(town, town.from_ann())
    [thread] = threads_in(clerk)
    for path in (INBOX, f"/s/1/threads/{thread}", "/s/1/figures", "/sessions", "/sign-in"):
        policy = clerk.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


def test_words_of_a_stranger_are_never_markup(desk: tuple[Town, Clerk]) -> None:
    """W-01"""
    town, clerk = desk
    write(town, town.from_ann("<img src=x onerror=alert(1)> {{ 7 * 7 }}", Subject="<script>alert(1)</script>"))
    [thread] = threads_in(clerk)
    for page in (clerk.get(INBOX).text, clerk.get(f"/s/1/threads/{thread}").text):
        assert "&lt;script&gt;alert(1)" in page
        assert not re.search(r"<script>|<img ", page)
        assert "49" not in re.sub(r"[\w-]{20,}", "", page)
