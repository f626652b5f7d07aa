"""What lies outside as the courier may reach it: which addresses, at which ports, and whose certificates are believed.

Names come from the DNS of domains whose owners may be hostile, so only public unicast addresses are connected to: nobody
reaches our own network by a record that points into it. A test bed on one machine brings an outside of its own.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from postern.smtp.connection import SMTP_PORT

HTTPS_PORT = 443

_UNICAST = ipaddress.IPv6Network("2000::/3")  # RFC 4291 2.4 and IANA: all that is assigned
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052 2.1


@dataclass(frozen=True, slots=True)
class Outside:
    """``authorities`` is a PEM file with those who may sign certificates; empty: whom the system trusts."""

    smtp_port: int = SMTP_PORT
    https_port: int = HTTPS_PORT
    loopback_is_allowed: bool = False
    authorities: str = ""

    def reachable(self, addresses: Iterable[str]) -> list[str]:
        """Those that may be connected to, in their order."""
        return [text for text in addresses if is_public(text, loopback_is_allowed=self.loopback_is_allowed)]


def is_public(text: str, *, loopback_is_allowed: bool = False) -> bool:
    """Whether this is a public unicast address, also of what IPv6 wraps; anything private, reserved or local is not."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if loopback_is_allowed and address.is_loopback:
        return True
    if isinstance(address, ipaddress.IPv6Address):
        wrapped = _wrapped(address)
        if wrapped is None:
            return address in _UNICAST and address.is_global
        address = wrapped
    return address.is_global and not address.is_multicast


def _wrapped(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a translator or tunnel would go on to."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour
