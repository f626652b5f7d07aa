"""What is written on a page, by a program or by a command, instead of by mail."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from postern.model.remark import Door


@dataclass(frozen=True, slots=True)
class Passus:
    """A paragraph of a message. ``typed`` if all of it is the author's, and so is not translated (R6)."""

    words: str = field(repr=False)
    typed: bool = False


@dataclass(frozen=True, slots=True)
class Supplied:
    """A message by a contact reason in one language: a subject, and the paragraphs under it."""

    language: str
    subject: str = field(repr=False)
    paragraphs: tuple[Passus, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Words:
    """What the record keeps of a message's words: the fields as typed, and the message as its reader got it and as its author
    saw it beside that (R6). Of a reply there are no supplied words.
    """

    typed: Mapping[str, str] = field(repr=False)
    for_reader: Supplied | None = None
    for_author: Supplied | None = None


@dataclass(frozen=True, slots=True)
class KeptPosting:
    """How a message came that did not come by mail. ``reason`` is empty for a reply."""

    seller_id: int
    message_id: UUID
    door: Door
    reason: str
    order_id: UUID | None
    content_mark: bytes
    words: Words
