"""Files with ``planted`` written wherever their formats have a place for who made them; and a search that unpacks everything.

The generators use other people's writers where there are such; the search shares no code with the product.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator

import pikepdf
from PIL import Image, ImageCms, TiffImagePlugin

WORD = "planted"
ADDRESS = "zoe@planted.test"
NAME = "Zoe Planted"
GPS = {1: "N", 2: (52.0, 30.0, 59.0), 3: "E", 4: (13.0, 22.0, 1.0), 29: "2026:11:23"}
XMP = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><dc:creator>{ADDRESS}</dc:creator></x:xmpmeta>'.encode()


def everything_in(octets: bytes) -> Iterator[bytes]:
    """The octets, then all that can be unpacked from them, each also without its NULs; lower case."""
    waiting = [octets]
    while waiting:
        here = waiting.pop()
        yield here.lower()
        yield here.replace(b"\0", b"").lower()
        if zipfile.is_zipfile(io.BytesIO(here)):
            with zipfile.ZipFile(io.BytesIO(here)) as archive:
                waiting += [archive.comment, *(archive.read(one) for one in archive.namelist() if one)]
                waiting += [one.filename.encode() + one.comment + one.extra for one in archive.infolist()]
        elif here.startswith(b"%PDF"):
            plain = io.BytesIO()
            with pikepdf.open(io.BytesIO(here)) as document:
                document.save(plain, qdf=True, stream_decode_level=pikepdf.StreamDecodeLevel.generalized)
            yield plain.getvalue().lower().replace(b"\0", b"")
        else:
            waiting += _deflated(here)


def _deflated(octets: bytes) -> Iterator[bytes]:
    for chunk in (b"iCCP", b"zTXt", b"iTXt"):
        place = octets.find(chunk)
        for start in range(place, min(place + 100, len(octets))) if place >= 0 else ():
            try:
                yield zlib.decompressobj().decompress(octets[start:])
                break
            except zlib.error:
                continue


def tells(octets: bytes) -> bool:
    """Whether what was planted can still be found."""
    words = (b"planted", b"2026:11:23", b"zoe@")
    return any(word in view for view in everything_in(octets) for word in words)


def picture(size: tuple[int, int] = (61, 37), mode: str = "RGB") -> Image.Image:
    """A picture in which each pixel differs."""
    width, height = size
    band = [
        Image.frombytes("L", size, bytes((x * 3 + y * shift) % 256 for y in range(height) for x in range(width)))
        for shift in (5, 7, 11)
    ]
    return Image.merge("RGB", band).convert(mode)


def exif(orientation: int = 6) -> Image.Exif:
    made = Image.Exif()
    made[0x010E] = made[0x010F] = made[0x0110] = made[0x013B] = made[0x8298] = NAME
    made[0x0112] = orientation
    made._ifds[0x8825] = GPS  # its writer has no other way in
    made._ifds[0x8769] = {0x927C: b"MAKER planted", 0xA430: NAME, 0xA431: "planted-serial", 0x9286: b"ASCII\0\0\0planted"}
    return made


def profile() -> bytes:
    """An sRGB profile that names its owner in its free texts."""
    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return made.replace("sRGB".encode("utf-16-be"), "planted".encode("utf-16-be")[:8]) + b"planted"


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    made = io.BytesIO()
    image.save(made, kind, **options)
    return made.getvalue()


def _segment(marker: int, content: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(content) + 2) + content


def jpeg(orientation: int = 6, **options: object) -> bytes:
    plain = saved(picture(), "JPEG", exif=exif(orientation), comment=ADDRESS, icc_profile=profile(), **options)
    small = saved(picture((16, 16)), "JPEG", comment=ADDRESS)
    more = (
        _segment(0xE0, b"JFXX\0\x10" + small)
        + _segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP)
        + _segment(0xE2, b"FPXR\0planted")
        + _segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x10\x1c\x02\x50\0\x07planted\0\0")
        + b"".join(_segment(marker, b"planted") for marker in (0xE3, 0xE5, 0xEA, 0xEC, 0xEE, 0xEF, 0xFE))
    )
    return plain[:2] + plain[2:20] + more + plain[20:] + small + b"PK\x03\x04planted"


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(**options: object) -> bytes:
    plain = saved(picture(), "PNG", exif=exif(), icc_profile=profile(), **options)
    before = (
        png_chunk(b"tEXt", b"Author\0" + ADDRESS.encode())
        + png_chunk(b"zTXt", b"Author\0\0" + zlib.compress(ADDRESS.encode()))
        + png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\x01\0\0\0" + zlib.compress(XMP))
        + png_chunk(b"tIME", b"\x07\xea\x0b\x17\0\0\0")
        + png_chunk(b"prVt", b"planted")
        + png_chunk(b"sPLT", b"planted\0\x08")
    )
    after = png_chunk(b"tEXt", b"Author\0" + ADDRESS.encode())
    return plain[:33] + before + plain[33:-12] + after + plain[-12:] + b"planted"


def frames(count: int = 3) -> list[Image.Image]:
    return [picture().rotate(90 * number) for number in range(count)]


def apng() -> bytes:
    first, *others = frames()
    plain = saved(first, "PNG", save_all=True, append_images=others, duration=80, loop=2)
    return plain[:33] + png_chunk(b"tEXt", b"Author\0planted") + plain[33:] + b"planted"


def gif() -> bytes:
    first, *others = [frame.convert("P") for frame in frames()]
    plain = saved(first, "GIF", save_all=True, append_images=others, duration=80, loop=2, comment=ADDRESS.encode())
    more = b"\x21\xff\x0bXMP DataXMP\x07planted\0" + b"\x21\x01\x0c" + bytes(12) + b"\x07planted\0" + b"\x21\xfe\x07planted\0"
    return plain[:-1] + more + b"\x3b" + b"planted"


def webp(*, animated: bool = False, **options: object) -> bytes:
    first, *others = frames() if animated else [picture()]
    more: dict[str, object] = {"save_all": True, "append_images": others} if animated else {}
    plain = saved(first, "WEBP", exif=exif(), xmp=XMP, icc_profile=profile(), **more, **options)
    chunks = plain[12:] + b"JUNK" + struct.pack("<I", 7) + b"planted\0"
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks + b"planted"


def tiff(**options: object) -> bytes:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for tag in (269, 270, 271, 272, 285, 305, 306, 315, 316, 33432, 65000):
        tags[tag] = ADDRESS
        tags.tagtype[tag] = 2
    tags[700], tags.tagtype[700] = XMP, 1
    tags[34377], tags.tagtype[34377] = b"8BIMplanted", 1
    first, *others = frames(2)
    return saved(first, "TIFF", save_all=True, append_images=others, tiffinfo=tags, icc_profile=profile(), **options) + b"planted"


def bmp() -> bytes:
    """Version 5, with a profile linked by its path, a gap before the pixels, and more behind them."""
    image = picture((13, 7))
    pixels = saved(image, "BMP")[54:]
    path = b"C:\\Users\\planted\\screen.icm\0"
    start = 14 + 124 + 20
    header = struct.pack("<IiiHHIIiiII", 124, 13, 7, 1, 24, 0, len(pixels), 2835, 2835, 0, 0) + bytes(16)
    header += b"KNIL" + bytes(36 + 12) + struct.pack("<IIII", 4, 144 + len(pixels), len(path), 0)
    body = header + b"planted in a gap...."[:20] + pixels + path
    return struct.pack("<2sIHHI", b"BM", 14 + len(body), 0x6C70, 0x6E61, start) + body + b"planted"


def huge_header(width: int = 50_000, height: int = 50_000) -> bytes:
    """A PNG that says how large it is, and has next to no pixels."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", zlib.compress(b"")) + png_chunk(b"IEND", b"")


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


def avif() -> bytes:
    image = picture(mode="RGBA")
    image.putalpha(200)
    plain = saved(image, "AVIF", exif=exif(1), xmp=XMP, quality=90)
    return plain + box(b"uuid", bytes(16) + b"planted") + box(b"free", b"planted") + b"planted"


PICTURES: dict[str, Callable[[], bytes]] = {
    "a.jpg": jpeg,
    "progressive.jpg": lambda: jpeg(progressive=True),
    "grey.jpg": lambda: saved(picture(mode="L"), "JPEG", exif=exif(3), comment=ADDRESS),
    "cmyk.jpg": lambda: saved(picture(mode="CMYK"), "JPEG", comment=ADDRESS, icc_profile=profile()),
    "a.png": png,
    "palette.png": lambda: saved(picture(mode="P"), "PNG", exif=exif(8)),
    "animated.png": apng,
    "a.gif": gif,
    "a.webp": webp,
    "lossless.webp": lambda: webp(lossless=True),
    "animated.webp": lambda: webp(animated=True),
    "a.tif": tiff,
    "packed.tif": lambda: tiff(compression="tiff_lzw"),
    "a.bmp": bmp,
    "palette.bmp": lambda: saved(picture(mode="P"), "BMP") + b"planted",
    "a.avif": avif,
}
