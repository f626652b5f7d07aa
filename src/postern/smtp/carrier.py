"""The carrier of one session: its socket, its time-outs and its share of memory; the session itself knows none of them.

It decides nothing. A recipient is looked up in threads, never on the loop; a finished mail goes to ``receive`` and the answer
becomes the reply. It refuses to read on from a client while the mails under way would take more memory than the limits allow, and
slows whoever comes from a source that makes many mistakes.
"""

import asyncio
import contextlib
import logging
import traceback
from collections.abc import Coroutine
from typing import cast

from postern.actions.find_recipient import Recipient, Refused, refusal_beside
from postern.actions.receive_mail import Accepted
from postern.actions.sign_in_to_send import Credentials
from postern.errors import StoreError, StoreFullError
from postern.model.authentication import Authentication
from postern.model.envelope import Client, Mail
from postern.policy.reasons import NO_ROOM, TRY_AGAIN, Cause
from postern.smtp import wording
from postern.smtp.desk import Post, reply_for
from postern.smtp.output import AskRecipient, AskSecret, Close, Output, Send, StartTls, TakeMail
from postern.smtp.proxy import ProxyHeaderError, read_proxy_header
from postern.smtp.reply import Reply
from postern.smtp.session import Session
from postern.smtp.signing_in import Submission
from postern.smtp.sources import Visit

ACCEPTED = Reply(250, "Kept and queued.", "2.0.0")
RECIPIENT_ACCEPTED = Reply(250, "Recipient accepted.", "2.1.5")
TOO_BUSY = Reply(421, "Too many connections at the moment; try again soon.", "4.3.2")
NO_MEMORY = Reply(421, "There is no memory for this mail at the moment; try again soon.", "4.3.1")
NO_MEMORY_SECONDS = 10  # while memory is short, a client that holds some and does not come on for so long is sent away
LOOK_SECONDS = 1  # how often each client's time is looked at
GOODBYE_SECONDS = 10  # for the last reply to be read
FAIR_PACE = 500  # octets a second of a mail that is coming; who is slower gives way first when places are short

_log = logging.getLogger(__name__)


class Carrier(asyncio.Protocol):
    """One client: gives octets to the session, and does what it asks for.

    It takes its place until the connection is lost and what was begun for it has ended: a mail that was handed over is kept
    though its client has vanished, and takes memory for as long.
    """

    def __init__(self, post: Post, submission: Submission | None = None) -> None:
        self._post, self._places = post, post.places
        self._loop = asyncio.get_running_loop()
        self._session = Session(post.hostname, post.limits, tls_offered=post.tls is not None, submission=submission)
        self._transport: asyncio.Transport | None = None
        self._peer = ""  # the client's IP address
        self._awaits_proxy = False
        self._visit: Visit | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._recipients: dict[str, Recipient] = {}
        self._handed_over = 0  # octets of the mail that is being kept
        self._held = 0  # octets that stand on the account of all
        self._replies_unread = False
        self._handshaking = False
        self._early = bytearray()  # what came with the last of the handshake, or while it is slowed
        self._slowing: asyncio.TimerHandle | None = None
        self._lost = False
        self._began_at = self._moved_at = self._loop.time()
        self._data_since: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def _is_sealed(self) -> bool:
        """Whether TLS came before all else: then nothing in front of it could be read."""
        return self._transport is not None and self._transport.get_extra_info("ssl_object") is not None

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = stream = cast("asyncio.Transport", transport)  # uvloop's is one in all but ancestry
        if not self._places.enter(self):
            stream.write(TOO_BUSY.encode())
            stream.close()
            return
        self._timer = self._loop.call_later(LOOK_SECONDS, self._look_at_time)
        peer = stream.get_extra_info("peername")
        if peer is None:  # it has vanished already
            self.abort()
            return
        self._peer = str(peer[0])
        self._awaits_proxy = not self._is_sealed and self._post.sources.are_passed_on_by(self._peer)
        if not self._awaits_proxy:
            self._greet()

    def data_received(self, data: bytes) -> None:
        if self._awaits_proxy:
            self._read_proxy_header(data)
        elif self._handshaking or self._slowing:
            self._early += data  # decrypted already; but replies cannot be encrypted before the handshake has returned
        elif self._session.in_data:
            self._perform(self._session.receive(data))
        else:
            self._hear(data)

    def eof_received(self) -> bool:
        return False  # RFC 5321 4.1.1.10: a client that just goes; what was not answered is not ours

    def connection_lost(self, exc: Exception | None) -> None:
        """May be called again: asyncio does not call it for what is lost in a handshake, so we do."""
        del exc
        self._lost = True
        self._stop_waiting()
        if self._visit:
            self._visit.end()
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

    @property
    def may_give_way(self) -> bool:
        """Whether it waits for its client and not for us, and the client is silent, or slower than any mail program."""
        if self._handshaking:
            return True
        if self._data_since is not None:
            waited = self._loop.time() - self._data_since
            return waited > GOODBYE_SECONDS and self._session.held_octets < waited * FAIR_PACE
        return not self._tasks

    @property
    def burden(self) -> tuple[bool, int, float]:
        """How much there is to gain: a stranger before a trusted source, then one of many before one of few, then by silence."""
        source = self._visit.source if self._visit else None
        return source is None or not source.trusted, source.connections if source else 1, -self._moved_at

    def give_way(self) -> None:
        """End it at once, with a word where there is a way to say it."""
        self._perform(self._session.send_away(wording.GIVE_WAY))
        if self._handshaking or (self._transport and self._transport.get_write_buffer_size()):
            self.abort()
        self._places.leave(self)

    def read_on_or_pause(self) -> None:
        """Read from the client, unless its replies pile up, it has said enough for now, it is slowed, or memory is short."""
        if self._transport is None or self._transport.is_closing() or self._handshaking:
            return
        memory_short = self._held > 0 and not self._places.has_room
        if self._replies_unread or self._slowing or memory_short or not self._session.has_room:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    # What the source may do

    def _read_proxy_header(self, data: bytes) -> None:
        """Whose connection it is comes before all else; where it does not, the connection ends without a word."""
        self._early += data
        try:
            passed = read_proxy_header(bytes(self._early), self._post.limits.proxy_header)
        except ProxyHeaderError:
            _log.warning("a connection from a proxy began without a PROXY header that can be read")
            self.abort()
            return
        if passed is None:
            return
        self._awaits_proxy = False
        self._peer = passed.client or self._peer
        rest = bytes(self._early[passed.octets :])
        self._early.clear()
        self._greet()
        if rest:
            self.data_received(rest)

    def _greet(self) -> None:
        self._visit = Visit(self._post.sources.at(self._peer), self._loop.time())
        refusal = self._visit.refusal
        outputs = self._session.open()
        if self._is_sealed:
            outputs = self._session.tls_started()  # the handshake that it asks for is done
        self._perform(self._session.send_away(refusal) if refusal else outputs)

    def _hear(self, data: bytes) -> None:
        """Obey commands at once; later where their source has made mistakes; not at all where it has made too many."""
        now = self._loop.time()
        goodbye = self._visit.source.goodbye(now) if self._visit else None
        seconds = self._visit.source.delay(now) if self._visit else 0
        if goodbye or (seconds and self._places.slowed >= self._post.limits.tarpits):
            self._perform(self._session.send_away(wording.SOURCE_SPENT))
        elif seconds:
            self._early += data
            self._places.slowed += 1
            self._slowing = self._loop.call_later(seconds, self._obey_late)
            self.read_on_or_pause()
        else:
            self._perform(self._session.receive(data))

    def _obey_late(self) -> None:
        self._stop_waiting()
        data = bytes(self._early)
        self._early.clear()
        self._perform(self._session.receive(data))

    def _stop_waiting(self) -> None:
        if self._slowing:
            self._slowing.cancel()
            self._slowing = None
            self._places.slowed -= 1

    def _count_mail(self) -> None:
        if self._visit:
            self._visit.source.add_mail(self._loop.time())

    def _tell_source(self) -> None:
        if self._visit:
            self._visit.tell(self._loop.time(), self._session.bad_commands, self._session.refused_recipients)

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
                case AskSecret(credentials):
                    self._start(self._ask_secret(credentials))
                case TakeMail():
                    self._handed_over = len(output.content)
                    self._count_mail()
                    self._start(self._take_mail(output))
                case StartTls():
                    self._start(self._start_tls())
                case Close():
                    self._close()
        self._tell_source()
        self._keep_count()

    async def _ask_recipient(self, question: AskRecipient) -> None:
        if not question.accepted:
            self._recipients.clear()
        may_send = self._visit is None or self._visit.source.may_send(self._loop.time())
        reply = await self._recipient_reply(question) if may_send else wording.SOURCE_MAILED_ENOUGH
        self._perform(self._session.answer_recipient(reply))

    async def _recipient_reply(self, question: AskRecipient) -> Reply:
        if not self._places.has_room:
            return reply_for(Cause(NO_ROOM))
        try:
            recipient = await self._post.desk.find_recipient(question.recipient)
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

    async def _ask_secret(self, presented: Credentials) -> None:
        if self._post.desk.doorkeeper is None:
            raise AssertionError("clients sign in where nobody can look them up")
        answer = await self._post.desk.doorkeeper.sign_in(presented, self._peer)
        self._perform(self._session.answer_sign_in(*answer))

    async def _take_mail(self, taken: TakeMail) -> None:
        signed_in, client = self._session.gate.signed_in, Client(self._peer, self._session.client_name)
        authentication = Authentication.by_signing_in(signed_in) if signed_in else Authentication()
        mail = Mail(taken.envelope, taken.content, self._post.desk.clock.now(), authentication, client)
        try:
            answer = await self._post.desk.receive(mail)
        finally:
            self._handed_over = 0
            self._recipients.clear()
        reply = ACCEPTED if isinstance(answer, Accepted) else reply_for(answer.cause)
        self._perform(self._session.answer_mail(reply))

    async def _start_tls(self) -> None:
        tls = self._post.tls
        if self._transport is None or tls is None:
            return
        transport = None
        self._handshaking = True
        with contextlib.suppress(OSError):  # the client is gone, or too slow, or speaks no TLS that we do
            transport = await self._loop.start_tls(
                self._transport, self, tls, server_side=True, ssl_handshake_timeout=self._post.limits.handshake_timeout
            )
        self._handshaking = False
        if transport is None or self._lost:
            self.abort()
            return
        self._transport = transport
        self._replies_unread = False  # said of the stream below
        self._perform(self._session.tls_started())
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
            self._places.leave(self)

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
            self._places.count(change)
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
        elif self._awaits_proxy and still > self._post.limits.proxy_seconds:
            self.abort()
        elif still > self._post.limits.command_timeout or self._is_slow(now):
            self._perform(self._session.time_out())
        elif now - self._began_at > self._post.limits.session_seconds:
            self._perform(self._session.expire())
        elif still > NO_MEMORY_SECONDS and self._held and not self._places.has_room:
            self._session.time_out()  # its words would blame the client
            self._perform([Send(NO_MEMORY.encode()), Close()])

    def _is_slow(self, now: float) -> bool:
        return self._data_since is not None and now - self._data_since > self._post.limits.data_timeout
