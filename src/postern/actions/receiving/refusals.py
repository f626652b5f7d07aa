"""What a refusal in the session leaves: an entry without content (R25), and a line for the seller to decide on (R20)."""

from dataclasses import dataclass
from datetime import datetime

from postern.actions.frame import Frame
from postern.actions.receiving.pair import Arrival, Pair
from postern.model.address import Address
from postern.model.journal import Value
from postern.policy.reasons import SENDER_NOT_REGISTERED, Reason
from postern.storage.change import AttemptUnlisted, Guard, Row
from postern.storage.journal import journal_row
from postern.storage.senders import attempt_rows, count_pending, find_attempt, repeated_attempt_row
from postern.storage.store import Look


@dataclass(frozen=True, slots=True)
class Refusal:
    """One mail refused at one alias. ``beside``: others in the same mail are taken, so that it is answered 250. ``listed``: the
    same mail was listed as an attempt already, at an alias before.
    """

    arrival: Arrival
    reason: Reason
    beside: bool = False
    listed: bool = False


def refusal_rows(look: Look, frame: Frame, refusal: Refusal) -> tuple[tuple[Row, ...], tuple[Guard, ...]]:
    """The rows of a refusal, and what must still hold when they are written."""
    arrival = refusal.arrival
    entry = _entry(look, arrival, refusal.reason, "mail-refused-beside" if refusal.beside else "mail-refused")
    if refusal.reason is not SENDER_NOT_REGISTERED or refusal.listed or arrival.author_address is None:
        return (entry,), ()
    rows, guards = _list_attempt(look, frame, arrival.pair, arrival.author_address, arrival.mail.received_at)
    return (entry, *rows), guards


def _list_attempt(
    look: Look, frame: Frame, pair: Pair, address: Address, now: datetime
) -> tuple[tuple[Row, ...], tuple[Guard, ...]]:
    """R20: who tried, for approval; how often, and never what. A full list takes no more."""
    seller_id = pair.seller.id
    if known := find_attempt(look, seller_id, address):
        return (repeated_attempt_row(seller_id, known.person_id, now),), ()
    if count_pending(look, seller_id) >= frame.limits.pending_senders:
        return (), ()
    guard = AttemptUnlisted(seller_id, look.vault.mark_address(address))
    return attempt_rows(look, seller_id, address, now), (guard,)


def _entry(look: Look, arrival: Arrival, reason: Reason, kind: str) -> Row:
    """R25: who (marked), alias, reason, size and a keyed digest, and nothing of the content."""
    mail, pair, address = arrival.mail, arrival.pair, arrival.author_address
    values: dict[str, Value] = {
        "verdict": "refuse",
        "reason": reason.code,
        "author": arrival.author,
        "authentication": mail.authentication.mode,
        "proof": list(mail.authentication.story()),
        "who": look.vault.mark_address(address).hex() if address else None,
        "size": len(mail.content),
        "digest": look.vault.mark("refused", mail.content).hex(),
    }
    return journal_row(kind, mail.received_at, values, seller_id=pair.seller.id, relationship_id=pair.relationship.id)
