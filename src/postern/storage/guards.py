"""What must still be true when a change is written, checked for a whole batch with one query a kind."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, Select, bindparam, exists, select, text, tuple_

from postern.model.thread import MessageState
from postern.storage.change import (
    AttemptUnlisted,
    Change,
    Exempted,
    Guard,
    HouseUnseen,
    LeaseHeld,
    NotMarked,
    OptOutUnchanged,
    ReasonUnused,
    RelationshipOpen,
    SenderApproved,
    StillHeld,
    StillSent,
    Unseen,
    WithinDailyLimit,
    Write,
)
from postern.storage.schema import (
    buyer,
    daily_use,
    delivery,
    exemption,
    house_mail,
    message,
    posting,
    relationship,
    report,
    seller_address,
    sender_attempt,
)

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
_BLOCKED = exists().where(
    sender_attempt.c.seller_id == seller_address.c.seller_id,
    sender_attempt.c.person_id == seller_address.c.person_id,
    sender_attempt.c.state == "blocked",
)
_APPROVED = (
    select(seller_address.c.seller_id, seller_address.c.person_id)
    .where(tuple_(seller_address.c.seller_id, seller_address.c.person_id).in_(_KEYS), ~_BLOCKED)
    .with_for_update(read=True, of=seller_address)
)
_LEASED = select(delivery.c.id, delivery.c.lease).where(delivery.c.id.in_(_KEYS)).order_by(delivery.c.id).with_for_update()
_DayKey = tuple[int, str, str]
_DAY_COLUMNS = ("seller_id", "marketplace_id", "day")
_OPT_OUTS = (
    select(buyer.c.person_id, buyer.c.opt_out_version)
    .where(buyer.c.person_id.in_(_KEYS))
    .order_by(buyer.c.person_id)
    .with_for_update(read=True)
)
_OPEN_DAY = text(
    "INSERT INTO daily_use (seller_id, marketplace_id, day, used) VALUES (:seller_id, :marketplace_id, :day, 0)"
    " ON CONFLICT (seller_id, marketplace_id, day) DO NOTHING"
)
_USED = (
    select(daily_use)
    .where(tuple_(daily_use.c.seller_id, daily_use.c.marketplace_id, daily_use.c.day).in_(_KEYS))
    .order_by(daily_use.c.seller_id, daily_use.c.marketplace_id, daily_use.c.day)
    .with_for_update()
)
_ATTEMPTS = (
    select(sender_attempt.c.seller_id, sender_attempt.c.address_mark)
    .where(tuple_(sender_attempt.c.seller_id, sender_attempt.c.address_mark).in_(_KEYS))
    .order_by(sender_attempt.c.seller_id, sender_attempt.c.address_mark)
)
_POSTED = select(posting.c.seller_id, posting.c.order_id, posting.c.reason, posting.c.number).where(
    tuple_(posting.c.seller_id, posting.c.order_id, posting.c.reason, posting.c.number).in_(_KEYS)
)
_HELD = (
    select(message.c.seller_id, message.c.id)
    .where(tuple_(message.c.seller_id, message.c.id).in_(_KEYS), message.c.state == MessageState.HELD)
    .order_by(message.c.seller_id, message.c.id)
    .with_for_update()
)

# Deliveries before messages, as whoever settles locks them.
_WAITING = (
    select(delivery.c.id).where(delivery.c.id.in_(_KEYS), delivery.c.lease.is_(None)).order_by(delivery.c.id).with_for_update()
)
_STATES = (
    select(message.c.seller_id, message.c.id, message.c.state)
    .where(tuple_(message.c.seller_id, message.c.id).in_(_KEYS))
    .order_by(message.c.seller_id, message.c.id)
    .with_for_update()
)

_EXEMPTED = (
    select(exemption.c.seller_id, exemption.c.message_id, exemption.c.side)
    .where(tuple_(exemption.c.seller_id, exemption.c.message_id, exemption.c.side).in_(_KEYS))
    .order_by(exemption.c.seller_id, exemption.c.message_id)
    .with_for_update()
)

# Of two changes in one batch that need the same, only the first gets it.
_EXCLUSIVE = (Unseen, HouseUnseen, LeaseHeld, NotMarked, Exempted, AttemptUnlisted, ReasonUnused, StillHeld, StillSent)


def failed_guards(connection: Connection, changes: Sequence[Change]) -> list[tuple[Guard, ...]]:
    """For each change the guards that do not hold; a repeat inside the batch counts against the later change."""
    guards = {guard for change in changes for guard in change.guards}
    checks = _check_all(connection, guards)
    days = _Days(connection, [guard for guard in guards if isinstance(guard, WithinDailyLimit)])
    taken: set[Guard] = set()
    failures = []
    for change in changes:
        failed = tuple(
            guard
            for guard in change.guards
            if guard in taken or not (days.allow(guard, change) if isinstance(guard, WithinDailyLimit) else checks[guard])
        )
        failures.append(failed)
        if not failed:
            taken.update(guard for guard in change.guards if isinstance(guard, _EXCLUSIVE))
            days.use(change)
    return failures


class _Days:
    """What sellers have used of their days (R21), the changes of this batch counted as they are let through.

    The rows are there before they are locked, so that two writers cannot both find a day unused.
    """

    def __init__(self, connection: Connection, guards: Sequence[WithinDailyLimit]) -> None:
        days = sorted({_day_of(guard) for guard in guards})
        self._used = _find_used(connection, days) if days else {}
        if new := [day for day in days if day not in self._used]:
            connection.execute(_OPEN_DAY, [dict(zip(_DAY_COLUMNS, day, strict=True)) for day in new])
            self._used |= _find_used(connection, new)

    def allow(self, guard: WithinDailyLimit, change: Change) -> bool:
        return self._used[_day_of(guard)] + _counted(change)[_day_of(guard)] <= guard.limit

    def use(self, change: Change) -> None:
        for day, count in _counted(change).items():
            self._used[day] = self._used.get(day, 0) + count


def _find_used(connection: Connection, days: Sequence[_DayKey]) -> dict[_DayKey, int]:
    return {(row[0], row[1], row[2]): row[3] for row in _rows(connection, _USED, days)}


def _counted(change: Change) -> Counter[_DayKey]:
    """How many messages of which day this change counts: one mail to three buyers counts three."""
    rows = (row.values for row in change.rows if row.write is Write.COUNT_USE)
    return Counter((values["seller_id"], values["marketplace_id"], values["day"]) for values in rows)  # type: ignore[misc] # as we wrote them


def _day_of(guard: WithinDailyLimit) -> _DayKey:
    return guard.seller_id, guard.marketplace_id, guard.day


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


def _exempted(connection: Connection, guards: list[Exempted]) -> dict[Guard, bool]:
    keys = sorted((guard.seller_id, guard.message_id, guard.side) for guard in guards)
    exempted = {(row[0], row[1], row[2]) for row in _rows(connection, _EXEMPTED, keys)}
    return {guard: (guard.seller_id, guard.message_id, guard.side) in exempted for guard in guards}


def _opt_outs(connection: Connection, guards: list[OptOutUnchanged]) -> dict[Guard, bool]:
    versions = {row[0]: row[1] for row in _rows(connection, _OPT_OUTS, sorted({guard.buyer_id for guard in guards}))}
    return {guard: versions.get(guard.buyer_id) == guard.version for guard in guards}


def _unlisted(connection: Connection, guards: list[AttemptUnlisted]) -> dict[Guard, bool]:
    keys = sorted((guard.seller_id, guard.address_mark) for guard in guards)
    listed = {(row[0], bytes(row[1])) for row in _rows(connection, _ATTEMPTS, keys)}
    return {guard: (guard.seller_id, guard.address_mark) not in listed for guard in guards}


def _reasons_unused(connection: Connection, guards: list[ReasonUnused]) -> dict[Guard, bool]:
    keys = {guard: (guard.seller_id, guard.order_id, guard.reason, guard.number) for guard in guards}
    used = {tuple(row) for row in _rows(connection, _POSTED, sorted(keys.values()))}
    return {guard: key not in used for guard, key in keys.items()}


def _held(connection: Connection, guards: list[StillHeld]) -> dict[Guard, bool]:
    keys = sorted((guard.seller_id, guard.message_id) for guard in guards)
    held = {(row[0], row[1]) for row in _rows(connection, _HELD, keys)}
    return {guard: (guard.seller_id, guard.message_id) in held for guard in guards}


def _still_sent(connection: Connection, guards: list[StillSent]) -> dict[Guard, bool]:
    named = sorted({guard.waiting_id for guard in guards if guard.waiting_id})
    waiting = {row[0] for row in _rows(connection, _WAITING, named)} if named else set()
    keys = sorted((guard.seller_id, guard.message_id) for guard in guards)
    states = {(row[0], row[1]): row[2] for row in _rows(connection, _STATES, keys)}
    return {
        guard: states.get((guard.seller_id, guard.message_id)) == guard.state and guard.waiting_id in {None, *waiting}
        for guard in guards
    }


_CHECKS: Mapping[type, Callable[[Connection, Any], dict[Guard, bool]]] = {
    Unseen: _unseen,
    HouseUnseen: _house_unseen,
    RelationshipOpen: _open,
    SenderApproved: _approved,
    LeaseHeld: _leased,
    NotMarked: _not_marked,
    Exempted: _exempted,
    OptOutUnchanged: _opt_outs,
    AttemptUnlisted: _unlisted,
    ReasonUnused: _reasons_unused,
    StillHeld: _held,
    StillSent: _still_sent,
}
