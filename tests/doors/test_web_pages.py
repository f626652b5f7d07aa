"""The pages around the links: health, the sandbox outbox, errors, limits, the server itself."""

import asyncio
import json
import logging
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from postern.connect.sandbox import SandboxOutbox
from postern.errors import ConfigurationError
from postern.model.limits import Limits
from postern.web.app import HEADERS, Pages, build_app, serve_pages
from tests.people import ACME, ANN, Town
from tests.people import town as found_town
from tests.visitor import Visitor, open_pages


@pytest.fixture
def visitor(town: Town) -> Iterator[Visitor]:
    with open_pages(Pages(town.store, town.frame, town.clock, None)) as opened:
        yield opened


@pytest.fixture
def quiet_town(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    """A town for what has nothing to do with the kind of store."""
    with found_town(sqlite_url, tmp_path) as founded:
        yield founded


def pages_of(town: Town, limits: Limits | None = None) -> Pages:
    frame = replace(town.frame, limits=limits) if limits else town.frame
    return Pages(town.store, frame, town.clock, None)


def drop_schema(town: Town) -> None:
    town.store.write(lambda transaction: transaction.execute(text("DELETE FROM alembic_version"))).result()


def test_the_process_is_alive_and_ready(visitor: Visitor) -> None:
    assert visitor.get("/healthz").status == 200
    answer = visitor.get("/readyz")
    assert (answer.status, json.loads(answer.body)) == (200, {"ready": True, "reasons": []})


def test_a_store_of_another_version_is_alive_but_not_ready(town: Town, visitor: Visitor) -> None:
    drop_schema(town)
    assert visitor.get("/healthz").status == 200
    answer = visitor.get("/readyz")
    assert answer.status == 503
    assert "postern migrate" in json.loads(answer.body)["reasons"][0]


def test_a_store_that_is_away_is_said_with_a_time_to_come_back(town: Town, visitor: Visitor) -> None:
    town.receive(town.from_ann())
    [arrival] = town.deliver()
    match = re.search(rb"/m/report/[\w-]+", arrival.content.replace(b"=\r\n", b""))
    assert match
    path = match[0].decode()
    tables = ("message", "exemption")
    town.store.write(lambda to: [to.execute(text(f"ALTER TABLE {name} RENAME TO away_{name}")) for name in tables]).result()
    for answer in (visitor.get(path), visitor.post(path, reason="spam")):
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) > 0
        assert "again in a minute" in answer.text
        assert {name: answer.headers[name.lower()] for name in HEADERS} == HEADERS
    town.store.write(lambda to: [to.execute(text(f"ALTER TABLE away_{name} RENAME TO {name}")) for name in tables]).result()
    assert visitor.get(path).status == 200


@pytest.mark.parametrize(
    "path", ["/nothing", "/m", "/m/report", "/m/other/token", "/static/../app.py", "/static/page.css", "//", "/%00"]
)
def test_what_is_not_there_is_a_plain_page_that_says_so(quiet_town: Town, path: str) -> None:
    with open_pages(pages_of(quiet_town)) as visitor:
        answer = visitor.get(path)
    if path == "//":
        assert answer.status == 200
    else:
        assert (answer.status, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert "no such page" in answer.text


def test_every_answer_carries_the_headers(quiet_town: Town) -> None:
    with open_pages(pages_of(quiet_town)) as visitor:
        answers = [visitor.get(path) for path in ("/", "/healthz", "/readyz", "/nothing", "/sandbox/outbox")]
        answers += [visitor.ask(method, "/") for method in ("HEAD", "OPTIONS", "POST", "TRACE", "BREW")]
    for answer in answers:
        assert {name: answer.headers[name.lower()] for name in HEADERS} == HEADERS
        assert {"server", "set-cookie"}.isdisjoint(answer.headers)


def test_the_stylesheet_is_kept_by_browsers_under_a_name_that_changes_with_it(quiet_town: Town) -> None:
    with open_pages(pages_of(quiet_town)) as visitor:
        match = re.search(r'href="(/static/page-[0-9a-f]{16}\.css)"', visitor.get("/").text)
        assert match
        answer = visitor.get(match[1])
    assert (answer.status, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in answer.headers["cache-control"]
    assert "url(" not in answer.text


def test_a_public_url_with_a_folder_leads_to_the_stylesheet_there(quiet_town: Town) -> None:
    frame = replace(quiet_town.frame, public_url="https://shop.example/post")
    with open_pages(Pages(quiet_town.store, frame, quiet_town.clock, None)) as visitor:
        assert 'href="/post/static/page-' in visitor.get("/").text


def test_without_the_sandbox_there_is_no_outbox(quiet_town: Town) -> None:
    with open_pages(pages_of(quiet_town)) as visitor:
        assert visitor.get("/sandbox/outbox").status == 404


def test_the_outbox_shows_envelope_headers_and_raw_newest_first(quiet_town: Town, tmp_path: Path) -> None:
    outbox = SandboxOutbox(tmp_path / "outbox", quiet_town.clock, Limits())
    first = "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n aus Ulm\r\nno field\r\n\r\nGr\u00fc\u00dfe: a\r\n".encode()
    asyncio.run(outbox.send("bounce@marketplace.example", ANN, first))
    asyncio.run(outbox.send("", ACME, b"Subject: \xff\r\n\r\n\xfe\x00"))
    with open_pages(Pages(quiet_town.store, quiet_town.frame, quiet_town.clock, outbox)) as visitor:
        answer = visitor.get("/sandbox/outbox")
    newest, oldest = json.loads(answer.body)
    assert oldest["envelope"] == {"return_path": "bounce@marketplace.example", "recipients": ["ann@mail.test"]}
    assert oldest["headers"] == [["Subject", "Gr\u00fc\u00dfe aus Ulm"]]
    assert oldest["raw"].encode(oldest["charset"]) == first
    assert newest["envelope"] == {"return_path": "", "recipients": ["help@acme.test"]}
    assert newest["raw"].encode(newest["charset"]) == b"Subject: \xff\r\n\r\n\xfe\x00"
    assert answer.headers["cache-control"] == "no-store"


def test_a_form_has_a_largest_size(quiet_town: Town) -> None:
    with open_pages(pages_of(quiet_town, Limits(page_body=100))) as visitor:
        assert visitor.ask("POST", "/m/report/x", b"x" * 100).status == 404
        for action in ("report", "no-response-needed"):
            answer = visitor.ask("POST", f"/m/{action}/x", b"x" * 101)
            assert (answer.status, "too long" in answer.text) == (413, True)


def test_a_report_of_the_most_characters_fits_into_a_form(quiet_town: Town) -> None:
    quiet_town.receive(quiet_town.from_ann())
    [arrival] = quiet_town.deliver()
    match = re.search(rb"/m/report/[\w-]+", arrival.content.replace(b"=\r\n", b""))
    assert match
    most = Limits().report_text
    with open_pages(pages_of(quiet_town)) as visitor:
        assert visitor.post(match[0].decode(), reason="other", text="\U0001f600" * (most + 1)).status == 422
        assert visitor.post(match[0].decode(), reason="other", text="\U0001f600" * most).status == 200


def test_a_form_that_does_not_arrive_in_time_is_not_waited_for(quiet_town: Town) -> None:
    with (
        open_pages(pages_of(quiet_town, Limits(page_seconds=1))) as visitor,
        socket.create_connection(("127.0.0.1", visitor.port), timeout=10) as connection,
    ):
        connection.sendall(b"POST /m/report/x HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nreason=")
        started_at = time.monotonic()
        assert b" 408 " in connection.recv(100)
        assert time.monotonic() - started_at < 5


def test_more_connections_than_the_most_are_turned_away(quiet_town: Town) -> None:
    with open_pages(pages_of(quiet_town, Limits(page_connections=3))) as visitor:
        idle = [socket.create_connection(("127.0.0.1", visitor.port)) for _ in range(3)]
        time.sleep(0.2)
        assert visitor.get("/healthz").status == 503
        for connection in idle:
            connection.close()
        time.sleep(0.2)
        assert visitor.get("/healthz").status == 200


def test_what_is_no_http_is_answered_and_closed(quiet_town: Town) -> None:
    with open_pages(pages_of(quiet_town)) as visitor:
        for octets in (
            b"EHLO mail.test\r\n\r\n",
            b"\x16\x03\x01\x02\x00\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nX" + b"y" * 100_000,
        ):
            with socket.create_connection(("127.0.0.1", visitor.port), timeout=10) as connection:
                connection.sendall(octets)
                assert b" 400 " in connection.recv(100)
        assert visitor.get("/healthz").status == 200


def test_no_token_is_ever_logged(quiet_town: Town, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "AQsecretTokenOfALink"
    drop = "ALTER TABLE message RENAME TO away"
    with open_pages(pages_of(quiet_town)) as visitor:
        visitor.get(f"/m/report/{secret}")
        visitor.post(f"/m/report/{secret}", reason="spam", text=secret)
        visitor.ask("PUT", f"/m/report/{secret}")
        quiet_town.store.write(lambda to: to.execute(text(drop))).result()
        visitor.get(f"/m/report/{secret}")
    assert secret not in caplog.text


def test_a_port_that_is_taken_names_the_setting(quiet_town: Town) -> None:
    app = build_app(pages_of(quiet_town))
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigurationError, match=r"web\.listen"):
        asyncio.run(serve_pages(app, "127.0.0.1", taken.getsockname()[1]))
    with pytest.raises(ConfigurationError, match=r"web\.listen"):
        asyncio.run(serve_pages(app, "no.such.host.invalid", 0))


def test_closing_finishes_the_page_under_way_and_frees_the_port(quiet_town: Town) -> None:
    answers: list[int] = []
    lock = threading.Event()

    def hold_the_writer(_transaction: object) -> None:
        lock.wait(10)

    quiet_town.receive(quiet_town.from_ann())
    [arrival] = quiet_town.deliver()
    match = re.search(rb"/m/report/[\w-]+", arrival.content.replace(b"=\r\n", b""))
    assert match
    path = match[0].decode()
    held = quiet_town.store.write(hold_the_writer)
    with open_pages(pages_of(quiet_town)) as visitor:
        pressing = threading.Thread(target=lambda: answers.append(visitor.post(path, reason="spam").status))
        pressing.start()
        time.sleep(0.5)
        threading.Timer(0.5, lock.set).start()
    pressing.join(10)
    held.result()
    assert answers == [200]
    with socket.create_server(("127.0.0.1", visitor.port)):
        pass


@pytest.mark.parametrize("path", ["/", "/nowhere", "/m/report/broken"])
def test_a_page_for_somebody_unknown_speaks_the_language_that_the_browser_accepts(visitor: Visitor, path: str) -> None:
    answer = visitor.ask("GET", path, None, **{"Accept-Language": "fr-CA, en;q=0.5"})
    assert '<html lang="fr">' in answer.text
    assert answer.headers["vary"] == "Accept-Language"
    assert '<html lang="en">' in visitor.get(path).text
