"""An edge on a free port of the loopback, and a client that speaks to it line by line, or misbehaves."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.x509.oid import NameOID

from postern.actions.find_recipient import House, Recipient
from postern.actions.receive_mail import Accepted, Answer
from postern.model.envelope import Mail
from postern.model.limits import Limits
from postern.smtp.edge import Desk, Edge
from postern.smtp.sources import Sources
from tests.people import SetClock

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
HOSTNAME = "mx.marketplace.example"
SHOP = "shop@marketplace.example"
BEGIN = [b"EHLO mail.test", b"MAIL FROM:<ann@mail.test>", b"RCPT TO:<shop@marketplace.example>", b"DATA"]
PATIENCE = 8
T = TypeVar("T")


def run_on(loop: str, story: Coroutine[None, None, T]) -> T:
    """Run the story to its end on this kind of loop; what it forgot to end is an error."""

    async def to_its_end() -> T:
        told = await asyncio.wait_for(story, 5 * PATIENCE)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, left
        return told

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        return runner.run(to_its_end())


@dataclass
class Shelf:
    """Keeps every mail in a list. ``looking`` and ``keeping`` are awaited on the way, so a story can hold them up."""

    looking: Callable[[str], Awaitable[Recipient]] | None = None
    keeping: Callable[[Mail], Awaitable[Answer]] | None = None
    mails: list[Mail] = field(default_factory=list)

    async def find(self, address: str) -> Recipient:
        return await self.looking(address) if self.looking else House("postmaster")

    async def keep(self, mail: Mail) -> Answer:
        answer = await self.keeping(mail) if self.keeping else Accepted(queued=True)
        self.mails.append(mail)
        return answer

    @property
    def desk(self) -> Desk:
        return Desk(self.find, self.keep, SetClock())


@dataclass
class Client:
    """One connection. ``say`` sends a command and answers the whole reply; ``closed`` waits for the server to hang up."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def reply(self) -> str:
        lines: list[str] = []
        async with asyncio.timeout(PATIENCE):
            while not lines or lines[-1][3:4] == "-":
                lines.append((await self.reader.readline()).decode())
        return "".join(lines)

    async def say(self, command: bytes) -> str:
        self.writer.write(command + b"\r\n")
        return await self.reply()

    async def begin(self) -> str:
        """As far as the 354 of a mail; answers the last reply."""
        replies = [await self.say(command) for command in BEGIN]
        return replies[-1]

    async def send(self, content: bytes = b"Subject: hello\r\n\r\nHello.\r\n") -> str:
        """A whole mail; answers the reply to its dot, or to the command that was not taken."""
        reply = ""
        for command in BEGIN:
            reply = await self.say(command)
            if reply[:1] not in ("2", "3"):
                return reply
        self.writer.write(content)
        return await self.say(b".")

    async def closed(self) -> bytes:
        """What the server still says until it closes."""
        async with asyncio.timeout(PATIENCE):
            with contextlib.suppress(ConnectionError):
                return await self.reader.read()
        return b""

    def vanish(self) -> None:
        self.writer.transport.abort()

    def reset(self) -> None:
        """A TCP reset at once, as from a machine that lost its memory."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def leave(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


@dataclass
class Door:
    """A listening edge."""

    edge: Edge
    port: int

    async def visit(self, host: str = "127.0.0.1") -> Client:
        """From this address of the loopback."""
        return Client(*await asyncio.open_connection("127.0.0.1", self.port, limit=2**25, local_addr=(host, 0)))

    async def enter(self) -> Client:
        """A client that was greeted."""
        client = await self.visit()
        assert (await client.reply()).startswith("220 ")
        return client

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not holds():  # noqa: ASYNC110 - it watches what has no event
                await asyncio.sleep(0.005)

    async def until_empty(self) -> None:
        """Nobody is left, nothing is held."""
        await self.until(lambda: not self.edge.places.guests)
        assert self.edge.places.octets_in_flight == 0


@contextlib.asynccontextmanager
async def open_door(
    desk: Desk, limits: Limits | None = None, tls: ssl.SSLContext | None = None, sources: Sources | None = None
) -> AsyncIterator[Door]:
    """An edge that listens; when the story is told, it must have come to rest with nothing left."""
    edge = Edge(desk, HOSTNAME, limits or Limits(), tls, sources)
    door = Door(edge, await edge.listen("127.0.0.1", 0))
    yield door
    await door.until_empty()
    await edge.drain()


def self_signed(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The server's and the client's side of one certificate that nobody else knows."""
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "both.pem").write_bytes(pem + certificate)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(folder / "both.pem")
    client = ssl.create_default_context(cadata=certificate.decode())
    client.check_hostname = False
    return server, client
