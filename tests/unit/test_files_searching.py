"""A file that is packed is searched unpacked: a known address in it is found, and the file withheld."""

import base64
import io
import zlib

import docx
import pikepdf
import pytest
from pikepdf import Dictionary, Name, Pdf, Stream

from postern.mail.files.budget import UncleanError
from postern.mail.files.searching import searchable
from postern.mail.letter import Attachment
from postern.mail.spelling import present_in_octets
from postern.model.limits import Limits
from tests.letters import FROM_ANN, letter_of, relay
from tests.planted_documents import opendocument, pdf, rezipped, sheet, slides, word
from tests.planted_wrappings import archive

ADDRESS = "ann@mail.test"
LIMITS = Limits()


def page(content: bytes, *, table: bytes = b"") -> bytes:
    """A PDF whose one page draws this, packed; with a font that numbers its letters as the table says."""
    document = Pdf.new()
    document.add_blank_page()
    font = Dictionary(Type=Name.Font, Subtype=Name.Type0)
    if table:
        font.ToUnicode = Stream(document, zlib.compress(table), Filter=Name.FlateDecode)
    document.pages[0].Resources = Dictionary(Font=Dictionary(F=document.make_indirect(font)))
    document.pages[0].Contents = Stream(document, zlib.compress(content), Filter=Name.FlateDecode)
    made = io.BytesIO()
    document.save(made, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return made.getvalue()


def numbered(text: str) -> bytes:
    """Letters as the numbers 1, 2, 3 of a font, two octets each, as browsers write them."""
    return "".join(f"{ord(letter) - 31:04X}" for letter in text).encode()


RANGE = b"1 beginbfrange\n<0001> <005F> <0020>\nendbfrange"
SINGLE = b"20 beginbfchar\n" + b"".join(b"<%04X> <%04X>\n" % (code - 31, code) for code in range(32, 127)) + b"endbfchar"
LISTED = b"beginbfrange\n<0001> <005F> [" + b" ".join(b"<%04X>" % code for code in range(32, 127)) + b"]\nendbfrange"


def linked() -> bytes:
    with pikepdf.open(io.BytesIO(pdf())) as document:
        document.pages[0].Annots[2].A.URI = f"mailto:{ADDRESS}"
        made = io.BytesIO()
        document.save(made, object_stream_mode=pikepdf.ObjectStreamMode.generate)
        return made.getvalue()


def split_over_runs() -> bytes:
    document = docx.Document()
    paragraph = document.add_paragraph("Write to ")
    for piece in ("ann", "@mail", ".test", " please"):
        paragraph.add_run(piece).bold = piece == "@mail"
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


SHOWING = {
    "plain.pdf": page(b"BT (Write to ann@mail.test) Tj ET"),
    "kerned.pdf": page(b"BT [(Write to an) -20 (n\\100ma) 3 (il.t) 1 (est)] TJ ET"),
    "hexadecimal.pdf": page(b"BT <" + ADDRESS.encode().hex().encode() + b"> Tj ET"),
    "numbered.pdf": page(b"BT <" + numbered(ADDRESS) + b"> Tj ET", table=RANGE),
    "numbered-singly.pdf": page(b"BT <" + numbered("Write " + ADDRESS) + b"> Tj ET", table=SINGLE),
    "numbered-by-list.pdf": page(b"BT [<" + numbered("ann@") + b"> 9 <" + numbered("mail.test") + b">] TJ ET", table=LISTED),
    "linked.pdf": linked(),
    "runs.docx": split_over_runs(),
    "a.docx": rezipped(word(), {"word/document.xml": lambda old: old.replace(b"atlas", b"ann&#64;mail.test")}, {}),
    "a.xlsx": rezipped(sheet(), {"xl/worksheets/sheet1.xml": lambda old: old.replace(b"atlas", ADDRESS.encode())}, {}),
    "a.pptx": rezipped(slides(), {"ppt/slides/slide1.xml": lambda old: old.replace(b"atlas", ADDRESS.encode())}, {}),
    "a.odt": rezipped(opendocument(), {"content.xml": lambda old: old.replace(b"atlas", ADDRESS.encode())}, {}),
    "a.zip": archive({"a.txt": f"I am {ADDRESS}".encode()}),
    "nested.zip": archive({"b.zip": archive({"a.pdf": page(b"BT (ann@mail.test) Tj ET")})}),
    "named.zip": archive({f"{ADDRESS}.txt": b"hello"}),
}


def shows(octets: bytes) -> bool:
    pieces = searchable(Attachment("", "application/octet-stream", octets), LIMITS)
    return any(present_in_octets(piece, ((ADDRESS, ""),)) for piece in pieces)


@pytest.mark.parametrize("name", SHOWING)
def test_an_address_is_found_where_a_reader_would_see_it(name: str) -> None:  # R1
    assert ADDRESS.encode() not in SHOWING[name] or name == "named.zip"
    assert shows(SHOWING[name])


@pytest.mark.parametrize("make", [pdf, word, sheet, slides, opendocument])
def test_no_address_is_found_where_none_is(make: object) -> None:
    assert callable(make)
    assert not shows(make())


@pytest.mark.parametrize("name", SHOWING)
def test_a_file_that_shows_a_known_address_is_withheld_and_named(name: str) -> None:
    encoded = base64.encodebytes(SHOWING[name]).decode()
    mail = (
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nSee the file.\n--b\n"
        f"Content-Type: application/octet-stream; name={name}\nContent-Transfer-Encoding: base64\n\n{encoded}\n--b--\n"
    )
    relayed = relay(mail, FROM_ANN)
    assert letter_of(relayed).letter.attachments == ()
    assert name in relayed.content.decode()


@pytest.mark.parametrize("octets", [b"%PDF-", pdf()[:3000], word()[:3000], b"PK\x05\x06", SHOWING["plain.pdf"][:-200]])
def test_what_cannot_be_searched_to_its_end_does_not_count_as_searched(octets: bytes) -> None:
    pieces = searchable(Attachment("", "", octets), LIMITS)
    assert next(pieces) == octets
    with pytest.raises(UncleanError):
        list(pieces)


def filtered(content: bytes, *filters: str, **more: object) -> bytes:
    document = Pdf.new()
    document.add_blank_page()
    document.pages[0].Contents = Stream(document, content, Filter=[Name(one) for one in filters], **more)
    made = io.BytesIO()
    document.save(made, stream_decode_level=pikepdf.StreamDecodeLevel.none, compress_streams=False)
    return made.getvalue()


DRAWN = b"BT (ann@mail.test) Tj ET"


@pytest.mark.parametrize(
    "octets",
    [
        filtered(zlib.compress(DRAWN), "/FlateDecode"),
        filtered(base64.a85encode(zlib.compress(DRAWN)) + b"~>", "/ASCII85Decode", "/FlateDecode"),
        filtered(DRAWN.hex().encode() + b">", "/ASCIIHexDecode"),
        filtered(DRAWN),
    ],
)
def test_every_filter_that_texts_are_packed_with_is_undone(octets: bytes) -> None:
    assert shows(octets)


@pytest.mark.parametrize(
    "octets",
    [
        filtered(b"x", "/LZWDecode"),
        filtered(b"not deflated", "/FlateDecode"),
        filtered(b"\xff\xff~>", "/ASCII85Decode"),
        filtered(b"zz>", "/ASCIIHexDecode"),
        filtered(zlib.compress(DRAWN), "/FlateDecode", DecodeParms=Dictionary(Predictor=12)),
        filtered(zlib.compress(b"() " * 600_000, 1), "/FlateDecode"),
        filtered(zlib.compress(bytes(51_000_000)), "/FlateDecode"),
    ],
)
def test_a_pdf_whose_text_cannot_be_seen_does_not_count_as_searched(octets: bytes) -> None:
    with pytest.raises(UncleanError):
        shows(octets)
