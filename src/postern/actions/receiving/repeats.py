"""How a mail that comes a second time is recognised: senders repeat what they got no answer for."""

from uuid import UUID

from postern.mail.letter import Reading
from postern.model.envelope import Mail
from postern.model.relationship import Side
from postern.storage.store import Look


def mark_of(look: Look, mail: Mail, reading: Reading, relationship_id: UUID, author: Side) -> bytes:
    """A keyed digest over relationship, side, Message-ID and body; without a Message-ID, over all but the Received fields.
    The same Message-ID with another body is another mail.
    """
    if reading.message_id is None:
        return look.vault.mark("repeat", relationship_id.bytes, author.encode(), b"", without_received(mail.content))
    _, _, body = mail.content.partition(b"\r\n\r\n")
    name = reading.message_id.encode("utf-8", "surrogatepass")
    return look.vault.mark("repeat", relationship_id.bytes, author.encode(), name, body)


def without_received(content: bytes) -> bytes:
    """The mail less its Received fields, which each server on the way adds."""
    head, gap, body = content.partition(b"\r\n\r\n")
    kept: list[bytes] = []
    skipping = False
    for line in head.split(b"\r\n"):
        if line[:1] not in (b" ", b"\t"):
            skipping = line[:9].lower() == b"received:"
        if not skipping:
            kept.append(line)
    return b"\r\n".join(kept) + gap + body
