"""Why a message is reported (R27)."""

from enum import StrEnum


class ReportReason(StrEnum):
    """What the reporter says of the message. The values stand in the store and never change."""

    SPAM = "spam"
    PHISHING = "phishing"
    ABUSIVE = "abusive"
    PAYS_OUTSIDE = "pays_outside"
    ASKS_CONTACT_DETAILS = "asks_contact_details"
    REVIEW_MANIPULATION = "review_manipulation"
    COUNTERFEIT = "counterfeit"
    OTHER = "other"
