"""What must still be true when a change is written, checked for a whole batch with one query a kind."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, Select, bindparam, select, tuple_

from postern.storage.change import Change, Guard, HouseUnseen, LeaseHeld, NotMarked, RelationshipOpen, SenderApproved, Unseen
from postern.storage.schema import delivery, exemption, house_mail, message, relationship, report, seller_address

_KEYS: BindParameter[Any] = bindparam("keys", expanding=True)

# Rows that must stay as they are until the commit are locked (SQLite, with its one writer, needs and knows no such lock).
_SEEN = select(message.c.seen_mark).where(message.c.seen_mark.in_(_KEYS))
_HOUSE_SEEN = select(house_mail.c.seen_mark).where(house_mail.c.seen_mark.in_(_KEYS))
_OPEN = (
    select(relationship.c.id)
    .where(relationship.c.id.in_(_KEYS), relationship.c.ended_at.is_(None))
    .order_by(relationship.c.id)
    .with_for_update(read=True)
)
_APPROVED = (
    select(seller_address.c.seller_id, seller_address.c.person_id)
    .where(tuple_(seller_address.c.seller_id, seller_address.c.person_id).in_(_KEYS))
    .with_for_update(read=True)
)
_LEASED = select(delivery.c.id, delivery.c.lease).where(delivery.c.id.in_(_KEYS)).order_by(delivery.c.id).with_for_update()


def failed_guards(connection: Connection, changes: Sequence[Change]) -> list[tuple[Guard, ...]]:
    """For each change the guards that do not hold; a repeat inside the batch counts against the later change."""
    checks = _check_all(connection, {guard for change in changes for guard in change.guards})
    taken: set[Guard] = set()
    failures = []
    for change in changes:
        failed = tuple(guard for guard in change.guards if not checks[guard] or guard in taken)
        failures.append(failed)
        if not failed:
            taken.update(guard for guard in change.guards if isinstance(guard, (Unseen, HouseUnseen, LeaseHeld, NotMarked)))
    return failures


def _check_all(connection: Connection, guards: set[Guard]) -> dict[Guard, bool]:
    checks: dict[Guard, bool] = {}
    for kind, check in _CHECKS.items():
        chosen = [guard for guard in guards if isinstance(guard, kind)]
        if chosen:
            checks.update(check(connection, chosen))
    return checks


def _rows(connection: Connection, statement: Select[*tuple[Any, ...]], keys: Iterable[object]) -> Sequence[Row[*tuple[Any, ...]]]:
    return connection.execute(statement, {"keys": list(keys)}).all()


def _unseen(connection: Connection, guards: list[Unseen]) -> dict[Guard, bool]:
    seen = {bytes(row[0]) for row in _rows(connection, _SEEN, (guard.mark for guard in guards))}
    return {guard: guard.mark not in seen for guard in guards}


def _house_unseen(connection: Connection, guards: list[HouseUnseen]) -> dict[Guard, bool]:
    seen = {bytes(row[0]) for row in _rows(connection, _HOUSE_SEEN, (guard.mark for guard in guards))}
    return {guard: guard.mark not in seen for guard in guards}


def _open(connection: Connection, guards: list[RelationshipOpen]) -> dict[Guard, bool]:
    still_open = {row[0] for row in _rows(connection, _OPEN, (guard.relationship_id for guard in guards))}
    return {guard: guard.relationship_id in still_open for guard in guards}


def _approved(connection: Connection, guards: list[SenderApproved]) -> dict[Guard, bool]:
    keys = sorted((guard.seller_id, guard.person_id) for guard in guards)
    approved = {(row[0], row[1]) for row in _rows(connection, _APPROVED, keys)}
    return {guard: (guard.seller_id, guard.person_id) in approved for guard in guards}


def _leased(connection: Connection, guards: list[LeaseHeld]) -> dict[Guard, bool]:
    leases = {row[0]: row[1] for row in _rows(connection, _LEASED, (guard.delivery_id for guard in guards))}
    return {guard: leases.get(guard.delivery_id) == guard.lease for guard in guards}


def _not_marked(connection: Connection, guards: list[NotMarked]) -> dict[Guard, bool]:
    checks: dict[Guard, bool] = {}
    for table in (exemption, report):
        chosen = [guard for guard in guards if guard.table == table.name]
        statement = select(table.c.message_id, table.c.side).where(table.c.message_id.in_(_KEYS))
        marked = {(row[0], row[1]) for row in _rows(connection, statement, (guard.message_id for guard in chosen))}
        checks.update({guard: (guard.message_id, guard.side) not in marked for guard in chosen})
    return checks


_CHECKS: Mapping[type, Callable[[Connection, Any], dict[Guard, bool]]] = {
    Unseen: _unseen,
    HouseUnseen: _house_unseen,
    RelationshipOpen: _open,
    SenderApproved: _approved,
    LeaseHeld: _leased,
    NotMarked: _not_marked,
}
