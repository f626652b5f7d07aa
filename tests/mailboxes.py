"""The world's mail servers in one: a real SMTP server on loopback that puts each mail into its recipient's mailbox."""

import email
import email.policy
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.serving import free_port

WAIT_SECONDS = 30


class Mailboxes:
    """What arrived, by recipient."""

    def __init__(self) -> None:
        self._mails: defaultdict[str, list[tuple[str, bytes]]] = defaultdict(list)
        self._changed = threading.Condition()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a mail. aiosmtpd calls this."""
        del server, session
        with self._changed:
            for recipient in envelope.rcpt_tos:
                self._mails[recipient].append((envelope.mail_from or "", bytes(envelope.original_content or b"")))
            self._changed.notify_all()
        return "250 2.0.0 taken"

    def wait_for(self, recipient: str, number: int = 1) -> EmailMessage:
        """The recipient's mail of this number, counted from 1, as an independent reader reads it."""
        return email.message_from_bytes(self.wait_for_octets(recipient, number)[1], policy=email.policy.default)

    def wait_for_octets(self, recipient: str, number: int = 1) -> tuple[str, bytes]:
        """Its reverse-path, and the octets as they came over the wire."""
        deadline = time.monotonic() + WAIT_SECONDS
        with self._changed:
            while len(self._mails[recipient]) < number:
                if not self._changed.wait(deadline - time.monotonic()):
                    raise TimeoutError(f"mail {number} for this recipient did not come; {len(self._mails[recipient])} did")
            return self._mails[recipient][number - 1]

    def count(self, recipient: str) -> int:
        """How many came so far."""
        with self._changed:
            return len(self._mails[recipient])


@contextmanager
def open_mailboxes(port: int = 0) -> Iterator[tuple[Mailboxes, int]]:
    """Serve them; answers the port."""
    mailboxes = Mailboxes()
    port = port or free_port()
    controller = Controller(mailboxes, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield mailboxes, port
    finally:
        controller.stop()


def text_of(mail: EmailMessage) -> str:
    """Its plain text, read by the standard library."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())
