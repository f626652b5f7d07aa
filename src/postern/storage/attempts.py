"""The shelf of attempts: every try of a delivery, as the record keeps it."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, bindparam, select

from postern.model.delivery import Outcome
from postern.storage.change import Row, Write
from postern.storage.deliveries import Delivery
from postern.storage.schema import attempt
from postern.storage.store import Look

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
class Attempt:
    """One try, as the record keeps it."""

    ended_at: datetime
    outcome: str
    code: int
    enhanced: str
    text: str = field(repr=False)


def list_attempts(look: Look, seller_id: int, message_id: UUID) -> list[Attempt]:
    """Every try for one message, oldest first."""
    rows = look.connection.execute(_ATTEMPTS, {"seller_id": seller_id, "message_id": message_id}).mappings()
    return [_attempt(row) for row in rows]


def find_last_attempt(look: Look, one: Delivery) -> tuple[str, int, str, str] | None:
    """Outcome, code, enhanced code and text of the latest try of this delivery."""
    keys = {"seller_id": one.seller_id, "delivery_id": one.id}
    row = look.connection.execute(_LAST_ATTEMPT, keys).first()
    return (row[0], row[1], row[2], row[3]) if row else None


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


def _attempt(row: RowMapping) -> Attempt:
    return Attempt(row["ended_at"], row["outcome"], row["code"], row["enhanced"], row["text"])
