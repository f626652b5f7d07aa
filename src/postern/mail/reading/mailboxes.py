"""Address lists (RFC 5322 3.4): groups, comments, quoted strings, encoded words in names.

Who wrote a mail must be certain, so whatever two programs could read in two ways is reported as a mailbox without an address,
and a second mailbox is never passed over.
"""

import re
from dataclasses import dataclass, field

from postern.errors import AddressError
from postern.mail.characters import one_line
from postern.mail.letter import Mailbox
from postern.mail.reading.encoded_words import decode_words
from postern.model.address import Address

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[()<>,;:]|\\.|[^"()<>,;:\\]+|\\', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def read_mailboxes(text: str, maximum: int) -> tuple[Mailbox, ...]:
    """The mailboxes of one field, at most ``maximum``."""
    scan = _Scan()
    depth = 0
    for token in _TOKEN.findall(text):
        if token == "(":
            depth += 1
            scan.phrase.append(" ")
        elif token == ")" and depth:
            depth -= 1
        elif depth:
            scan.comment.append(token)
        else:
            scan.take(token)
        if len(scan.found) >= maximum:
            return tuple(scan.found[:maximum])
    scan.finish()
    return tuple(scan.found[:maximum])


@dataclass(slots=True)
class _Scan:
    """Where the reading of a list stands: the words of the mailbox at hand, and the mailboxes found."""

    found: list[Mailbox] = field(default_factory=list)
    phrase: list[str] = field(default_factory=list)
    comment: list[str] = field(default_factory=list)
    angle: list[str] | None = None
    inside: bool = False

    def take(self, token: str) -> None:
        if token == "<":
            if self.angle is not None:
                self.finish()
            self.angle, self.inside = [], True
        elif token == ">" and self.inside:
            self.inside = False
        elif self.inside and self.angle is not None:
            self.angle.append(token)
        elif token in {",", ";"}:
            self.finish()
        elif token == ":" and self.angle is None:
            self.phrase.clear()  # the name of a group
        else:
            self._take_word(token)

    def _take_word(self, token: str) -> None:
        if self.angle is not None and token.strip():
            self.finish()  # text after <ann@mail.test>: a second mailbox, perhaps
        self.phrase.append(token)

    def finish(self) -> None:
        """Close the mailbox at hand."""
        words = "".join(self.phrase).strip()
        if self.angle is not None:
            address = None if self.inside else _address("".join(self.angle).strip())  # <ann@mail.test, and whatever follows
            self.found.append(Mailbox(_display(self.phrase), address))
        elif words:
            self.found.append(Mailbox(_display(self.comment), _address(words)))
        self.phrase, self.comment, self.angle, self.inside = [], [], None, False


def _address(text: str) -> Address | None:
    try:
        return Address.parse(text)
    except AddressError:
        return None


def _display(tokens: list[str]) -> str:
    words = (_ESCAPED.sub(r"\1", token[1:].removesuffix('"')) if token.startswith('"') else token for token in tokens)
    return one_line(decode_words("".join(words)))
