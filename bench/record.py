"""What the proof of the record costs, and whether it finds all that is done to it.

    python bench/record.py [--entries 1000000] [--store sqlite|postgresql]       seal so many entries, sign, verify
    python bench/record.py --mails 2000                                           verify messages with their mails and attempts
    python bench/record.py --tamper 1000                                          damage the record so often, by chance
    python bench/record.py --relay [--seconds 10] [--rounds 3] [--senders 16]     the relay with and without sealing, in turns

Each entry has the twelve fields of an accepted mail; they stand in 20,000 chains. Status 1 if anything is wrong that should not
be, or is not found that is.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a script, its own folder is all it would see

from bench.turns import Measurement, Relay, Turn
from postern.model.identifier import new_id
from postern.model.journal import Entry, entry_digest, make_fields
from postern.storage.change import Change, Row, Write
from postern.storage.journal import spell_fields
from postern.storage.seals import seal_batch
from postern.storage.statements import write_all
from tests.cluster import running_cluster
from tests.histories import History, begin_history
from tests.market import settle_pairs
from tests.people import START
from tests.people import town as found_town
from tests.serving import install
from tests.sink import running_sink
from tests.tampering import damage, is_named

PAIRS = 20_000
SELLERS = 200
AT_ONCE = 5_000
WARM_UP_SECONDS = 3
# Without a timetable nothing is sealed, and without marks nothing waits to be.
UNSEALED = """
import postern.serving, postern.storage.statements
postern.serving.tasks_of = lambda house: ()
postern.storage.statements.mark_unsealed = lambda entries: []
from postern.cli import main
main()
"""


def main() -> None:
    given = _read_arguments()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="postern-record-")))
        if given.relay:
            _measure_relay(folder, stack, given)
            return
        url = f"sqlite:///{folder}/postern.db"
        if given.store == "postgresql":
            url = stack.enter_context(stack.enter_context(running_cluster()).fresh_database())
        town = stack.enter_context(found_town(url, folder))
        history = begin_history(town, folder, 1)
        if given.tamper:
            sys.exit(_tamper(history, given.tamper))
        sys.exit(_verify_mails(history, given.mails) if given.mails else _verify_entries(history, given.entries))


def _verify_entries(history: History, count: int) -> int:
    began = _now()
    for rows in _in_parts(count):
        history.town.store.write(lambda transaction, rows=rows: write_all(transaction, [Change(1, rows)])).result()  # type: ignore[misc]
    _say("written", count, began)
    began = _now()
    while history.town.store.write(lambda transaction: seal_batch(transaction, START, AT_ONCE)).result():
        pass
    _say("sealed", count, began)
    began = _now()
    history.sign()
    _say("signed", count, began)
    return _verify(history, count)


def _verify_mails(history: History, count: int) -> int:
    town = history.town
    for number in range(count):
        town.receive(town.from_ann(f"Letter {number}. " + "Where is my atlas? " * 250))
        if number % 50 == 49:
            town.deliver()
    history.sign()
    return _verify(history, count)


def _verify(history: History, count: int) -> int:
    began = _now()
    result = history.verify()
    _say("verified", count, began)
    print(f"{result.entries} entries, {result.chains} chains, {result.messages} messages, {result.wrong} findings")
    return 1 if result.wrong else 0


def _tamper(history: History, trials: int) -> int:
    history.live_through_all()
    history.live(20)
    history.sign()
    result = history.verify()
    chance, saved, missed = random.Random(trials), history.save(), 0
    for trial in range(trials):
        with history.undone(saved):
            done = history.town.store.write(lambda connection: damage(connection, chance)).result()
            result = history.verify()
        if not is_named(result, done):
            missed += 1
            print(f"missed: {done}; told: {[finding.sentence() for finding in result.findings]}")
        if trial % 100 == 99:
            print(f"{trial + 1} acts, {missed} missed", flush=True)
    print(f"{trials} random acts against a record of {result.entries} entries: {trials - missed} found and named")
    return 1 if missed else 0


def _in_parts(count: int) -> Iterator[tuple[Row, ...]]:
    """New entries, so many at once."""
    pairs = [new_id() for _ in range(PAIRS)]
    templates = [_template() for _ in range(64)]
    for start in range(0, count, AT_ONCE):
        numbers = range(start, min(count, start + AT_ONCE))
        yield tuple(_row(number, pairs, templates[number % len(templates)]) for number in numbers)


def _template() -> tuple[str, list[bytes]]:
    """The fields of an accepted mail, as they are kept, and their digests: what all entries share that are made of it."""
    fields = make_fields(
        {
            "author": "buyer",
            "thread": "thr_01km0000000000000000000000",
            "found by": "references",
            "order": "303-5512345-1234567",
            "size": 5_123,
            "authentication": "off",
            "original": "5d" * 32,
            "defects": [],
            "findings": [],
            "verdict": "accepted as any other",
            "relayed": "a7" * 32,
            "changes": ["an address of the author was replaced", "links of ours were cut"],
        }
    )
    return spell_fields(fields), [field.digest() for field in fields]


def _row(number: int, pairs: Sequence[UUID], template: tuple[str, list[bytes]]) -> Row:
    pair = number * 7919 % PAIRS
    entry = Entry(new_id(), pair % SELLERS + 1, pairs[pair], None, "mail-refused", START, ())
    values = {
        "seller_id": entry.seller_id,
        "id": entry.id,
        "relationship_id": entry.relationship_id,
        "message_id": None,
        "kind": entry.kind,
        "happened_at": entry.happened_at,
        "fields": template[0],
        "digest": entry_digest(entry, template[1]),
    }
    return Row(Write.ADD_JOURNAL, values)


def _measure_relay(folder: Path, stack: ExitStack, given: argparse.Namespace) -> None:
    """Two installations, alike but for the sealing, take turns before one sink."""
    sink = stack.enter_context(running_sink())
    cluster = stack.enter_context(running_cluster()) if given.store == "postgresql" else None
    relays: list[tuple[Relay, Measurement]] = []
    for name, program in (("sealed", [sys.executable, "-m", "postern"]), ("unsealed", [sys.executable, "-c", UNSEALED])):
        url = stack.enter_context(cluster.fresh_database()) if cluster else f"sqlite:///{folder}/{name}.db"
        installation = install(folder / name, url, sink.port)
        ways = settle_pairs(installation, given.senders)
        served = stack.enter_context(installation.serving(program))
        relay = Relay(name, installation.smtp_port, (served.process.pid,))
        relays.append((relay, Measurement(sink, ways, given.seconds)))
    for relay, measurement in relays:
        measurement.take_turn(relay, given.senders, WARM_UP_SECONDS)
    turns: dict[str, list[Turn]] = {relay.name: [] for relay, _ in relays}
    for number in range(given.rounds):
        for relay, measurement in relays if number % 2 else relays[::-1]:
            turns[relay.name].append(measurement.take_turn(relay, given.senders))
    _compare(turns)


def _compare(turns: dict[str, list[Turn]]) -> None:
    for name, some in turns.items():
        speed, cost = median(turn.delivered_per_second for turn in some), median(turn.cpu_ms_per_mail for turn in some)
        print(f"{name:9} {speed:6.1f} mails/s, {cost:6.2f} ms of CPU a mail (medians of {len(some)} turns)")
    pairs = list(zip(turns["sealed"], turns["unsealed"], strict=True))
    speed = median(sealed.delivered_per_second / unsealed.delivered_per_second for sealed, unsealed in pairs)
    cost = median(sealed.cpu_ms_per_mail / unsealed.cpu_ms_per_mail for sealed, unsealed in pairs)
    print(f"sealing changes the speed by {speed - 1:+.1%} and the CPU a mail by {cost - 1:+.1%} (medians over the rounds)")


def _now() -> tuple[float, float]:
    """By the wall, and by the processor: of this process and of those that it waited for."""
    used = os.times()
    return time.monotonic(), used.user + used.system + used.children_user + used.children_system


def _say(what: str, count: int, began: tuple[float, float]) -> None:
    seconds, cpu = (now - before for now, before in zip(_now(), began, strict=True))
    one = 1e6 / count
    print(
        f"{what}: {count:,} in {seconds:.1f} s, {cpu:.1f} s of CPU: {seconds * one:.0f} and {cpu * one:.0f} microseconds each",
        flush=True,
    )


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/record.py", description="What the proof of the record costs, and what it finds.")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--mails", type=int, default=0, help="verify so many messages with their mails instead")
    parser.add_argument("--tamper", type=int, default=0, help="damage a small record so often instead")
    parser.add_argument("--relay", action="store_true", help="measure the relay with and without sealing instead")
    parser.add_argument("--store", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--seconds", type=float, default=10, help="of each turn of the relay")
    parser.add_argument("--rounds", type=int, default=3, help="of the relay")
    parser.add_argument("--senders", type=int, default=16, help="who write to the relay at once")
    return parser.parse_args()


if __name__ == "__main__":
    main()
