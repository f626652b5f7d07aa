"""The pages behind a proxy: who the client is, and whether its connection is encrypted, a trusted proxy says, and nobody else.

It refuses to believe a header that did not come from a configured network, or that is not one address after another.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Literal

from litestar.types import ASGIApp, Receive, Scope, Send

Network = IPv4Network | IPv6Network
Spelling = Literal["x-forwarded-for", "forwarded"]

_ADDRESS_WITH_PORT = re.compile(r"\[?(?P<host>[0-9A-Fa-f:.]+?)\]?(?::\d{1,5})?")
_PAIR = re.compile(r'\s*(?P<key>\w+)\s*=\s*(?:"(?P<quoted>[^"\\]*)"|(?P<token>[^\s;,"]+))\s*', re.ASCII)
_ADDRESSES_MAXIMUM = 20  # that a header may name


@dataclass(frozen=True, slots=True)
class Hop:
    """What one proxy says of whoever came to it."""

    host: str
    scheme: str = ""


@dataclass(frozen=True, slots=True)
class Proxies:
    """Those that are believed, and the one header in which they say it; the other may have come from anybody."""

    networks: tuple[Network, ...] = ()
    spelling: Spelling = "x-forwarded-for"


def behind(proxies: Proxies, app: ASGIApp) -> ASGIApp:
    """The same application, which sees the client where it would see the proxy. Without proxies nothing is changed."""
    read, networks = _READERS[proxies.spelling], proxies.networks

    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if client and is_trusted(client[0], networks):
            hop = first_stranger(read(list(scope["headers"])), networks)
            if hop:
                scope["client"] = (hop.host, 0)
                scope["scheme"] = hop.scheme or scope["scheme"]
        await app(scope, receive, send)

    return respond if networks else app


def first_stranger(hops: list[Hop] | None, networks: tuple[Network, ...]) -> Hop | None:
    """Who came to the outermost trusted proxy: each proxy adds at the end, so what stands before is a stranger's word."""
    for hop in reversed(hops or []):
        if not is_trusted(hop.host, networks):
            return hop
    return None


def is_trusted(host: str, networks: tuple[Network, ...]) -> bool:
    """Whether this is one of the proxies; what is no address is none."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in networks)


Headers = list[tuple[bytes, bytes]]


def _all(headers: Headers, name: bytes) -> str:
    return ",".join(value.decode("latin-1") for key, value in headers if key == name)


def read_x_forwarded(headers: Headers) -> list[Hop] | None:
    """X-Forwarded-For, from the client to us, and X-Forwarded-Proto of the last. None where one of them is no address."""
    named = _all(headers, b"x-forwarded-for")
    if not named.strip():
        return None
    hops = [_hop(one) for one in named.split(",")]
    if None in hops or len(hops) > _ADDRESSES_MAXIMUM:
        return None
    scheme = _scheme(_all(headers, b"x-forwarded-proto").rpartition(",")[2])
    return [replace(hop, scheme=scheme) for hop in hops if hop]


def read_forwarded(headers: Headers) -> list[Hop] | None:
    """Forwarded (RFC 7239 4), from the client to us. None where anything in it is not as it should be."""
    named = _all(headers, b"forwarded")
    if not named.strip():
        return None
    hops = [_element(one) for one in named.split(",")]
    if None in hops or len(hops) > _ADDRESSES_MAXIMUM:
        return None
    return [hop for hop in hops if hop]


def _element(text: str) -> Hop | None:
    pairs = {}
    for piece in text.split(";"):
        found = _PAIR.fullmatch(piece)
        if not found:
            return None
        pairs[found["key"].lower()] = found["quoted"] if found["token"] is None else found["token"]
    hop = _hop(pairs.get("for", ""))
    return replace(hop, scheme=_scheme(pairs.get("proto", ""))) if hop else None


def _hop(text: str) -> Hop | None:
    """An address, with its port or without."""
    text = text.strip()
    try:
        return Hop(str(ip_address(text)))
    except ValueError:
        found = _ADDRESS_WITH_PORT.fullmatch(text)
    try:
        return Hop(str(ip_address(found["host"]))) if found else None
    except ValueError:
        return None


def _scheme(text: str) -> str:
    scheme = text.strip().lower()
    return scheme if scheme in {"http", "https"} else ""


_READERS: dict[Spelling, Callable[[Headers], list[Hop] | None]] = {
    "x-forwarded-for": read_x_forwarded,
    "forwarded": read_forwarded,
}
