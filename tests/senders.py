"""Senders as mail servers are: each writes one mail after the other, and sends the same one again until it gets an answer.

They use the standard library's client. They run in threads of the test, and know nothing of what they write to.
"""

import smtplib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import Event, Thread

from tests.market import Way

_PAUSE_SECONDS = 0.2
_REPLY_SECONDS = 30
_PERMANENT = 500


@dataclass(slots=True)
class Account:
    """What one sender lived through: marks answered 250, replies other than that, mails that were sent more than once, and the
    seconds that the slowest reply took.
    """

    taken: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    put_off: Counter[int] = field(default_factory=Counter)
    repeated: int = 0
    slowest: float = 0.0


class Sender:
    """One closed loop: a letter, its answer, the next letter."""

    def __init__(self, number: int, port: int, way: Way) -> None:
        self.account = Account()
        self.pause = 0.0  # seconds between an answer and the next letter
        self._number, self._port, self._way = number, port, way
        self._stopped = Event()
        self._client: smtplib.SMTP | None = None
        self._thread = Thread(target=self._write_letters, name=f"sender-{number}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Begin no further letter."""
        self._stopped.set()

    def join(self, seconds: float) -> None:
        """Wait for the answer to the last letter. Raises TimeoutError if it does not come."""
        self._thread.join(seconds)
        if self._thread.is_alive():
            raise TimeoutError(f"sender {self._number} still waits to be rid of its letter")

    def _write_letters(self) -> None:
        count = 0
        while not self._stopped.is_set():
            count += 1
            self._send_until_answered(f"mail-{self._number}-{count}")
            self._stopped.wait(self.pause)
        self._hang_up()

    def _send_until_answered(self, mark: str) -> None:
        letter = self._way.letter(mark)
        while not self._is_answered(mark, letter):
            self.account.repeated += 1
            time.sleep(_PAUSE_SECONDS)

    def _is_answered(self, mark: str, letter: bytes) -> bool:
        """Send once. A 4xx, or no answer at all, is for another try."""
        code = self._send(letter)
        if code == 0:
            return False
        if code >= _PERMANENT:
            self.account.refused.append(f"{mark}: {code}")
            return True
        if code != 250:
            self.account.put_off[code] += 1
            return False
        self.account.taken.append(mark)
        return True

    def _send(self, letter: bytes) -> int:
        """The code of the reply that decided; 0 if none came."""
        try:
            client = self._connect()
            for verb, text in (("MAIL", f"FROM:<{self._way.author}>"), ("RCPT", f"TO:<{self._way.alias}>")):
                code = self._wait_for(partial(client.docmd, verb, text))
                if code != 250:
                    self._hang_up()
                    return code
            code = self._wait_for(partial(client.data, letter))
        except smtplib.SMTPResponseException as error:
            self._hang_up()
            return error.smtp_code
        except (smtplib.SMTPException, OSError):
            self._hang_up()
            return 0
        return code

    def _wait_for(self, say: Callable[[], tuple[int, bytes]]) -> int:
        began_at = time.monotonic()
        code, _ = say()
        self.account.slowest = max(self.account.slowest, time.monotonic() - began_at)
        return code

    def _connect(self) -> smtplib.SMTP:
        if self._client is None:
            self._client = smtplib.SMTP("127.0.0.1", self._port, local_hostname="sender.test", timeout=_REPLY_SECONDS)
            self._client.ehlo_or_helo_if_needed()
        return self._client

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


@contextmanager
def busy(port: int, ways: Sequence[Way], first: int = 0) -> Iterator[list[Sender]]:
    """One sender for each way, under load until the end of the block; there each waits for the answer to its last letter.
    ``first`` is the first one's number: no two senders of a test may have the same.
    """
    senders = [Sender(number, port, way) for number, way in enumerate(ways, start=first)]
    for sender in senders:
        sender.start()
    try:
        yield senders
    finally:
        for sender in senders:
            sender.stop()
    for sender in senders:
        sender.join(60)
