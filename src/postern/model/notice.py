"""A notice: a mail of the marketplace's own, about one message or one permission (R30)."""

from enum import StrEnum


class NoticeKind(StrEnum):
    """What a notice tells; programs read it in ``X-Postern-Notice``."""

    BUYER_OPTED_OUT = "buyer_opted_out"  # R8, R12
    REFUSED = "refused"  # one of several recipients of a mail
    HELD = "held"
    HOLD_REFUSED = "hold_refused"
    HOLD_EXPIRED = "hold_expired"
    OUTSIDE_COPY = "outside_copy"
    MISUSED = "misused"  # R11: it passed, and seems to be what messages are not for
    ORDER_SHIPPED = "order_shipped"  # R30: to a buyer, about an order; and so the next two
    ORDER_DELIVERED = "order_delivered"
    ORDER_REFUNDED = "order_refunded"
    DELIVERY_FAILED = "delivery_failed"  # at the attempt, or by a report that came back
    ADDRESS_FAILING = "address_failing"  # a seller's customer-service address
    CONFIRM_ADDRESS = "confirm_address"  # R20: asks an address whether it writes for a seller
    SIGN_IN = "sign_in"  # a link and a code for somebody who signs in on the pages


class NoticeState(StrEnum):
    """Where it is on its way."""

    QUEUED = "queued"
    DELIVERED = "delivered"
    FAILED = "failed"  # nobody is told that they could not be told: RFC 5321 6.1
    DROPPED = "dropped"
