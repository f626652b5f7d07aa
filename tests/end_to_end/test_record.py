"""The record as an operator proves it: served, sealed and signed without being asked, verified beside the server."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import update
from typer.testing import CliRunner, Result

from postern.cli.commands import app
from postern.errors import NotFoundError
from postern.storage import schema
from postern.storage.change import Change, Kept
from postern.storage.journal import journal_row
from postern.storage.store import Store
from postern.wiring import build_house
from tests.people import START
from tests.serving import Installation, free_port, install


@pytest.fixture
def quiet(sqlite_url: str, tmp_path: Path) -> Installation:
    """Installed and migrated, with a next hop that is not there."""
    return install(tmp_path / "shop", sqlite_url, free_port())


@contextmanager
def store_of(installation: Installation) -> Iterator[Store]:
    store = build_house(installation.config).open_store()
    try:
        yield store
    finally:
        store.close()


def record(installation: Installation, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["record", *arguments, "--config", str(installation.config)])


def add_entry(store: Store) -> None:
    row = journal_row("no-response-needed", START, {"side": "seller"}, seller_id=1)
    assert store.keep(Change(1, (row,))).result() == Kept()


def is_signed_everywhere(verified: dict[str, int]) -> bool:
    """The checkpoint is kept in the store first, and a moment later outside."""
    return verified["covered"] == 1 and verified["not_outside"] == 0


def test_serve_seals_and_signs_without_being_asked_and_the_command_line_proves_it(quiet: Installation) -> None:
    with store_of(quiet) as store:
        add_entry(store)
    assert json.loads(record(quiet, "verify", "--json").stdout)["waiting"] == 1
    with quiet.serving():
        deadline = time.monotonic() + 30
        while not is_signed_everywhere(verified := json.loads(record(quiet, "verify", "--json").stdout)):
            assert time.monotonic() < deadline, verified
            time.sleep(0.3)
    assert (verified["ok"], verified["entries"], verified["waiting"], verified["not_outside"]) == (True, 1, 0, 0)
    note = (quiet.config.parent / "data" / "checkpoints" / "000000000001.checkpoint").read_text()
    (key,) = record(quiet, "key").stdout.split()
    assert key.partition("+")[0] == note.partition("\n")[0]

    with store_of(quiet) as store:
        add_entry(store)
    assert record(quiet, "checkpoint").stdout == "Signed over 2 entries.\n"
    assert json.loads(record(quiet, "checkpoint", "--json").stdout) == {"checkpoint": None}
    assert "The record is whole" in record(quiet, "verify", "--since", "1").stdout
    assert isinstance(record(quiet, "verify", "--since", "7").exception, NotFoundError)

    with store_of(quiet) as store:
        change = update(schema.journal).values(kind="nothing-happened")
        store.write(lambda transaction: transaction.execute(change)).result()
    told = record(quiet, "verify")
    assert told.exit_code == 1
    assert "seller 1: position 1 jrn_" in told.stdout
    assert "its entry is not what was sealed: it was changed" in told.stdout
