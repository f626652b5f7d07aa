"""A text or clean HTML as the rows that a reader sees, so that one rule recognises a quotation in both; and edits of whole rows.

Of HTML every tag stays that others may lean on; what leaves a row are its words, its links and what its tags say by the way.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape, unescape

from postern.mail.characters import INVISIBLE
from postern.mail.marks import TAG

ROWS_MAXIMUM = 20_000  # of one text; what stands below is left as it is
_QUOTE_MARKS = re.compile(r"[>\s|]*")
_UNSEEN = re.compile(f"[{INVISIBLE}]+")
_SPACES = re.compile(r"[ \t\n\u00a0\u2007\u202f]+")
_INLINE = "a|abbr|b|bdi|big|cite|code|del|dfn|em|font|i|img|ins|kbd|q|s|samp|small|span|strike|strong|sub|sup|td|th|tt|u|var|wbr"
_BREAK = re.compile(rf"<(/?)(?!(?:{_INLINE})\b)([a-z][a-z0-9]*)[^<>]*>")
_CELL = re.compile(r"<t[dh]\b")
_PIECE = re.compile(rf"({TAG.pattern})")
_FREE_TAG = re.compile(r"<(?:/?a\b|img\b)[^<>]*>")
_TITLE = re.compile(r'\s(?:title|alt)="[^"]*"')


@dataclass(slots=True)
class Row:
    """One line: how deep it is quoted, its words without marks and invisible letters, and where it stands in the source."""

    depth: int
    words: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Edit:
    """What becomes of the rows from ``first`` to before ``last``: other words in place of the first, or nothing."""

    first: int
    last: int
    words: str | None = None


def rows_of_text(text: str) -> list[Row]:
    """The lines of a text, as many as are looked at."""
    rows: list[Row] = []
    position = 0
    for line in text.split("\n", ROWS_MAXIMUM)[:ROWS_MAXIMUM]:
        depth, words = _peel(line)
        rows.append(Row(depth, words, position, position + len(line)))
        position += len(line) + 1
    return rows


def _peel(line: str) -> tuple[int, str]:
    """How deep a line is quoted, and its words."""
    if not line.isascii():
        line = _UNSEEN.sub("", line)
    if line[:1] not in "> |\t\n\u00a0":
        return 0, line.rstrip()
    marks = _QUOTE_MARKS.match(line)
    end = marks.end() if marks else 0
    return line.count(">", 0, end), line[end:].rstrip()


def rows_of_html(html: str) -> list[Row]:
    """The lines that clean HTML shows. Of empty ones there is one between two others at most."""
    rows: list[Row] = []
    position = depth = pre_depth = 0
    for tag in _BREAK.finditer(html):
        _add_rows(rows, html, position, tag.start(), depth, preformatted=pre_depth > 0)
        step = -1 if tag[1] else 1
        if tag[2] == "blockquote":
            depth = max(0, depth + step)
        elif tag[2] == "pre":
            pre_depth = max(0, pre_depth + step)
        position = tag.end()
        if len(rows) >= ROWS_MAXIMUM:
            return rows
    _add_rows(rows, html, position, len(html), depth, preformatted=pre_depth > 0)
    return rows


def _add_rows(rows: list[Row], html: str, start: int, end: int, depth: int, *, preformatted: bool) -> None:
    """What stands between two tags that break a line: one row, or as many as preformatted lines."""
    for line in html[start:end].split("\n") if preformatted else (html[start:end],):
        marks, words = _peel(_shown(line)) if line else (0, "")
        if words or not rows or rows[-1].words:
            rows.append(Row(depth + marks, words, start, start + len(line)))
        start += len(line) + 1


def _shown(html: str) -> str:
    """The words of a piece of HTML."""
    if "<" in html:
        html = TAG.sub("", _CELL.sub(" <td", html))
    if "&" in html:
        html = unescape(html)
    return _SPACES.sub(" ", html)


def edit_text(text: str, rows: Sequence[Row], edits: Iterable[Edit]) -> str:
    """The text with these edits, which are in order and do not touch. New words stand behind the old quote marks."""
    pieces: list[str] = []
    position = 0
    for edit in edits:
        first, last = rows[edit.first], rows[edit.last - 1]
        pieces.append(text[position : first.start])
        if edit.words is None:
            position = min(last.end + 1, len(text))
        else:
            marks = _QUOTE_MARKS.match(text, first.start, first.end)
            pieces.append((marks[0] if marks else "") + edit.words)
            position = last.end
    return "".join((*pieces, text[position:]))


def edit_html(html: str, rows: Sequence[Row], edits: Iterable[Edit]) -> str:
    """The same for clean HTML."""
    pieces: list[str] = []
    position = 0
    for edit in edits:
        for number in range(edit.first, edit.last):
            row = rows[number]
            pieces.append(html[position : row.start])
            words = escape(edit.words, quote=False) if edit.words is not None and number == edit.first else ""
            pieces.append(_emptied(html[row.start : row.end], words))
            position = row.end
            if not words and html.startswith("<br>", position):
                position += len("<br>")
    return "".join((*pieces, html[position:]))


def _emptied(html: str, words: str) -> str:
    """A row with these words in place of its own, and its tags without links and titles."""
    pieces: list[str] = []
    for number, piece in enumerate(_PIECE.split(html)):
        if number % 2:
            pieces.append("" if _FREE_TAG.match(piece) else _TITLE.sub("", piece))
        elif piece.strip():
            pieces.append(words)
            words = ""
    return "".join(pieces)
