"""All that a rule may look at, gathered before judging. What is not here, no rule knows."""

from dataclasses import dataclass, field
from datetime import datetime

from postern.model.authentication import Proof
from postern.model.contact_policy import DetailKind, Treatments
from postern.model.contact_reason import ContactReason
from postern.model.content_rule import ContentKind, Recognised
from postern.model.order import Order
from postern.model.refused_file import RefusedFile
from postern.model.relationship import Side


@dataclass(frozen=True, slots=True)
class Posting:
    """What is written on a page, by the API or on the command line, where it is answered at once: by a ``reason``, or without one
    in the reply box of a thread. ``typed`` are the fields as typed, of a reply the text alone; None where nobody has written yet,
    and it is only asked whether they may. ``used`` counts the messages of this reason about this order.
    """

    reason: ContactReason | None
    order: Order | None
    asked_at: datetime
    used: int = 0
    typed: tuple[tuple[str, str], ...] | None = field(default=None, repr=False)
    text_maximum: int = 20_000


@dataclass(frozen=True, slots=True)
class Facts:
    """One mail for one alias.

    ``author`` is the side that the alias makes the sender (who writes to a buyer's alias writes as that pair's seller).
    ``author_is_of_pair`` says whether the single address in header From is proved, and one that may write as that side.
    """

    author: Side

    # Can it be read, and does it come straight?
    unreadable: str  # why the mail cannot be read at all, in plain words; empty where it can
    received_fields: int
    received_maximum: int

    # Who wrote it?
    author_fields: int  # header From fields
    author_mailboxes: int  # mailboxes in them, all together
    author_has_address: bool  # the first of them is an address
    author_proof: Proof  # that it is theirs
    author_is_of_pair: bool  # only where it is proved

    # What is in it?
    attachments: int
    attachments_maximum: int
    attachment_bytes: int  # decoded, all together
    attachment_bytes_maximum: int
    refused_files: tuple[RefusedFile, ...] = ()  # what no mail may bring, in the mail's order
    malware: str = ""  # what the virus scanner found in it; empty where nothing was, or none is asked
    contact_details: tuple[tuple[DetailKind, str], ...] = ()  # typed by the author, by kind and place
    contact_treatments: Treatments = field(default_factory=Treatments)

    # How it came, if its author signed in to send it
    submitted: bool = False
    submitted_for_another: bool = False  # by a secret that is not for this pair's seller

    # What is known of the author beside the pair
    author_is_blocked: bool = False  # the seller has blocked this address in Messaging permissions
    author_sells: bool = False  # the address is some seller's (R26)
    pair_is_one_person: bool = False  # the buyer's address is one of this very seller's
    pair_has_order: bool = False
    report_infringement_url: str = ""

    # A person, or a robot?
    automatic_by: str = ""  # the sign by which it was recognised as automatic; empty for a person's
    messages_lately: int = 0  # in the same thread, just before this one
    messages_lately_maximum: int = 0

    # How much was sent today (R21)
    used_today: int = 0
    daily_limit: int = 1
    limit_resets_at: str = ""  # as people of that marketplace write it

    # Does the buyer want it (R8 to R10)
    opted_out: bool = False  # of all sellers' unsolicited messages, or of this one's
    is_reply: bool = False  # on a thread in which the buyer, not a robot, wrote
    is_marked_important: bool = False
    pair_has_live_order: bool = False  # one that is not cancelled
    about_customised_order: bool = False  # that is not complete yet

    # Written on a page or by a program, and not by mail (R5 to R7)
    posting: Posting | None = None

    # What was recognised in a message that the seller begins (R11), and which confirmations this marketplace sends itself (R30)
    misuse: tuple[Recognised, ...] = ()
    told_by_us: frozenset[ContentKind] = frozenset()

    # Who else gets it
    outside_copies: int = 0  # addresses in To and Cc that are neither aliases nor the author's own
