"""A session without a socket, and somebody who does what it asks for."""

from dataclasses import dataclass, field

from postern.model.limits import Limits
from postern.smtp.output import AskRecipient, Close, Output, Send, StartTls, TakeMail
from postern.smtp.reply import Reply
from postern.smtp.session import Session

GO_AHEAD = Reply(250, "Go ahead", "2.1.5")
NOBODY = Reply(550, "Nobody has this address", "5.1.1")
KEPT = Reply(250, "Kept", "2.0.0")
SMALL = Limits(
    message_size=300, command_line=80, recipients_per_mail=3, bad_commands=4, unknown_recipients=3, mails_per_session=3
)
BEGIN = b"EHLO mallory.test\r\nMAIL FROM:<mallory@mallory.test>\r\nRCPT TO:<shop@marketplace.example>\r\nDATA\r\n"

# Published ways to make two servers see different ends of a mail (CVE-2023-51764, -51765, -51766, CVE-2023-52354, CVE-2024-27305)
LINE_ENDS = [
    b"\n",
    b"\r",
    b"\r\n",
    b"\r\r\n",
    b"\n\r",
    b"\r\n\0",
    b"\0\r\n",
    b"\n\n",
    b"\r\r",
    b"\r\n\r",
    b"\n\r\n",
    b" \r\n",
    b"\x85",
    b"\x0b",
]
FAKE_ENDS = [
    before + b"." + after
    for before in [*LINE_ENDS, b"\r\n.", b"\r\n "]
    for after in LINE_ENDS
    if not (before + b"." + after).endswith(b"\r\n.\r\n") and b"\r\n.\r\n" not in before + b"." + after
]
PUBLISHED = [  # what smtpsmug, SMTP-Smuggling-Tools and smtp_smuggling_checker.py send
    *(b"\n.\n", b"\r.\r", b"\r.\n", b"\n.\r", b"\n.\r\n", b"\r\n.\n", b"\r.\r\n", b"\r\n.\r", b"\r\n\0.\r\n", b"\r\n.\0\r\n"),
    *(b"\r\n.\r\r\n", b"\r\r\n.\r\r\n", b"\r\n\0.\r", b"\r\n\0.\n", b"\n\n.\r\n"),
]


@dataclass
class Carrier:
    """Does what a session asks for: takes recipients whose address begins with s, keeps every mail, shakes hands at once."""

    session: Session
    said: bytes = b""
    mails: list[TakeMail] = field(default_factory=list)
    story: list[Output | bytes] = field(default_factory=list)

    def open(self) -> None:
        self._do(self.session.open())

    def send(self, octets: bytes) -> None:
        self._do(self.session.receive(octets))

    def _do(self, outputs: list[Output]) -> None:
        while outputs:
            outputs = [more for output in outputs for more in self._one(output)]

    def _one(self, output: Output) -> list[Output]:
        match output:
            case Send(octets):
                self.said += octets
            case AskRecipient(_, recipient, _):
                self._note(output)
                return self.session.answer_recipient(GO_AHEAD if recipient.startswith("s") else NOBODY)
            case TakeMail():
                self._note(output)
                self.mails.append(output)
                return self.session.answer_mail(KEPT)
            case StartTls():
                self._note(output)
            case Close():
                self._note(output)
        return []

    def _note(self, output: Output) -> None:
        self.story += [self.said, output]
        self.said = b""


def carrier(limits: Limits = SMALL, *, tls_offered: bool = True) -> Carrier:
    return Carrier(Session("mx.marketplace.example", limits, tls_offered=tls_offered))
