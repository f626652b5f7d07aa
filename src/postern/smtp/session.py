"""One SMTP session without sockets, clock or store: octets go in, and out come replies, questions and whole mails (RFC 5321).

Whoever carries it calls ``open()`` once and ``receive()`` for all that arrives, and does what the outputs say, in their order:

* ``Send`` these octets to the client;
* ``AskRecipient``: find out whether this recipient may be written to, then call ``answer_recipient()``;
* ``AskSecret``: find out as whom this client signs in, then call ``answer_sign_in()``; where it must, and there alone;
* ``TakeMail``: keep this mail, then call ``answer_mail()``; only that reply tells the client whether the mail is ours now;
* ``StartTls``: send what stands before, do the handshake, then call ``tls_started()``;
* ``Close`` the connection; nothing comes after it.

While it waits for an answer it keeps what the client sends on, and stops reading commands: each is obeyed after the one
before it was answered (RFC 2920 3.2). It refuses to hold more than the limits name, to act on a line or a mail whose end is in
doubt, to speak of any recipient by itself, and to say back what the client said. It decides nothing about mail.
"""

from collections.abc import Callable, Mapping
from typing import ClassVar

from postern.actions.sign_in_to_send import Credentials
from postern.model.envelope import Envelope
from postern.model.limits import Limits
from postern.model.submission import SignedIn
from postern.smtp import wording
from postern.smtp.command import Command, read_client_name, read_command, read_mail, read_rcpt
from postern.smtp.incoming import Incoming
from postern.smtp.output import AskRecipient, AskSecret, Close, Output, StartTls, TakeMail
from postern.smtp.reply import Reply
from postern.smtp.signing_in import Gate, Question, Step, Submission
from postern.smtp.speech import Speech
from postern.smtp.stage import OpenMail, Stage


class Session:
    """The server's side of one connection, from the greeting to the goodbye."""

    def __init__(self, hostname: str, limits: Limits, *, tls_offered: bool, submission: Submission | None = None) -> None:
        self._hostname = hostname
        self._limits = limits
        self._tls_offered = tls_offered
        self._stage = Stage.COMMAND
        self._incoming = Incoming(limits)
        self.client_name = ""  # what the client calls itself; a claim and no more. Empty before EHLO
        self._mail: OpenMail | None = None
        self._recipient_asked = ""
        self._octets_handed_over = 0
        self._tls_active = False
        self.gate = Gate(submission, limits)  # and as whom the client signed in
        self._leaving: Reply | None = None  # the last word, once no mail is open
        self.bad_commands = 0  # how many were wrong so far, and of the recipients how many were refused for good
        self.refused_recipients = 0
        self._mails = 0
        self._speech = Speech()

    # What the carrier calls

    def open(self) -> list[Output]:
        """Greet the client (RFC 5321 3.1); where TLS comes first, once it is there (RFC 8314 3.3)."""
        if self.gate.begins_with_tls:
            self._ask(Stage.STARTING_TLS, StartTls())
        else:
            self._say(wording.greeting(self._hostname))
        return self._speech.take()

    def receive(self, octets: bytes) -> list[Output]:
        """Take what came, in pieces of any size; how it was cut changes nothing."""
        if self._stage is Stage.STARTING_TLS or self._stage is Stage.CLOSED:
            return []  # plain octets have no place before a handshake (RFC 3207 4.2), and none after the end
        self._incoming.add(octets)
        return self._go_on()

    def answer_recipient(self, reply: Reply) -> list[Output]:
        """The reply to RCPT: 2xx adds the recipient, 4xx and 5xx do not, 421 ends the session; then pipelined input goes on."""
        mail = self._mail
        if not self._awaits(Stage.ASKING) or mail is None:
            return []
        if reply.accepts:
            mail.recipients.append(self._recipient_asked)
        else:
            mail.any_refused = True
            self.refused_recipients += reply.refuses_for_good
        return self._give(reply)

    def answer_mail(self, reply: Reply) -> list[Output]:
        """The reply to the final dot: whatever it is, the mail is no longer the session's (RFC 5321 4.1.1.4)."""
        if not self._awaits(Stage.HANDING_OVER):
            return []
        self._octets_handed_over = 0
        self._mail = None
        return self._give(reply)

    def answer_sign_in(self, reply: Reply, signed_in: SignedIn | None) -> list[Output]:
        """The reply to AUTH; 2xx says as whom the client sends from here on. RSET and EHLO change nothing in it."""
        return self._give(self.gate.settle(reply, signed_in)) if self._awaits(Stage.SIGNING_IN) else []

    def tls_started(self) -> list[Output]:
        """After the handshake nothing that the client said before it is believed; it says EHLO again (RFC 3207 4.2).

        What counts against it stays: it is what we know, not what it told us.
        """
        if self._awaits(Stage.STARTING_TLS):
            self._tls_active = True
            self.client_name = ""
            self._mail = None
            if self.gate.begins_with_tls:
                self._say(wording.greeting(self._hostname))
        return self._speech.take()

    def time_out(self) -> list[Output]:
        """Nothing came for as long as the limits allow (RFC 5321 4.5.3.2)."""
        return self._leave(wording.TIMED_OUT)

    def send_away(self, reply: Reply) -> list[Output]:
        """End the session now, for a reason that only the carrier knows."""
        return self._leave(reply)

    def expire(self) -> list[Output]:
        """The session has lasted as long as the limits allow."""
        return self._leave_soon(wording.TIME_SPENT)

    def shut_down(self) -> list[Output]:
        """The service stops."""
        return self._leave_soon(wording.SHUTTING_DOWN)

    # What the carrier sees

    @property
    def waiting(self) -> bool:
        """Whether nothing goes on until the carrier answers."""
        return self._stage in {Stage.ASKING, Stage.SIGNING_IN, Stage.HANDING_OVER, Stage.STARTING_TLS}

    @property
    def has_room(self) -> bool:
        """Whether the carrier may read on; while the session waits, only so much is kept for later."""
        return not self.waiting or len(self._incoming) < self._limits.pipelined

    @property
    def in_data(self) -> bool:
        """Whether content is coming, which has a time-out of its own."""
        return self._stage is Stage.CONTENT

    @property
    def mail_open(self) -> bool:
        """Whether a mail is begun and not yet answered."""
        return self._mail is not None

    @property
    def held_octets(self) -> int:
        """What this session holds in memory: octets that are not dealt with, and a mail handed over but not yet answered."""
        return len(self._incoming) + self._octets_handed_over

    # Reading on

    def _go_on(self) -> list[Output]:
        while self._take_step():
            pass
        self._incoming.release()
        return self._speech.take()

    def _take_step(self) -> bool:
        """Deal with one line or one mail; False when there is none, or when the session may not go on."""
        if self._stage in {Stage.COMMAND, Stage.ANSWER} and self._leaving and not self.mail_open:
            self._close(self._leaving)
        if self._stage is Stage.COMMAND:
            return self._take_line()
        if self._stage is Stage.ANSWER:
            return self._take_answer()
        return self._stage is Stage.CONTENT and self._take_content()

    def _take_line(self) -> bool:
        line = self._incoming.line()
        if line is None:
            return False
        command = line if isinstance(line, Reply) else read_command(line)
        if isinstance(command, Reply):
            self._refuse(command)
        else:
            self._obey(command)
        return True

    def _obey(self, command: Command) -> None:
        obey = self._COMMANDS.get(command.verb)
        if always := wording.ALWAYS.get(command.verb):
            self._say(always)
        elif obey is None:
            self._refuse(wording.NOT_IMPLEMENTED if command.verb in wording.NOT_OFFERED else wording.UNKNOWN_COMMAND)
        elif command.argument and command.verb in self._STAND_ALONE:
            self._refuse(wording.NO_ARGUMENT_TAKEN)
        else:
            obey(self, command.argument)

    # The commands, in the order of a session

    def _ehlo(self, argument: str) -> None:
        tls = self._tls_offered and not self._tls_active  # RFC 3207 4.2: not offered again under TLS
        mechanisms = self.gate.mechanisms(tls=self._tls_active)
        self._meet(argument, wording.extensions(self._hostname, self._limits, tls=tls, mechanisms=mechanisms))

    def _helo(self, argument: str) -> None:
        self._meet(argument, wording.hello(self._hostname))

    def _meet(self, argument: str, hello: Reply) -> None:
        name = read_client_name(argument)
        if isinstance(name, Reply):
            self._refuse(name)  # RFC 5321 4.1.4: the state stays as it was
            return
        self.client_name = name
        self._mail = None  # RFC 5321 4.1.4: like RSET
        self._say(hello)

    def _starttls(self, _argument: str) -> None:
        if self._tls_active:
            self._refuse(wording.TLS_ALREADY)
        elif not self._tls_offered:
            self._refuse(wording.NOT_IMPLEMENTED)
        else:
            self._say(wording.TLS_READY)
            self._incoming.clear()  # what was pipelined behind it could be anybody's (CVE-2011-0411)
            self._ask(Stage.STARTING_TLS, StartTls())

    def _auth(self, argument: str) -> None:
        if self.gate.is_there and not self.client_name:
            self._refuse(wording.HELLO_FIRST)
        else:
            self._sign_in(self.gate.begin(argument, tls=self._tls_active, mail_open=self.mail_open))

    def _take_answer(self) -> bool:
        line = self._incoming.line()
        if line is None:
            return False
        self._stage = Stage.COMMAND
        self._sign_in(self.gate.go_on(line))
        return True

    def _sign_in(self, step: Step) -> None:
        match step:
            case Question(reply):
                self._stage = Stage.ANSWER
                self._say(reply)
            case Credentials():
                self._ask(Stage.SIGNING_IN, AskSecret(step))
            case _:
                self._refuse(step)

    def _mail_from(self, argument: str) -> None:
        if not self.client_name:
            self._refuse(wording.HELLO_FIRST)
        elif refusal := self.gate.refusal_to_send(tls=self._tls_active):
            self._refuse(refusal)
        elif self._mail:
            self._refuse(wording.MAIL_OPEN)
        elif self._mails >= self._limits.mails_per_session:
            self._close(wording.MAILS_SPENT)
        else:
            self._begin_mail(read_mail(argument, self._limits, signs_in=self.gate.is_there))

    def _begin_mail(self, reverse_path: str | Reply) -> None:
        if isinstance(reverse_path, Reply):
            self._refuse(reverse_path)
            return
        self._mails += 1
        self._mail = OpenMail(reverse_path)
        self._say(wording.SENDER_TAKEN)

    def _rcpt_to(self, argument: str) -> None:
        if not self._mail:
            self._refuse(wording.MAIL_FIRST)
        elif self.refused_recipients >= self._limits.unknown_recipients:
            self._close(wording.REFUSALS_SPENT)
        elif len(self._mail.recipients) >= self._limits.recipients_per_mail:
            self._say(wording.TOO_MANY_RECIPIENTS)
        else:
            self._ask_recipient(self._mail, read_rcpt(argument))

    def _ask_recipient(self, mail: OpenMail, recipient: str | Reply) -> None:
        if isinstance(recipient, Reply):
            mail.any_refused = True
            self._refuse(recipient)
            return
        self._recipient_asked = recipient
        self._ask(Stage.ASKING, AskRecipient(mail.reverse_path, recipient, tuple(mail.recipients)))

    def _data(self, _argument: str) -> None:
        if self._mail and self._mail.recipients:
            self._stage = Stage.CONTENT
            self._incoming.begin_mail()
            self._say(wording.CONTENT_EXPECTED)
        elif self._mail and self._mail.any_refused:
            self._say(wording.NO_RECIPIENT_LEFT)  # no error of a client that pipelines (RFC 2920 3.1)
        else:
            self._refuse(wording.RECIPIENT_FIRST if self._mail else wording.MAIL_FIRST)

    def _take_content(self) -> bool:
        content, mail = self._incoming.mail(), self._mail
        if content is None or mail is None:
            return False
        self._stage = Stage.COMMAND
        if isinstance(content, Reply):
            self._mail = None
            self._finish(content)
        else:
            self._octets_handed_over = len(content)
            self._ask(Stage.HANDING_OVER, TakeMail(Envelope(mail.reverse_path, tuple(mail.recipients)), content))
        return True

    def _rset(self, _argument: str) -> None:
        self._mail = None  # RFC 5321 4.1.1.5; who the client is, signed in or not, and TLS, stay
        self._say(wording.FINE)

    def _vrfy(self, argument: str) -> None:
        if argument:
            self._say(wording.NOT_TOLD)
        else:
            self._refuse(wording.NAME_EXPECTED_BY_VRFY)

    def _quit(self, _argument: str) -> None:
        self._close(wording.GOODBYE)  # RFC 5321 4.1.1.10

    _COMMANDS: ClassVar[Mapping[str, Callable[["Session", str], None]]] = {
        "EHLO": _ehlo,
        "HELO": _helo,
        "STARTTLS": _starttls,
        "AUTH": _auth,
        "MAIL": _mail_from,
        "RCPT": _rcpt_to,
        "DATA": _data,
        "RSET": _rset,
        "VRFY": _vrfy,
        "QUIT": _quit,
    }
    _STAND_ALONE = frozenset({"STARTTLS", "DATA", "RSET", "QUIT"})  # RFC 5321 4.1.1, RFC 3207 4

    # Speaking

    def _say(self, reply: Reply) -> None:
        self._speech.say(reply)

    def _refuse(self, reply: Reply) -> None:
        """Answer a command that is wrong; a client that makes too many of these is no mail program."""
        self.bad_commands += 1
        if self.bad_commands > self._limits.bad_commands:
            self._close(wording.ERRORS_SPENT)
        else:
            self._say(reply)

    def _ask(self, stage: Stage, output: Output) -> None:
        self._stage = stage
        self._speech.put(output)

    def _awaits(self, stage: Stage) -> bool:
        """Whether this is what the session waits for, and if so, wait no longer. After the end, answers come too late."""
        if self._stage is Stage.CLOSED:
            return False
        if self._stage is not stage:
            msg = f"the session is not {stage.name.lower()}"
            raise RuntimeError(msg)
        self._stage = Stage.COMMAND
        return True

    def _give(self, reply: Reply) -> list[Output]:
        self._finish(reply)
        return self._go_on()

    def _finish(self, reply: Reply) -> None:
        if reply.ends_session:
            self._close(reply)
        else:
            self._say(reply)

    def _leave(self, reply: Reply) -> list[Output]:
        """End from our side; in the middle of a handshake there is no way to say anything."""
        if self._stage is Stage.STARTING_TLS:
            self._end()
        elif self._stage is not Stage.CLOSED:
            self._close(reply)
        return self._speech.take()

    def _leave_soon(self, reply: Reply) -> list[Output]:
        """End it, but let a mail that is begun come to its reply (RFC 5321 3.8)."""
        self._leaving = self._leaving or reply
        return self._leave(reply) if self._stage is Stage.STARTING_TLS else self._go_on()

    def _close(self, reply: Reply) -> None:
        self._say(reply)
        self._end()

    def _end(self) -> None:
        self._stage = Stage.CLOSED
        self._mail = None
        self._incoming.clear()
        self._octets_handed_over = 0
        self._speech.put(Close())
