"""The edge: sockets, time-outs and the budget of memory around the session, which knows none of them.

It decides nothing. A recipient is looked up in threads, never on the loop; a finished mail goes to ``receive`` and the answer
becomes the reply. It refuses to read on from a client while the mails under way would take more memory than the limits allow.
"""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import cast

from postern.actions.find_recipient import Recipient, Refused, refusal_beside
from postern.actions.receive_mail import Accepted, Answer
from postern.errors import StoreError
from postern.model.authentication import Authentication
from postern.model.envelope import Mail
from postern.model.limits import Limits
from postern.policy.reasons import NO_ROOM, TRY_AGAIN, Reason
from postern.ports import Clock
from postern.smtp.output import AskRecipient, Close, Output, Send, StartTls, TakeMail
from postern.smtp.reply import Reply
from postern.smtp.session import Session

ACCEPTED = Reply(250, "Kept and queued.", "2.0.0")
RECIPIENT_ACCEPTED = Reply(250, "Recipient accepted.", "2.1.5")
TOO_BUSY = Reply(421, "Too many connections at the moment; try again soon.", "4.3.2")
NO_MEMORY_SECONDS = 10  # a client that could not be read from for so long is sent away
DRAIN_SECONDS = 20

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

    async def listen(self, host: str, port: int) -> int:
        """Take connections; answers the port, which the system chose if it was 0."""
        self._server = await asyncio.get_running_loop().create_server(lambda: _Connection(self), host, port, backlog=512)
        return int(self._server.sockets[0].getsockname()[1])

    async def drain(self) -> None:
        """Take no more connections, end idle sessions with 421, let mails under way come to their reply."""
        if self._server:
            self._server.close()
        for connection in tuple(self._connections):
            connection.shut_down()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._empty.wait(), DRAIN_SECONDS)
        for connection in tuple(self._connections):
            connection.abort()

    def enter(self, connection: "_Connection") -> bool:
        """Count a new connection; False when there are too many."""
        if len(self._connections) >= self.limits.sessions:
            return False
        self._connections.add(connection)
        self._empty.clear()
        return True

    def leave(self, connection: "_Connection") -> None:
        """The connection is gone, and what it held."""
        self._connections.discard(connection)
        if not self._connections:
            self._empty.set()
        self.read_on_where_paused()

    @property
    def has_room(self) -> bool:
        return self.octets_in_flight < self.limits.bytes_in_flight

    def read_on_where_paused(self) -> None:
        """Memory became free: those who waited for it are read again."""
        if self.has_room:
            for connection in self._connections:
                connection.read_on()


class _Connection(asyncio.Protocol):
    """One client: gives octets to the session, and does what it asks for."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._loop = asyncio.get_running_loop()
        self._session = Session(edge.hostname, edge.limits, tls_offered=edge.tls is not None)
        self._transport: asyncio.Transport | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._recipients: dict[str, Recipient] = {}
        self._held = 0
        self._paused_at: float | None = None
        self._last_heard = self._loop.time()
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
        self._timer = self._loop.call_later(1, self._look_at_time)

    def data_received(self, data: bytes) -> None:
        self._last_heard = self._loop.time()
        self._perform(self._session.receive(data))

    def eof_received(self) -> bool:
        return False  # RFC 5321 4.1.1.10: a client that just goes; what was not answered is not ours

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self._timer:
            self._timer.cancel()
        self._edge.octets_in_flight -= self._held
        self._held = 0
        self._edge.leave(self)

    def pause_writing(self) -> None:
        """The client does not read its replies: do not obey more of its commands."""
        if self._transport:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self.read_on()

    # What the edge calls

    def shut_down(self) -> None:
        self._perform(self._session.shut_down())

    def abort(self) -> None:
        if self._transport:
            self._transport.abort()

    def read_on(self) -> None:
        """Read from the client again, if nothing else forbids it."""
        self._paused_at = None
        if self._transport and not self._transport.is_closing():
            self._transport.resume_reading()

    # What the session asks for

    def _perform(self, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case Send(octets):
                    self._write(octets)
                case AskRecipient():
                    self._start(self._ask_recipient(output))
                case TakeMail():
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
            return reply_for(NO_ROOM)
        try:
            recipient = await self._edge.desk.find_recipient(question.recipient)
        except StoreError as error:
            _log.warning("a recipient cannot be looked up: %s", error)
            return reply_for(TRY_AGAIN)
        if isinstance(recipient, Refused):
            return reply_for(recipient.reason)
        reason = refusal_beside(recipient, self._recipients.values())
        if reason:
            return reply_for(reason)
        self._recipients[question.recipient] = recipient
        return RECIPIENT_ACCEPTED

    async def _take_mail(self, taken: TakeMail) -> None:
        mail = Mail(taken.envelope, taken.content, self._edge.desk.clock.now(), Authentication())
        answer = await self._edge.desk.receive(mail)
        reply = ACCEPTED if isinstance(answer, Accepted) else reply_for(answer.reason)
        self._recipients.clear()
        self._perform(self._session.answer_mail(reply))

    async def _start_tls(self) -> None:
        if self._transport is None or self._edge.tls is None:
            return
        try:
            transport = await self._loop.start_tls(self._transport, self, self._edge.tls, server_side=True)
        except (OSError, ssl.SSLError, ConnectionError):
            self.abort()
            return
        if transport is None:
            return
        self._transport = transport
        self._session.tls_started()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("a session ended in an error of ours: %s", type(error).__name__, exc_info=error)
            self.abort()

    def _write(self, octets: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(octets)

    def _close(self) -> None:
        if self._transport:
            self._transport.close()

    # Time and memory

    def _keep_count(self) -> None:
        """Put what this session holds on the account of all, and stop reading while the account is overdrawn."""
        held = self._session.held_octets
        freed = held < self._held
        self._edge.octets_in_flight += held - self._held
        self._held = held
        now = self._loop.time()
        self._data_since = (self._data_since or now) if self._session.in_data else None
        overdrawn = held > 0 and not self._edge.has_room
        if (overdrawn or not self._session.has_room) and self._transport and not self._transport.is_closing():
            self._transport.pause_reading()
            self._paused_at = self._paused_at or now
        elif self._paused_at is not None:
            self.read_on()
        if freed:
            self._edge.read_on_where_paused()

    def _look_at_time(self) -> None:
        """Once a second: has the client been silent, or slow, or without memory for too long?"""
        now = self._loop.time()
        if self._session.waiting:
            self._last_heard = now  # it waits for us
        limits = self._edge.limits
        silent = now - self._last_heard > limits.command_timeout
        slow = self._data_since is not None and now - self._data_since > limits.data_timeout
        starved = self._paused_at is not None and not self._session.waiting and now - self._paused_at > NO_MEMORY_SECONDS
        if silent or slow or starved:
            self._perform(self._session.time_out())
        self._timer = self._loop.call_later(1, self._look_at_time)


def reply_for(reason: Reason) -> Reply:
    """A reason as the SMTP session says it: what happened, then what to do."""
    return Reply(reason.status, f"{reason.sentence}\n{reason.remedy}", reason.enhanced)
