"""A text or clean HTML as the rows that a reader sees, so that one rule recognises a quotation in both; and edits of whole rows.

Of HTML every tag stays that others may lean on; what leaves a row are its words, its links and what its tags say by the way.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape, unescape

from postern.mail.characters import INVISIBLE
from postern.mail.marks import TAG

_QUOTE_MARKS = re.compile(r"[>\s|]*")
_UNSEEN = re.compile(f"[{INVISIBLE}]+")
_SPACES = re.compile(r"[ \t\n\u00a0\u2007\u202f]+")
_PIECE = re.compile(rf"({TAG.pattern})")
_NAME = re.compile(r"<(/?)([a-z0-9]+)")
_FREE_TAG = re.compile(r"<(?:/?a\b|img\b)[^<>]*>")
_TITLE = re.compile(r'\s(?:title|alt)="[^"]*"')
_INLINE_NAMES = (
    "a abbr b bdi big cite code del dfn em font i img ins kbd q s samp small span strike strong sub sup td th tt u var wbr"
)
_INLINE = frozenset(_INLINE_NAMES.split())


@dataclass(slots=True)
class Row:
    """One line: how deep it is quoted, its words without marks and invisible letters, and where it stands in the source."""

    depth: int
    words: str
    start: int
    end: int
    spans: list[tuple[int, int]] = field(default_factory=list)
    """Of HTML: where its words are."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What becomes of the rows from ``first`` to before ``last``: other words in place of the first, or nothing."""

    first: int
    last: int
    words: str | None = None


def rows_of_text(text: str) -> list[Row]:
    """The lines of a text."""
    rows: list[Row] = []
    position = 0
    for line in text.split("\n"):
        depth, words = _peel(line)
        rows.append(Row(depth, words, position, position + len(line)))
        position += len(line) + 1
    return rows


def depth_of(line: str) -> int:
    """How deep a line of text is quoted."""
    return _peel(line)[0]


def _peel(line: str) -> tuple[int, str]:
    """The depth of a line, and its words."""
    if not line.isascii():
        line = _UNSEEN.sub("", line)
    marks = _QUOTE_MARKS.match(line)
    if marks is None:
        return 0, line.strip()
    return marks[0].count(">"), line[marks.end() :].rstrip()


class _Page:
    """Rows of HTML as they come."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.depth = 0
        self.pre_depth = 0
        self.words: list[str] = []
        self.spans: list[tuple[int, int]] = []
        self.start = 0

    def say(self, html: str, start: int) -> None:
        if not self.pre_depth or "\n" not in html:
            self.words.append(html)
            self.spans.append((start, start + len(html)))
            return
        for number, line in enumerate(html.split("\n")):
            if number:
                self.end(start - 1, start)
            self.words.append(line)
            self.spans.append((start, start + len(line)))
            start += len(line) + 1

    def end(self, end: int, next_start: int) -> None:
        words = "".join(self.words)
        shown = _SPACES.sub(" ", unescape(words))
        depth, plain = _peel(shown)
        self.rows.append(Row(self.depth + depth, plain, self.start, end, self.spans))
        self.words, self.spans, self.start = [], [], next_start

    def take_tag(self, tag: str, start: int, end: int) -> None:
        match = _NAME.match(tag)
        closes, name = (match[1], match[2]) if match else ("", "")
        if name in _INLINE:
            if name in {"td", "th"}:
                self.words.append(" ")
            return
        self.end(start, end)
        step = -1 if closes else 1
        if name == "blockquote":
            self.depth = max(0, self.depth + step)
        elif name == "pre":
            self.pre_depth = max(0, self.pre_depth + step)


def rows_of_html(html: str) -> list[Row]:
    """The lines that clean HTML shows, empty ones included."""
    page = _Page()
    position = 0
    for number, piece in enumerate(_PIECE.split(html)):
        if number % 2:
            page.take_tag(piece, position, position + len(piece))
        elif piece:
            page.say(piece, position)
        position += len(piece)
    page.end(position, position)
    return page.rows


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
            pieces.append(_emptied(html, row, words))
            position = row.end
            if not words and html.startswith("<br>", position):
                position += len("<br>")
    return "".join((*pieces, html[position:]))


def _emptied(html: str, row: Row, words: str) -> str:
    """A row with these words in place of its own, and its tags without links and titles."""
    pieces: list[str] = []
    position = row.start
    for start, end in row.spans:
        pieces += (_bare(html[position:start]), words)
        words = ""
        position = end
    return "".join((*pieces, _bare(html[position : row.end])))


def _bare(tags: str) -> str:
    return _TITLE.sub("", _FREE_TAG.sub("", tags))
