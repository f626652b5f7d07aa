"""A thread and its messages. A mail travels; a message stays."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from postern.model.relationship import Side


class MessageState(StrEnum):
    """The one state that a message accepted for one recipient is in."""

    QUEUED = "queued"
    DELIVERED = "delivered"
    FAILED = "failed"
    BOUNCED = "bounced"  # the next hop took it, and a failure report came back
    HELD = "held"
    BLOCKED = "blocked"  # by the buyer's opt-out (R8): kept, and not delivered
    REFUSED = "refused"  # kept because another recipient of the same mail was taken, or because it was held before
    EXPIRED = "expired"  # held until the time for a decision was over
    ABSORBED = "absorbed"  # written by a robot: kept and shown, not mailed on
    DROPPED = "dropped"
    ERASED = "erased"  # its buyer was erased: what it said is gone


# R15: what its author is shown as sent. What is blocked, held, failed or bounced is shown as not delivered.
SENT = frozenset({MessageState.QUEUED, MessageState.DELIVERED})


@dataclass(frozen=True, slots=True)
class Thread:
    """One subject of one pair, perhaps about an order. It is never closed (R2)."""

    id: UUID
    relationship_id: UUID
    order_id: UUID | None
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """What a thread keeps of one mail."""

    id: UUID
    seller_id: int
    relationship_id: UUID
    thread_id: UUID
    order_id: UUID | None
    author: Side
    state: MessageState
    received_at: datetime
    size: int
    their_message_id: str = field(repr=False)  # the author's own Message-ID; empty if there was none
    subject: str = field(repr=False)
    text: str = field(repr=False)
    original_id: UUID | None
    relayed_id: UUID | None
    reason: str = ""  # why it did not simply pass
    automatic: str = ""  # the kind of robot that wrote it; empty for a person
    passed_by: str = ""  # what let it pass an opt-out in force
    candidates: tuple[UUID, ...] = ()  # the orders it fits, where it fits several
    author_id: UUID | None = None  # the person; None where nobody read who it was
