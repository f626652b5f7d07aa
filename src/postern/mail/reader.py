"""A mail's octets to a Reading: the letter in it, who wrote it, what it answers, what the rules may look at.

It never raises, whatever the octets are, and never recurses; time and memory grow with the size of the mail alone, and what is
too large is named in ``unreadable``. It decides nothing about the mail.
"""

from postern.mail import automatic, threading
from postern.mail.characters import one_line
from postern.mail.letter import Attachment, Letter, Mailbox, Reading
from postern.mail.reading import header_block
from postern.mail.reading.bodies import Body, bodies_of, is_body
from postern.mail.reading.encoded_words import decode_words
from postern.mail.reading.header_block import HeaderBlock
from postern.mail.reading.mailboxes import read_mailboxes
from postern.mail.reading.parts import Part, Tree, walk
from postern.mail.trace import trace_of
from postern.model.limits import Limits

# What a rule may look at, beside the fields that the Reading spells out.
FIELDS_FOR_RULES = automatic.FIELDS | {"date", "importance", "priority", "reply-to", "sender", "x-priority"}


def read(content: bytes, limits: Limits) -> Reading:
    """Read the octets after DATA, or any others."""
    octets = content.replace(b"\r\n", b"\n")
    stray = b"\r" in octets
    if stray:
        octets = octets.replace(b"\r", b"\n")
    header = header_block.split(octets, 0, len(octets), limits)
    tree = Tree((), (), header.unreadable) if header.unreadable else walk(octets, header, limits)
    body = bodies_of(tree.parts, limits)
    return Reading(
        letter=_letter(header, tree, body),
        author_fields=len(header.all("from")),
        authors=_mailboxes(header, limits, "from"),
        message_id=threading.first_id(header.all("message-id")),
        references=threading.references_of(header.all("references"), header.all("in-reply-to"), limits),
        headers=_for_rules(header),
        received_fields=len(header.all("received")),
        defects=_once((*(("a bare carriage return",) if stray else ()), *tree.defects, *header.defects)),
        unreadable=tree.unreadable or body.unreadable,
        recipients=_mailboxes(header, limits, "to", "cc"),
        trace=trace_of((field.name, field.text()) for field in header.fields),
    )


def _letter(header: HeaderBlock, tree: Tree, body: Body) -> Letter:
    return Letter(
        subject=one_line(decode_words(header.first("subject"))),
        text=body.text,
        html=body.html,
        attachments=tuple(_attachment(part) for part in tree.parts if part.content is not None and not is_body(tree.parts, part)),
    )


def _attachment(part: Part) -> Attachment:
    return Attachment(part.file_name, part.media_type, part.content or b"", part.content_id)


def _mailboxes(header: HeaderBlock, limits: Limits, *names: str) -> tuple[Mailbox, ...]:
    """The mailboxes of every such field: two From fields, or two mailboxes in one, leave no single author (R20)."""
    fields = (field for name in names for field in header.all(name))
    return tuple(mailbox for field in fields for mailbox in read_mailboxes(field, limits.mailboxes_per_field))


def _for_rules(header: HeaderBlock) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for field in header.fields:
        if field.name in FIELDS_FOR_RULES:
            found[field.name] = (*found.get(field.name, ()), one_line(decode_words(field.text())))
    return found


def _once(defects: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(defects))
