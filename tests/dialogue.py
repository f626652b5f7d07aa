r"""Dialogues: an SMTP session as a text file, read line by line and played against what is tested.

# a comment
limits: message_size=100       the limits that are not the default, before all else
tls: offered                   STARTTLS is offered
submission: implicit           clients sign in here; TLS comes first, or with ``starttls`` by STARTTLS
aiosmtpd: not asked, WHY       the whole dialogue is ours alone, before all else
C: EHLO client.example         the client sends a line and CRLF; \r \n \0 \xNN \\ and {a*300} stand for octets
C> QUIT\n                      the client sends just these octets
S: 250 2.0.0 Fine              the server says this line; ... at its end stands for any words
aiosmtpd: 500, WHY             what aiosmtpd answers where it differs from the reply before, and why that is accepted
ask: <a@x.test> -> <b@y.test>  the session asks about a recipient
secret: help@acme.test abcd    the session asks whether this name and this secret fit together
take: <a@x.test> -> <b@y.test> <c@y.test>
| Subject: hello               the session hands a mail over; its lines, with escapes
answer: 250 2.1.5 Fine         what the session is told
start TLS / TLS started / time out / shut down / close
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from postern.model.address import Address
from postern.model.envelope import Envelope
from postern.model.limits import Limits
from postern.model.submission import SignedIn
from postern.smtp.output import AskRecipient, AskSecret, Close, Output, Send, StartTls, TakeMail
from postern.smtp.reply import Reply
from postern.smtp.session import Session
from postern.smtp.signing_in import Submission

HOSTNAME = "mx.marketplace.example"
SIGNED_IN = SignedIn(Address.parse("help@acme.test"), 1)
Kind = TypeVar("Kind", bound=Output)

_REPEATED = re.compile(r"\{(.)\*(\d+)\}")
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|([rn0\\]))|\{(.)\*(\d+)\}")


@dataclass(frozen=True)
class Step:
    """One line of a dialogue: what it begins with, and the rest."""

    number: int
    kind: str
    text: str


@dataclass(frozen=True)
class Dialogue:
    """A file: the settings at its top, and the steps."""

    name: str
    limits: Limits
    tls_offered: bool
    submission: Submission | None
    ours_alone: bool
    steps: tuple[Step, ...]


def read_dialogue(path: Path) -> Dialogue:
    limits, tls, ours_alone = Limits(), False, False
    submission: Submission | None = None
    steps: list[Step] = []
    for number, line in enumerate(path.read_text("ascii").splitlines(), start=1):
        kind, text = _divide(line)
        match kind:
            case "" | "#":
                pass
            case "limits:":
                limits = Limits(**{name: int(value) for name, value in (word.split("=") for word in text.split())})
            case "tls:":
                tls = True
            case "submission:":
                submission = Submission(implicit_tls=text == "implicit")
            case "aiosmtpd:" if not steps:
                ours_alone = True
            case _:
                steps.append(Step(number, kind, text))
    return Dialogue(path.stem, limits, tls, submission, ours_alone, tuple(steps))


def _divide(line: str) -> tuple[str, str]:
    if line in {"start TLS", "TLS started", "time out", "shut down", "close"}:
        return line, ""
    kind, _, text = line.partition(" ")
    known = {"submission:", "secret:", "", "#", "limits:", "tls:", "aiosmtpd:", "C:", "C>", "S:", "ask:", "take:", "|", "answer:"}
    assert kind in known, f"no such line in a dialogue: {line}"
    return kind, text


def octets(step: Step) -> bytes:
    """What a C or | line stands for."""

    def one(match: re.Match[str]) -> str:
        if match[1]:
            return chr(int(match[1], 16))
        return match[3] * int(match[4]) if match[3] else {"r": "\r", "n": "\n", "0": "\0", "\\": "\\"}[match[2]]

    text = _ESCAPE.sub(one, step.text)
    return text.encode("latin-1") + (b"" if step.kind == "C>" else b"\r\n")


def reply(step: Step) -> Reply:
    """What an answer line tells the session."""
    code, status, text = step.text.split(" ", 2)
    return Reply(int(code), text, status)


def paths(step: Step) -> list[str]:
    """The reverse path and the recipients of an ask or take line, without their brackets."""
    text = _REPEATED.sub(lambda match: match[1] * int(match[2]), step.text)
    reverse_path, _, recipients = text.partition(" -> ")
    return [reverse_path[1:-1], *recipients[1:-1].split("> <")]


class Player:
    """Plays a dialogue against a Session and holds it to every word."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue
        tls, submission = dialogue.tls_offered, dialogue.submission
        self._session = Session(HOSTNAME, dialogue.limits, tls_offered=tls, submission=submission)
        self._outputs: list[Output] = []
        self._said = b""
        self._asked = ""  # about what

    def play(self) -> None:
        self._outputs += self._session.open()
        for step in self._dialogue.steps:
            if step.kind in {"C:", "C>", "time out", "shut down", "TLS started"}:
                self._nothing_is_left(step)
            self._one(step)
        self._nothing_is_left(self._dialogue.steps[-1])

    def _one(self, step: Step) -> None:
        where = f"{self._dialogue.name}:{step.number}: {step.kind} {step.text}"
        match step.kind:
            case "C:" | "C>":
                self._outputs += self._session.receive(octets(step))
            case "S:":
                self._hear(step.text, where)
            case "ask:":
                asked, self._asked = self._next(AskRecipient, where), "recipient"
                assert [asked.reverse_path, asked.recipient] == paths(step), where
            case "secret:":
                presented, self._asked = self._next(AskSecret, where).credentials, "secret"
                assert f"{presented.name} {presented.secret}" == step.text, where
            case "take:":
                self._take(self._next(TakeMail, where), step)
                self._asked = "mail"
            case "answer:":
                self._answer(reply(step))
            case "start TLS" | "close":
                self._next(StartTls if step.kind == "start TLS" else Close, where)
            case "TLS started" | "time out" | "shut down":
                self._happen(step.kind)

    def _happen(self, what: str) -> None:
        if what == "TLS started":
            self._outputs += self._session.tls_started()
        else:
            self._outputs += self._session.time_out() if what == "time out" else self._session.shut_down()

    def _hear(self, words: str, where: str) -> None:
        if not self._said:
            self._said = self._next(Send, where).octets
        line, crlf, self._said = self._said.partition(b"\r\n")
        heard = line.decode("ascii")
        assert crlf, where
        assert heard.startswith(words[:-3]) if words.endswith("...") else heard == words, f"{where} | said: {heard}"

    def _take(self, mail: TakeMail, step: Step) -> None:
        reverse_path, *recipients = paths(step)
        assert mail.envelope == Envelope(reverse_path, tuple(recipients)), step
        assert mail.content == content_after(self._dialogue, step), step

    def _answer(self, answer: Reply) -> None:
        match self._asked:
            case "recipient":
                self._outputs += self._session.answer_recipient(answer)
            case "secret":
                self._outputs += self._session.answer_sign_in(answer, SIGNED_IN if answer.accepts else None)
                assert self._session.gate.signed_in == (SIGNED_IN if answer.accepts else None)
            case _:
                self._outputs += self._session.answer_mail(answer)

    def _next(self, kind: type[Kind], where: str) -> Kind:
        assert not self._said, f"{where} | but it said more: {self._said!r}"
        assert self._outputs, f"{where} | but nothing came"
        output = self._outputs.pop(0)
        assert isinstance(output, kind), f"{where} | but it put {output}"
        return output

    def _nothing_is_left(self, step: Step) -> None:
        assert not self._said, f"{self._dialogue.name}:{step.number}: it said more: {self._said!r}"
        assert not self._outputs, f"{self._dialogue.name}:{step.number}: more came: {self._outputs}"


def content_after(dialogue: Dialogue, take: Step) -> bytes:
    """The lines of the mail that a take line announces."""
    content = b""
    for step in dialogue.steps[dialogue.steps.index(take) + 1 :]:
        if step.kind != "|":
            break
        content += octets(step)
    return content
