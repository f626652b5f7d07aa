"""What a pair's aliases are, when they are made, and whom they find (R1 to R4)."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from postern.actions.find_aliases import find_aliases
from postern.actions.find_recipient import Refused, find_recipient
from postern.errors import NotFoundError, StoreError
from postern.model.address import Address
from postern.model.limits import Limits
from postern.model.relationship import Relationship, Side
from postern.policy.reasons import UNKNOWN_ALIAS, Cause
from postern.storage import schema
from postern.storage.people import buyer_row, person_row
from postern.storage.relationships import AliasEntry, find_relationship, open_relationship
from postern.storage.store import Store, Transaction
from tests.people import START, Town, open_store

CORA = Address.parse("cora@calm.test")
DAN = Address.parse("dan@mail.test")


def add_seller(town: Town, name: str, address: Address) -> None:
    vault = town.store.vault

    def write(transaction: Transaction) -> None:
        columns = {"name": name, "business_name": name.title(), "language": "en", "bounce_on_opt_out": True}
        seller_id = transaction.execute(insert(schema.seller).returning(schema.seller.c.id), columns | {"id": 70}).scalar_one()
        person = person_row(vault, "correspondent", address)
        transaction.execute(insert(schema.person), person)
        row = {"seller_id": seller_id, "person_id": person["id"], "role": "customer_service"}
        transaction.execute(insert(schema.seller_address), row)

    town.store.write(write).result()


def add_buyer(town: Town, marketplace_id: str, name: str, address: Address) -> None:
    vault = town.store.vault

    def write(transaction: Transaction) -> None:
        person = buyer_row(vault, marketplace_id, name, name.title(), address)
        transaction.execute(insert(schema.person), person)
        buyer = {"person_id": person["id"], "marketplace_id": marketplace_id, "opted_out": False, "opt_out_version": 0}
        transaction.execute(insert(schema.buyer), buyer)

    town.store.write(write).result()


def add_marketplace(town: Town, marketplace_id: str, domain: str) -> None:
    columns = {"id": marketplace_id, "name": "Other Market", "mail_domain": domain, "language": "fr", "time_zone": "Europe/Paris"}
    columns |= {"cancel_order_url": "", "report_infringement_url": ""}
    town.store.write(lambda transaction: transaction.execute(insert(schema.marketplace), columns)).result()


def count(store: Store, table: str) -> int:
    with store.look() as look:
        return int(look.connection.execute(select(func.count()).select_from(schema.metadata.tables[table])).scalar_one())


def local_parts(pair: Relationship) -> set[str]:
    return {pair.alias_of(side).partition("@")[0] for side in Side}


def test_a_pair_has_two_aliases_of_fifteen_letters_and_digits_at_the_marketplaces_domain(town: Town) -> None:
    assert len(local_parts(town.pair)) == 2
    for side in Side:
        assert re.fullmatch(r"[a-z0-9]{15}@marketplace\.example", town.pair.alias_of(side))
        assert len(town.pair.alias_of(side)) == 35


def test_a_pair_keeps_its_aliases_for_every_later_contact(town: Town) -> None:
    assert find_aliases(town.store, town.clock, "acme", "ann") == town.pair
    assert find_aliases(town.store, town.clock, "acme", "ann") == town.pair
    assert count(town.store, "alias") == 4  # Ann with Acme, Ann with Bolt


def test_the_same_buyer_has_another_alias_with_each_seller(town: Town) -> None:
    assert not local_parts(town.pair) & local_parts(town.bolt_pair)


def test_aliases_are_minted_on_first_need(town: Town) -> None:
    add_seller(town, "cora", CORA)
    assert count(town.store, "alias") == 4
    pair = find_aliases(town.store, town.clock, "cora", "ann")
    assert count(town.store, "alias") == 6
    assert pair.buyer_id == town.pair.buyer_id
    assert not local_parts(pair) & (local_parts(town.pair) | local_parts(town.bolt_pair))


def test_eight_who_open_the_same_pair_at_once_get_one(town: Town, tmp_path: Path) -> None:
    add_seller(town, "cora", CORA)
    other = open_store(town.store_url, tmp_path, town.frame.keyring, Limits())
    with closing(other), ThreadPoolExecutor(8) as threads:
        stores = [town.store, other] * 4
        pairs = list(threads.map(lambda store: find_aliases(store, town.clock, "cora", "ann"), stores))
    assert len(set(pairs)) == 1
    assert count(town.store, "relationship") == 3
    assert count(town.store, "alias") == 6


def test_an_alias_is_found_whatever_its_case(town: Town) -> None:
    for side in Side:
        wanted = AliasEntry(1, town.pair.id, side)
        alias = town.pair.alias_of(side)
        with town.store.look() as look:
            for spelled in (alias, alias.upper(), alias.title(), alias.partition("@")[0] + "@MarketPlace.EXAMPLE"):
                assert find_recipient(look, town.frame, spelled, START) == wanted


def test_the_directory_refuses_a_local_part_that_was_ever_given_out(town: Town) -> None:
    taken = town.pair.buyer_alias.partition("@")[0]
    twin = {"local_part": taken, "seller_id": 2, "relationship_id": town.bolt_pair.id, "side": "spare"}
    with pytest.raises(StoreError):
        town.store.write(lambda transaction: transaction.execute(insert(schema.alias), twin)).result()


def test_a_local_part_that_is_taken_is_not_minted_again(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    add_seller(town, "cora", CORA)
    minted = [town.pair.buyer_alias[:15], town.bolt_pair.seller_alias[:15], "a" * 15, "b" * 15]
    monkeypatch.setattr("postern.storage.relationships.mint_local_part", lambda: minted.pop(0))
    assert local_parts(find_aliases(town.store, town.clock, "cora", "ann")) == {"a" * 15, "b" * 15}


def test_a_source_that_is_not_random_opens_no_pair_at_all(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    add_seller(town, "cora", CORA)
    monkeypatch.setattr("postern.storage.relationships.mint_local_part", lambda: town.pair.buyer_alias[:15])
    with pytest.raises(StoreError):
        find_aliases(town.store, town.clock, "cora", "ann")
    assert count(town.store, "relationship") == 2


def test_an_ended_pairs_aliases_are_unknown_for_ever_and_never_given_out_again(town: Town) -> None:
    ended = schema.relationship.update().where(schema.relationship.c.id == town.pair.id).values(ended_at=START, wrapped_key=None)
    town.store.write(lambda transaction: transaction.execute(ended)).result()
    with town.store.look() as look:
        for side in Side:
            refused = find_recipient(look, town.frame, town.pair.alias_of(side), START)
            assert refused == find_recipient(look, town.frame, "0" * 15 + "@marketplace.example", START)
            assert refused == Refused(Cause(UNKNOWN_ALIAS))
        assert isinstance(find_recipient(look, town.frame, town.bolt_pair.buyer_alias, START), AliasEntry)
    assert count(town.store, "alias") == 4


def test_a_pairs_key_opens_for_that_pair_alone(town: Town) -> None:
    with town.store.look() as look:
        found = find_relationship(look, 1, town.pair.id)
        assert found is not None
        assert found[0] == town.pair
        assert find_relationship(look, 2, town.pair.id) is None  # by another seller's number it is not there


def test_opening_a_pair_twice_in_one_transaction_opens_it_once(town: Town) -> None:
    add_seller(town, "cora", CORA)
    vault, buyer_id = town.store.vault, town.pair.buyer_id

    def open_twice(transaction: Transaction) -> bool:
        first, second = (open_relationship(transaction, vault, 70, buyer_id, "de", START) for _ in range(2))
        return first == second

    assert town.store.write(open_twice).result()


def test_nobody_is_found_under_a_name_that_was_not_imported(town: Town) -> None:
    with pytest.raises(NotFoundError, match="no seller has the id 'nobody'"):
        find_aliases(town.store, town.clock, "nobody", "ann")
    with pytest.raises(NotFoundError, match="no buyer has the id 'Ann'"):
        find_aliases(town.store, town.clock, "acme", "Ann")


def test_a_buyer_whom_two_marketplaces_know_is_two_buyers_and_must_be_named_with_one(town: Town) -> None:
    add_marketplace(town, "fr", "market.example")
    add_buyer(town, "fr", "ann", DAN)
    with pytest.raises(NotFoundError, match="write de/ann or fr/ann"):
        find_aliases(town.store, town.clock, "acme", "ann")
    assert find_aliases(town.store, town.clock, "acme", "de/ann") == town.pair
    french = find_aliases(town.store, town.clock, "acme", "fr/ann")
    assert french.buyer_id != town.pair.buyer_id
    assert french.buyer_alias.endswith("@market.example")
    assert len(french.buyer_alias) == 15 + len("@market.example")


def test_an_alias_lives_at_its_own_marketplaces_domain_alone(town: Town) -> None:
    add_marketplace(town, "fr", "market.example")
    local_part = town.pair.buyer_alias.partition("@")[0]
    with town.store.look() as look:
        elsewhere = find_recipient(look, town.frame, f"{local_part}@market.example", START)
    assert elsewhere == Refused(Cause(UNKNOWN_ALIAS))


@pytest.mark.parametrize("order", [("ann", "de/ann"), ("de/ann", "ann")])
def test_a_buyer_whose_own_name_looks_like_a_place_is_found_by_exactly_that_name(town: Town, order: tuple[str, str]) -> None:
    """A shop may call a buyer ``de/ann``; that name means that buyer, in every process, and not sometimes another."""
    add_buyer(town, "de", "de/ann", DAN)
    found = {name: find_aliases(town.store, town.clock, "acme", name) for name in order}
    assert found["ann"] == town.pair
    assert found["de/ann"] != town.pair
