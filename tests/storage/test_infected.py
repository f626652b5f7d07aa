"""What becomes of a mail in which the virus scanner found something."""

from dataclasses import replace

import pytest

from postern.actions.hold_unread import hold_unread
from postern.model.envelope import Mail
from postern.policy.reasons import INFECTED
from tests.people import MALLORY, Town, also_to
from tests.told import column, entries, states

FOUND = "Win.Test.EICAR_HDB-1"


def infected(mail: Mail) -> Mail:
    return replace(mail, malware=FOUND)


def test_an_infected_mail_is_refused_by_name_and_nothing_of_it_is_kept(town: Town) -> None:
    prepared = town.receive(infected(town.from_acme()))
    assert prepared.refusal is not None
    assert prepared.refusal.reason is INFECTED
    assert FOUND in prepared.refusal.sentence("en")
    assert (states(town), column(town, "document", "id"), column(town, "delivery", "id")) == ([], [], [])
    assert any("infected" in str(entry) for entry in entries(town))


def test_no_recipient_of_the_house_takes_one_and_no_other_recipient_in_the_same_mail(town: Town) -> None:
    mail = infected(also_to(town.from_acme(), "postmaster@marketplace.example", "abuse@marketplace.example"))
    prepared = town.receive(mail)
    assert prepared.refusal is not None
    assert prepared.refusal.reason is INFECTED
    assert column(town, "delivery", "id") == []


def test_whoever_sends_one_is_not_listed_for_approval(town: Town) -> None:
    prepared = town.receive(infected(town.mail(MALLORY, town.pair.buyer_alias, "I write for Acme")))
    assert prepared.refusal is not None
    assert prepared.refusal.reason is INFECTED
    assert column(town, "sender_attempt", "state") == []


@pytest.mark.parametrize("alone", [True, False])
def test_one_that_also_ends_its_readers_is_not_held_unread(town: Town, alone: bool) -> None:
    mail = town.from_acme() if alone else also_to(town.from_acme(), "postmaster@marketplace.example")
    with town.store.look() as look:
        prepared = hold_unread(look, town.frame, infected(mail))
    assert prepared.refusal is not None
    assert prepared.refusal.reason is INFECTED
    assert prepared.change.rows == ()
