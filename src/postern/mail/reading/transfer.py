"""Content transfer encodings (RFC 2045 6): tolerant of all the damage that mails meet on their way.

yEnc is none of them and stays as it is.
"""

import binascii
import re
from contextlib import suppress

from postern.mail.reading.uuencoded import decode_uuencoded

_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
_SPACED_SOFT_BREAK = re.compile(rb"=[ \t]+(?=\r?\n|\Z)")
_PADDING = re.compile(rb"=+")
_SEGMENTS_MAXIMUM = 1_000
UUENCODE = frozenset({"uuencode", "x-uuencode", "uue", "x-uue"})
_NO_ENCODING = re.compile(r"(?:[678][ -]?bits?|binary|plain|text|none|identity|utf-?8|us-ascii|)")
_CONTROLS = bytes((*range(9), *range(14, 32)))
_FEW_WORDS = 40  # octets


def decode(octets: bytes, encoding: str) -> bytes | None:
    """The octets behind the encoding, or None if no such encoding is known (RFC 2045 6.4: then the part is no text)."""
    if encoding == "base64":
        return decode_base64(octets)
    if encoding == "quoted-printable":
        return decode_quoted_printable(octets)
    if encoding in UUENCODE:
        return decode_uuencoded(octets)
    return octets if _NO_ENCODING.fullmatch(encoding) else None


def is_unencoded_text(octets: bytes) -> bool:
    """Whether a text that calls itself base64 is plainly none: it has more spaces than base64 has by accident."""
    sample = octets[:2_000]
    return sample.count(b" ") * 12 > len(sample) > _FEW_WORDS and len(sample.translate(None, _CONTROLS)) == len(sample)


def decode_base64(octets: bytes) -> bytes:
    """Base64 with strange characters skipped (RFC 2045 6.8), missing padding made up, and what follows a padding read on."""
    whole = octets.rstrip(b"= \t\n")
    if b"=" not in whole:
        with suppress(binascii.Error):  # six bits too many, or too few
            return binascii.a2b_base64(whole + b"==")
    letters = octets.translate(None, _NOT_BASE64)
    whole = letters.rstrip(b"=")
    if b"=" not in whole:
        return _decode_segment(whole)
    segments = _PADDING.split(letters, maxsplit=_SEGMENTS_MAXIMUM)
    if len(segments) > _SEGMENTS_MAXIMUM:
        segments = [letters.replace(b"=", b"")]
    return b"".join(_decode_segment(segment) for segment in segments)


def _decode_segment(letters: bytes) -> bytes:
    if len(letters) % 4 == 1:  # six bits are no octet
        letters = letters[:-1]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def decode_quoted_printable(octets: bytes) -> bytes:
    """Quoted-printable; an equals sign that escapes nothing stays as it is (RFC 2045 6.7, note on robustness)."""
    if b"= " in octets or b"=\t" in octets:
        octets = _SPACED_SOFT_BREAK.sub(b"=", octets)
    return binascii.a2b_qp(octets)
