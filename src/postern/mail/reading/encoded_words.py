"""Encoded words in header fields (RFC 2047)."""

import re

from postern.mail.reading.charsets import decode
from postern.mail.reading.transfer import decode_base64, decode_quoted_printable

# The language after * is RFC 2231 5. Spaces inside are forbidden and common, and so are bare question marks.
_WORD = re.compile(r"=\?([^?\s*]{1,60})(?:\*[^?\s]{0,30})?\?([bBqQ])\?([^?\n]*(?:(?<!=)\?(?!=)[^?\n]*){0,20})\?=")


def decode_words(value: str) -> str:
    """The value with each encoded word read. White space between two of them is no part of the text (RFC 2047 6.2), and
    neighbours of one charset are joined before decoding, for some programs cut characters in two.
    """
    if "=?" not in value:
        return value
    pieces: list[str] = []
    run = bytearray()
    run_charset = ""
    position = 0
    for word in _WORD.finditer(value):
        between = value[position : word.start()]
        follows = position > 0 and not between.strip()
        if not follows or word[1].lower() != run_charset:
            pieces += (decode(bytes(run), run_charset), "" if follows else between)
            run.clear()
        run += _octets(word[2], word[3])
        run_charset = word[1].lower()
        position = word.end()
    return "".join((*pieces, decode(bytes(run), run_charset), value[position:]))


def _octets(kind: str, encoded: str) -> bytes:
    raw = encoded.encode("utf-8", "replace")
    return decode_base64(raw) if kind in "bB" else decode_quoted_printable(raw.replace(b"_", b" "))
