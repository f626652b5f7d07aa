"""Our own words and links, cut from what people quote (the footer of the mail they answer), in both directions.

A signed link acts for one side; quoted, it would reach the other. Only the thread's token stays, for it says where an answer
belongs (R9). The author's own words are never cut: between our rule and our token line stands nothing of theirs.
"""

import re
from dataclasses import replace
from urllib.parse import unquote

from postern.mail.letter import Draft, Passage
from postern.mail.marks import BEGIN_LINE, END_LINE, MARK, TOKEN_BEGINS

_QUOTE_MARKS = re.compile(r"[>\s|]*")
_FOOTER_LINES = 60  # our footer has fewer, even wrapped
_FOOTER_OCTETS = 20_000  # of HTML
_BLOCK_LINES = 30  # above a message: who wrote, which order
_URL = re.compile(r"https?(?::|%3a)(?:/|%2f)[^\s<>\"']*", re.IGNORECASE)
_LINK = re.compile(r'<a\b[^<>]*\bhref="([^"]*)"[^<>]*>.*?</a>', re.DOTALL)
_KEPT_TAG = re.compile(r"<(?!/?(?:a|br|hr|img)\b)[^<>]*>")
_EMPTY_PARAGRAPH = re.compile(r"<p\b[^<>]*>\s*</p>")


def cut_own_words(draft: Draft, passage: Passage) -> Draft:
    """The step, for text and HTML."""
    letter = draft.letter
    text, html = letter.text, letter.html
    if text:
        text = cut_links(cut_footers(text), passage.public_url)
    if html:
        html = cut_html_links(cut_html_footers(html), passage.public_url)
    if (text, html) == (letter.text, letter.html):
        return draft
    return draft.but(replace(letter, text=text, html=html), "our own footer or links were cut from quoted text")


def cut_footers(text: str) -> str:
    """Text without our rules, the block above a quoted message, and the footer below it down to the token's line."""
    if MARK not in text:
        return text
    kept: list[str] = []
    lines = text.split("\n")
    position = 0
    while position < len(lines):
        line = lines[position]
        position += 1
        if END_LINE.search(line):
            position = _token_after(lines, position)
        elif BEGIN_LINE.search(line):
            _drop_block(kept, _depth(line))
        else:
            kept.append(line)
    return "\n".join(kept)


def _token_after(lines: list[str], position: int) -> int:
    """The place of the token's line, if it is near; else only the rule goes."""
    for place in range(position, min(position + _FOOTER_LINES, len(lines))):
        if TOKEN_BEGINS.search(lines[place]):
            return place
    return position


def _drop_block(kept: list[str], depth: int) -> None:
    """Take back the lines above a quoted message that belong to the same quotation. Unquoted ones may be the author's."""
    if depth == 0:
        return
    start = len(kept)
    while start and _depth(kept[start - 1]) >= depth and len(kept) - start < _BLOCK_LINES:
        start -= 1
    if start == 0 or _depth(kept[start - 1]) < depth:
        del kept[start:]


def _depth(line: str) -> int:
    match = _QUOTE_MARKS.match(line)
    return match[0].count(">") + match[0].count("|") if match else 0


def cut_links(text: str, public_url: str) -> str:
    """Text without signed links of ours, also where another program wrapped them in a link of its own."""
    if _host(public_url) not in text.lower():
        return text
    return _URL.sub(lambda url: "" if is_signed_link(url[0], public_url) else url[0], text)


def is_signed_link(url: str, public_url: str) -> bool:
    """Whether a link of ours stands anywhere in this URL."""
    wanted = _without_scheme(public_url).rstrip("/") + "/m/"
    once = unquote(url).lower()
    return wanted in once or wanted in unquote(once)


def _without_scheme(url: str) -> str:
    return url.lower().partition("://")[2]


def _host(url: str) -> str:
    """The host alone: no program that wraps links changes how it is spelled."""
    return re.split("[:/]", _without_scheme(url), maxsplit=1)[0]


def cut_html_footers(html: str) -> str:
    """Clean HTML without our rules and footers. Their tags stay where others may lean on them, their words go."""
    if MARK not in html:
        return html
    pieces: list[str] = []
    position = 0
    while end := END_LINE.search(html, position):
        token = TOKEN_BEGINS.search(html, end.end(), end.end() + _FOOTER_OCTETS)
        pieces.append(html[position : end.start()])
        position = end.end()
        if token:
            words_begin = html.rfind(">", end.end(), token.start()) + 1
            position = max(position, words_begin)
            pieces += _KEPT_TAG.findall(html, end.end(), position)
    rest = BEGIN_LINE.sub("", "".join((*pieces, html[position:])))
    return _EMPTY_PARAGRAPH.sub("", rest)


def cut_html_links(html: str, public_url: str) -> str:
    """Clean HTML without signed links of ours, in references and in words."""
    if _host(public_url) not in html.lower():
        return html
    html = _LINK.sub(lambda link: "" if is_signed_link(link[1], public_url) else link[0], html)
    return cut_links(html, public_url)
