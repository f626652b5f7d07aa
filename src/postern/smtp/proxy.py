"""The PROXY protocol, versions 1 and 2 (HAProxy's proxy-protocol.txt): a load balancer says whose connection it passes on.

It is read from configured networks alone, and there it must come, first of all and whole. It refuses everything that the protocol
does not list, guesses nothing, and takes from it who the client is and no more.
"""

import re
import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from postern.errors import PosternError

_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"  # 2.2
_FIXED = struct.Struct("!BBH")  # version and command, family and protocol, length of the rest
_LOCAL, _PROXY = 0x20, 0x21
_UNSPECIFIED, _TCP4, _TCP6 = 0x00, 0x11, 0x21
_LINE_MAXIMUM = 107  # octets of a version 1 header with its CRLF, 2.1
_LINE_BEGIN = b"PROXY "
_LINE = re.compile(
    rb"PROXY (?P<family>TCP4|TCP6) (?P<client>[0-9A-Fa-f.:]{2,45}) (?P<server>[0-9A-Fa-f.:]{2,45})"
    rb" (?P<from>0|[1-9][0-9]{0,4}) (?P<to>0|[1-9][0-9]{0,4})\r\n"
)
_UNKNOWN = re.compile(rb"PROXY UNKNOWN(?: [^\r\n]*)?\r\n")
_PORT_MAXIMUM = 65_535


class ProxyHeaderError(PosternError):
    """What came is no header of this protocol."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A header of so many octets. ``client`` is empty where the balancer speaks for itself, or does not know."""

    client: str
    octets: int


def read_proxy_header(octets: bytes, maximum: int) -> Passed | None:
    """The header that these octets begin with; None while it may still become one. Raises ProxyHeaderError."""
    if octets.startswith(_SIGNATURE):
        return _read_binary(octets, maximum)
    if octets.startswith(_LINE_BEGIN):
        return _read_line(octets)
    if _SIGNATURE.startswith(octets) or _LINE_BEGIN.startswith(octets):
        return None
    raise ProxyHeaderError("no PROXY header")


def _read_line(octets: bytes) -> Passed | None:
    end = octets.find(b"\n", 0, _LINE_MAXIMUM) + 1
    if not end:
        if len(octets) >= _LINE_MAXIMUM:
            raise ProxyHeaderError("the line is too long")
        return None
    line = octets[:end]
    if _UNKNOWN.fullmatch(line):
        return Passed("", end)
    found = _LINE.fullmatch(line)
    if not found or max(int(found["from"]), int(found["to"])) > _PORT_MAXIMUM:
        raise ProxyHeaderError("the line is not as the protocol has it")
    version = 4 if found["family"] == b"TCP4" else 6
    try:
        client, server = (ip_address(found[name].decode("ascii")) for name in ("client", "server"))
    except ValueError:
        raise ProxyHeaderError("no address") from None
    if {client.version, server.version} != {version}:
        raise ProxyHeaderError("an address of another family")
    return Passed(str(client), end)


def _read_binary(octets: bytes, maximum: int) -> Passed | None:
    start = len(_SIGNATURE) + _FIXED.size
    if len(octets) < start:
        return None
    command, family, length = _FIXED.unpack_from(octets, len(_SIGNATURE))
    if command not in {_LOCAL, _PROXY} or family not in {_UNSPECIFIED, _TCP4, _TCP6} or start + length > maximum:
        raise ProxyHeaderError("not a header that is understood here")
    if len(octets) < start + length:
        return None
    known = command == _PROXY and family != _UNSPECIFIED
    return Passed(_client(family, octets[start : start + length]) if known else "", start + length)


def _client(family: int, rest: bytes) -> str:
    """The source address; extensions may follow, and are not looked at."""
    if family == _TCP4 and len(rest) >= 12:  # noqa: PLR2004 - two addresses, two ports
        return str(IPv4Address(rest[:4]))
    if family == _TCP6 and len(rest) >= 36:  # noqa: PLR2004 - the same
        return str(IPv6Address(rest[:16]))
    raise ProxyHeaderError("it is too short for its addresses")
