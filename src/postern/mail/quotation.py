"""What is new in a mail and what is quoted: for the pages, which fold history away, and for reading what the author names now.

It cuts nothing out of a letter; it only sorts its lines. Where it is not sure, a line is new: a quoted line too many is a
nuisance, an answer that nobody sees is a loss. One pass, linear, whatever the text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from postern.mail.marks import BEGIN_LINE, END_LINE, MARK, TOKEN_BEGINS
from postern.mail.quoting.devices import signs_off
from postern.mail.quoting.header_block import HeaderBlock, is_rule
from postern.mail.quoting.history import Heading, find_headings
from postern.mail.quoting.own_words import OwnWords
from postern.mail.quoting.rows import Row, rows_of_text

EXAMINED_MAXIMUM = 64_000  # characters; below them only quote marks count
_SIGNATURE_ROWS = 15
_SIGNATURE = re.compile("--")
_NEAR = 8  # rows in which what is quoted must begin


@dataclass(frozen=True, slots=True)
class Reply:
    """A text in three: every line of it that has words is in one of them, in order. An empty signature is none."""

    new: str = field(repr=False)
    quoted: str = field(repr=False)
    signature: str = field(default="", repr=False)


def cut(text: str) -> Reply:
    """Sort the lines of this text."""
    lines = text.split("\n")
    rows = rows_of_text(_examined(text))
    kinds = sort_rows(rows)
    goes_on = kinds[-1] == "quoted" and not rows[-1].depth
    kinds += ["quoted" if goes_on or line.lstrip().startswith(">") else "new" for line in lines[len(rows) :]]
    return Reply(*("\n".join(_trimmed(_of(lines, kinds, kind))) for kind in ("new", "quoted", "signature")))


def _examined(text: str) -> str:
    """The first lines of a text that is too long, whole."""
    if len(text) <= EXAMINED_MAXIMUM:
        return text
    end = text.rfind("\n", 0, EXAMINED_MAXIMUM)
    return text[: end if end >= 0 else EXAMINED_MAXIMUM]


def _of(lines: Sequence[str], kinds: Sequence[str], kind: str) -> list[str]:
    return [line for line, one in zip(lines, kinds, strict=True) if one == kind]


def _trimmed(lines: list[str]) -> list[str]:
    """Lines without the empty ones before and behind."""
    first, last = 0, len(lines)
    while first < last and not lines[first].strip():
        first += 1
    while last > first and not lines[last - 1].strip():
        last -= 1
    return lines[first:last]


def sort_rows(rows: Sequence[Row]) -> list[str]:
    """``new``, ``quoted`` or ``signature`` for each row."""
    kinds = ["quoted" if row.depth else "new" for row in rows]
    for heading in find_headings(rows):
        first = _with_rule(heading, rows)
        last = len(rows) if _begins_history(heading, rows) else heading.last
        kinds[first:last] = ["quoted"] * (last - first)
        if last == len(rows):
            break
    for number in _unmarked_mail_of_ours(rows, kinds):
        kinds[number] = "quoted"
    _join_gaps(rows, kinds)
    _take_signature(rows, kinds)
    return kinds


def _begins_history(heading: Heading, rows: Sequence[Row]) -> bool:
    """Whether all below this heading is history, though no marks say so."""
    following = next((row for row in rows[heading.last : heading.last + _NEAR] if row.words), None)
    if rows[heading.first].depth or (following and following.depth):
        return False
    return isinstance(heading, HeaderBlock) or heading.certain


def _with_rule(heading: Heading, rows: Sequence[Row]) -> int:
    """The first row of a heading, with a rule right above it."""
    for number in range(heading.first - 1, max(-1, heading.first - 3), -1):
        if rows[number].words:
            return number if is_rule(rows[number].words) else heading.first
    return heading.first


def _unmarked_mail_of_ours(rows: Sequence[Row], kinds: Sequence[str]) -> range:
    """The rows of a mail that we sent and that is quoted without marks: our sentence or the rule above a message, and the rule
    below it. It goes on to the end, or to its token where the author answers below it.
    """
    start = _start_of_ours(rows)
    if start is None:
        return range(0)
    if not any(kind == "new" and row.words for kind, row in zip(kinds[:start], rows, strict=False)):
        for number in range(start, len(rows)):
            if TOKEN_BEGINS.search(rows[number].words):
                return range(start, number + 1)
    return range(start, len(rows))


def _start_of_ours(rows: Sequence[Row]) -> int | None:
    if not any(MARK in row.words for row in rows):
        return None
    own = OwnWords(rows)
    start: int | None = None
    for number, row in enumerate(rows):
        if row.depth:
            continue
        if END_LINE.search(row.words):
            if start is not None:
                return start
        elif start is None and (own.introduction_at(number) or BEGIN_LINE.search(row.words)):
            start = number
    return None


def _join_gaps(rows: Sequence[Row], kinds: list[str]) -> None:
    """Empty rows inside what is quoted are quoted."""
    last = None
    for number, row in enumerate(rows):
        if not row.words and not row.depth:
            continue
        if last is not None and kinds[last] == kinds[number] == "quoted":
            kinds[last:number] = ["quoted"] * (number - last)
        last = number


def _take_signature(rows: Sequence[Row], kinds: list[str]) -> None:
    """The last lines that are new: below ``-- ``, or what a telephone signs with."""
    new = [number for number, kind in enumerate(kinds) if kind == "new" and rows[number].words]
    while new and signs_off(rows[new[-1]].words):
        kinds[new.pop()] = "signature"
    for number in reversed(new[-_SIGNATURE_ROWS:]):
        if _SIGNATURE.fullmatch(rows[number].words):
            for below in range(number, new[-1] + 1):
                if kinds[below] == "new":
                    kinds[below] = "signature"
            return
