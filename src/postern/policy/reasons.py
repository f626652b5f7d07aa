"""Every reason why a mail does not simply pass: its code, the SMTP reply, what happened, and what to do next.

The sentences are message ids: said in English in the SMTP session, in the reader's language elsewhere.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from postern.language import say


class Told(StrEnum):
    """How the author of a mail learns of a reason, as the manual says it."""

    IN_SESSION = "by the SMTP reply"
    BY_NOTICE = "by a notice"
    BY_BOUNCE = "by a bounce, unless the seller switched it off"  # R13
    NOT_AT_ALL = "not at all"
    AT_ONCE = "at once, on the page or by the program they use"


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
    told: Told = Told.IN_SESSION

    @property
    def is_temporary(self) -> bool:
        """The same mail may pass later (RFC 5321 4.2.1)."""
        return 400 <= self.status < 500  # noqa: PLR2004 - 4yz


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
INFECTED = Reason(
    "infected",
    550,
    "5.7.1",
    "This mail carries malware: {name}.",
    "Clean the computer or account that it was sent from, then send it again without the file.",
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
SENDER_NOT_PROVED = Reason(  # R16, R20
    "sender_not_proved",
    550,
    "5.7.26",  # RFC 7372 3.4
    "Nothing proves that this mail comes from the address in its From: neither SPF nor DKIM passes for that address's domain.",
    "Send it by your mail provider's own server, with that provider's address in From. If the domain is yours, let its DNS name "
    "the servers that send for it (SPF), and let them sign with DKIM, both for the domain in From. The mail was not kept.",
)
SENDER_UNKNOWN_NOW = Reason(  # R16, R20: never a pass
    "sender_unknown_now",
    451,
    "4.7.0",
    "Whether this mail comes from the address in its From cannot be found out now: a name server gave no answer.",
    "Your mail server will try again by itself. If it goes on, look at the name servers of the domain in From.",
)
SIGNED_IN_AS_ANOTHER = Reason(  # R20
    "signed_in_as_another",
    550,
    "5.7.1",
    "This mail names another address in its From than the one you signed in with.",
    "Set the same address in your mail program as sender and as user name, then send the mail again: it was not kept.",
)
SIGNED_IN_FOR_ANOTHER = Reason(  # R20
    "signed_in_for_another",
    550,
    "5.7.1",
    "The secret that you signed in with is for another seller's buyers.",
    "Sign in with a secret that was made for the seller whom you write for. Mail to a seller, as its buyer, is sent by your own "
    "mail provider and not here. The mail was not kept.",
)
SENDER_NOT_REGISTERED = Reason(  # R20
    "sender_not_registered",
    550,
    "5.7.1",
    "Mail to this buyer is taken only from an address registered in the seller's Messaging permissions.",
    "Add the address you write from under Settings > Messaging permissions, or write from one that is registered, then send the "
    "mail again: it was not kept. If it was added already, open the link that was mailed to it.",
)
SENDER_BLOCKED = Reason(  # R20
    "sender_blocked",
    550,
    "5.7.1",
    "The seller has blocked this address in Messaging permissions.",
    "Write from an address that is registered there, or remove the block under Settings > Messaging permissions.",
)
NOT_THE_BUYER = Reason(  # R16
    "not_the_buyer",
    550,
    "5.7.1",
    "Mail to this seller's alias is taken only from the buyer it was given to.",
    "Write from the address of your account, or answer on the web; the mail was not kept.",
)
SELLER_TO_SELLER = Reason(  # R26
    "seller_to_seller",
    550,
    "5.7.1",
    "A seller cannot write to another seller here.",
    "If you bought from this seller, write from the address of that order's account. To complain about an infringement, use the "
    "marketplace's page Report infringement{place}.",
)
DAILY_LIMIT_REACHED = Reason(  # R21
    "daily_limit_reached",
    550,
    "5.7.1",
    "The seller's {limit} messages of today are used up, so this one was not taken.",
    "Send it again after {time}, when the count starts anew. Put several questions about one order into one message.",
)
BUYER_OPTED_OUT = Reason(  # R8, R12: which of the two it was
    "buyer_opted_out",
    250,
    "2.6.0",
    "The buyer opted out of unsolicited messages, so this one was kept and not delivered.",
    "If it is critical for an order, choose a critical reason under Contact buyer, or write [Important] at the beginning of the "
    "subject. An answer to a message of the buyer is always delivered: reply on the thread and leave the original message in it.",
    Told.BY_BOUNCE,
)
ANSWERS_THE_BUYER = Reason(  # R9
    "reply",
    250,
    "2.0.0",
    "The buyer opted out of unsolicited messages, but wrote in this thread first.",
    "Nothing needs to be done.",
    Told.NOT_AT_ALL,
)
ABOUT_CUSTOMISED_ORDER = Reason(  # R10
    "customised",
    250,
    "2.0.0",
    "The buyer opted out of unsolicited messages, but the order has a customised item and is not complete.",
    "Nothing needs to be done.",
    Told.NOT_AT_ALL,
)
MARKED_IMPORTANT = Reason(  # R10: each use is counted
    "important",
    250,
    "2.0.0",
    "The buyer opted out of unsolicited messages, but the subject says [Important].",
    "Use it only for what the buyer must know to get the order; each use is counted.",
    Told.NOT_AT_ALL,
)
ORDER_NEEDED = Reason(
    "order_needed",
    550,
    "5.7.1",
    "This reason is for messages about an order.",
    "Choose the order that the message is about.",
    Told.AT_ONCE,
)
FULFILLED_BY_THE_MARKETPLACE = Reason(  # R7
    "fulfilled_by_the_marketplace",
    550,
    "5.7.1",
    "The marketplace ships this order and answers the buyer's questions about it.",
    "Choose another reason, or answer the buyer's own message.",
    Told.AT_ONCE,
)
FULFILLED_BY_THE_SELLER = Reason(  # R7
    "fulfilled_by_the_seller",
    550,
    "5.7.1",
    "This reason is for orders that the marketplace ships.",
    "Choose another reason.",
    Told.AT_ONCE,
)
ORDER_CANCELLED = Reason(  # R7
    "order_is_cancelled",
    550,
    "5.7.1",
    "The order is cancelled.",
    "Choose the reason for a cancelled order, or offer a refund.",
    Told.AT_ONCE,
)
ORDER_NOT_CANCELLED = Reason(  # R7
    "order_is_not_cancelled",
    550,
    "5.7.1",
    "This reason is for orders that are cancelled.",
    "Cancel the order first, or choose another reason.",
    Told.AT_ONCE,
)
ORDER_NOT_COMPLETE = Reason(  # R7
    "order_is_not_complete",
    550,
    "5.7.1",
    "The order is not complete yet: it is complete once it was delivered or returned, or 14 days after it was shipped.",
    "Choose another reason, or wait until the order is complete.",
    Told.AT_ONCE,
)
ORDER_COMPLETE = Reason(  # R7
    "order_is_complete",
    550,
    "5.7.1",
    "The order is complete.",
    "Choose a reason for complete orders.",
    Told.AT_ONCE,
)
NOT_IN_THIS_STATE = Reason(  # R7
    "not_in_this_state",
    550,
    "5.7.1",
    "This reason does not fit the state that the order is in.",
    "Choose another reason, or update the order if its state is out of date.",
    Told.AT_ONCE,
)
NO_SUCH_ITEM = Reason(  # R7
    "no_such_item",
    550,
    "5.7.1",
    "The order has no item of the kind that this reason is for.",
    "Choose another reason.",
    Told.AT_ONCE,
)
NOT_THIS_CATEGORY = Reason(  # R7
    "not_this_category",
    550,
    "5.7.1",
    "This reason is not for the categories of the items in the order.",
    "Choose another reason.",
    Told.AT_ONCE,
)
TOO_EARLY = Reason(
    "too_early",
    550,
    "5.7.1",
    "It is too early for this reason: it is available from day {days} on.",
    "Wait until then.",
    Told.AT_ONCE,
)
TOO_LATE = Reason(
    "too_late",
    550,
    "5.7.1",
    "It is too late for this reason: it was available until day {days}.",
    "Choose another reason, or answer if the buyer writes.",
    Told.AT_ONCE,
)
REASON_USED_UP = Reason(
    "reason_used_up",
    550,
    "5.7.1",
    "This reason may be used only {count} times for an order, and that was done.",
    "Choose another reason, or wait for the buyer's answer.",
    Told.AT_ONCE,
)
REASON_NOT_CRITICAL = Reason(  # R12: which of the two it was
    "reason_not_critical",
    550,
    "5.7.1",
    "The buyer opted out of unsolicited messages, and this reason is not critical.",
    "Choose a critical reason if the buyer must know this to get the order, or answer a message of the buyer.",
    Told.AT_ONCE,
)
CRITICAL_REASON = Reason(  # R10
    "critical_reason",
    250,
    "2.0.0",
    "The buyer opted out of unsolicited messages, but this reason is critical.",
    "Nothing needs to be done.",
    Told.NOT_AT_ALL,
)
PAID_REVIEW = Reason(  # R11
    "paid_review",
    550,
    "5.7.1",
    "This message offers something for a review.",
    "Leave the offer out. Reviews may not be paid for, with money, gifts or refunds.",
)
GOOD_REVIEW = Reason(  # R11
    "good_review",
    550,
    "5.7.1",
    "This message asks for a good review.",
    "Leave that out. To ask for an honest review, use the reason for it: the marketplace writes that message.",
)
CHANGED_REVIEW = Reason(  # R11
    "changed_review",
    550,
    "5.7.1",
    "This message asks the buyer to change or remove a review.",
    "Leave that out. Solve the problem instead; what the buyer writes about it is theirs.",
)
REVIEW_REQUEST = Reason(  # R11
    "review_request",
    250,
    "2.0.0",
    "This message seems to ask for a review.",
    "Use the reason for it, once for an order: the marketplace writes that message.",
    Told.BY_NOTICE,
)
COUPON = Reason(  # R11
    "coupon",
    250,
    "2.0.0",
    "This message seems to offer a coupon or a discount for another order.",
    "Messages are for the order that the buyer has. Leave advertising out.",
    Told.BY_NOTICE,
)
MARKETING = Reason(  # R11
    "marketing",
    250,
    "2.0.0",
    "This message seems to advertise something.",
    "Messages are for the order that the buyer has. Leave advertising out.",
    Told.BY_NOTICE,
)
OUT_OF_STOCK = Reason(  # R11
    "out_of_stock",
    250,
    "2.0.0",
    "This message seems to say that something is out of stock.",
    "Cancel the order instead: the buyer is told and gets the money back.",
    Told.BY_NOTICE,
)
DELAY = Reason(  # R11
    "delay",
    250,
    "2.0.0",
    "This message seems to say that the order is late.",
    "If it cannot be sent in time, cancel the order instead.",
    Told.BY_NOTICE,
)
UNASKED_SERVICE = Reason(  # R11
    "unasked_service",
    250,
    "2.0.0",
    "This message seems to give help that the buyer did not ask for.",
    "Wait until the buyer asks. Manuals and tips belong to the item or on its page.",
    Told.BY_NOTICE,
)
ONLY_CONFIRMS = Reason(  # R11
    "only_confirms",
    250,
    "2.0.0",
    "This message seems only to confirm something.",
    "The buyer sees it in the order. Write only if they must do something.",
    Told.BY_NOTICE,
)
ALREADY_TOLD = Reason(  # R11, R30
    "already_told",
    250,
    "2.0.0",
    "This message seems only to confirm what we already told the buyer, or tell them when the order says so.",
    "You need not write it. Write only if the buyer must do something.",
    Told.BY_NOTICE,
)
LINK_OUTSIDE = Reason(  # R11
    "link_outside",
    250,
    "2.0.0",
    "This message has a link to a page outside the marketplace.",
    "Leave it out, unless the buyer needs it for the order.",
    Told.BY_NOTICE,
)
CONTACT_DETAILS_TYPED = Reason(  # R11
    "contact_details_typed",
    250,
    "2.0.0",
    "This message has an address, a telephone number or another way past the marketplace.",
    "Leave it out: everything can be said through the marketplace.",
    Told.BY_NOTICE,
)
NEVER_CRITICAL = Reason(  # R11, R12
    "never_critical",
    550,
    "5.7.1",
    "The buyer opted out of unsolicited messages, and what this message seems to be is never critical ({which}).",
    "If something is out of stock or late, cancel the order instead. If the buyer must know something else to get the order, "
    "write that alone.",
    Told.AT_ONCE,
)
FIELD_MISSING = Reason(
    "field_missing",
    550,
    "5.7.1",
    "Something is missing: {label}.",
    "Fill it in.",
    Told.AT_ONCE,
)
VARIABLE_UNRESOLVED = Reason(
    "variable_unresolved",
    550,
    "5.7.1",
    "A variable was not filled in: {name}.",
    "Write in its place what it stands for, or take it out.",
    Told.AT_ONCE,
)
FIELD_UNKNOWN = Reason(
    "field_unknown",
    550,
    "5.7.1",
    "This reason has no field {name}.",
    "Leave it out.",
    Told.AT_ONCE,
)
FIELD_TOO_LONG = Reason(
    "field_too_long",
    550,
    "5.7.1",
    "This is longer than {maximum} characters: {label}.",
    "Make it shorter, or attach a file.",
    Told.AT_ONCE,
)
FIELD_NOT_ONE_LINE = Reason(
    "field_not_one_line",
    550,
    "5.7.1",
    "This must be a single line: {label}.",
    "Remove the line breaks.",
    Told.AT_ONCE,
)
FIELD_NO_DATE = Reason(
    "field_no_date",
    550,
    "5.7.1",
    "This is not a date: {label}.",
    "Write it as year, month and day, such as 2026-11-24.",
    Told.AT_ONCE,
)
FIELD_NO_AMOUNT = Reason(
    "field_no_amount",
    550,
    "5.7.1",
    "This is not an amount with its currency: {label}.",
    "Write it such as 12.50 EUR.",
    Told.AT_ONCE,
)
FILES_MISSING = Reason(
    "files_missing",
    550,
    "5.7.1",
    "A message of this reason needs a file.",
    "Attach the document.",
    Told.AT_ONCE,
)
TOO_MANY_FILES = Reason(
    "too_many_files",
    550,
    "5.7.1",
    "A message of this reason may have at most {count} files.",
    "Leave some out, or put them into one file.",
    Told.AT_ONCE,
)
KEY_USED = Reason(
    "key_used",
    550,
    "5.7.1",
    "Another message was sent with this key before.",
    "Give each message a key of its own.",
    Told.AT_ONCE,
)
AUTOMATIC = Reason(
    "automatic",
    250,
    "2.0.0",
    "A machine wrote this mail ({sign}), so it is kept and shown, and not sent on.",
    "Nothing needs to be done. To reach the other side, write yourself.",
    Told.NOT_AT_ALL,
)
BACK_AND_FORTH = Reason(
    "back_and_forth",
    250,
    "2.6.0",
    "So many messages went back and forth in this thread within minutes that this one is held: two robots may be writing.",
    "A person of the marketplace decides. If you wrote it yourself, wait a little before you write again.",
    Told.BY_NOTICE,
)
ALSO_SENT_OUTSIDE = Reason(
    "also_sent_outside",
    250,
    "2.0.0",
    "Copies of this mail went straight to outside addresses ({count}); those have left the privacy of the marketplace.",
    "Write to the alias alone: whoever gets a copy directly sees your own address.",
    Told.BY_NOTICE,
)
HELD_TOO_LONG = Reason(
    "held_too_long",
    550,
    "5.7.1",
    "Nobody of the marketplace released this message in time, so it was not delivered.",
    "Send it again in a simpler form: the text alone, without signature, quotes and attachments.",
    Told.BY_NOTICE,
)
NOT_RELEASED = Reason(
    "not_released",
    550,
    "5.7.1",
    "A person of the marketplace looked at this message and did not release it.",
    "Ask the marketplace's support if you think that this is a mistake.",
    Told.BY_NOTICE,
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
PROGRAM_ATTACHED = Reason(
    "program_attached",
    550,
    "5.7.1",
    "The file {file} is a program, or can act as one; programs are not passed on.",
    "Send the message without it.",
)
ACTIVE_PAGE_ATTACHED = Reason(
    "active_page_attached",
    550,
    "5.7.1",
    "The file {file} is a web page or a drawing that can act as one (HTML, SVG, XML with scripts); these are not passed on.",
    "Send what it shows as a picture, as PDF or in the text of the message.",
)
MACROS_ATTACHED = Reason(
    "macros_attached",
    550,
    "5.7.1",
    "The document {file} contains macros; these are not passed on.",
    "Save it without macros, or as PDF, and send it again.",
)
ENCRYPTED_ATTACHED = Reason(
    "encrypted_attached",
    550,
    "5.7.1",
    "The file {file} is encrypted, so nobody can see whether it is safe and gives no address away.",
    "Send it again without a password.",
)
BOMB_ATTACHED = Reason(
    "bomb_attached",
    550,
    "5.7.1",
    "The archive {file} unpacks to more, or holds archives deeper, than any file may.",
    "Send its files by themselves, in several mails if need be.",
)
ENCRYPTED_MAIL = Reason(
    "encrypted_mail",
    550,
    "5.7.1",
    "This mail is encrypted (PGP or S/MIME), so nobody can see whether it gives an address away.",
    "Send it again without encryption; the way to us is encrypted by the mail servers.",
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
    "To be sure it passes, send the text again without signature, quotes and attachments.",
    Told.BY_NOTICE,
)
ENDED_ITS_READER = Reason(
    "ended_its_reader",
    250,
    "2.6.0",
    "Reading this mail took more time or memory than any mail may take, several times, so it is held unread.",
    "To be sure it passes, send it again in a simpler form.",
    Told.BY_NOTICE,
)
REPEAT = Reason(
    "repeat",
    250,
    "2.0.0",
    "This mail was already accepted.",
    "Nothing needs to be done.",
    Told.NOT_AT_ALL,
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
    INFECTED,
    UNREADABLE,
    LOOP,
    NO_SINGLE_AUTHOR,
    SENDER_NOT_PROVED,
    SENDER_UNKNOWN_NOW,
    SIGNED_IN_AS_ANOTHER,
    SIGNED_IN_FOR_ANOTHER,
    SENDER_NOT_REGISTERED,
    SENDER_BLOCKED,
    NOT_THE_BUYER,
    SELLER_TO_SELLER,
    DAILY_LIMIT_REACHED,
    BUYER_OPTED_OUT,
    ANSWERS_THE_BUYER,
    ABOUT_CUSTOMISED_ORDER,
    MARKED_IMPORTANT,
    ORDER_NEEDED,
    FULFILLED_BY_THE_MARKETPLACE,
    FULFILLED_BY_THE_SELLER,
    ORDER_CANCELLED,
    ORDER_NOT_CANCELLED,
    ORDER_NOT_COMPLETE,
    ORDER_COMPLETE,
    NOT_IN_THIS_STATE,
    NO_SUCH_ITEM,
    NOT_THIS_CATEGORY,
    TOO_EARLY,
    TOO_LATE,
    REASON_USED_UP,
    REASON_NOT_CRITICAL,
    CRITICAL_REASON,
    PAID_REVIEW,
    GOOD_REVIEW,
    CHANGED_REVIEW,
    REVIEW_REQUEST,
    COUPON,
    MARKETING,
    OUT_OF_STOCK,
    DELAY,
    UNASKED_SERVICE,
    ONLY_CONFIRMS,
    ALREADY_TOLD,
    LINK_OUTSIDE,
    CONTACT_DETAILS_TYPED,
    NEVER_CRITICAL,
    FIELD_MISSING,
    VARIABLE_UNRESOLVED,
    FIELD_UNKNOWN,
    FIELD_TOO_LONG,
    FIELD_NOT_ONE_LINE,
    FIELD_NO_DATE,
    FIELD_NO_AMOUNT,
    FILES_MISSING,
    TOO_MANY_FILES,
    KEY_USED,
    AUTOMATIC,
    BACK_AND_FORTH,
    ALSO_SENT_OUTSIDE,
    HELD_TOO_LONG,
    NOT_RELEASED,
    TOO_MANY_ATTACHMENTS,
    ATTACHMENTS_TOO_LARGE,
    PROGRAM_ATTACHED,
    ACTIVE_PAGE_ATTACHED,
    MACROS_ATTACHED,
    ENCRYPTED_ATTACHED,
    BOMB_ATTACHED,
    ENCRYPTED_MAIL,
    CONTACT_DETAILS_REFUSED,
    CONTACT_DETAILS_HELD,
    CONTACT_DETAILS_NOTED,
    LEAKING,
    ENDED_ITS_READER,
    REPEAT,
    TRY_AGAIN,
    NO_ROOM,
)
