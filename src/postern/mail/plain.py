"""Clean HTML to text, for people who read mails as text. It reads only what the markup step let through."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape

from postern.mail.marks import split_tags

_NAME = re.compile(r"</?([a-z0-9]+)")
_HREF = re.compile(r'\bhref="([^"]*)"')
_ALT = re.compile(r'\balt="([^"]*)"')
_SPACES = re.compile(r"[ \t\n]+")
_BLOCK_NAMES = "address blockquote caption center div dl dd dt hr li ol pre table tr ul"
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6"})
_QUOTE_DEPTH_MAXIMUM = 20


@dataclass(slots=True)
class _Page:
    """The lines written so far, the line at hand, and what is open."""

    lines: list[str] = field(default_factory=list)
    line: list[str] = field(default_factory=list)
    quote_depth: int = 0
    pre_depth: int = 0
    link: str = ""
    link_begins: int = 0

    def say(self, text: str) -> None:
        if self.pre_depth:
            first, *more = text.split("\n")
            self.line.append(first)
            for line in more:
                self.end_line(even_empty=True)
                self.line.append(line)
        elif words := _SPACES.sub(" ", text) if "\n" in text or "  " in text or "\t" in text else text:
            self.line.append(words if self.line else words.lstrip(" "))

    def end_line(self, *, even_empty: bool = False) -> None:
        if not self.line and not even_empty:
            return
        words = "".join(self.line).rstrip(" ")
        self.line.clear()
        if words or even_empty:
            self.lines.append(f"{self._marks()} {words}".rstrip(" ") if self.quote_depth else words)

    def end_paragraph(self) -> None:
        if self.line:
            self.end_line()
        if self.lines and (last := self.lines[-1]) and last.strip("> "):
            self.lines.append(self._marks() if self.quote_depth else "")

    def _marks(self) -> str:
        return ">" * min(self.quote_depth, _QUOTE_DEPTH_MAXIMUM)

    def quote(self, step: int) -> None:
        """Go into a quotation, or out of it; an empty line stands around it, none at its end."""
        while self.lines and self.lines[-1] and not self.lines[-1].strip("> "):
            self.lines.pop()
        if step > 0:
            self.end_paragraph()
        self.quote_depth = max(0, self.quote_depth + step)
        if step < 0:
            self.end_paragraph()

    def follow(self, href: str) -> None:
        """Where a link leads stands behind its words, unless they say it themselves."""
        self.link, self.link_begins = unescape(href), len(self.line)

    def end_link(self) -> None:
        words = "".join(self.line[self.link_begins :]).strip()
        target = self.link.removeprefix("mailto:").removeprefix("tel:")
        if target and target.rstrip("/") not in words and words.rstrip("/") not in target:
            self.line.append(f" <{target}>")
        self.link = ""


def plain(html: str) -> str:
    """The words of this HTML, one line a block, quotations marked as mail programs mark them."""
    page = _Page()
    pieces = split_tags(html)
    takers = {tag: _taker(tag) for tag in set(pieces[1::2])}  # few tags are written in many ways
    for number, piece in enumerate(pieces):
        if number % 2:
            if take := takers[piece]:
                take(page, piece)
        elif piece:
            page.say((unescape(piece) if "&" in piece else piece).replace("\u00a0", " "))
    page.end_line()
    return "\n".join(page.lines).strip("\n")


def _taker(tag: str) -> Callable[[_Page, str], None] | None:
    """What a tag does to the page, if anything."""
    match = _NAME.match(tag)
    name = match[1] if match else ""
    if name in _PARAGRAPHS:
        return _take_paragraph
    if name in _BLOCKS:
        return _take_block
    return _TAKERS.get(name)


def _take_paragraph(page: _Page, _tag: str) -> None:
    page.end_paragraph()


def _take_cell(page: _Page, tag: str) -> None:
    page.say(" " if tag.startswith("</") else "")


def _take_break(page: _Page, _tag: str) -> None:
    page.end_line(even_empty=True)


def _take_image(page: _Page, tag: str) -> None:
    page.say(_attribute(_ALT, tag))


def _take_link(page: _Page, tag: str) -> None:
    if tag.startswith("</"):
        page.end_link()
    else:
        page.follow(_attribute(_HREF, tag))


def _take_block(page: _Page, tag: str) -> None:
    page.end_line()
    match = _NAME.match(tag)
    name = match[1] if match else ""
    closes = tag.startswith("</")
    step = -1 if closes else 1
    if name == "blockquote":
        page.quote(step)
    elif name == "pre":
        page.pre_depth = max(0, page.pre_depth + step)
    elif name == "li" and not closes:
        page.line.append("- ")
    elif name == "hr":
        page.lines.append("-" * 8)


def _attribute(pattern: re.Pattern[str], tag: str) -> str:
    match = pattern.search(tag)
    return unescape(match[1]) if match else ""


_TAKERS = {"td": _take_cell, "th": _take_cell, "br": _take_break, "a": _take_link, "img": _take_image}
