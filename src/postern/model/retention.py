"""How long each kind of record is kept, and which table belongs to which kind.

It decides nothing else: what is old enough is found in ``storage/retention.py``, what a hold covers is in ``legal_hold``. Every
table of the schema stands here, with its class or with the reason why its rows do not age; a test demands it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class RetentionClass(StrEnum):
    """The kinds of record that grow old, in the order in which they are gone through: mail of the house first, for a failure
    report that is not old enough by itself goes with its message, uncounted.
    """

    HOUSE_MAIL = "house mail"
    MESSAGES = "messages"  # with their original and relayed mails, attachments, attempts, reports and remarks
    ORDERS = "orders"
    REFUSED = "refused attempts"
    JOURNAL = "journal"


@dataclass(frozen=True, slots=True)
class Retention:
    """Days for each class; 0 keeps for ever."""

    messages_days: int = 730  # R25
    house_mail_days: int = 365
    orders_days: int = 1_095
    refused_days: int = 90
    journal_days: int = 2_557  # seven years with their leap days

    def days(self, kind: RetentionClass) -> int:
        """For one class."""
        return {
            RetentionClass.MESSAGES: self.messages_days,
            RetentionClass.HOUSE_MAIL: self.house_mail_days,
            RetentionClass.ORDERS: self.orders_days,
            RetentionClass.REFUSED: self.refused_days,
            RetentionClass.JOURNAL: self.journal_days,
        }[kind]

    def cutoff(self, kind: RetentionClass, now: datetime) -> datetime | None:
        """What came before this moment has been kept long enough; None where all is kept for ever."""
        days = self.days(kind)
        return now - timedelta(days=days) if days else None


@dataclass(frozen=True, slots=True)
class Stays:
    """A table whose rows do not age, and why."""

    why: str


TABLES: Mapping[str, RetentionClass | Stays] = {
    "message": RetentionClass.MESSAGES,
    "thread": RetentionClass.MESSAGES,  # goes with its last message
    "document": RetentionClass.MESSAGES,  # or with the house mail that it is
    "attempt": RetentionClass.MESSAGES,
    "exemption": RetentionClass.MESSAGES,
    "report": RetentionClass.MESSAGES,
    "response": RetentionClass.MESSAGES,
    "thread_standing": RetentionClass.MESSAGES,  # goes with its thread
    "posting": RetentionClass.MESSAGES,
    "notice": RetentionClass.MESSAGES,  # goes with the message it is about
    "house_mail": RetentionClass.HOUSE_MAIL,
    "order": RetentionClass.ORDERS,
    "order_news": RetentionClass.ORDERS,
    "journal": RetentionClass.JOURNAL,  # the values; what is left proves that the chain is whole
    "delivery": Stays("a row leaves when it is settled, five days after it was queued at the latest"),
    "queue_pause": Stays("a row leaves when its destination is resumed; it names nobody"),
    "marketplace": Stays("the operator's own, a few rows"),
    "seller": Stays("the operator's own, one row a seller"),
    "seller_template": Stays("the seller's own words; they name no buyer, and go when the seller takes them away"),
    "seller_address": Stays("follows the feed"),
    "person": Stays("follows the feed, and is emptied when the person is erased"),
    "buyer": Stays("goes with the person: the row itself names nobody"),
    "relationship": Stays("an alias never comes back, so its pair is remembered (R2)"),
    "alias": Stays("never given out twice, so remembered for ever (R4)"),
    "legal_hold": Stays("the account of what was held and why"),
    "erasure": Stays("the account of who was forgotten when; it holds a number and two times"),
    "retention_mark": Stays("one row a class"),
    "sender_attempt": Stays("one row an address, a hundred a seller that nobody decided on; goes with the person"),
    "sender_permission": Stays("one row an address of Messaging permissions; goes with the address or the person"),
    "confirmation_count": Stays("one row an address and seller, of one day, replaced by the next; goes with the person"),
    "submission_secret": Stays("a digest; goes when it is revoked, or with the person"),
    "seller_block": Stays("the buyer's choice; goes with the person"),
    "daily_use": Stays("a number a seller and day, which names nobody"),
    "bounce_score": Stays(
        "one row an address to which mail failed, forgotten when nothing failed for a month; goes with the person"
    ),
    "member": Stays("the operator's own, one row a person and seller; goes with the person"),
    "sign_in": Stays("a row leaves a day after it was asked for"),
    "session": Stays("a row leaves when its time is over, or with the person"),
    "draft": Stays("leaves when it is sent or emptied, and with its thread, its pair or the person"),
    "unsealed": Stays("a row leaves when its entry is sealed, within seconds"),
    "seal": Stays("the chain: without it nothing that is left could be proved"),
    "sealer": Stays("one row in all"),
    "checkpoint": Stays("what was signed; it names nobody"),
    "timetable": Stays("one row a task"),
    "api_key": Stays("one row a key, for as long as anybody may ask what it was; it names nobody"),
}

# The fields of a journal entry that outlive the message they tell of: trade words, sizes, counts and commitments. A field that is
# not named here is withheld with the message, or with the person.
LASTING_FIELDS = frozenset(
    {
        *("verdict", "reason", "author", "thread", "found by", "size", "authentication", "proof", "original", "relayed", "of"),
        *("role", "about", "forwarded", "delivery", "attempt", "attempts", "outcome", "code", "enhanced", "indeterminate"),
        *("by", "destination", "side", "door", "told", "became", "automatic", "sign", "passed by", "notice", "to", "sent"),
        *("report", "status", "hard"),
    }
)
