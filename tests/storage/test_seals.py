"""The sealer: every entry gets one place, for good, whoever seals and whenever it was committed."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import delete, func, insert, select, update

from postern.actions.seal_journal import seal_journal, seal_once
from postern.errors import StoreError
from postern.model.identifier import new_id
from postern.model.limits import Limits
from postern.model.seal import Seal, chain_of
from postern.storage import schema
from postern.storage.change import Change, Kept, Row
from postern.storage.journal import journal_row
from postern.storage.seals import (
    find_last_position,
    find_position,
    is_unsealed,
    iterate_hashes,
    list_seals_after,
    seal_batch,
)
from postern.storage.store import Transaction
from postern.storage.writer import Writer
from tests.people import START, Town
from tests.people import town as found_town


def keep_entries(town: Town, rows: Sequence[Row]) -> None:
    assert town.store.keep(Change(1, tuple(rows))).result() == Kept()


def an_entry(town: Town, seller_id: int = 1, *, of_pair: bool = False, entry_id: UUID | None = None) -> Row:
    pair = town.pair.id if of_pair else None
    return journal_row(
        "no-response-needed", START, {"side": "seller"}, seller_id=seller_id, relationship_id=pair, entry_id=entry_id
    )


def seals(town: Town) -> list[Seal]:
    with town.store.look() as look:
        return list_seals_after(look, 0, 10_000)


def assert_whole(town: Town, found: Sequence[Seal]) -> None:
    """Positions without a gap, in all and in each chain; each seal's hash is its own, and ties it to the one before."""
    assert [one.position for one in found] == list(range(1, len(found) + 1))
    assert all(one.hash == one.compute_hash() for one in found)
    for _, chain in groupby(sorted(found, key=lambda one: (one.chain, one.position)), key=lambda one: one.chain):
        links = list(chain)
        assert [one.chain_position for one in links] == list(range(1, len(links) + 1))
        assert [one.previous for one in links] == [b"", *(one.hash for one in links[:-1])]
    with town.store.look() as look:
        assert find_last_position(look) == len(found)
        assert not is_unsealed(look)
        assert list(iterate_hashes(look, 0, len(found))) == [one.hash for one in found]


def test_each_entry_stands_in_one_chain_its_pairs_its_sellers_or_the_houses(town: Town) -> None:
    rows = [an_entry(town), an_entry(town, of_pair=True), an_entry(town, 0), an_entry(town, 2), an_entry(town, of_pair=True)]
    keep_entries(town, rows)
    seal_journal(town.store, town.frame, town.clock)
    found = seals(town)
    assert_whole(town, found)
    pair = chain_of(1, town.pair.id)
    assert sorted(one.chain for one in found) == sorted(["seller 1", pair, "house", "seller 2", pair])
    with town.store.look() as look:
        assert [find_position(look, one.seller_id, one.entry_id) for one in found] == [1, 2, 3, 4, 5]
        assert find_position(look, 1, new_id()) is None


def test_mails_are_sealed_with_all_that_became_of_them(town: Town) -> None:
    town.receive(town.from_ann())
    town.deliver()
    town.receive(town.from_acme())
    seal_journal(town.store, town.frame, town.clock)
    with town.store.look() as look:
        entries = look.connection.execute(select(func.count()).select_from(schema.journal)).scalar_one()
    found = seals(town)
    assert len(found) == entries == 3
    assert_whole(town, found)


def test_an_entry_that_is_committed_late_gets_a_later_place_and_moves_nobody(town: Town) -> None:
    early = new_id()
    keep_entries(town, [an_entry(town), an_entry(town, of_pair=True)])
    seal_journal(town.store, town.frame, town.clock)
    before = seals(town)
    keep_entries(town, [an_entry(town, entry_id=early)])  # a slow transaction: its id is older than those that are sealed
    town.clock.advance(-timedelta(days=1))  # J-09: nor does a clock that was set back move anybody
    seal_journal(town.store, town.frame, town.clock)
    after = seals(town)
    assert after[:2] == before
    assert after[2].entry_id == early
    assert_whole(town, after)


def test_a_run_takes_batches_until_nothing_waits(store_url: str, tmp_path: Path) -> None:
    with found_town(store_url, tmp_path, Limits(seal_batch=3)) as town:
        keep_entries(town, [an_entry(town, of_pair=bool(number % 2)) for number in range(10)])
        assert seal_once(town.store, town.frame, town.clock) == 3
        with town.store.look() as look:
            assert is_unsealed(look)
            assert find_last_position(look) == 3
            assert [one.position for one in list_seals_after(look, 1, 1)] == [2]
        seal_journal(town.store, town.frame, town.clock)
        assert_whole(town, seals(town))
        seal_journal(town.store, town.frame, town.clock)  # again changes nothing
        assert_whole(town, seals(town))


def test_a_batch_that_is_cut_off_leaves_nothing_and_is_done_again(town: Town) -> None:
    keep_entries(town, [an_entry(town) for _ in range(5)])

    def die(transaction: Transaction) -> None:
        seal_batch(transaction, START, 100)
        raise StoreError("the power is gone")

    with pytest.raises(StoreError):
        town.store.write(die).result()
    assert seals(town) == []
    seal_journal(town.store, town.frame, town.clock)
    assert_whole(town, seals(town))


def test_sealers_in_several_processes_beside_new_mails_make_one_order(town: Town) -> None:
    """Each on a connection of its own, as other processes have."""
    writers = [Writer(town.store.writing_engine, 1) for _ in range(3)] if town.store_url.startswith("postgresql") else []
    over = threading.Event()
    troubles: list[BaseException] = []

    def seal_on(writer: Writer) -> None:
        while not over.is_set():
            error = writer.write(lambda transaction: seal_batch(transaction, START, 7)).exception()
            if error:
                troubles.append(error)

    threads = [threading.Thread(target=seal_on, args=(writer,)) for writer in writers]
    for thread in threads:
        thread.start()
    for number in range(40):
        keep_entries(town, [an_entry(town, number % 3, of_pair=number % 3 == 1) for _ in range(3)])
    over.set()
    for thread in threads:
        thread.join()
    for writer in writers:
        writer.close()
    assert troubles == []
    seal_journal(town.store, town.frame, town.clock)
    found = seals(town)
    assert len(found) == 120
    assert_whole(town, found)


def test_a_sealer_that_slept_through_another_ones_work_changes_nothing_of_it(town: Town) -> None:
    """It looked, slept, and wakes up: what it saw waiting has its place already."""
    keep_entries(town, [an_entry(town) for _ in range(4)])
    seal_journal(town.store, town.frame, town.clock)
    before = seals(town)
    with town.store.look() as look:
        marks = [(one.entry_id, one.seller_id, one.chain) for one in list_seals_after(look, 0, 10)]
    stale = [{"entry_id": entry, "seller_id": seller, "chain": chain} for entry, seller, chain in marks]
    town.store.write(lambda transaction: transaction.execute(insert(schema.unsealed), stale)).result()
    seal_journal(town.store, town.frame, town.clock)
    assert seals(town) == before
    assert_whole(town, before)


def test_a_mark_whose_entry_is_gone_stays_and_holds_up_nobody(store_url: str, tmp_path: Path) -> None:
    with found_town(store_url, tmp_path, Limits(seal_batch=2)) as town:
        keep_entries(town, [an_entry(town) for _ in range(3)])
        town.store.write(lambda transaction: transaction.execute(delete(schema.journal))).result()
        keep_entries(town, [an_entry(town) for _ in range(3)])
        seal_journal(town.store, town.frame, town.clock)
        assert len(seals(town)) == 3
        with town.store.look() as look:
            assert is_unsealed(look)


def test_two_seals_never_share_a_place_whatever_the_sealer_believes(town: Town) -> None:
    keep_entries(town, [an_entry(town) for _ in range(2)])
    seal_journal(town.store, town.frame, town.clock)
    town.store.write(lambda transaction: transaction.execute(update(schema.sealer).values(position=1))).result()
    keep_entries(town, [an_entry(town)])
    with pytest.raises(StoreError):
        seal_once(town.store, town.frame, town.clock)
    assert len(seals(town)) == 2
