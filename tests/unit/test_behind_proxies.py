import asyncio
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postern.web.behind_proxies import Proxies, Spelling, behind

NETWORKS = (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))
PROXY, STRANGER = "10.0.0.1", "192.0.2.66"


def seen(
    headers: dict[str, str] | list[tuple[bytes, bytes]], came_from: str, spelling: Spelling = "x-forwarded-for"
) -> tuple[str, str]:
    """The client and the scheme that the pages see."""
    scopes: list[Any] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        scopes.append(scope)

    raw = headers if isinstance(headers, list) else [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope: Any = {"type": "http", "client": (came_from, 1), "scheme": "http", "headers": raw}
    asyncio.run(behind(Proxies(NETWORKS, spelling), app)(scope, None, None))  # type: ignore[arg-type] # nobody reads or writes
    return scopes[0]["client"][0], scopes[0]["scheme"]


def test_a_trusted_proxy_says_who_the_client_is_and_how_it_came() -> None:
    assert seen({"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"}, PROXY) == ("198.51.100.7", "https")
    assert seen({"Forwarded": 'for="[2001:DB9::1]:443";proto=HTTPS;by=x'}, PROXY, "forwarded") == ("2001:db9::1", "https")
    assert seen({"Forwarded": "for=198.51.100.7"}, "2001:db8::9", "forwarded") == ("198.51.100.7", "http")


def test_nobody_else_is_believed() -> None:
    assert seen({"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"}, STRANGER) == (STRANGER, "http")
    assert seen({"Forwarded": "for=198.51.100.7;proto=https"}, STRANGER, "forwarded") == (STRANGER, "http")


def test_what_a_client_wrote_before_its_proxy_did_is_not_believed() -> None:
    assert seen({"X-Forwarded-For": f"198.51.100.7, {STRANGER}, 10.9.9.9"}, PROXY)[0] == STRANGER
    assert seen({"Forwarded": f"for=198.51.100.7, for={STRANGER}"}, PROXY, "forwarded")[0] == STRANGER


@pytest.mark.parametrize("spelling", ["x-forwarded-for", "forwarded"])
def test_the_other_header_may_have_come_from_anybody(spelling: Spelling) -> None:
    header = {"x-forwarded-for": "Forwarded", "forwarded": "X-Forwarded-For"}[spelling]
    assert seen({header: "198.51.100.7" if spelling == "forwarded" else "for=198.51.100.7"}, PROXY, spelling)[0] == PROXY


@pytest.mark.parametrize(
    "value",
    ["", "unknown", "198.51.100.7, unknown", "198.51.100.7 192.0.2.1", "a@b.test", "1.2.3.4.5", ",".join(["192.0.2.1"] * 50)],
)
def test_a_list_that_is_not_of_addresses_is_nothing(value: str) -> None:
    assert seen({"X-Forwarded-For": value}, PROXY)[0] == PROXY


@pytest.mark.parametrize("value", ["for=_hidden", "for=unknown", "for", "for=198.51.100.7;", 'for="198.51.100.7', "proto=https"])
def test_an_element_that_names_no_address_is_nothing(value: str) -> None:
    assert seen({"Forwarded": value}, PROXY, "forwarded")[0] == PROXY


@given(st.binary(max_size=200), st.sampled_from([b"x-forwarded-for", b"forwarded", b"x-forwarded-proto"]))
def test_no_octets_make_it_raise(octets: bytes, name: bytes) -> None:
    spelling: Spelling = "forwarded" if name == b"forwarded" else "x-forwarded-for"
    _, scheme = seen([(name, octets)], PROXY, spelling)
    assert scheme in {"http", "https"}


def test_without_proxies_nothing_is_changed() -> None:
    async def app(_scope: object, _receive: object, _send: object) -> None: ...

    assert behind(Proxies(), app) is app
