"""Which charset octets are written in, where their mail does not say or says what cannot be: by what they look like.

It tells apart what it can tell with certainty enough: Unicode by its marks, ISO-2022 by its escapes, Chinese, Japanese and Korean
by their frequent letters, Cyrillic by its small ones. For the rest it names Western European, as mail programs do.
"""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE

WESTERN = "cp1252"
_SAMPLE = 8_000  # octets that are looked at
_ASCII = bytes(range(128))
_SPACES = b" \t\n\r"
_FOREIGN_SHARE = 0.3  # of the octets that are no spaces: fewer high ones are Western letters among others
_PAIR = re.compile(rb"[\xa1-\xfe][\xa1-\xfe]")
# Rows of JIS X 0208, KS X 1001 and GB 2312.
_PUNCTUATION_ROWS = frozenset(range(1, 4))
_KANA_ROWS = frozenset((4, 5))
_HANGUL_ROWS = frozenset(range(16, 41))
_FREQUENT_HAN_ROWS = frozenset(range(16, 56))
_KANA = re.compile("[\u3041-\u30fe]")
_HAN = re.compile("[\u4e00-\u9fff]")
_FREQUENT_BIG5 = re.compile(rb"[\xa4-\xc6][\x40-\x7e\xa1-\xfe]")
_CYRILLIC = ("cp1251", "koi8-r", "cp866", "iso8859-5")
_SMALL_CYRILLIC = re.compile("[\u0430-\u044f\u0451\u0454\u0456\u0457]")
_HTML_CHARSET = re.compile(
    rb"<(?:meta|\?xml)\b[^<>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE
)
_HTML_HEAD = 2_000  # octets in which HTML may name its charset


def codec_by_mark(octets: bytes) -> str | None:
    """The codec that a byte order mark, ISO-2022's escapes or the zeros of UTF-16 tell without doubt."""
    if octets.startswith(BOM_UTF8):
        return "utf-8-sig"
    if octets.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return "utf-16"
    if b"\x1b" not in octets:
        return None
    if b"\x1b$)C" in octets:
        return "iso2022_kr"
    return "iso2022_jp_ext" if b"\x1b$" in octets or b"\x1b(" in octets else None


def codec_by_letters(octets: bytes) -> str:
    """The codec in which octets that are no UTF-8 look most like words."""
    sample = octets[:_SAMPLE]
    high = sample.translate(None, _ASCII)
    if len(high) < _FOREIGN_SHARE * len(sample.translate(None, _SPACES)):
        return WESTERN
    return _east_asian(sample, high) or _cyrillic(sample, high) or WESTERN


def html_charset(octets: bytes) -> str:
    """The charset that HTML names in itself, or nothing."""
    named = _HTML_CHARSET.search(octets, 0, _HTML_HEAD)
    return named[1].decode("ascii") if named else ""


def _east_asian(sample: bytes, high: bytes) -> str | None:
    pairs = _PAIR.findall(sample)
    if len(pairs) * 2 >= len(high) - 1:  # every high octet in a pair of such: an EUC
        return _euc(pairs)
    shown = sample.decode("cp932", "ignore")
    if len(_KANA.findall(shown)) * 4 > len(high) / 2 and len(shown.encode("cp932")) >= len(sample) - 1:
        return "cp932"
    if len(_FREQUENT_BIG5.findall(sample)) * 2 > len(high) * 0.9 and _reads(sample, "big5hkscs"):
        return "big5hkscs"
    return (
        "gb18030"
        if _reads(sample, "gb18030") and len(_HAN.findall(sample.decode("gb18030", "ignore"))) * 2 > len(high) / 2
        else None
    )


def _euc(pairs: list[bytes]) -> str | None:
    """Japanese has kana in every sentence, Korean nearly all letters in the rows of its syllables."""
    rows = [pair[0] - 0xA0 for pair in pairs]
    letters = [row for row in rows if row not in _PUNCTUATION_ROWS]
    if not letters:
        return None
    if sum(row in _KANA_ROWS for row in letters) * 5 > len(letters):
        return "euc_jp"
    if sum(row in _HANGUL_ROWS for row in letters) > 0.9 * len(letters):
        return "cp949"
    return "gb18030" if sum(row in _FREQUENT_HAN_ROWS for row in letters) > 0.7 * len(letters) else None


def _reads(sample: bytes, codec: str) -> bool:
    """Whether the codec takes all of the sample; its last letter may be cut."""
    try:
        sample.decode(codec)
    except UnicodeDecodeError as error:
        return error.start >= len(sample) - 4
    return True


def _cyrillic(sample: bytes, high: bytes) -> str | None:
    """Sentences are written in small letters, and each of these codecs has them elsewhere."""
    small = {codec: len(_SMALL_CYRILLIC.findall(sample.decode(codec, "ignore"))) for codec in _CYRILLIC}
    codec = max(_CYRILLIC, key=lambda name: small[name])
    return codec if small[codec] > 0.7 * len(high) else None
