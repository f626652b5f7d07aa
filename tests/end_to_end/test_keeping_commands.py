"""The commands for keeping and forgetting, as an operator types them: one installation through its life, in this process."""

import json
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from postern.actions.import_feed import import_feed, open_feed, read_feed
from postern.cli.commands import app
from postern.errors import ConfigurationError, NotFoundError
from postern.wiring import build_house
from tests.serving import Installation, free_port, install

FEED = (
    '{"kind":"marketplace","id":"de","name":"Example Market","mail_domain":"marketplace.example","language":"en",'
    '"time_zone":"Europe/Berlin","cancel_order_url":"https://shop.example/{order}","report_infringement_url":"https://shop.example/"}\n'
    '{"kind":"seller","id":"acme","business_name":"Acme Books","language":"en","customer_service_address":"help@acme.test",'
    '"registered_senders":["help@acme.test","sales@acme.test"],"average_daily_orders":12,"bounce_on_opt_out":true}\n'
    '{"kind":"buyer","id":"ann","marketplace":"de","name":"Ann Example","address":"ann@mail.test","opted_out":false}\n'
)


@pytest.fixture
def shop(sqlite_url: str, tmp_path: Path) -> Installation:
    """Installed, migrated and filled, with a next hop that is not there."""
    installation = install(tmp_path / "shop", sqlite_url, free_port())
    (tmp_path / "feed.jsonl").write_text(FEED)
    store = build_house(installation.config).open_store()
    with open_feed(str(tmp_path / "feed.jsonl")) as stream, closing(read_feed(store, "feed.jsonl", stream)) as feed:
        import_feed(store, feed)
    store.close()
    return installation


def run(shop: Installation, *arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, [*arguments, "--config", str(shop.config)], input=stdin)


def told(shop: Installation, *arguments: str, stdin: str = "") -> object:
    """What a command says with --json."""
    result = run(shop, *arguments, "--json", stdin=stdin)
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_a_life_of_holds_copies_and_erasures(shop: Installation, tmp_path: Path) -> None:
    assert told(shop, "alias", "acme", "ann")
    assert told(shop, "person", "export", "ann", "--out", str(tmp_path / "ann.zip")) == {
        "out": str(tmp_path / "ann.zip"),
        "mails": 0,
    }
    with zipfile.ZipFile(tmp_path / "ann.zip") as archive:
        assert json.loads(archive.read("person.json"))["address"] == "ann@mail.test"

    held = told(shop, "legal-hold", "add", "--pair", "acme", "ann", "--why", "a claim", "--by", "Dora", "--until", "2099-01-01")
    assert isinstance(held, dict)
    rows = told(shop, "legal-hold", "list")
    assert isinstance(rows, list)
    assert (rows[0]["hold"], rows[0]["why"], rows[0]["ended"]) == (held["hold"], "a claim", None)
    assert "Dora: a claim" in run(shop, "legal-hold", "list").output
    assert told(shop, "person", "erase", "ann", "--yes") == {"erased": False, "held": True}
    assert "waits for a legal hold" in run(shop, "person", "erase", "de/ann", "--yes").output
    assert told(shop, "legal-hold", "end", held["hold"]) == {"ended": held["hold"], "erased": 1}
    assert isinstance(run(shop, "person", "erase", "ann", "--yes").exception, NotFoundError)

    needed = run(shop, "person", "erase", "--address", "help@acme.test", "--yes")
    assert needed.exit_code == 1
    assert "acme" in needed.output
    assert told(shop, "person", "erase", "--address", "-", "--yes", stdin="sales@acme.test\n") == {"erased": True, "messages": 0}


def test_nothing_is_erased_before_somebody_said_yes(shop: Installation) -> None:
    assert run(shop, "person", "erase", "ann", stdin="n\n").exit_code == 1
    assert told(shop, "person", "erase", "ann", "--yes") == {"erased": True, "messages": 0}


def test_a_hold_and_an_erasure_name_one_thing(shop: Installation) -> None:
    for arguments in (
        ("legal-hold", "add", "--why", "w", "--by", "b"),
        ("legal-hold", "add", "--why", "w", "--by", "b", "--buyer", "ann", "--message", "msg_x"),
        ("person", "erase", "--yes"),
        ("person", "erase", "ann", "--address", "help@acme.test", "--yes"),
    ):
        assert run(shop, *arguments).exit_code == 2
    assert isinstance(run(shop, "legal-hold", "end", "lgl_none").exception, NotFoundError)
    assert isinstance(run(shop, "person", "erase", "--address", "nobody@acme.test", "--yes").exception, NotFoundError)


def test_retention_is_previewed_and_run(shop: Installation) -> None:
    assert told(shop, "retention", "run") == {"gone": None}
    due = told(shop, "retention", "preview", "--at", "2099-01-01")
    assert isinstance(due, list)
    assert {row["class"]: row["count"] for row in due} == {
        "house mail": 0,
        "messages": 0,
        "orders": 0,
        "refused attempts": 0,
        "journal": 0,
    }
    assert "messages: 0 (kept 730 days)" in run(shop, "retention", "preview").output


def test_keys_are_added_and_everything_comes_under_the_newest(shop: Installation) -> None:
    assert told(shop, "keys", "list") == [{"key": 1, "wraps": 3}]
    assert told(shop, "keys", "rotate") == {"key": 2}
    assert told(shop, "keys", "rewrap", "--yes") == {"rewrapped": 3}
    assert told(shop, "keys", "list") == [{"key": 1, "wraps": 0}, {"key": 2, "wraps": 3}]


def test_a_backup_is_made_verified_and_restored(shop: Installation, tmp_path: Path) -> None:
    made = run(shop, "backup", "create", str(tmp_path / "backup"))
    assert "Keep a copy of" in made.output
    verified = CliRunner().invoke(app, ["backup", "verify", str(tmp_path / "backup")])
    assert verified.exit_code == 0
    assert "is whole" in verified.output
    assert isinstance(run(shop, "backup", "restore", str(tmp_path / "backup")).exception, ConfigurationError)
    (tmp_path / "postern.db").rename(tmp_path / "lost.db")
    restored = run(shop, "backup", "restore", str(tmp_path / "backup"))
    assert "0 deliveries wait" in restored.output
    assert told(shop, "keys", "list") == [{"key": 1, "wraps": 3}]
