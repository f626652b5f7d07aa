"""Watching the addresses to which mail fails: a seller whose customer-service address fails is told at other addresses of theirs.

Once a day at most for each seller, about the last message that came back; to nobody whose own address fails. A customer-service
address of several sellers speaks to the one whose message came back last. Nothing is decided here about the mail itself: later
messages are tried all the same. A task of the timetable, so no two processes tell the same.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from postern.actions.frame import Frame
from postern.actions.receiving.notices import Told, tell
from postern.actions.receiving.pair import Pair, gather_pair
from postern.errors import DamagedError, NotFoundError
from postern.mail.dsn import Original
from postern.mail.notices.address_failing import address_failing
from postern.model.bounce import BounceScore, forgotten_before
from postern.model.people import SellerAddress
from postern.model.relationship import Side
from postern.model.thread import Message, MessageState
from postern.ports import Clock
from postern.storage.bounces import (
    find_score,
    find_told_at,
    forget_scores,
    list_scores,
    list_service_scores_since,
    sellers_served_by,
)
from postern.storage.change import Change, Kept, RelationshipOpen, Row
from postern.storage.relationships import AliasEntry
from postern.storage.store import Look, Store
from postern.storage.threads import find_message

TOLD_AGAIN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Watched:
    """One address to which mail failed lately, by its person; ``serves`` are the sellers whose customer-service address it is."""

    score: BounceScore
    score_now: float
    is_failing: bool
    serves: tuple[str, ...]


def watch_addresses(store: Store, frame: Frame, clock: Clock) -> str | None:
    """As a task of the timetable. Answers a line for the log."""
    now = clock.now()
    store.write(lambda transaction: forget_scores(transaction, forgotten_before(now, frame.limits))).result()
    count = tell_owners(store, frame, now)
    return f"{count} sellers were told that mail to customer service comes back" if count else None


def tell_owners(store: Store, frame: Frame, now: datetime) -> int:
    """Tell each seller whose customer-service address fails, unless that was done within a day. Answers how many were told."""
    with store.look() as look:
        failing = [one for one in list_service_scores_since(look, now - TOLD_AGAIN_AFTER) if one.is_failing(now, frame.limits)]
    return sum(_tell_owner(store, frame, one, now) for one in failing)


def list_watched(look: Look, frame: Frame, now: datetime) -> list[Watched]:
    """The addresses to which mail failed lately, the latest first; no address among them."""
    scores = [one for one in list_scores(look) if not one.is_forgotten(now, frame.limits)]
    serves = sellers_served_by(look, [one.person_id for one in scores])
    return [
        Watched(one, one.at(now, frame.limits), one.is_failing(now, frame.limits), tuple(serves.get(one.person_id, ())))
        for one in scores
    ]


def _tell_owner(store: Store, frame: Frame, score: BounceScore, now: datetime) -> bool:
    with store.look() as look:
        told_at = find_told_at(look, score.last_seller_id)
        found = None if told_at and told_at > now - TOLD_AGAIN_AFTER else _find_lost(look, score)
        if found is None:
            return False
        message, pair = found
        rows = _rows(look, frame, pair, message, score, now)
    change = Change(pair.seller.id, rows, (RelationshipOpen(pair.relationship.id),))
    return bool(rows) and isinstance(store.keep(change).result(), Kept)


def _find_lost(look: Look, score: BounceScore) -> tuple[Message, Pair] | None:
    """The last message that came back, and its pair; None where that is forgotten."""
    try:
        message = find_message(look, score.last_message_id)
        if message is None or message.state is MessageState.ERASED or message.author is not Side.BUYER:
            return None
        return message, gather_pair(look, AliasEntry(message.seller_id, message.relationship_id, Side.SELLER))
    except (NotFoundError, DamagedError):
        return None


def _rows(look: Look, frame: Frame, pair: Pair, message: Message, score: BounceScore, now: datetime) -> tuple[Row, ...]:
    alias = pair.relationship.alias_of(Side.BUYER)
    notice = address_failing(pair.seller.language, alias, message.subject, message.received_at, score.last_status)
    original = Original(alias, message.received_at)
    rows: tuple[Row, ...] = ()
    for other in _others(look, frame, pair, now):
        told = Told(pair, Side.SELLER, other.person_id, other.address, message.id, message.thread_id, None, original)
        rows += tell(look, frame, told, notice, None, now, answers=False)
    return rows


def _others(look: Look, frame: Frame, pair: Pair, now: datetime) -> list[SellerAddress]:
    """The seller's other addresses that count (R20), each once, without those that fail themselves."""
    failing = pair.customer_service.address.canonical()
    others = {one.person_id: one for one in pair.seller_addresses if one.address.canonical() != failing}
    scores = {person_id: find_score(look, person_id) for person_id in others}
    reached = [one for one in others.values() if not ((score := scores[one.person_id]) and score.is_failing(now, frame.limits))]
    return reached[: frame.limits.failing_told]
