"""A next hop that does as it is told, on loopback: it answers each stage with a line of the script, or misbehaves there.

Stages are ``connect``, the verbs, and ``dot``. A stage may hold several answers; the last one stays. What the script does not
name is answered as it should be: DATA with 503 where no recipient was taken.
"""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self, cast

DROP = "(drops the connection)"
HANG = "(says nothing more)"
GARBAGE = "\x00\xff not SMTP at all"
ENDLESS = "250-" + "x" * 60_000
ENDLESS_LINES = "250-and another\r\n" * 20_000 + "250-"
ENCRYPTS = {"EHLO": "250-hop.test\r\n250 STARTTLS", "STARTTLS": "220 go"}
TRICKLE = "(one octet now and then, for ever)"
SLOWLY = "(one octet at a time) "
PIPELINING = "250-hop.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 20000000"

NO_SUCH_COMMAND = "502 5.5.1 no such command"

POLITE = {
    "connect": ["220 hop.test ESMTP"],
    "EHLO": ["250-hop.test\r\n250-8BITMIME\r\n250 SIZE 20000000"],
    "HELO": ["250 hop.test"],
    "MAIL": ["250 2.1.0 ok"],
    "RCPT": ["250 2.1.5 ok"],
    "DATA": ["354 go on"],
    "dot": ["250 2.0.0 queued"],
    "RSET": ["250 2.0.0 ok"],
    "QUIT": ["221 2.0.0 bye"],
    "STARTTLS": ["454 4.7.0 not now"],
}


class ScriptedHop:
    """``commands`` holds what was said to it, ``mails`` what followed DATA on the wire, the final dot included."""

    def __init__(
        self,
        script: Mapping[str, str | Sequence[str]] | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        reads_content: bool = True,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        said = {stage: [answers] if isinstance(answers, str) else list(answers) for stage, answers in (script or {}).items()}
        self._script = {stage: list(answers) for stage, answers in POLITE.items()} | said
        self._is_polite_at_data = "DATA" not in said
        self._host = host
        self.port = port
        self.connections = 0
        self.open_at_once = 0
        self.most_open_at_once = 0
        self.commands: list[str] = []
        self.mails: list[bytes] = []
        self.verdicts: list[str] = []  # what the final dot of each of these was answered with
        self._sessions: set[asyncio.Task[None]] = set()
        self._tls = tls
        self.encrypted_mails = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._may_read_content = asyncio.Event()
        if reads_content:
            self.read_on()

    def say(self, line: str) -> None:
        """Say this unasked, on every connection."""
        for writer in self._writers:
            writer.write(line.encode() + b"\r\n")

    async def cut(self) -> None:
        """End every connection, and wait until the other side can know."""
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0.05)

    def read_on(self) -> None:
        """Read the contents of mails, from now on."""
        self._may_read_content.set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._take, self._host, self.port, limit=1 << 25)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.close()
        for session in self._sessions:
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)
        await self._server.wait_closed()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = asyncio.current_task()
        assert session is not None
        self._sessions.add(session)
        session.add_done_callback(self._sessions.discard)
        self.connections += 1
        self.open_at_once += 1
        self.most_open_at_once = max(self.most_open_at_once, self.open_at_once)
        self._writers.add(writer)
        try:
            await self._converse(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.open_at_once -= 1
            self._writers.discard(writer)
            writer.transport.abort()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        last_answers: dict[str, str] = {}
        stage, goes_on = "connect", await self._answer("connect", writer)
        while goes_on:
            command = (await reader.readuntil(b"\r\n")).decode("latin-1").rstrip("\r\n")
            self.commands.append(command)
            stage = command.partition(" ")[0].upper()
            is_ready = all(last_answers.get(verb, "").removeprefix(SLOWLY).startswith("2") for verb in ("MAIL", "RCPT"))
            if stage == "DATA" and self._is_polite_at_data and not is_ready:
                writer.write(b"503 5.5.1 no recipient\r\n")
                continue
            if stage == "MAIL":
                last_answers.clear()
            last_answers[stage] = self._script.get(stage, [NO_SUCH_COMMAND])[0]
            goes_on = await self._answer(stage, writer) and stage != "QUIT"
            if stage == "STARTTLS" and last_answers[stage].startswith("220"):
                if self._tls is None:
                    return  # it promised what it cannot do
                await writer.start_tls(self._tls)
            if stage == "DATA" and last_answers[stage].removeprefix(SLOWLY).startswith("354"):
                self.mails.append(await self._content(reader, cast("asyncio.Transport", writer.transport)))
                self.encrypted_mails += writer.get_extra_info("ssl_object") is not None
                self.verdicts.append(self._script["dot"][0])
                goes_on = await self._answer("dot", writer)

    async def _content(self, reader: asyncio.StreamReader, transport: asyncio.Transport) -> bytes:
        if not self._may_read_content.is_set():
            transport.pause_reading()
            await self._may_read_content.wait()
            transport.resume_reading()
        content = await reader.readuntil(b".\r\n")
        while content != b".\r\n" and not content.endswith(b"\r\n.\r\n"):
            content += await reader.readuntil(b".\r\n")
        return content

    async def _answer(self, stage: str, writer: asyncio.StreamWriter) -> bool:
        answers = self._script.get(stage, [NO_SUCH_COMMAND])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if answer == DROP:
            return False
        if answer == HANG:
            await asyncio.Event().wait()
        while answer == TRICKLE:
            writer.write(b"2")
            await writer.drain()
            await asyncio.sleep(0.02)
        octets = answer.removeprefix(SLOWLY).encode("latin-1") + b"\r\n"
        for piece in (octets[at : at + 1] for at in range(len(octets))) if answer.startswith(SLOWLY) else (octets,):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        return True
