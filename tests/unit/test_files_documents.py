"""PDF and office documents: nothing of who made them is left, and they open and say the same, to other people's programs."""

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import docx
import openpyxl
import pikepdf
import pptx
import pypdf
import pytest
from PIL import Image

from postern.mail.files.budget import Budget
from postern.mail.files.cleaning import Cleaned, clean
from postern.mail.letter import Attachment
from postern.model.limits import Limits
from tests.planted import jpeg, tells
from tests.planted_documents import DOCUMENTS, PAGE_TEXT, opendocument, pdf, rezipped, sheet, slides, word

LIMITS = Limits()


def cleaned(octets: bytes, name: str = "document", limits: Limits = LIMITS) -> Cleaned:
    return clean(Attachment(name, "application/octet-stream", octets), Budget(limits), "en")


@cache
def content_of(octets: bytes) -> bytes:
    file = cleaned(octets).file
    assert file is not None
    return file.content


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_tells_nothing_of_who_made_it(name: str) -> None:  # R1
    original = DOCUMENTS[name]()
    assert tells(original)
    assert not tells(content_of(original))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_cleaning_twice_changes_nothing(name: str) -> None:
    content = content_of(DOCUMENTS[name]())
    assert content_of(content) == content


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_gets_the_name_of_its_content(name: str) -> None:
    file = cleaned(DOCUMENTS[name](), "invoice.old").file
    assert file is not None
    assert file.file_name == "invoice.old" + name[name.index(".") :]


# PDF


def test_pages_keep_their_text_pictures_links_and_filled_in_fields() -> None:
    reader = pypdf.PdfReader(io.BytesIO(content_of(pdf())))
    assert [page.extract_text() for page in reader.pages] == [PAGE_TEXT, PAGE_TEXT]
    with pikepdf.open(io.BytesIO(content_of(pdf()))) as document:
        photo = document.pages[0].Resources.XObject.Im.read_raw_bytes()
    assert Image.open(io.BytesIO(photo)).tobytes() == Image.open(io.BytesIO(jpeg(1))).tobytes()
    assert reader.get_form_text_fields() == {"order": "303"}
    assert [item["/Title"] for item in reader.outline] == ["Chapter"]  # type: ignore[call-overload]
    annotations = [one.get_object() for one in reader.pages[0]["/Annots"]]  # type: ignore[attr-defined]
    assert [one["/Subtype"] for one in annotations] == ["/Text", "/Link", "/Link", "/Link", "/Link", "/Widget", "/Widget"]
    actions = [one["/A"]["/S"] for one in annotations if "/A" in one]
    assert actions == ["/URI", "/GoTo"]
    assert annotations[0]["/Contents"] == "A note"


def test_nothing_in_a_pdf_acts() -> None:
    octets = content_of(pdf())
    plain = io.BytesIO()
    with pikepdf.open(io.BytesIO(octets)) as document:
        document.save(plain, qdf=True)
    acting = rb"/(?:JS|JavaScript|Launch|SubmitForm|OpenAction|AA|EmbeddedFiles|EF|XFA|Metadata|Info|RichMedia)\b"
    assert not re.findall(acting, plain.getvalue())


@pytest.mark.parametrize(
    "octets",
    [
        b"%PDF-1.7\nnothing more",
        pdf()[:2_000],
        pdf(encryption=pikepdf.Encryption(owner="a", user="b")),
        (
            b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[2 0 R]/Count 1>>\nendobj\n"
            b"trailer<</Root 1 0 R>>"
        ),
    ],
)
def test_a_broken_or_locked_pdf_is_withheld(octets: bytes) -> None:
    assert cleaned(octets) == Cleaned(None, ("document",))


def test_a_pdf_that_begins_late_begins_at_the_beginning_afterwards() -> None:
    assert content_of(b"planted\n" * 10 + pdf()).startswith(b"%PDF-")


def test_a_pdf_of_too_many_objects_is_withheld() -> None:
    with pikepdf.open(io.BytesIO(pdf())) as document:
        count = len(document.objects)
    assert cleaned(pdf(), limits=replace(LIMITS, pdf_objects=2 * count)).file
    assert cleaned(pdf(), limits=replace(LIMITS, pdf_objects=count - 1)).file is None


# Word, Excel, PowerPoint, OpenDocument


def test_a_text_document_says_the_same() -> None:
    document = docx.Document(io.BytesIO(content_of(word())))
    assert [paragraph.text for paragraph in document.paragraphs if paragraph.text] == [PAGE_TEXT]
    assert "added" in document.element.xml
    assert document.tables[0].cell(0, 0).text == "cell"
    assert len(document.inline_shapes) == 2
    comment = next(iter(document.comments))
    assert (comment.text, comment.author, comment.initials) == ("Please look", "Author", "A")


def test_a_workbook_counts_the_same() -> None:
    table = openpyxl.load_workbook(io.BytesIO(content_of(sheet()))).active
    assert [[cell.value for cell in row] for row in table.rows] == [[PAGE_TEXT, 1, "=SUM(B1:B2)"], ["Globe", 2, None]]
    assert (table["A1"].comment.text, table["A1"].comment.author) == ("Author:\nPlease look", "Author")


def test_slides_show_the_same() -> None:
    slide = pptx.Presentation(io.BytesIO(content_of(slides()))).slides[0]
    assert slide.shapes.title.text == PAGE_TEXT
    assert slide.notes_slide.notes_text_frame.text == "Speak slowly"
    assert [shape.has_chart for shape in slide.shapes][-1]


def test_an_opendocument_text_says_the_same() -> None:
    with zipfile.ZipFile(io.BytesIO(content_of(opendocument()))) as archive:
        content = archive.read("content.xml").decode()
        assert archive.namelist() == ["mimetype", "content.xml", "styles.xml", "Pictures/a.jpg", "META-INF/manifest.xml"]
        assert archive.infolist()[0].compress_type == zipfile.ZIP_STORED  # ISO 26300-2 3.3
    assert PAGE_TEXT in content
    assert "Please look" in content
    assert 'href="Pictures/a.jpg"' in content
    assert 'href="https://marketplace.example/"' in content


def test_links_out_of_a_document_lead_to_the_web_or_nowhere() -> None:
    with zipfile.ZipFile(io.BytesIO(content_of(word()))) as archive:
        relations = archive.read("word/_rels/document.xml.rels").decode()
    assert re.findall(r'Target="([^"]*)" TargetMode="External"', relations) == ["about:blank", "https://marketplace.example/"]


STARTING = b"<w:instrText>DDE</w:instrText><w:instrText>AUTO c</w:instrText>"
DTD = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "planted">]>'


@pytest.mark.parametrize(
    "make, member, change",
    [
        (word, "word/document.xml", lambda old: DTD + old[old.index(b"<w:document") :]),  # M-07
        (word, "word/document.xml", lambda old: old[:-5]),
        (word, "word/document.xml", lambda old: old.replace(b"<w:body>", b"<w:body><w:altChunk/>")),
        (
            word,
            "word/document.xml",
            lambda old: old.replace(b"<w:body>", b"<w:body><w:instrText>DDE</w:instrText><w:instrText>AUTO c</w:instrText>"),
        ),
        (
            word,
            "word/document.xml",
            lambda old: old.replace(b"<w:body>", rb"<w:body><w:instrText>INCLUDETEXT C:\Users</w:instrText>"),
        ),
        (word, "word/media/image1.jpg", lambda _: b"\x01\x00\x00\x00 an EMF picture"),
        (word, "word/styles.xml", lambda old: old.decode().encode("utf-16").replace(b"U\0T\0F\0", b"K\0O\0I\0", 1)[:-1]),
        (opendocument, "content.xml", lambda old: DTD + old),
    ],
)
def test_a_document_that_nobody_could_vouch_for_is_withheld(
    make: Callable[[], bytes], member: str, change: Callable[[bytes], bytes]
) -> None:
    assert cleaned(make()).file
    assert cleaned(rezipped(make(), {member: change}, {})).file is None


@pytest.mark.parametrize("name", ["word/unknown.xml", "word/media/film.mp4", "outside.txt", "ppt/slides/slide1.exe"])
def test_a_member_that_is_on_no_list_makes_a_document_be_withheld(name: str) -> None:
    assert cleaned(rezipped(word(), {}, {name: b"<a/>"})).file is None


def test_names_are_found_whatever_prefix_they_have() -> None:
    space = b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    element = b'<z:p xmlns:z="' + space + b'"><z:ins z:id="1" z:author=\'a > planted\'/>'
    element += b'<z:del z:author = "planted" z:id="2"></z:del></z:p>'
    content = content_of(rezipped(word(), {"word/document.xml": lambda old: old.replace(b"<w:body>", b"<w:body>" + element)}, {}))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.read("word/document.xml").count(b'z:author="Author"') == 2


def test_text_in_utf_16_and_in_sections_is_read() -> None:
    def change(old: bytes) -> bytes:
        text = old.replace(PAGE_TEXT.encode(), b"<![CDATA[1 < 2 & 3]]>").decode()
        return text.replace("encoding='UTF-8'", "encoding='UTF-16'").encode("utf-16")

    document = docx.Document(io.BytesIO(content_of(rezipped(word(), {"word/document.xml": change}, {}))))
    assert [one.text for one in document.paragraphs if one.text] == ["1 < 2 & 3"]


def test_a_document_of_too_many_tags_is_withheld() -> None:
    many = rezipped(
        word(), {"word/document.xml": lambda old: old.replace(b"<w:body>", b"<w:body>" + b'<w:p w:rsidR="1"/>' * 50_000)}, {}
    )
    assert cleaned(many).file
    assert cleaned(many, limits=replace(LIMITS, document_tags=50_000)).file is None
