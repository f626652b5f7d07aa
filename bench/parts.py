"""Where the CPU time of one mail goes: each part of its path by itself, in this one process, in microseconds a mail.

    python bench/parts.py [--store sqlite|postgresql] [--mails 400] [--batch 8]

The parts are called as the running system calls them, on the letters of bench/relay.py. What is not here is what only a
running system has: clients, the loop, switching between processes and threads. bench/relay.py shows the whole. The next hop
is a process of its own, whose time is not counted.
"""

import argparse
import pickle
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a script, its own folder is all it would see

from postern.actions.deliver_mail import claim_deliveries, open_parcel, settle
from postern.actions.find_recipient import find_recipient
from postern.actions.receive_mail import Prepared, prepare
from postern.mail.reader import read
from postern.model.address import Address
from postern.model.authentication import Authentication
from postern.model.delivery import Claim, Delivered
from postern.model.envelope import Envelope, Mail
from postern.smtp.connection import Hop
from postern.smtp.courier import SmtpCourier
from postern.smtp.dkim import load_signing_key, sign
from postern.storage.change import Change
from postern.storage.deliveries import Delivery
from postern.storage.store import Store, Transaction
from postern.wiring import House, build_house
from tests.cluster import running_cluster
from tests.market import Way, settle_pairs
from tests.serving import install
from tests.sink import running_sink

PAIRS = 16
ANN = Address("ann", "mail.test")
T = TypeVar("T")


@dataclass(slots=True)
class Ledger:
    """Microseconds a mail by part, in the order of the path."""

    mails: int
    parts: dict[str, float] = field(default_factory=dict)

    def time(self, part: str, work: Callable[[], T]) -> T:
        """Do the work for all mails, and enter the CPU time of the whole process, every thread's."""
        began_at = time.process_time()
        done = work()
        self.parts[part] = (time.process_time() - began_at) * 1_000_000 / self.mails
        return done


def main() -> None:
    given = _read_arguments()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="postern-bench-")))
        url = f"sqlite:///{folder}/postern.db"
        if given.store == "postgresql":
            url = stack.enter_context(stack.enter_context(running_cluster()).fresh_database())
        hop = Hop("127.0.0.1", stack.enter_context(running_sink()).port)
        installation = install(folder / "postern", url, hop.port)
        ways = settle_pairs(installation, PAIRS)
        house = build_house(installation.config)
        store = house.open_store()
        stack.callback(store.close)
        _go(house, store, _letters(ways, 0, PAIRS), Ledger(PAIRS), given.batch, hop)  # fills every cache
        ledger = Ledger(given.mails)
        _go(house, store, _letters(ways, 1, given.mails), ledger, given.batch, hop)
    for part, microseconds in ledger.parts.items():
        print(f"{microseconds:8.0f}  {part}")


def _letters(ways: Sequence[Way], run: int, count: int) -> list[Mail]:
    now = datetime.now(UTC)
    return [_letter(ways[number % len(ways)], f"mail-{run}-{number}", now) for number in range(count)]


def _letter(way: Way, mark: str, now: datetime) -> Mail:
    return Mail(Envelope(way.author, (way.alias,)), way.letter(mark), now, Authentication())


def _go(house: House, store: Store, mails: Sequence[Mail], ledger: Ledger, batch: int, hop: Hop) -> None:
    """The path of a mail, part by part."""
    frame = house.frame

    def look_up(mail: Mail) -> object:
        with store.look() as look:
            return find_recipient(look, frame, mail.envelope.recipients[0], mail.received_at)

    def prepare_one(mail: Mail) -> Prepared:
        with store.look() as look:
            return prepare(look, frame, mail)

    ledger.time("RCPT: find the alias", lambda: [look_up(mail) for mail in mails])
    ledger.time("read the MIME", lambda: [read(mail.content, frame.limits) for mail in mails])
    prepared = ledger.time(
        "prepare, reading it included: look-ups, rules, rewriting, guard, sealing", lambda: list(map(prepare_one, mails))
    )
    ledger.time("to the pool and back: pickle both ways", lambda: [_carry(one) for one in (*mails, *prepared)])
    ledger.time(f"keep, {batch} in a commit", lambda: _keep(store, [one.change for one in prepared], batch))
    claimed = ledger.time(f"claim, {batch} at once", lambda: _claim(house, store, len(mails), batch))
    _deliver(house, store, claimed, ledger, batch, hop)


def _deliver(house: House, store: Store, claimed: Sequence[Delivery], ledger: Ledger, batch: int, hop: Hop) -> None:
    now = datetime.now(UTC)
    keys = [load_signing_key(one.domain, one.selector, one.algorithm, one.key_file.read_bytes()) for one in house.settings.dkim]
    letters: list[bytes] = []

    def keep_unsigned(content: bytes, domain: str, signed_at: datetime) -> bytes:
        del domain, signed_at
        letters.append(content)
        return content

    def open_one(delivery: Delivery) -> None:
        with store.look() as look:
            open_parcel(look, house.frame, delivery, keep_unsigned, now)

    def sign_one(content: bytes) -> bytes:
        return sign(content, keys, now)

    ledger.time("open the kept mail and the address", lambda: list(map(open_one, claimed)))
    signed = ledger.time(f"sign, {len(keys)} signatures", lambda: list(map(sign_one, letters)))
    ledger.time("hand over to a next hop, one after the other", lambda: uvloop.run(_hand_over(house, hop, signed)))
    changes = [settle(None, house.frame, delivery, Delivered(250, "2.0.0", "taken"), now) for delivery in claimed]
    ledger.time(f"settle, {batch} in a commit", lambda: _keep(store, changes, batch))


async def _hand_over(house: House, hop: Hop, letters: Sequence[bytes]) -> None:
    courier = SmtpCourier(hop, house.frame.hostname, house.frame.limits)
    for letter in letters:
        outcome = await courier.send("", ANN, letter)
        if not isinstance(outcome, Delivered):
            raise TypeError("the next hop did not take a mail")
    await courier.close()


def _carry(one: object) -> object:
    copy: object = pickle.loads(pickle.dumps(one, pickle.HIGHEST_PROTOCOL))  # noqa: S301 - pickled in the same line
    return copy


def _keep(store: Store, changes: Sequence[Change], batch: int) -> None:
    for start in range(0, len(changes), batch):
        for answer in [store.keep(change) for change in changes[start : start + batch]]:
            answer.result()


def _claim(house: House, store: Store, count: int, batch: int) -> list[Delivery]:
    def claim_some(transaction: Transaction) -> list[Delivery]:
        return claim_deliveries(transaction, house.frame, datetime.now(UTC), Claim(batch))

    claimed: list[Delivery] = []
    while len(claimed) < count:
        claimed += store.write(claim_some).result()
    return claimed


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/parts.py", description="CPU time of each part of a mail's path.")
    parser.add_argument("--store", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--mails", type=int, default=400)
    parser.add_argument("--batch", type=int, default=8, help="how many share a commit")
    return parser.parse_args()


if __name__ == "__main__":
    main()
