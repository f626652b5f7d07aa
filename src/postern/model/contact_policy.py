"""What a marketplace does with contact details that people type into their messages: by kind, and by who writes to whom."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from postern.model.relationship import Side


class DetailKind(StrEnum):
    """A way to reach somebody past the marketplace."""

    ADDRESS = "address"
    PHONE = "phone"
    MESSENGER = "messenger"
    LINK = "link"


class Treatment(StrEnum):
    """What becomes of a detail, or of the message that has one; from mild to grave."""

    PASS = "pass"  # noqa: S105 - it lets pass
    MASK = "mask"  # a mark in the reader's language stands in its place
    WARN = "warn"  # it passes, and the record says so
    HOLD = "hold"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Treatments:
    """One direction's."""

    address: Treatment = Treatment.MASK
    phone: Treatment = Treatment.PASS
    messenger: Treatment = Treatment.PASS
    link: Treatment = Treatment.PASS

    def of(self, kind: DetailKind) -> Treatment:
        by_kind: Mapping[DetailKind, Treatment] = {
            DetailKind.ADDRESS: self.address,
            DetailKind.PHONE: self.phone,
            DetailKind.MESSENGER: self.messenger,
            DetailKind.LINK: self.link,
        }
        return by_kind[kind]

    def judged(self) -> tuple[DetailKind, ...]:
        """The kinds that a rule minds, beside those that are masked."""
        return tuple(kind for kind in DetailKind if self.of(kind) not in (Treatment.PASS, Treatment.MASK))


@dataclass(frozen=True, slots=True)
class ContactPolicy:
    """A marketplace's policy. ``telling`` is for words that let a known party be guessed: pass or mask. ``allowed_hosts`` are
    those whose links, with all hosts below them, are never contact details.
    """

    buyer_to_seller: Treatments = field(default_factory=Treatments)
    seller_to_buyer: Treatments = field(default_factory=Treatments)
    telling: Treatment = Treatment.PASS
    allowed_hosts: tuple[str, ...] = ()

    def for_author(self, author: Side) -> Treatments:
        """What holds for messages of this side."""
        return self.buyer_to_seller if author is Side.BUYER else self.seller_to_buyer
