"""Octets to text: by the charset a mail names, and by evidence where that is missing, unknown or wrong.

Only charsets on the list below are tried. Python knows more codecs, among them some that take quadratic time.
"""

import re

from postern.mail.characters import clean

_CODECS = {
    # WHATWG reads these labels as the larger sets that mail programs really write.
    "us-ascii": "cp1252",
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
    "euc-kr": "cp949",
    "ks-c-5601-1987": "cp949",
    "ksc5601": "cp949",
    "cp949": "cp949",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "sjis": "cp932",
    "cp932": "cp932",
    "windows-31j": "cp932",
    "euc-jp": "euc_jp",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-2022-jp-1": "iso2022_jp_ext",
    "iso-2022-jp-2": "iso2022_jp_2",
    "iso-2022-kr": "iso2022_kr",
    "hz-gb-2312": "hz",
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
    **{f"iso-8859-{number}": f"iso8859-{number}" for number in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    **{f"windows-{number}": f"cp{number}" for number in range(1250, 1259)},
    **{f"cp{number}": f"cp{number}" for number in range(1250, 1259)},
}
_NAME_NOISE = re.compile(r"[\"'\s]")
_ASCII = bytes(range(128))
_CONTROLS = bytes((*range(9), *range(11, 32), 127))
_NOT_ASCII_ALONE = frozenset({"utf-7", "hz", "utf-16", "utf-16-le", "utf-16-be", "utf-32"})


def decode(octets: bytes, charset: str) -> str:
    """The text of these octets, clean, whatever they are."""
    if octets.isascii() and b"\x1b" not in octets and codec_of(charset) not in _NOT_ASCII_ALONE:
        return octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n").translate(None, _CONTROLS).decode("ascii")
    return clean(_by_name(octets, charset) or by_evidence(octets))


def codec_of(charset: str) -> str | None:
    """The codec that reads this charset, or None for one that is not on the list."""
    name = _NAME_NOISE.sub("", charset).lower().replace("_", "-")
    return _CODECS.get(name)


def by_evidence(octets: bytes) -> str:
    """Without a trustworthy name: ISO-2022-JP by its escapes, UTF-8 where most of it is, else windows-1252."""
    if b"\x1b$" in octets or b"\x1b(" in octets:
        return octets.decode("iso2022_jp_ext", "replace")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        text = octets.decode("utf-8", "replace")
    high = len(octets.translate(None, _ASCII))
    return text if text.count("\ufffd") * 4 <= high else _western(octets)


def _by_name(octets: bytes, charset: str) -> str | None:
    codec = codec_of(charset)
    if codec is None or codec == "utf-8":
        return None  # evidence reads UTF-8, and what is wrongly called so
    if codec == "cp1252":
        return None if charset.lower().endswith("ascii") or _is_utf8(octets) else _western(octets)
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
