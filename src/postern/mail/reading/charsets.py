"""Octets to text: by the charset a mail names, and by evidence where that is missing, unknown or wrong.

Only charsets on the list below are tried. Python knows more codecs, among them some that take quadratic time.
"""

import re

from postern.mail.characters import clean
from postern.mail.reading import evidence

_ISO_2022_CN = "iso-2022-cn"  # RFC 1922, of which Python has no codec
_CODECS = {
    # WHATWG reads these labels as the larger sets that mail programs really write.
    "us-ascii": "cp1252",
    "iso-646-us": "cp1252",
    "ansi": "cp1252",
    "x-ansi": "cp1252",
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "ansi-x3.4-1968": "cp1252",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "iso-8859-9": "cp1254",
    "gb2312": "gb18030",
    "gb-2312": "gb18030",
    "gb-2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cp936": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5hkscs",
    "big5-hkscs": "big5hkscs",
    "cp950": "cp950",
    "euc-cn": "gb18030",
    "x-euc-cn": "gb18030",
    "csgb2312": "gb18030",
    "euc-kr": "cp949",
    "euckr": "cp949",
    "ks-c-5601-1987": "cp949",
    "ks-c-5601-1989": "cp949",
    "ks-c-5601": "cp949",
    "uhc": "cp949",
    "windows-949": "cp949",
    "ksc5601": "cp949",
    "cp949": "cp949",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "sjis": "cp932",
    "cp932": "cp932",
    "windows-31j": "cp932",
    "ms-kanji": "cp932",
    "euc-jp": "euc_jp",
    "x-euc-jp": "euc_jp",
    "eucjp": "euc_jp",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-2022-jp-1": "iso2022_jp_ext",
    "iso-2022-jp-2": "iso2022_jp_2",
    "iso-2022-jp-3": "iso2022_jp_3",
    "iso-2022-jp-2004": "iso2022_jp_2004",
    "iso-2022-jp-ext": "iso2022_jp_ext",
    "cp50220": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext",
    "iso-2022-kr": "iso2022_kr",
    "iso-2022-cn": _ISO_2022_CN,
    "iso-2022-cn-ext": _ISO_2022_CN,
    "hz-gb-2312": "hz",
    "hz": "hz",
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "utf-7": "utf-7",
    "unicode-1-1-utf-7": "utf-7",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "utf-32": "utf-32",
    "koi8-r": "koi8-r",
    "koi8": "koi8-r",
    "koi": "koi8-r",
    "koi8-u": "koi8-u",
    "macintosh": "mac_roman",
    "x-mac-roman": "mac_roman",
    "tis-620": "cp874",
    "windows-874": "cp874",
    "iso-8859-11": "cp874",
    "iso-8859-8-i": "iso8859-8",
    "cp437": "cp437",
    "ibm437": "cp437",
    "cp850": "cp850",
    "ibm850": "cp850",
    "cp866": "cp866",
    "ibm866": "cp866",
    **{f"iso8859-{number}": f"iso8859-{number}" for number in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    **{f"iso-8859-{number}": f"iso8859-{number}" for number in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    **{f"windows-{number}": f"cp{number}" for number in range(1250, 1259)},
    **{f"cp{number}": f"cp{number}" for number in range(1250, 1259)},
}
_NAME_NOISE = re.compile(r"[\"'\s]")
_ASCII = bytes(range(128))
_CONTROLS = bytes((*range(9), *range(11, 32), 127))
_NOT_ASCII_ALONE = frozenset({"utf-7", "hz", "utf-16", "utf-16-le", "utf-16-be", "utf-32", _ISO_2022_CN})
_LINES_MAXIMUM = 20_000  # of a text that are looked at one by one
_BYTE_ORDER_MARK = "\ufeff"
_CHINESE_RUN = re.compile(rb"\x0e([^\x0f\n]*)\x0f?")
_CHINESE_ESCAPE = re.compile(rb"\x1b\$[)*+][A-Z]|\x1b[NO]")


def decode(octets: bytes, charset: str) -> str:
    """The text of these octets, clean, whatever they are."""
    if octets.isascii() and b"\x1b" not in octets and codec_of(charset) not in _NOT_ASCII_ALONE:
        return octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n").translate(None, _CONTROLS).decode("ascii")
    text = _by_name(octets, charset)
    return clean((by_evidence(octets) if text is None else text).removeprefix(_BYTE_ORDER_MARK))


def decode_html(octets: bytes, charset: str) -> str:
    """The same for HTML, which may name its charset in itself; what the mail says goes before."""
    if octets.isascii() or codec_of(charset) not in {None, "utf-8"}:
        return decode(octets, charset)
    named = "" if _is_utf8(octets) else evidence.html_charset(octets)
    return decode(octets, "" if codec_of(named) in _NOT_ASCII_ALONE else named)  # what names itself in ASCII is no UTF-16


def codec_of(charset: str) -> str | None:
    """The codec that reads this charset, or None for one that is not on the list."""
    name = _NAME_NOISE.sub("", charset).lower().replace("_", "-")
    return _CODECS.get(name)


def by_evidence(octets: bytes) -> str:
    """Without a trustworthy name: by marks and escapes, as UTF-8 what is mostly that, the rest by its letters. Never UTF-7."""
    if marked := evidence.codec_by_mark(octets):
        return octets.decode(marked, "replace")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return _without_name(octets)


def _without_name(octets: bytes) -> str:
    pieces = octets.split(b"\n") if octets.count(b"\n") <= _LINES_MAXIMUM else [octets]
    read = [_mostly_utf8(piece) for piece in pieces]
    others = b"\n".join(piece for piece, text in zip(pieces, read, strict=True) if text is None)
    if not others:
        return "\n".join(text for text in read if text is not None)
    codec = evidence.codec_by_letters(others)
    if codec != evidence.WESTERN:
        return octets.decode(codec, "replace")
    # A footer of another program under a text in UTF-8, or the other way round.
    return "\n".join(_western(piece) if text is None else text for piece, text in zip(pieces, read, strict=True))


def _mostly_utf8(octets: bytes) -> str | None:
    """A piece of a text as UTF-8, if no more than a quarter of its high octets are none."""
    text = octets.decode("utf-8", "replace")
    return text if text.count("\ufffd") * 4 <= len(octets.translate(None, _ASCII)) else None


def _by_name(octets: bytes, charset: str) -> str | None:
    codec = codec_of(charset)
    if codec is None or codec == "utf-8":
        return None  # evidence reads UTF-8, and what is wrongly called so
    if codec == "cp1252":
        return None if charset.lower().endswith("ascii") or _is_utf8(octets) else _western(octets)
    if codec == _ISO_2022_CN:
        return _iso_2022_cn(octets)
    if codec == "utf-16":
        return _utf16(octets)
    try:
        return octets.decode(codec)
    except UnicodeDecodeError:
        return None if _is_utf8(octets) else octets.decode(codec, "replace")


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _western(octets: bytes) -> str:
    """Windows-1252, with its five holes read as ISO-8859-1 reads them."""
    try:
        return octets.decode("cp1252")
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def _utf16(octets: bytes) -> str | None:
    """Without a mark the order is big-endian (RFC 2781 4.3), unless the zeros of Western letters say otherwise."""
    if evidence.codec_by_mark(octets[:2]):
        return octets.decode("utf-16", "replace")
    if b"\x00" not in octets and _is_utf8(octets):
        return None
    return octets.decode("utf-16-le" if octets[1::2].count(0) > octets[::2].count(0) else "utf-16-be", "replace")


def _iso_2022_cn(octets: bytes) -> str:
    """Between shift out and shift in stand letters of GB 2312, seven-bit; other sets are so rare that nobody reads them."""
    shifted = _CHINESE_ESCAPE.sub(b"", octets)
    return _CHINESE_RUN.sub(lambda run: bytes(octet | 0x80 for octet in run[1]), shifted).decode("gb18030", "replace")
