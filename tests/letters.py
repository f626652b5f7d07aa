"""Mails between Ann, who buys, and Acme Books, who sell: what the tests of the letter send and expect."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from uuid import UUID

from postern.mail import threading
from postern.mail.letter import Links, Passage, Product, Reading, Relayed
from postern.mail.reader import read
from postern.mail.rewrite import rewrite
from postern.mail.writer import Boundaries
from postern.model.address import Address
from postern.model.limits import Limits
from postern.model.relationship import Side

ANN = Address.parse("ann@mail.test")
ACME = Address.parse("help@acme.test")
ANNS_ALIAS = "k3v9x0q2m7t4w1z@marketplace.example"
ACMES_ALIAS = "p8d5f2h6j1n0r3s@marketplace.example"
TOKEN = "abcdefghijklmnopqrstuvwxyz234567"
PUBLIC_URL = "https://messages.marketplace.example"
MESSAGE = UUID("019aa000-0000-7000-8000-000000000001")
LIMITS = Limits()

FROM_ANN = Passage(
    author=Side.BUYER,
    author_name="Ann Example",
    from_alias=ANNS_ALIAS,
    marketplace_name="Example Market",
    mail_domain="marketplace.example",
    public_url=PUBLIC_URL,
    language="en",
    message_id=threading.own_message_id(MESSAGE, "marketplace.example"),
    references=(),
    date=datetime(2026, 11, 23, 10, 0, tzinfo=UTC),
    order_id="303-5512345-1234567",
    products=(Product("Atlas", 1), Product("Globe", 2)),
    thread_token=TOKEN,
    links=Links(f"{PUBLIC_URL}/m/no-response-needed-1", f"{PUBLIC_URL}/m/report-1"),
    known_addresses=((ANN, ANNS_ALIAS), (ACME, ACMES_ALIAS)),
    certain=(ANN,),
)
FROM_ACME = replace(
    FROM_ANN,
    author=Side.SELLER,
    author_name="Acme Books",
    from_alias=ACMES_ALIAS,
    links=Links("", f"{PUBLIC_URL}/m/report-2"),
    certain=(ACME,),
)


def numbered_boundaries() -> Boundaries:
    """Boundaries that are the same each time, for mails that are compared letter by letter."""
    numbers = count(1)
    return lambda: f"=_boundary_{next(numbers)}"


def octets(text: str) -> bytes:
    """A mail written with plain line ends, as it travels."""
    return text.replace("\r\n", "\n").replace("\n", "\r\n").encode()


def reading_of(text: str) -> Reading:
    return read(octets(text), LIMITS)


def relay(text: str, passage: Passage = FROM_ANN) -> Relayed:
    """The mail that leaves. A test that expects it to be held calls ``rewrite`` itself."""
    relayed = rewrite(reading_of(text), passage)
    assert isinstance(relayed, Relayed)
    return relayed


def letter_of(relayed: Relayed) -> Reading:
    """The relayed mail as its recipient's program reads it."""
    return read(relayed.content, LIMITS)
