"""The shelf of the timetable: when each task ran last, and who runs it now.

A task belongs to whoever holds its lease; one that nobody renews runs out, so the task of a process that died is soon taken over.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, bindparam, insert, or_, select, update

from postern.model.identifier import new_id
from postern.storage.schema import timetable
from postern.storage.store import Look, Transaction

_BEGAN_AT = select(timetable.c.name, timetable.c.began_at)
_NAMES = select(timetable.c.name)
_MINE = (timetable.c.name == bindparam("of_task"), timetable.c.lease == bindparam("of_lease"))
_RENEW = update(timetable).where(*_MINE).values(leased_until=bindparam("until"))
_RELEASE = update(timetable).where(*_MINE).values(lease=None, leased_until=None)


def enter_tasks(transaction: Transaction, names: Collection[str]) -> None:
    """Give every task its row. Raises where another process did the same just now; the next try finds them there."""
    known = set(transaction.execute(_NAMES).scalars())
    missing = [{"name": name} for name in names if name not in known]
    if missing:
        transaction.execute(insert(timetable), missing)


def list_last_runs(look: Look) -> dict[str, datetime | None]:
    """When each task began last."""
    return {row[0]: row[1] for row in look.connection.execute(_BEGAN_AT)}


def lease_task(transaction: Transaction, name: str, now: datetime, due_before: datetime, until: datetime) -> UUID | None:
    """Take the task, if it began last before ``due_before`` and nobody has it. Answers the lease."""
    lease = new_id()
    statement = (
        update(timetable)
        .where(timetable.c.name == name, _is_due(now, due_before), _is_free(now))
        .values(lease=lease, leased_until=until, began_at=now)
    )
    return lease if transaction.execute(statement).rowcount else None


def renew_task(transaction: Transaction, name: str, lease: UUID, until: datetime) -> bool:
    """Move the end of the lease; False if it was lost."""
    return bool(transaction.execute(_RENEW, {"of_task": name, "of_lease": lease, "until": until}).rowcount)


def release_task(transaction: Transaction, name: str, lease: UUID) -> None:
    """Give the task back; a lease that was lost meanwhile stays lost."""
    transaction.execute(_RELEASE, {"of_task": name, "of_lease": lease})


def release_tasks(transaction: Connection) -> None:
    """End every lease: for a store that has one server only, when that server starts."""
    transaction.execute(update(timetable).values(lease=None, leased_until=None))


def _is_due(now: datetime, due_before: datetime) -> ColumnElement[bool]:
    """A time that has not come yet is a clock that was set back: it must not hold the task up."""
    began_at = timetable.c.began_at
    return or_(began_at.is_(None), began_at <= due_before, began_at > now)


def _is_free(now: datetime) -> ColumnElement[bool]:
    return or_(timetable.c.lease.is_(None), timetable.c.leased_until <= now)
