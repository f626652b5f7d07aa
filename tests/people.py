"""The cast: Ann buys, Acme Books sells, Mallory lies. And the town they live in: a real store with a marketplace in it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import insert

from postern.actions.deliver_mail import Sign, claim_deliveries, open_parcel, settle
from postern.actions.frame import Frame
from postern.actions.receive_mail import Prepared, prepare
from postern.catalogue.load import load_catalogue
from postern.connect.folder import Folder
from postern.keys import Keyring
from postern.model.address import Address
from postern.model.authentication import Authentication
from postern.model.delivery import Claim, Delivered, Failed, Outcome
from postern.model.envelope import Envelope, Mail
from postern.model.identifier import new_id
from postern.model.limits import Limits
from postern.model.relationship import Relationship
from postern.ports import IsBound, Ready, at_once
from postern.storage import schema
from postern.storage.change import Kept
from postern.storage.migrate import migrate
from postern.storage.people import buyer_row, person_row
from postern.storage.relationships import find_relationship, open_relationship
from postern.storage.store import Store, Transaction
from postern.storage.vault import Vault

ANN = Address.parse("ann@mail.test")
ACME = Address.parse("help@acme.test")
BOLT = Address.parse("shop@bolt.test")
MALLORY = Address.parse("mallory@lies.test")
ORDER = "303-5512345-1234567"
ON_SQLITE = pytest.mark.parametrize("town", ["sqlite"], indirect=True)  # where nothing depends on the store
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class SetClock:
    """A clock you set."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, step: timedelta) -> None:
        self._now += step


class RememberingCourier:
    """A courier that remembers, and answers what it was told to: the last answer stays."""

    def __init__(self, *answers: Outcome) -> None:
        self._answers = list(answers) or [Delivered(250, "2.0.0", "ok")]
        self.carried: list[tuple[str, Address, bytes]] = []

    async def send(
        self, return_path: str, recipient: Address, content: bytes, ready: Ready = at_once, is_bound: IsBound | None = None
    ) -> Outcome:
        del is_bound
        await ready()
        self.carried.append((return_path, recipient, content))
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    async def close(self) -> None:
        """Nothing stays open."""


def unsigned(content: bytes, _domain: str, _moment: datetime) -> bytes:
    """A signer that signs nothing."""
    return content


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a recipient's server got."""

    return_path: str
    recipient: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Town:
    """A store with Example Market, its seller Acme Books, its buyer Ann, and their pair; and Bolt, who sells there too."""

    store: Store
    frame: Frame
    clock: SetClock
    pair: Relationship
    bolt_pair: Relationship
    store_url: str = field(repr=False)

    def judge(self, mail: Mail) -> Prepared:
        """What a pool process would make of the mail."""
        with self.store.look() as look:
            return prepare(look, self.frame, mail)

    def receive(self, mail: Mail) -> Prepared:
        """Judge and keep."""
        prepared = self.judge(mail)
        assert self.store.keep(prepared.change).result() == Kept()
        return prepared

    def deliver(self, outcome: Outcome | None = None, sign: Sign = unsigned) -> list[Arrival]:
        """Carry everything that is due, and settle it with this outcome (delivered, unless told otherwise)."""
        now = self.clock.now()
        arrivals = []
        for delivery in self.store.write(lambda transaction: claim_deliveries(transaction, self.frame, now, Claim(100))).result():
            with self.store.look() as look:
                parcel = open_parcel(look, self.frame, delivery, sign, now)
            ended: Outcome = parcel if isinstance(parcel, Failed) else outcome or Delivered(250, "2.0.0", "ok")
            with self.store.look() as look:
                change = settle(look, self.frame, delivery, ended, now)
            assert self.store.keep(change).result() == Kept()
            if not isinstance(parcel, Failed):
                arrivals.append(Arrival(parcel.return_path, parcel.recipient.reveal(), parcel.content))
        return arrivals

    def from_ann(self, text: str = "Hello, where is my atlas?", **fields: str) -> Mail:
        return self.mail(ANN, self.pair.seller_alias, text, **fields)

    def from_acme(self, text: str = "It left today.", **fields: str) -> Mail:
        return self.mail(ACME, self.pair.buyer_alias, text, **fields)

    def mail(self, author: Address, recipient: str, text: str, **fields: str) -> Mail:
        """A plain mail; fields are header fields, with ``_`` for ``-``, and replace the usual ones."""
        header = {
            "From": f"<{author.reveal()}>",
            "To": f"<{recipient}>",
            "Subject": "A question",
            "Message-ID": f"<{new_id().hex}@{author.domain}>",
        }
        header |= {name.replace("_", "-"): value for name, value in fields.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in header.items() if value)
        body = text.replace("\n", "\r\n")
        content = f"{head}\r\n{body}\r\n".encode()
        return Mail(Envelope(author.reveal(), (recipient,)), content, self.clock.now(), Authentication())


def also_to(mail: Mail, *recipients: str) -> Mail:
    """The same mail with more recipients in its envelope."""
    return replace(mail, envelope=Envelope(mail.envelope.reverse_path, (*mail.envelope.recipients, *recipients)))


@contextmanager
def town(store_url: str, folder: Path, limits: Limits | None = None) -> Iterator[Town]:
    """Found the town on an empty database."""
    limits = limits or Limits()
    keyring = Keyring({1: b"k" * 32})
    store = open_store(store_url, folder, keyring, limits)
    clock = SetClock()
    try:
        migrate(store.writing_engine)
        pair_id, bolt_id = store.write(lambda transaction: _settle_people(transaction, store.vault)).result()
        address, host = "https://messages.marketplace.example", "mx.marketplace.example"
        data = load_catalogue()
        frame = Frame(address, host, keyring, limits, reasons=data.reasons, content_rules=data.content_rules)
        yield Town(store, frame, clock, _pair(store, 1, pair_id), _pair(store, 2, bolt_id), store_url)
    finally:
        store.close()


def open_store(store_url: str, folder: Path, keyring: Keyring, limits: Limits) -> Store:
    """A store as a process opens it."""
    return Store(store_url, Vault(keyring), Folder(folder / "blobs"), limits)


def _pair(store: Store, seller_id: int, pair_id: UUID) -> Relationship:
    with store.look() as look:
        found = find_relationship(look, seller_id, pair_id)
    assert found is not None
    return found[0]


def _settle_people(transaction: Transaction, vault: Vault) -> tuple[UUID, UUID]:
    transaction.execute(
        insert(schema.marketplace),
        {
            "id": "de",
            "name": "Example Market",
            "mail_domain": "marketplace.example",
            "language": "en",
            "time_zone": "Europe/Berlin",
            "cancel_order_url": "",
            "report_infringement_url": "",
        },
    )
    ann = buyer_row(vault, "de", "ann", "Ann Example", ANN)
    transaction.execute(insert(schema.person), ann)
    transaction.execute(
        insert(schema.buyer), {"person_id": ann["id"], "marketplace_id": "de", "opted_out": False, "opt_out_version": 0}
    )
    _settle_seller(transaction, vault, 1, "acme", "Acme Books", ACME)
    _settle_seller(transaction, vault, 2, "bolt", "Bolt Bikes", BOLT)
    transaction.execute(insert(schema.order), _order_row(ann["id"]))
    opens: Callable[[int], UUID] = lambda seller_id: open_relationship(transaction, vault, seller_id, _id(ann), "de", START)  # noqa: E731
    return opens(1), opens(2)


def _id(row: dict[str, object]) -> UUID:
    assert isinstance(row["id"], UUID)
    return row["id"]


def _settle_seller(transaction: Transaction, vault: Vault, seller_id: int, name: str, business: str, address: Address) -> None:
    columns = {"id": seller_id, "name": name, "business_name": business, "language": "en"}
    transaction.execute(insert(schema.seller), columns | {"average_daily_orders": None, "bounce_on_opt_out": True})
    person = person_row(vault, "correspondent", address)
    transaction.execute(insert(schema.person), person)
    roles = ("customer_service", "registered_sender")
    rows = [{"seller_id": seller_id, "person_id": person["id"], "role": role} for role in roles]
    transaction.execute(insert(schema.seller_address), rows)


def _order_row(buyer_id: object) -> dict[str, object]:
    item = '{"sku":"B1","title":"Atlas","category":"books","quantity":2,"customised":false,"service":false,"digital":false,'
    return {
        "seller_id": 1,
        "id": new_id(),
        "marketplace_id": "de",
        "name": ORDER,
        "buyer_id": buyer_id,
        "status": "unshipped",
        "fulfilment": "seller",
        "placed_at": START - timedelta(days=3),
        "shipped_at": None,
        "delivered_at": None,
        "cancelled_at": None,
        "items": f'[{item}"scheduled_delivery":false}}]',
        "shipments": "[]",
    }
