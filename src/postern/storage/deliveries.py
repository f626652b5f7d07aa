"""The shelf of the queue: deliveries that wait, their leases, and the attempts that were made.

A lease is nothing but a later ``due_at`` with a name on it: while it holds, nobody else finds the row due; when its worker dies,
the row becomes due again by itself. Settling is fenced by the name.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, RowMapping, bindparam, func, or_, select, update

from postern.model.delivery import Carries, Outcome
from postern.model.identifier import new_id
from postern.storage.change import Row, Write
from postern.storage.schema import attempt, delivery, message, notice, relationship
from postern.storage.store import Look

QUEUE_LISTED = 1_000
DROPPING = timedelta(minutes=1)
HELD_BACK = datetime(9999, 1, 1, tzinfo=UTC)  # due never: a restored queue waits for a person's word

_DUE = (
    select(delivery.c.id)
    .where(delivery.c.due_at <= bindparam("now"))
    .order_by(delivery.c.due_at)
    .limit(bindparam("count"))
    .with_for_update(skip_locked=True)  # PostgreSQL: workers side by side; SQLite has one writer and knows no locks
    .cte("due")  # looked up once: as a subquery, PostgreSQL may ask it anew for each row, and lease more than ``count``
)
_CLAIM = (
    update(delivery)
    .where(delivery.c.id.in_(select(_DUE.c.id)))
    .values(due_at=bindparam("leased_until"), lease=bindparam("name"), attempts=delivery.c.attempts + 1)
    .returning(delivery)
)
_RENEW = (
    update(delivery)
    .where(delivery.c.id == bindparam("of_delivery"), delivery.c.lease == bindparam("of_lease"))
    .values(due_at=bindparam("new_due_at"))
)
_NEXT_DUE = select(func.min(delivery.c.due_at))
_QUEUE = (
    select(delivery, message.c.received_at, message.c.author)
    .outerjoin(message, (message.c.seller_id == delivery.c.seller_id) & (message.c.id == delivery.c.message_id))
    .order_by(delivery.c.due_at)
    .limit(QUEUE_LISTED)
)
_ATTEMPTS = (
    select(attempt)
    .where(attempt.c.seller_id == bindparam("seller_id"), attempt.c.message_id == bindparam("message_id"))
    .order_by(attempt.c.ended_at, attempt.c.id)
)
_LAST_ATTEMPT = (
    select(attempt.c.outcome, attempt.c.code, attempt.c.enhanced, attempt.c.text)
    .where(attempt.c.seller_id == bindparam("seller_id"), attempt.c.delivery_id == bindparam("delivery_id"))
    .order_by(attempt.c.ended_at.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One mail to one recipient, waiting or under way. ``message_id`` names what it carries."""

    id: UUID
    seller_id: int
    message_id: UUID
    document_id: UUID
    person_id: UUID
    sender_domain: str
    carries: Carries
    due_at: datetime
    lease: UUID | None
    attempts: int
    queued_at: datetime
    relationship_id: UUID | None = None  # of a message; whatever becomes of it stands in that pair's chain


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try, as the record keeps it."""

    ended_at: datetime
    outcome: str
    code: int
    enhanced: str
    text: str = field(repr=False)


def claim(connection: Connection, now: datetime, leased_until: datetime, count: int) -> list[Delivery]:
    """Lease up to ``count`` due deliveries, the longest due first."""
    keys = {"now": now, "leased_until": leased_until, "count": count, "name": new_id()}
    return [_delivery(row) for row in connection.execute(_CLAIM, keys).mappings()]


def renew(connection: Connection, held: list[tuple[UUID, UUID]], until: datetime) -> None:
    """Move the end of these leases (delivery, lease); one that was lost meanwhile stays lost."""
    for delivery_id, lease in sorted(held):
        connection.execute(_RENEW, {"of_delivery": delivery_id, "of_lease": lease, "new_due_at": until})


def release_all(connection: Connection, now: datetime) -> int:
    """End every lease: for a store that has one server only, when that server starts. Answers how many there were."""
    return connection.execute(update(delivery).where(delivery.c.lease.is_not(None)).values(due_at=now, lease=None)).rowcount


def find_next_due(look: Look) -> datetime | None:
    """When the next delivery becomes due, if any waits."""
    return look.connection.execute(_NEXT_DUE).scalar_one_or_none()


def list_queue(look: Look) -> list[Delivery]:
    """What waits, the next due first."""
    return [_delivery(row) for row in look.connection.execute(_QUEUE).mappings()]


def list_deliveries_concerning(connection: Connection, person_id: UUID) -> list[Delivery]:
    """What waits or is under way to this person, and all that does in their pairs."""
    pairs = select(message.c.id).join(
        relationship, (relationship.c.seller_id == message.c.seller_id) & (relationship.c.id == message.c.relationship_id)
    )
    messages = pairs.where(relationship.c.buyer_id == person_id)
    notices = select(notice.c.id).where(notice.c.about_id.in_(messages))
    of_pairs = or_(delivery.c.message_id.in_(messages), delivery.c.message_id.in_(notices))
    statement = select(delivery).where(or_(delivery.c.person_id == person_id, of_pairs))
    return [_delivery(row) for row in connection.execute(statement).mappings()]


def lease_for_dropping(connection: Connection, delivery_id: UUID, now: datetime) -> Delivery | None:
    """Take one waiting delivery away from every worker, for a moment; None if it does not wait."""
    statement = (
        update(delivery)
        .where(delivery.c.id == delivery_id, _waits(now))
        .values(lease=new_id(), due_at=now + DROPPING)
        .returning(delivery)
    )
    row = connection.execute(statement).mappings().first()
    return _delivery(row) if row else None


def make_due(connection: Connection, now: datetime, delivery_id: UUID | None) -> int:
    """Let one delivery, or all that wait, be due now; those under way are left alone, and one that is held back must be named.
    Answers how many.
    """
    chosen = delivery.c.due_at < HELD_BACK if delivery_id is None else delivery.c.id == delivery_id
    return connection.execute(update(delivery).where(_waits(now), chosen).values(due_at=now)).rowcount


def hold_back_all(connection: Connection) -> int:
    """Let nothing be due any more, and end every lease: for a queue that came out of a backup. Answers how many there are."""
    return connection.execute(update(delivery).values(due_at=HELD_BACK, lease=None)).rowcount


def let_go(connection: Connection, now: datetime) -> int:
    """Let all that is held back be due now. Answers how many."""
    return connection.execute(update(delivery).where(delivery.c.due_at >= HELD_BACK).values(due_at=now, queued_at=now)).rowcount


def list_attempts(look: Look, seller_id: int, message_id: UUID) -> list[Attempt]:
    """Every try for one message, oldest first."""
    rows = look.connection.execute(_ATTEMPTS, {"seller_id": seller_id, "message_id": message_id}).mappings()
    return [_attempt(row) for row in rows]


def find_last_attempt(look: Look, one: Delivery) -> tuple[str, int, str, str] | None:
    """Outcome, code, enhanced code and text of the latest try of this delivery."""
    keys = {"seller_id": one.seller_id, "delivery_id": one.id}
    row = look.connection.execute(_LAST_ATTEMPT, keys).first()
    return (row[0], row[1], row[2], row[3]) if row else None


def delivery_row(one: Delivery) -> Row:
    """The row of a new delivery."""
    values = {
        "id": one.id,
        "kind": "smtp",
        "carries": one.carries,
        "seller_id": one.seller_id,
        "message_id": one.message_id,
        "document_id": one.document_id,
        "person_id": one.person_id,
        "sender_domain": one.sender_domain,
        "due_at": one.due_at,
        "lease": one.lease,
        "attempts": one.attempts,
        "queued_at": one.queued_at,
        "relationship_id": one.relationship_id,
    }
    return Row(Write.ADD_DELIVERY, values)


def deferral_row(delivery_id: UUID, due_at: datetime) -> Row:
    """The row that puts a delivery back into the queue, without its lease."""
    return Row(Write.DEFER_DELIVERY, {"of_delivery": delivery_id, "new_due_at": due_at})


def end_row(delivery_id: UUID) -> Row:
    """The row that takes a settled delivery out of the queue."""
    return Row(Write.END_DELIVERY, {"of_delivery": delivery_id})


def attempt_row(one: Delivery, outcome: Outcome, ended_at: datetime, attempt_id: UUID) -> Row:
    """The row of a finished try. Its id is that of the journal's entry, which commits to all the row says."""
    values = {
        "seller_id": one.seller_id,
        "id": attempt_id,
        "message_id": one.message_id,
        "delivery_id": one.id,
        "ended_at": ended_at,
        "outcome": type(outcome).__name__.lower(),
        "code": outcome.code,
        "enhanced": outcome.enhanced,
        "text": outcome.text,
    }
    return Row(Write.ADD_ATTEMPT, values)


def _waits(now: datetime) -> ColumnElement[bool]:
    """Nobody holds it: it has no lease, or one that ran out."""
    return or_(delivery.c.lease.is_(None), delivery.c.due_at <= now)


def _delivery(row: RowMapping) -> Delivery:
    return Delivery(
        id=row["id"],
        seller_id=row["seller_id"],
        message_id=row["message_id"],
        document_id=row["document_id"],
        person_id=row["person_id"],
        sender_domain=row["sender_domain"],
        carries=Carries(row["carries"]),
        due_at=row["due_at"],
        lease=row["lease"],
        attempts=row["attempts"],
        queued_at=row["queued_at"],
        relationship_id=row["relationship_id"],
    )


def _attempt(row: RowMapping) -> Attempt:
    return Attempt(row["ended_at"], row["outcome"], row["code"], row["enhanced"], row["text"])
