"""Files that stand uuencoded in the middle of a text, as programs wrote them before MIME, and some still do.

Many mail programs show such a file as an attachment, so it is one. A text that merely says ``begin`` stays a text.
"""

import binascii
import re
from dataclasses import dataclass

_BEGIN = re.compile(rb"^begin [0-7]{3,4} ([^\n]{1,300})\n", re.MULTILINE)
_ROW = re.compile(rb"[ -`]{2,90}")
_LAST_ROWS = frozenset({b"`", b" ", b""})


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
    position = 0
    while len(files) < maximum and (begin := _BEGIN.search(octets, position)):
        content, end = _rows(octets, begin.end())
        if end > begin.end():
            kept.append(octets[position : begin.start()])
            files.append(UuencodedFile(begin[1].strip(), content))
        else:
            kept.append(octets[position : begin.end()])
        position = end
    kept.append(octets[position:])
    return b"".join(kept), tuple(files)


def decode_uuencoded(octets: bytes) -> bytes | None:
    """The one file of a part that is uuencoded as a whole, or None if there is none."""
    _, files = take_out_files(octets, 1)
    return files[0].content if files else None


def _rows(octets: bytes, start: int) -> tuple[bytes, int]:
    """The octets of the rows from here on, and where the file ends."""
    decoded: list[bytes] = []
    position = start
    while position < len(octets):
        line_end = octets.find(b"\n", position)
        line_end = line_end if line_end >= 0 else len(octets)
        row = octets[position:line_end]
        if row == b"end" or row.rstrip() in _LAST_ROWS:
            break
        content = _row(row)
        if content is None:
            return b"".join(decoded), position
        decoded.append(content)
        position = line_end + 1
    if not decoded:
        return b"", start
    return b"".join(decoded), _after_end(octets, position)


def _row(row: bytes) -> bytes | None:
    if not _ROW.fullmatch(row):
        return None
    octets = (row[0] - 32) & 63
    if len(row) - 1 < octets:  # spaces at its end were lost, and perhaps more
        row = row.ljust(1 + (octets + 2) // 3 * 4) if len(row) - 1 >= octets // 2 else b""
    try:
        return binascii.a2b_uu(row[: 1 + (octets + 2) // 3 * 4]) if row else None
    except binascii.Error:
        return None


def _after_end(octets: bytes, position: int) -> int:
    """Behind the row of no octets and the line that says ``end``, as far as they are there."""
    for last in (_LAST_ROWS, {b"end"}):
        line_end = octets.find(b"\n", position)
        line_end = line_end if line_end >= 0 else len(octets)
        if position < len(octets) and octets[position:line_end].rstrip() in last:
            position = min(line_end + 1, len(octets))
    return position
