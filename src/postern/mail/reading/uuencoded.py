"""Files that stand uuencoded in the middle of a text, as programs wrote them before MIME, and some still do.

Many mail programs show such a file as an attachment, so it is one. A text that merely says ``begin`` stays a text.
"""

import binascii
import re
from contextlib import suppress
from dataclasses import dataclass

_BEGIN = re.compile(rb"^begin [0-7]{3,4} ([^\n]{1,300})\n(?=[ -`]{2,90}\n)", re.MULTILINE)  # a row must follow
_NO_OCTETS = b"` "  # what begins a row of none
_LAST_ROWS = frozenset({b"`", b" ", b""})
_END_ROWS = frozenset({b"end"})
_ROW_MAXIMUM = 90  # octets; encoders write 61
_ROWS_MAXIMUM = 300_000  # in one text; of rows of 61 octets no mail has so many


@dataclass(frozen=True, slots=True)
class UuencodedFile:
    """A file found in a text: its name as it was written there, its octets."""

    name: bytes
    content: bytes


def take_out_files(octets: bytes, maximum: int) -> tuple[bytes, tuple[UuencodedFile, ...]]:
    """The text without the files in it, and the files, at most so many."""
    if b"begin " not in octets:
        return octets, ()
    octets = octets.replace(b"\r\n", b"\n")
    kept: list[bytes] = []
    files: list[UuencodedFile] = []
    kept_to = position = rows = 0
    while len(files) < maximum and rows < _ROWS_MAXIMUM and (begin := _BEGIN.search(octets, position)):
        content, position, read = _rows(octets, begin.end(), _ROWS_MAXIMUM - rows)
        rows += read
        if content:
            kept.append(octets[kept_to : begin.start()])
            files.append(UuencodedFile(begin[1].strip(), content))
            kept_to = position
    return b"".join((*kept, octets[kept_to:])), tuple(files)


def decode_uuencoded(octets: bytes) -> bytes | None:
    """The one file of a part that is uuencoded as a whole, or None if there is none."""
    _, files = take_out_files(octets, 1)
    return files[0].content if files else None


def _rows(octets: bytes, start: int, maximum: int) -> tuple[bytes, int, int]:
    """The octets of the rows from here on; where the file ends, with the lines that close it; how many rows it has. Half a row
    may be missing: some programs cut the spaces at its end, which stand for zeros.
    """
    decoded = bytearray()
    position = start
    count = 0
    with suppress(binascii.Error):  # a line of other letters is no row
        while count < maximum:
            line_end = octets.find(b"\n", position, position + _ROW_MAXIMUM)
            row = octets[position:line_end] if line_end >= 0 else octets[position : position + _ROW_MAXIMUM]
            if not row or row[0] in _NO_OCTETS or len(row) * 2 <= row[0] - 32:
                break
            decoded += binascii.a2b_uu(row)
            position = line_end + 1 if line_end >= 0 else len(octets)
            count += 1
    return bytes(decoded), _after_end(octets, position) if decoded else start, count


def _after_end(octets: bytes, position: int) -> int:
    """Behind the row of no octets and the line that says ``end``, as far as they are there."""
    for last in (_LAST_ROWS, _END_ROWS):
        line_end = octets.find(b"\n", position)
        line_end = line_end if line_end >= 0 else len(octets)
        if position < len(octets) and octets[position:line_end].rstrip() in last:
            position = min(line_end + 1, len(octets))
    return position
