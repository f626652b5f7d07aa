"""What a mail's own trace says about its author's machine: Message-IDs, IP addresses, names of hosts that the world does not
know.

None of it may stand in what the other side gets, not even in a quotation that the author's program made. A host that a public
provider runs tells nothing and is left out; so are loopback addresses, version numbers and words that anybody writes.
"""

import ipaddress
import re
from collections.abc import Iterable, Iterator

from postern.mail.providers import is_public

TRACE_MAXIMUM = 200  # identifiers of one mail that are looked for

_FROM_CLAUSE = re.compile(r"^\s*from\s+(\S+)(.*?)(?:\sby\s|;|$)", re.IGNORECASE | re.DOTALL)  # RFC 5321 4.4
_BY_CLAUSE = re.compile(r"\sby\s+(\S+)", re.IGNORECASE)
_IPV4 = r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}"
_IPV6 = r"(?=[0-9A-Fa-f:]{6,39}(?![\w:]))[0-9A-Fa-f]{0,4}:(?:[0-9A-Fa-f]{0,4}:){1,6}[0-9A-Fa-f]{0,4}"
_IP = re.compile(rf"(?<![\w.:])(?:IPv6:)?({_IPV4}|{_IPV6})(?![\w:]|\.[0-9])", re.IGNORECASE)
_SHORTEST_HOST = 5  # characters; what is shorter is a word
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}\.)*[A-Za-z0-9_-]{2,62}")
_HOST_IN_COMMENT = re.compile(r"(?:helo=|\(|\s)([A-Za-z0-9][A-Za-z0-9_.-]{3,250})")
_BETWEEN_IDS = re.compile(r"[\s,<>]+")
_ID_LENGTHS = range(5, 500)
_PRIVATE_ENDINGS = (
    ".local", ".lan", ".home", ".internal", ".intranet", ".corp", ".localdomain", ".home.arpa", ".private", ".workgroup",
    ".domain", ".fritz.box", ".speedport.ip",
)  # fmt: skip
_SAYS_NOTHING = frozenset({"localhost", "unknown", "localhost.localdomain"})
_TRACED = re.compile(
    r"received|(?:^|-)(?:ip|client-?ip|originating-ip|clientip|x-originating-email)$|authentication-results$|originating"
)
_COMES_FROM = frozenset({"received", "x-received", "x-original-received"})
_IDS = re.compile(r"message-id$|^(?:references|in-reply-to)$")


def trace_of(fields: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The identifiers in these header fields (name in lower case, value unfolded), in lower case, the first ``TRACE_MAXIMUM``."""
    found: dict[str, None] = {}
    for name, value in fields:
        for identifier in _identifiers(name, value):
            found[identifier.lower()] = None
            if len(found) == TRACE_MAXIMUM:
                return tuple(found)
    return tuple(found)


def _identifiers(name: str, value: str) -> Iterator[str]:
    if _IDS.search(name):
        yield from (one for one in _BETWEEN_IDS.split(value) if "@" in one[1:-1] and len(one) in _ID_LENGTHS)
    elif name in _COMES_FROM:
        if clause := _FROM_CLAUSE.match(value):
            addresses = list(_addresses(f"{clause[1]} {clause[2]}"))
            yield from addresses
            hosts = (clause[1], *_HOST_IN_COMMENT.findall(clause[2]))
            yield from (host for host in hosts if _is_telling(host, addresses))
        elif by := _BY_CLAUSE.search(value):
            yield from (host for host in (by[1],) if _is_telling(host, []))
    elif _TRACED.search(name):
        yield from _addresses(value)


def _addresses(text: str) -> Iterator[str]:
    for match in _IP.finditer(text):
        try:
            address = ipaddress.ip_address(match[1])
        except ValueError:
            continue
        if not (address.is_loopback or address.is_unspecified or address.is_multicast):
            yield match[1]


def _is_telling(host: str, addresses: list[str]) -> bool:
    """A machine's own name, a name of a private network, or a name that spells the line's IP address."""
    host = host.strip("[]().;,").lower()
    if host in _SAYS_NOTHING or not _HOST.fullmatch(host) or len(host) < _SHORTEST_HOST or is_public(host):
        return False
    if "." not in host:
        return any(one.isdigit() or one == "-" for one in host) and any(one.isalpha() for one in host)
    return host.endswith(_PRIVATE_ENDINGS) or any(_spells(host, address) for address in addresses)


def _spells(host: str, address: str) -> bool:
    if ":" in address:
        return False
    numbers = address.split(".")
    in_host = re.findall(r"\d+", host)
    whole = "".join(f"{int(one):02x}" for one in numbers)
    return all(one in in_host for one in numbers) or whole in host or "".join(one.zfill(3) for one in numbers) in host
