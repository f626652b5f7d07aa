"""The shelf of addresses to which mail fails: their scores, by person. It never opens an address."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, func, select

from postern.model.bounce import BounceScore, weight_of
from postern.model.delivery import Carries
from postern.model.enhanced_status import is_hard, known_status
from postern.model.limits import Limits
from postern.model.notice import NoticeKind
from postern.model.people import AddressRole
from postern.model.thread import Message
from postern.storage.change import Row, Write
from postern.storage.schema import bounce_score, delivery, notice, person, seller, seller_address
from postern.storage.store import Look

SCORES_LISTED = 1_000
_UNKNOWN = "5.0.0"

_SCORE = select(bounce_score).where(bounce_score.c.person_id == bindparam("person_id"))
_IS_KNOWN = select(person.c.id).where(person.c.id == bindparam("person_id"), person.c.wrapped_key.is_not(None))
_WAITING = select(delivery.c.id, delivery.c.lease).where(
    delivery.c.message_id == bindparam("message_id"),
    delivery.c.seller_id == bindparam("seller_id"),
    delivery.c.carries == Carries.MESSAGE,
)
_LATEST = select(bounce_score).order_by(bounce_score.c.last_at.desc(), bounce_score.c.person_id).limit(SCORES_LISTED)
_OF_SERVICE = select(seller_address.c.person_id, seller.c.name).join(seller, seller.c.id == seller_address.c.seller_id)
_IS_SERVICE = seller_address.c.role == AddressRole.CUSTOMER_SERVICE
_SINCE = (
    select(bounce_score)
    .join(seller_address, seller_address.c.person_id == bounce_score.c.person_id)
    .where(
        _IS_SERVICE,
        seller_address.c.seller_id == bounce_score.c.last_seller_id,
        bounce_score.c.last_at >= bindparam("since"),
    )
    .order_by(bounce_score.c.last_at, bounce_score.c.person_id)
)
_TOLD_AT = select(func.max(notice.c.made_at)).where(
    notice.c.seller_id == bindparam("seller_id"), notice.c.kind == NoticeKind.ADDRESS_FAILING
)


@dataclass(frozen=True, slots=True)
class InQueue:
    """A delivery that has not ended, and under which name somebody is at it."""

    id: UUID
    lease: UUID | None


def find_in_queue(look: Look, message: Message) -> InQueue | None:
    """This message's delivery, while there is one."""
    row = look.connection.execute(_WAITING, {"seller_id": message.seller_id, "message_id": message.id}).first()
    return InQueue(*row) if row else None


def find_score(look: Look, person_id: UUID) -> BounceScore | None:
    """What is known of this person's address."""
    row = look.connection.execute(_SCORE, {"person_id": person_id}).first()
    return BounceScore(*row) if row else None


def list_scores(look: Look) -> list[BounceScore]:
    """The addresses to which mail failed, the latest first."""
    return [BounceScore(*row) for row in look.connection.execute(_LATEST)]


def list_service_scores_since(look: Look, since: datetime) -> list[BounceScore]:
    """Of these the customer-service addresses whose seller lost a mail by it since then, the longest ago first."""
    return [BounceScore(*row) for row in look.connection.execute(_SINCE, {"since": since})]


def sellers_served_by(look: Look, person_ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """The sellers, by the operator's ids, whose customer-service address each of these is."""
    found: dict[UUID, list[str]] = {}
    chosen = _OF_SERVICE.where(_IS_SERVICE, seller_address.c.person_id.in_(person_ids)).order_by(seller.c.name)
    for person_id, name in look.connection.execute(chosen):
        found.setdefault(person_id, []).append(name)
    return found


def find_told_at(look: Look, seller_id: int) -> datetime | None:
    """When a seller was told last that mail to customer service comes back."""
    return look.connection.execute(_TOLD_AT, {"seller_id": seller_id}).scalar_one_or_none()


def count_rows(look: Look, limits: Limits, person_id: UUID, about: Message, status: str, now: datetime) -> tuple[Row, ...]:
    """The row that counts one failure of a mail to this person; nothing for who was erased meanwhile."""
    if look.connection.execute(_IS_KNOWN, {"person_id": person_id}).first() is None:
        return ()
    seen = find_score(look, person_id)
    code = known_status(status) or _UNKNOWN
    hard = is_hard(code)
    values = {
        "person_id": person_id,
        "weight": weight_of(code),
        "hard": int(hard),
        "soft": int(not hard),
        "status": code,
        "failed_at": now,
        "seller_id": about.seller_id,
        "message_id": about.id,
        "seen_at": seen.last_at if seen else now,
        "share": seen.share_at(now, limits) if seen else 1.0,
        "remembered": int(seen is None or not seen.is_forgotten(now, limits)),
    }
    return (Row(Write.COUNT_BOUNCE, values),)


def forget_scores(connection: Connection, before: datetime) -> int:
    """Forget the addresses to which nothing failed since then. Answers how many."""
    return connection.execute(delete(bounce_score).where(bounce_score.c.last_at < before)).rowcount
