"""What a next hop says, cut into answers (RFC 5321 4.2): octets go in, in pieces of any size, and whole answers come out.

A line ends in CR LF and in nothing else (2.3.8), every line of a reply has the same code (4.2.1), and line, lines and reply
have their maxima. It refuses to guess: at the first octets that are no reply it says so, and hears no more.
"""

import re

from postern.model.limits import Limits
from postern.smtp.answer import UNREADABLE, Answer

_LINE = re.compile(rb"(?P<code>[2-5][0-9]{2})(?:(?P<mark>[ -])(?P<text>[^\r\n]*))?")
_LONE = re.compile(rb"\r(?!\n|\Z)|(?<!\r)\n")
_END = b"\r\n"


class Hearing:
    """The replies of one connection."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._rest = b""  # not yet read: part of a line, or what nobody asked for
        self._lines: list[bytes] = []
        self._code = b""
        self._octets = 0
        self._is_over = False

    @property
    def is_between_replies(self) -> bool:
        """Whether everything that came was a whole answer that somebody waited for."""
        return not self._rest and not self._lines and not self._is_over

    def hear(self, octets: bytes, most: int) -> list[Answer]:
        """The answers that are whole now, so many at most; what follows stays unread. After ``UNREADABLE`` there is none."""
        if self._is_over:
            return []  # and nothing is kept of it
        self._rest += octets
        answers: list[Answer] = []
        start = 0
        while len(answers) < most and not self._is_over:
            end = self._rest.find(_END, start)
            answer = self._take_line(self._rest[start:end]) if end >= 0 else self._doubt(start)
            if answer is not None:
                answers.append(answer)
            if end < 0:
                break
            start = end + len(_END)
        self._rest = b"" if UNREADABLE in answers else self._rest[start:]
        return answers

    def _take_line(self, line: bytes) -> Answer | None:
        """The answer, if this is its last line."""
        self._octets += len(line) + len(_END)
        found = _LINE.fullmatch(line)
        if found is None or (self._lines and found["code"] != self._code) or self._is_too_long(line):
            return self._give_up()
        self._code = found["code"]
        self._lines.append((found["text"] or b"").strip())
        if found["mark"] == b"-":
            return None
        answer = Answer(int(self._code), b"\n".join(self._lines).decode("ascii", "replace"))
        self._lines, self._octets = [], 0
        return answer

    def _is_too_long(self, line: bytes) -> bool:
        limits = self._limits
        is_over = self._octets > limits.reply_size or len(self._lines) >= limits.reply_lines
        return is_over or len(line) + len(_END) > limits.reply_line

    def _doubt(self, start: int) -> Answer | None:
        """Whether the unfinished line can still become one."""
        unfinished = self._rest[start : start + self._limits.reply_line + 1]
        if len(unfinished) > self._limits.reply_line or _LONE.search(unfinished):
            return self._give_up()
        return None

    def _give_up(self) -> Answer:
        self._is_over = True
        return UNREADABLE
