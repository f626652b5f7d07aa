"""The edge: sockets, time-outs and the budget of memory around the session, which knows none of them.

It decides nothing. A recipient is looked up in threads, never on the loop; a finished mail goes to ``receive`` and the answer
becomes the reply. It refuses to read on from a client while the mails under way would take more memory than the limits allow.
"""

import asyncio
import contextlib
import logging
import ssl
import traceback
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import cast

from postern.actions.find_recipient import Recipient, Refused, refusal_beside
from postern.actions.receive_mail import Accepted, Answer
from postern.errors import StoreError, StoreFullError
from postern.language import DEFAULT_LANGUAGE
from postern.model.authentication import Authentication
from postern.model.envelope import Mail
from postern.model.limits import Limits
from postern.policy.reasons import NO_ROOM, TRY_AGAIN, Cause
from postern.ports import Clock
from postern.smtp.output import AskRecipient, Close, Output, Send, StartTls, TakeMail
from postern.smtp.reply import Reply
from postern.smtp.session import Session

ACCEPTED = Reply(250, "Kept and queued.", "2.0.0")
RECIPIENT_ACCEPTED = Reply(250, "Recipient accepted.", "2.1.5")
TOO_BUSY = Reply(421, "Too many connections at the moment; try again soon.", "4.3.2")
NO_MEMORY = Reply(421, "There is no memory for this mail at the moment; try again soon.", "4.3.1")
NO_MEMORY_SECONDS = 10  # while memory is short, a client that holds some and does not come on for so long is sent away
LOOK_SECONDS = 1  # how often each client's time is looked at
GOODBYE_SECONDS = 10  # for the last reply to be read
DRAIN_SECONDS = 20
ABORT_SECONDS = 1

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Desk:
    """What stands behind the edge: the look-up for RCPT, and the way of a finished mail."""

    find_recipient: Callable[[str], Awaitable[Recipient]]
    receive: Callable[[Mail], Awaitable[Answer]]
    clock: Clock


class Edge:
    """Listens for mail, and carries one session for each connection."""

    def __init__(self, desk: Desk, hostname: str, limits: Limits, tls: ssl.SSLContext | None) -> None:
        self.desk, self.hostname, self.limits, self.tls = desk, hostname, limits, tls
        self.octets_in_flight = 0
        self._connections: set[_Connection] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._server: asyncio.Server | None = None
        self._draining = False

    async def listen(self, host: str, port: int) -> int:
        """Take connections; answers the port, which the system chose if it was 0."""
        self._server = await asyncio.get_running_loop().create_server(lambda: _Connection(self), host, port, backlog=512)
        return int(self._server.sockets[0].getsockname()[1])

    async def drain(self) -> None:
        """Take no more connections, end idle sessions with 421, let mails under way come to their reply."""
        self._draining = True
        if self._server:
            self._server.close()
        for connection in tuple(self._connections):
            connection.shut_down()
        await self._wait_until_empty(DRAIN_SECONDS)
        for connection in tuple(self._connections):
            connection.abort()
        await self._wait_until_empty(ABORT_SECONDS)

    async def _wait_until_empty(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._empty.wait(), seconds)

    def enter(self, connection: "_Connection") -> bool:
        """Count a new connection; False when there are too many."""
        if self._draining or len(self._connections) >= self.limits.sessions:
            return False
        self._connections.add(connection)
        self._empty.clear()
        return True

    def leave(self, connection: "_Connection") -> None:
        """The connection is gone, and all that was done for it."""
        self._connections.discard(connection)
        if not self._connections:
            self._empty.set()

    @property
    def has_room(self) -> bool:
        return self.octets_in_flight < self.limits.bytes_in_flight

    def count(self, octets: int) -> None:
        """So many octets more are held, or fewer. When there is room again, those who waited for it are read on."""
        had_room = self.has_room
        self.octets_in_flight += octets
        if self.has_room and not had_room:
            for connection in tuple(self._connections):
                connection.read_on_or_pause()


class _Connection(asyncio.Protocol):
    """One client: gives octets to the session, and does what it asks for.

    It takes its place until the connection is lost and what was begun for it has ended: a mail that was handed over is kept
    though its client has vanished, and takes memory for as long.
    """

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._loop = asyncio.get_running_loop()
        self._session = Session(edge.hostname, edge.limits, tls_offered=edge.tls is not None)
        self._transport: asyncio.Transport | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._recipients: dict[str, Recipient] = {}
        self._handed_over = 0  # octets of the mail that is being kept
        self._held = 0  # octets that stand on the account of all
        self._replies_unread = False
        self._handshaking = False
        self._early = bytearray()  # what came with the last of the handshake
        self._lost = False
        self._moved_at = self._loop.time()
        self._data_since: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = stream = cast("asyncio.Transport", transport)  # uvloop's is one in all but ancestry
        if not self._edge.enter(self):
            stream.write(TOO_BUSY.encode())
            stream.close()
            return
        self._perform(self._session.open())
        self._timer = self._loop.call_later(LOOK_SECONDS, self._look_at_time)

    def data_received(self, data: bytes) -> None:
        if self._handshaking:
            self._early += data  # decrypted already; but replies cannot be encrypted before the handshake has returned
        else:
            self._perform(self._session.receive(data))

    def eof_received(self) -> bool:
        return False  # RFC 5321 4.1.1.10: a client that just goes; what was not answered is not ours

    def connection_lost(self, exc: Exception | None) -> None:
        """May be called again: asyncio does not call it for what is lost in a handshake, so we do."""
        del exc
        self._lost = True
        if self._timer:
            self._timer.cancel()
        self._session.time_out()  # nobody is there to hear it; what came and is no whole mail is let go
        self._keep_count()
        self._leave_when_done()

    def pause_writing(self) -> None:
        """The client does not read its replies: do not obey more of its commands."""
        self._replies_unread = True
        self.read_on_or_pause()

    def resume_writing(self) -> None:
        self._replies_unread = False
        self.read_on_or_pause()

    # What the edge calls

    def shut_down(self) -> None:
        self._perform(self._session.shut_down())

    def abort(self) -> None:
        """End it now, without a word, and what is done for it."""
        if self._transport:
            self._transport.abort()
        for task in self._tasks:
            task.cancel()
        self.connection_lost(None)

    def read_on_or_pause(self) -> None:
        """Read from the client, unless its replies pile up, it has said enough for now, or memory is short."""
        if self._transport is None or self._transport.is_closing() or self._handshaking:
            return
        memory_short = self._held > 0 and not self._edge.has_room
        if self._replies_unread or memory_short or not self._session.has_room:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    # What the session asks for

    def _perform(self, outputs: list[Output]) -> None:
        if outputs or self._session.in_data:
            self._moved_at = self._loop.time()  # a command that comes octet by octet is no progress until it is whole
        for output in outputs:
            match output:
                case Send(octets):
                    self._write(octets)
                case AskRecipient():
                    self._start(self._ask_recipient(output))
                case TakeMail():
                    self._handed_over = len(output.content)
                    self._start(self._take_mail(output))
                case StartTls():
                    self._start(self._start_tls())
                case Close():
                    self._close()
        self._keep_count()

    async def _ask_recipient(self, question: AskRecipient) -> None:
        if not question.accepted:
            self._recipients.clear()
        self._perform(self._session.answer_recipient(await self._recipient_reply(question)))

    async def _recipient_reply(self, question: AskRecipient) -> Reply:
        if not self._edge.has_room:
            return reply_for(Cause(NO_ROOM))
        try:
            recipient = await self._edge.desk.find_recipient(question.recipient)
        except StoreFullError:
            return reply_for(Cause(NO_ROOM))
        except StoreError as error:
            _log.warning("a recipient cannot be looked up: %s", error)
            return reply_for(Cause(TRY_AGAIN))
        if isinstance(recipient, Refused):
            return reply_for(recipient.cause)
        cause = refusal_beside(recipient, self._recipients.values())
        if cause:
            return reply_for(cause)
        self._recipients[question.recipient] = recipient
        return RECIPIENT_ACCEPTED

    async def _take_mail(self, taken: TakeMail) -> None:
        mail = Mail(taken.envelope, taken.content, self._edge.desk.clock.now(), Authentication())
        try:
            answer = await self._edge.desk.receive(mail)
        finally:
            self._handed_over = 0
            self._recipients.clear()
        reply = ACCEPTED if isinstance(answer, Accepted) else reply_for(answer.cause)
        self._perform(self._session.answer_mail(reply))

    async def _start_tls(self) -> None:
        if self._transport is None or self._edge.tls is None:
            return
        transport = None
        self._handshaking = True
        with contextlib.suppress(OSError):  # the client is gone, or too slow, or speaks no TLS that we do
            transport = await self._loop.start_tls(self._transport, self, self._edge.tls, server_side=True)
        self._handshaking = False
        if transport is None or self._lost:
            self.abort()
            return
        self._transport = transport
        self._replies_unread = False  # said of the stream below
        self._session.tls_started()
        self._perform(self._session.receive(bytes(self._early)))
        self._early.clear()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            place = traceback.extract_tb(error.__traceback__)[-1]  # and not its words, which may hold a piece of the mail
            _log.error("a session ended in an error of ours: %s at %s:%s", type(error).__name__, place.filename, place.lineno)
            self.abort()
        self._keep_count()
        self._leave_when_done()

    def _leave_when_done(self) -> None:
        if self._lost and not self._tasks:
            self._edge.leave(self)

    def _write(self, octets: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(octets)

    def _close(self) -> None:
        if self._transport:
            self._transport.close()

    # Time and memory

    def _keep_count(self) -> None:
        """Put what is held for this client on the account of all, and stop reading while the account is overdrawn."""
        held = max(self._session.held_octets, self._handed_over)
        change, self._held = held - self._held, held
        if change:
            self._edge.count(change)
        self._data_since = (self._data_since or self._loop.time()) if self._session.in_data else None
        self.read_on_or_pause()

    def _look_at_time(self) -> None:
        """From time to time: has the client been silent, or slow, or does it hold memory that others need?"""
        self._timer = self._loop.call_later(LOOK_SECONDS, self._look_at_time)
        now = self._loop.time()
        if self._session.waiting:
            self._moved_at = now  # it waits for us
        still = now - self._moved_at
        if self._transport and self._transport.is_closing():
            if still > GOODBYE_SECONDS:
                self.abort()
        elif still > self._edge.limits.command_timeout or self._is_slow(now):
            self._perform(self._session.time_out())
        elif still > NO_MEMORY_SECONDS and self._held and not self._edge.has_room:
            self._session.time_out()  # its words would blame the client
            self._perform([Send(NO_MEMORY.encode()), Close()])

    def _is_slow(self, now: float) -> bool:
        return self._data_since is not None and now - self._data_since > self._edge.limits.data_timeout


def reply_for(cause: Cause) -> Reply:
    """A cause as the SMTP session says it: what happened, then what to do, in English."""
    words = f"{cause.sentence(DEFAULT_LANGUAGE)}\n{cause.remedy(DEFAULT_LANGUAGE)}"
    return Reply(cause.reason.status, words, cause.reason.enhanced)
