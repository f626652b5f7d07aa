"""What happens to an order that its buyer is told by the marketplace itself (R30): each once, however often the shop says it."""

from collections.abc import Mapping
from enum import StrEnum

from postern.model.content_rule import ContentKind


class NewsKind(StrEnum):
    """What happened."""

    SHIPPED = "shipped"  # always told
    DELIVERED = "delivered"  # told where the marketplace asks for it, as the next
    REFUNDED = "refunded"


# What a seller need not confirm, where the buyer is told.
SPARES: Mapping[NewsKind, ContentKind] = {
    NewsKind.SHIPPED: ContentKind.CONFIRMS_SHIPMENT,
    NewsKind.DELIVERED: ContentKind.CONFIRMS_DELIVERY,
    NewsKind.REFUNDED: ContentKind.CONFIRMS_REFUND,
}
