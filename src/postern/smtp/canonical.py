"""The forms of a mail that DKIM signs (RFC 6376 3.4): for who signs, and for who verifies. Every line ends with CR LF here."""

import re

FIELD_BREAK = re.compile(rb"\r\n(?![ \t])")
_SPACES = re.compile(rb"[ \t]+")


def relaxed_field(lower_name: bytes, value: bytes) -> bytes:
    """RFC 6376 3.4.2. The value without its name, folded as it came."""
    return lower_name + b":" + _SPACES.sub(b" ", value.replace(b"\r\n", b"")).strip(b" ") + b"\r\n"


def relaxed_body(body: bytes) -> bytes:
    """RFC 6376 3.4.4. Runs are narrowed before line ends are trimmed, so that a megabyte of spaces costs one pass."""
    if b"\t" in body or b"  " in body:
        body = _SPACES.sub(b" ", body)
    text = body.replace(b" \r\n", b"\r\n").rstrip(b"\r\n")
    return text + b"\r\n" if text else b""


def simple_body(body: bytes) -> bytes:
    """RFC 6376 3.4.3."""
    return body.rstrip(b"\r\n") + b"\r\n"
