import struct
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postern.smtp.proxy import Passed, ProxyHeaderError, read_proxy_header

MAXIMUM = 4_096
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
IPV4, IPV6 = st.ip_addresses(v=4), st.ip_addresses(v=6)
PORTS = st.integers(0, 65_535)


def binary(command: int, family: int, rest: bytes, length: int | None = None) -> bytes:
    return SIGNATURE + struct.pack("!BBH", command, family, len(rest) if length is None else length) + rest


def ends(client: IPv4Address | IPv6Address) -> bytes:
    return client.packed * 2 + b"\0\1\0\2"


def read(octets: bytes) -> Passed | None:
    return read_proxy_header(octets, MAXIMUM)


@given(IPV4 | IPV6, PORTS, PORTS, st.binary(max_size=40))
def test_a_line_says_who_the_client_is(client: IPv4Address | IPv6Address, one: int, other: int, behind: bytes) -> None:
    line = b"PROXY TCP%d %s %s %d %d\r\n" % (client.version, str(client).encode(), str(client).encode(), one, other)
    assert read(line + behind) == Passed(str(client), len(line))


@given(IPV4 | IPV6, st.binary(max_size=40), st.binary(max_size=40))
def test_a_binary_header_says_the_same_and_its_extensions_nothing(
    client: IPv4Address | IPv6Address, extensions: bytes, behind: bytes
) -> None:
    header = binary(0x21, 0x11 if client.version == 4 else 0x21, ends(client) + extensions)
    assert read(header + behind) == Passed(str(client), len(header))


@pytest.mark.parametrize(
    "header",
    [
        b"PROXY UNKNOWN\r\n",
        b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n",
        binary(0x20, 0x00, b""),
        binary(0x20, 0x11, ends(IPv4Address("192.0.2.7"))),
        binary(0x21, 0x00, b"whatever"),
    ],
)
def test_a_balancer_that_speaks_for_itself_passes_nobody_on(header: bytes) -> None:
    assert read(header) == Passed("", len(header))


@given(st.sampled_from([b"PROXY TCP4 192.0.2.7 192.0.2.1 40000 25\r\n", binary(0x21, 0x11, ends(IPv4Address("192.0.2.7")))]))
def test_whatever_is_missing_is_waited_for(header: bytes) -> None:
    assert [read(header[:size]) for size in range(len(header))] == [None] * len(header)
    assert read(header) == Passed("192.0.2.7", len(header))


@pytest.mark.parametrize(
    "octets",
    [
        b"EHLO mail.test\r\n",
        b"proxy TCP4 192.0.2.7 192.0.2.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 1 2\n",
        b"PROXY  TCP4 192.0.2.7 192.0.2.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 1\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 1 65536\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 01 2\r\n",
        b"PROXY TCP4 192.0.2.007 192.0.2.1 1 2\r\n",
        b"PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
        b"PROXY TCP6 192.0.2.7 192.0.2.1 1 2\r\n",
        b"PROXY TCP6 :::: :::: 1 2\r\n",
        b"PROXY UDP4 192.0.2.7 192.0.2.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 1 2 3\r\n",
        b"PROXY UNKNOWN" + b"x" * 100,
        b"PROXY TCP4 " + b"1" * 107,
        SIGNATURE + b"\x11\x11\0\x0c" + ends(IPv4Address("192.0.2.7")),
        binary(0x22, 0x11, ends(IPv4Address("192.0.2.7"))),
        binary(0x21, 0x12, ends(IPv4Address("192.0.2.7"))),
        binary(0x21, 0x31, b"/run/socket" * 20),
        binary(0x21, 0x11, b"short"),
        binary(0x21, 0x21, ends(IPv4Address("192.0.2.7"))),
        binary(0x21, 0x11, b"", MAXIMUM),
    ],
    ids=repr,
)
def test_everything_else_is_no_header(octets: bytes) -> None:
    with pytest.raises(ProxyHeaderError):
        read(octets)


@given(st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", SIGNATURE, SIGNATURE + b"\x21\x11"]), st.binary(max_size=200))
def test_any_octets_are_a_header_or_none_or_not_yet(begin: bytes, octets: bytes) -> None:
    try:
        passed = read(begin + octets)
    except ProxyHeaderError:
        return
    assert passed is None or 0 < passed.octets <= len(begin + octets)
