"""Messaging permissions (R20): how an address stands with a seller, and what becomes of asking it."""

from enum import StrEnum

from postern.model.people import AddressRole


class Standing(StrEnum):
    """How an address stands. The first three may write; the others may not, or not yet."""

    CUSTOMER_SERVICE = AddressRole.CUSTOMER_SERVICE
    REGISTERED_SENDER = AddressRole.REGISTERED_SENDER
    APPROVED_SENDER = AddressRole.APPROVED_SENDER  # approved, and confirmed
    WAITS_FOR_CONFIRMATION = "waits_for_confirmation"  # approved: the link that was mailed to it was not used yet
    WAITS_FOR_APPROVAL = "waits_for_approval"  # confirmed
    WAITS_FOR_BOTH = "waits_for_both"
    PENDING = "pending"  # it wrote without being registered
    BLOCKED = "blocked"

    @property
    def may_write(self) -> bool:
        return self in {Standing.CUSTOMER_SERVICE, Standing.REGISTERED_SENDER, Standing.APPROVED_SENDER}


class Asked(StrEnum):
    """Whether a link to confirm was mailed just now."""

    MAILED = "mailed"
    NOT_NEEDED = "not_needed"  # it has confirmed, or the shop's feed lists it
    TOO_OFTEN = "too_often"  # so many were mailed today that it must wait until tomorrow
