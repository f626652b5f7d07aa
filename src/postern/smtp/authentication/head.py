"""The header of a mail, once as octets for signatures and once as the reader of letters sees it; and whether both see the same.

Where they differ a signature proves nothing: it could cover a From that nobody reads, while another one is shown.
"""

from dataclasses import dataclass, field

from postern.mail.reading import header_block
from postern.mail.reading.mailboxes import read_mailboxes
from postern.model.address import Address
from postern.model.limits import Limits
from postern.smtp.canonical import FIELD_BREAK


@dataclass(frozen=True, slots=True)
class RawField:
    """One field: its name in lower case, the whole of it without its last CRLF, and what stands behind the colon."""

    name: bytes
    octets: bytes = field(repr=False)
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Head:
    """The fields in order. ``author`` is the one address in the one From, or nothing; ``is_plain`` says that both ways of
    reading find the same fields, and so the same beginning of the body.
    """

    fields: tuple[RawField, ...] = field(repr=False)
    author: Address | None
    is_plain: bool

    def all(self, name: bytes) -> tuple[RawField, ...]:
        """Every field of this name, from the top."""
        return tuple(one for one in self.fields if one.name == name)


def split_mail(content: bytes) -> tuple[bytes, bytes]:
    """Header and body at the first empty line, the header with its last CRLF."""
    head, _, body = content.partition(b"\r\n\r\n")
    return head, body


def read_head(head: bytes, limits: Limits) -> Head:
    """The header without the empty line below it. It never raises; what is too large has no author, as the rules refuse it."""
    octets = head.replace(b"\r\n", b"\n") + b"\n\n"
    seen = header_block.split(octets, 0, len(octets), limits)
    if seen.unreadable:
        return Head((), None, is_plain=False)
    fields = tuple(_raw_field(octets) for octets in FIELD_BREAK.split(head))
    froms = seen.all("from")
    mailboxes = [mailbox for text in froms for mailbox in read_mailboxes(text, limits.mailboxes_per_field)]
    author = mailboxes[0].address if len(froms) == len(mailboxes) == 1 else None
    names = [one.name.decode("latin-1") for one in fields]
    return Head(fields, author, is_plain=names == [one.name for one in seen.fields])


def _raw_field(octets: bytes) -> RawField:
    name, _, value = octets.partition(b":")
    return RawField(name.strip(b" \t").lower(), octets, value)
