"""One buyer with one seller in one marketplace: the pair that owns two aliases (R1 to R3)."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Side(StrEnum):
    """Who of the pair."""

    BUYER = "buyer"
    SELLER = "seller"

    @property
    def other(self) -> "Side":
        return Side.SELLER if self is Side.BUYER else Side.BUYER


@dataclass(frozen=True, slots=True)
class Relationship:
    """The pair. ``buyer_alias`` is the buyer's, which the seller sees and writes to; ``seller_alias`` the other way round."""

    id: UUID
    seller_id: int
    buyer_id: UUID
    marketplace_id: str
    buyer_alias: str  # the whole address, local part and mail domain
    seller_alias: str

    def alias_of(self, side: Side) -> str:
        """The alias that stands for this side."""
        return self.buyer_alias if side is Side.BUYER else self.seller_alias
