"""What a call asks for of a list, and where it goes on."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import cast
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postern.actions.frame import Frame
from postern.api.call import Call, read_json
from postern.api.office import Office, Turnstile
from postern.api.problems import RefusedError
from postern.connect.clock import SystemClock
from postern.keys import Keyring
from postern.model.api_key import ApiKey
from postern.model.identifier import new_id
from postern.model.limits import Limits
from postern.storage.store import Store
from tests.people import START

FRAME = Frame("https://m.example", "mx.m.example", Keyring({1: b"k" * 32}), Limits(api_page=7))
OFFICE = Office(cast("Store", Path()), FRAME, SystemClock(), Turnstile(10), ThreadPoolExecutor(1))  # nothing here asks the store


def call_of(seller_id: int | None, **query: str) -> Call:
    key = ApiKey(new_id(), seller_id, "", "", frozenset(), START)
    return Call(OFFICE, key, query=query)


def test_a_page_has_a_largest_size_and_a_usual_one() -> None:
    assert call_of(1).page() == 7
    assert call_of(1, limit="3").page() == 3
    for wrong in ("0", "8", "-1", "1.0", "x", "", "\u0661", "9" * 5_000):
        with pytest.raises(RefusedError, match="bad_query"):
            call_of(1, limit=wrong).page()


def test_a_cursor_is_good_for_its_holder_its_list_and_its_filters_alone() -> None:
    cursor = call_of(1).make_cursor("threads all", "2026 x")
    assert call_of(1, cursor=cursor).read_cursor("threads all") == "2026 x"
    assert call_of(1).read_cursor("threads all") is None
    for other in (
        call_of(2, cursor=cursor),
        call_of(None, cursor=cursor),
        call_of(1, cursor=cursor[:-1]),
        call_of(1, cursor="\xe9"),
    ):
        with pytest.raises(RefusedError, match="bad_cursor"):
            other.read_cursor("threads all")
    with pytest.raises(RefusedError, match="bad_cursor"):
        call_of(1, cursor=cursor).read_cursor("threads sent")


@given(st.binary() | st.text().map(str.encode) | st.lists(st.sampled_from(b'[]{}":,0eE-+.\\u ')).map(bytes))
def test_any_octets_are_json_or_a_problem(octets: bytes) -> None:
    with suppress(RefusedError):
        read_json(octets)


def test_a_key_that_comes_back_in_another_minute_starts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    turnstile, key = Turnstile(2), UUID(int=1)
    assert [turnstile.pass_through(key).allowed for _ in range(3)] == [True, True, False]
    now[0] = 59.0
    assert not turnstile.pass_through(key).allowed
    now[0] = 60.0
    assert turnstile.pass_through(key) == replace(Turnstile(2).pass_through(key), calls=1, seconds=60)
