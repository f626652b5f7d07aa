import asyncio
import smtplib
import ssl
from pathlib import Path

import pytest

from postern.actions.find_recipient import Recipient, find_recipient
from postern.actions.receive_mail import Accepted, Answer, Prepared, receive
from postern.errors import StoreError, StoreFullError
from postern.model.envelope import Mail
from postern.model.limits import Limits
from postern.smtp.edge import Desk
from postern.storage.change import Outcome
from tests.edge_client import LOOPS, Client, Shelf, open_door, run_on, self_signed
from tests.people import Town
from tests.people import town as found_town

both_loops = pytest.mark.parametrize("loop", LOOPS)


def town_desk(town: Town, errors: list[StoreError] | None = None) -> Desk:
    """The real way of a mail, with the reading done in this process; the store is away for as many mails as there are errors."""

    async def find(address: str) -> Recipient:
        def look_up() -> Recipient:
            with town.store.look() as look:
                return find_recipient(look, town.frame, address, town.clock.now())

        return await asyncio.to_thread(look_up)

    async def keep(prepared: Prepared) -> Outcome:
        if errors:
            raise errors.pop()
        return await asyncio.wrap_future(town.store.keep(prepared.change))

    async def take(mail: Mail) -> Answer:
        return await receive(mail, lambda mail: asyncio.to_thread(town.judge, mail), keep, tries=3)

    return Desk(find, take, town.clock)


# Conversations


@both_loops
def test_an_ordinary_program_sends_mails_in_the_clear_and_under_tls(loop: str, sqlite_url: str, tmp_path: Path) -> None:
    server, client = self_signed(tmp_path)
    with found_town(sqlite_url, tmp_path) as town:

        def converse(port: int) -> None:
            with smtplib.SMTP("127.0.0.1", port, timeout=20) as smtp:
                smtp.sendmail("ann@mail.test", [town.pair.seller_alias], town.from_ann("In the clear").content)
                smtp.starttls(context=client)
                smtp.ehlo()
                assert "starttls" not in smtp.esmtp_features  # RFC 3207 4.2
                for number in range(3):
                    smtp.sendmail("ann@mail.test", [town.pair.seller_alias], town.from_ann(f"Sealed {number}").content)

        async def story() -> None:
            async with open_door(town_desk(town), tls=server) as door:
                await asyncio.to_thread(converse, door.port)

        run_on(loop, story())
        arrived = [arrival.content for arrival in town.deliver()]
    written = [b"In the clear", b"Sealed 0", b"Sealed 1", b"Sealed 2"]
    assert len(arrived) == 4
    assert all(sum(text in mail for mail in arrived) == 1 for text in written)


@both_loops
def test_mails_pipelined_one_behind_the_other_are_answered_in_their_order(loop: str) -> None:
    shelf = Shelf()
    group = b"MAIL FROM:<ann@mail.test>\r\nRCPT TO:<shop@marketplace.example>\r\nDATA\r\nmail %d\r\n.\r\n"

    async def story() -> bytes:
        async with open_door(shelf.desk) as door:
            client = await door.enter()
            await client.say(b"EHLO mail.test")
            client.writer.write(b"".join(group % number for number in range(5)) + b"QUIT\r\n")
            said = await client.closed()
            await client.leave()
            return said

    said = run_on(loop, story())
    codes = [line[:3] for line in said.splitlines()]
    assert codes == [b"250", b"250", b"354", b"250"] * 5 + [b"221"]
    assert [mail.content for mail in shelf.mails] == [b"mail %d\r\n" % number for number in range(5)]


@both_loops
def test_one_mail_goes_to_two_people_of_one_seller_and_never_to_two_sellers(loop: str, sqlite_url: str, tmp_path: Path) -> None:
    with found_town(sqlite_url, tmp_path) as town:
        recipients = [town.pair.seller_alias, town.bolt_pair.seller_alias, "postmaster", "nobody@marketplace.example"]

        async def story() -> list[str]:
            async with open_door(town_desk(town)) as door:
                client = await door.enter()
                await client.say(b"EHLO mail.test")
                await client.say(b"MAIL FROM:<ann@mail.test>")
                replies = [await client.say(b"RCPT TO:<%s>" % one.encode()) for one in recipients]
                await client.say(b"RSET")
                await client.say(b"MAIL FROM:<ann@mail.test>")
                replies.append(await client.say(b"RCPT TO:<%s>" % town.bolt_pair.seller_alias.encode()))
                await client.leave()
                return replies

        replies = run_on(loop, story())
    assert [reply[:9] for reply in replies] == ["250 2.1.5", "452-4.5.3", "250 2.1.5", "550-5.1.1", "250 2.1.5"]


async def send_to(client: Client, recipient: str, content: bytes) -> str:
    for command in (b"MAIL FROM:<ann@mail.test>", b"RCPT TO:<%s>" % recipient.encode(), b"DATA"):
        reply = await client.say(command)
        if reply[:1] not in ("2", "3"):
            return reply
    client.writer.write(content)
    return await client.say(b".")


@both_loops
@pytest.mark.parametrize("error, code", [(StoreError("away"), "451-4.3.0"), (StoreFullError("full"), "452-4.3.1")], ids=repr)
def test_a_store_that_cannot_keep_a_mail_defers_it_and_the_same_session_sends_it_again(
    loop: str, error: StoreError, code: str, sqlite_url: str, tmp_path: Path
) -> None:
    with found_town(sqlite_url, tmp_path) as town:

        async def story() -> list[str]:
            async with open_door(town_desk(town, [error])) as door:
                client = await door.enter()
                await client.say(b"EHLO mail.test")
                mail = town.from_ann()
                replies = [await send_to(client, town.pair.seller_alias, mail.content) for _ in range(2)]
                await client.leave()
                return replies

        first, second = run_on(loop, story())
        assert len(town.deliver()) == 1
    assert first.startswith(code)
    assert second.startswith("250 ")


@both_loops
def test_a_store_that_cannot_be_asked_defers_the_recipient(loop: str) -> None:
    async def away(_address: str) -> Recipient:
        raise StoreError("away")

    async def story() -> str:
        async with open_door(Shelf(looking=away).desk) as door:
            client = await door.enter()
            reply = await client.send()
            await client.leave()
            return reply

    assert run_on(loop, story()).startswith("451-4.3.0")


@both_loops
def test_an_error_of_ours_ends_only_the_session_that_met_it_and_tells_the_log_nothing_of_the_mail(
    loop: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def stumble(mail: Mail) -> Answer:
        if b"stumble" in mail.content:
            raise ValueError(mail.content)
        return Accepted(queued=True)

    async def story() -> tuple[bytes, str]:
        async with open_door(Shelf(keeping=stumble).desk) as door:
            unlucky, other = await door.enter(), await door.enter()
            await unlucky.begin()
            unlucky.writer.write(b"stumble over ann@mail.test\r\n.\r\n")
            said = await unlucky.closed()
            reply = await other.send()
            await other.leave()
            await unlucky.leave()
            return said, reply

    said, reply = run_on(loop, story())
    assert not said.startswith(b"250")
    assert reply.startswith("250 ")
    assert "ValueError" in caplog.text
    assert "ann@mail" not in caplog.text


# TLS


@both_loops
@pytest.mark.parametrize("pieces", [1, 2], ids=["in one segment", "in two"])
def test_what_is_said_in_the_clear_behind_starttls_is_never_obeyed(loop: str, pieces: int, tmp_path: Path) -> None:
    server, context = self_signed(tmp_path)
    injected = b"MAIL FROM:<mallory@lies.test>\r\nNOOP\r\n"

    async def story() -> str:
        async with open_door(Shelf().desk, tls=server) as door:
            client = await door.enter()
            await client.say(b"EHLO mail.test")
            client.writer.write(b"STARTTLS\r\n" + (injected if pieces == 1 else b""))
            if pieces == 2:
                client.writer.write(injected)
            assert (await client.reply()).startswith("220 ")
            try:
                async with asyncio.timeout(5):
                    await client.writer.start_tls(context)
                reply = await client.say(b"NOOP")
                reply += await client.say(b"MAIL FROM:<ann@mail.test>")
            except (OSError, TimeoutError, IndexError):
                reply = "hung up"  # octets that came between are no handshake
            client.vanish()
            return reply

    reply = run_on(loop, story())
    assert reply == "hung up" or (reply.startswith("250 2.0.0") and "503 5.5.1 Say EHLO first" in reply)
    if pieces == 1:
        assert reply != "hung up"


@both_loops
def test_what_comes_with_the_last_of_the_handshake_is_not_lost(loop: str, tmp_path: Path) -> None:
    server, context = self_signed(tmp_path)

    async def story() -> bytes:
        async with open_door(Shelf().desk, tls=server) as door:
            client = await door.enter()
            await client.say(b"STARTTLS")
            said = b""
            async with asyncio.timeout(5):
                said = await handshake_and_say(client, context, b"EHLO mail.test\r\nQUIT\r\n")
            client.vanish()
            return said

    assert b"221 2.0.0" in run_on(loop, story())


async def handshake_and_say(client: Client, context: ssl.SSLContext, octets: bytes) -> bytes:
    """TLS by hand, so that the first commands travel in one segment with the end of the handshake; answers all that is said."""
    incoming, outgoing, said = ssl.MemoryBIO(), ssl.MemoryBIO(), b""
    tls = context.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
    done = False
    while not said.endswith(b"Goodbye\r\n"):
        try:
            if not done:
                tls.do_handshake()
                done = True
                tls.write(octets)
            said += tls.read(2**16) if done else b""
        except ssl.SSLWantReadError:
            client.writer.write(outgoing.read())
            received = await client.reader.read(2**16)
            if not received:
                return said
            incoming.write(received)
    return said


@both_loops
@pytest.mark.parametrize("how", ["reset", "leave", "garbage"])
def test_who_goes_in_the_middle_of_a_handshake_takes_no_place(loop: str, how: str, tmp_path: Path) -> None:
    server, _ = self_signed(tmp_path)

    async def story() -> None:
        async with open_door(Shelf().desk, Limits(sessions=1), server) as door:
            for _ in range(3):
                client = await door.enter()
                assert (await client.say(b"STARTTLS")).startswith("220 ")
                if how == "garbage":
                    client.writer.write(b"NOOP\r\n" * 20)
                    await client.closed()
                client.reset() if how == "reset" else await client.leave()
                await door.until_empty()

    run_on(loop, story())


# Others


@both_loops
def test_others_are_answered_while_one_mail_takes_its_time(loop: str) -> None:
    release = asyncio.Event()

    async def keep(mail: Mail) -> Answer:
        if b"slow" in mail.content:
            await release.wait()
        return Accepted(queued=True)

    async def story() -> tuple[str, list[str]]:
        async with open_door(Shelf(keeping=keep).desk) as door:
            slow, quick = await door.enter(), await door.enter()
            await slow.begin()
            slow.writer.write(b"slow\r\n.\r\n")
            replies = [await quick.send() for _ in range(20)]
            release.set()
            reply = await slow.reply()
            await slow.leave()
            await quick.leave()
            return reply, replies

    reply, replies = run_on(loop, story())
    assert [one[:4] for one in [reply, *replies]] == ["250 "] * 21
