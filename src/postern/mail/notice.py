"""A notice: a mail of the marketplace's own, at no-reply@ its mail domain, to one of its buyers or sellers (R30).

What it says is a list of paragraphs in the reader's language (``notices/`` holds the wording of each); here they become text and
HTML that say the same, with the header fields by which people, helpdesks and robots know a notice for what it is. It may answer
the reader's own mail, and be a failure report about it. It refuses to hold anything but what it is handed, and to link anywhere
but to a web page. To is added at each attempt, as for every mail.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape

from postern.language import DEFAULT_LANGUAGE, direction, say, spoken
from postern.mail import dsn, header_lines, threading, writer
from postern.mail.characters import one_line, said_line
from postern.mail.dsn import Failure, Original
from postern.mail.paragraphs import COLUMNS, isolated, marked_up, plain_words, width_of, wrap
from postern.mail.writer import Boundaries, Entity
from postern.model.notice import NoticeKind

LOCAL_PART = "no-reply"
_WEB = re.compile(r"https?://[^\s<>\"\x00-\x1f\x7f-\x9f]{1,2000}")
_SHEET = ' style="max-width:36em;font-family:sans-serif;line-height:1.5;overflow-wrap:anywhere"'
_HEADING = ' style="font-size:1.1em;margin:1.5em 0 0.5em"'
_LIST = ' style="padding-inline-start:1.25em"'
_SMALL = ' style="font-size:small"'


@dataclass(frozen=True, slots=True)
class Heading:
    """Above the paragraphs that belong together."""

    words: str


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence or two."""

    words: str


@dataclass(frozen=True, slots=True)
class Points:
    """A list, each of whose items stands for itself."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Particulars:
    """Names and values: which mail, which order. What somebody typed stands here."""

    rows: tuple[tuple[str, str], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Link:
    """Where to go on. Left out where the URL is no web page's."""

    words: str
    url: str


Paragraph = Heading | Text | Points | Particulars | Link


@dataclass(frozen=True, slots=True)
class Notice:
    """What is said, in ``language``, the reader's."""

    kind: NoticeKind
    language: str
    subject: str = field(repr=False)
    paragraphs: tuple[Paragraph, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who says it, and as which mail: ``message_id`` is our own, in angle brackets, ``hostname`` what we are called in SMTP."""

    marketplace_name: str
    mail_domain: str
    hostname: str
    message_id: str
    date: datetime


def compose_notice(
    notice: Notice,
    letterhead: Letterhead,
    original: Original | None = None,
    failure: Failure | None = None,
    boundaries: Boundaries = writer.fresh_boundary,
) -> bytes:
    """The mail. With the original it answers that mail of the reader's; with the failure too it is a report of it (RFC 3464).

    It travels with the null reverse-path (RFC 3464 2), so that a notice that fails makes no other.
    """
    body = _body(notice, letterhead, boundaries)
    if failure:
        if original is None:
            raise AssertionError("a report is about a mail")
        body = dsn.report(body, letterhead.hostname, original, failure, boundaries)
    return writer.assemble(tuple(_fields(notice, letterhead, original)), body)


def _fields(notice: Notice, letterhead: Letterhead, original: Original | None) -> Iterator[bytes]:
    yield header_lines.mailbox("From", letterhead.marketplace_name, f"{LOCAL_PART}@{letterhead.mail_domain}")
    yield header_lines.unstructured("Subject", notice.subject)
    yield header_lines.date("Date", letterhead.date)
    yield header_lines.identifiers("Message-ID", [letterhead.message_id])
    if original and (answered := threading.first_id([original.message_id])):
        yield header_lines.identifiers("In-Reply-To", [answered])
        yield header_lines.identifiers("References", [answered])
    # RFC 3834 5; bulk for robots older than that (3.1.8), and Exchange knows its own field alone.
    yield b"Auto-Submitted: auto-replied\r\n" if original else b"Auto-Submitted: auto-generated\r\n"
    yield b"Precedence: bulk\r\n"
    yield b"X-Auto-Response-Suppress: All\r\n"
    yield header_lines.plain("X-Postern-Notice", notice.kind)


def _body(notice: Notice, letterhead: Letterhead, boundaries: Boundaries) -> Entity:
    paragraphs = tuple(one for one in notice.paragraphs if not isinstance(one, Link) or _WEB.fullmatch(one.url))
    footer = say(
        notice.language,
        "This notice was sent automatically by {marketplace}. Answers to it are not read.",
        marketplace=one_line(letterhead.marketplace_name),
    )
    text = writer.text_part("plain", _text_of(paragraphs, footer))
    rich = writer.text_part("html", _html_of(notice, paragraphs, footer))
    return writer.multipart("alternative", (text, rich), boundaries)


def _text_of(paragraphs: Sequence[Paragraph], footer: str) -> str:
    blocks = [*map(_paragraph_text, paragraphs), _wrapped(footer)]
    return "\n\n".join(blocks) + "\n"


def _paragraph_text(paragraph: Paragraph) -> str:
    match paragraph:
        case Heading(words):
            row = plain_words(said_line(words))
            return f"{row}\n{'-' * min(width_of(row), COLUMNS)}"
        case Points(items):
            return "\n".join(_wrapped(item, "* ", "  ") for item in items)
        case Particulars(rows):
            return "\n".join(_wrapped(f"{name}: {isolated(value)}", "  ", "    ") for name, value in rows)
        case Link(words, url):
            return f"{_wrapped(words)}:\n{url}"
        case Text(words):
            return _wrapped(words)


def _wrapped(words: str, first: str = "", others: str = "") -> str:
    return wrap(plain_words(said_line(words)), first, others)


def _html_of(notice: Notice, paragraphs: Sequence[Paragraph], footer: str) -> str:
    """No colours and no images: the reader's program knows whether it is dark."""
    language, reading = escape(spoken(notice.language) or DEFAULT_LANGUAGE), direction(notice.language)
    pieces = [
        "<!DOCTYPE html>",
        f'<html lang="{language}" dir="{reading}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">',
        f"<title>{escape(one_line(notice.subject))}</title></head><body>",
        f'<div lang="{language}" dir="{reading}"{_SHEET}>',  # web mail programs keep what stands in the body alone
        *map(_paragraph_html, paragraphs),
        f"<p{_SMALL}>{_marked(footer)}</p>",
        "</div></body></html>",
    ]
    return "\n".join(pieces) + "\n"


def _paragraph_html(paragraph: Paragraph) -> str:
    match paragraph:
        case Heading(words):
            return f"<h2{_HEADING}>{_marked(words)}</h2>"
        case Points(items):
            return f"<ul{_LIST}>\n" + "\n".join(f"<li>{_marked(item)}</li>" for item in items) + "\n</ul>"
        case Particulars(rows):
            return (
                "<p>" + "<br>\n".join(f"{_marked(name)}: <bdi>{escape(one_line(value))}</bdi>" for name, value in rows) + "</p>"
            )
        case Link(words, url):
            return f'<p><a href="{escape(url)}">{_marked(words)}</a></p>'
        case Text(words):
            return f"<p>{_marked(words)}</p>"


def _marked(words: str) -> str:
    return marked_up(said_line(words))
