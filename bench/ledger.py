"""How long `postern ledger` takes in a store of many messages: whether it can be asked at any moment.

    python bench/ledger.py [--messages 1000000] [--store sqlite|postgresql] [--runs 5]

The store is filled by bulk, with what a mail leaves behind: the message, two entries of the journal, now and then a notice, a
hold, a repeat; the oldest are delivered, the latest thousand wait. Status 1 if it finds a difference or takes over a second.
"""

import argparse
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, Table, insert, text

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a script, its own folder is all it would see

from postern.actions.add_up import add_up
from postern.model.identifier import new_id
from postern.model.thread import MessageState
from postern.storage import schema
from tests.cluster import running_cluster
from tests.people import START, Town, town

CHUNK = 5_000
WAITING = 1_000
SELLERS = 500
SECOND = 1.0
TEXT, SUBJECT = b"t" * 700, b"s" * 60  # sealed, as of a short mail
FIELDS = '[["size","00000000000000000000000000000000","1234"]]' * 8
ENDS = {  # state of the message: the entry that says it was answered 250
    MessageState.DELIVERED: "mail-accepted",
    MessageState.FAILED: "mail-accepted",
    MessageState.BLOCKED: "mail-blocked",
    MessageState.ABSORBED: "mail-absorbed",
    MessageState.HELD: "mail-held",
}
WEIGHTS = (90, 2, 4, 3, 1)
Rows = dict[Table, list[dict[str, object]]]


def main() -> None:
    given = _read_arguments()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="postern-bench-")))
        url = f"sqlite:///{folder}/postern.db"
        if given.store == "postgresql":
            url = stack.enter_context(stack.enter_context(running_cluster()).fresh_database())
        here = stack.enter_context(town(url, folder))
        began_at = time.monotonic()
        _fill(here, given.messages)
        print(f"{given.messages:,} messages on {given.store}, filled in {time.monotonic() - began_at:.0f} s", flush=True)
        slowest = max(_ask(here) for _ in range(given.runs))
    sys.exit(slowest > SECOND)


def _ask(here: Town) -> float:
    began_at, worked_from = time.monotonic(), time.process_time()
    with here.store.look() as look:
        ledger = add_up(look)
    seconds, worked = time.monotonic() - began_at, time.process_time() - worked_from
    found = ledger.differences or "no difference"
    print(
        f"{seconds * 1000:8.0f} ms, {worked * 1000:.0f} of them CPU here: {ledger.accounted:,} accounted for; {found}", flush=True
    )
    return seconds if not ledger.differences else float("inf")


def _fill(here: Town, messages: int) -> None:
    chance = random.Random(1)
    for first in range(0, messages, CHUNK):
        rows: Rows = {schema.message: [], schema.journal: [], schema.notice: [], schema.delivery: []}
        for number in range(first, min(first + CHUNK, messages)):
            _add_message(rows, chance, here.pair.id, waits=messages - number <= WAITING)
        here.store.write(lambda connection, rows=rows: _insert(connection, rows)).result()  # type: ignore[misc] # bound now
    here.store.write(lambda connection: connection.execute(text("ANALYZE"))).result()


def _insert(connection: Connection, rows: Rows) -> None:
    for table, listed in rows.items():
        if listed:
            connection.execute(insert(table), listed)


def _add_message(rows: Rows, chance: random.Random, pair_id: UUID, *, waits: bool) -> None:
    seller_id, message_id = 1 + chance.randrange(SELLERS), new_id()
    state = MessageState.QUEUED if waits else chance.choices(tuple(ENDS), WEIGHTS)[0]
    rows[schema.message].append(_message(seller_id, message_id, pair_id, state, chance))
    kinds = [ENDS.get(state, "mail-accepted"), "delivery-attempted", *(["mail-repeated"] if chance.random() < 0.02 else [])]
    rows[schema.journal].extend(_entry(seller_id, message_id, pair_id, kind) for kind in kinds)
    if state in {MessageState.BLOCKED, MessageState.FAILED, MessageState.HELD}:
        rows[schema.notice].append(_notice(seller_id, message_id))
    if waits:
        rows[schema.delivery].append(_delivery(seller_id, message_id))


def _message(seller_id: int, message_id: UUID, pair_id: UUID, state: MessageState, chance: random.Random) -> dict[str, object]:
    optional = (
        "order_id",
        "author_id",
        "automatic",
        "passed_by",
        "candidates",
        "released_at",
        "their_id_mark",
        "sealed_their_id",
    )
    return dict.fromkeys((*optional, "original_id", "relayed_id", "reason")) | {
        "seller_id": seller_id,
        "id": message_id,
        "relationship_id": pair_id,
        "thread_id": message_id,
        "author": "buyer",
        "state": state,
        "received_at": START + timedelta(seconds=chance.randrange(10**7)),
        "size": 5_000,
        "seen_mark": chance.randbytes(32),
        "sealed_subject": SUBJECT,
        "sealed_text": TEXT,
    }


def _entry(seller_id: int, message_id: UUID, pair_id: UUID, kind: str) -> dict[str, object]:
    about = {"seller_id": seller_id, "id": new_id(), "relationship_id": pair_id, "message_id": message_id, "kind": kind}
    return about | {"happened_at": START, "fields": FIELDS, "digest": b"d" * 32}


def _notice(seller_id: int, message_id: UUID) -> dict[str, object]:
    about = {"seller_id": seller_id, "id": new_id(), "kind": "held", "about_id": message_id, "thread_id": message_id}
    return about | {"side": "buyer", "person_id": message_id, "document_id": message_id, "state": "delivered", "made_at": START}


def _delivery(seller_id: int, message_id: UUID) -> dict[str, object]:
    about = {"id": new_id(), "kind": "smtp", "carries": "message", "seller_id": seller_id, "message_id": message_id}
    more = {"document_id": message_id, "person_id": message_id, "sender_domain": "marketplace.example", "lease": None}
    return about | more | {"due_at": START, "attempts": 0, "queued_at": START}


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--runs", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
