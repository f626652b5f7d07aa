"""The door for programs: keys, problems, strict bodies, limits, and the operator's side of it."""

import json
import logging
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import select, text

from postern.actions.issue_keys import recognise_key, revoke_key
from postern.api.app import HEADERS, ROOT
from postern.api.problems import ALL
from postern.api.routes import ENDPOINTS
from postern.model.api_key import Scope
from postern.model.limits import Limits
from postern.policy import reasons
from postern.storage import schema
from tests.architecture.source import ROOT as ROOT_FOLDER
from tests.callers import Caller, key_for, open_api, problem_of, told
from tests.people import ORDER, Town
from tests.people import town as found_town

MARKETPLACE = {"name": "Second Market", "mail_domain": "second.example", "language": "fr", "time_zone": "Europe/Paris"}
SELLER = {"business_name": "Cask Wines", "language": "fr", "customer_service_address": "cave@cask.test"}
BUYER = {"name": "Bob Example", "address": "bob@mail.test"}
PURCHASE = {
    "seller": "acme",
    "buyer": "ann",
    "status": "shipped",
    "fulfilment": "seller",
    "placed_at": "2026-11-20T10:00:00Z",
    "items": [{"sku": "B2", "title": "Globe"}],
}


@pytest.fixture
def operator(town: Town) -> Iterator[Caller]:
    with open_api(town) as visitor:
        yield Caller(visitor, key_for(town))


@pytest.fixture
def quiet_town(migrated_sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    """A town for what has nothing to do with the kind of store."""
    with found_town(migrated_sqlite_url, tmp_path) as founded:
        yield founded


@pytest.fixture
def caller(quiet_town: Town) -> Iterator[Caller]:
    """The operator's program, where the kind of store does not matter."""
    with open_api(quiet_town) as visitor:
        yield Caller(visitor, key_for(quiet_town))


# ---- Who may call


def test_without_a_valid_key_every_call_is_answered_alike(quiet_town: Town) -> None:
    revoked, expired = key_for(quiet_town), key_for(quiet_town)
    with quiet_town.store.look() as look:
        known = recognise_key(look, revoked, quiet_town.clock.now())
    assert known
    revoke_key(quiet_town.store, known.id, quiet_town.clock.now(), "operator")
    quiet_town.store.write(
        lambda transaction: transaction.execute(
            schema.api_key.update()
            .where(schema.api_key.c.shown == expired[:18])
            .values(expires_at=quiet_town.clock.now() - timedelta(seconds=1))
        )
    ).result()
    with open_api(quiet_town) as visitor:
        answers = [
            Caller(visitor).call("GET", "/ledger", Authorization=one, X_Request_Id="same")
            for one in ("", "Bearer", "Bearer x", f"Basic {revoked}", f"Bearer {revoked}", f"Bearer {expired}", "Bearer \xe9")
        ]
    assert {problem_of(one) for one in answers} == {(401, "no_valid_key")}
    assert len({one.body for one in answers}) == 1
    assert all(one.headers["www-authenticate"].startswith("Bearer") for one in answers)


def test_a_key_that_is_revoked_stops_working_at_once(quiet_town: Town) -> None:
    secret = key_for(quiet_town)
    with open_api(quiet_town) as visitor:
        caller = Caller(visitor, secret)
        assert caller.get("/ledger").status == 200
        with quiet_town.store.look() as look:
            key = recognise_key(look, secret, quiet_town.clock.now())
        assert key
        revoke_key(quiet_town.store, key.id, quiet_town.clock.now(), "operator")
        assert problem_of(caller.get("/ledger")) == (401, "no_valid_key")


def test_a_key_may_do_what_its_scopes_say_and_a_sellers_key_is_no_operators(quiet_town: Town) -> None:
    with open_api(quiet_town) as visitor:
        narrow = Caller(visitor, key_for(quiet_town, None, Scope.FEED_WRITE))
        assert problem_of(narrow.get("/ledger")) == (403, "scope_missing")
        seller = Caller(visitor, key_for(quiet_town, "acme"))
        for one in ENDPOINTS:
            if one.scope and "seller" not in one.holders:
                path = re.sub(r"\{\w+\}", "x", one.path)
                assert problem_of(seller.call(one.method, path, {} if one.takes else None)) == (403, "scope_missing")


def test_the_last_use_is_noted_once_an_hour_and_no_call_waits_for_it(quiet_town: Town) -> None:
    with open_api(quiet_town) as visitor:
        caller = Caller(visitor, key_for(quiet_town))
        for _ in range(3):
            caller.get("/ledger")
        first = quiet_town.clock.now()
        quiet_town.clock.advance(timedelta(minutes=59))
        caller.get("/ledger")
    with quiet_town.store.look() as look:
        assert list(look.connection.execute(select(schema.api_key.c.last_used_at)).scalars()) == [first]


def test_a_key_has_so_many_calls_a_minute_and_hears_how_many_are_left(migrated_sqlite_url: str, tmp_path: Path) -> None:
    with found_town(migrated_sqlite_url, tmp_path, Limits(api_calls=3)) as town, open_api(town) as visitor:
        caller, other = Caller(visitor, key_for(town)), Caller(visitor, key_for(town))
        left = [caller.get("/ledger").headers["ratelimit"] for _ in range(3)]
        assert [re.sub(r";t=\d+", "", one) for one in left] == ['"calls";r=2', '"calls";r=1', '"calls";r=0']
        over = caller.get("/ledger")
        assert problem_of(over) == (429, "too_many_calls")
        assert 1 <= int(over.headers["retry-after"]) <= 60
        assert over.headers["ratelimit-policy"] == '"calls";q=3;w=60'
        assert other.get("/ledger").status == 200


# ---- What is said


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"name": "\xc3"}',
        b'{"name": NaN}',
        b'{"name": 1, "name": 2}',
        b"[" * 50_000,
        b'{"a":' * 10_000,
        b'{"name": ' + b"9" * 50_000 + b"}",
        b'{"name": "a"} x',
    ],
)
def test_what_is_no_json_that_reads_in_one_way_is_refused(caller: Caller, body: bytes) -> None:
    assert problem_of(caller.call("PUT", "/sellers/cask", body)) == (400, "bad_json")
    assert problem_of(caller.call("POST", "/erasures", body)) == (400, "bad_json")


@pytest.mark.parametrize(
    "body",
    [None, True, 1, "x", [], {}, {"address": None}, {"address": 5}, {"address": "a@b.test", "more": 1}, {"address": "\ud800"}],
)
def test_what_has_another_shape_names_each_mistake_and_repeats_no_value(caller: Caller, body: object) -> None:
    answer = caller.call("POST", "/erasures", json.dumps(body).encode())
    assert problem_of(answer) in {(422, "bad_fields"), (400, "bad_json")}
    assert "a@b.test" not in answer.text


def test_other_kinds_of_body_are_refused(caller: Caller) -> None:
    for kind in ("text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", ""):
        assert problem_of(caller.call("PUT", "/sellers/cask", SELLER, Content_Type=kind)) == (415, "wrong_media_type")
        assert problem_of(caller.call("POST", "/feed", b"", Content_Type=kind)) == (415, "wrong_media_type")
    assert problem_of(caller.call("PUT", "/sellers/cask", SELLER, Content_Encoding="gzip")) == (415, "wrong_media_type")


@pytest.mark.parametrize("query", ["?x=1", "?limit=1", "?%ff=1", "?x"])
def test_a_parameter_that_nobody_knows_is_refused(caller: Caller, query: str) -> None:
    assert problem_of(caller.get(f"/ledger{query}")) == (400, "bad_query")


def test_bodies_have_a_largest_size(migrated_sqlite_url: str, tmp_path: Path) -> None:
    with found_town(migrated_sqlite_url, tmp_path, Limits(api_body=200, api_feed=300)) as town, open_api(town) as visitor:
        caller = Caller(visitor, key_for(town))
        assert problem_of(caller.call("PUT", "/sellers/cask", b"x" * 201)) == (413, "body_too_large")
        assert problem_of(caller.call("POST", "/feed", b"x" * 301, Content_Type="application/jsonl")) == (413, "body_too_large")
        assert caller.call("PUT", "/sellers/cask", SELLER).status == 201


def test_a_feed_that_does_not_arrive_in_time_is_not_waited_for(migrated_sqlite_url: str, tmp_path: Path) -> None:
    import socket  # noqa: PLC0415

    with found_town(migrated_sqlite_url, tmp_path, Limits(api_feed_seconds=1, page_seconds=1)) as town, open_api(town) as visitor:
        head = f"Host: a\r\nAuthorization: Bearer {key_for(town)}\r\nContent-Length: 50\r\n"
        for line, kind in (("POST /api/v1/feed", "application/jsonl"), ("PUT /api/v1/sellers/x", "application/json")):
            with socket.create_connection(("127.0.0.1", visitor.port), timeout=10) as connection:
                connection.sendall(f"{line} HTTP/1.1\r\n{head}Content-Type: {kind}\r\n\r\n{{".encode())
                assert b" 408 " in connection.recv(100)


@pytest.mark.parametrize("path", ["", "/", "/nothing", "/ledger/x", "/%00", "/problems/nothing"])
def test_what_is_not_there_is_a_problem_too(caller: Caller, path: str) -> None:
    assert problem_of(caller.get(path)) == (404, "not_found")


def test_a_wrong_method_is_answered_with_those_that_are_right(caller: Caller) -> None:
    answer = caller.call("DELETE", "/ledger")
    assert problem_of(answer) == (405, "method_not_allowed")
    assert "GET" in answer.headers["allow"]


def test_every_answer_carries_the_headers_and_the_callers_own_request_id(caller: Caller) -> None:
    answers = [caller.get(path, X_Request_Id="mine-1") for path in ("/ledger", "/docs", "/openapi.json", "/nothing")]
    for answer in answers:
        assert {name: answer.headers[name.lower()] for name in HEADERS} == HEADERS
        assert answer.headers["x-request-id"] == "mine-1"
    assert caller.get("/ledger", X_Request_Id="two words").headers["x-request-id"].startswith("req_")


def test_a_store_that_is_away_is_said_with_a_time_to_come_back(town: Town, operator: Caller) -> None:
    town.store.write(lambda to: to.execute(text("ALTER TABLE message RENAME TO away_message"))).result()
    answer = operator.get("/ledger")
    assert problem_of(answer) == (503, "not_possible_now")
    assert int(answer.headers["retry-after"]) > 0
    town.store.write(lambda to: to.execute(text("ALTER TABLE away_message RENAME TO message"))).result()
    assert operator.get("/ledger").status == 200


def test_no_key_no_address_and_no_query_is_ever_logged(quiet_town: Town, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = key_for(quiet_town)
    with open_api(quiet_town) as visitor:
        caller = Caller(visitor, secret)
        caller.call("POST", "/erasures", {"address": "somebody@secret.test"})
        caller.get("/ledger?who=somebody@secret.test")
        quiet_town.store.write(lambda to: to.execute(text("ALTER TABLE message RENAME TO away"))).result()
        caller.get("/ledger")
    assert secret not in caplog.text
    assert "secret.test" not in caplog.text


# ---- The shop's records


def test_the_shop_puts_its_records_one_by_one_and_again(operator: Caller) -> None:
    puts = [
        ("/marketplaces/fr", MARKETPLACE),
        ("/marketplaces/de/buyers/bob", BUYER),
        ("/marketplaces/de/orders/404-1", PURCHASE | {"buyer": "bob"}),
    ]
    for path, body in puts:
        answer = operator.call("PUT", path, body)
        assert (answer.status, told(answer)) == (201, {"state": "added"}), answer
    assert [told(operator.call("PUT", path, body)) for path, body in puts] == [{"state": "unchanged"}] * 3
    answer = operator.call("PUT", "/sellers/acme", SELLER)
    assert (answer.status, told(answer)) == (200, {"state": "changed"})


def test_an_order_that_is_known_changes_its_status_alone(operator: Caller) -> None:
    path = f"/marketplaces/de/orders/{ORDER}"
    assert told(operator.call("PUT", path, PURCHASE)) == {"state": "changed"}
    answer = operator.call("PUT", path, PURCHASE | {"seller": "bolt"})
    assert problem_of(answer) == (422, "bad_feed")
    assert "cannot move" in told(answer)["errors"][0]["detail"]


def test_a_record_that_cannot_be_taken_says_what_is_wrong_and_repeats_no_address(operator: Caller) -> None:
    for path, body, wrong in (
        ("/sellers/cask", SELLER | {"business_name": "Example Market Support"}, "name of a marketplace"),
        ("/sellers/cask", SELLER | {"customer_service_address": "no address@x"}, "customer_service_address"),
        ("/sellers/cask", SELLER | {"language": 5}, "language"),
        ("/sellers/cask", SELLER | {"langauge": "de"}, "did you mean 'language'"),
        ("/marketplaces/xx/buyers/bob", BUYER, "'xx' is not known"),
        ("/marketplaces/de/orders/1", PURCHASE | {"buyer": "nobody"}, "'nobody' is not known"),
    ):
        answer = operator.call("PUT", path, body)
        assert problem_of(answer) == (422, "bad_feed"), answer
        assert wrong in told(answer)["errors"][0]["detail"]
        assert "no address@x" not in answer.text


def test_an_id_stands_in_the_path_and_nowhere_else(caller: Caller) -> None:
    for path, body in (
        ("/sellers/cask", SELLER | {"id": "other"}),
        ("/sellers/cask", SELLER | {"kind": "buyer"}),
        ("/marketplaces/de/buyers/bob", BUYER | {"marketplace": "fr"}),
    ):
        assert problem_of(caller.call("PUT", path, body)) == (422, "bad_fields")


def feed(*records: dict[str, object]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in records)


def test_a_feed_is_taken_whole_and_may_come_again(operator: Caller) -> None:
    lines = feed(
        {"kind": "order", "id": "1", "marketplace": "de", **PURCHASE, "buyer": "bob"},
        {"kind": "buyer", "id": "bob", "marketplace": "de", **BUYER},
    )
    for expected in ("added", "unchanged"):
        answer = operator.call("POST", "/feed", lines, Content_Type="application/x-ndjson")
        assert answer.status == 200, answer
        rows = {row["kind"]: row for row in told(answer)["records"]}
        assert {name: row[expected] for name, row in rows.items()} == {"buyer": 1, "order": 1}
    assert told(operator.call("POST", "/feed", b"", Content_Type="application/jsonl")) == {"records": []}


def test_of_a_feed_with_bad_lines_nothing_is_taken_and_each_is_named(town: Town, operator: Caller) -> None:
    lines = feed({"kind": "buyer", "id": "bob", "marketplace": "de", **BUYER}) + b"{\n\xff\n" + feed({"kind": "ship"})
    answer = operator.call("POST", "/feed", lines, Content_Type="application/jsonl")
    assert problem_of(answer) == (422, "bad_feed")
    assert [one["line"] for one in told(answer)["errors"]] == [2, 3, 4]
    with town.store.look() as look:
        assert len(look.connection.execute(select(schema.buyer)).all()) == 1


# ---- People


def test_a_buyers_copy_comes_as_a_zip_file_and_leaves_nothing_behind(town: Town, operator: Caller, tmp_path: Path) -> None:
    town.receive(town.from_ann())
    with pytest.MonkeyPatch.context() as elsewhere:
        elsewhere.setattr("tempfile.tempdir", str(tmp_path))
        answer = operator.get("/marketplaces/de/buyers/ann/copy")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(BytesIO(answer.body)) as archive:
        assert json.loads(archive.read("person.json"))["address"] == "ann@mail.test"
    assert not list(tmp_path.glob("postern-export-*"))
    assert problem_of(operator.get("/marketplaces/de/buyers/nobody/copy")) == (404, "not_found")


def test_a_buyer_is_forgotten_once(town: Town, operator: Caller) -> None:
    town.receive(town.from_ann())
    answer = operator.call("DELETE", "/marketplaces/de/buyers/ann")
    assert (answer.status, told(answer)) == (200, {"state": "erased", "messages": 1})
    assert problem_of(operator.call("DELETE", "/marketplaces/de/buyers/ann")) == (404, "not_found")
    assert problem_of(operator.get("/marketplaces/de/buyers/ann/copy")) == (404, "not_found")


def test_an_address_that_buyers_mail_needs_is_not_forgotten(operator: Caller) -> None:
    answer = operator.call("POST", "/erasures", {"address": "help@acme.test"})
    assert problem_of(answer) == (409, "still_needed")
    assert "acme" in told(answer)["detail"]
    assert problem_of(operator.call("POST", "/erasures", {"address": "nobody@else.test"})) == (404, "not_found")
    assert problem_of(operator.call("POST", "/erasures", {"address": "no address"})) == (422, "bad_fields")


def test_the_ledger_adds_up(town: Town, operator: Caller) -> None:
    town.receive(town.from_ann())
    content = told(operator.get("/ledger"))
    assert (content["acknowledged"], content["accounted"], content["differences"]) == (1, 1, [])
    assert {line["state"]: line["number"] for line in content["lines"]}["queued"] == 1


# ---- The manual


def test_the_description_is_the_routes_that_are_served(caller: Caller) -> None:
    content = told(caller.get("/openapi.json"))
    assert content["openapi"].startswith("3.1")
    described = {(method.upper(), path) for path, methods in content["paths"].items() for method in methods}
    assert described == {(one.method, one.path) for one in ENDPOINTS}
    assert content["servers"][0]["url"].endswith(ROOT)
    for method, path in described:
        answer = Caller(caller.visitor).call(method, re.sub(r"\{\w+\}", "x", path))
        assert problem_of(answer) != (404, "not_found") if answer.status >= 400 and "problems" not in path else True


def test_the_manual_is_read_without_any_other_host(caller: Caller) -> None:
    page = caller.get("/docs").text
    assert not re.search(r"https?://(?!messages\.marketplace\.example)", page)
    assert all(one.path in page for one in ENDPOINTS)
    assert "<script" not in page


def test_every_problem_has_a_page_that_explains_it(caller: Caller) -> None:
    for one in (*ALL, *reasons.ALL):
        answer = Caller(caller.visitor).get(f"/problems/{one.code}")
        assert answer.status == 200, one.code
        assert "{" not in re.sub(r"<style>.*?</style>", "", answer.text, flags=re.DOTALL)


def test_no_two_problems_have_the_same_code() -> None:
    codes = [one.code for one in (*ALL, *reasons.ALL)]
    assert len(codes) == len(set(codes))


def test_a_public_url_with_a_folder_is_where_the_types_lead(quiet_town: Town) -> None:
    town = replace(quiet_town, frame=replace(quiet_town.frame, public_url="https://shop.example/post"))
    with open_api(town) as visitor:
        assert told(Caller(visitor).get("/ledger"))["type"] == "https://shop.example/post/api/v1/problems/no_valid_key"


def test_every_call_on_the_page_of_calls_by_hand_is_one_that_is_served() -> None:
    page = (ROOT_FOLDER / "docs" / "api" / "README.md").read_text(encoding="utf-8").replace("\\\n", " ")
    calls = re.findall(r'^curl (?:-X (\w+) )?"\$API([^"?]+)', page, re.MULTILINE)
    assert len(calls) > 15
    served = [(one.method, re.compile(re.sub(r"\{\w+\}", "[^/]+", one.path))) for one in ENDPOINTS]
    for method, path in calls:
        assert any(method_ == (method or "GET") and pattern.fullmatch(path) for method_, pattern in served), (method, path)
