import asyncio
import socket
from collections.abc import Callable

import pytest

from postern.actions.find_recipient import House, Recipient
from postern.actions.receive_mail import Accepted, Answer
from postern.model.envelope import Mail
from postern.model.limits import Limits
from postern.smtp import carrier, edge
from tests.edge_client import BEGIN, LOOPS, Client, Door, Shelf, open_door, run_on

both_loops = pytest.mark.parametrize("loop", LOOPS)
MEGABYTE = 1_000_000
PIPELINED = b"\r\n".join(BEGIN) + b"\r\n"


def mail_of(octets: int) -> bytes:
    """Content of this size, in lines of 1,000."""
    line = b"x" * 998 + b"\r\n"
    return (line * (octets // len(line) + 1))[: octets - 2] + b"\r\n"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """An edge that looks at its clients' time more often, and takes moments for minutes where no limit says how long."""
    monkeypatch.setattr(carrier, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(carrier, "NO_MEMORY_SECONDS", 0.5)
    monkeypatch.setattr(carrier, "GOODBYE_SECONDS", 0.3)


# Time


@both_loops
def test_a_client_that_says_nothing_is_sent_away(loop: str) -> None:
    async def story() -> bytes:
        async with open_door(Shelf().desk, Limits(command_timeout=1)) as door:
            client = await door.enter()
            said = await client.closed()
            await client.leave()
            return said

    assert run_on(loop, story()).startswith(b"421 4.4.2 ")


@both_loops
def test_a_client_that_says_its_command_octet_by_octet_is_no_better(loop: str) -> None:
    async def drip(client: Client) -> None:
        while not client.writer.is_closing():
            client.writer.write(b"N")
            await asyncio.sleep(0.1)

    async def story() -> bytes:
        async with open_door(Shelf().desk, Limits(command_timeout=1)) as door:
            client = await door.enter()
            dripping = asyncio.create_task(drip(client))
            async with asyncio.timeout(6):
                said = await client.reader.readline()
            dripping.cancel()
            await asyncio.wait([dripping])
            client.vanish()
            return said

    assert run_on(loop, story()).startswith(b"421 4.4.2 ")


@both_loops
def test_a_mail_that_does_not_come_to_its_dot_in_time_is_cut_though_it_never_pauses(loop: str) -> None:
    async def drip(client: Client) -> None:
        while not client.writer.is_closing():
            client.writer.write(b"one more line\r\n")
            await asyncio.sleep(0.1)

    shelf = Shelf()

    async def story() -> bytes:
        async with open_door(shelf.desk, Limits(data_timeout=1, command_timeout=30)) as door:
            client = await door.enter()
            await client.begin()
            dripping = asyncio.create_task(drip(client))
            async with asyncio.timeout(6):
                said = await client.reader.readline()
            dripping.cancel()
            await asyncio.wait([dripping])
            client.vanish()
            return said

    assert run_on(loop, story()).startswith(b"421 4.4.2 ")
    assert shelf.mails == []


@both_loops
def test_the_time_that_we_take_is_not_the_clients(loop: str) -> None:
    async def keep(_mail: Mail) -> Answer:
        await asyncio.sleep(1.5)
        return Accepted(queued=True)

    async def story() -> str:
        async with open_door(Shelf(keeping=keep).desk, Limits(command_timeout=1, data_timeout=1)) as door:
            client = await door.enter()
            reply = await client.send()
            await client.leave()
            return reply

    assert run_on(loop, story()).startswith("250 ")


@both_loops
def test_who_never_reads_the_goodbye_is_gone_all_the_same(loop: str) -> None:
    async def story() -> None:
        async with open_door(Shelf().desk, Limits(command_timeout=1)) as door:
            deaf = await flood(door, b"HELP\r\n", 4_000_000)
            await door.until_empty()
            deaf.close()

    run_on(loop, story())


async def flood(door: Door, command: bytes, octets: int) -> socket.socket:
    """Send commands and read nothing, until the server reads no more either, or all was sent."""
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    deaf.setblocking(False)  # noqa: FBT003 - the signature is Python's
    loop = asyncio.get_running_loop()
    await loop.sock_connect(deaf, ("127.0.0.1", door.port))
    try:
        async with asyncio.timeout(0.5):
            await loop.sock_sendall(deaf, command * (octets // len(command)))
    except TimeoutError:
        pass
    return deaf


# Memory


@both_loops
def test_replies_that_are_not_read_do_not_pile_up_even_while_others_come_and_go(loop: str) -> None:
    async def story() -> int:
        async with open_door(Shelf().desk, Limits(bytes_in_flight=10_000)) as door:
            deaf = await flood(door, b"HELP\r\n", 20_000_000)
            [connection] = door.edge.places.guests
            assert isinstance(connection, carrier.Carrier)
            assert connection._transport is not None
            unread = [connection._transport.get_write_buffer_size()]
            for _ in range(10):  # each fills the budget and frees it, so that those who waited for it are read on
                other = await door.enter()
                assert (await other.send(mail_of(20_000))).startswith("250 ")
                await other.leave()
                unread.append(connection._transport.get_write_buffer_size())
            deaf.close()
            assert unread[0] > 0
            return max(unread)

    assert run_on(loop, story()) < 8 * MEGABYTE  # one read of 256 kB, each command answered ten times as long


@both_loops
def test_many_large_mails_at_once_are_taken_or_deferred_and_the_account_comes_back_to_nothing(loop: str) -> None:
    seen: list[int] = []
    limits = Limits(bytes_in_flight=3 * MEGABYTE)

    async def story() -> list[str]:
        async def keep(_mail: Mail) -> Answer:
            seen.append(door.edge.places.octets_in_flight)
            await asyncio.sleep(0.05)
            return Accepted(queued=True)

        shelf = Shelf(keeping=keep)

        async def send() -> str:
            client = await door.enter()
            try:
                return await client.send(mail_of(MEGABYTE))
            except (OSError, IndexError):
                return "(hung up)"
            finally:
                client.vanish()

        async with open_door(shelf.desk, limits) as door:
            replies = await asyncio.gather(*(send() for _ in range(16)))
            await door.until_empty()
            assert await send() == carrier.ACCEPTED.encode().decode()
        return replies

    replies = run_on(loop, story())
    assert all(reply.startswith(("250 ", "421 4.3.1", "452-4.3.1", "(hung up)")) for reply in replies), replies
    assert any(reply.startswith("250 ") for reply in replies)
    assert all(0 < octets <= 3 * MEGABYTE + 16 * 256 * 1024 for octets in seen)


@both_loops
def test_who_holds_the_last_memory_and_says_nothing_more_is_sent_away(loop: str) -> None:
    async def story() -> tuple[str, bytes, str]:
        async with open_door(Shelf().desk, Limits(bytes_in_flight=MEGABYTE)) as door:
            hoarder, other = await door.enter(), await door.enter()
            await hoarder.begin()
            hoarder.writer.write(mail_of(MEGABYTE + 1))
            await door.until(lambda: not door.edge.places.has_room)
            deferred = await other.send()
            said = await hoarder.closed()
            await door.until(lambda: door.edge.places.has_room)
            await other.say(b"RSET")
            taken = await other.send()
            for client in (hoarder, other):
                await client.leave()
            return deferred, said, taken

    deferred, said, taken = run_on(loop, story())
    assert deferred.startswith("452-4.3.1")
    assert said.startswith(b"421 4.3.1")
    assert taken.startswith("250 ")


@both_loops
def test_a_mail_of_16_megabytes_comes_in_small_pieces(loop: str) -> None:
    shelf, content = Shelf(), mail_of(16 * MEGABYTE)

    async def story() -> str:
        async with open_door(shelf.desk) as door:
            client = await door.enter()
            await client.begin()
            for start in range(0, len(content), 8_000):
                client.writer.write(content[start : start + 8_000])
                await client.writer.drain()
            reply = await client.say(b".")
            await client.leave()
            return reply

    assert run_on(loop, story()).startswith("250 ")
    assert [mail.content == content for mail in shelf.mails] == [True]


# Clients that vanish

STAGES: dict[str, bytes] = {
    "at the greeting": b"",
    "in a command": b"EHLO ma",
    "after RCPT": b"\r\n".join(BEGIN[:3]) + b"\r\n",
    "at DATA": PIPELINED,
    "in the content": PIPELINED + mail_of(70_000),
    "after the dot": PIPELINED + b"hello\r\n.\r\n",
    "after the dot, with another begun": PIPELINED + b"hello\r\n.\r\n" + PIPELINED.partition(b"\r\n")[2] + mail_of(50_000),
}


@both_loops
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("go", [Client.reset, lambda client: client.writer.close()], ids=["by a reset", "by a close"])
@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "after a moment"])
def test_who_vanishes_leaves_nothing_but_whole_mails(loop: str, stage: str, go: Callable[[Client], None], at_once: bool) -> None:
    async def look(_address: str) -> Recipient:
        await asyncio.sleep(0.02)  # the client goes while we look the recipient up
        return House("postmaster")

    async def keep(_mail: Mail) -> Answer:
        await asyncio.sleep(0.02)
        return Accepted(queued=True)

    shelf = Shelf(look, keep)

    async def story() -> None:
        async with open_door(shelf.desk) as door:
            client = await door.enter()
            client.writer.write(STAGES[stage])
            await asyncio.sleep(0 if at_once else 0.06)
            go(client)

    run_on(loop, story())
    assert [mail.content for mail in shelf.mails] in ([], [b"hello\r\n"])
    if not at_once and stage.startswith("after the dot"):
        assert len(shelf.mails) == 1


@both_loops
def test_the_mail_of_who_vanished_counts_until_it_is_kept(loop: str) -> None:
    release = asyncio.Event()

    async def keep(_mail: Mail) -> Answer:
        await release.wait()
        return Accepted(queued=True)

    shelf = Shelf(keeping=keep)

    async def story() -> tuple[int, bytes]:
        async with open_door(shelf.desk, Limits(sessions=1)) as door:
            client = await door.enter()
            await client.begin()
            client.writer.write(mail_of(MEGABYTE) + b".\r\n")
            await door.until(lambda: door.edge.places.octets_in_flight == MEGABYTE)
            client.reset()
            await asyncio.sleep(0.1)
            counted = door.edge.places.octets_in_flight
            other = await door.visit()
            turned_away = await other.closed()
            await other.leave()
            release.set()
            return counted, turned_away

    counted, turned_away = run_on(loop, story())
    assert counted == MEGABYTE
    assert turned_away.startswith(b"421 4.3.2 ")
    assert len(shelf.mails) == 1


# The end


@both_loops
def test_draining_ends_the_idle_and_lets_a_mail_under_way_come_to_its_reply(loop: str) -> None:
    release = asyncio.Event()

    async def keep(_mail: Mail) -> Answer:
        await release.wait()
        return Accepted(queued=True)

    shelf = Shelf(keeping=keep)

    async def story() -> tuple[bytes, bytes, bytes]:
        async with open_door(shelf.desk) as door:
            idle, coming, taken = await door.enter(), await door.enter(), await door.enter()
            await coming.begin()
            await taken.begin()
            taken.writer.write(b"taken\r\n.\r\n")
            await asyncio.sleep(0.05)
            draining = asyncio.create_task(door.edge.drain())
            said_to_idle = await idle.closed()
            coming.writer.write(b"coming\r\n.\r\n")
            await asyncio.sleep(0.05)
            assert not draining.done()
            with pytest.raises(ConnectionRefusedError):
                await door.visit()
            release.set()
            answers = (await coming.closed(), await taken.closed())
            await draining
            for client in (idle, coming, taken):
                await client.leave()
            return said_to_idle, *answers

    said_to_idle, coming, taken = run_on(loop, story())
    assert said_to_idle.startswith(b"421 4.3.2 ")
    for said in (coming, taken):
        assert [line[:4] for line in said.splitlines()] == [b"250 ", b"421 "]
    assert sorted(mail.content for mail in shelf.mails) == [b"coming\r\n", b"taken\r\n"]


@both_loops
def test_draining_waits_for_nobody_for_ever(loop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "DRAIN_SECONDS", 0.3)
    shelf = Shelf(keeping=lambda _mail: asyncio.Event().wait())  # type: ignore[arg-type,return-value]

    async def story() -> tuple[bytes, bytes]:
        async with open_door(shelf.desk) as door:
            begun, kept = await door.enter(), await door.enter()
            await begun.begin()
            await kept.begin()
            kept.writer.write(b"hello\r\n.\r\n")
            await asyncio.sleep(0.05)
            async with asyncio.timeout(3):
                await door.edge.drain()
            answers = (await begun.closed(), await kept.closed())
            for client in (begun, kept):
                client.vanish()
            return answers

    assert run_on(loop, story()) == (b"", b"")
    assert shelf.mails == []
