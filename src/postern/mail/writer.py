"""Octets of a new mail, made from nothing but what it is handed: seven-bit, CRLF only, lines of at most 78 characters.

It refuses to copy: no header, boundary or encoding of another mail comes in here.
"""

import binascii
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from postern.mail import header_lines
from postern.mail.letter import Attachment

_PLAIN_LINE = 78  # RFC 5322 2.1.1
_BASE64_ROW = 76  # RFC 2045 6.8
# Many programs show a file where a text holds one uuencoded. A space before this line, and it is a text to all of them.
_UUENCODED = re.compile(r"^begin(?=(?:-base64)? [0-7]{3,4} )", re.MULTILINE)
Boundaries = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Entity:
    """A part, ready to be put into another or to be the mail: its Content fields and its body, each ended by CRLF."""

    fields: bytes
    body: bytes


def fresh_boundary() -> str:
    """A boundary nobody can guess; ``=_`` stands in no quoted-printable or base64 line (RFC 2045 6.7)."""
    return f"=_{secrets.token_hex(16)}"


def mail(fields: Sequence[bytes], text: str, html: str, attachments: Sequence[Attachment], boundaries: Boundaries) -> bytes:
    """A whole mail: these header fields, then text, its HTML twin unless empty, and files."""
    whole = text_part("plain", text)
    if html:
        shown = [file for file in attachments if file.content_id]
        rich = text_part("html", html)
        if shown:
            rich = multipart("related", [rich, *map(file_part, shown)], boundaries)
        whole = multipart("alternative", [whole, rich], boundaries)  # RFC 2046 5.1.4: the plainest first
    if beside := [file for file in attachments if not (file.content_id and html)]:
        whole = multipart("mixed", [whole, *map(file_part, beside)], boundaries)
    return assemble(fields, whole)


def assemble(fields: Sequence[bytes], whole: Entity) -> bytes:
    """A whole mail of these header fields and this entity."""
    return b"".join((*fields, b"MIME-Version: 1.0\r\n", whole.fields, b"\r\n", whole.body))


def text_part(subtype: str, text: str) -> Entity:
    """Text as it is where any mail program would show it so, else quoted-printable, else, mostly foreign, base64."""
    if subtype == "plain" and "begin" in text:
        text = _UUENCODED.sub(" begin", text)
    octets = text.encode("utf-8", "replace")
    octets = octets if octets.endswith(b"\n") else octets + b"\n"
    if _may_stand_plain(octets):
        return _entity(f"text/{subtype}", (("charset", "us-ascii"),), "7bit", octets.replace(b"\n", b"\r\n"))
    kind = (("charset", "utf-8"),)
    if len(octets.translate(None, bytes(range(128)))) * 3 > len(octets):
        return _entity(f"text/{subtype}", kind, "base64", _base64(octets.replace(b"\n", b"\r\n")))
    return _entity(f"text/{subtype}", kind, "quoted-printable", _quoted_printable(octets))


def file_part(file: Attachment) -> Entity:
    """A file, with a header of our own. A foreign or long name stands in it twice: for mail programs that know RFC 2231, and for
    Outlook and its kin.
    """
    name = [("filename", file.file_name)] if file.file_name else []
    disposition = header_lines.parameterised("Content-Disposition", "inline" if file.content_id else "attachment", name)
    again = [("name", file.file_name)] if b"filename*" in disposition else []
    kind = header_lines.parameterised("Content-Type", file.media_type, _charset_of(file), again)
    identifier = header_lines.identifiers("Content-ID", [f"<{file.content_id}>"]) if file.content_id else b""
    fields = (kind, b"Content-Transfer-Encoding: base64\r\n", disposition, identifier)
    return Entity(b"".join(fields), _base64(file.content))


def multipart(subtype: str, parts: Sequence[Entity], boundaries: Boundaries) -> Entity:
    """The parts between boundaries that stand in none of them (RFC 2046 5.1.1)."""
    boundary = boundaries()
    while any(boundary.encode("ascii") in octets for part in parts for octets in (part.fields, part.body)):
        boundary = boundaries()
    line = b"--" + boundary.encode("ascii")
    pieces = [piece for part in parts for piece in (line, b"\r\n", part.fields, b"\r\n", part.body)]
    kind = header_lines.parameterised("Content-Type", f"multipart/{subtype}", (("boundary", boundary),))
    return Entity(kind, b"".join((*pieces, line, b"--\r\n")))


def _entity(media_type: str, parameters: Sequence[tuple[str, str]], encoding: str, body: bytes) -> Entity:
    kind = header_lines.parameterised("Content-Type", media_type, parameters)
    return Entity(kind + b"Content-Transfer-Encoding: " + encoding.encode("ascii") + b"\r\n", body)


def _charset_of(file: Attachment) -> tuple[tuple[str, str], ...]:
    return (("charset", "utf-8"),) if file.media_type.startswith("text/") else ()


def _may_stand_plain(octets: bytes) -> bool:
    """ASCII in short lines that no program on the way would touch: not even "From " (mbox) or a space before a line end."""
    return (
        octets.isascii()
        and b"\r" not in octets
        and b"\x00" not in octets
        and not octets.startswith(b"From ")
        and b"\nFrom " not in octets
        and b" \n" not in octets
        and b"\t\n" not in octets
        and max(map(len, octets.split(b"\n"))) <= _PLAIN_LINE
    )


def _quoted_printable(octets: bytes) -> bytes:
    encoded = (b"\n" + binascii.b2a_qp(octets)).replace(b"\nFrom ", b"\n=46rom ")  # mbox again
    return encoded[1:].replace(b"\n", b"\r\n")


def _base64(octets: bytes) -> bytes:
    encoded = binascii.b2a_base64(octets, newline=False)
    rows = [encoded[start : start + _BASE64_ROW] for start in range(0, len(encoded), _BASE64_ROW)]
    return b"\r\n".join((*rows, b""))
