"""Paragraphs of our own, in mails between people and in notices: each as text of 72 columns and as HTML.

No images and no colours, so that nothing fails on a dark screen; no width, so that nothing is cut off on a telephone. What comes
from somebody else (a name, an order, a title) stands *isolated* in our sentence: its direction of reading is its own, and neither
turns the other around.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from html import escape

from postern.language import DEFAULT_LANGUAGE, direction, spoken
from postern.mail.characters import one_line

COLUMNS = 72
SMALL = "font-size:small"

_FSI, _PDI = "\u2068", "\u2069"  # first strong isolate, pop directional isolate (Unicode UAX 9, 2.4)
_FROM_THE_RIGHT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")

# Chinese and Japanese may be broken after any letter, but no line begins with what closes a clause (JIS X 4051).
_IDEOGRAPH = "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_CLOSES = "\u3001\u3002\u3009\u300b\u300d\u300f\u3011\u3015\uff01\uff09\uff0c\uff0e\uff1a\uff1b\uff1f\u30fc"
_GAP = "[^\\S\u00a0\u202f]"  # a space that does not break is none
_PIECE = re.compile(rf"({_GAP}*)([{_IDEOGRAPH}][{_CLOSES}]*|(?:[\S\u00a0\u202f](?<![{_IDEOGRAPH}]))+)")


@dataclass(frozen=True, slots=True)
class Line:
    """One thing we say: words, and perhaps where they lead."""

    words: str
    link: str = ""


def isolated(foreign: str) -> str:
    """Words of somebody else, on one line, ready to stand in a sentence of ours."""
    return f"{_FSI}{words}{_PDI}" if (words := one_line(foreign)) else ""


def plain_words(words: str) -> str:
    """Words for a text: isolates only where something is read from the right; elsewhere old programs show boxes for them."""
    bare = words.replace(_FSI, "").replace(_PDI, "")
    return bare if bare.isascii() or not _FROM_THE_RIGHT.search(bare) else words


def marked_up(words: str) -> str:
    """The same words for HTML, where an isolate is an element of its own."""
    return escape(words).replace(_FSI, "<bdi>").replace(_PDI, "</bdi>")


def text_of(line: Line) -> str:
    """One paragraph as text; a link on a line of its own, never broken."""
    return f"{plain_words(line.words)}:\n{line.link}" if line.link else _rows_of(line.words)


@lru_cache(maxsize=256)  # our own sentences, ever the same
def _rows_of(words: str) -> str:
    return wrap(plain_words(words))


def html_of(line: Line) -> str:
    """One paragraph as HTML, without the element around it."""
    return f'<a href="{escape(line.link)}">{marked_up(line.words)}</a>' if line.link else marked_up(line.words)


def paragraph(markup: str, *, centred: bool = False) -> str:
    """Markup of ours as a small paragraph, read as its words are: a sentence that is not translated yet stays readable."""
    return f'<p dir="auto" style="{SMALL}{";text-align:center" if centred else ""}">{markup}</p>'


def page(language: str, title: str, pieces: Iterable[str]) -> str:
    """A whole HTML document in this language."""
    return "\n".join(
        (
            "<!DOCTYPE html>",
            f'<html lang="{spoken(language) or DEFAULT_LANGUAGE}" dir="{direction(language)}"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">',
            f"<title>{escape(title)}</title>",
            "<style>body{font-family:system-ui,sans-serif;overflow-wrap:break-word}img{max-width:100%;height:auto}</style>",
            "</head><body>",
            *pieces,
            "</body></html>\n",
        )
    )


def wrap(words: str, first: str = "", others: str = "") -> str:
    """Words in rows of at most 72 columns, which begin so; a single word that is longer stays whole."""
    if words.isascii() and len(first) + len(words) <= COLUMNS:
        return first + " ".join(words.split())
    rows: list[str] = []
    room = 0
    for gap, piece in _PIECE.findall(words):
        width = width_of(piece)
        if rows and bool(gap) + width <= room:
            rows[-1] += " " * bool(gap) + piece
            room -= bool(gap) + width
        else:
            rows.append((others if rows else first) + piece)
            room = COLUMNS - len(others if rows[1:] else first) - width
    return "\n".join(rows)


def width_of(piece: str) -> int:
    """Columns on a terminal: a letter of the Far East takes two, an isolate and an accent none."""
    if piece.isascii():
        return len(piece)
    return sum(_columns(letter) for letter in piece)


def _columns(letter: str) -> int:
    if unicodedata.category(letter) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
