"""What a door hands over: a message that somebody wrote on a page, by a program or by a command, and what they are answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from postern.mail.letter import Attachment
from postern.model.relationship import Side
from postern.model.remark import Door
from postern.model.thread import MessageState
from postern.policy.verdict import Finding


@dataclass(frozen=True, slots=True)
class ByReason:
    """A new message, by a contact reason; about an order, where the reason needs one."""

    code: str
    order_id: UUID | None
    fields: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class InThread:
    """Written into the reply box of a thread."""

    thread_id: UUID
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """The message. The door has proved that ``author_id`` may write for this side of the pair; None stands for the buyer, and for
    the seller's customer service. ``key`` is the client's own: the same key again is the same message.
    """

    seller_id: int
    relationship_id: UUID
    author: Side
    content: ByReason | InThread
    door: Door
    key: str
    author_id: UUID | None = None
    files: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Posted:
    """Kept: queued for its reader, or held until a person decides. ``repeated`` where the same was sent before."""

    message_id: UUID
    state: MessageState
    warnings: tuple[Finding, ...] = ()
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class RefusedMessage:
    """Nothing was kept. Each finding's cause has a sentence and a remedy; the first is the one that decided."""

    findings: tuple[Finding, ...]


Answer = Posted | RefusedMessage


@dataclass(frozen=True, slots=True)
class WouldPost:
    """What ``check_message`` says of a message that may pass: what would become of it, and what it would be warned of."""

    state: MessageState
    warnings: tuple[Finding, ...] = ()
