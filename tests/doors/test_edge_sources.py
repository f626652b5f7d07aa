"""What one source may do at the edge, and that nobody who only sits there keeps out who has mail."""

import asyncio
import time
from collections.abc import Awaitable
from ipaddress import ip_network
from typing import TypeVar

import pytest

from postern.actions.find_recipient import House, Recipient, Refused
from postern.model.limits import Limits
from postern.policy.reasons import UNKNOWN_ALIAS, Cause
from postern.smtp import carrier, wording
from postern.smtp.sources import Sources
from tests.edge_client import BEGIN, LOOPS, Client, Door, Shelf, open_door, run_on, self_signed

both_loops = pytest.mark.parametrize("loop", LOOPS)
UNKNOWN = Refused(Cause(UNKNOWN_ALIAS))
T = TypeVar("T")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrier, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(carrier, "GOODBYE_SECONDS", 0.3)


async def nobody(_address: str) -> Recipient:
    return UNKNOWN


async def shop_only(address: str) -> Recipient:
    return House("postmaster") if address.startswith("shop") else UNKNOWN


async def timed(work: Awaitable[T]) -> tuple[float, T]:
    began_at = time.monotonic()
    done = await work
    return time.monotonic() - began_at, done


async def leave_all(*clients: Client) -> None:
    for client in clients:
        await client.leave()


@both_loops
def test_a_source_has_only_so_many_connections_and_another_source_has_its_own(loop: str) -> None:
    async def story() -> tuple[str, str, str]:
        async with open_door(Shelf().desk, Limits(source_connections=2)) as door:
            first, second, third = await door.enter(), await door.enter(), await door.visit()
            refused = await third.reply()
            neighbour = await door.visit("127.0.0.9")
            greeted = await neighbour.reply()
            await leave_all(first, third)
            await door.until(lambda: len(door.edge.places.guests) == 2)
            again = await door.visit()
            taken = await again.reply()
            await leave_all(second, neighbour, again)
            return refused, greeted, taken

    refused, greeted, taken = run_on(loop, story())
    assert refused == wording.SOURCE_CROWDED.encode().decode()
    assert greeted.startswith("220 ")
    assert taken.startswith("220 ")


@both_loops
def test_a_trusted_source_is_held_up_by_none_of_it(loop: str) -> None:
    limits = Limits(source_connections=1, source_mails_an_hour=1, source_unknown_recipients=1, source_connections_a_minute=1)

    async def story() -> list[str]:
        async with open_door(Shelf(shop_only).desk, limits, sources=Sources(limits, (ip_network("127.0.0.0/8"),))) as door:
            clients = [await door.enter() for _ in range(5)]
            replies = [await client.send() for client in clients for _ in range(3)]
            await leave_all(*clients)
            return replies

    assert set(run_on(loop, story())) == {carrier.ACCEPTED.encode().decode()}


@both_loops
def test_one_mail_too_many_of_a_source_is_put_off_before_its_content_whatever_connection_it_comes_on(loop: str) -> None:
    async def story() -> list[str]:
        async with open_door(Shelf().desk, Limits(source_mails_an_hour=2)) as door:
            clients = [await door.enter() for _ in range(3)]
            replies = [await client.send() for client in clients]
            await leave_all(*clients)
            return replies

    *taken, put_off = run_on(loop, story())
    assert taken == [carrier.ACCEPTED.encode().decode()] * 2
    assert put_off == wording.SOURCE_MAILED_ENOUGH.encode().decode()


@both_loops
def test_who_guesses_addresses_is_slowed_more_and_more_then_sent_away_on_every_connection(loop: str) -> None:  # S-10
    limits = Limits(source_unknown_recipients=8, unknown_recipients=100, tarpit_seconds=1)

    async def story() -> tuple[list[float], str, str, str]:
        async with open_door(Shelf(nobody).desk, limits) as door:
            bystander, guesser = await door.enter(), await door.enter()
            await guesser.say(BEGIN[0])
            await guesser.say(BEGIN[1])
            waits = [(await timed(guesser.say(b"RCPT TO:<guess%d@marketplace.example>" % number)))[0] for number in range(8)]
            last = await guesser.say(b"RCPT TO:<another@marketplace.example>")
            beside = await bystander.say(b"NOOP")
            returned = await door.visit()
            refused = await returned.reply()
            await leave_all(bystander, guesser, returned)
            return waits, last, beside, refused

    waits, *goodbyes = run_on(loop, story())
    assert max(waits[:5]) < 0.25
    assert waits[7] > 0.7
    assert waits[5] < waits[7]
    assert goodbyes == [wording.SOURCE_SPENT.encode().decode()] * 3


@both_loops
def test_a_slowed_source_waits_for_a_known_address_as_long_as_for_an_unknown_one(loop: str) -> None:  # S-10
    limits = Limits(source_unknown_recipients=1_000, unknown_recipients=1_000, tarpit_seconds=2)

    async def story() -> list[float]:
        async with open_door(Shelf(shop_only).desk, limits) as door:
            guesser = await door.enter()
            guesser_source = door.edge.sources.at("127.0.0.1")
            guesser_source.add_mistakes(asyncio.get_running_loop().time(), 0, 600)
            await guesser.say(BEGIN[0])
            await guesser.say(BEGIN[1])
            waits = [
                (await timed(guesser.say(b"RCPT TO:<%s@marketplace.example>" % name)))[0] for name in (b"shop", b"guess") * 2
            ]
            await guesser.leave()
            return waits

    waits = run_on(loop, story())
    assert all(0.35 < wait < 0.8 for wait in waits), waits


@both_loops
def test_who_is_slowed_delays_nobody_else_and_only_so_many_are_slowed(loop: str) -> None:
    limits = Limits(source_bad_commands=10, tarpit_seconds=4, tarpits=2)

    async def story() -> tuple[float, str, int]:
        async with open_door(Shelf().desk, limits) as door:
            wrong = [await door.enter() for _ in range(3)]
            door.edge.sources.at("127.0.0.1").add_mistakes(asyncio.get_running_loop().time(), 9, 0)
            for client in wrong[:2]:
                client.writer.write(b"WHAT\r\n")
            await door.until(lambda: door.edge.places.slowed == 2)
            said = await wrong[2].say(b"NOOP")
            honest = await door.visit("127.0.0.9")
            await honest.reply()
            seconds, _ = await timed(honest.send())
            for client in (*wrong, honest):
                client.vanish()
            await door.until(lambda: not door.edge.places.guests)
            return seconds, said, door.edge.places.slowed

    seconds, said, left = run_on(loop, story())
    assert seconds < 2
    assert said == wording.SOURCE_SPENT.encode().decode()
    assert left == 0


@both_loops
def test_a_session_ends_after_its_time_however_busy_but_not_in_the_middle_of_a_mail(loop: str) -> None:
    async def chat(client: Client) -> str:
        reply = "250"
        while reply.startswith("250"):
            reply = await client.say(b"NOOP")
            await asyncio.sleep(0.05)
        return reply

    async def story() -> tuple[str, bytes]:
        async with open_door(Shelf().desk, Limits(session_seconds=1)) as door:
            chatting, mailing = await door.enter(), await door.enter()
            await mailing.begin()
            said = await chat(chatting)
            mailing.writer.write(b"late\r\n.\r\n")
            rest = await mailing.closed()
            await leave_all(chatting, mailing)
            return said, rest

    said, rest = run_on(loop, story())
    assert said == wording.TIME_SPENT.encode().decode()
    assert rest == carrier.ACCEPTED.encode() + wording.TIME_SPENT.encode()


# Places


async def sit(door: Door, count: int, host: str, octets: bytes = b"") -> list[Client]:
    sitting = []
    for _ in range(count):
        sitting.append(await door.visit(host))
        await sitting[-1].reply()
        sitting[-1].writer.write(octets)
        await asyncio.sleep(0.01)  # a loop's clock may count milliseconds
    return sitting


@both_loops
@pytest.mark.parametrize("octets", [b"", b"EHLO mal", b"EHLO mallory.test\r\nMAIL FROM:<>\r\n"], ids=repr)
def test_when_all_places_are_taken_who_has_said_nothing_for_longest_gives_way(loop: str, octets: bytes) -> None:  # S-17
    async def story() -> tuple[str, bytes, str]:
        async with open_door(Shelf().desk, Limits(sessions=5)) as door:
            honest = await door.visit("127.0.0.9")
            await honest.reply()
            await honest.begin()
            sitting = await sit(door, 4, "127.0.0.1", octets)
            new = await door.visit("127.0.0.10")
            greeted = await new.reply()
            evicted = await sitting[0].closed()
            honest.writer.write(b"hello\r\n.\r\n")
            taken = await honest.reply()
            await leave_all(*sitting, honest, new)
            return greeted, evicted, taken

    greeted, evicted, taken = run_on(loop, story())
    assert greeted.startswith("220 ")
    assert evicted.endswith(wording.GIVE_WAY.encode())
    assert taken.startswith("250 ")


@both_loops
def test_a_crowd_from_one_source_gives_way_before_a_lonely_client_of_another(loop: str) -> None:
    async def story() -> str:
        async with open_door(Shelf().desk, Limits(sessions=6)) as door:
            lonely = await door.visit("127.0.0.9")
            await lonely.reply()
            crowd = await sit(door, 20, "127.0.0.1")
            said = await lonely.say(b"NOOP")
            assert len(door.edge.places.guests) <= 6
            await leave_all(lonely, *crowd)
            return said

    assert run_on(loop, story()).startswith("250 ")


@both_loops
def test_a_mail_that_comes_more_slowly_than_any_program_sends_gives_way_and_a_handshake_that_never_begins(
    loop: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server, _ = self_signed(tmp_path_factory.mktemp("tls"))

    async def story() -> list[str]:
        async with open_door(Shelf().desk, Limits(sessions=2), server) as door:
            dripping, shaking = await sit(door, 2, "127.0.0.1")
            await dripping.begin()
            dripping.writer.write(b"x")
            await shaking.say(b"EHLO mallory.test")
            assert (await shaking.say(b"STARTTLS")).startswith("220 ")
            await asyncio.sleep(0.5)
            honest = [await door.visit(f"127.0.0.{number}") for number in (2, 3)]
            greetings = [await client.reply() for client in honest]
            await leave_all(dripping, shaking, *honest)
            return greetings

    assert all(greeting.startswith("220 ") for greeting in run_on(loop, story()))


@both_loops
def test_nobody_gives_way_who_waits_for_us(loop: str) -> None:
    release = asyncio.Event()

    async def look(_address: str) -> Recipient:
        await release.wait()
        return House("postmaster")

    async def story() -> tuple[str, str]:
        async with open_door(Shelf(look).desk, Limits(sessions=1)) as door:
            asking = await door.enter()
            asking.writer.write(b"\r\n".join(BEGIN[:3]) + b"\r\n")
            await door.until(lambda: not all(guest.may_give_way for guest in door.edge.places.guests))
            turned_away = await door.visit("127.0.0.9")
            busy = await turned_away.reply()
            release.set()
            replies = [await asking.reply() for _ in range(3)]
            await leave_all(asking, turned_away)
            return busy, replies[-1]

    busy, answered = run_on(loop, story())
    assert busy.startswith("421 4.3.2")
    assert answered == carrier.RECIPIENT_ACCEPTED.encode().decode()


@both_loops
def test_a_handshake_has_its_own_time(loop: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    server, _ = self_signed(tmp_path_factory.mktemp("tls"))

    async def story() -> float:
        async with open_door(Shelf().desk, Limits(handshake_timeout=1), server) as door:
            client = await door.enter()
            await client.say(b"EHLO mallory.test")
            await client.say(b"STARTTLS")
            seconds, _ = await timed(client.closed())
            client.vanish()
            return seconds

    assert 0.5 < run_on(loop, story()) < 5
