"""The shelf that adds up: what was ever answered 250, counted from the journal, beside where it stands, counted from the record.

One statement reads both, so both are of the same moment, whatever is written meanwhile.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, literal, select, union_all

from postern.model.notice import NoticeKind
from postern.model.thread import MessageState
from postern.storage.schema import delivery, house_mail, journal, message, notice, person, retention_mark
from postern.storage.store import Look

# A kind of entry for each way of answering 250, and what it left in the record.
REFUSED_BESIDE_KIND = "mail-refused-beside"  # by somebody unproven, while others in the same mail were taken
MESSAGE_KINDS = ("mail-accepted", "mail-held", "mail-blocked", "mail-absorbed", "mail-refused-and-kept")
REPEAT_KIND = "mail-repeated"
HOUSE_KIND = "house-mail-accepted"
NOT_KEPT_KIND = "house-mail-not-kept"  # a failure report about a buyer who was erased


@dataclass(frozen=True, slots=True)
class Count:
    """So many of one ``state`` (and ``reason``) on one ``shelf``."""

    shelf: str
    state: str
    reason: str
    number: int


def count_everything(look: Look) -> tuple[Count, ...]:
    """Every count that the ledger adds up."""
    rows = look.connection.execute(_EVERYTHING).all()
    return tuple(Count(str(shelf), str(state), str(reason or ""), int(number)) for shelf, state, reason, number in rows)


def _shelf(name: str, state: ColumnElement[str], reason: ColumnElement[str]) -> Select[str, str, str, int]:
    return select(literal(name), state, reason, func.count())


_KINDS = (*MESSAGE_KINDS, REPEAT_KIND, REFUSED_BESIDE_KIND, HOUSE_KIND, NOT_KEPT_KIND)
_NONE = literal("")
_TOLD = (
    select(notice.c.id)
    .where(
        notice.c.seller_id == message.c.seller_id,
        notice.c.about_id == message.c.id,
        notice.c.kind == NoticeKind.DELIVERY_FAILED,
    )
    .exists()
)
_CAN_BE_TOLD = select(person.c.id).where(person.c.id == message.c.author_id, person.c.wrapped_key.is_not(None)).exists()
_EVERYTHING = union_all(
    _shelf("journal", journal.c.kind, _NONE).where(journal.c.kind.in_(_KINDS)).group_by(journal.c.kind),
    _shelf("message", message.c.state, message.c.reason).group_by(message.c.state, message.c.reason),
    _shelf("house", house_mail.c.role, _NONE).group_by(house_mail.c.role),
    _shelf("untold", message.c.state, _NONE)
    .where(message.c.state == MessageState.BOUNCED, ~_TOLD, _CAN_BE_TOLD)
    .group_by(message.c.state),
    _shelf("notice", notice.c.state, _NONE).group_by(notice.c.state),
    select(literal("gone"), retention_mark.c["class"], _NONE, retention_mark.c.gone),
    _shelf("queue", delivery.c.carries, _NONE).group_by(delivery.c.carries),
)
