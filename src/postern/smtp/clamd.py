"""Asks clamd, ClamAV's daemon, whether a mail carries malware: the octets go over its socket, and one line comes back.

It refuses to wait longer than the limits name, to have more connections than those, and to repeat what the daemon said but for
the letters that names of signatures are made of. Whatever is not a plain answer is none, and then the mail is put off: no mail
passes unseen.
"""

import asyncio
import contextlib
import logging
import re
import struct
from dataclasses import dataclass, replace

from postern.actions.find_recipient import Refused
from postern.actions.receive_mail import Answer
from postern.errors import PosternError
from postern.model.envelope import Mail
from postern.model.limits import Limits
from postern.policy.reasons import TRY_AGAIN, Cause
from postern.smtp.desk import Desk

_COMMAND = b"zINSTREAM\0"
_LENGTH = struct.Struct("!I")
_CHUNK = 256_000  # octets
_ANSWER = re.compile(rb"stream: (?:(?P<clean>OK)|(?P<name>[^\0]+) FOUND)\0")
_ANSWER_MAXIMUM = 1_000  # octets
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._/-]")
_NAME_MAXIMUM = 80  # characters

_log = logging.getLogger(__name__)


class ScannerError(PosternError):
    """The scanner could not say anything about this mail."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the daemon listens: ``path`` of its socket, or ``host`` and ``port``."""

    path: str = ""
    host: str = ""
    port: int = 0


class Scanner:
    """One daemon, and so many connections to it."""

    def __init__(self, place: Place, limits: Limits) -> None:
        self._place, self._seconds = place, limits.scan_seconds
        self._turn = asyncio.Semaphore(limits.scans)

    async def find_malware(self, content: bytes) -> str:
        """The name of what was found; empty where nothing was. Raises ScannerError."""
        try:
            async with asyncio.timeout(self._seconds), self._turn:
                return _read_answer(await self._ask(content))
        except TimeoutError:
            raise ScannerError("clamd did not answer in time") from None
        except (OSError, EOFError) as error:
            raise ScannerError(f"clamd cannot be asked: {type(error).__name__}") from None

    async def _ask(self, content: bytes) -> bytes:
        reader, writer = await self._connect()
        try:
            with contextlib.suppress(ConnectionError):  # it may have heard enough, and say so
                await _send(writer, content)
            return await reader.readuntil(b"\0")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            raise ScannerError("clamd ended without an answer") from None
        finally:
            writer.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._place.path:
            return await asyncio.open_unix_connection(self._place.path, limit=_ANSWER_MAXIMUM)
        return await asyncio.open_connection(self._place.host, self._place.port, limit=_ANSWER_MAXIMUM)


async def _send(writer: asyncio.StreamWriter, content: bytes) -> None:
    writer.write(_COMMAND)
    for start in range(0, len(content), _CHUNK):
        piece = content[start : start + _CHUNK]
        writer.write(_LENGTH.pack(len(piece)) + piece)
        await writer.drain()
    writer.write(_LENGTH.pack(0))
    await writer.drain()


def scanned(desk: Desk, scanner: Scanner) -> Desk:
    """The same desk, where each mail is scanned before anything else is done with it; what cannot be scanned is put off."""

    async def receive(mail: Mail) -> Answer:
        try:
            found = await scanner.find_malware(mail.content)
        except ScannerError as error:
            _log.warning("a mail cannot be taken now: %s", error)
            return Refused(Cause(TRY_AGAIN))
        return await desk.receive(replace(mail, malware=found))

    return replace(desk, receive=receive)


def _read_answer(answer: bytes) -> str:
    found = _ANSWER.fullmatch(answer)
    if not found:  # ours to mend: StreamMaxLength below limits.message_size, a database that does not load
        raise ScannerError("clamd answered with an error: its log says more")
    if found["clean"]:
        return ""
    name, _, _ = found["name"].decode("latin-1").partition("(")  # a hash may follow
    return _NOT_IN_A_NAME.sub("?", name)[:_NAME_MAXIMUM]
