"""HTML from a stranger, cleaned by a list of what is allowed: no scripts, no forms, nothing that is fetched from elsewhere.

Of images only those that travel in the mail itself remain; a remote one would tell its owner when, where and by whom it was
read. What the list does not name is gone, its words stay.
"""

import re
from collections import Counter
from dataclasses import replace
from functools import lru_cache
from html import unescape

import nh3

from postern.mail.letter import Draft, Passage
from postern.mail.links import clean_url, say_where_links_lead
from postern.mail.marks import TAG
from postern.mail.plain import plain

NESTING_MAXIMUM = 500  # the parser needs quadratic time for deeper HTML
_GROWTH_MAXIMUM = 2  # HTML's rules repeat unclosed tags; no mail becomes longer than so many times itself, and a little
_LITTLE = 10_000

_TEXT = (
    "a abbr address b bdi big blockquote br caption center cite code col colgroup dd del dfn div dl dt em font h1 h2 h3 h4 h5 h6"
    " hr i img ins kbd li ol p pre q s samp small span strike strong sub sup table tbody td tfoot th thead tr tt u ul var wbr"
)
_DROPPED_WITH_CONTENT = "head noembed noframes noscript script style template textarea title svg math iframe object"
_BOX = {"align", "valign", "width", "height", "bgcolor", "border", "cellpadding", "cellspacing", "colspan", "rowspan"}
_ATTRIBUTES = {
    "*": {"dir", "lang", "style", "title", "align"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "font": {"color", "face", "size"},
    "ol": {"start", "type"},
    "li": {"value"},
    **dict.fromkeys(("table", "tr", "td", "th", "col", "colgroup", "tbody", "thead", "tfoot"), _BOX),
}
# No property that takes url() is among them.
_STYLES = (
    "background-color border-bottom border-collapse border-left border-right border-spacing border-top border color direction"
    " display font-family font-size font-style font-weight height letter-spacing line-height margin margin-bottom margin-left"
    " margin-right margin-top max-width padding padding-bottom padding-left padding-right padding-top text-align"
    " text-decoration text-indent vertical-align white-space width word-break"
)
# url(), escapes that could spell it, comments, and negative lengths, which could push our own words out of sight. And what hides
# words: a reader sees all that a search sees.
_BAD_STYLE = re.compile(
    r"url|expression|image|var\(|\\|/\*|@|[:\s(]-\s*\.?[0-9]|display\s*:\s*none|font-size\s*:\s*(?:0+\.?0*|\.0+)(?:[a-z%;\s]|$)",
    re.IGNORECASE,
)
_SHORT_STYLE = 300
_IMAGE_WITHOUT_SOURCE = re.compile(r'<img(?![^<>]* src=")[^<>]*>')
_ALT = re.compile(r'\balt="([^"]*)"')
_EMPTY = "area base br col embed hr img input link meta source wbr"
_CLOSED_BY_THE_NEXT = "p li dt dd tr td th tbody thead tfoot"
_NEVER_DEEP = "|".join(f"{_EMPTY} {_CLOSED_BY_THE_NEXT}".split())
_NAME = re.compile(rf"<(/?)(?!(?:{_NEVER_DEEP})\b)([A-Za-z][A-Za-z0-9]*)", re.IGNORECASE)


def clean_markup(draft: Draft, _passage: Passage) -> Draft:
    """The step: the letter's HTML as the list allows it, or none if it is not to be trusted with a parser."""
    html = draft.letter.html
    if html is None:
        return draft
    cleaned = _clean(html)
    if html and not cleaned:
        return draft.but(replace(draft.letter, html=None, text=_words(draft, html)), "the HTML could not be read and is left out")
    shown, removed = _IMAGE_WITHOUT_SOURCE.subn(_alternative, cleaned) if "<img" in cleaned else (cleaned, 0)
    changes = ("remote images were removed",) if removed else ()
    return draft.but(replace(draft.letter, html=say_where_links_lead(shown)), *changes)


def words_of(html: str) -> str:
    """What this HTML shows as text, quotations marked: for those who look at a letter before it is rewritten."""
    cleaned = _clean(html)
    return plain(cleaned) if cleaned else unescape(TAG.sub(" ", html))


def _clean(html: str) -> str:
    """The HTML by the list; nothing where it is too deep, or would grow too much."""
    cleaned = "" if _is_too_deep(html) else _CLEANER.clean(html)
    return cleaned if len(cleaned) <= _GROWTH_MAXIMUM * len(html) + _LITTLE else ""


def _words(draft: Draft, html: str) -> str:
    """The text of a letter that loses its HTML."""
    return draft.letter.text if draft.letter.text is not None else unescape(TAG.sub(" ", html)).strip()


def _is_too_deep(html: str) -> bool:
    if html.count("<") - html.count("</") <= NESTING_MAXIMUM:  # quick, and true of nearly every mail
        return False
    open_tags: Counter[str] = Counter()
    for closes, name in _NAME.findall(html):
        tag = name.lower()
        open_tags[tag] = max(0, open_tags[tag] + (-1 if closes else 1))
    return open_tags.total() > NESTING_MAXIMUM


def _alternative(image: re.Match[str]) -> str:
    """The words that stand for an image; nothing for a tracking pixel, which has none."""
    alt = _ALT.search(image[0])
    return alt[1] if alt else ""


def _keep_attribute(tag: str, attribute: str, value: str) -> str | None:
    match attribute:
        case "style":
            return value if _is_good_style(value) else None
        case "src":
            return _without_angles(value) if tag == "img" and value[:4].lower() == "cid:" else None
        case "href":
            return _reference(value)
        case _:
            return _without_angles(value)


def _is_good_style(style: str) -> bool:
    """A page says the same few short styles a thousand times; a long one is not worth keeping in memory."""
    return _is_good_short_style(style) if len(style) <= _SHORT_STYLE else not _BAD_STYLE.search(style)


@lru_cache(maxsize=256)
def _is_good_short_style(style: str) -> bool:
    return not _BAD_STYLE.search(style)


def _reference(value: str) -> str | None:
    scheme = value.strip().partition(":")[0].lower()
    if scheme in {"http", "https"}:
        value = clean_url(value) or ""
    return None if scheme == "cid" or not value else _without_angles(value)


def _without_angles(value: str) -> str:
    """So that in clean HTML every angle bracket belongs to a tag."""
    return value.replace("<", "%3C").replace(">", "%3E") if "<" in value or ">" in value else value


_CLEANER = nh3.Cleaner(
    tags=set(_TEXT.split()),
    clean_content_tags=set(_DROPPED_WITH_CONTENT.split()),
    attributes=_ATTRIBUTES,
    attribute_filter=_keep_attribute,
    filter_style_properties=set(_STYLES.split()),
    url_schemes={"http", "https", "mailto", "tel", "cid"},
    link_rel="noopener noreferrer",
    url_relative="deny",
)
