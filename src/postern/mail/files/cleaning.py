"""Each kind of file that travels: what cleans it, what it is called afterwards. Whatever is not in this list is withheld.

It never raises. What it hands back is cleaned, or nothing.
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from postern.mail.files import calendar, ooxml, opendocument, pdf
from postern.mail.files.budget import Budget, UncleanError
from postern.mail.files.kinds import TEXT_EXTENSIONS, Kind, kind_of
from postern.mail.files.names import fitting
from postern.mail.files.pictures import CLEANERS
from postern.mail.files.zip_members import Member, read_members, write_archive
from postern.mail.letter import Attachment
from postern.mail.reading.charsets import by_evidence
from postern.mail.reading.file_names import clean_file_name

_BROKEN = (UncleanError, struct.error, zlib.error, IndexError, KeyError, ValueError, OverflowError)

FORMS: dict[Kind, tuple[str, tuple[str, ...]]] = {
    Kind.JPEG: ("image/jpeg", (".jpg", ".jpeg", ".jpe")),
    Kind.PNG: ("image/png", (".png", ".apng")),
    Kind.GIF: ("image/gif", (".gif",)),
    Kind.WEBP: ("image/webp", (".webp",)),
    Kind.TIFF: ("image/tiff", (".tif", ".tiff")),
    Kind.BMP: ("image/bmp", (".bmp", ".dib")),
    Kind.HEIF: ("image/heif", (".heic", ".heif", ".avif")),
    Kind.PDF: ("application/pdf", (".pdf",)),
    Kind.TEXT: ("text/plain", TEXT_EXTENSIONS),
    Kind.CALENDAR: ("text/plain", (".txt",)),
}
DOCUMENTS = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".odp": "application/vnd.oasis.opendocument.presentation",
    ".odg": "application/vnd.oasis.opendocument.graphics",
    ".zip": "application/zip",
}


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The file as it travels on, if it does, and the names of what was left out: its own, or some inside."""

    file: Attachment | None
    withheld: tuple[str, ...] = ()


def clean(file: Attachment, budget: Budget, language: str, depth: int = 1) -> Cleaned:
    """The file without what tells who made it; withheld if it is of no kind that travels, or broken."""
    kind = kind_of(file, budget.limits)
    try:
        if kind is Kind.ZIP:
            return _clean_zip(file, budget, language, depth)
        if kind in FORMS:
            content = _clean_content(file.content, kind, budget, language)
            media_type, extensions = FORMS[kind]
            if kind is Kind.HEIF and content[8:12] == b"avif":
                media_type, extensions = "image/avif", (".avif",)
            shown = file.content_id if media_type.startswith("image/") else ""
            return Cleaned(
                replace(
                    file, media_type=media_type, file_name=fitting(file.file_name, extensions), content=content, content_id=shown
                )
            )
    except _BROKEN:
        pass
    return Cleaned(None, (file.file_name,))


def _clean_content(octets: bytes, kind: Kind, budget: Budget, language: str) -> bytes:
    cleaner: Callable[[bytes, Budget], bytes] | None = CLEANERS.get(kind)
    if cleaner:
        content = cleaner(octets, budget)
    elif kind is Kind.PDF:
        content = pdf.clean(octets, budget)
    elif kind is Kind.CALENDAR:
        content = calendar.as_text(octets, language)
    else:
        return by_evidence(octets).encode("utf-8", "replace")  # an empty text is one
    if not content:
        raise UncleanError
    return content


def _clean_zip(file: Attachment, budget: Budget, language: str, depth: int) -> Cleaned:
    members = read_members(file.content, budget)
    names = {member.name for member in members}
    withheld: tuple[str, ...] = ()
    if ooxml.CONTENT_TYPES in names:
        content, form = ooxml.clean(members, budget)
    elif "mimetype" in names:
        content, form = opendocument.clean(members, budget)
    else:
        content, withheld = _clean_archive(members, file.file_name, budget, language, depth)
        form = ".zip"
    return Cleaned(
        replace(file, media_type=DOCUMENTS[form], file_name=fitting(file.file_name, (form,)), content=content, content_id=""),
        withheld,
    )


def _clean_archive(members: list[Member], name: str, budget: Budget, language: str, depth: int) -> tuple[bytes, tuple[str, ...]]:
    """An archive of cleaned files, without folders: their names are the author's. Depth is bounded."""
    if depth > budget.limits.archive_depth:
        raise UncleanError
    kept: dict[str, tuple[bytes, Member]] = {}
    withheld: list[str] = []
    for member in members:
        if member.is_folder:
            continue
        inner = clean(
            Attachment(clean_file_name(member.name), "application/octet-stream", member.unpack(budget)),
            budget,
            language,
            depth + 1,
        )
        withheld += [f"{name}/{one}" for one in inner.withheld]
        if inner.file:
            kept[_unused(inner.file.file_name, kept)] = (inner.file.content, member)
    if not kept:
        raise UncleanError
    return write_archive((one, content, old) for one, (content, old) in kept.items()), tuple(withheld)


def _unused(name: str, used: dict[str, tuple[bytes, Member]]) -> str:
    """The name, with a number before it if another file has it."""
    return name if name not in used else f"{len(used) + 1}-{name}"
