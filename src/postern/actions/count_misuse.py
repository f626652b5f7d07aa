"""How often each seller put [Important] on what is never critical (R10, R11): a number for the trust team, which decides."""

from dataclasses import dataclass
from datetime import datetime

from postern.storage.journal import IMPORTANT_MISUSED, count_by_seller
from postern.storage.people import find_seller
from postern.storage.store import Look


@dataclass(frozen=True, slots=True)
class Misuse:
    """One seller, by the operator's id."""

    seller: str
    count: int


def count_misuse(look: Look, since: datetime) -> list[Misuse]:
    """The sellers who did since then, the most often first."""
    counted = count_by_seller(look, IMPORTANT_MISUSED, since)
    return [Misuse(find_seller(look, seller_id).name, count) for seller_id, count in counted]
