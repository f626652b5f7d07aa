"""The header of a mail or of a part, as a list of fields (RFC 5322 2.2), found in one pass over the octets.

Line ends are LF here. It refuses to guess: a line that is no field ends the header, as every mail program reads it, and is noted.
"""

import re
from dataclasses import dataclass

from postern.mail.reading.charsets import by_evidence
from postern.model.limits import Limits

_FIELD = re.compile(rb"([!-9;-~]+)([ \t]*):([^\n]*(?:\n[ \t][^\n]*)*)\n?")
_BEGINS_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
_ENVELOPE_LINE = re.compile(rb">?From [^\n]*\n")


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name in lower case, its raw value with the folds still in."""

    name: str
    octets: bytes

    def text(self) -> str:
        """The value unfolded (RFC 5322 2.2.3), without NUL, eight-bit octets read by evidence, encoded words not yet decoded."""
        value = self.octets.translate(None, b"\n\x00")
        return (value.decode("ascii") if value.isascii() else by_evidence(value)).strip(" \t")


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """The fields in order, where the body begins, and what was wrong. ``unreadable`` is a sentence once a maximum is passed."""

    fields: tuple[Field, ...]
    body_at: int
    defects: tuple[str, ...] = ()
    unreadable: str = ""

    def first(self, name: str) -> str:
        """The value of the first field of this name, or nothing."""
        for field in self.fields:
            if field.name == name:
                return field.text()
        return ""

    def all(self, name: str) -> tuple[str, ...]:
        """The values of every field of this name, in order."""
        return tuple([field.text() for field in self.fields if field.name == name])


def split(octets: bytes, start: int, end: int, limits: Limits) -> HeaderBlock:
    """Read the fields from ``start`` on, to the empty line or to ``end``."""
    fields: list[Field] = []
    defects: list[str] = []
    position = start
    if envelope_line := _ENVELOPE_LINE.match(octets, start, end):  # left by programs that keep mails in mbox files
        defects.append("an mbox line stands before the header")
        position = envelope_line.end()
    reach = min(end, start + limits.header_block + 1)  # so that one endless field is not looked at to its end
    while match := _FIELD.match(octets, position, reach):
        position = match.end()
        if match[2]:
            defects.append("a field name is followed by a space")
        if len(match[3]) > limits.header_field:
            defects.append("a header field is too long")
        fields.append(Field(match[1].decode("ascii").lower(), match[3][: limits.header_field]))
        if position - start > limits.header_block or len(fields) > limits.header_fields:
            return HeaderBlock(tuple(fields), end, tuple(defects), _too_big(limits))
    if position < end and octets[position] == ord("\n"):
        return HeaderBlock(tuple(fields), position + 1, tuple(defects))
    if reach < end and _BEGINS_FIELD.match(octets, position, end):
        return HeaderBlock(tuple(fields), end, tuple(defects), _too_big(limits))
    defects.append("the header has no end")
    return HeaderBlock(tuple(fields), position, tuple(defects))


def _too_big(limits: Limits) -> str:
    return f"The header of this mail is larger than {limits.header_block} bytes or {limits.header_fields} fields."
