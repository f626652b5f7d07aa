"""PDF and office documents with ``planted`` in every place for who made them. Other people's writers write the plain ones."""

import io
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import docx
import openpyxl
import pikepdf
import pptx
from openpyxl.comments import Comment
from openpyxl.workbook.defined_name import DefinedName
from pikepdf import Array, Dictionary, Name, Pdf, Stream
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE

from tests.planted import ADDRESS, NAME, XMP, jpeg, png

PAGE_TEXT = "Where is my atlas?"


@cache
def pdf(**options: Any) -> bytes:
    """Two pages with a text and a photograph, links, a form and a bookmark; and everything else that PDF has room for."""
    document = Pdf.new()
    for _ in range(2):
        document.add_blank_page(page_size=(200, 200))
    _draw(document)
    _annotate(document)
    _add_secrets(document)
    made = io.BytesIO()
    document.save(made, **options)
    return made.getvalue()


def _draw(document: Pdf) -> None:
    photo = Stream(document, jpeg(1), Type=Name.XObject, Subtype=Name.Image, Width=61, Height=37, ColorSpace=Name.DeviceRGB)
    photo.BitsPerComponent, photo.Filter = 8, Name.DCTDecode
    photo.Metadata = Stream(document, XMP)
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    for page in document.pages:
        page.Resources = Dictionary(
            XObject=Dictionary(Im=photo), Font=Dictionary(F=font), PieceInfo=Dictionary(Illustrator=Dictionary(A=NAME))
        )
        page.Contents = Stream(document, b"q 61 0 0 37 9 9 cm /Im Do Q BT /F 12 Tf 20 150 Td (" + PAGE_TEXT.encode() + b") Tj ET")
        page.Metadata = Stream(document, XMP)
        page.LastModified, page.Thumb = "D:20261123", photo
        page.AA = Dictionary(O=Dictionary(S=Name.JavaScript, JS=f"app.alert('{ADDRESS}')"))


def _annotate(document: Pdf) -> None:
    def note(kind: str, **more: Any) -> pikepdf.Object:
        return document.make_indirect(
            Dictionary(
                Type=Name.Annot, Subtype=Name(kind), Rect=[0, 0, 9, 9], T=NAME, NM="planted", M="D:2026", Subj=ADDRESS, **more
            )
        )

    page = document.pages[0]
    embedded = Dictionary(Type=Name.Filespec, F="planted.txt", EF=Dictionary(F=Stream(document, ADDRESS.encode())))
    page.Annots = Array(
        [
            note("/Text", Contents="A note", RC=ADDRESS, Popup=note("/Popup")),
            note("/FileAttachment", FS=embedded),
            note("/Link", A=Dictionary(S=Name.URI, URI="https://marketplace.example/help")),
            note("/Link", A=Dictionary(S=Name.Launch, F="planted.exe", Next=Dictionary(S=Name.JavaScript, JS=ADDRESS))),
            note(
                "/Link", A=Dictionary(S=Name.GoTo, D=[document.pages[1].obj, Name.Fit], Next=Dictionary(S=Name.URI, URI=ADDRESS))
            ),
            note("/Link", A=Dictionary(S=Name.URI, URI="file:///C:/Users/planted")),
            note("/Screen"),
        ]
    )
    field = Dictionary(FT=Name.Tx, Subtype=Name.Widget, Rect=[9, 9, 90, 20], T="order", TU="planted", V="303", Type=Name.Annot)
    field.A = Dictionary(S=Name.SubmitForm, F=f"mailto:{ADDRESS}")
    signature = Dictionary(FT=Name.Sig, Subtype=Name.Widget, Rect=[0, 0, 0, 0], T="signature", Type=Name.Annot)
    signature.V = Dictionary(Type=Name.Sig, Name=NAME, Contents=ADDRESS, ByteRange=[0, 1, 2, 3])
    fields = [document.make_indirect(field), document.make_indirect(signature)]
    page.Annots.extend(Array(fields))
    document.Root.AcroForm = Dictionary(Fields=fields, XFA=Stream(document, ADDRESS.encode()), SigFlags=3, CO=fields)


def _add_secrets(document: Pdf) -> None:
    root = document.Root
    with document.open_metadata() as metadata:
        metadata["dc:creator"] = [ADDRESS]
    for key in ("/Author", "/Title", "/Creator", "/Producer", "/Company", "/SourceFile"):
        document.docinfo[key] = f"C:\\Users\\planted {NAME}"
    document.attachments["planted.txt"] = ADDRESS.encode()
    root.Names.JavaScript = Dictionary(Names=["a", Dictionary(S=Name.JavaScript, JS=ADDRESS)])
    root.OpenAction = Dictionary(S=Name.Launch, F=ADDRESS)
    root.StructTreeRoot = Dictionary(Type=Name.StructTreeRoot, K=Dictionary(Alt=f"C:\\Users\\{ADDRESS}"))
    root.Lang, root.PieceInfo = "planted", Dictionary(Word=Dictionary(Private=ADDRESS))
    root.AF = [Dictionary(F=ADDRESS)]
    root.OutputIntents = [Dictionary(Info=ADDRESS)]
    first = document.make_indirect(Dictionary(Title="Chapter", Dest=[document.pages[1].obj, Name.Fit], AA=Dictionary(X=ADDRESS)))
    root.Outlines = document.make_indirect(Dictionary(First=first, Last=first, Count=1))
    first.Parent = root.Outlines
    document.trailer.Planted = ADDRESS


def with_history(octets: bytes) -> bytes:
    """An update behind the end, as programs save: the first revision, and its author, still lie in the file."""
    start = octets.rfind(b"startxref\n") + 10
    old = octets[start:].split(b"\n")[0]
    body = b"\n99 0 obj\n<</Author(" + ADDRESS.encode() + b")>>\nendobj\n"
    place = len(octets) + len(body)
    table = b"xref\n99 1\n%010d 00000 n \ntrailer\n<</Size 100/Root 1 0 R/Info 99 0 R/Prev %s>>\n" % (len(octets) + 1, old)
    return octets + body + table + b"startxref\n%d\n%%%%EOF\n" % place


def rezipped(octets: bytes, changes: Mapping[str, Callable[[bytes], bytes]], more: Mapping[str, bytes]) -> bytes:
    """The archive with some members changed and others added, and a name in every header that has room for one."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(octets)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            content = changes.get(entry.filename, lambda same: same)(old.read(entry))
            written = zipfile.ZipInfo(entry.filename, (2026, 11, 23, 10, 0, 0))
            written.compress_type, written.comment = entry.compress_type, b"planted"
            written.extra = b"\x7a\x7a\x0b\x00planted...."
            new.writestr(written, content)
        for name, content in more.items():
            new.writestr(name, content)
        new.comment = b"planted"
    return made.getvalue()


def _after(mark: str, more: str) -> Callable[[bytes], bytes]:
    return lambda old: old.replace(mark.encode(), (mark + more).encode(), 1)


def _before(mark: str, more: str) -> Callable[[bytes], bytes]:
    return lambda old: old.replace(mark.encode(), (more + mark).encode(), 1)


def _relation(kind: str, target: str, *, outside: bool = False, number: str = "rId900") -> str:
    mode = ' TargetMode="External"' if outside else ""
    space = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    return f'<Relationship Id="{number}" Type="{space}/{kind}" Target="{target}"{mode}/>'


@cache
def word() -> bytes:
    """Paragraphs, a table, a picture, a comment, a tracked change, a link; and what Word adds of its author."""
    document = docx.Document()
    _name_author(document.core_properties)
    paragraph = document.add_paragraph(PAGE_TEXT)
    document.add_picture(io.BytesIO(jpeg(1)))
    document.add_picture(io.BytesIO(png()))
    document.add_comment(runs=paragraph.runs, text="Please look", author=NAME, initials="planted")
    document.add_table(2, 2).cell(0, 0).text = "cell"
    made = io.BytesIO()
    document.save(made)
    w = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    tracked = (
        f'<w:p w:rsidR="00planted"><w:ins w:id="77" w:author="{NAME}" w:date="2026-11-23T10:00:00Z"><w:r><w:t>added</w:t></w:r>'
        '</w:ins><w:r><w:object><o:OLEObject xmlns:o="urn:schemas-microsoft-com:office:office" ProgID="planted" r:id="rId901"/>'
        "</w:object></w:r>"
        f'<other:r xmlns:other="http://schemas.openxmlformats.org/wordprocessingml/2006/main" other:rsidR="planted"/>'
        f"<!-- planted --><?planted {ADDRESS}?></w:p>"
    )
    settings = (
        f'<w:attachedTemplate r:id="rId900" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"/>'
        f'<w:rsids><w:rsidRoot w:val="planted"/></w:rsids><w:docVars><w:docVar w:name="a" w:val="{ADDRESS}"/></w:docVars>'
    )
    return rezipped(
        made.getvalue(),
        {
            "word/document.xml": _after("<w:body>", tracked),
            "word/stylesWithEffects.xml": lambda old: old[: old.index(b"<w:docDefaults>")] + b"</w:styles>",  # long, and the same
            "word/settings.xml": _before("</w:settings>", settings),
            "word/_rels/document.xml.rels": _before(
                "</Relationships>",
                _relation("oleObject", "embeddings/oleObject1.bin", number="rId901")
                + _relation("image", "file:///C:/Users/planted/a.png", outside=True, number="rId902")
                + _relation("hyperlink", "https://marketplace.example/", outside=True, number="rId903")
                + _relation("customXml", "../customXml/item9.xml", number="rId904"),
            ),
        },
        {
            "word/_rels/settings.xml.rels": _list_of_relations(
                _relation("attachedTemplate", "file:///C:/planted.dotx", outside=True)
            ),
            "word/embeddings/oleObject1.bin": ADDRESS.encode(),
            "word/people.xml": f'<w15:people {w} xmlns:w15="x"><w15:person w15:author="{NAME}"/></w15:people>'.encode(),
            "customXml/item9.xml": f"<a>{ADDRESS}</a>".encode(),
            "docProps/custom.xml": f"<a>{ADDRESS}</a>".encode(),
            "word/printerSettings/printerSettings1.bin": b"planted",
            "word/webextensions/planted.xml": b"<a/>",
        },
    )


def _name_author(properties: object) -> None:
    for name in (
        "author",
        "last_modified_by",
        "title",
        "subject",
        "keywords",
        "comments",
        "category",
        "creator",
        "lastModifiedBy",
    ):
        if hasattr(properties, name):
            setattr(properties, name, ADDRESS)


def _list_of_relations(*relations: str) -> bytes:
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    return f'<Relationships xmlns="{space}">{"".join(relations)}</Relationships>'.encode()


@cache
def sheet() -> bytes:
    """Cells, a formula, a comment, a chart; and what Excel adds of its author."""
    book = openpyxl.Workbook()
    _name_author(book.properties)
    table = book.active
    for row in ([PAGE_TEXT, 1], ["Globe", 2]):
        table.append(row)
    table["C1"] = "=SUM(B1:B2)"
    table["A1"].comment = Comment(f"{NAME}:\nPlease look", NAME)
    book.defined_names["prices"] = DefinedName("prices", attr_text="Sheet!$B$1:$B$2")
    made = io.BytesIO()
    book.save(made)
    path = (
        '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:Choice Requires="x15">'
        '<x15ac:absPath xmlns:x15ac="http://schemas.microsoft.com/office/spreadsheetml/2010/11/ac" url="C:\\Users\\planted\\"/>'
        f'</mc:Choice></mc:AlternateContent><fileSharing userName="{NAME}"/>'
    )
    return rezipped(
        made.getvalue(),
        {
            "xl/workbook.xml": lambda old: old.replace(b"<bookViews", path.encode() + b"<bookViews", 1),
            "xl/worksheets/sheet1.xml": _after(
                "<worksheet", ' xmlns:xr="http://schemas.microsoft.com/office/spreadsheetml/2014/revision" xr:uid="{planted}"'
            ),
        },
        {"xl/printerSettings/printerSettings1.bin": "planted".encode("utf-16"), "xl/persons/person.xml": b"<planted/>"},
    )


@cache
def slides() -> bytes:
    """A title, notes, a picture, a chart with its workbook; and what PowerPoint adds of its author."""
    show = pptx.Presentation()
    _name_author(show.core_properties)
    slide = show.slides.add_slide(show.slide_layouts[0])
    slide.shapes.title.text = PAGE_TEXT
    picture = slide.shapes.add_picture(io.BytesIO(jpeg(1)), 0, 0)
    picture._element.nvPicPr.cNvPr.set("descr", "C:\\Users\\planted\\a.jpg")
    slide.notes_slide.notes_text_frame.text = "Speak slowly"
    numbers = CategoryChartData()
    numbers.categories = ["a", "b"]
    numbers.add_series("sold", (1, 2))
    slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, 99_999, 99_999, numbers)
    made = io.BytesIO()
    show.save(made)
    space = 'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
    authors = (
        f'<p:cmAuthorLst {space}><p:cmAuthor id="0" name="{NAME}" initials="planted" lastIdx="1" clrIdx="0"/></p:cmAuthorLst>'
    )
    return rezipped(made.getvalue(), {}, {"ppt/commentAuthors.xml": authors.encode(), "ppt/authors.xml": b"<planted/>"})


_SPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in (("office", "office"), ("text", "text"), ("draw", "drawing"), ("meta", "meta"), ("svg", "svg-compatible"))
) + ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xlink="http://www.w3.org/1999/xlink"'  # fmt: skip


@cache
def opendocument(kind: str = "text") -> bytes:
    """A paragraph with a comment, a tracked change, a picture and a link."""
    content = (
        f'<?xml version="1.0"?><!-- planted --><office:document-content {_SPACES}><office:body><office:text>'
        f'<text:tracked-changes><text:changed-region text:id="c"><text:insertion><office:change-info>'
        f"<dc:creator>{NAME}</dc:creator>"
        "<dc:date>2026:11:23</dc:date></office:change-info></text:insertion></text:changed-region></text:tracked-changes>"
        f"<text:p>{PAGE_TEXT}<office:annotation><dc:creator>{NAME}</dc:creator>"
        "<meta:creator-initials>planted</meta:creator-initials>"
        '<text:p>Please look</text:p></office:annotation></text:p><draw:frame><draw:image xlink:href="Pictures/a.jpg"/>'
        '<svg:desc>C:\\planted</svg:desc></draw:frame><text:a xlink:href="file:///home/planted/a.odt">x</text:a>'
        '<text:a xlink:href="https://marketplace.example/">y</text:a></office:text></office:body></office:document-content>'
    )
    members = {
        "content.xml": content.encode(),
        "styles.xml": f"<office:document-styles {_SPACES}/>".encode(),
        "meta.xml": f"<a>{ADDRESS}</a>".encode(),
        "settings.xml": f"<a>{ADDRESS}</a>".encode(),
        "Thumbnails/thumbnail.png": png(),
        "Pictures/a.jpg": jpeg(1),
        "META-INF/manifest.xml": b'<m xmlns="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}", zipfile.ZIP_STORED)
        for name, octets in members.items():
            archive.writestr(name, octets)
    return made.getvalue()


DOCUMENTS: dict[str, Callable[[], bytes]] = {
    "a.pdf": pdf,
    "updated.pdf": lambda: with_history(pdf(object_stream_mode=pikepdf.ObjectStreamMode.disable)),
    "protected.pdf": lambda: pdf(encryption=pikepdf.Encryption(owner="planted", user="")),
    "a.docx": word,
    "a.xlsx": sheet,
    "a.pptx": slides,
    "a.odt": opendocument,
}
