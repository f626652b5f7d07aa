"""The seller's side of the API: permissions, limits, the response clock, threads and messages."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event
from uuid import UUID

import pytest
from sqlalchemy import insert

from postern.actions.decide_held import release
from postern.actions.seal_journal import seal_journal
from postern.api.endpoint import Endpoint
from postern.api.reading import VIEW_NAMES
from postern.api.routes import ENDPOINTS
from postern.model.identifier import new_id, show
from postern.model.limits import Limits
from postern.storage import schema
from postern.storage.change import Write
from postern.storage.threads import find_message
from tests.callers import Caller, key_for, open_api, problem_of, told
from tests.people import MALLORY, ORDER, Town
from tests.people import town as found_town
from tests.posting import opt_out
from tests.told import answering, column, entries


def seal(town: Town) -> None:
    seal_journal(town.store, town.frame, town.clock)


@pytest.fixture
def acme(town: Town) -> Iterator[Caller]:
    with open_api(town) as visitor:
        yield Caller(visitor, key_for(town, "acme"))


def standings(caller: Caller) -> dict[str, str]:
    return {one["address"]: one["standing"] for one in told(caller.get("/senders"))["senders"]}


def test_a_sellers_program_decides_who_may_write(town: Town, acme: Caller) -> None:
    town.receive(town.mail(MALLORY, town.pair.buyer_alias, "I write for Acme"))
    assert standings(acme)["mallory@lies.test"] == "pending"
    blocked = acme.call("POST", "/senders/block", {"address": "mallory@lies.test"})
    assert told(blocked) == {"standing": "blocked", "changed": True, "asked": None}
    assert standings(acme)["mallory@lies.test"] == "blocked"
    assert told(acme.call("POST", "/senders/unblock", {"address": "mallory@lies.test"}))["changed"]
    answer = told(acme.call("POST", "/senders", {"address": "new@acme.test"}))
    assert answer == {"standing": "waits_for_confirmation", "changed": True, "asked": "mailed"}
    assert told(acme.call("POST", "/senders/remove", {"address": "new@acme.test"}))["changed"]
    assert "new@acme.test" not in standings(acme)
    assert {values["by"][:4] for kind, values in entries(town) if kind == "sender-blocked"} == {"key_"}  # type: ignore[index]


def test_what_the_feed_lists_is_not_removed_and_no_address_is_none(acme: Caller) -> None:
    assert problem_of(acme.call("POST", "/senders/remove", {"address": "help@acme.test"})) == (409, "listed_by_the_shop")
    for path in ("/senders", "/senders/block", "/senders/unblock", "/senders/remove"):
        for wrong in ("no address", "a@", "@b.test", "a@b.test\r\nX: y", "x" * 300):
            assert problem_of(acme.call("POST", path, {"address": wrong})) == (422, "bad_fields")


def test_the_days_limit_is_the_one_that_mail_meets(town: Town, acme: Caller) -> None:
    town.receive(town.from_acme())
    [day] = told(acme.get("/limits"))["limits"]
    assert (day["marketplace"], day["limit"], day["used"], day["left"]) == ("de", 600, 1, 599)


def test_each_message_of_a_buyer_has_a_clock_that_says_why_it_counts(town: Town, acme: Caller) -> None:
    town.receive(town.from_ann())
    town.clock.advance(timedelta(hours=25))
    [clock] = told(acme.get("/responses"))["clocks"]
    assert (clock["standing"], clock["answered_at"]) == ("overdue", None)
    assert "not answered" in clock["why"].lower()
    week = told(acme.get("/responses/measures"))["windows"][0]
    assert (week["days"], week["counted"], week["unanswered"], week["no_response_rate"]) == (7, 1, 1, 1.0)
    town.receive(town.from_ann("And another thing"))
    cut = told(acme.get("/responses?limit=1&days=7"))
    assert (len(cut["clocks"]), cut["is_cut"]) == (1, True)
    for wrong in ("0", "91", "x", "", "01"):
        assert problem_of(acme.get(f"/responses?days={wrong}")) == (400, "bad_query")


# ---- Threads and messages


@pytest.fixture
def bolt(town: Town, acme: Caller) -> Caller:
    """The other seller's program, at the same server."""
    return Caller(acme.visitor, key_for(town, "bolt"))


def name_of(town: Town, table: str, prefix: str) -> str:
    """The name of the one row."""
    [found] = column(town, table, "id")
    assert isinstance(found, UUID)
    return show(prefix, found)


def test_a_thread_is_found_by_its_view_and_read(town: Town, acme: Caller) -> None:
    town.receive(town.from_ann("Where is my atlas?", Subject=f"Order {ORDER}"))
    [row] = told(acme.get("/threads?view=response-needed"))["threads"]
    assert (row["author"], row["subject"], row["preview"]) == ("buyer", f"Order {ORDER}", "Where is my atlas?")
    assert (row["buyer_name"], row["buyer_alias"], row["order"]) == ("Ann Example", town.pair.buyer_alias, ORDER)
    assert row["due_at"] == "2026-11-24T09:00:00Z"
    assert told(acme.get("/threads?view=sent")) == {"threads": [], "next": None}
    head = told(acme.get(f"/threads/{row['thread']}"))
    assert (head["order"], head["marketplace"], head["buyer_alias"]) == (ORDER, "de", town.pair.buyer_alias)
    seal(town)
    [message] = told(acme.get(f"/threads/{row['thread']}/messages"))["messages"]
    assert message == told(acme.get(f"/messages/{row['message']}"))
    assert (message["text"], message["clock"]["standing"]) == ("Where is my atlas?", "open")
    assert "ann@mail.test" not in str(message)


def test_the_pages_of_a_view_hold_while_messages_come(town: Town, acme: Caller) -> None:
    for number in range(5):
        town.receive(town.from_ann(f"Question {number}"))
        town.clock.advance(timedelta(minutes=1))
    first = told(acme.get("/threads?limit=2"))
    town.receive(town.from_ann("One more"))
    seen = [row["preview"] for row in first["threads"]]
    cursor = first["next"]
    while cursor:
        page = told(acme.get(f"/threads?limit=2&cursor={cursor}"))
        seen += [row["preview"] for row in page["threads"]]
        cursor = page["next"]
    assert seen == [f"Question {number}" for number in (4, 3, 2, 1, 0)]
    assert problem_of(acme.get(f"/threads?view=sent&cursor={first['next']}")) == (400, "bad_cursor")
    assert problem_of(acme.get("/threads?view=drafts")) == (400, "bad_query")


def test_what_comes_later_is_found_behind_the_cursor(town: Town, acme: Caller) -> None:
    town.receive(town.from_ann("First"))
    seal(town)
    thread = name_of(town, "thread", "thr")
    page = told(acme.get(f"/threads/{thread}/messages"))
    assert [one["text"] for one in page["messages"]] == ["First"]
    assert told(acme.get(f"/threads/{thread}/messages?cursor={page['next']}"))["messages"] == []
    acme.call("POST", f"/threads/{thread}/messages", {"text": "Second"}, Idempotency_Key="answer-1")
    seal(town)
    later = told(acme.get(f"/threads/{thread}/messages?cursor={page['next']}"))
    assert [(one["author"], one["text"]) for one in later["messages"]] == [("seller", "Second")]
    assert later["has_more"] is False


def test_a_buyers_message_that_is_held_is_not_there_until_it_is_released(town: Town, acme: Caller) -> None:
    town.receive(town.from_ann("Before"))
    thread = name_of(town, "thread", "thr")
    seal(town)
    after = told(acme.get(f"/threads/{thread}/messages"))["next"]
    first = town.deliver()[0]
    held = replace(town.frame, limits=replace(town.frame.limits, thread_burst=1))
    prepared = replace(town, frame=held).receive(town.from_ann("Held", **answering(first)))
    message_id = next(row.values["id"] for row in prepared.change.rows if row.write is Write.ADD_MESSAGE)
    name = show("msg", message_id)  # type: ignore[arg-type]
    seal(town)
    assert told(acme.get(f"/threads/{thread}/messages?cursor={after}"))["messages"] == []
    for method, path in (("GET", ""), ("GET", "/mail"), ("PUT", "/no_response_needed")):
        assert problem_of(acme.call(method, f"/messages/{name}{path}")) == (404, "not_found")
    with town.store.look() as look:
        message = find_message(look, message_id)  # type: ignore[arg-type]
    assert message
    release(town.store, town.frame, message, town.clock.now(), "operator")
    seal(town)
    assert [one["text"] for one in told(acme.get(f"/threads/{thread}/messages?cursor={after}"))["messages"]] == ["Held"]


def test_files_and_mails_are_given_as_they_were_sent_on(town: Town, acme: Caller) -> None:
    body = "--x\nContent-Type: text/plain\n\nLook, yours ann@mail.test\n--x\n"
    body += 'Content-Disposition: attachment; filename="bill of ann.txt"\n\nSeven euros\n--x--'
    town.receive(town.from_ann(body, Content_Type="multipart/mixed; boundary=x"))
    message = name_of(town, "message", "msg")
    [file] = told(acme.get(f"/messages/{message}"))["attachments"]
    answer = acme.get(f"/messages/{message}/attachments/{file['number']}")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/octet-stream")
    assert answer.body.strip() == b"Seven euros"
    assert answer.headers["content-disposition"].startswith("attachment;")
    mail = acme.get(f"/messages/{message}/mail")
    assert mail.headers["content-type"].startswith("message/rfc822")
    assert b"ann@mail.test" not in mail.body
    for wrong in ("1", "-1", "x", "9" * 50, "%D9%A1"):
        assert problem_of(acme.get(f"/messages/{message}/attachments/{wrong}")) == (404, "not_found")


def test_a_message_needs_no_response_and_that_is_taken_back(town: Town, acme: Caller) -> None:
    """R18, R29."""
    town.receive(town.from_ann())
    message = name_of(town, "message", "msg")
    path = f"/messages/{message}/no_response_needed"
    assert told(acme.call("PUT", path)) == {"no_response_needed": True, "changed": True}
    assert told(acme.call("PUT", path)) == {"no_response_needed": True, "changed": False}
    assert told(acme.get(f"/messages/{message}"))["clock"]["standing"] == "exempt"
    assert told(acme.get("/threads?view=response-needed"))["threads"] == []
    assert told(acme.call("DELETE", path)) == {"no_response_needed": False, "changed": True}
    assert told(acme.get(f"/messages/{message}"))["clock"]["standing"] == "open"
    assert ("no-response-needed", "api") in [(kind, values.get("door")) for kind, values in entries(town)]


def test_a_message_is_reported_once(town: Town, acme: Caller) -> None:
    """R27."""
    town.receive(town.from_ann())
    path = f"/messages/{name_of(town, 'message', 'msg')}/reports"
    assert problem_of(acme.call("POST", path, {"reason": "other"})) == (422, "bad_fields")
    assert problem_of(acme.call("POST", path, {"reason": "boring"})) == (422, "bad_fields")
    assert problem_of(acme.call("POST", path, {"reason": "spam", "text": "x" * 2_001})) == (422, "bad_fields")
    assert acme.call("POST", path, {"reason": "spam", "text": "again and again"}).status == 201
    assert problem_of(acme.call("POST", path, {"reason": "spam"})) == (409, "already_reported")
    [row] = told(acme.get("/threads?view=reported"))["threads"]
    assert row["author"] == "buyer"


# ---- Writing


def test_an_answer_is_sent_and_stops_the_clock(town: Town, acme: Caller) -> None:
    town.receive(town.from_ann())
    town.deliver()
    thread = name_of(town, "thread", "thr")
    path = f"/threads/{thread}/messages"
    checked = told(acme.call("POST", f"{path}/check", {"text": "It left today."}))
    assert checked == {"state": "queued", "causes": [], "warnings": []}
    town.clock.advance(timedelta(minutes=1))
    answer = acme.call("POST", path, {"text": "It left today."}, Idempotency_Key="answer-1")
    assert answer.status == 201
    sent = told(answer)
    assert (sent["state"], sent["thread"], sent["repeated"]) == ("queued", thread, False)
    [arrival] = town.deliver()
    assert (arrival.recipient, b"It left today." in arrival.content) == ("ann@mail.test", True)
    assert told(acme.get("/responses"))["clocks"][0]["standing"] == "answered"
    assert told(acme.get(f"/messages/{sent['message']}"))["state"] == "delivered"


def test_what_sends_needs_a_key_of_its_own_and_is_sent_once(town: Town, acme: Caller) -> None:
    town.receive(town.from_ann())
    path = f"/threads/{name_of(town, 'thread', 'thr')}/messages"
    for wrong in ({}, {"Idempotency_Key": "short"}, {"Idempotency_Key": "x" * 101}, {"Idempotency_Key": "with a space"}):
        assert problem_of(acme.call("POST", path, {"text": "Hello"}, **wrong)) == (400, "idempotency_key_missing")
    first = acme.call("POST", path, {"text": "Hello"}, Idempotency_Key="0123456789")
    town.clock.advance(timedelta(hours=71))
    again = acme.call("POST", path, {"text": "Hello"}, Idempotency_Key="0123456789")
    assert (first.status, again.status, again.headers["idempotency-replayed"]) == (201, 200, "true")
    assert told(again)["message"] == told(first)["message"]
    assert problem_of(acme.call("POST", path, {"text": "Other"}, Idempotency_Key="0123456789")) == (422, "key_used")
    assert len(column(town, "message", "id")) == 2


def test_the_same_key_ten_times_at_once_sends_one_message(town: Town, acme: Caller) -> None:
    """D-22."""
    town.receive(town.from_ann())
    path = f"/threads/{name_of(town, 'thread', 'thr')}/messages"
    with ThreadPoolExecutor(10) as pool:
        calls = [pool.submit(acme.call, "POST", path, {"text": "Once"}, Idempotency_Key="the-same-key") for _ in range(10)]
        answers = [one.result() for one in calls]
    assert sorted(one.status for one in answers) == [200] * 9 + [201]
    assert len({told(one)["message"] for one in answers}) == 1
    assert len(column(town, "message", "id")) == 2


def test_an_order_says_by_which_reasons_its_buyer_may_be_written_to(town: Town, acme: Caller) -> None:
    """R7, R12: what is offered can be sent, and what is not offered is refused for the reason that was given."""
    opt_out(town)
    root = f"/marketplaces/de/orders/{ORDER}"
    offered = told(acme.get(f"{root}/contact_options"))
    assert (offered["language"], offered["opted_out"], offered["messages_left"]) == ("en", True, 600)
    by_code = {one["reason"]: one for one in offered["options"]}
    critical = by_code["delivery_address_problem"]
    other = by_code["order_details"]
    assert (critical["available"], critical["critical"], other["available"]) == (True, True, False)
    fields = {one["name"]: "Is number 7 right?" for one in critical["fields"]}
    body = {"reason": critical["reason"], "fields": fields}
    assert told(acme.call("POST", f"{root}/messages/check", body))["state"] == "queued"
    assert acme.call("POST", f"{root}/messages", body, Idempotency_Key="contact-1").status == 201
    refused = {"reason": "order_details", "fields": {one["name"]: "Hello" for one in other["fields"]}}
    checked = told(acme.call("POST", f"{root}/messages/check", refused))
    assert (checked["state"], checked["causes"][0]["code"]) == ("refused", other["unavailable_because"]["code"])
    answer = acme.call("POST", f"{root}/messages", refused, Idempotency_Key="contact-2")
    assert problem_of(answer) == (422, other["unavailable_because"]["code"])
    assert acme.get(f"/problems/{told(answer)['code']}").status == 200


def test_a_reason_or_an_order_that_is_not_there_is_not_found(town: Town, acme: Caller, bolt: Caller) -> None:
    del town
    body = {"reason": "no_such_reason", "fields": {}}
    root = "/marketplaces/de/orders"
    assert problem_of(acme.call("POST", f"{root}/{ORDER}/messages", body, Idempotency_Key="contact-1")) == (404, "not_found")
    for caller, order in ((acme, "nothing"), (bolt, ORDER)):
        assert problem_of(caller.get(f"{root}/{order}/contact_options")) == (404, "not_found")


def test_the_days_limit_is_told_with_429(migrated_sqlite_url: str, tmp_path: Path) -> None:
    """R21."""
    with found_town(migrated_sqlite_url, tmp_path) as town, open_api(town) as visitor:
        acme = Caller(visitor, key_for(town, "acme"))
        town.receive(town.from_ann())
        town.store.write(
            lambda transaction: transaction.execute(
                insert(schema.daily_use), {"seller_id": 1, "marketplace_id": "de", "day": "2026-11-23", "used": 600}
            )
        ).result()
        path = f"/threads/{name_of(town, 'thread', 'thr')}/messages"
        answer = acme.call("POST", path, {"text": "Hello"}, Idempotency_Key="answer-1")
        assert problem_of(answer) == (429, "daily_limit_reached")
        assert "2026-11-24" in answer.text or "anew" in answer.text


# ---- Whose it is


@pytest.mark.parametrize("one", [one for one in ENDPOINTS if one.scope], ids=lambda one: one.name)
def test_whatever_is_another_sellers_is_not_found(town: Town, bolt: Caller, one: Endpoint) -> None:
    """W-07: every call with every name of Acme's, by Bolt's key; and what a name nobody has is answered, in the same octets."""
    town.receive(town.from_ann())
    seal(town)
    theirs = {
        "thread": name_of(town, "thread", "thr"),
        "message": name_of(town, "message", "msg"),
        "number": "0",
        "marketplace": "de",
        "order": ORDER,
        "seller": "acme",
        "buyer": "ann",
    }
    nobodys = theirs | {"thread": show("thr", new_id()), "message": show("msg", new_id()), "order": "nothing"}
    body = {"text": "Hello", "reason": "spam", "fields": {}, "address": "nobody@else.test"}
    fitting = {name: value for name, value in body.items() if one.takes and name in one.takes.model_fields} or None
    if "seller" not in one.holders:
        answer = bolt.call(one.method, one.path.format(**theirs), fitting)
        assert problem_of(answer) in {(403, "scope_missing"), (415, "wrong_media_type")}
    elif "{" in one.path:
        answers = [
            bolt.call(one.method, one.path.format(**names), fitting, Idempotency_Key="a-key-of-bolt", X_Request_Id="same")
            for names in (theirs, nobodys)
        ]
        assert [problem_of(answer) for answer in answers] == [(404, "not_found")] * 2
        assert answers[0].body == answers[1].body
    else:
        answer = bolt.call(one.method, one.path, fitting)
        assert answer.status < 500
        assert not any(name in answer.text for name in (theirs["thread"], theirs["message"], "ann@mail.test", "help@acme.test"))


def test_slow_calls_keep_nobody_but_other_calls_waiting(migrated_sqlite_url: str, tmp_path: Path) -> None:
    """The writer stands still, and so do the two calls that wait for it; pages go on."""
    released = Event()
    with found_town(migrated_sqlite_url, tmp_path, Limits(api_threads=2)) as town, open_api(town) as visitor:
        acme = Caller(visitor, key_for(town, "acme"))
        assert acme.get("/limits").status == 200  # its first use is noted
        town.receive(town.from_ann())
        path = f"/messages/{name_of(town, 'message', 'msg')}/no_response_needed"
        held = town.store.write(lambda _: released.wait(20))
        with ThreadPoolExecutor(3) as pool:
            slow = [pool.submit(acme.call, "PUT", path) for _ in range(2)]
            time.sleep(0.5)
            waiting = pool.submit(acme.get, "/limits")
            assert visitor.get("/readyz").status == 200
            with pytest.raises(TimeoutError):
                waiting.result(0.5)
            released.set()
            assert {one.result().status for one in (*slow, waiting)} == {200}
        held.result()


def test_no_answer_to_a_seller_holds_the_buyers_address(town: Town, acme: Caller) -> None:
    """R1: wherever it stood in what the buyer, or a robot of theirs, wrote."""
    words = "Write to ann@mail.test, yours Ann <ann@mail.test>"
    town.receive(town.from_ann(words, Subject="Out of office ann@mail.test", Auto_Submitted="auto-replied"))
    town.receive(town.from_ann(words, Subject="ann@mail.test asks", Reply_To="<ann@mail.test>"))
    town.deliver()
    seal(town)
    answers = [acme.get(f"/threads?view={view}") for view in VIEW_NAMES]
    answers += [acme.get(path) for path in ("/events", "/responses", "/senders", "/limits")]
    for thread in column(town, "thread", "id"):
        name = show("thr", thread)  # type: ignore[arg-type]
        answers += [acme.get(f"/threads/{name}"), acme.get(f"/threads/{name}/messages")]
    for message in column(town, "message", "id"):
        name = show("msg", message)  # type: ignore[arg-type]
        answers += [acme.get(f"/messages/{name}"), acme.get(f"/messages/{name}/mail")]
    assert "absorbed" in column(town, "message", "state")
    assert sum(answer.status == 200 for answer in answers) >= len(answers) - 1  # the robot's mail was never sent on
    assert not [answer for answer in answers if b"ann@mail.test" in answer.body or b"mail.test" in answer.body]


def test_a_message_that_was_held_says_why(town: Town, acme: Caller) -> None:
    """The particulars of the sentence are not kept with the message; what they would fill in is left open."""
    town.receive(town.from_ann())
    first = town.deliver()[0]
    held = replace(town.frame, limits=replace(town.frame.limits, thread_burst=1))
    prepared = replace(town, frame=held).receive(town.from_acme("Held", **answering(first)))
    message_id = next(row.values["id"] for row in prepared.change.rows if row.write is Write.ADD_MESSAGE)
    shown = told(acme.get(f"/messages/{show('msg', message_id)}"))  # type: ignore[arg-type]
    assert (shown["state"], shown["cause"]["code"]) == ("held", "back_and_forth")
    assert "{" not in shown["cause"]["sentence"] + shown["cause"]["remedy"]
    assert acme.get(f"/problems/{shown['cause']['code']}").status == 200
