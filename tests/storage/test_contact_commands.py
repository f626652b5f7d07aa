"""``postern contact`` and ``postern catalogue``, as an operator types them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from postern.cli.commands import app
from postern.installation import install

FEED = (
    {"kind": "marketplace", "id": "de", "name": "Example Market", "mail_domain": "marketplace.example", "language": "de"}
    | {"time_zone": "Europe/Berlin"},
    {
        "kind": "seller",
        "id": "acme",
        "business_name": "Acme Books",
        "language": "en",
        "customer_service_address": "help@acme.test",
    },
    {"kind": "buyer", "id": "ann", "marketplace": "de", "name": "Ann Example", "address": "ann@mail.test"},
    {"kind": "order", "id": "303-1", "marketplace": "de", "seller": "acme", "buyer": "ann", "status": "unshipped"}
    | {"fulfilment": "seller", "placed_at": "2026-11-20T10:00:00Z", "items": [{"sku": "B1", "title": "Atlas"}]},
)


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def config(tmp_path: Path) -> Path:
    install(tmp_path / "postern")
    path = tmp_path / "postern" / "postern.toml"
    feed = tmp_path / "feed.jsonl"
    feed.write_text("\n".join(json.dumps(one) for one in FEED), "utf-8")
    assert run("migrate", "--config", path).exit_code == 0
    assert run("import", feed, "--config", path).exit_code == 0
    return path


def test_the_options_of_an_order_are_listed_with_what_stands_in_the_way(config: Path) -> None:
    """R7: shown, and why not."""
    shown = run("contact", "options", "303-1", "--config", config)
    assert shown.exit_code == 0
    assert "+ unexpected_problem, critical" in shown.output
    assert "- return_question: The order is not complete yet" in shown.output
    told = json.loads(run("contact", "options", "de/303-1", "--config", config, "--json").output)
    assert told["language"] == "de"
    by_code = {one["code"]: one for one in told["reasons"]}
    assert by_code["invoice"]["files"] == {"at_least": 1, "at_most": 5}
    assert by_code["review_request"]["obstacle"] == "order_is_not_complete"
    assert run("contact", "options", "303-1", "--as", "buyer", "--config", config).output.count("+") == 6


def test_a_message_is_checked_and_sent(config: Path, tmp_path: Path) -> None:
    words = ("contact", "send", "303-1", "order_details", "--field", "message=Blue or black?", "--config", config)
    assert "Nothing was sent" in run(*words, "--check").output
    note = tmp_path / "note.txt"
    note.write_text("A note.", "utf-8")
    sent = json.loads(run(*words, "--attach", note, "--key", "k1", "--json").output)
    assert (sent["state"], sent["repeated"], sent["findings"]) == ("queued", False, [])
    again = json.loads(run(*words, "--attach", note, "--key", "k1", "--json").output)
    assert (again["message"], again["repeated"]) == (sent["message"], True)
    assert "was written by an operator's command" in run("explain", sent["message"], "--config", config).output


def test_a_refused_message_says_what_to_do_and_ends_with_a_status(config: Path) -> None:
    refused = run("contact", "send", "303-1", "return_question", "--field", "message=Why?", "--config", config)
    assert refused.exit_code == 1
    assert "wait until the order is complete" in refused.output
    told = json.loads(run("contact", "send", "303-1", "order_details", "--config", config, "--json").output)
    assert (told["state"], told["findings"][0]["code"]) == ("refused", "field_missing")
    assert told["findings"][0]["place"] == "message"


def test_a_template_of_the_sellers_own_is_filled_in_and_an_unresolved_variable_stops_the_sending(config: Path) -> None:
    saved = run("template", "save", "acme", "colour", "en", "Dear {buyer}, blue or black for {item}?", "--config", config)
    assert saved.exit_code == 0
    assert run("template", "save", "acme", "colour", "de", "Blau für {item}?", "--config", config).exit_code == 0
    assert run("template", "save", "acme", "where", "de", "Bei {carrier}: {tracking_number}", "--config", config).exit_code == 0
    send = ("contact", "send", "303-1", "order_details", "--config", config, "--json", "--template")
    sent = json.loads(run(*send, "colour").output)
    assert sent["state"] == "queued"
    assert sent["findings"] == []
    refused = json.loads(run(*send, "where").output)
    assert [one["code"] for one in refused["findings"]] == ["variable_unresolved", "variable_unresolved"]
    listed = json.loads(run("template", "list", "acme", "--config", config, "--json").output)
    assert [(one["name"], one["language"]) for one in listed] == [("colour", "de"), ("colour", "en"), ("where", "de")]
    assert run("template", "remove", "acme", "where", "de", "--config", config).exit_code == 0
    assert run("template", "remove", "acme", "where", "de", "--config", config).exit_code != 0


@pytest.mark.parametrize("name, text", [("Colour", "x"), ("colour", ""), ("colour", "{colour}"), ("colour", "x" * 20_001)])
def test_a_template_that_could_not_be_sent_is_not_saved(config: Path, name: str, text: str) -> None:
    assert run("template", "save", "acme", name, "en", text, "--config", config).exit_code != 0


@pytest.mark.parametrize("words", [("options", "999"), ("send", "999", "invoice"), ("send", "303-1", "no_such_reason")])
def test_what_is_not_known_is_said(config: Path, words: tuple[str, ...]) -> None:
    assert run("contact", *words, "--config", config).exit_code != 0


def test_a_field_is_a_name_and_a_value_and_a_file_must_be_there(config: Path) -> None:
    assert run("contact", "send", "303-1", "order_details", "--field", "message", "--config", config).exit_code == 2
    assert run("contact", "send", "303-1", "order_details", "--attach", "nowhere.pdf", "--config", config).exit_code != 0


def test_misuse_is_counted_by_seller(config: Path) -> None:
    assert "Nobody" in run("contact", "misused", "--config", config).output
    assert json.loads(run("contact", "misused", "--config", config, "--json").output) == []


def test_the_check_of_the_catalogue_finds_mistakes_and_missing_languages(tmp_path: Path) -> None:
    assert run("catalogue", "check").exit_code == 0
    text = 'author = "seller"\n[text.en]\ntitle = "Parts"\nuse_when = "Parts."\ntext = "About {order}"\n'
    (tmp_path / "spare_parts.toml").write_text(text, "utf-8")
    (tmp_path / "wrong.toml").write_text('author = "carrier"', "utf-8")
    checked = run("catalogue", "check", "--folder", tmp_path)
    assert checked.exit_code == 1
    assert "wrong.toml: author: There is no such value." in checked.output
    assert "de: spare_parts is not translated: text.de" in checked.output
    told = json.loads(run("catalogue", "check", "--folder", tmp_path, "--json").output)
    assert {one["file"] for one in told["mistakes"]} == {"wrong.toml"}


def test_every_mail_is_rendered_in_every_language(tmp_path: Path) -> None:
    done = run("catalogue", "render", tmp_path / "mails")
    assert done.exit_code == 0
    german = (tmp_path / "mails" / "de" / "unexpected_problem.txt").read_text("utf-8")
    assert "Acme Books" in german
    assert "303-5512345-1234567" in german
    assert '<html lang="de"' in (tmp_path / "mails" / "de" / "unexpected_problem.html").read_text("utf-8")
    assert run("catalogue", "render", tmp_path / "mails").exit_code != 0
