"""A seller's own templates: their languages, what is known of an order, and how many there may be."""

from dataclasses import replace
from pathlib import Path

import pytest

from postern.actions.find_contact import Contact
from postern.actions.keep_templates import fill_for, save_template
from postern.errors import ConfigurationError, NotFoundError
from postern.model.limits import Limits
from postern.model.seller_template import SellerTemplate, fill, unresolved_in
from postern.storage.people import find_seller
from tests.people import ORDER, Town
from tests.people import town as found_town
from tests.posting import order_of, speak


def save(town: Town, language: str, text: str, name: str = "colour") -> None:
    with town.store.look() as look:
        seller = find_seller(look, town.pair.seller_id)
    save_template(town.store, seller, SellerTemplate(name, language, text), town.clock.now())


def words(town: Town, name: str = "colour") -> str:
    contact = Contact(town.pair.seller_id, town.pair.id, order_of(town))
    with town.store.look() as look:
        return fill_for(look, contact, name)


def test_a_template_speaks_the_buyers_language_where_it_can_else_the_sellers(town: Town) -> None:
    speak(town, "de")
    save(town, "en", "Blue for {order}?")
    assert words(town) == f"Blue for {ORDER}?"
    save(town, "de", "Blau für {buyer}?")
    assert words(town) == "Blau für Ann Example?"
    save(town, "de", "Anders, {seller} bei {marketplace}: {item}")
    assert words(town) == "Anders, Acme Books bei Example Market: Atlas"


def test_what_is_not_known_stays_in_its_braces_and_is_found_there() -> None:
    filled = fill(SellerTemplate("a", "en", "{order} by {carrier}"), {"order": "1", "carrier": ""})
    assert (filled.text, filled.unresolved) == ("1 by {carrier}", ("carrier",))
    assert unresolved_in(filled.text) == ("carrier",)
    assert unresolved_in("{not_ours} and { order }") == ()


def test_a_name_that_nobody_saved_is_not_found(town: Town) -> None:
    with pytest.raises(NotFoundError):
        words(town)


def test_a_seller_has_no_more_templates_than_they_may(migrated_sqlite_url: str, tmp_path: Path) -> None:
    with found_town(migrated_sqlite_url, tmp_path, replace(Limits(), seller_templates=1)) as town:
        save(town, "en", "One")
        save(town, "en", "One, changed")
        with pytest.raises(ConfigurationError, match="at most 1"):
            save(town, "de", "Zwei")
