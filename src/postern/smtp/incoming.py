"""Cuts what a client sends into command lines and mails, however the network cut it before.

It refuses to be lenient about ends. CR LF ends a command line and nothing else does; CR LF . CR LF ends a mail and nothing
else does. A server that also takes LF alone sees two mails where the relay before it saw one: that is how mails are smuggled.
What breaks the rule is still read to its true end, so that both sides go on agreeing where they are, and answered with a
refusal. All searching is done by ``find`` and ``count``, and no octet is searched again for each octet that follows.
"""

from postern.model.limits import Limits
from postern.smtp import wording
from postern.smtp.reply import Reply

_CR, _LF, _NUL = b"\r", b"\n", b"\0"
_CRLF = b"\r\n"
_END_OF_MAIL = b"\r\n.\r\n"  # RFC 5321 4.1.1.4


class Incoming:
    """The octets that came and are not dealt with. ``line()`` and ``mail()`` take the next whole one away."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._octets = bytearray()
        self._start = 0  # of what is not dealt with yet
        self._skipping = False  # inside a refused line, up to its CRLF
        self._searched = 0  # while a mail comes: up to here there is no end
        self._dropped = 0  # while a mail comes: octets of it that were thrown away because it is too large

    def __len__(self) -> int:
        return len(self._octets) - self._start

    def add(self, octets: bytes) -> None:
        """Take what the network brought, in pieces of any size."""
        self._octets += octets

    def clear(self) -> None:
        """Forget everything that came."""
        self._octets.clear()
        self._start = 0

    def release(self) -> None:
        """Give back the memory of what is dealt with: once for all that came together, so that it stays linear."""
        del self._octets[: self._start]
        self._searched -= self._start
        self._start = 0

    # Command lines

    def line(self) -> bytes | Reply | None:
        """The next command line without its CRLF, or the reply that refuses it, or None while it is incomplete.

        A line that is too long, or broken by a LF alone, is refused at that point; what follows up to the next CRLF belongs
        to it and is skipped (each further LF alone is refused again, so a client that knows only LF is told so, and counted).
        """
        if self._skipping:
            return self._skip()
        longest = self._start + self._limits.command_line
        end = self._octets.find(_LF, self._start, longest)
        if end >= 0:
            return self._cut_line(end)
        if len(self._octets) < longest:
            return None
        self._start = longest - 1  # the last octet stays: it may be the CR of the end
        self._skipping = True
        return wording.LINE_TOO_LONG

    def _cut_line(self, end: int) -> bytes | Reply:
        line = bytes(self._octets[self._start : end])
        self._start = end + 1
        if not line.endswith(_CR):
            self._skipping = True
            return wording.BARE_LINE_FEED
        line = line[:-1]
        return wording.BARE_RETURN if _CR in line else line

    def _skip(self) -> bytes | Reply | None:
        end = self._octets.find(_LF, self._start)
        if end < 0:
            self._start = max(self._start, len(self._octets) - 1)  # the last octet stays, as above
            return None
        ended = self._octets.startswith(_CR, max(self._start, end - 1))
        self._start = end + 1
        if not ended:
            return wording.BARE_LINE_FEED
        self._skipping = False
        return self.line()

    # Mails

    def begin_mail(self) -> None:
        """From here to the end of mail all is content, first of all what was sent behind DATA without waiting.

        The CRLF of the DATA line is stepped back over, for it is part of the end: a mail of no lines at all is a dot and
        CRLF (RFC 5321 4.1.1.4).
        """
        self._start -= len(_CRLF)
        self._searched = self._start
        self._dropped = 0

    def mail(self) -> bytes | Reply | None:
        """The mail as its author's program wrote it, or the reply that refuses it, or None until its end has come.

        ``ENDLESS`` comes before the end: the client sends more than twice what it may, and nothing after it can be read.
        """
        furthest = self._start + len(_CRLF) + 2 * self._limits.message_size - self._dropped
        end = self._octets.find(_END_OF_MAIL, self._searched, max(0, furthest))
        if end >= 0:
            return self._cut_mail(end)
        if len(self._octets) > furthest:
            return wording.ENDLESS
        self._drop_excess()
        self._searched = max(self._start, len(self._octets) - len(_END_OF_MAIL) + 1)
        return None

    def _drop_excess(self) -> None:
        """Let go of a mail that is certainly too large, but for the octets that its end may have begun with.

        An octet of dot-stuffing does not count as size (RFC 1870 5), and it stands with three others at least: more than
        four thirds of the limit is too large however it is stuffed.
        """
        if self._dropped or len(self) > self._limits.message_size * 4 // 3 + 2 * len(_END_OF_MAIL):
            excess = len(self) - len(_END_OF_MAIL) + 1
            del self._octets[self._start : self._start + excess]
            self._dropped += excess

    def _cut_mail(self, end: int) -> bytes | Reply:
        with memoryview(self._octets) as octets:
            stuffed = bytes(octets[self._start + len(_CRLF) : end + len(_CRLF)])
        self._start = end + len(_END_OF_MAIL)
        content = stuffed.removeprefix(b".").replace(b"\r\n.", _CRLF)  # RFC 5321 4.5.2
        if self._dropped or len(content) > self._limits.message_size:
            return wording.too_large(self._limits)
        return _refusal(content) or content


def _refusal(content: bytes) -> Reply | None:
    """What no mail may hold. There is a CR or LF alone exactly where there are more of them than of CRLF."""
    pairs = content.count(_CRLF)
    if content.count(_CR) != pairs or content.count(_LF) != pairs:
        return wording.BARE_IN_CONTENT  # RFC 5321 2.3.8
    if _NUL in content:
        return wording.NUL_IN_CONTENT  # RFC 2045 2.7, 2.8
    return None
