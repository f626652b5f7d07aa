"""AUTH: a client says who it is (RFC 4954), by PLAIN (RFC 4616) or LOGIN, in one line or in answers to what it is asked.

It knows neither sockets nor secrets: what comes out are credentials for somebody to check, or a refusal. It refuses what is not
base64, and whoever wants to act as somebody else than they sign in as. Nothing here says back what the client said.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field

from postern.actions.sign_in_to_send import Credentials
from postern.model.limits import Limits
from postern.model.submission import SignedIn
from postern.smtp import wording
from postern.smtp.reply import Reply

MECHANISMS = ("PLAIN", "LOGIN")
_CANCELLED = "*"  # RFC 4954 4
_EMPTY = "="  # RFC 4954 4: an initial response of no octets


@dataclass(frozen=True, slots=True)
class Submission:
    """A door at which clients sign in before they send (RFC 6409)."""

    implicit_tls: bool  # RFC 8314 3.3; else by STARTTLS


@dataclass(frozen=True, slots=True)
class Question:
    """What the client is asked next, and what becomes of its answer."""

    reply: Reply
    answer: Callable[[str], "Step"] = field(repr=False)


Step = Question | Credentials | Reply


class Gate:
    """Whether the client of one session may send, and how it comes to. Without a submission nobody signs in, and all may."""

    def __init__(self, submission: Submission | None, limits: Limits) -> None:
        self._submission, self._limits = submission, limits
        self._question: Question | None = None
        self._wrong = 0
        self.signed_in: SignedIn | None = None

    @property
    def is_there(self) -> bool:
        return self._submission is not None

    @property
    def begins_with_tls(self) -> bool:
        return self._submission is not None and self._submission.implicit_tls

    def mechanisms(self, *, tls: bool) -> tuple[str, ...]:
        """What EHLO offers (RFC 4954 4): no secret in the clear."""
        return MECHANISMS if self._submission and tls else ()

    def refusal_to_send(self, *, tls: bool) -> Reply | None:
        """Why MAIL comes too early."""
        if not self._submission or self.signed_in:
            return None
        return wording.SIGN_IN_FIRST if tls else wording.TLS_FIRST

    def begin(self, argument: str, *, tls: bool, mail_open: bool) -> Step:
        """AUTH: once in a session, outside of mails, and never in the clear (RFC 4954 4, 6)."""
        if not self._submission:
            return wording.NOT_IMPLEMENTED
        if not tls:
            return wording.ENCRYPTION_FIRST
        if mail_open:
            return wording.AUTH_IN_MAIL
        return wording.SIGNED_IN_ALREADY if self.signed_in else self._remember(begin(argument))

    def go_on(self, line: bytes | Reply) -> Step:
        """The client's answer to the last question, or why its line is none."""
        question, self._question = self._question, None
        if isinstance(line, Reply):
            return wording.ANSWER_TOO_LONG if line is wording.LINE_TOO_LONG else line
        if question is None:
            raise AssertionError("nothing was asked")
        return self._remember(question.answer(line.decode("latin-1")))

    def settle(self, reply: Reply, signed_in: SignedIn | None) -> Reply:
        """What whoever checked the credentials says. After too many wrong ones the session ends."""
        self.signed_in = signed_in if reply.accepts else None
        self._wrong += reply.refuses_for_good
        return wording.SIGN_INS_SPENT if self._wrong >= self._limits.wrong_per_session else reply

    def _remember(self, step: Step) -> Step:
        self._question = step if isinstance(step, Question) else None
        return step


def begin(argument: str) -> Step:
    """What stands behind AUTH: the mechanism, and perhaps the first answer already (RFC 4954 4)."""
    mechanism, *answers = argument.split(" ")
    if not mechanism or len(answers) > 1:
        return wording.AUTH_SYNTAX
    match mechanism.upper():
        case "PLAIN":
            question = Question(wording.ask_client(b""), _read_plain)
        case "LOGIN":
            question = Question(wording.ask_client(b"Username:"), _read_name)
        case _:
            return wording.MECHANISM_UNKNOWN
    if not answers:
        return question
    return question.answer("" if answers[0] == _EMPTY else answers[0])


def _read_plain(line: str) -> Step:
    """``authorisation NUL name NUL secret`` (RFC 4616 2)."""
    text = _decode(line)
    if isinstance(text, Reply):
        return text
    act_as, nul, rest = text.partition("\0")
    name, second_nul, secret = rest.partition("\0")
    if not (nul and second_nul) or "\0" in secret:
        return wording.CREDENTIALS_SYNTAX
    if act_as and act_as.lower() != name.lower():
        return wording.NOT_SIGNED_IN
    return Credentials(name, secret)


def _read_name(line: str) -> Step:
    name = _decode(line)
    if isinstance(name, Reply):
        return name
    return Question(wording.ask_client(b"Password:"), lambda answer: _read_secret(name, answer))


def _read_secret(name: str, line: str) -> Step:
    secret = _decode(line)
    return secret if isinstance(secret, Reply) else Credentials(name, secret)


def _decode(line: str) -> str | Reply:
    if line == _CANCELLED:
        return wording.AUTH_CANCELLED
    try:
        return base64.b64decode(line, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return wording.CREDENTIALS_SYNTAX
