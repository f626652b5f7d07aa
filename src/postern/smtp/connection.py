"""One connection to a next hop: opened, greeted, encrypted where the hop can, then one mail after the other.

Encryption is opportunistic (RFC 7435): a certificate is not checked, and a hop whose TLS fails is spoken to in the clear, for the
other choice here would be clear text in any case. Enforcing it is the business of a policy, not of this module.

It never resends: what went out after DATA is the courier's to judge, and here it only says how far the mail came.
"""

import asyncio
import ssl
import time
from dataclasses import dataclass
from functools import cache
from typing import Self
from urllib.parse import urlsplit

from aiosmtplib import SMTPException, SMTPResponse, SMTPResponseException, SMTPTimeoutError
from aiosmtplib.protocol import SMTPProtocol

from postern.errors import ConfigurationError
from postern.model.address import is_domain
from postern.model.delivery import Failed, Outcome
from postern.smtp.answer import (
    GO_ON,
    LATE,
    LOST,
    NO_CONNECTION,
    PUT_OFF,
    REFUSED,
    TAKEN,
    TLS_FAILED,
    UNREADABLE,
    Answer,
    outcome_of,
)
from postern.smtp.parcel import Parcel

SMTP_PORT = 25

# Seconds. RFC 5321 4.5.3.2 gives the least a client should wait; the courier's patience caps them.
CONNECT = 30.0
GREETING = 300.0  # 4.5.3.2.1
HELLO = 300.0
HANDSHAKE = 30.0  # of TLS, so that there is time left to go without
MAIL = 300.0  # 4.5.3.2.2
RECIPIENT = 300.0  # 4.5.3.2.3
DATA = 120.0  # 4.5.3.2.4
FINAL_DOT = 600.0  # 4.5.3.2.6
FAREWELL = 5.0  # RSET and QUIT: no mail hangs on them

_LOWEST_REPLY, _HIGHEST_REPLY = 200, 599
_SEND_CONTENT = 354
_SESSION_ENDS = 421


@dataclass(frozen=True, slots=True)
class Hop:
    """Where to connect. ``host`` may be an IP address; ``name`` is what TLS is told."""

    host: str
    port: int = SMTP_PORT
    name: str = ""

    @classmethod
    def read(cls, url: str) -> Self:
        """Read ``smtp://host:port``. Raises ConfigurationError."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or SMTP_PORT
        except ValueError as error:
            raise ConfigurationError("[delivery] next_hop must be smtp://host:port") from error
        is_host = is_domain(host) or ":" in host
        if parts.scheme != "smtp" or not is_host or parts.path.strip("/") or parts.query or parts.username is not None:
            raise ConfigurationError("[delivery] next_hop must be smtp://host:port")
        return cls(host, port, host)


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended, and whether the mail itself was judged: if not, another connection or host may still take it."""

    outcome: Outcome
    judged: bool


class Patience:
    """How long an attempt may take in all. One half is for everything before DATA is answered, so that enough is left for the
    answer to the final dot, where giving up early makes copies.
    """

    def __init__(self, seconds: float) -> None:
        started = time.monotonic()
        self._begin_by = started + seconds / 2
        self._end_by = started + seconds

    @property
    def is_spent(self) -> bool:
        """Whether the first half is over."""
        return time.monotonic() >= self._begin_by

    def before_data(self, seconds: float) -> float:
        """These seconds, or what is left of the first half."""
        return max(0.001, min(seconds, self._begin_by - time.monotonic()))

    def after_data(self, seconds: float) -> float:
        """These seconds, or what is left of all."""
        return max(0.001, min(seconds, self._end_by - time.monotonic()))


@cache
def opportunistic_tls() -> ssl.SSLContext:
    """TLS 1.2 or later, no certificate asked for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def open_connection(hop: Hop, hostname: str, tls: ssl.SSLContext, patience: Patience) -> "Connection | Ending":
    """Connect, greet, and encrypt where the hop can; if that breaks the connection, once more without."""
    opened = await _open(hop, hostname, tls, patience)
    if opened is TLS_FAILED:
        opened = await _open(hop, hostname, None, patience)
    return Ending(outcome_of(opened), judged=False) if isinstance(opened, Answer) else opened


async def _open(hop: Hop, hostname: str, tls: ssl.SSLContext | None, patience: Patience) -> "Connection | Answer":
    try:
        async with asyncio.timeout(patience.before_data(CONNECT)):
            _, protocol = await asyncio.get_running_loop().create_connection(SMTPProtocol, hop.host, hop.port)
    except (OSError, UnicodeError):  # TimeoutError is an OSError; UnicodeError: a name that cannot be looked up
        return NO_CONNECTION
    connection = Connection(protocol)
    try:
        refusal = await connection.greet(hostname, patience)
        if refusal is None and tls is not None and "starttls" in connection.extensions:
            refusal = await connection.encrypt(hop.name, hostname, tls, patience)
        if refusal is not None:
            await connection.quit()
    except asyncio.CancelledError:
        connection.abort()
        raise
    return connection if refusal is None else refusal


class Connection:
    """A session with a next hop, of use until an answer is lost, late or unreadable."""

    def __init__(self, protocol: SMTPProtocol) -> None:
        self._protocol = protocol
        self._is_sound = True
        self.extensions: dict[str, str] = {}
        self.mails = 0

    @property
    def is_usable(self) -> bool:
        """Whether another mail may be tried here."""
        return self._is_sound and self._protocol.is_connected

    async def greet(self, hostname: str, patience: Patience) -> Answer | None:
        """Hear the greeting and say EHLO. Returns the refusal, if it is one."""
        greeting = await self._listen(patience.before_data(GREETING))
        return await self._say_hello(hostname, patience) if greeting.kind == TAKEN else greeting

    async def _say_hello(self, hostname: str, patience: Patience) -> Answer | None:
        """EHLO, or HELO where that is not known (RFC 5321 4.1.1.1). What the hop offers is remembered."""
        answer = await self._ask(b"EHLO " + hostname.encode("ascii"), patience.before_data(HELLO))
        self.extensions = _read_extensions(answer.text) if answer.kind == TAKEN else {}
        if answer.kind == REFUSED:
            answer = await self._ask(b"HELO " + hostname.encode("ascii"), patience.before_data(HELLO))
        return None if answer.kind == TAKEN else answer

    async def encrypt(self, name: str, hostname: str, tls: ssl.SSLContext, patience: Patience) -> Answer | None:
        """STARTTLS, then EHLO anew (RFC 3207 4.2). A hop that declines is served in the clear (4.1)."""
        try:
            await self._protocol.start_tls(tls, server_hostname=name or None, timeout=patience.before_data(HANDSHAKE))
        except SMTPResponseException as error:
            return None if error.code >= _LOWEST_REPLY else self._broken(UNREADABLE)
        except (SMTPException, OSError):  # ssl.SSLError is an OSError
            return self._broken(TLS_FAILED)
        return await self._say_hello(hostname, patience)

    async def deliver(self, parcel: Parcel, patience: Patience) -> Ending:
        """One mail transaction (RFC 5321 3.3)."""
        self.mails += 1
        unfit = self._why_unfit(parcel)
        if unfit is not None:
            return Ending(unfit, judged=True)
        try:
            return await self._transact(parcel, patience)
        except asyncio.CancelledError:
            self.abort()
            raise

    def _why_unfit(self, parcel: Parcel) -> Failed | None:
        """Why the hop could not take this mail, from what it offered."""
        size = self.extensions.get("size", "")
        if size.isascii() and size.isdigit() and 0 < int(size[:20]) < parcel.size:
            return Failed(0, "5.3.4", "the message is larger than the next hop takes")  # RFC 1870 6.1
        if parcel.has_eight_bits and "8bitmime" not in self.extensions:
            return Failed(0, "5.6.3", "the next hop takes no message with eight-bit text")  # RFC 6152 3
        return None

    async def _transact(self, parcel: Parcel, patience: Patience) -> Ending:
        answer = await self._ask(self._mail_command(parcel), patience.before_data(MAIL))
        if answer.kind != TAKEN:
            return await self._end_untaken(answer, judged=self._is_sound)
        answer = await self._ask(b"RCPT TO:<" + parcel.recipient + b">", patience.before_data(RECIPIENT))
        if answer.kind != TAKEN:
            return await self._end_untaken(answer)
        answer = await self._ask(b"DATA", patience.before_data(DATA))
        if answer.code != _SEND_CONTENT:
            return await self._end_untaken(UNREADABLE if answer.kind == TAKEN else answer)
        return await self._send_content(parcel, patience)

    def _mail_command(self, parcel: Parcel) -> bytes:
        size = b" SIZE=%d" % parcel.size if "size" in self.extensions else b""
        body = b" BODY=8BITMIME" if parcel.has_eight_bits else b""
        return b"MAIL FROM:<" + parcel.return_path + b">" + size + body

    async def _end_untaken(self, answer: Answer, *, judged: bool = True) -> Ending:
        """The mail did not pass; leave the session fit for the next one."""
        if answer.kind not in {PUT_OFF, REFUSED}:
            self._is_sound = False
        if self.is_usable and (await self._ask(b"RSET", FAREWELL)).kind != TAKEN:
            self._is_sound = False
        return Ending(outcome_of(answer), judged)

    async def _send_content(self, parcel: Parcel, patience: Patience) -> Ending:
        """From here on the hop may have taken the mail, so only its answer can say that it has not."""
        await parcel.ready()
        try:
            self._protocol.write(parcel.octets)
        except (SMTPException, OSError):
            return Ending(outcome_of(self._broken(LOST)), judged=True)  # nothing was written
        answer = await self._listen(patience.after_data(FINAL_DOT))
        if answer.kind == GO_ON:
            self._is_sound = False
        return Ending(outcome_of(answer, after_dot=True), judged=True)

    async def quit(self) -> None:
        """Take leave if the hop still listens (RFC 5321 4.1.1.10), and close."""
        if self.is_usable:
            await self._ask(b"QUIT", FAREWELL)
        self.abort()

    def abort(self) -> None:
        """Close at once."""
        self._is_sound = False
        if self._protocol.transport is not None:
            self._protocol.transport.close()

    async def _ask(self, command: bytes, seconds: float) -> Answer:
        try:
            return self._heard(await self._protocol.execute_command(command, timeout=seconds))
        except (SMTPException, OSError) as error:
            return self._broken(_reason_of(error))

    async def _listen(self, seconds: float) -> Answer:
        try:
            return self._heard(await self._protocol.read_response(timeout=seconds))
        except (SMTPException, OSError) as error:
            return self._broken(_reason_of(error))

    def _heard(self, response: SMTPResponse) -> Answer:
        if not _LOWEST_REPLY <= response.code <= _HIGHEST_REPLY:
            return self._broken(UNREADABLE)
        if response.code == _SESSION_ENDS:
            self._is_sound = False  # RFC 5321 3.8: it closes
        return Answer(response.code, response.message)

    def _broken(self, reason: Answer) -> Answer:
        self._is_sound = False
        return reason


def _reason_of(error: Exception) -> Answer:
    if isinstance(error, SMTPTimeoutError):
        return LATE
    return UNREADABLE if isinstance(error, SMTPResponseException) else LOST


def _read_extensions(text: str) -> dict[str, str]:
    """What EHLO offered: keyword in lower case, parameters as they stand (RFC 5321 4.1.1.1)."""
    lines = (line.strip().partition(" ") for line in text.split("\n")[1:])
    return {keyword.lower(): parameters.strip() for keyword, _, parameters in lines}
