"""Machines as settings name them: by address alone, for a name would have to be looked up."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

_DNS_PORT, _LARGEST_PORT = 53, 65_535


def read_networks(texts: Iterable[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    """Addresses and networks; an address alone is a network too. Raises ValueError, which says how they are written."""
    return tuple(_read_network(one) for one in texts)


def _read_network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError:
        raise ValueError(f"{text} is no network such as 192.0.2.0/24 or 2001:db8::/32") from None


def read_nameservers(texts: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """Address and port of each. Raises ValueError, which says how they are written."""
    return tuple(_read_nameserver(one) for one in texts)


def _read_nameserver(text: str) -> tuple[str, int]:
    has_port = text.count(":") == 1 or "]:" in text
    host, _, port = text.rpartition(":") if has_port else (text, "", str(_DNS_PORT))
    try:
        address = str(ip_address(host.removeprefix("[").removesuffix("]")))
    except ValueError:
        address = ""
    if not address or not port.isdecimal() or not 0 < int(port) <= _LARGEST_PORT:
        raise ValueError(f"{text} is no name server, such as 192.0.2.53 or 192.0.2.53:5353")
    return address, int(port)
