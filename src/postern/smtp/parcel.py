"""A mail made ready for the wire: paths that were checked, lines that end in CRLF, dots stuffed.

What is not proper stays here: an address that is no plain Mailbox becomes a failure, and a lone CR or LF never leaves, so no
mail can speak SMTP to the next hop in our name.
"""

import re
from dataclasses import dataclass, field

from postern.errors import AddressError
from postern.model.address import Address
from postern.model.delivery import Failed
from postern.ports import Ready, at_once

_LINE_BREAK = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Parcel:
    """One mail to one recipient. ``octets`` is all that follows DATA, the final dot included."""

    return_path: bytes = field(repr=False)  # without brackets; empty for the null sender
    recipient: bytes = field(repr=False)
    recipient_domain: str = field(repr=False)
    octets: bytes = field(repr=False)
    size: int  # RFC 1870 5: before stuffing
    has_eight_bits: bool
    ready: Ready = at_once  # awaited before the content goes out


def pack(return_path: str, recipient: Address, content: bytes, ready: Ready = at_once) -> Parcel | Failed:
    """Check the paths and give the content its form on the wire. Nothing that fails here was ever sent."""
    sender = _path(return_path) if return_path else b""
    if sender is None:
        return Failed(0, "5.1.7", "the return path cannot be written in SMTP")
    target = _path(recipient.reveal())
    if target is None:
        return Failed(0, "5.1.3", "the recipient's address cannot be written in SMTP")
    mail = with_line_ends(content)
    return Parcel(sender, target, recipient.domain.lower(), stuffed(mail), len(mail), not mail.isascii(), ready)


def _path(text: str) -> bytes | None:
    """The Mailbox in octets. Angle brackets within quotes are legal, but peers that look for the first ``>`` misread them."""
    try:
        mailbox = Address.parse(text).reveal()
    except AddressError:
        return None
    return mailbox.encode("ascii") if "<" not in mailbox and ">" not in mailbox else None


def with_line_ends(content: bytes) -> bytes:
    """Every line ended by CRLF, the last one too; no other CR or LF (RFC 5321 2.3.8)."""
    pairs = content.count(b"\r\n")
    if pairs != content.count(b"\r") or pairs != content.count(b"\n"):
        content = _LINE_BREAK.sub(b"\r\n", content)
    return content if not content or content.endswith(b"\r\n") else content + b"\r\n"


def stuffed(mail: bytes) -> bytes:
    """A mail with proper line ends as it follows DATA: dots doubled at line starts, and the final dot (RFC 5321 4.5.2)."""
    first = b"." if mail.startswith(b".") else b""
    return first + mail.replace(b"\r\n.", b"\r\n..") + b".\r\n"
