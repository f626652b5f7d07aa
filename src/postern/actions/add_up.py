"""The ledger: everything that was ever answered 250 is, for each recipient, in exactly one state, or there is a difference.

A mail that was answered 250 left an entry in the journal in the same commit; what the record holds must come to the same number.
A mail of another kind of store error, a row deleted by hand, a delivery without its message: each shows as a difference.
"""

from collections import Counter
from dataclasses import dataclass

from postern.model.delivery import Carries
from postern.model.notice import NoticeState
from postern.model.retention import RetentionClass
from postern.model.thread import MessageState
from postern.storage.ledger import (
    HOUSE_KIND,
    MESSAGE_KINDS,
    NOT_KEPT_KIND,
    REFUSED_BESIDE_KIND,
    REPEAT_KIND,
    Count,
    count_everything,
)
from postern.storage.store import Look

_MEANINGS = {
    MessageState.QUEUED: "wait to be delivered",
    MessageState.DELIVERED: "delivered: the next hop took them",
    MessageState.FAILED: "could not be delivered",
    MessageState.BOUNCED: "came back after the next hop took them, and told",
    MessageState.HELD: "held until a person decides",
    MessageState.BLOCKED: "blocked by an opt-out, and told unless the seller switched that off",
    MessageState.REFUSED: "refused, and told",
    MessageState.EXPIRED: "held too long, refused, and told",
    MessageState.ABSORBED: "written by robots: kept, not sent on",
    MessageState.DROPPED: "dropped by an operator",
    MessageState.ERASED: "erased with their author or reader",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One state, and how many are in it."""

    state: str
    number: int
    meaning: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """``acknowledged`` is what the journal says was answered 250, for each recipient; ``lines`` say where all of it stands.
    ``differences`` are sentences, none in a healthy store.
    """

    acknowledged: int
    lines: tuple[Line, ...]
    differences: tuple[str, ...]

    @property
    def accounted(self) -> int:
        return sum(line.number for line in self.lines)


def add_up(look: Look) -> Ledger:
    """The ledger of this moment."""
    counts = count_everything(look)
    messages = _by_state(counts, "message")
    answered = _by_state(counts, "journal")
    house = _by_state(counts, "house")
    lines = [Line(str(state), messages[state], _MEANINGS[state]) for state in MessageState]
    lines.append(Line("repeats", answered[REPEAT_KIND], "the same mail once more: absorbed by the message it repeats"))
    beside = "refused, while others in the same mail were taken; by nobody who was proved, so only recorded"
    lines.append(Line("refused beside", answered[REFUSED_BESIDE_KIND], beside))
    lines.append(Line("house", sum(house.values()), "mail for the house, kept and sent on to the operator, and failure reports"))
    gone = _by_state(counts, "gone")
    lines.append(Line("house, gone", gone[RetentionClass.HOUSE_MAIL] + answered[NOT_KEPT_KIND], "kept long enough, or erased"))
    lines.append(Line("expired record", gone[RetentionClass.MESSAGES], "messages that were kept long enough"))
    ledger = Ledger(sum(answered.values()), tuple(lines), ())
    return Ledger(ledger.acknowledged, ledger.lines, tuple(_differences(counts, ledger)))


def _by_state(counts: tuple[Count, ...], shelf: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for one in counts:
        if one.shelf == shelf:
            found[one.state] += one.number
    return found


def _differences(counts: tuple[Count, ...], ledger: Ledger) -> list[str]:
    answered, messages, notices, queue = (_by_state(counts, shelf) for shelf in ("journal", "message", "notice", "queue"))
    gone = _by_state(counts, "gone")
    kept_messages = sum(messages.values()) + gone[RetentionClass.MESSAGES]
    kept_house = sum(_by_state(counts, "house").values()) + gone[RetentionClass.HOUSE_MAIL]
    pairs = (
        ("messages that were answered 250", sum(answered[kind] for kind in MESSAGE_KINDS), kept_messages),
        ("mails for the house", answered[HOUSE_KIND], kept_house),
        ("messages that wait, and their deliveries", messages[MessageState.QUEUED], queue[Carries.MESSAGE]),
        ("notices that wait, and their deliveries", notices[NoticeState.QUEUED], queue[Carries.NOTICE]),
    )
    found = [f"{what}: {first:,} and {second:,}" for what, first, second in pairs if first != second]
    unknown = [state for state in messages if state not in {str(one) for one in MessageState}]
    untold = _by_state(counts, "untold").total()
    found += [f"messages that came back, of which nobody was told: {untold:,}"] if untold else []
    found += [f"messages in a state that does not exist: {state}" for state in unknown]
    if ledger.acknowledged != ledger.accounted:
        found.append(f"answered 250: {ledger.acknowledged:,}; accounted for: {ledger.accounted:,}")
    return found
