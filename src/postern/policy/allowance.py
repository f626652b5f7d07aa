"""How many messages a seller may send a day (R21)."""

import math
from collections.abc import Mapping

ALWAYS_ALLOWED = 600
A_DAILY_ORDER = 5
DAYS = 30  # full days before today, whose orders count


def daily_limit(average: float | Mapping[str, float] | None, marketplace_id: str, orders: int) -> int:
    """floor(5 x orders of the last 30 full days / 30) + 600. ``average`` a day, where the shop tells it, takes the
    place of the quotient.
    """
    if isinstance(average, Mapping):
        average = average.get(marketplace_id)
    if average is None:
        return A_DAILY_ORDER * orders // DAYS + ALWAYS_ALLOWED
    return math.floor(A_DAILY_ORDER * average) + ALWAYS_ALLOWED
