"""What people misuse messages for (R11): the kinds, how grave each is, and the phrases by which it is known, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class ContentKind(StrEnum):
    """A misuse of messages that a seller begins."""

    PAID_REVIEW = "paid_review"  # money, gifts or refunds for a review
    GOOD_REVIEW = "good_review"  # asks for a good one
    CHANGED_REVIEW = "changed_review"  # asks to change or remove one
    REVIEW_REQUEST = "review_request"  # asks for one in own words
    COUPON = "coupon"
    MARKETING = "marketing"
    OUT_OF_STOCK = "out_of_stock"
    DELAY = "delay"
    UNASKED_SERVICE = "unasked_service"  # manuals, tips, advice in case something goes wrong
    CONFIRMS_ORDER = "confirms_order"
    CONFIRMS_SHIPMENT = "confirms_shipment"
    CONFIRMS_DELIVERY = "confirms_delivery"
    CONFIRMS_REFUND = "confirms_refund"
    LINK = "link"  # to a page outside
    CONTACT_DETAILS = "contact_details"


# R11: not critical, whatever reason the sender chooses.
NEVER_CRITICAL = frozenset(ContentKind) - {ContentKind.LINK, ContentKind.CONTACT_DETAILS}


class Severity(StrEnum):
    """What becomes of a message in which it is recognised."""

    PASS = "pass"  # noqa: S105 - it lets pass
    WARN = "warn"
    HOLD = "hold"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class ContentRule:
    """How one kind is known, and treated. ``alone``: only where the message is short and asks nothing, so that it says little
    else. ``phrases`` are by language (``de``), in small letters: ``word*`` begins a word, ``..`` stands for up to six words
    (in Chinese, Japanese and Korean, which are read without spaces: up to twelve characters).
    """

    kind: ContentKind
    severity: Severity
    alone: bool = False
    phrases: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Recognised:
    """A kind that was found in a message, with the words by which it was known: the author's own."""

    kind: ContentKind
    severity: Severity
    words: str = field(default="", repr=False)
