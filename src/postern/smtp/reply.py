"""An SMTP reply: three digits, an enhanced status, and words that a person can act on.

It refuses to break the protocol, whatever its text holds: only printable ASCII leaves, and no line is longer than a client
must be able to read.
"""

import re
import textwrap
from dataclasses import dataclass

LINE_MAXIMUM = 512  # octets with code and CRLF, RFC 5321 4.5.3.1.5

_NOT_PRINTABLE = re.compile(r"[^\x20-\x7e]")


@dataclass(frozen=True, slots=True)
class Reply:
    """``text`` may hold several lines, divided by LF. ``enhanced`` is the status of RFC 3463, such as ``5.7.1``."""

    code: int
    text: str
    enhanced: str = ""

    @property
    def accepts(self) -> bool:
        """Whether the command did what it was sent to do (RFC 5321 4.2.1: the first digit is 2)."""
        return 200 <= self.code < 300  # noqa: PLR2004 - the digits are the meaning

    @property
    def refuses_for_good(self) -> bool:
        """Whether the same command will fail again (RFC 5321 4.2.1: the first digit is 5)."""
        return self.code >= 500  # noqa: PLR2004 - the digits are the meaning

    @property
    def ends_session(self) -> bool:
        """Whether the connection closes after it (RFC 5321 3.8)."""
        return self.code == 421  # noqa: PLR2004 - the digits are the meaning

    def encode(self) -> bytes:
        """The octets for the wire; a text of several lines, or a long one, takes the multi-line form (RFC 5321 4.2.1)."""
        status = f"{self.enhanced} " if self.enhanced else ""
        width = LINE_MAXIMUM - len(f"{self.code} {status}\r\n")
        if _fits(self.text, width):
            return f"{self.code} {status}{self.text}\r\n".encode("ascii")
        lines = [piece for line in self.text.split("\n") for piece in _fit(line, width)]
        marks = ["-"] * (len(lines) - 1) + [" "]
        # RFC 2034 3: the status stands on every line
        return "".join(f"{self.code}{mark}{status}{line}\r\n" for mark, line in zip(marks, lines, strict=True)).encode("ascii")


def _fits(line: str, width: int) -> bool:
    return len(line) <= width and line.isascii() and line.isprintable()


def _fit(line: str, width: int) -> list[str]:
    printable = _NOT_PRINTABLE.sub("?", line)
    return [printable] if len(printable) <= width else textwrap.wrap(printable, width)
