"""docs/attachments.md says what becomes of each kind of file; here it is held to it."""

import re
import zipfile

import pytest

from postern.mail.files.budget import Budget
from postern.mail.files.cleaning import DOCUMENTS, FORMS, clean
from postern.mail.files.inspection import find_refused
from postern.mail.letter import Attachment, Letter
from postern.model.limits import Limits
from postern.policy import reasons
from postern.policy.rules.attachments import _REASONS
from tests import planted
from tests.architecture.source import ROOT
from tests.planted_documents import opendocument, pdf, rezipped, sheet, slides, word
from tests.planted_wrappings import CALENDAR, SIGNED_DATA, archive, der, enveloped, locked, old_office
from tests.properties.test_files_hostile import treat

PAGE = (ROOT / "docs" / "attachments.md").read_text("utf-8")
LIMITS = Limits()
PASSES: dict[str, list[str] | list[bytes]] = {
    "JPEG": ["a.jpg"],
    "PNG, APNG": ["a.png", "animated.png"],
    "GIF": ["a.gif"],
    "WebP": ["a.webp"],
    "TIFF": ["a.tif", "packed.tif"],
    "BMP": ["a.bmp"],
    "HEIC, AVIF": ["a.avif"],
    "PDF": [pdf()],
    "Word (docx), Excel (xlsx), PowerPoint (pptx)": [word(), sheet(), slides()],
    "OpenDocument (odt, ods, odp, odg)": [opendocument(kind) for kind in ("text", "spreadsheet", "presentation", "graphics")],
    "ZIP": [archive({"a.txt": b"x"}), archive({"a.txt": b"x"}, zipfile.ZIP_STORED)],
    "plain text, CSV, Markdown": [b"text"],
    "calendar": [CALENDAR],
}
SIGNATURE = der(0x30, der(0x06, SIGNED_DATA), der(0xA0, der(0x30, b"\2\1\1", der(0x31), der(0x30, der(0x06, SIGNED_DATA)))))
WITHHELD = {
    "Word, Excel, PowerPoint before 2007 (doc, xls, ppt, msg)": [
        ("a.doc", old_office("WordDocument")),
        ("a.msg", old_office("__x")),
    ],
    "RTF": [("a.rtf", b"{\\rtf1}")],
    "7z, RAR, tar, gzip": [
        ("a.7z", b"7z\xbc\xaf\x27\x1c"),
        ("a.rar", b"Rar!\x1a\7"),
        ("a.gz", b"\x1f\x8b\x08"),
        ("a.tar", bytes(512)),
    ],
    "visiting card": [("a.vcf", b"BEGIN:VCARD\n")],
    "PGP key or signature, S/MIME signature": [("a.asc", b"-----BEGIN PGP SIGNATURE-----"), ("smime.p7s", SIGNATURE)],
    "delivery report, read receipt": [("message/delivery-status", b"Final-Recipient: rfc822; a@b.test\n")],
    "other XML": [("a.xml", b"<?xml version='1.0'?><Invoice/>")],
    "film and sound": [("a.mp4", b"\0\0\0\x18ftypmp42"), ("a.mp3", b"ID3")],
    "Word document with an EMF picture or an unknown part": [("a.docx", rezipped(word(), {}, {"word/media/a.emf": b"\1\0\0\0"}))],
    "broken file": [("a.jpg", b"\xff\xd8\xff"), ("a.pdf", b"%PDF-1.7"), ("a.zip", b"PK\3\4")],
    "picture that says it is enormous": [("a.png", planted.huge_header())],
}
REFUSED = {
    "program_attached": [("a.pdf", b"MZ"), ("run.ps1", b"x")],
    "active_page_attached": [("a.txt", b"<html>"), ("a.svg", b"<svg>")],
    "macros_attached": [("a.docx", rezipped(word(), {}, {"word/vbaProject.bin": b"x"})), ("a.xls", old_office("_VBA_PROJECT"))],
    "encrypted_attached": [("a.zip", locked(archive({"a.txt": b"x"}))), ("a.docx", old_office("EncryptedPackage"))],
    "bomb_attached": [("a.zip", archive({"a.txt": bytes(60_000_000)}))],
    "encrypted_mail": [("smime.p7m", enveloped())],
}


def rows(heading: str) -> list[list[str]]:
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    cells = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("| ")]
    return cells[1:]


def as_file(name: str, content: bytes) -> Attachment:
    if "/" in name:
        return Attachment("", name, content)
    return Attachment(name, "application/octet-stream", content)


def test_the_page_and_this_test_speak_of_the_same_kinds() -> None:
    assert [row[0] for row in rows("Passes, cleaned")] == list(PASSES)
    assert [row[0] for row in rows("Withheld")] == list(WITHHELD)
    assert [row[1] for row in rows("Refused")] == list(REFUSED)
    assert {reason.code for reason in _REASONS.values()} == set(REFUSED)


def test_every_kind_that_passes_is_on_the_page() -> None:
    passing = {
        file.media_type
        for samples in PASSES.values()
        for sample in samples
        for file in [cleaned(sample)]
    }  # fmt: skip
    assert passing == {media_type for media_type, _ in FORMS.values()} - {"image/heif"} | {"image/avif"} | set(DOCUMENTS.values())


def cleaned(sample: str | bytes) -> Attachment:
    content = planted.PICTURES[sample]() if isinstance(sample, str) else sample
    file = clean(as_file("notes.txt", content), Budget(LIMITS), "en").file
    assert file
    return file


@pytest.mark.parametrize("kind", WITHHELD)
def test_what_the_page_calls_withheld_is_withheld_and_not_refused(kind: str) -> None:
    for name, content in WITHHELD[kind]:
        file = as_file(name, content)
        assert find_refused(Letter("", "", None, (file,)), LIMITS) == ()
        assert clean(file, Budget(LIMITS), "en").file is None
        treat(content, name)


@pytest.mark.parametrize("code", REFUSED)
def test_what_the_page_calls_refused_is_refused_for_that_reason(code: str) -> None:
    for name, content in REFUSED[code]:
        (refused,) = find_refused(Letter("", "", None, (as_file(name, content),)), LIMITS)
        assert _REASONS[refused.danger].code == code
        assert _REASONS[refused.danger] in reasons.ALL


def test_every_limit_that_the_page_names_is_there() -> None:
    named = re.findall(r"`(\w+)`", PAGE.partition("## Limits")[2])
    assert [name for name in named if "." not in name and "/" not in name]
    assert all(hasattr(LIMITS, name) for name in named)
