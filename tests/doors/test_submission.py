"""Signing in to send over real sockets: the edge, its doorkeeper and the store behind it, on both kinds of loop (S-05, S-18)."""

import asyncio
import base64
import contextlib
import smtplib
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from postern.actions.issue_secrets import NewSecret, create_secret
from postern.actions.sign_in_to_send import Credentials, sign_in
from postern.model.limits import Limits
from postern.model.submission import SignedIn
from postern.smtp.doorkeeper import Doorkeeper
from postern.smtp.edge import Desk, Edge
from postern.smtp.signing_in import Submission
from tests.doors.test_edge import town_desk
from tests.edge_client import HOSTNAME, LOOPS, Client, run_on, self_signed
from tests.people import ACME, Town
from tests.people import town as found_town
from tests.permitting import decided, seller_named

both_loops = pytest.mark.parametrize("loop", LOOPS)
QUICK = Limits(sign_in_delay=0, wrong_per_session=3)


@dataclass(frozen=True, slots=True)
class House:
    """An edge with the three doors, Acme's secret, and what clients trust."""

    secret: str
    mx: int
    implicit: int
    starttls: int
    trust: ssl.SSLContext

    async def enter(self, port: int) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", port, ssl=self.trust if port == self.implicit else None))
        assert (await client.reply()).startswith("220 ")
        return client


def secret_desk(town: Town, limits: Limits) -> Desk:
    """The real way of a mail and of a secret."""

    async def check(presented: Credentials) -> SignedIn | None:
        def look_up() -> SignedIn | None:
            with town.store.look() as look:
                found = sign_in(look, presented)
            return found[0] if found else None

        return await asyncio.to_thread(look_up)

    desk = town_desk(town)
    return Desk(desk.find_recipient, desk.receive, desk.clock, Doorkeeper(check, limits))


@contextlib.asynccontextmanager
async def opened(town: Town, folder: Path, limits: Limits = QUICK) -> AsyncIterator[House]:
    server, trust = self_signed(folder)
    made = create_secret(town.store, town.frame, seller_named(town), ACME, decided(town))
    assert isinstance(made, NewSecret)
    edge = Edge(secret_desk(town, limits), HOSTNAME, limits, server)
    mx = await edge.listen("127.0.0.1", 0)
    implicit = await edge.listen("127.0.0.1", 0, Submission(implicit_tls=True))
    starttls = await edge.listen("127.0.0.1", 0, Submission(implicit_tls=False))
    yield House(made.secret, mx, implicit, starttls, trust)
    await edge.drain()


@pytest.fixture
def acme_town(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    with found_town(sqlite_url, tmp_path) as town:
        yield town


def plain(secret: str, name: str = "help@acme.test") -> bytes:
    return b"AUTH PLAIN " + base64.b64encode(f"\0{name}\0{secret}".encode())


@both_loops
def test_an_ordinary_program_signs_in_and_sends_by_either_kind_of_tls(loop: str, acme_town: Town, tmp_path: Path) -> None:
    """R20; RFC 8314 3.3, RFC 3207, RFC 4954."""
    town = acme_town

    def converse(house: House) -> None:
        for mechanism in ("auth_plain", "auth_login"):
            with smtplib.SMTP_SSL("127.0.0.1", house.implicit, timeout=20, context=house.trust) as smtp:
                _send(smtp, mechanism, f"implicit {mechanism}")
            with smtplib.SMTP("127.0.0.1", house.starttls, timeout=20) as smtp:
                smtp.starttls(context=house.trust)
                _send(smtp, mechanism, f"starttls {mechanism}")

    def _send(smtp: smtplib.SMTP, mechanism: str, text: str) -> None:
        smtp.ehlo()
        assert smtp.esmtp_features["auth"].split() == ["PLAIN", "LOGIN"]
        smtp.user, smtp.password = "help@acme.test", secret[0]
        code, _ = smtp.auth(mechanism.removeprefix("auth_"), getattr(smtp, mechanism))
        assert code == 235
        smtp.sendmail("help@acme.test", [town.pair.buyer_alias], town.from_acme(text).content)

    secret: list[str] = []

    async def story() -> None:
        async with opened(town, tmp_path) as house:
            secret.append(house.secret)
            await asyncio.to_thread(converse, house)

    run_on(loop, story())
    assert [one.recipient for one in town.deliver()] == ["ann@mail.test"] * 4


@both_loops
def test_mail_goes_nowhere_without_signing_in_and_the_door_for_all_knows_no_auth(
    loop: str, acme_town: Town, tmp_path: Path
) -> None:
    """S-05: and no secret is taken in the clear."""

    async def story() -> None:
        async with opened(acme_town, tmp_path) as house:
            client = await house.enter(house.implicit)
            await client.say(b"EHLO mail.acme.test")
            assert (await client.say(b"MAIL FROM:<help@acme.test>")).startswith("530 5.7.0 ")
            await client.leave()
            client = await house.enter(house.starttls)
            assert "AUTH" not in await client.say(b"EHLO mail.acme.test")
            assert (await client.say(plain(house.secret))).startswith("538 5.7.11 ")
            assert (await client.say(b"MAIL FROM:<help@acme.test>")).startswith("530 5.7.0 ")
            await client.leave()
            client = await house.enter(house.mx)
            assert "AUTH" not in await client.say(b"EHLO mail.acme.test")
            assert (await client.say(plain(house.secret))).startswith("502 5.5.1 ")
            assert (await client.say(b"MAIL FROM:<help@acme.test>")).startswith("250 ")
            await client.leave()

    run_on(loop, story())


@both_loops
def test_what_is_said_in_the_clear_before_implicit_tls_is_never_heard(loop: str, acme_town: Town, tmp_path: Path) -> None:
    """S-05: a client that speaks first, or speaks SMTP, gets no word of ours."""

    async def story() -> None:
        async with opened(acme_town, tmp_path) as house:
            reader, writer = await asyncio.open_connection("127.0.0.1", house.implicit)
            writer.write(b"EHLO mail.acme.test\r\n" + plain(house.secret) + b"\r\nQUIT\r\n")
            with contextlib.suppress(ConnectionError):
                heard = await asyncio.wait_for(reader.read(), 10)
                assert b"220" not in heard
                assert b"250" not in heard
            writer.close()

    run_on(loop, story())


def test_a_program_that_writes_its_first_words_at_once_is_understood(acme_town: Town, tmp_path: Path) -> None:
    """With implicit TLS the client speaks first: not an octet of it may be lost between the connection and the handshake."""

    def connect(port: int, trust: ssl.SSLContext) -> bytes:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as raw, trust.wrap_socket(raw) as sealed:
            sealed.sendall(b"EHLO mail.acme.test\r\nQUIT\r\n")
            heard = b""
            while piece := sealed.recv(4096):
                heard += piece
            return heard

    async def story() -> list[bytes]:
        async with opened(acme_town, tmp_path) as house:
            connects = (asyncio.to_thread(connect, house.implicit, house.trust) for _ in range(30))
            return list(await asyncio.gather(*connects))

    for loop in LOOPS:
        for heard in run_on(loop, story()):
            assert heard.startswith(b"220 ")
            assert heard.endswith(b"221 2.0.0 Goodbye\r\n")


@both_loops
def test_wrong_secrets_and_unknown_names_are_answered_alike_and_too_many_end_the_session(
    loop: str, acme_town: Town, tmp_path: Path
) -> None:
    """S-18: by text, by code and by the end of the session."""

    async def tries(house: House, name: str) -> list[str]:
        client = await house.enter(house.implicit)
        heard = [await client.say(b"EHLO mail.acme.test")]
        heard += [await client.say(plain(f"guess {number}", name)) for number in range(3)]
        assert await client.closed() == b""
        return heard

    async def story() -> None:
        async with opened(acme_town, tmp_path) as house:
            known, unknown = await tries(house, "help@acme.test"), await tries(house, "nobody@acme.test")
            assert known == unknown
            assert [reply[:9] for reply in known[1:]] == ["535 5.7.8", "535 5.7.8", "421 4.7.0"]
            client = await house.enter(house.implicit)
            await client.say(b"EHLO mail.acme.test")
            assert (await client.say(plain(house.secret))).startswith("235 2.7.0 ")
            await client.leave()

    run_on(loop, story())


def test_a_hundred_connections_that_guess_at_once_get_ten_look_ups_and_then_nothing(acme_town: Town, tmp_path: Path) -> None:
    """S-18: neither guess nor right secret is looked at then, from there; from elsewhere its owner comes in."""

    async def guess(house: House, number: int) -> str:
        client = await house.enter(house.implicit)
        await client.say(b"EHLO mail.acme.test")
        reply = await client.say(plain(f"guess {number}"))
        await client.leave()
        return reply

    async def story() -> None:
        async with opened(acme_town, tmp_path, Limits(sign_in_delay=0, wrong_sign_ins=10)) as house:
            replies = await asyncio.gather(*(guess(house, number) for number in range(100)))
            assert sum(reply.startswith("535 ") for reply in replies) == 10
            assert sum(reply.startswith("454 4.7.0 ") for reply in replies) == 90
            client = await house.enter(house.implicit)
            await client.say(b"EHLO mail.acme.test")
            assert (await client.say(plain(house.secret))).startswith("454 4.7.0 ")
            await client.leave()

    run_on("uvloop", story())


def test_a_wrong_try_makes_its_own_client_wait_and_nobody_else(acme_town: Town, tmp_path: Path) -> None:
    """S-18."""

    async def story() -> None:
        async with opened(acme_town, tmp_path, Limits(sign_in_delay=3)) as house:
            guesser, other = await house.enter(house.implicit), await house.enter(house.implicit)
            await guesser.say(b"EHLO mail.acme.test")
            began_at = time.monotonic()
            waiting = asyncio.create_task(guesser.say(plain("wrong")))
            await asyncio.sleep(0)
            assert (await other.say(b"NOOP")).startswith("250 ")
            assert time.monotonic() - began_at < 0.4
            assert (await waiting).startswith("535 ")
            assert time.monotonic() - began_at > 0.45
            await guesser.leave()
            await other.leave()

    run_on("asyncio", story())


@both_loops
def test_a_client_that_vanishes_while_it_waits_leaves_nothing(loop: str, acme_town: Town, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(acme_town, tmp_path, Limits(sign_in_delay=1)) as house:
            client = await house.enter(house.implicit)
            await client.say(b"EHLO mail.acme.test")
            client.writer.write(plain("wrong") + b"\r\n")
            await client.writer.drain()
            client.vanish()
            await asyncio.sleep(0.1)

    run_on(loop, story())
