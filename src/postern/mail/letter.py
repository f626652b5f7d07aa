"""What of a mail travels on, and everything the rewriter needs to know to send it: plain frozen data."""

from dataclasses import dataclass, field
from datetime import datetime

from postern.model.address import Address
from postern.model.contact_policy import ContactPolicy
from postern.model.limits import Limits
from postern.model.relationship import Side


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One mailbox of an address field: ``address`` is None where it is no address that mail can be sent to."""

    display_name: str = field(repr=False)
    address: Address | None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file: its cleaned name, its media type (``type/subtype``, lower case), its decoded bytes. ``content_id`` is the name,
    without brackets, under which the HTML shows it as an image; empty for a file that stands for itself.
    """

    file_name: str = field(repr=False)
    media_type: str
    content: bytes = field(repr=False)
    content_id: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """What a person wrote. Text has LF line ends. A letter may lack text, HTML or both (then only files came)."""

    subject: str = field(repr=False)
    text: str | None = field(repr=False)
    html: str | None = field(repr=False)
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """A mail as read: the letter, what routing and the rules ask for, and the defects that were met on the way.

    ``authors`` holds the mailboxes of every From field; ``author_fields`` counts the fields. Message-IDs keep their angle
    brackets. ``references`` is In-Reply-To after References, without repeats, oldest first. ``headers`` holds the decoded
    value of each header field that a rule may look at, by lower-case name, in order. ``unreadable`` is empty, or a sentence
    that says which maximum the mail passes; the letter is then what was read until there, and is not to be sent. ``trace`` is
    what the header tells of its author's machine (``mail/trace.py``). ``recipients`` holds the mailboxes of To and Cc.
    """

    letter: Letter
    author_fields: int
    authors: tuple[Mailbox, ...]
    message_id: str | None = field(repr=False)
    references: tuple[str, ...] = field(repr=False)
    headers: dict[str, tuple[str, ...]] = field(repr=False)
    received_fields: int
    defects: tuple[str, ...]
    unreadable: str = ""
    recipients: tuple[Mailbox, ...] = field(default=(), repr=False)
    trace: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Product:
    """One line of an order, as the block in the mail names it."""

    title: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Links:
    """The signed links under a mail; an empty string leaves the link out."""

    no_response_needed: str = field(default="", repr=False)
    report: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Passage:
    """One mail's way to one recipient, with everything that is decided before rewriting begins.

    ``known_addresses`` pairs each real address of either side with the alias that replaces it wherever it stands. ``certain``
    are the addresses that must not be found in the finished mail: the author's. ``message_id`` and ``references`` (oldest
    first, the last is what is answered) are the recipient's own, in angle brackets. ``order_ids`` are those of the pair's
    orders, and ``own_hosts`` the marketplace's: neither is ever taken for a contact detail. ``trace`` is the mail's own, less
    what is ours.
    """

    author: Side
    author_name: str = field(repr=False)  # the buyer's name, or the seller's business name
    from_alias: str
    marketplace_name: str
    mail_domain: str
    public_url: str
    language: str  # the recipient's
    message_id: str
    references: tuple[str, ...] = field(repr=False)
    date: datetime
    order_id: str | None
    products: tuple[Product, ...]
    thread_token: str
    links: Links
    known_addresses: tuple[tuple[Address, str], ...]
    certain: tuple[Address, ...]
    limits: Limits = field(default=Limits(), repr=False)
    contact_policy: ContactPolicy = field(default_factory=ContactPolicy)
    order_ids: tuple[str, ...] = ()
    own_hosts: tuple[str, ...] = ()
    trace: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Draft:
    """The letter on its way through the steps. ``withheld`` names each file that the reader is told was not passed on;
    ``changes`` says in plain words what the steps did.
    """

    letter: Letter
    withheld: tuple[str, ...] = field(default=(), repr=False)
    changes: tuple[str, ...] = ()

    def but(self, letter: Letter, *changes: str) -> "Draft":
        """The same with another letter, and with what was done to it."""
        return Draft(letter, self.withheld, (*self.changes, *changes))


@dataclass(frozen=True, slots=True)
class Relayed:
    """The new mail: complete but for the To field and the signature, which are added at each attempt (the recipient's address
    is kept in one place only, and signatures expire). ``text`` is what the author wrote, for the record and the pages.
    ``changes`` says in plain words what was replaced or taken out.
    """

    content: bytes = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Leaking:
    """The guard still found an address of the author after the text-only rebuild: this mail must not leave."""

    places: tuple[str, ...]
