"""What a critical message is, and how to send one: said once, for the bounce and for the public page (R10 to R12)."""

from dataclasses import dataclass
from urllib.parse import quote

from postern.language import say

PAGE = "/critical-messages"
MARK = "[Important]"  # R10


@dataclass(frozen=True, slots=True)
class Explanation:
    """The sentences, in one language."""

    page: str  # what the public page is called
    opted_out: str
    ways_title: str
    ways: tuple[str, ...]
    critical_title: str
    critical: tuple[str, ...]
    customised: str
    not_critical_title: str
    not_critical: tuple[str, ...]
    cancel_instead: str


def page_url(public_url: str, language: str) -> str:
    """Where the public page stands, in this language."""
    return f"{public_url}{PAGE}?lang={quote(language, safe='')}"


def explain_critical(language: str) -> Explanation:
    return Explanation(
        page=say(language, "Send a critical message"),
        opted_out=say(
            language,
            "Buyers may opt out of messages that they did not ask for. What they must know to get their order is critical, and "
            "no opt-out blocks it.",
        ),
        ways_title=say(language, "How to reach a buyer who opted out"),
        ways=_ways(language),
        critical_title=say(language, "What is critical"),
        critical=_critical(language),
        customised=say(
            language,
            "As long as an order with a customised item is not complete, the opt-out does not apply to messages about it.",
        ),
        not_critical_title=say(language, "What is not critical"),
        not_critical=_not_critical(language),
        cancel_instead=say(
            language, "If something is out of stock or cannot be sent in time, cancel the order instead of writing."
        ),
    )


def _ways(language: str) -> tuple[str, ...]:
    return (
        say(language, "Use Contact buyer and choose a reason that is critical."),
        say(
            language,
            "Write a mail with {mark} at the beginning of its subject. This works if the buyer has an order with you that is "
            "not cancelled. It is meant for critical messages alone, and each use is counted.",
            mark=MARK,
        ),
        say(
            language,
            "If the buyer wrote to you, reply to that message and leave the original message in your reply. No opt-out blocks "
            "it.",
        ),
    )


def _critical(language: str) -> tuple[str, ...]:
    """R10."""
    return (
        say(language, "Details of a customised item"),
        say(language, "An appointment for the delivery"),
        say(language, "A problem with the delivery address"),
        say(language, "An appointment for a service"),
        say(language, "The key to a digital item"),
        say(language, "What the law requires you to disclose"),
        say(language, "An unexpected problem with the order, other than out of stock or late"),
        say(language, "The cancellation of the order"),
    )


def _not_critical(language: str) -> tuple[str, ...]:
    """R11."""
    return (
        say(language, "Requests for feedback or reviews"),
        say(language, "Confirmations of an order, a shipment, a delivery or a refund"),
        say(
            language,
            "Service that nobody asked for: manuals, tips, answers without a question, advice in case something goes wrong",
        ),
        say(language, "News that something is out of stock or late, and offers of something else"),
    )
