"""Who works for a seller: places are given, changed, taken away, and go with the person."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import Table, func, select

from postern.actions.erase_person import erase_person
from postern.actions.keep_team import add_to_team, list_team, remove_from_team
from postern.actions.permit_senders import find_seller_of
from postern.actions.retain import run_retention
from postern.actions.sign_in import ask_to_sign_in
from postern.actions.viewer import find_places
from postern.model.address import Address
from postern.model.people import Seller
from postern.model.team import Role
from postern.storage import schema
from postern.storage.people import CORRESPONDENT, find_person_with_address
from tests.desk import MIA, hire, open_desk, sign_in
from tests.people import ANN, ON_SQLITE, Town


def acme(town: Town) -> Seller:
    with town.store.look() as look:
        return find_seller_of(look, "acme")


def team(town: Town) -> list[tuple[str, Role]]:
    with town.store.look() as look:
        return [(address.reveal(), role) for address, role in list_team(look, acme(town))]


def places(town: Town, address: Address) -> list[str]:
    person_id = town.store.write(
        lambda transaction: find_person_with_address(transaction, town.store.vault, CORRESPONDENT, address)
    ).result()
    with town.store.look() as look:
        return [place.seller.name for place in find_places(look, person_id)] if person_id else []


def test_a_place_is_given_changed_and_taken_away(town: Town) -> None:
    now = town.clock.now()
    assert add_to_team(town.store, acme(town), MIA, Role.AGENT, now, "test")
    assert not add_to_team(town.store, acme(town), MIA, Role.AGENT, now, "test")
    assert add_to_team(town.store, acme(town), MIA, Role.OWNER, now, "test")
    assert team(town) == [("mia@acme.test", Role.OWNER)]
    assert remove_from_team(town.store, acme(town), MIA, now, "test")
    assert not remove_from_team(town.store, acme(town), MIA, now, "test")
    assert (team(town), places(town, MIA)) == ([], [])


def test_a_person_may_work_for_two_sellers(town: Town) -> None:
    hire(town, MIA, "acme", Role.AGENT)
    hire(town, MIA, "bolt", Role.OWNER)
    assert places(town, MIA) == ["acme", "bolt"]


def test_whoever_is_forgotten_works_nowhere_and_is_signed_in_nowhere(town: Town) -> None:
    with open_desk(town) as (here, visitor):
        hire(here, MIA, "acme", Role.AGENT)
        clerk = sign_in(here, visitor, MIA)
        ask_to_sign_in(here.store, here.frame, "mia@acme.test", here.clock.now())
        here.deliver()
        person_id = here.store.write(
            lambda transaction: find_person_with_address(transaction, here.store.vault, CORRESPONDENT, MIA)
        ).result()
        assert person_id
        erase_person(here.store, here.clock, person_id)
        assert team(here) == []
        assert clerk.get("/s/1/messages").headers["location"].startswith("/sign-in")
        ask_to_sign_in(here.store, here.frame, "mia@acme.test", here.clock.now())
        assert here.deliver() == []


@pytest.mark.parametrize("goes", ["the buyer", "the time"])
def test_an_answer_that_was_begun_goes_with_its_thread(town: Town, goes: str) -> None:
    with open_desk(town) as (here, visitor):
        hire(here, MIA, "acme", Role.AGENT)
        here.receive(here.from_ann())
        here.deliver()
        clerk = sign_in(here, visitor, MIA)
        found = re.search(r"thr_\w{26}", clerk.get("/s/1/messages").text)
        assert found
        clerk.post(f"/s/1/threads/{found[0]}/draft", text="Dear Ann")
        assert count(here, schema.draft) == 1
        if goes == "the buyer":
            erase_person(here.store, here.clock, here.pair.buyer_id)
        else:
            here.clock.advance(timedelta(days=here.frame.retention.messages_days + 1))
            run_retention(here.store, here.frame, here.clock)
            assert [count(here, table) for table in (schema.response, schema.thread_standing)] == [0, 0]
        assert count(here, schema.draft) == 0


def count(town: Town, table: Table) -> int:
    with town.store.look() as look:
        return look.connection.execute(select(func.count()).select_from(table)).scalar_one()


@ON_SQLITE
def test_a_buyer_who_is_forgotten_takes_no_place_of_a_team_with_them(town: Town) -> None:
    """One household may buy and sell under one address."""
    hire(town, ANN, "bolt", Role.OWNER)
    erase_person(town.store, town.clock, town.pair.buyer_id)
    assert places(town, ANN) == ["bolt"]
