"""A change: all that one commit writes for one mail, as frozen, picklable data, and what must still hold when it is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from postern.model.thread import MessageState


class Write(StrEnum):
    """What a row of a change can do. The order is the one in which every batch writes, so no two writers wait for each other."""

    ADD_PERSON = "add person"
    ADD_SENDER_ATTEMPT = "add sender attempt"
    COUNT_SENDER_ATTEMPT = "count sender attempt"
    COUNT_USE = "count use"
    ADD_THREAD = "add thread"
    ADD_DOCUMENT = "add document"
    ADD_MESSAGE = "add message"
    ADD_POSTING = "add posting"
    ADD_HOUSE_MAIL = "add house mail"
    ADD_EXEMPTION = "add exemption"
    REMOVE_EXEMPTION = "remove exemption"
    ADD_REPORT = "add report"
    COUNT_BOUNCE = "count bounce"
    SET_MESSAGE_STATE = "set message state"
    SETTLE_HELD = "settle held message"
    TOUCH_THREAD = "touch thread"
    START_RESPONSE = "start response"
    FIND_ANSWER = "find answer"
    ANSWER_RESPONSES = "answer responses"
    EXEMPT_RESPONSE = "exempt response"
    REPORT_RESPONSE = "report response"
    SETTLE_THREAD = "settle thread"
    ADD_NOTICE = "add notice"
    SET_NOTICE_STATE = "set notice state"
    ADD_DELIVERY = "add delivery"
    DEFER_DELIVERY = "defer delivery"
    END_DELIVERY = "end delivery"
    ADD_ATTEMPT = "add attempt"
    ADD_JOURNAL = "add journal"
    MARK_UNSEALED = "mark unsealed"


@dataclass(frozen=True, slots=True)
class Row:
    """One row for one of the writes."""

    write: Write
    values: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unseen:
    """Guard: no mail with this mark was kept before."""

    mark: bytes


@dataclass(frozen=True, slots=True)
class HouseUnseen:
    """Guard: no house mail with this mark was kept before."""

    mark: bytes


@dataclass(frozen=True, slots=True)
class RelationshipOpen:
    """Guard: the pair still exists."""

    relationship_id: UUID


@dataclass(frozen=True, slots=True)
class SenderApproved:
    """Guard: this person may still write for this seller: registered, and not blocked."""

    seller_id: int
    person_id: UUID


@dataclass(frozen=True, slots=True)
class LeaseHeld:
    """Guard: the delivery is still leased under this name. It fences a worker that was thought dead."""

    delivery_id: UUID
    lease: UUID


@dataclass(frozen=True, slots=True)
class NotMarked:
    """Guard: this side has neither exempted nor reported this message yet (``table`` says which)."""

    table: str
    message_id: UUID
    side: str


@dataclass(frozen=True, slots=True)
class Exempted:
    """Guard: this side has exempted this message, and not undone it."""

    seller_id: int
    message_id: UUID
    side: str


@dataclass(frozen=True, slots=True)
class OptOutUnchanged:
    """Guard: the buyer has decided nothing new about whose messages they want."""

    buyer_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class WithinDailyLimit:
    """Guard: with this message the seller has used at most the day's limit (R21). Each one in a batch counts."""

    seller_id: int
    marketplace_id: str
    day: str
    limit: int


@dataclass(frozen=True, slots=True)
class ReasonUnused:
    """Guard: nobody has written by this reason about this order for the ``number``-th time."""

    seller_id: int
    order_id: UUID
    reason: str
    number: int


@dataclass(frozen=True, slots=True)
class AttemptUnlisted:
    """Guard: nobody has listed an attempt from this address for this seller."""

    seller_id: int
    address_mark: bytes


@dataclass(frozen=True, slots=True)
class StillHeld:
    """Guard: the message is held, so it can be released or refused."""

    seller_id: int
    message_id: UUID


@dataclass(frozen=True, slots=True)
class StillSent:
    """Guard: the message is in this state still. ``waiting_id`` is a delivery of it that waits in the queue and must still do so,
    with nobody at it.
    """

    seller_id: int
    message_id: UUID
    state: MessageState
    waiting_id: UUID | None


Guard = (
    Unseen
    | HouseUnseen
    | RelationshipOpen
    | SenderApproved
    | LeaseHeld
    | NotMarked
    | Exempted
    | OptOutUnchanged
    | WithinDailyLimit
    | ReasonUnused
    | AttemptUnlisted
    | StillHeld
    | StillSent
)


@dataclass(frozen=True, slots=True)
class Change:
    """Rows and guards. ``seller_id`` routes it to a writer; changes of one seller are never written side by side."""

    seller_id: int
    rows: tuple[Row, ...]
    guards: tuple[Guard, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """The change is on disk."""


@dataclass(frozen=True, slots=True)
class Stale:
    """Nothing was written: these guards no longer hold. Look again, decide again."""

    failed: tuple[Guard, ...]


Outcome = Kept | Stale
