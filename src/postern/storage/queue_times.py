"""The times of the queue after the clock was wrong: what waits for a day that does not come for long is due now."""

from datetime import datetime

from sqlalchemy import Connection, case, literal, update

from postern.storage.columns import Moment
from postern.storage.deliveries import HELD_BACK
from postern.storage.schema import delivery


def bring_forward(connection: Connection, now: datetime, latest: datetime, grace: datetime) -> int:
    """Let be due now what is due later than anything is ever put off, but for what is held back. A worker that has one of them
    and lives renews its lease within the grace. Answers how many that was.
    """
    too_late = (delivery.c.due_at > latest, delivery.c.due_at < HELD_BACK)
    soon = case((delivery.c.lease.is_(None), literal(now, Moment())), else_=literal(grace, Moment()))
    return connection.execute(update(delivery).where(*too_late).values(due_at=soon)).rowcount
