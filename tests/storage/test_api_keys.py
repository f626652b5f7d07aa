"""Keys of the API: shown once, kept as a digest, recognised while they live, and never otherwise."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from postern.actions.issue_keys import NewKey, Wish, create_key, recognise_key, revoke_key
from postern.actions.permit_senders import find_seller_of
from postern.cli.commands import app
from postern.errors import NotFoundError, ReasonError
from postern.model.api_key import OPERATOR_SCOPES, SELLER_SCOPES, SHAPE, ApiKey, Scope, is_secret, make_secret
from postern.model.identifier import new_id, show
from postern.model.limits import Limits
from postern.storage.api_keys import list_keys, note_uses
from tests.people import Town
from tests.people import town as found_town
from tests.serving import Installation, free_port, install
from tests.told import column, entries


def make(town: Town, seller: str | None = "acme", **wish: object) -> NewKey:
    with town.store.look() as look:
        found = find_seller_of(look, seller) if seller else None
    return create_key(town.store, replace(Wish(found), **wish), town.clock.now(), "operator")  # type: ignore[arg-type]


def recognise(town: Town, secret: str) -> ApiKey | None:
    with town.store.look() as look:
        return recognise_key(look, secret, town.clock.now())


def test_a_secret_opens_what_it_was_made_for_and_is_kept_as_a_digest_alone(town: Town) -> None:
    made = make(town, label="Helpdesk")
    known = recognise(town, made.secret)
    assert known == made.key
    assert (made.key.seller_id, made.key.label, made.key.scopes) == (1, "Helpdesk", frozenset(SELLER_SCOPES))
    rest = made.secret[len(made.key.shown) :].encode()
    for name in ("mark", "label", "shown", "scopes"):
        assert rest not in b"\0".join(v if isinstance(v, bytes) else str(v).encode() for v in column(town, "api_key", name))
    assert rest.decode() not in repr(made)


def test_the_operators_key_is_no_sellers(town: Town) -> None:
    made = make(town, None)
    assert (made.key.seller_id, made.key.scopes) == (None, frozenset(OPERATOR_SCOPES))
    with town.store.look() as look:
        assert list_keys(look, 1) == []
        assert list_keys(look) == [made.key]


def test_a_key_has_the_scopes_it_was_asked_for_and_none_that_its_holder_may_not_have(town: Town) -> None:
    assert make(town, scopes=(Scope.THREADS_READ,)).key.scopes == {Scope.THREADS_READ}
    with pytest.raises(ReasonError, match="people:erase"):
        make(town, scopes=(Scope.PEOPLE_ERASE,))
    with pytest.raises(ReasonError, match="threads:read"):
        make(town, None, scopes=(Scope.THREADS_READ,))


def test_foreign_expired_and_revoked_keys_are_not_recognised(town: Town) -> None:
    expiring, revoked, living = make(town, days=1), make(town), make(town)
    assert revoke_key(town.store, revoked.key.id, town.clock.now(), "operator")
    assert not revoke_key(town.store, revoked.key.id, town.clock.now(), "operator")
    assert recognise(town, revoked.secret) is None
    assert recognise(town, expiring.secret)
    town.clock.advance(timedelta(days=1))
    assert recognise(town, expiring.secret) is None
    assert recognise(town, make_secret()) is None
    assert recognise(town, living.secret)
    with pytest.raises(NotFoundError):
        revoke_key(town.store, new_id(), town.clock.now(), "operator")


def test_making_and_revoking_are_in_the_record(town: Town) -> None:
    made = make(town, scopes=(Scope.SENDERS_READ,))
    revoke_key(town.store, made.key.id, town.clock.now(), "operator")
    name = show("key", made.key.id)
    assert entries(town) == [
        ("api-key-created", {"key": name, "scopes": ["senders:read"], "by": "operator"}),
        ("api-key-revoked", {"key": name, "by": "operator"}),
    ]


def test_a_seller_has_a_largest_number_of_keys_and_revoked_ones_do_not_count(sqlite_url: str, tmp_path: Path) -> None:
    with found_town(sqlite_url, tmp_path, Limits(api_keys=2)) as town:
        first = make(town)
        make(town)
        with pytest.raises(ReasonError, match="2 keys already"):
            make(town)
        make(town, "bolt")
        revoke_key(town.store, first.key.id, town.clock.now(), "operator")
        make(town)


def test_the_last_use_is_noted(town: Town) -> None:
    made = make(town)
    town.store.write(lambda transaction: note_uses(transaction, {made.key.id: town.clock.now()})).result()
    known = recognise(town, made.secret)
    assert known
    assert known.last_used_at == town.clock.now()


def test_every_secret_is_recognisable_and_one_wrong_character_is_seen_without_a_look_up() -> None:
    secret = make_secret()
    assert SHAPE.fullmatch(secret)
    assert is_secret(secret)
    for place in range(len(secret)):
        other = "a" if secret[place] != "a" else "b"
        assert not is_secret(secret[:place] + other + secret[place + 1 :])


@given(st.text())
def test_no_text_is_taken_for_a_secret_by_accident(text: str) -> None:
    assert not is_secret(text)
    assert not is_secret("postern_key_" + text)


@pytest.fixture
def shop(sqlite_url: str, tmp_path: Path) -> Installation:
    installation = install(tmp_path / "shop", sqlite_url, free_port())
    installation.import_feed(
        [
            {
                "kind": "seller",
                "id": "acme",
                "business_name": "Acme Books",
                "language": "en",
                "customer_service_address": "help@acme.test",
            }
        ]
    )
    return installation


def run(shop: Installation, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["key", *arguments, "--config", str(shop.config)])


def test_the_commands_make_list_and_revoke_keys(shop: Installation) -> None:
    made = json.loads(run(shop, "create", "--seller", "acme", "--scope", "threads:read", "--label", "Desk", "--json").output)
    assert SHAPE.fullmatch(made["key"])
    assert SHAPE.search(run(shop, "create", "--operator", "--days", "3").output)
    listed = json.loads(run(shop, "list", "--json").output)
    assert [(row["seller"], row["label"], row["revoked_at"]) for row in listed] == [(None, "", None), ("acme", "Desk", None)]
    assert "key" not in listed[0]
    assert json.loads(run(shop, "revoke", made["id"], "--json").output) == {"state": "revoked", "changed": True}
    assert "It was revoked already." in run(shop, "revoke", made["id"]).output
    text = run(shop, "list", "--seller", "acme").output
    assert "seller acme, Desk" in text
    assert "revoked 2" in text


def test_a_key_is_for_one_seller_or_for_the_operator(shop: Installation) -> None:
    for arguments in (
        ("create",),
        ("create", "--seller", "acme", "--operator"),
        ("create", "--operator", "--scope", "all"),
    ):
        assert run(shop, *arguments).exit_code == 2
    assert isinstance(run(shop, "create", "--seller", "nobody").exception, NotFoundError)
    assert isinstance(run(shop, "revoke", "key_x").exception, NotFoundError)
