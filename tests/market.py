"""A marketplace of as many pairs as one likes, who write to each other letters of the usual size. Everybody is made up."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from functools import cache

from tests.serving import MAIL_DOMAIN, Installation, Record

PLACEHOLDER = "mail-0-0"  # a mark that no mail has: the mark goes where it stands
_SENTENCE = "The atlas of the North Sea has 214 maps, each with a page of notes on its tides, lights and wrecks. "
_MARKETPLACE: Record = {
    "kind": "marketplace",
    "id": "de",
    "name": "Example Market",
    "mail_domain": MAIL_DOMAIN,
    "language": "en",
    "time_zone": "Europe/Berlin",
    "cancel_order_url": "https://shop.example/orders/{order}/cancel",
    "report_infringement_url": "https://shop.example/infringement",
}


@dataclass(frozen=True, slots=True)
class Way:
    """Whence and whither one writes: a real address, the alias of the other side, and the real address behind it."""

    author: str
    alias: str
    reader: str

    def letter(self, mark: str) -> bytes:
        """A mail of 5 kB, multipart/alternative, that bears this mark in its Message-ID, subject and text."""
        return _letter(self.author, self.alias).replace(PLACEHOLDER.encode(), mark.encode())


def settle_pairs(installation: Installation, count: int) -> list[Way]:
    """Import this many sellers, each with a buyer. Answers their ways, every other one from the seller to the buyer."""
    installation.import_feed([_MARKETPLACE, *(record for number in range(count) for record in _pair(number))])
    pairs = installation.find_pairs([(f"seller-{number}", f"buyer-{number}") for number in range(count)])
    ways = []
    for number, pair in enumerate(pairs):
        buyer, seller = _buyer_address(number), _seller_address(number)
        if number % 2:
            ways.append(Way(seller, pair.buyer_alias, buyer))
        else:
            ways.append(Way(buyer, pair.seller_alias, seller))
    return ways


def _pair(number: int) -> Sequence[Record]:
    return (
        {
            "kind": "seller",
            "id": f"seller-{number}",
            "business_name": f"Books and Maps {number}",
            "language": "en",
            "customer_service_address": _seller_address(number),
            "registered_senders": [_seller_address(number)],
            "average_daily_orders": 1_000_000,
            "bounce_on_opt_out": True,
        },
        {
            "kind": "buyer",
            "id": f"buyer-{number}",
            "marketplace": "de",
            "name": f"Ann Example {number}",
            "address": _buyer_address(number),
            "opted_out": False,
        },
    )


def _buyer_address(number: int) -> str:
    return f"ann-{number}@mail.test"


def _seller_address(number: int) -> str:
    return f"help@books-{number}.test"


@cache
def _letter(author: str, alias: str) -> bytes:
    letter = EmailMessage()
    letter["From"] = author
    letter["To"] = alias
    letter["Subject"] = f"About the atlas, {PLACEHOLDER}"
    letter["Date"] = "Mon, 23 Nov 2026 10:00:00 +0000"
    letter["Message-ID"] = f"<{PLACEHOLDER}@{author.partition('@')[2]}>"
    paragraphs = [f"{PLACEHOLDER}: {_SENTENCE * 4}", *(_SENTENCE * 4 for _ in range(4))]
    letter.set_content("\n\n".join(paragraphs) + "\n")
    letter.add_alternative("".join(f"<p>{paragraph}</p>\n" for paragraph in paragraphs), subtype="html")
    return letter.as_bytes(policy=letter.policy.clone(linesep="\r\n"))
