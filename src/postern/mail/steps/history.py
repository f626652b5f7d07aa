"""Our own words and links, cut from what people quote (the footer of the mail they answer), in both directions.

A signed link acts for one side; quoted, it would reach the other. Only the thread's token stays, once, for it says where an
answer belongs (R9); our own footer says it again. The author's own words are never cut: between our rule and our token line
stands nothing of theirs.
"""

import base64
import binascii
import re
from dataclasses import replace
from urllib.parse import unquote

from postern.mail.letter import Draft, Passage
from postern.mail.marks import MARK, TOKEN_BEGINS
from postern.mail.quoting.own_words import OwnWords
from postern.mail.quoting.rows import edit_html, edit_text, rows_of_html, rows_of_text

_URL = re.compile(r"(?: ?<)?(https?(?::|%3a)(?:/|%2f)[^\s<>\"']*)>?", re.IGNORECASE)
_LINK = re.compile(r'<a\b[^<>]*\bhref="([^"]*)"[^<>]*>.*?</a>', re.DOTALL)
_EMPTY_PARAGRAPH = re.compile(r"<p\b[^<>]*>(?:\s|</?bdi>)*</p>\n?")
_OUR_FRAME = re.compile(r'\s*<div dir="auto">(.*)</div>\s*', re.DOTALL)
_DIV = re.compile(r"<(/?)div\b[^<>]*>")
_HYPHEN_CODE = re.compile(r"-([0-9a-f]{2})")  # how Proofpoint writes %3a
_BASE64 = re.compile(r"[a-z0-9+/_-]{24,2000}", re.IGNORECASE)
_BASE64_RUNS = 20  # of one address


def cut_own_words(draft: Draft, passage: Passage) -> Draft:
    """The step, for text and HTML."""
    letter = draft.letter
    text, html = letter.text, letter.html
    if text:
        text = cut_links(cut_footers(text, passage.thread_token), passage.public_url)
    if html:
        html = cut_html_links(cut_html_footers(html, passage.thread_token), passage.public_url)
    if (text, html) == (letter.text, letter.html):
        return draft
    return draft.but(replace(letter, text=text, html=html), "our own footer or links were cut from quoted text")


def cut_footers(text: str, token: str = "") -> str:
    """Text without our rules, the block above a quoted message, and the footer below it down to the token's line."""
    if not _may_be_ours(text):
        return text
    rows = rows_of_text(text)
    edits = OwnWords(rows, token).edits()
    return edit_text(text, rows, edits).strip("\n") if edits and not rows[edits[0].first].depth else edit_text(text, rows, edits)


def cut_html_footers(html: str, token: str = "") -> str:
    """The same for clean HTML. Tags stay where others may lean on them, our words go."""
    if not _may_be_ours(html):
        return html
    rows = rows_of_html(html)
    if edits := OwnWords(rows, token).edits():
        html = _EMPTY_PARAGRAPH.sub("", edit_html(html, rows, edits))
        html = _without_our_frame(html)
    return html


def _may_be_ours(source: str) -> bool:
    return MARK in source or TOKEN_BEGINS.search(source) is not None


def _without_our_frame(html: str) -> str:
    """A whole mail of ours sent in again is the author's HTML in the element that we put around it: one is enough."""
    frame = _OUR_FRAME.fullmatch(html)
    if frame is None:
        return html
    depth = 0
    for tag in _DIV.finditer(frame[1]):
        depth += -1 if tag[1] else 1
        if depth < 0:
            return html
    return frame[1] if depth == 0 else html


def cut_links(text: str, public_url: str) -> str:
    """Text without signed links of ours, also where another program wrapped them in a link of its own."""
    if not _may_lead_to_us(text, public_url):
        return text
    return _URL.sub(lambda url: _kept(url, public_url), text)


def _kept(url: re.Match[str], public_url: str) -> str:
    """Nothing of a signed link, with the brackets that a program put around it; any other as it is."""
    if not is_signed_link(url[1], public_url):
        return url[0]
    return ">" if url[0].endswith(">") and "<" not in url[0] else ""  # that one belongs to a tag


def cut_html_links(html: str, public_url: str) -> str:
    """Clean HTML without signed links of ours, in references and in words."""
    if not _may_lead_to_us(html, public_url):
        return html
    html = _LINK.sub(lambda link: "" if is_signed_link(link[1], public_url) else link[0], html)
    return cut_links(html, public_url)


def _may_lead_to_us(source: str, public_url: str) -> bool:
    """A quick look. The host alone: no program that wraps links changes how it is spelled, but for those that hide it whole."""
    lower = source.lower()
    return _host(public_url) in lower or "sophos" in lower


def is_signed_link(url: str, public_url: str) -> bool:
    """Whether a link of ours stands anywhere in this URL, as it is or as a program wrapped it: Outlook and most others with
    percent signs, Proofpoint with hyphens, Sophos in base64, Mimecast behind a name that keeps the host alone.
    """
    wanted = _without_scheme(public_url).rstrip("/") + "/m/"
    host = _host(public_url)
    spelled = url.lower()
    for _ in range(3):
        if wanted in spelled:
            return True
        spelled = unquote(spelled)
    if "proofpoint" in spelled and wanted in _HYPHEN_CODE.sub(lambda code: chr(int(code[1], 16)), spelled.replace("_", "/")):
        return True
    if "mimecast" in spelled and f"domain={host}" in spelled:
        return True
    return "sophos" in spelled and any(wanted in words for words in _in_base64(url))


def _in_base64(url: str) -> list[str]:
    found: list[str] = []
    for run in _BASE64.findall(url)[:_BASE64_RUNS]:
        whole = run[: len(run) // 4 * 4].replace("-", "+").replace("_", "/")
        try:
            found.append(base64.b64decode(whole).decode("latin-1").lower())
        except binascii.Error:  # the run has another alphabet's sign in it
            continue
    return found


def _without_scheme(url: str) -> str:
    return url.lower().partition("://")[2]


def _host(public_url: str) -> str:
    return re.split("[:/]", _without_scheme(public_url), maxsplit=1)[0]
