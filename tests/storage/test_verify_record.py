"""A record that proves itself: any history verifies, and whatever Mallory does to it below our code is found and named."""

import random
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, text, update

from postern.actions.checkpoint_record import checkpoint_record
from postern.actions.record_reading import record_reading
from postern.actions.seal_journal import seal_journal
from postern.actions.verifying.entries import processes_for, with_digests
from postern.errors import DamagedError, NotFoundError, ReasonError
from postern.model.delivery import Deferred
from postern.model.identifier import new_id, show
from postern.model.journal import Entry, withhold
from postern.storage import schema
from postern.storage.audit import list_places
from postern.storage.journal import find_entry, read_fields, spell_fields
from postern.storage.threads import find_message
from tests.histories import History, begin_history
from tests.people import Town
from tests.people import town as found_town
from tests.tampering import COLUMNS, change_column, damage, is_named

TRIALS = 25  # of the thousand that bench/record.py does


@pytest.fixture
def history(town: Town, tmp_path: Path) -> History:
    return begin_history(town, tmp_path, 1)


@pytest.fixture
def lone(migrated_sqlite_url: str, tmp_path: Path) -> Iterator[History]:
    """On one store, for what does not depend on which."""
    with found_town(migrated_sqlite_url, tmp_path) as town:
        yield begin_history(town, tmp_path, 1)


@pytest.fixture(scope="module")
def well_filled(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    """One history for many questions, each of which leaves it as it was."""
    folder = tmp_path_factory.mktemp("history")
    shutil.copy(migrated_sqlite, folder / "postern.db")
    with found_town(f"sqlite:///{folder}/postern.db", folder) as town:
        history = begin_history(town, folder, 1)
        history.live_through_all()
        yield history


def execute(town: Town, *statements: Any) -> None:
    town.store.write(lambda connection: [connection.execute(one) for one in statements]).result()


def rows(town: Town, name: str) -> list[Mapping[str, Any]]:
    table = schema.metadata.tables[name]
    with town.store.look() as look:
        return [dict(row) for row in look.connection.execute(select(table).order_by(*table.primary_key.columns)).mappings()]


def told(history: History, since: int = 0) -> str:
    return "\n".join(finding.sentence() for finding in history.verify(since).findings)


@pytest.mark.parametrize("seed", range(2))
def test_any_history_verifies(town: Town, tmp_path: Path, seed: int) -> None:
    history = begin_history(town, tmp_path, seed)
    for _ in range(2):
        history.live(8)
        result = history.verify()
        assert result.findings == ()
        assert result.entries + result.waiting == len(rows(town, "journal"))
    history.sign()
    result = history.verify()
    assert (result.findings, result.waiting, result.not_outside, result.withheld) == ((), 0, 0, 0)
    assert result.covered == result.entries == len(rows(town, "journal"))
    assert result.messages == len(rows(town, "message")) + len(rows(town, "house_mail"))
    assert result.attempts == len(rows(town, "attempt"))


def test_each_column_of_each_table_of_the_record_is_covered(history: History) -> None:  # J-01
    history.live_through_all()
    assert history.verify().findings == ()
    chance, saved = random.Random(2), history.save()
    unseen = []
    for table in (schema.metadata.tables[name] for name in COLUMNS):
        kept = rows(history.town, table.name)
        for column in COLUMNS[table.name]:
            with history.undone(saved, [table.name]):
                change = partial(change_column, table=table, column=column, row=chance.choice(kept), chance=chance)
                done = history.town.store.write(change).result()
                result = history.verify()
                if not is_named(result, done):
                    unseen.append((done, [finding.sentence() for finding in result.findings]))
    assert unseen == []
    assert history.verify().findings == ()  # and all of it was undone


def test_random_damage_is_found_and_named(history: History) -> None:  # J-01
    history.live_through_all()
    history.live(6)
    history.sign()
    chance, saved = random.Random(3), history.save()
    for _ in range(TRIALS):
        with history.undone(saved):
            done = history.town.store.write(lambda connection: damage(connection, chance)).result()
            result = history.verify()
            assert is_named(result, done), (done, [finding.sentence() for finding in result.findings])


def test_a_blob_that_was_changed_or_is_missing_is_named(lone: History, tmp_path: Path) -> None:
    lone.live_through_all()
    blob = next(path for path in (tmp_path / "blobs").rglob("*") if path.is_file())
    content = blob.read_bytes()
    blob.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert "msg_" in told(lone)
    blob.unlink()
    assert "has a mail that does not open" in told(lone)
    blob.write_bytes(content)
    assert told(lone) == ""


def test_a_store_that_was_set_back_to_yesterday_is_noticed(history: History) -> None:  # J-02
    history.live_through_all()
    town = history.town
    with history.undone():
        town.clock.advance(timedelta(days=1))
        history.live(10)
        history.sign()
        newest = max(history.outside.sizes())
    end = history.verify().entries
    assert end < newest
    first = min(size for size in history.outside.sizes() if size > end)
    assert f"signed over {first} entries, and the record has {end}: it was cut or set back" in told(history)
    with pytest.raises(DamagedError, match="postern record verify"):
        history.sign()


def test_a_store_that_was_set_back_and_went_on_is_noticed(history: History) -> None:  # J-02
    history.live_through_all()
    town = history.town
    execute(town, delete(schema.delivery))
    with history.undone():
        town.receive(town.from_ann("Yesterday"))
        history.sign()
        newest = max(history.outside.sizes())
    for _ in range(10):
        town.receive(town.from_ann("Another story"))
    with pytest.raises(DamagedError, match="postern record verify"):
        history.sign()
    sentences = told(history)
    assert f"position {newest} " in sentences
    assert "the store was set back" in sentences


def test_a_set_back_store_signs_nothing_that_contradicts_what_was_signed(lone: History) -> None:
    """C2SP tlog-checkpoint: a log never signs a checkpoint that is inconsistent with an earlier one."""
    lone.live_through_all()
    before = lone.outside.sizes()
    with lone.undone():
        lone.town.receive(lone.town.from_ann("Yesterday"))
        lone.sign()
    lying = lone.outside.sizes()
    with pytest.raises(DamagedError):
        lone.sign()
    assert lone.outside.sizes() == lying > before
    assert {row["size"] for row in rows(lone.town, "checkpoint")} == before


def test_the_last_entries_after_the_last_checkpoint_cannot_be_cut_unseen(lone: History) -> None:
    lone.live_through_all()
    lone.town.receive(lone.town.from_ann("After the checkpoint"))
    seal_journal(lone.town.store, lone.town.frame, lone.town.clock)
    last = rows(lone.town, "seal")[-1]
    execute(
        lone.town,
        delete(schema.seal).where(schema.seal.c.position == last["position"]),
        delete(schema.journal).where(schema.journal.c.id == last["entry_id"]),
    )
    assert f"no seal is at position {last['position']}" in told(lone)


def test_an_entry_that_is_gone_before_it_was_sealed_is_missed(lone: History) -> None:
    lone.live_through_all()
    lone.town.receive(lone.town.from_ann())
    (mark,) = rows(lone.town, "unsealed")
    execute(lone.town, delete(schema.journal).where(schema.journal.c.id == mark["entry_id"]))
    assert "gone before it was sealed" in told(lone)


def test_withheld_values_verify_and_what_they_told_of_is_not_missed(history: History) -> None:
    history.live_through_all()
    town = history.town
    message = next(row for row in rows(town, "message") if row["relayed_id"])
    entries = [row for row in rows(town, "journal") if row["message_id"] == message["id"]]

    def withhold_all(connection: Connection) -> None:
        for entry in entries:
            withheld = spell_fields([withhold(one) for one in read_fields(entry["fields"])])
            connection.execute(update(schema.journal).where(schema.journal.c.id == entry["id"]).values(fields=withheld))
        connection.execute(delete(schema.message).where(schema.message.c.id == message["id"]))
        documents = [message["original_id"], message["relayed_id"]]
        connection.execute(delete(schema.document).where(schema.document.c.id.in_([one for one in documents if one])))
        connection.execute(delete(schema.attempt).where(schema.attempt.c.message_id == message["id"]))

    town.store.write(withhold_all).result()
    result = history.verify()
    assert result.findings == ()
    assert result.withheld > 5
    with town.store.look() as look:
        assert find_entry(look, entries[0]["id"]) is not None
    other = spell_fields([replace(withhold(one), withheld=b"x" * 32) for one in read_fields(entries[0]["fields"])])
    execute(town, update(schema.journal).where(schema.journal.c.id == entries[0]["id"]).values(fields=other))
    assert "its entry is not what was sealed" in told(history)


def test_what_came_after_a_checkpoint_can_be_verified_alone(history: History) -> None:
    history.live_through_all()
    first = max(history.outside.sizes())
    history.live(10)
    history.sign()
    result = history.verify(since=first)
    assert result.findings == ()
    assert result.entries == history.verify().entries - first
    with pytest.raises(NotFoundError):
        history.verify(since=first + 1 if first + 1 not in history.outside.sizes() else 10**6)
    last = rows(history.town, "seal")[-1]
    with history.undone():
        execute(history.town, update(schema.seal).where(schema.seal.c.position == last["position"]).values(previous=b"x" * 32))
        assert f"position {last['position']} " in told(history, since=first)
    edge = rows(history.town, "checkpoint")[0]
    execute(history.town, update(schema.checkpoint).where(schema.checkpoint.c.size == edge["size"]).values(edge=b"x"))
    with pytest.raises(DamagedError):
        history.verify(since=edge["size"])


def test_checkpoints_that_are_missing_outside_are_told_and_written_again(lone: History, tmp_path: Path) -> None:
    lone.live_through_all()
    for path in (tmp_path / "checkpoints").iterdir():
        path.unlink()
    result = lone.verify()
    assert result.findings == ()
    assert result.not_outside == len(rows(lone.town, "checkpoint"))
    lone.sign()
    assert lone.verify().not_outside == 0


def test_whatever_lies_outside_is_read_with_care(lone: History, tmp_path: Path) -> None:
    lone.live_through_all()
    for content in (b"", b"\xff", b"nonsense\n", b"a\n1\nAAAA\n\n\xe2\x80\x94 a AAAAAAA=\n", b"x" * 100_000):
        (tmp_path / "checkpoints" / "000000000001.checkpoint").write_bytes(content)
        (tmp_path / "checkpoints" / "letter.txt").write_bytes(content)
        assert "checkpoints: position 1 " in told(lone)


def test_two_processes_that_sign_at_once_make_one_checkpoint(lone: History) -> None:
    lone.live_through_all()
    assert checkpoint_record(lone.town.store, lone.town.frame, lone.town.clock, lone.outside) is None
    sizes = [row["size"] for row in rows(lone.town, "checkpoint")]
    assert len(sizes) == len(set(sizes))


def test_staff_who_read_a_message_leave_an_entry_in_its_chain(lone: History) -> None:
    town = lone.town
    town.receive(town.from_ann())
    with town.store.look() as look:
        message = find_message(look, rows(town, "message")[0]["id"])
    assert message is not None
    record_reading(town.store, town.clock, message, " Olga ", "claim 4711")
    lone.sign()
    entry = next(row for row in rows(town, "journal") if row["kind"] == "message-read")
    assert {one.name: one.value for one in read_fields(entry["fields"])} == {"who": '"Olga"', "why": '"claim 4711"'}
    assert {row["chain"] for row in rows(town, "seal")} == {f"rel_{row['chain'][4:]}" for row in rows(town, "seal")}
    assert lone.verify().findings == ()
    execute(town, delete(schema.journal).where(schema.journal.c.id == entry["id"]))
    assert "it was removed" in told(lone)


def test_nobody_reads_a_message_without_a_reason_or_with_an_endless_one(lone: History) -> None:
    town = lone.town
    town.receive(town.from_ann())
    with town.store.look() as look:
        message = find_message(look, rows(town, "message")[0]["id"])
    assert message is not None
    maximum = town.frame.limits.reading_reason
    for who, why in (("", "claim"), ("Olga", ""), (" ", " "), ("Olga", "x" * (maximum - 3))):
        with pytest.raises(ReasonError):
            record_reading(town.store, town.clock, message, who, why)
    assert len(rows(town, "journal")) == 1
    record_reading(town.store, town.clock, message, "Olga", "x" * (maximum - 4))


def test_processes_beside_this_one_change_nothing_of_what_is_found(well_filled: History) -> None:
    with well_filled.undone():
        first, second, third = rows(well_filled.town, "seal")[:3]
        withheld = spell_fields([withhold(one) for one in read_fields(entry_of(well_filled, second)["fields"])])
        execute(
            well_filled.town,
            update(schema.journal).where(schema.journal.c.id == first["entry_id"]).values(fields="[[]"),
            update(schema.journal).where(schema.journal.c.id == second["entry_id"]).values(fields=withheld),
            update(schema.journal).where(schema.journal.c.id == third["entry_id"]).values(kind="another"),
        )
        alone, helped = well_filled.verify(processes=0), well_filled.verify(processes=1)
    assert alone == helped
    assert (alone.wrong, alone.withheld > 0) == (2, True)


def entry_of(history: History, seal: Mapping[str, Any]) -> Mapping[str, Any]:
    return next(row for row in rows(history.town, "journal") if row["id"] == seal["entry_id"])


def test_pages_come_in_order_whoever_digests_them_and_however_many_there_are(well_filled: History) -> None:
    with well_filled.town.store.look() as look:
        pages = [list_places(look, number, number + 2) for number in range(0, 20, 2)]
    alone = list(with_digests(pages, 0))
    assert [places for places, _ in alone] == pages
    assert alone == list(with_digests(pages, 2))
    assert processes_for(20) == 0


def make_early(history: History) -> None:
    """What waits to be sealed becomes as the first version wrote it: messages were not committed to, and attempts had ids of
    their own.
    """
    town = history.town
    for row in rows(town, "journal"):
        fields = tuple(one for one in read_fields(row["fields"]) if one.name not in {"kept", "filed", "original", "relayed"})
        names = ("id", "seller_id", "relationship_id", "message_id", "kind", "happened_at")
        entry = Entry(**{name: row[name] for name in names}, fields=fields)
        values = {"fields": spell_fields(fields), "digest": entry.digest()}
        execute(town, update(schema.journal).where(schema.journal.c.id == row["id"]).values(values))
    for row in rows(town, "attempt"):
        execute(town, update(schema.attempt).where(schema.attempt.c.id == row["id"]).values(id=new_id()))


def test_attempts_from_before_the_record_was_sealed_verify_under_ids_of_their_own(history: History) -> None:
    town = history.town
    town.receive(town.from_ann())
    town.deliver(Deferred(451, "4.3.0", "later"))
    town.clock.advance(timedelta(hours=1))
    town.deliver()
    make_early(history)
    town.receive(town.from_acme())
    town.deliver()
    history.sign()
    result = history.verify()
    assert result.findings == ()
    assert result.attempts == len(rows(town, "attempt")) == 3
    assert history.verify(since=result.entries).findings == ()


def test_nothing_hides_behind_early_attempts(lone: History) -> None:
    town = lone.town
    town.receive(town.from_ann())
    town.deliver()
    make_early(lone)
    (early,) = rows(town, "attempt")
    town.receive(town.from_acme())
    town.deliver()
    lone.sign()
    (later,) = (row for row in rows(town, "attempt") if row["id"] != early["id"])
    at_early = schema.attempt.c.id == early["id"]
    copies = [{**early, "id": new_id()}, {**early, "id": new_id(), "text": "250 lied"}, {**later, "id": new_id()}]
    for copy in copies:
        with lone.undone():
            execute(town, insert(schema.attempt).values(copy))
            sentences = told(lone)
            assert "is an attempt that the journal does not know" in sentences
    for change in ({"text": "lied"}, {"outcome": "failed"}, {"delivery_id": new_id()}, {"message_id": later["message_id"]}):
        with lone.undone():
            execute(town, update(schema.attempt).where(at_early).values(change))
            assert show("att", early["id"]) in told(lone)
    with lone.undone():
        execute(town, delete(schema.attempt).where(at_early))
        assert f"its attempt of {show('dlv', early['delivery_id'])} is not there: it was removed" in told(lone)
    with lone.undone():
        execute(town, update(schema.attempt).where(schema.attempt.c.id == later["id"]).values(id=new_id()))
        assert f"its attempt of {show('dlv', later['delivery_id'])} is not there: it was removed" in told(lone)
    assert told(lone) == ""


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE seal SET seller_id = -1 WHERE position = 3",
        "UPDATE seal SET chain_position = -5 WHERE position = 3",
        "UPDATE seal SET entry_id = x'00' WHERE position = 3",
        "UPDATE seal SET sealed_at = 'yesterday' WHERE position = 3",
        "UPDATE seal SET digest = 'text' WHERE position = 3",
        "UPDATE seal SET chain = x'ff' WHERE position = 3",
        "UPDATE journal SET happened_at = 'yesterday'",
        "UPDATE journal SET relationship_id = x'00'",
        "UPDATE journal SET fields = x'ff'",
        "UPDATE journal SET fields = '[[[[1]]]]'",
        "UPDATE journal SET kind = x'ff', message_id = x'00'",
        "UPDATE message SET received_at = 'yesterday'",
        "UPDATE message SET sealed_text = 'text', id = x'00' WHERE id = (SELECT max(id) FROM message)",
        "UPDATE attempt SET ended_at = 'yesterday'",
        "UPDATE attempt SET id = x'00' WHERE id = (SELECT max(id) FROM attempt)",
        "UPDATE document SET size = 'large'",
        "UPDATE house_mail SET received_at = 'yesterday'",
        "UPDATE checkpoint SET note = x'ff'",
        "UPDATE checkpoint SET size = 'large' WHERE size = (SELECT max(size) FROM checkpoint)",
    ],
)
def test_a_value_of_another_kind_is_a_finding_and_never_an_accident(well_filled: History, statement: str) -> None:
    """SQLite keeps anything in any column."""
    with well_filled.undone():
        execute(well_filled.town, text(statement))
        assert well_filled.verify().wrong
    assert well_filled.verify().wrong == 0
