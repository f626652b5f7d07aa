"""What a file is, and what is refused: by content first. A lie leads to the safer side."""

import io
import zipfile
import zlib
from dataclasses import replace

import pikepdf
import pytest

from postern.mail.files.budget import Budget
from postern.mail.files.cleaning import Cleaned, clean
from postern.mail.files.inspection import find_refused
from postern.mail.files.kinds import Kind, kind_of
from postern.mail.letter import Attachment, Letter
from postern.model.limits import Limits
from postern.model.refused_file import Danger, RefusedFile
from tests.planted import PICTURES, jpeg, png, tells
from tests.planted_documents import DOCUMENTS, opendocument, pdf, rezipped, word
from tests.planted_wrappings import CALENDAR, MAIL, archive, enveloped, locked, old_office, signed, tnef

LIMITS = Limits()
OCTETS = "application/octet-stream"
PGP = b"-----BEGIN PGP MESSAGE-----\n\nhQ\n-----END PGP MESSAGE-----\n"


def file(content: bytes, name: str = "", media_type: str = OCTETS) -> Attachment:
    return Attachment(name, media_type, content)


def refused(*files: Attachment, text: str = "Hello", limits: Limits = LIMITS) -> tuple[RefusedFile, ...]:
    return find_refused(Letter("", text, None, files), limits)


def danger_of(content: bytes, name: str = "a", media_type: str = OCTETS, limits: Limits = LIMITS) -> Danger | None:
    found = refused(file(content, name, media_type), limits=limits)
    return found[0].danger if found else None


@pytest.mark.parametrize(
    "content, name, kind",
    [
        *((make(), "holiday.pdf", kind) for make, kind in ((jpeg, Kind.JPEG), (png, Kind.PNG), (PICTURES["a.gif"], Kind.GIF))),
        (PICTURES["a.webp"](), "", Kind.WEBP),
        (PICTURES["a.tif"](), "", Kind.TIFF),
        (PICTURES["a.bmp"](), "", Kind.BMP),
        (PICTURES["a.avif"](), "", Kind.HEIF),
        (pdf(), "photo.jpg", Kind.PDF),
        (b"\nlate %PDF-1.4", "", Kind.PDF),
        (word(), "", Kind.ZIP),
        (b"MZ\x90\0", "photo.jpg", Kind.PROGRAM),
        (b"<html>", "notes.txt", Kind.PAGE),
        (b"\xef\xbb\xbf \n<!-- x --><script>", "notes.txt", Kind.PAGE),
        ("<svg>".encode("utf-16"), "drawing.txt", Kind.PAGE),
        (CALENDAR, "notes.txt", Kind.CALENDAR),
        (MAIL, "a.eml", Kind.MAIL),
        (b"Hello", "a.eml", Kind.OTHER),
        (b"one;two", "a.csv", Kind.TEXT),
        (b"one\0two", "a.csv", Kind.OTHER),
        (b"{\\rtf1 hello}", "a.txt", Kind.OTHER),
        (b"7z\xbc\xaf\x27\x1c", "a.7z", Kind.OTHER),
        (b"", "", Kind.OTHER),
    ],
)
def test_a_file_is_what_its_content_says(content: bytes, name: str, kind: Kind) -> None:  # M-06
    assert kind_of(file(content, name), LIMITS) is kind


@pytest.mark.parametrize(
    "content, name, danger",
    [
        (b"MZ" + bytes(100), "photo.jpg", Danger.PROGRAM),
        (b"\x7fELF" + bytes(100), "", Danger.PROGRAM),
        (b"\xcf\xfa\xed\xfe" + bytes(100), "", Danger.PROGRAM),
        (b"\xca\xfe\xba\xbe\0\0\0\x34", "", Danger.PROGRAM),
        (b"#!/bin/sh\nrm -rf /\n", "readme.txt", Danger.PROGRAM),
        (b"L\0\0\0\x01\x14\x02\0" + bytes(100), "invoice.pdf", Danger.PROGRAM),
        (bytes(0x8001) + b"CD001" + bytes(100), "invoice.dat", Danger.PROGRAM),
        (b"[InternetShortcut]\nURL=http://x.test", "a.txt", Danger.PROGRAM),
        (b"del *", "run.bat", Danger.PROGRAM),
        (b"alert(1)", "a.js", Danger.PROGRAM),
        (b"alert(1)", "invoice.txt.JS", Danger.PROGRAM),
        (old_office("Workbook"), "setup.msi", Danger.PROGRAM),
        (archive({"META-INF/MANIFEST.MF": b"x"}), "a.zip", Danger.PROGRAM),
        (archive({"AndroidManifest.xml": b"x"}), "a.zip", Danger.PROGRAM),
        (archive({"setup.exe": b"MZ"}), "a.zip", Danger.PROGRAM),
        (archive({"photo.jpg": b"MZ" + bytes(5_000)}), "a.zip", Danger.PROGRAM),
        (archive({"a.zip": archive({"b/run.ps1": b"x"})}), "a.zip", Danger.PROGRAM),
        (b"<!DOCTYPE html><p>", "a.txt", Danger.ACTIVE_PAGE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.png", Danger.ACTIVE_PAGE),
        (b"<?xml version='1.0'?><x:html xmlns:x='http://www.w3.org/1999/xhtml'/>", "a.xml", Danger.ACTIVE_PAGE),
        (b"<?xml version='1.0'?><a><script/></a>", "a.xml", Danger.ACTIVE_PAGE),
        (b"<?xml version='1.0'?><a/>", "a.svg", Danger.ACTIVE_PAGE),
        (archive({"page.html": b"<p>"}), "a.zip", Danger.ACTIVE_PAGE),
        (rezipped(word(), {}, {"word/vbaProject.bin": b"x"}), "a.docx", Danger.MACROS),  # M-08
        (
            rezipped(
                word(),
                {"[Content_Types].xml": lambda old: old.replace(b"document.main+xml", b"document.macroEnabled.main+xml")},
                {},
            ),
            "a.docx",
            Danger.MACROS,
        ),
        (rezipped(word(), {}, {"word/activeX/activeX1.xml": b"x"}), "a.docx", Danger.MACROS),
        (rezipped(opendocument(), {}, {"Basic/Standard/Module1.xml": b"x"}), "a.odt", Danger.MACROS),
        (old_office("WordDocument", "Macros", "_VBA_PROJECT"), "a.doc", Danger.MACROS),
        (old_office("EncryptionInfo", "EncryptedPackage"), "a.docx", Danger.ENCRYPTED),
        (locked(archive({"a.txt": b"hello"})), "a.zip", Danger.ENCRYPTED),
        (archive({"inner.zip": locked(archive({"a.txt": b"hello"}))}), "a.zip", Danger.ENCRYPTED),
        (rezipped(opendocument(), {"META-INF/manifest.xml": lambda _: b"<m:encryption-data/>"}, {}), "a.odt", Danger.ENCRYPTED),
        (pdf(encryption=pikepdf.Encryption(owner="a", user="b")), "a.pdf", Danger.ENCRYPTED),
        (PGP, "encrypted.asc", Danger.ENCRYPTED_MAIL),  # M-09
        (enveloped(), "smime.p7m", Danger.ENCRYPTED_MAIL),
        (tnef({"setup.exe": b"MZ"}), "winmail.dat", Danger.PROGRAM),
        (MAIL.replace(b"one atlas", b"#!/bin/sh"), "a.eml", Danger.PROGRAM),
        (signed(MAIL.replace(b"list.txt", b"list.vbs")), "smime.p7m", Danger.PROGRAM),
    ],
)
def test_what_could_harm_or_hide_is_refused(content: bytes, name: str, danger: Danger) -> None:
    assert danger_of(content, name) is danger


@pytest.mark.parametrize("name", [*PICTURES, *DOCUMENTS])
def test_what_can_be_cleaned_is_not_refused(name: str) -> None:
    assert refused(file({**PICTURES, **DOCUMENTS}[name](), name)) == ()


@pytest.mark.parametrize(
    "content, name",
    [
        (old_office("WordDocument"), "a.doc"),
        (b"{\\rtf1}", "a.rtf"),
        (b"7z\xbc\xaf\x27\x1c", "a.7z"),
        (b"Rar!\x1a\x07\x01\0", "a.rar"),
        (b"\x1f\x8b\x08", "a.gz"),
        (b"BEGIN:VCARD\nEMAIL:x", "a.vcf"),
        (b"-----BEGIN PGP PUBLIC KEY BLOCK-----", "key.asc"),
        (b"-----BEGIN PGP SIGNATURE-----", "signature.asc"),
        (b"<?xml version='1.0'?><Invoice/>", "invoice.xml"),
        (b"<html><body><br></body></html>", "ATT00001.htm"),
        (b"<html><body>a body in an encoding that nobody knows", ""),
        (b"ID3", "a.mp3"),
        (b"PK\x03\x04 broken", "a.zip"),
    ],
)
def test_other_kinds_are_withheld_and_not_refused(content: bytes, name: str) -> None:
    assert refused(file(content, name)) == ()
    assert clean(file(content, name), Budget(LIMITS), "en") == Cleaned(None, (name,))


def test_the_reason_names_the_file_inside_the_archive() -> None:
    assert refused(file(archive({"C/Users/zoe/run.exe": b"MZ"}), "all.zip")) == (RefusedFile("all.zip/run.exe", Danger.PROGRAM),)


def test_every_refused_file_of_a_mail_is_named_in_its_order() -> None:
    found = refused(file(b"MZ", "a"), file(jpeg(), "b"), file(b"<html>", "c"))
    assert [(one.name, one.danger) for one in found] == [("a", Danger.PROGRAM), ("c", Danger.ACTIVE_PAGE)]


def test_an_encrypted_text_is_refused_and_a_quoted_one_is_not() -> None:
    assert refused(text=PGP.decode()) == (RefusedFile("", Danger.ENCRYPTED_MAIL),)
    assert refused(text="> " + PGP.decode().replace("\n", "\n> ")) == ()


def test_a_standard_test_virus_is_refused_by_its_kind() -> None:  # M-08
    mark = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-" + b"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
    assert danger_of(mark, "eicar.bat") is Danger.PROGRAM
    assert danger_of(archive({"eicar.cmd": mark}), "a.zip") is Danger.PROGRAM
    assert clean(file(mark, "eicar.com"), Budget(LIMITS), "en").file is None


def test_a_picture_with_an_archive_behind_it_is_only_a_picture() -> None:
    both = jpeg() + archive({"run.exe": b"MZ"})
    assert zipfile.is_zipfile(io.BytesIO(both))
    cleaned = clean(file(both, "a.exe"), Budget(LIMITS), "en").file
    assert cleaned is not None
    assert cleaned.file_name == "a.jpg"
    assert not zipfile.is_zipfile(io.BytesIO(cleaned.content))


@pytest.mark.parametrize(
    "given, kept",
    [
        ("photo.jpg", "photo.jpg"),
        ("photo.JPEG", "photo.JPEG"),
        ("photo.exe.jpg", "photo.jpg"),
        ("photo.jpg.exe", "photo.jpg"),
        ("photo.js.vbs.jpg.jpg", "photo.jpg"),
        ("photo.png", "photo.png.jpg"),
        ("version 1.2", "version 1.2.jpg"),
        ("", "attachment.jpg"),
        (".exe", "attachment.jpg"),
    ],
)
def test_a_name_ends_as_its_content_and_hides_no_program(given: str, kept: str) -> None:  # M-06
    cleaned = clean(file(jpeg(), given), Budget(LIMITS), "en").file
    assert cleaned is not None
    assert cleaned.file_name == kept


# Archives and their limits


def test_an_archive_travels_with_its_files_cleaned_and_its_headers_new() -> None:
    made = archive(
        {"C/Users/planted/photo.jpg": jpeg(), "again/photo.jpg": jpeg(3), "notes.txt": b"Hello", "song.mp3": b"ID3", "x/": b""}
    )
    cleaned = clean(file(made, "all.zip"), Budget(LIMITS), "en")
    assert cleaned.withheld == ("all.zip/song.mp3",)
    assert cleaned.file is not None
    assert cleaned.file.media_type == "application/zip"
    assert not tells(cleaned.file.content)
    with zipfile.ZipFile(io.BytesIO(cleaned.file.content)) as read:
        assert read.testzip() is None
        assert read.namelist() == ["photo.jpg", "2-photo.jpg", "notes.txt"]
        assert read.read("notes.txt") == b"Hello"
    assert clean(cleaned.file, Budget(LIMITS), "en").file == cleaned.file


def test_an_archive_of_nothing_that_travels_is_withheld() -> None:
    assert clean(file(archive({"a.mp3": b"ID3"}), "a.zip"), Budget(LIMITS), "en").file is None


def nested(depth: int) -> bytes:
    made = jpeg()
    for _ in range(depth):
        made = archive({"inner.zip" if made[:2] == b"PK" else "a.jpg": made})
    return made


def test_archives_lie_in_archives_as_deep_as_the_limit() -> None:  # M-07
    limits = replace(LIMITS, archive_depth=2)
    assert danger_of(nested(2), "a.zip", limits=limits) is None
    assert clean(file(nested(2), "a.zip"), Budget(limits), "en").file
    assert danger_of(nested(3), "a.zip", limits=limits) is Danger.BOMB
    assert clean(file(nested(20), "a.zip"), Budget(limits), "en").file is None


def test_an_archive_of_too_many_members_is_refused() -> None:
    limits = replace(LIMITS, archive_members=3)
    members = {f"{number}.txt": b"x" for number in range(4)}
    assert danger_of(archive(members), "a.zip", limits=limits) is Danger.BOMB
    assert danger_of(archive(dict(list(members.items())[:3])), "a.zip", limits=limits) is None


def test_an_archive_that_unpacks_to_too_much_is_refused() -> None:  # M-07
    limits = replace(LIMITS, unpacked_bytes=100_000)
    assert danger_of(archive({"a.txt": b"x" * 100_001}), "a.zip", limits=limits) is Danger.BOMB
    assert danger_of(archive({"a.txt": b"x" * 100_000}), "a.zip", limits=limits) is None


def test_a_member_that_packs_too_well_is_refused() -> None:
    octets = archive({"a.txt": bytes(2_000_000)})
    assert danger_of(octets, "a.zip") is Danger.BOMB
    assert danger_of(octets, "a.zip", limits=replace(LIMITS, archive_ratio=2_000)) is None


def lying(size: int) -> bytes:
    """An archive whose directory says that its member is small."""
    honest = bytearray(archive({"a.txt": bytes(size)}))
    for mark, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        place = honest.find(mark)
        honest[place + offset : place + offset + 4] = (5).to_bytes(4, "little")
    return bytes(honest)


def test_an_archive_that_lies_about_sizes_is_withheld() -> None:
    assert clean(file(lying(100), "a.zip"), Budget(LIMITS), "en").file is None
    assert clean(file(lying(60_000_000), "a.zip"), Budget(LIMITS), "en").file is None


def test_members_that_share_their_octets_are_a_bomb() -> None:
    packed = zlib.compress(bytes(100_000))[2:-4]
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr("a.txt", bytes(100_000))
    octets = made.getvalue()
    start, end = octets.index(b"PK\x01\x02"), octets.index(b"PK\x05\x06")
    entries = b"".join(octets[start:end].replace(b"a.txt", b"%05d" % number) for number in range(900))
    counts = (900).to_bytes(2, "little") * 2
    closing = b"PK\x05\x06\0\0\0\0" + counts + len(entries).to_bytes(4, "little") + start.to_bytes(4, "little") + b"\0\0"
    assert len(packed) < 1_000
    assert danger_of(octets[:start] + entries + closing, "a.zip") is Danger.BOMB


@pytest.mark.parametrize("name", ["../../etc/a.txt", "/etc/a.txt", "C:\\a.txt", "a/../../b.txt"])
def test_an_archive_that_would_write_elsewhere_is_withheld(name: str) -> None:
    assert clean(file(archive({name: b"x"}), "a.zip"), Budget(LIMITS), "en").file is None


def test_the_files_of_one_mail_share_one_budget() -> None:
    limits = replace(LIMITS, unpacked_bytes=1_500)
    budget = Budget(limits)
    made = file(archive({"a.txt": b"x" * 1_000}), "a.zip")
    assert clean(made, budget, "en").file
    assert clean(made, budget, "en").file is None
