"""Nothing is kept longer than its class says, nothing goes earlier, nothing that a hold covers goes, and a preview is true."""

import random
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select

from postern.actions.place_legal_hold import Named, place_hold, release_hold
from postern.actions.retain import Due, preview_retention, run_retention, sweep_blobs
from postern.connect.folder import Folder
from postern.mail.return_path import make_return_path
from postern.model.delivery import Deferred
from postern.model.identifier import show
from postern.model.journal import entry_digest
from postern.model.retention import TABLES, Retention, RetentionClass, Stays
from postern.storage import schema
from postern.storage.journal import find_entry, read_fields
from postern.storage.store import Store
from tests.people import ANN, BOLT, MALLORY, ON_SQLITE, START, Town

RETENTION = Retention(messages_days=200, house_mail_days=120, orders_days=300, refused_days=90, journal_days=400)
DAY = timedelta(days=1)


def run(town: Town, retention: Retention = RETENTION) -> str | None:
    return run_retention(town.store, replace(town.frame, retention=retention), town.clock)


def preview(town: Town, at: datetime | None = None, retention: Retention = RETENTION) -> dict[RetentionClass, int]:
    return {one.kind: one.count for one in preview_retention(town.store, retention, at or town.clock.now())}


def count(town: Town, table: str) -> int:
    with town.store.look() as look:
        return look.connection.execute(select(func.count()).select_from(schema.metadata.tables[table])).scalar_one()


def test_every_table_has_its_class_or_a_reason_why_its_rows_do_not_age() -> None:
    assert TABLES.keys() == schema.metadata.tables.keys()
    assert all(len(rule.why.split()) >= 3 for rule in TABLES.values() if isinstance(rule, Stays))


def test_each_class_has_a_time_and_0_keeps_for_ever() -> None:
    defaults = Retention()
    assert {kind: defaults.days(kind) for kind in RetentionClass} == {
        RetentionClass.HOUSE_MAIL: 365,
        RetentionClass.MESSAGES: 730,  # R25
        RetentionClass.ORDERS: 1_095,
        RetentionClass.REFUSED: 90,
        RetentionClass.JOURNAL: 2_557,
    }
    assert Retention(messages_days=0).cutoff(RetentionClass.MESSAGES, START) is None


def test_a_message_goes_with_all_that_hangs_on_it_on_its_day_and_not_the_day_before(town: Town, tmp_path: Path) -> None:
    town.receive(town.from_ann("Hello\n" * 20_000))
    town.deliver()
    assert [path for path in tmp_path.rglob("blobs/*/*") if path.is_file()]
    town.clock.advance(200 * DAY)
    assert preview(town)[RetentionClass.MESSAGES] == 0
    run(town)
    assert count(town, "message") == 1
    town.clock.advance(timedelta(microseconds=1))
    assert preview(town)[RetentionClass.MESSAGES] == 1
    assert "1 messages" in (run(town) or "")
    assert {table: count(town, table) for table in ("message", "thread", "document", "attempt")} == dict.fromkeys(
        ("message", "thread", "document", "attempt"), 0
    )
    assert not [path for path in tmp_path.rglob("blobs/*/*") if path.is_file()]


@ON_SQLITE
def test_a_message_that_still_waits_to_be_delivered_stays(town: Town) -> None:
    town.receive(town.from_ann())
    town.deliver(Deferred(451, "4.2.0", "later"))
    town.clock.advance(300 * DAY)
    assert preview(town)[RetentionClass.MESSAGES] == 0
    run(town)
    assert count(town, "message") == 1


def test_what_the_journal_says_of_a_message_that_went_is_withheld_and_verifies(town: Town) -> None:
    town.receive(town.from_ann())
    town.deliver()
    before = entries(town)
    town.clock.advance(201 * DAY)
    run(town)
    after = entries(town)
    assert before.keys() <= after.keys()
    for entry_id, (digest, verified) in after.items():
        assert digest == verified
        assert entry_id not in before or before[entry_id][0] == digest
    with town.store.look() as look:
        stored = look.connection.execute(
            select(schema.journal.c.fields).where(schema.journal.c.kind == "mail-accepted")
        ).scalar_one()
    fields = {one.name: one.withheld is None for one in read_fields(stored)}
    assert fields["original"]
    assert fields["size"]
    assert not fields["findings"]
    assert not fields["order"]


def entries(town: Town) -> dict[UUID, tuple[bytes, bytes]]:
    with town.store.look() as look:
        found = look.connection.execute(select(schema.journal.c.id, schema.journal.c.digest)).all()
        read = {row[0]: find_entry(look, row[0]) for row in found}
    return {
        row[0]: (bytes(row[1]), entry_digest(one, [f.digest() for f in one.fields])) for row in found if (one := read[row[0]])
    }


@ON_SQLITE
def test_a_run_leaves_an_entry_that_counts_and_says_nothing_else(town: Town) -> None:
    assert run(town) is None
    assert "retention-ran" not in kinds(town)
    town.receive(town.from_ann())
    town.deliver()
    town.clock.advance(201 * DAY)
    run(town)
    assert kinds(town).count("retention-ran") == 1


def kinds(town: Town) -> list[str]:
    with town.store.look() as look:
        return list(look.connection.execute(select(schema.journal.c.kind)).scalars())


# ---- Three years, by chance


@dataclass(slots=True)
class Chronicle:
    """What happened in the town, told beside the store: its own idea of what must be there."""

    town: Town
    chance: random.Random
    written: dict[UUID, datetime] = field(default_factory=dict)
    holds: dict[str, tuple[str, object]] = field(default_factory=dict)

    def day(self) -> None:
        act = self.chance.choice(
            [self.ann_writes, self.ann_writes, self.seller_writes, self.stranger, self.bounce, self.hold, self.release]
        )
        act()
        self.town.deliver()
        self._note()
        self.town.clock.advance(self.chance.choice([5, 20, 45, 90]) * DAY)

    def ann_writes(self) -> None:
        self.town.receive(self.town.from_ann(secrets.token_hex(4)))

    def seller_writes(self) -> None:
        self.town.receive(self.town.mail(BOLT, self.town.bolt_pair.buyer_alias, secrets.token_hex(4)))

    def stranger(self) -> None:
        self.town.receive(self.town.mail(MALLORY, self.town.pair.buyer_alias, secrets.token_hex(4)))
        self.town.receive(self.town.mail(ANN, "postmaster@marketplace.example", secrets.token_hex(4)))

    def bounce(self) -> None:
        if not self.written:
            return
        expires_at = self.town.clock.now() + 9 * DAY
        back = make_return_path(
            self.town.frame.keyring, self.chance.choice(sorted(self.written)), expires_at, "marketplace.example"
        )
        self.town.receive(self.town.mail(MALLORY, back, secrets.token_hex(4)))

    def hold(self) -> None:
        kind = self.chance.choice(["pair", "message"])
        if kind == "message" and self.written:
            message_id = self.chance.choice(sorted(self.written))
            if message_id in self.present():
                self._place(Named(message=show("msg", message_id)), ("message", message_id))
        elif kind == "pair":
            self._place(Named(pair=("bolt", "ann")), ("pair", self.town.bolt_pair.id))

    def _place(self, named: Named, covers: tuple[str, object]) -> None:
        self.holds[show("lgl", place_hold(self.town.store, self.town.clock, named, "Dora", "claim", None))] = covers

    def release(self) -> None:
        if self.holds:
            name = self.chance.choice(sorted(self.holds))
            release_hold(self.town.store, self.town.clock, name)
            del self.holds[name]

    def _note(self) -> None:
        with self.town.store.look() as look:
            for message_id, received_at in look.connection.execute(select(schema.message.c.id, schema.message.c.received_at)):
                self.written.setdefault(message_id, received_at)

    def present(self) -> dict[UUID, UUID]:
        with self.town.store.look() as look:
            return {
                row[0]: row[1] for row in look.connection.execute(select(schema.message.c.id, schema.message.c.relationship_id))
            }

    def is_held(self, message_id: UUID, pair_id: UUID) -> bool:
        return ("message", message_id) in self.holds.values() or ("pair", pair_id) in self.holds.values()


@pytest.mark.parametrize("seed", [1])
def test_over_three_years_nothing_is_kept_longer_and_nothing_goes_earlier_and_holds_win(town: Town, seed: int) -> None:
    # J-05
    chronicle = Chronicle(town, random.Random(seed))
    gone = kept = 0
    while town.clock.now() < START + 3 * 365 * DAY:
        chronicle.day()
        now, before = town.clock.now(), chronicle.present()
        promised = preview(town)
        told = run(town)
        after = chronicle.present()
        taken = before.keys() - after.keys()
        gone += len(taken)
        kept += sum(chronicle.is_held(one, pair) for one, pair in after.items() if chronicle.written[one] < now - 200 * DAY)
        assert promised[RetentionClass.MESSAGES] == len(taken), told
        assert not any(preview(town).values()), "a run leaves nothing that a preview would name"
        cutoff = now - 200 * DAY
        assert all(chronicle.written[one] < cutoff and not chronicle.is_held(one, before[one]) for one in taken)
        assert all(chronicle.written[one] >= cutoff or chronicle.is_held(one, pair) for one, pair in after.items())
        check_journal(chronicle, now)
    assert gone > 5
    assert kept > 5
    assert count(town, "house_mail") < 10


def check_journal(chronicle: Chronicle, now: datetime) -> None:
    with chronicle.town.store.look() as look:
        rows = look.connection.execute(select(schema.journal)).mappings().all()
        pairs = {row[0]: row[1] for row in look.connection.execute(select(schema.message.c.id, schema.message.c.relationship_id))}
    for row in rows:
        days = 90 if row["kind"].endswith("-refused") else 400
        pair_id = row["relationship_id"] or pairs.get(row["message_id"])
        held = pair_id is not None and chronicle.is_held(row["message_id"] or pair_id, pair_id)
        bare = all(one.withheld for one in read_fields(row["fields"]))
        if row["happened_at"] < now - days * DAY:
            assert bare or held, row["kind"]
        elif row["kind"].endswith("-refused") or row["message_id"] in pairs:
            assert not bare, row["kind"]


@ON_SQLITE
def test_a_preview_of_a_later_day_is_what_the_run_of_that_day_takes(town: Town) -> None:
    for _ in range(30):
        town.receive(town.from_ann(secrets.token_hex(4)))
        town.clock.advance(DAY)
    town.deliver()
    day = START + 215 * DAY
    promised = preview(town, day)
    assert promised[RetentionClass.MESSAGES] == 15
    town.clock.advance(day - town.clock.now())
    assert preview(town) == promised
    run(town)
    assert count(town, "message") == 15


@ON_SQLITE
def test_a_preview_names_the_oldest(town: Town) -> None:
    town.receive(town.from_ann())
    town.deliver()
    due = preview_retention(town.store, RETENTION, START + 201 * DAY)
    assert Due(RetentionClass.MESSAGES, 1, START) in due


def test_what_a_hold_kept_back_goes_with_the_first_run_after_it(town: Town) -> None:
    town.receive(town.mail(MALLORY, town.pair.buyer_alias, "refused"))
    name = show("lgl", place_hold(town.store, town.clock, Named(pair=("acme", "ann")), "Dora", "claim", None))
    town.clock.advance(100 * DAY)
    run(town)
    town.clock.advance(100 * DAY)
    run(town)
    assert preview(town)[RetentionClass.REFUSED] == 0
    release_hold(town.store, town.clock, name)
    assert preview(town)[RetentionClass.REFUSED] == 1
    run(town)
    assert preview(town)[RetentionClass.REFUSED] == 0


@ON_SQLITE
def test_no_step_of_a_run_holds_the_write_lock_for_long(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(60):
        town.receive(town.from_ann(f"{number}"))
    town.deliver()
    town.deliver()
    town.clock.advance(201 * DAY)
    write, took = town.store.write, list[float]()

    def timed(function: Callable[..., object]) -> object:
        def stopped(connection: object) -> object:
            began_at = time.thread_time()
            try:
                return function(connection)
            finally:
                took.append(time.thread_time() - began_at)

        return write(stopped)

    monkeypatch.setattr(Store, "write", lambda _store, function: timed(function))
    run(town)
    assert count(town, "message") == 0
    assert len(took) > 2
    assert sorted(took)[len(took) * 9 // 10] < 0.05  # of its own; on a busy machine others add to one or another


# ---- Blobs without a row


@ON_SQLITE
def test_a_blob_without_a_row_goes_after_a_day_and_one_with_a_row_never(town: Town) -> None:
    town.receive(town.from_ann("Hello\n" * 20_000))
    kept = {name for name, _ in town.store.blobs.names()}
    assert kept
    orphan = secrets.token_hex(16)
    town.store.blobs.put(orphan, b"left by a crash")
    now = datetime.now(UTC)
    assert sweep_blobs(town.store, now) == 0
    assert sweep_blobs(town.store, now + timedelta(hours=23)) == 0
    assert sweep_blobs(town.store, now + timedelta(hours=25)) == 1
    assert {name for name, _ in town.store.blobs.names()} == kept


def test_a_folder_lists_its_blobs_and_nothing_else(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "blobs")
    assert list(folder.names()) == []
    name = secrets.token_hex(16)
    folder.put(name, b"sealed")
    (tmp_path / "blobs" / name[:2] / ".half-written").write_bytes(b"")
    assert [one for one, _ in folder.names()] == [name]


@pytest.fixture(autouse=True)
def own_chance() -> Iterator[None]:
    """What the simulation draws must not depend on what ran before."""
    state = random.getstate()
    yield
    random.setstate(state)
