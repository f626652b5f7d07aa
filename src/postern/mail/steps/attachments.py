"""The files that travel on: plain text, PDF and raster images, by what they contain and not by what they are called.

All others are withheld, and the reader is told their names: nested mails, calendars, visiting cards, keys and signatures carry
their author's address; HTML, SVG and programs are dangerous; archives and office documents cannot be searched yet.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import replace

from postern.language import say
from postern.mail.letter import Attachment, Draft, Passage
from postern.mail.reading import charsets
from postern.mail.reading.file_names import extension_of

_KINDS: tuple[tuple[str, Callable[[bytes], bool], tuple[str, ...]], ...] = (
    ("application/pdf", lambda octets: b"%PDF-" in octets[:1024], (".pdf",)),
    ("image/jpeg", lambda octets: octets.startswith(b"\xff\xd8\xff"), (".jpg", ".jpeg", ".jpe")),
    ("image/png", lambda octets: octets.startswith(b"\x89PNG\r\n\x1a\n"), (".png",)),
    ("image/gif", lambda octets: octets.startswith((b"GIF87a", b"GIF89a")), (".gif",)),
    ("image/webp", lambda octets: octets.startswith(b"RIFF") and octets[8:12] == b"WEBP", (".webp",)),
)
_TEXT_EXTENSIONS = (".txt", ".text", ".log", ".csv", ".tsv", ".md")
_TEXT_TYPES = frozenset({"text/plain", "text/csv", "text/tab-separated-values", "text/markdown"})
_TELLING_TEXT = re.compile(rb"-----BEGIN |^BEGIN:V|^begin [0-7]{3} |^(?:Received|From|Return-Path): ?", re.MULTILINE)
_SOURCE = re.compile(r'(<img\b[^<>]*? src=")cid:([^"]*)(")', re.IGNORECASE)


def sort_attachments(draft: Draft, passage: Passage) -> Draft:
    """The step: files of the allowed kinds, under our own names for what HTML shows, and the names of the withheld ones."""
    letter = draft.letter
    kept = [(file, known) for file in letter.attachments if (known := allowed_form(file)) is not None]
    withheld = tuple(name_of(file, passage.language) for file in letter.attachments if allowed_form(file) is None)
    html, shown = _name_images(letter.html, [known for _, known in kept])
    files = tuple(replace(known, content_id=shown.get(known.content_id, "")) for _, known in kept)
    changes = (f"attachments withheld: {len(withheld)}",) if withheld else ()
    return replace(draft.but(replace(letter, html=html, attachments=files), *changes), withheld=(*draft.withheld, *withheld))


def withhold_all(draft: Draft, language: str) -> Draft:
    """Every file withheld: for the mail that is built again as text only."""
    names = tuple(name_of(file, language) for file in draft.letter.attachments)
    return replace(draft, letter=replace(draft.letter, attachments=()), withheld=(*draft.withheld, *names))


def name_of(file: Attachment, language: str) -> str:
    """What the reader is told a withheld file was."""
    if file.file_name:
        return file.file_name
    return say(language, "an attached mail") if file.media_type.startswith("message/") else say(language, "a file without a name")


def allowed_form(file: Attachment) -> Attachment | None:
    """The file with the media type of its content and a name that fits, or None if its kind does not travel."""
    for media_type, is_of_kind, extensions in _KINDS:
        if is_of_kind(file.content):
            return replace(file, media_type=media_type, file_name=_fitting(file.file_name, extensions))
    if file.media_type in _TEXT_TYPES and not _TELLING_TEXT.search(file.content) and b"\x00" not in file.content:
        text = charsets.by_evidence(file.content)
        name = _fitting(file.file_name, _TEXT_EXTENSIONS)
        return replace(file, media_type="text/plain", file_name=name, content=text.encode("utf-8", "replace"), content_id="")
    return None


def _fitting(name: str, extensions: tuple[str, ...]) -> str:
    if extension_of(name) in extensions:
        return name
    return (name or "attachment") + extensions[0]


def _name_images(html: str | None, files: list[Attachment]) -> tuple[str | None, dict[str, str]]:
    """Give each image that the HTML shows a Content-ID of ours; say which became which. Other images in it are dropped."""
    known = {file.content_id: file for file in files if file.content_id and file.media_type.startswith("image/")}
    given: dict[str, str] = {}

    def rename(source: re.Match[str]) -> str:
        if source[2] not in known:
            return f"{source[1]}{source[3]}"
        given.setdefault(source[2], f"{secrets.token_hex(8)}@image")
        return f"{source[1]}cid:{given[source[2]]}{source[3]}"

    return (_SOURCE.sub(rename, html) if html else html), given
