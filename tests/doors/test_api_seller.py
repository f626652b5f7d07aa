"""The seller's side of the API: permissions, limits, the response clock."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.callers import Caller, key_for, open_api, problem_of, told
from tests.people import MALLORY, Town
from tests.told import entries


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
