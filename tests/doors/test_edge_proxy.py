"""Connections that a load balancer passes on."""

import asyncio
from ipaddress import ip_network

import pytest

from postern.model.limits import Limits
from postern.smtp import carrier, wording
from postern.smtp.proxy import ProxyHeaderError, read_proxy_header
from postern.smtp.sources import Sources
from tests.edge_client import LOOPS, Client, Shelf, open_door, run_on

both_loops = pytest.mark.parametrize("loop", LOOPS)
HEADER = b"PROXY TCP4 %s 127.0.0.1 40000 25\r\n"
BALANCER = (ip_network("127.0.0.7/32"),)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrier, "LOOK_SECONDS", 0.05)


def sources(limits: Limits) -> Sources:
    return Sources(limits, proxies=BALANCER)


@both_loops
@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_the_client_is_who_the_balancer_says_and_its_limits_are_its_own(loop: str, size: int) -> None:
    limits = Limits(source_connections=1)

    async def story() -> list[str]:
        async with open_door(Shelf().desk, limits, sources=sources(limits)) as door:
            clients: list[Client] = []
            replies = []
            for host in (b"192.0.2.1", b"192.0.2.2", b"192.0.2.1"):
                clients.append(await door.visit("127.0.0.7"))
                header = HEADER % host
                for start in range(0, len(header), size):
                    clients[-1].writer.write(header[start : start + size])
                    await asyncio.sleep(0)
                replies.append(await clients[-1].reply())
            replies.append(await clients[0].send())
            for client in clients:
                await client.leave()
            return replies

    first, second, third, taken = run_on(loop, story())
    assert first.startswith("220 ")
    assert second.startswith("220 ")
    assert third == wording.SOURCE_CROWDED.encode().decode()
    assert taken == carrier.ACCEPTED.encode().decode()


@both_loops
def test_what_comes_with_the_header_is_heard_after_the_greeting(loop: str) -> None:
    async def story() -> list[str]:
        async with open_door(Shelf().desk, sources=sources(Limits())) as door:
            client = await door.visit("127.0.0.7")
            client.writer.write(HEADER % b"192.0.2.1" + b"HELO mail.test\r\n")
            replies = [await client.reply(), await client.reply()]
            await client.leave()
            return replies

    assert [reply[:4] for reply in run_on(loop, story())] == ["220 ", "250 "]


@both_loops
@pytest.mark.parametrize(
    "octets", [b"EHLO mail.test\r\n", b"PROXY TCP4 nowhere\r\n", b"\r\n\r\n\0\r\nQUIT\n\x33\x11\0\0"], ids=repr
)
def test_a_balancer_that_says_anything_else_first_is_cut_off_without_a_word(loop: str, octets: bytes) -> None:
    async def story() -> bytes:
        async with open_door(Shelf().desk, sources=sources(Limits())) as door:
            client = await door.visit("127.0.0.7")
            client.writer.write(octets)
            said = await client.closed()
            await client.leave()
            return said

    assert run_on(loop, story()) == b""


@both_loops
def test_a_header_has_its_own_time(loop: str) -> None:
    limits = Limits(proxy_seconds=1)

    async def story() -> bytes:
        async with open_door(Shelf().desk, limits, sources=sources(limits)) as door:
            client = await door.visit("127.0.0.7")
            client.writer.write(b"PROXY TC")
            async with asyncio.timeout(4):
                said = await client.closed()
            await client.leave()
            return said

    assert run_on(loop, story()) == b""


@both_loops
def test_from_anywhere_else_the_header_is_a_wrong_command_and_changes_nothing(loop: str) -> None:
    async def story() -> tuple[str, int]:
        async with open_door(Shelf().desk, sources=sources(Limits())) as door:
            client = await door.enter()
            said = await client.say((HEADER % b"192.0.2.1").strip())
            connections = door.edge.sources.at("192.0.2.1").connections
            await client.leave()
            return said, connections

    said, connections = run_on(loop, story())
    assert said == wording.UNKNOWN_COMMAND.encode().decode()
    assert connections == 0


def test_a_header_longer_than_the_limit_is_none() -> None:
    with pytest.raises(ProxyHeaderError):
        read_proxy_header(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x10\0", Limits().proxy_header)
