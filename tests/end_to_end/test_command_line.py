"""The command line as an operator meets it: what it prints, how it ends, and never a traceback."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.serving import Installation, free_port, install

POSTERN = (sys.executable, "-m", "postern")


def postern(*arguments: str, environment: Mapping[str, str] | None = None, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*POSTERN, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        input=stdin,
        env=os.environ | (environment or {}),
    )


@pytest.fixture
def quiet(sqlite_url: str, tmp_path: Path) -> Installation:
    """Installed and migrated, with a next hop that is not there."""
    return install(tmp_path / "shop", sqlite_url, free_port())


def test_every_mistake_is_one_line_that_says_what_to_do(quiet: Installation, tmp_path: Path) -> None:
    config = ("--config", str(quiet.config))
    for arguments, status, words in (
        (("serve", "--config", str(tmp_path / "nowhere.toml")), 78, "postern init"),
        (("alias", "acme", "ann", *config), 4, "import it first"),
        (("explain", "msg_none", *config), 4, "Message-ID"),
        (("queue", "drop", "dlv_none", "--yes", *config), 4, "postern queue list"),
        (("import", str(tmp_path / "nowhere.jsonl"), *config), 1, "nowhere.jsonl"),
        (("init", str(quiet.config.parent)), 78, "not replaced"),
    ):
        told = postern(*arguments)
        assert told.returncode == status, told.stderr
        assert words in told.stderr
        assert "Traceback" not in told.stderr
        assert told.stderr.count("\n") == 1


def test_a_store_without_its_tables_says_which_command_makes_them(tmp_path: Path) -> None:
    assert postern("init", str(tmp_path / "shop")).returncode == 0
    told = postern(
        "serve", "--config", str(tmp_path / "shop" / "postern.toml"), environment={"POSTERN__SMTP__LISTEN": "127.0.0.1:0"}
    )
    assert told.returncode == 1
    assert "postern migrate" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize("key", ["SMTP", "WEB"])
def test_serve_refuses_to_be_reached_from_beyond_the_machine_and_says_what_to_set(quiet: Installation, key: str) -> None:
    told = postern("serve", "--config", str(quiet.config), environment={f"POSTERN__{key}__LISTEN": "0.0.0.0:0"})
    assert told.returncode == 78
    assert f"{key.lower()}.listen" in told.stderr
    assert "authentication.mode" in told.stderr
    assert "smtp.tls_cert" in told.stderr


def test_a_second_server_on_the_same_sqlite_is_refused(quiet: Installation) -> None:
    # D-17
    with quiet.serving():
        told = postern("serve", "--config", str(quiet.config))
        assert told.returncode == 78
        assert "SQLite has one server" in told.stderr


def test_a_port_that_is_taken_is_named(quiet: Installation) -> None:
    taken = free_port()
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", taken))
        holder.listen()
        told = postern("serve", "--config", str(quiet.config), environment={"POSTERN__SMTP__LISTEN": f"127.0.0.1:{taken}"})
    assert told.returncode == 78
    assert str(taken) in told.stderr


def test_serve_drains_on_sigterm_and_ends_with_status_0(quiet: Installation) -> None:
    served = quiet.start()
    began_at = time.monotonic()
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(40) == 0
    assert time.monotonic() - began_at < 30


def test_import_alias_queue_and_explain_speak_json(quiet: Installation, tmp_path: Path) -> None:
    feed = tmp_path / "feed.jsonl"
    lines = (
        (
            '{"kind":"marketplace","id":"de","name":"Example Market","mail_domain":"marketplace.example","language":"en",'
            '"time_zone":"Europe/Berlin"}'
        ),
        '{"kind":"seller","id":"acme","business_name":"Acme Books","language":"en","customer_service_address":"help@acme.test"}',
        '{"kind":"buyer","id":"ann","marketplace":"de","name":"Ann Example","address":"ann@mail.test"}',
    )
    feed.write_text("\n".join(lines))
    config = ("--config", str(quiet.config))
    assert "seller: 1 added" in postern("import", str(feed), *config).stdout
    assert "seller: 0 added" in postern("import", "-", *config, stdin=feed.read_text()).stdout
    first = json.loads(postern("alias", "acme", "ann", "--json", *config).stdout)
    again = json.loads(postern("alias", "acme", "de/ann", "--json", *config).stdout)
    assert first == again
    assert set(first) == {"buyer_alias", "seller_alias"}
    assert json.loads(postern("queue", "list", "--json", *config).stdout) == []
    assert json.loads(postern("queue", "retry", "--json", *config).stdout) == {"retried": 0}


def test_a_bad_line_imports_nothing_and_is_named_by_file_and_line(quiet: Installation, tmp_path: Path) -> None:
    feed = tmp_path / "feed.jsonl"
    feed.write_text(
        '{"kind":"seller","id":"acme","business_name":"Acme Books","language":"en","customer_service_address":"help@acme.test"}\n'
        '{"kind":"buyer","id":"ann","marketplace":"nowhere","name":"Ann Example","address":"ann@mail.test"}\n'
    )
    told = postern("import", str(feed), "--config", str(quiet.config))
    assert told.returncode == 1
    assert told.stderr.startswith(f"{feed}:2: ")
    assert "no seller has the id" in postern("alias", "acme", "ann", "--config", str(quiet.config)).stderr
