"""Every reason why a mail does not simply pass: its code, the SMTP reply, what happened, and what to do next.

The sentences are message ids: said in English in the SMTP session, in the reader's language elsewhere.
"""

from dataclasses import dataclass, field

from postern.language import say


@dataclass(frozen=True, slots=True)
class Reason:
    """``status`` and ``enhanced`` are the SMTP reply (RFC 5321 4.2, RFC 3463); ``code`` is what programs compare.

    ``sentence`` and ``remedy`` may hold ``{fields}``, which a Cause fills in.
    """

    code: str
    status: int
    enhanced: str
    sentence: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Cause:
    """A reason as it applies to one mail: with the particulars that its sentences name (a file, a time, a link)."""

    reason: Reason
    fields: tuple[tuple[str, str | int], ...] = field(default=(), repr=False)

    def sentence(self, language: str) -> str:
        """What happened."""
        return say(language, self.reason.sentence, **dict(self.fields))

    def remedy(self, language: str) -> str:
        """What to do next."""
        return say(language, self.reason.remedy, **dict(self.fields))


UNKNOWN_ALIAS = Reason(
    "unknown_alias",
    550,
    "5.1.1",
    "No such address here.",
    "Check the address: aliases are never reused, and one letter off is another address.",
)
ALIASES_OF_TWO_SELLERS = Reason(
    "aliases_of_two_sellers",
    452,
    "4.5.3",
    "One mail cannot go to the aliases of two sellers at once.",
    "Your mail server will send it to each of them in a mail of its own.",
)
MAILED_TO_NOTICES = Reason(
    "notices_are_not_read",
    550,
    "5.1.1",
    "Nobody reads this address: it only sends notices.",
    "Write to the alias of the person you mean; it is in the From of their mail.",
)
UNREADABLE = Reason(
    "unreadable",
    550,
    "5.6.0",
    "This mail cannot be read safely.",
    "Send it again from an ordinary mail program, smaller or with fewer parts.",
)
LOOP = Reason(
    "mail_loop",
    554,
    "5.4.6",
    "This mail has passed through too many servers: it is looping.",
    "Look for a forwarding rule that sends mail back to where it came from.",
)
NO_SINGLE_AUTHOR = Reason(
    "no_single_author",
    550,
    "5.7.1",
    "The From field must name exactly one address.",
    "Send it again with one plain address in From.",
)
SENDER_NOT_REGISTERED = Reason(  # R20
    "sender_not_registered",
    550,
    "5.7.1",
    "Mail to this buyer is taken only from an address registered in the seller's Messaging permissions.",
    "Add the address you write from under Settings > Messaging permissions, or write from one that is registered, then send the "
    "mail again: it was not kept.",
)
NOT_THE_BUYER = Reason(  # R16
    "not_the_buyer",
    550,
    "5.7.1",
    "Mail to this seller's alias is taken only from the buyer it was given to.",
    "Write from the address of your account, or answer on the web; the mail was not kept.",
)
TOO_MANY_ATTACHMENTS = Reason(  # R23
    "too_many_attachments",
    552,
    "5.3.4",
    "This mail has more attachments than a message may have.",
    "Send them in several mails, or put them into one file.",
)
ATTACHMENTS_TOO_LARGE = Reason(  # R23
    "attachments_too_large",
    552,
    "5.3.4",
    "The attachments of this mail are together larger than a message's may be.",
    "Send smaller files, or send them in several mails.",
)
CONTACT_DETAILS_REFUSED = Reason(
    "contact_details_refused",
    550,
    "5.7.1",
    "This mail holds {detail}, which this marketplace does not pass on.",
    "Take it out and send the mail again: everything can be said through the marketplace.",
)
CONTACT_DETAILS_HELD = Reason(
    "contact_details_held",
    250,
    "2.6.0",
    "This mail holds {detail}, so a person of the marketplace looks at it first.",
    "To be sure the next one passes at once, leave it out.",
)
CONTACT_DETAILS_NOTED = Reason(
    "contact_details_noted",
    250,
    "2.0.0",
    "This mail holds {detail}. It was passed on, and this marketplace takes note of it.",
    "Please write through the marketplace.",
)
LEAKING = Reason(
    "would_leak",
    250,
    "2.6.0",
    "An address of the sender could not be removed from this mail without doubt, so it is held.",
    "A person of the marketplace decides. To be sure it passes, send the text again without signature, quotes and attachments.",
)
ENDED_ITS_READER = Reason(
    "ended_its_reader",
    250,
    "2.6.0",
    "Reading this mail took more time or memory than any mail may take, several times, so it is held unread.",
    "A person of the marketplace decides. To be sure it passes, send it again in a simpler form.",
)
REPEAT = Reason(
    "repeat",
    250,
    "2.0.0",
    "This mail was already accepted.",
    "Nothing needs to be done.",
)
TRY_AGAIN = Reason(
    "try_again",
    451,
    "4.3.0",
    "This mail cannot be taken at the moment; nothing was kept.",
    "Your mail server will try again by itself.",
)
NO_ROOM = Reason(
    "no_room",
    452,
    "4.3.1",
    "There is no room to keep this mail at the moment; nothing was kept.",
    "Your mail server will try again by itself.",
)

ALL = (
    UNKNOWN_ALIAS,
    ALIASES_OF_TWO_SELLERS,
    MAILED_TO_NOTICES,
    UNREADABLE,
    LOOP,
    NO_SINGLE_AUTHOR,
    SENDER_NOT_REGISTERED,
    NOT_THE_BUYER,
    TOO_MANY_ATTACHMENTS,
    ATTACHMENTS_TOO_LARGE,
    CONTACT_DETAILS_REFUSED,
    CONTACT_DETAILS_HELD,
    CONTACT_DETAILS_NOTED,
    LEAKING,
    ENDED_ITS_READER,
    REPEAT,
    TRY_AGAIN,
    NO_ROOM,
)
