"""All that a rule may look at, gathered before judging. What is not here, no rule knows."""

from dataclasses import dataclass, field

from postern.model.contact_policy import DetailKind, Treatments
from postern.model.relationship import Side


@dataclass(frozen=True, slots=True)
class Facts:
    """One mail for one alias.

    ``author`` is the side that the alias makes the sender (who writes to a buyer's alias writes as that pair's seller).
    ``author_is_of_pair`` says whether the single address in header From is one that may write as that side.
    """

    author: Side
    unreadable: str  # why the mail cannot be read at all, in plain words; empty where it can
    author_fields: int  # header From fields
    author_mailboxes: int  # mailboxes in them, all together
    author_has_address: bool  # the first of them is an address
    author_is_of_pair: bool
    received_fields: int
    received_maximum: int
    attachments: int
    attachments_maximum: int
    attachment_bytes: int  # decoded, all together
    attachment_bytes_maximum: int
    contact_details: tuple[tuple[DetailKind, str], ...] = ()  # typed by the author, by kind and place
    contact_treatments: Treatments = field(default_factory=Treatments)
