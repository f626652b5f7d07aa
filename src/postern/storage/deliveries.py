"""The shelf of the queue: deliveries that wait, and their leases.

A lease is nothing but a later ``due_at`` with a name on it: while it holds, nobody else finds the row due; when its worker dies,
the row becomes due again by itself. Settling is fenced by the name.

A row that cannot be read any more, because a bit of it has turned, stops no other: it is held back, and the log names it.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Connection, RowMapping, and_, bindparam, case, func, or_, select, update

from postern.errors import DamagedError
from postern.model.address import Address
from postern.model.delivery import Carries, Claim
from postern.model.identifier import new_id, show
from postern.storage.change import Row, Write
from postern.storage.raw_rows import is_row, raw_columns, read_raw
from postern.storage.schema import delivery, message, notice, queue_pause, relationship
from postern.storage.store import Look
from postern.storage.vault import Vault

QUEUE_LISTED = 1_000
DROPPING = timedelta(minutes=1)
HELD_BACK = datetime(9999, 1, 1, tzinfo=UTC)  # due never: a restored queue waits for a person's word

_log = logging.getLogger(__name__)
_RAW = raw_columns(delivery)  # so that each row can be judged by itself
_FULL: BindParameter[Any] = bindparam("full", expanding=True)
_RESTING: BindParameter[Any] = bindparam("resting", expanding=True)
_TRUSTED: BindParameter[Any] = bindparam("trusted", expanding=True)
_PAUSED = select(queue_pause.c.destination)
_EVERYWHERE = select(queue_pause.c.destination).where(queue_pause.c.destination == b"").exists()
_DUE = (
    select(delivery.c.id, delivery.c.destination, delivery.c.due_at)
    .where(
        delivery.c.due_at <= bindparam("now"),
        delivery.c.destination.not_in(_FULL),
        or_(
            and_(bindparam("open"), delivery.c.destination.not_in(_RESTING)), delivery.c.queued_at <= bindparam("given_up_before")
        ),
        delivery.c.destination.not_in(_PAUSED),
        ~_EVERYWHERE,
    )
    .order_by(delivery.c.due_at)
    .limit(bindparam("looked_at"))
    .with_for_update(skip_locked=True)  # PostgreSQL: workers side by side; SQLite has one writer and knows no locks
    .cte("due")  # looked up once: as a subquery, PostgreSQL may ask it anew for each row, and lease more than ``count``
)
_RANKED = select(
    _DUE.c.id,
    _DUE.c.due_at,
    _DUE.c.destination,
    func.row_number().over(partition_by=_DUE.c.destination, order_by=_DUE.c.due_at).label("place"),
).cte("ranked")
_CHOSEN = (
    select(_RANKED.c.id)
    .where(
        or_(
            _RANKED.c.place <= bindparam("each"),
            and_(_RANKED.c.destination.in_(_TRUSTED), _RANKED.c.place <= bindparam("each_trusted")),
        )
    )
    .order_by(case((bindparam("in_turns"), _RANKED.c.place), else_=0), _RANKED.c.due_at)
    .limit(bindparam("count"))
)
_CLAIM = (
    update(delivery)
    .where(delivery.c.id.in_(_CHOSEN))
    .values(due_at=bindparam("leased_until"), lease=bindparam("name"), attempts=delivery.c.attempts + 1)
    .returning(*_RAW)
)
_LOOKED_AT = 16  # times as many due rows as are wanted are looked at, so that one destination's do not hide the others'
_RENEW = (
    update(delivery)
    .where(delivery.c.id == bindparam("of_delivery"), delivery.c.lease == bindparam("of_lease"))
    .values(due_at=bindparam("new_due_at"))
)
_SAME = delivery.alias()
_NEXT_DUE = select(func.min(delivery.c.due_at))
_QUEUE = (
    select(*_RAW, message.c.received_at, message.c.author)
    .outerjoin(message, (message.c.seller_id == delivery.c.seller_id) & (message.c.id == delivery.c.message_id))
    .order_by(delivery.c.due_at)
    .limit(QUEUE_LISTED)
)
_BY_DESTINATION = (
    select(
        delivery.c.destination,
        func.count(),
        func.min(delivery.c.queued_at),
        func.min(delivery.c.due_at),
        # any of them: neither store has a smallest of ids
        select(_SAME.c.person_id).where(_SAME.c.destination == delivery.c.destination).limit(1).scalar_subquery(),
    )
    .group_by(delivery.c.destination)
    .order_by(func.count().desc())
    .limit(QUEUE_LISTED)
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
    destination: bytes = b"unknown"  # keyed digest of the recipient's domain; so where an earlier version queued it
    bound_host: bytes | None = None  # keyed digest of the host that may have taken it already: no other may be tried
    size: int = 0  # octets of the mail


_COLUMNS = tuple(one.name for one in fields(Delivery))


@dataclass(frozen=True, slots=True)
class Postponed:
    """What waits for a destination that does not answer, until when. What has waited too long stays due: it is given up."""

    destination: bytes
    until: datetime
    given_up_before: datetime


def mark_destination(vault: Vault, recipient: Address) -> bytes:
    """The name under which a domain stands in the queue: the same for all its addresses, and meaningless without the master."""
    return vault.mark("destination", recipient.domain.lower().encode("ascii"))


def mark_host(vault: Vault, host: str) -> bytes:
    """The name under which a delivery remembers a mail host."""
    return vault.mark("mail host", host.lower().encode("ascii"))


def claim(
    connection: Connection, wanted: Claim, now: datetime, leased_until: datetime, given_up_before: datetime
) -> list[Delivery]:
    """Lease what is due and wanted, the longest due first. What was queued before ``given_up_before`` has waited too long."""
    keys = {
        "now": now,
        "leased_until": leased_until,
        "name": new_id(),
        "count": wanted.count,
        "looked_at": wanted.count * _LOOKED_AT,
        "given_up_before": given_up_before,
        "full": wanted.full,
        "resting": wanted.resting,
        "trusted": wanted.trusted,
        "each": wanted.count if wanted.each is None else wanted.each,
        "each_trusted": wanted.each_trusted,
        "in_turns": wanted.each is not None,
        "open": not wanted.only_given_up,
    }
    rows = connection.execute(_CLAIM, keys).mappings().all()
    damaged: list[object] = []
    claimed = list(_readable(rows, damaged.append))
    for octets in damaged:
        held_back = update(delivery).where(is_row(delivery, octets, connection.dialect.name))
        connection.execute(held_back.values(due_at=HELD_BACK, lease=None))
    return claimed


def postpone(connection: Connection, wanted: Postponed, now: datetime, count: int) -> int:
    """Let so many due deliveries wait, without an attempt. Answers how many there were."""
    chosen = (
        select(delivery.c.id)
        .where(
            _waits(now),
            delivery.c.due_at <= now,
            delivery.c.destination == wanted.destination,
            delivery.c.queued_at > wanted.given_up_before,
        )
        .limit(count)
    )
    moved = update(delivery).where(delivery.c.id.in_(chosen)).values(due_at=wanted.until, lease=None)
    return connection.execute(moved).rowcount


def pause(connection: Connection, destination: bytes, now: datetime) -> bool:
    """Send nothing to this destination, or to none (b""), until it is resumed. False where it is paused already."""
    if connection.execute(select(queue_pause).where(queue_pause.c.destination == destination)).first():
        return False
    connection.execute(queue_pause.insert(), {"destination": destination, "since_at": now})
    return True


def resume(connection: Connection, destination: bytes) -> bool:
    """Send to it again. False where it was not paused."""
    return bool(connection.execute(queue_pause.delete().where(queue_pause.c.destination == destination)).rowcount)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for one destination. ``person_id`` is one of those it is for."""

    destination: bytes
    deliveries: int
    queued_at: datetime  # the oldest
    due_at: datetime  # the next
    person_id: UUID


def count_by_destination(look: Look) -> list[Waiting]:
    """The destinations of what waits, the fullest first."""
    return [Waiting(bytes(row[0]), *row[1:]) for row in look.connection.execute(_BY_DESTINATION)]


def list_paused(look: Look) -> dict[bytes, datetime]:
    """What is paused, since when."""
    return {bytes(row[0]): row[1] for row in look.connection.execute(select(queue_pause))}


def find_delivery(look: Look, delivery_id: UUID) -> Delivery | None:
    """One that is not settled yet."""
    row = look.connection.execute(select(*_RAW).where(delivery.c.id == delivery_id)).mappings().first()
    return _read(row) if row else None


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
    return list(_readable(look.connection.execute(_QUEUE).mappings()))


def list_deliveries_concerning(connection: Connection, person_id: UUID) -> list[Delivery]:
    """What waits or is under way to this person, and all that does in their pairs."""
    pairs = select(message.c.id).join(
        relationship, (relationship.c.seller_id == message.c.seller_id) & (relationship.c.id == message.c.relationship_id)
    )
    messages = pairs.where(relationship.c.buyer_id == person_id)
    notices = select(notice.c.id).where(notice.c.about_id.in_(messages))
    of_pairs = or_(delivery.c.message_id.in_(messages), delivery.c.message_id.in_(notices))
    statement = select(*_RAW).where(or_(delivery.c.person_id == person_id, of_pairs))
    return list(_readable(connection.execute(statement).mappings()))


def lease_for_dropping(connection: Connection, delivery_id: UUID, now: datetime) -> Delivery | None:
    """Take one waiting delivery away from every worker, for a moment; None if it does not wait."""
    statement = (
        update(delivery)
        .where(delivery.c.id == delivery_id, _waits(now))
        .values(lease=new_id(), due_at=now + DROPPING)
        .returning(*_RAW)
    )
    row = connection.execute(statement).mappings().first()
    return _read(row) if row else None


def make_due(connection: Connection, now: datetime, delivery_id: UUID | None) -> int:
    """Let one delivery, or all that wait, be due now; those under way are left alone, and one that is held back must be named.
    Answers how many.
    """
    chosen = delivery.c.due_at < HELD_BACK if delivery_id is None else delivery.c.id == delivery_id
    return connection.execute(update(delivery).where(_waits(now), chosen).values(due_at=now)).rowcount


def hold_back(connection: Connection, now: datetime, delivery_id: UUID) -> Delivery | None:
    """Let one that waits be due no more, until a person lets it go; None if none does."""
    chosen = (delivery.c.id == delivery_id, _waits(now), delivery.c.due_at < HELD_BACK)
    statement = update(delivery).where(*chosen).values(due_at=HELD_BACK, lease=None).returning(*_RAW)
    row = connection.execute(statement).mappings().first()
    return _read(row) if row else None


def hold_back_all(connection: Connection) -> int:
    """Let nothing be due any more, and end every lease: for a queue that came out of a backup. Answers how many there are."""
    return connection.execute(update(delivery).values(due_at=HELD_BACK, lease=None)).rowcount


def let_go(connection: Connection, now: datetime) -> int:
    """Let all that is held back be due now. Answers how many."""
    return connection.execute(update(delivery).where(delivery.c.due_at >= HELD_BACK).values(due_at=now, queued_at=now)).rowcount


def delivery_row(one: Delivery) -> Row:
    """The row of a new delivery."""
    values = {name: getattr(one, name) for name in _COLUMNS}
    return Row(Write.ADD_DELIVERY, values | {"kind": "smtp"})


def delivery_in(row: Row) -> Delivery:
    """The delivery that a row of ``delivery_row`` adds."""
    return _delivery(row.values)


def deferral_row(delivery_id: UUID, due_at: datetime, bound_host: bytes | None) -> Row:
    """The row that puts a delivery back into the queue, without its lease."""
    return Row(Write.DEFER_DELIVERY, {"of_delivery": delivery_id, "new_due_at": due_at, "new_bound_host": bound_host})


def end_row(delivery_id: UUID) -> Row:
    """The row that takes a settled delivery out of the queue."""
    return Row(Write.END_DELIVERY, {"of_delivery": delivery_id})


def _waits(now: datetime) -> ColumnElement[bool]:
    """Nobody holds it: it has no lease, or one that ran out."""
    return or_(delivery.c.lease.is_(None), delivery.c.due_at <= now)


def _readable(rows: Iterable[RowMapping], damaged: Callable[[object], None] = lambda _: None) -> Iterator[Delivery]:
    """Those that can be read; the others are logged, and their ids told."""
    for row in rows:
        try:
            yield _read(row)
        except DamagedError as error:
            _log.error("%s: it is held back", error)
            damaged(row["id"])


def _read(row: RowMapping) -> Delivery:
    """Raises DamagedError, which names it, for a row that nobody wrote so."""
    try:
        return _delivery(read_raw(delivery, row))
    except (ValueError, TypeError, OverflowError):
        raise DamagedError(f"delivery {_name(row['id'])} in the queue cannot be read any more") from None


def _name(octets: object) -> str:
    try:
        return show("dlv", UUID(bytes=octets))  # type: ignore[arg-type] # as long as it still is one
    except (ValueError, TypeError):
        return repr(octets)


def _delivery(values: Mapping[str, Any]) -> Delivery:
    known = {name: values[name] for name in _COLUMNS}
    return Delivery(**known | {"carries": Carries(known["carries"]), "destination": bytes(known["destination"])})
