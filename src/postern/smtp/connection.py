"""One connection to a next hop: opened, greeted, encrypted as its route asks, then one mail after the other.

Where the hop takes it, MAIL, RCPT and DATA go out together (RFC 2920); the content waits for 354 in any case.

It never resends: what went out after DATA is the courier's to judge, and here it only says how far the mail came.
"""

import asyncio
import ssl
import time
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from postern.errors import ConfigurationError
from postern.model.address import is_domain
from postern.model.delivery import Failed, Outcome
from postern.model.limits import Limits
from postern.smtp.answer import (
    GO_ON,
    LOST,
    NO_CONNECTION,
    NOT_ENCRYPTED,
    NOT_VERIFIED,
    PUT_OFF,
    REFUSED,
    TAKEN,
    TLS_FAILED,
    UNREADABLE,
    Answer,
    outcome_of,
)
from postern.smtp.encryption import Encryption
from postern.smtp.parcel import Parcel
from postern.smtp.wire import Wire

SMTP_PORT = 25

# Seconds. RFC 5321 4.5.3.2 gives the least a client should wait; the courier's patience caps them.
CONNECT = 30.0
GREETING = 300.0  # 4.5.3.2.1
HELLO = 300.0
HANDSHAKE = 30.0  # of TLS, so that there is time left to go without
MAIL = 300.0  # 4.5.3.2.2
RECIPIENT = 300.0  # 4.5.3.2.3
DATA = 120.0  # 4.5.3.2.4
VERDICT = 600.0  # 4.5.3.2.6, on the final dot
FAREWELL = 5.0  # RSET, QUIT and what else no mail hangs on

_SEND_CONTENT = 354
_SESSION_ENDS = 421
_CRLF = b"\r\n"
_AFTER_MAIL = 2  # commands that follow MAIL


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
class Route:
    """A hop and how it is spoken to. ``hostname`` is what we call ourselves."""

    hop: Hop
    hostname: str
    encryption: Encryption
    limits: Limits


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


async def open_connection(route: Route, patience: Patience) -> "Connection | Ending":
    """Connect, greet, and encrypt; if that breaks a connection that need not be encrypted, once more without."""
    opened = await _open(route, patience)
    if isinstance(opened, Answer) and opened in {TLS_FAILED, NOT_VERIFIED} and not route.encryption.is_required:
        opened = await _open(route, patience, in_the_clear=True)
    return Ending(outcome_of(opened), judged=False) if isinstance(opened, Answer) else opened


async def _open(route: Route, patience: Patience, *, in_the_clear: bool = False) -> "Connection | Answer":
    hop = route.hop
    try:
        async with asyncio.timeout(patience.before_data(CONNECT)):
            _, wire = await asyncio.get_running_loop().create_connection(lambda: Wire(route.limits), hop.host, hop.port)
    except (OSError, UnicodeError):  # TimeoutError is an OSError; UnicodeError: a name that cannot be looked up
        return NO_CONNECTION
    connection = Connection(wire)
    try:
        refusal = await connection.greet(route.hostname, patience)
        if refusal is None and not in_the_clear:
            refusal = await connection.encrypt(route, patience)
        if refusal is not None:
            await connection.quit()
    except BaseException:
        connection.abort()
        raise
    return connection if refusal is None else refusal


class Connection:
    """A session with a next hop, of use until an answer is lost, late or unreadable."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._is_sound = True
        self.extensions: dict[str, str] = {}
        self.mails = 0

    @property
    def is_usable(self) -> bool:
        """Whether another mail may be tried here."""
        return self._is_sound and self._wire.is_ready

    async def greet(self, hostname: str, patience: Patience) -> Answer | None:
        """Hear the greeting and say EHLO. Returns the refusal, if it is one."""
        greeting = await self._hear(patience.before_data(GREETING))
        return await self._say_hello(hostname, patience) if greeting.kind == TAKEN else greeting

    async def _say_hello(self, hostname: str, patience: Patience) -> Answer | None:
        """EHLO, or HELO where that is not known (RFC 5321 4.1.1.1). What the hop offers is remembered."""
        answer = await self._ask(b"EHLO " + hostname.encode("ascii"), patience.before_data(HELLO))
        self.extensions = _read_extensions(answer.text) if answer.kind == TAKEN else {}
        if answer.kind == REFUSED:
            answer = await self._ask(b"HELO " + hostname.encode("ascii"), patience.before_data(HELLO))
        return None if answer.kind == TAKEN else answer

    async def encrypt(self, route: Route, patience: Patience) -> Answer | None:
        """STARTTLS, then EHLO anew (RFC 3207 4.2). A hop that declines is served in the clear (4.1), where that is allowed."""
        is_required = route.encryption.is_required
        declined = NOT_ENCRYPTED if is_required else None
        if "starttls" not in self.extensions:
            return declined
        answer = await self._ask(b"STARTTLS", patience.before_data(HELLO))
        if answer.kind in {PUT_OFF, REFUSED} and self.is_usable:
            return declined
        if answer.kind != TAKEN or not self._wire.is_ready:  # what came with it could be anybody's (CVE-2011-0411)
            return self._broken(TLS_FAILED)
        name = route.hop.name or (route.hop.host if is_required else "")
        try:
            await self._wire.encrypt(route.encryption.context, name, patience.before_data(HANDSHAKE))
        except ssl.SSLCertVerificationError:
            return self._broken(NOT_VERIFIED)
        except (OSError, ValueError):  # ssl.SSLError is an OSError; ValueError: a name that TLS cannot say
            return self._broken(TLS_FAILED)
        return await self._say_hello(route.hostname, patience)

    async def deliver(self, parcel: Parcel, patience: Patience) -> Ending:
        """One mail transaction (RFC 5321 3.3)."""
        self.mails += 1
        unfit = self._why_unfit(parcel)
        if unfit is not None:
            return Ending(unfit, judged=True)
        try:
            return await self._transact(parcel, patience)
        except BaseException:  # of what stopped in the middle nobody knows where it stands
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
        commands = (self._mail_command(parcel), b"RCPT TO:<" + parcel.recipient + b">", b"DATA")
        are_out = "pipelining" in self.extensions and self._wire.is_ready
        if are_out:
            self._wire.say(_CRLF.join((*commands, b"")), len(commands))
        for left, command, seconds in zip((_AFTER_MAIL, 1, 0), commands, (MAIL, RECIPIENT, DATA), strict=True):
            waiting = patience.before_data(seconds)
            answer = await (self._hear(waiting) if are_out else self._ask(command, waiting))
            if (answer.kind != TAKEN) if left else (answer.code != _SEND_CONTENT):
                was_begun = left < _AFTER_MAIL
                judged = was_begun or self._is_sound
                await self._tidy_up(answer, left if are_out else 0, was_begun=was_begun)
                return Ending(outcome_of(UNREADABLE if answer.kind == TAKEN else answer), judged)
        return await self._send_content(parcel, patience)

    def _mail_command(self, parcel: Parcel) -> bytes:
        size = b" SIZE=%d" % parcel.size if "size" in self.extensions else b""
        body = b" BODY=8BITMIME" if parcel.has_eight_bits else b""
        return b"MAIL FROM:<" + parcel.return_path + b">" + size + body

    async def _tidy_up(self, answer: Answer, still_out: int, *, was_begun: bool) -> None:
        """After a mail that was not taken, leave the session fit for the next one, or for none."""
        self._is_sound = self._is_sound and answer.kind in {PUT_OFF, REFUSED}
        was_ended = still_out > 0 and self._is_sound and await self._hear_out(still_out)
        if was_begun and not was_ended and self.is_usable and (await self._ask(b"RSET", FAREWELL)).kind != TAKEN:
            self._is_sound = False

    async def _hear_out(self, still_out: int) -> bool:
        """Hear the answers to what went out together with a command that was refused. DATA may be accepted all the same; then the
        end of a mail follows alone (RFC 2920 3.1). Returns whether it did.
        """
        answers = [await self._hear(FAREWELL) for _ in range(still_out) if self._is_sound]
        if answers[-1].code != _SEND_CONTENT:
            self._is_sound = self._is_sound and answers[-1].kind in {PUT_OFF, REFUSED}
            return False
        self._is_sound = self._is_sound and (await self._ask(b".", FAREWELL)).kind != GO_ON
        return True

    async def _send_content(self, parcel: Parcel, patience: Patience) -> Ending:
        """From here on the hop may have taken the mail, so only its answer can say that it has not."""
        await parcel.ready()
        if not self._wire.is_ready:
            return Ending(outcome_of(self._broken(LOST)), judged=True)  # nothing was sent
        self._wire.say(parcel.octets)
        answer = await self._hear(patience.after_data(VERDICT))
        if answer.kind == GO_ON:
            self._is_sound = False
        return Ending(outcome_of(answer, after_dot=True), judged=True)

    async def quit(self) -> None:
        """Take leave if the hop still listens (RFC 5321 4.1.1.10), and close."""
        if self.is_usable and (await self._ask(b"QUIT", FAREWELL)).code:
            self._is_sound = False
            self._wire.close()
        else:
            self.abort()

    def abort(self) -> None:
        """Close at once; what is not out yet stays here."""
        self._is_sound = False
        self._wire.abort()

    async def _ask(self, command: bytes, seconds: float) -> Answer:
        if not self._wire.is_ready:
            return self._broken(LOST)
        self._wire.say(command + _CRLF)
        return await self._hear(seconds)

    async def _hear(self, seconds: float) -> Answer:
        answer = await self._wire.answer(seconds)
        if answer.code in {0, _SESSION_ENDS}:  # RFC 5321 3.8: after 421 it closes
            self._is_sound = False
        return answer

    def _broken(self, reason: Answer) -> Answer:
        self._is_sound = False
        return reason


def _read_extensions(text: str) -> dict[str, str]:
    """What EHLO offered: keyword in lower case, parameters as they stand (RFC 5321 4.1.1.1)."""
    lines = (line.strip().partition(" ") for line in text.split("\n")[1:])
    return {keyword.lower(): parameters.strip() for keyword, _, parameters in lines}
