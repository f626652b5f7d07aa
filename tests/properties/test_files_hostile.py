"""Files that were damaged or made to harm: nothing raises, nothing stalls, and what is cleaned stays clean."""

import io
import random
import struct
import time
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pikepdf import Dictionary, Pdf, Stream

from postern.mail.files.budget import Budget, UncleanError
from postern.mail.files.cleaning import Cleaned, clean
from postern.mail.files.inspection import find_refused
from postern.mail.files.kinds import kind_of
from postern.mail.files.searching import searchable
from postern.mail.files.wrappings import unwrapped
from postern.mail.letter import Attachment, Letter
from postern.mail.spelling import present_in_octets
from postern.model.limits import Limits
from tests.planted import PICTURES, box, jpeg, png, png_chunk
from tests.planted_documents import DOCUMENTS, word
from tests.planted_wrappings import CALENDAR, MAIL, archive, enveloped, old_office, signed, tnef

LIMITS = Limits()
WRAPPED: dict[str, Callable[[], bytes]] = {
    "winmail.dat": lambda: tnef({"a.jpg": jpeg(), "b.txt": b"x"}),
    "a.eml": lambda: MAIL,
    "smime.p7m": lambda: signed(MAIL, in_pieces=True),
    "encrypted.p7m": enveloped,
    "a.ics": lambda: CALENDAR,
    "a.zip": lambda: archive({"a.jpg": jpeg(), "b.zip": archive({"c.txt": b"x"})}),
    "a.doc": lambda: old_office("WordDocument", "Macros"),
}
SAMPLES = {name: make() for name, make in {**PICTURES, **DOCUMENTS, **WRAPPED}.items()}
SMALL = [name for name in SAMPLES if name not in ("a.docx", "a.pptx", "updated.pdf", "protected.pdf")]


def search(file: Attachment) -> None:
    with suppress(UncleanError):
        for piece in searchable(file, LIMITS):
            present_in_octets(piece, (("ann@mail.test", ""),))


def treat(octets: bytes, name: str) -> list[Cleaned]:
    """All that is ever done with a file."""
    file = Attachment(name, "application/octet-stream", octets)
    find_refused(Letter("", "", None, (file,)), LIMITS)
    cleaned = [clean(one, Budget(LIMITS), "en") for one in unwrapped((file,), LIMITS)]
    for one in cleaned:
        if one.file:
            search(one.file)
    return cleaned


def damaged(octets: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 1, 2, 5))):
        start = chance.randrange(len(octets) + 1)
        match chance.randrange(5):
            case 0:
                octets = octets[:start]
            case 1:
                octets = octets[:start] + chance.randbytes(chance.choice((1, 2, 4))) + octets[start:]
            case 2:
                octets = octets[:start] + octets[start + chance.randrange(1, 40) :]
            case 3:
                value = chance.choice(
                    (b"\xff", b"\0", b"\x7f", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", chance.randbytes(1))
                )
                octets = octets[:start] + value + octets[start + len(value) :]
            case _:
                end = start + chance.randrange(200)
                octets = octets[:start] + octets[start:end] * 2 + octets[end:]
    return octets


@settings(max_examples=250)
@given(st.sampled_from(SMALL), st.randoms(use_true_random=False))
def test_damage_never_raises_and_what_comes_out_is_clean(name: str, chance: random.Random) -> None:
    for cleaned in treat(damaged(SAMPLES[name], chance), name):
        if cleaned.file:
            again = clean(cleaned.file, Budget(LIMITS), "en")
            assert again == Cleaned(cleaned.file)


@given(st.binary(max_size=300), st.sampled_from(["", "a.txt", "a.eml", "a.pdf"]))
def test_any_octets_are_some_kind_of_file(octets: bytes, name: str) -> None:
    assert kind_of(Attachment(name, "message/rfc822", octets), LIMITS)
    treat(octets, name)


def packed_objects(count: int, size: int) -> bytes:
    """A PDF whose packed objects unpack to far more (M-07)."""
    body = zlib.compress(b"9 0 " + b" " * size, 9)
    made = b"%PDF-1.5\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\n"
    for number in range(count):
        head = b"%d 0 obj\n<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>stream\n" % (10 + number, len(body))
        made += head + body + b"\nendstream\nendobj\n"
    return made + b"trailer<</Root 1 0 R>>"


def tree_of_pages(count: int) -> bytes:
    kids = b" ".join(b"%d 0 R" % number for number in range(3, 3 + count))
    pages = b"".join(
        b"%d 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 1 1]>>\nendobj\n" % number for number in range(3, 3 + count)
    )
    catalogue = b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[" + kids
    return catalogue + b"]/Count %d>>\nendobj\n" % count + pages + b"trailer<</Root 1 0 R>>"


def strips(size: int) -> bytes:
    """A TIFF of pages whose strips are all empty, and listed once for all of them."""
    count = size // 4
    pages = b""
    for number in range(200):
        place = 8 + number * 66 + 66
        tags = ((256, 4, 1, 1), (257, 4, 1, 1), (273, 4, count, 20_000), (279, 4, count, 20_000 + size), (262, 4, 1, 1))
        pages += struct.pack("<H", 5) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + struct.pack("<I", place)
    return (b"II*\0\x08\0\0\0" + pages).ljust(20_000, b"\0") + bytes(2 * size)


def drawing(operators: bytes, fonts: int = 0) -> bytes:
    """A page that draws this, with fonts that number their letters."""
    document = Pdf.new()
    document.add_blank_page()
    table = b"beginbfrange\n<0001> <FFFF> <0020>\nendbfrange"
    named = {f"F{number}": Dictionary(ToUnicode=Stream(document, table + b" " * number)) for number in range(fonts)}
    fonts_there = Dictionary({f"/{name}": document.make_indirect(font) for name, font in named.items()})
    document.pages[0].Resources = Dictionary(Font=fonts_there)
    document.pages[0].Contents = Stream(document, operators)
    made = io.BytesIO()
    document.save(made, compress_streams=False)
    return made.getvalue()


def one_object(content: bytes) -> bytes:
    return (
        tree_of_pages(1)
        .replace(b"trailer", b"9 0 obj\n" + content + b"\nendobj\ntrailer")
        .replace(b"/MediaBox", b"/Contents 9 0 R/MediaBox")
    )


def with_words(change: bytes) -> bytes:
    """A document with this in it, not packed: else it would be found out as a bomb before anything is read."""
    with zipfile.ZipFile(io.BytesIO(word())) as read:
        members = {name: read.read(name) for name in read.namelist()}
    members["word/document.xml"] = members["word/document.xml"].replace(b"<w:body>", b"<w:body>" + change)
    return archive(members, zipfile.ZIP_STORED)


MEGA = 1_000_000
CRAFTED: dict[str, Callable[[int], bytes]] = {
    "a photograph of markers": lambda size: b"\xff\xd8" + b"\xff\xfe\0\2" * (size // 4),
    "a photograph of scans": lambda size: jpeg()[:-2] + b"\xff\xda\0\2" * (size // 4),
    "a photograph of filling": lambda size: b"\xff\xd8" + b"\xff" * size,
    "chunks of nothing": lambda size: png()[:33] + png_chunk(b"tEXt", b"") * (size // 12),
    "sub-blocks of one octet": lambda size: b"GIF89a\1\0\1\0\0\0\0" + b"\x21\xfe" + b"\1a" * (size // 2) + b"\0",
    "blocks of nothing": lambda size: b"GIF89a\1\0\1\0\0\0\0" + b"\x21\xfe\0" * (size // 3),
    "a riff of nothing": lambda size: b"RIFF" + struct.pack("<I", size) + b"WEBP" + (b"JUNK" + bytes(4)) * (size // 8),
    "boxes of nothing": lambda size: box(b"ftyp", b"avif" + bytes(4)) + box(b"free", b"") * (size // 8),
    "directories in a ring": lambda size: (
        b"II*\0\x08\0\0\0" + b"\1\0" + struct.pack("<HHII", 256, 4, 1, 1) + b"\x08\0\0\0" + bytes(size)
    ),
    "strips of nothing": strips,
    "packed objects": lambda size: packed_objects(20, size),
    "packed lists": lambda size: packed_objects(1, 1).replace(
        zlib.compress(b"9 0  ", 9), zlib.compress(b"9 0 " + b"[" * 2 + b"1 " * size + b"]]", 1)
    ),
    "a thousand small bombs": lambda size: packed_objects(1_000, size // 10),
    "pages": lambda size: tree_of_pages(size // 80),
    "words of PDF": lambda size: b"%PDF-1.4\n" + b"1 0 obj\n<<>>stream\n" * (size // 20),
    "many strings": lambda size: drawing(b"()" * (size // 2)),
    "long strings, many fonts": lambda size: drawing(b"(" + b"ab" * (size // 2) + b")", 40),
    "short strings, many fonts": lambda size: drawing(b"(ab)" * (size // 4), 40),
    "open strings": lambda size: drawing(b"(" * size),
    "half open strings": lambda size: drawing(b"(()" * (size // 3)),
    "hexadecimal without end": lambda size: drawing(b"<00 " * (size // 4)),
    "one long list": lambda size: one_object(b"[" + b"<<>>" * (size // 4) + b"]"),
    "long lists": lambda size: one_object((b"[" + b"1 " * 15_000 + b"]") * (size // 30_000)),
    "long lists in a list": lambda size: one_object(b"[" + (b"[" + b"1 " * 15_000 + b"]") * (size // 30_000) + b"]"),
    "many names": lambda size: one_object(b"[" + (b"[" + b"/A " * 15_000 + b"]") * (size // 45_000) + b"]"),
    "one long dictionary": lambda size: one_object(b"<<" + b"".join(b"/A%d 1" % one for one in range(size // 10)) + b">>"),
    "brackets": lambda size: b"%PDF-1.4\n1 0 obj\n" + b"[" * size,
    "dictionaries": lambda size: b"%PDF-1.4\n1 0 obj\n" + b"<</A" * (size // 4) + b"trailer<</Root 1 0 R>>",
    "tags": lambda size: with_words(b'<w:p w:rsidR="1"/>' * (size // 18)),
    "tags in tags": lambda size: with_words(b"<w:p>" * (size // 12) + b"</w:p>" * (size // 12)),
    "quotation marks": lambda size: with_words(b"""<w:p a="'">'" w:author='</w:p>""" * (size // 30)),
    "comments": lambda size: with_words(b"<!-- -->" * (size // 8)),
    "settings of settings": lambda size: with_words(b"<w:rsids>" * (size // 19) + b"</w:rsids>" * (size // 19)),
    "members": lambda size: archive({str(number): b"" for number in range(size // 500)}),
    "zeros": lambda size: archive({"a.txt": bytes(30 * size)}),
    "ends of archives": lambda size: b"PK\3\4" + b"PK\5\6" * (size // 4),
    "attributes of nothing": lambda size: (
        b"\x78\x9f\x3e\x22\0\0" + (b"\2" + struct.pack("<II", 0x00069002, 0) + b"\0\0") * (size // 11)
    ),
    "sequences": lambda size: signed(b"x")[:60] + b"\x24\x80" * (size // 2),
    "folded lines": lambda size: b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:" + b"\n a" * (size // 3) + b"\nEND:VEVENT",
    "events": lambda size: b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\nSUMMARY:a\nEND:VEVENT\n" * (size // 34),
    "parameters": lambda size: b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY" + b';A="' * (size // 4) + b":x\nEND:VEVENT",
    "comments before a page": lambda size: b"<!---->" * (size // 7) + b"x",
    "almost a page": lambda size: b"<!-- " + b" -->" * (size // 4),
    "almost macros": lambda size: old_office() + "VBA".encode("utf-16-le") * (size // 6),
    "a mail of headers": lambda size: b"A: b\n" * (size // 5),
}


def seconds(octets: bytes) -> float:
    start = time.process_time()
    treat(octets, "a.eml")
    return time.process_time() - start


@pytest.mark.parametrize("name", CRAFTED)
def test_a_crafted_file_costs_less_than_a_second(name: str) -> None:  # M-07
    assert seconds(CRAFTED[name](MEGA // 2)) < 1.0


def test_a_large_photograph_costs_milliseconds() -> None:
    octets = jpeg()[:-2].partition(b"PK\x03\x04")[0]
    scan = random.Random(1).randbytes(10 * MEGA).replace(b"\xff", b"\xff\0")
    photograph = octets[: octets.rfind(b"\xff\xda") + 14] + scan + b"\xff\xd9"
    start = time.process_time()
    assert clean(Attachment("a.jpg", "image/jpeg", photograph), Budget(LIMITS), "en").file
    assert time.process_time() - start < 0.2
