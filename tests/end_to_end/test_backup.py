"""A backup made under load, restored in another place: all that was answered 250 before is there, and nothing goes twice."""

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from postern.actions.deliver_mail import claim_deliveries
from postern.cli.commands import app
from postern.model.delivery import Claim
from postern.storage.schema import message
from postern.storage.store import Store
from postern.storage.threads import find_message
from postern.wiring import House, build_house
from tests.cluster import running_cluster
from tests.crashing import await_mails
from tests.market import settle_pairs
from tests.senders import busy
from tests.serving import Installation, free_port, initialise, install
from tests.sink import MARK, Sink

PAIRS = 2

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def installation(store_url: str, sink: Sink, tmp_path: Path) -> Installation:
    return install(tmp_path / "installation", store_url, sink.port, {"pool_processes": 1})


@pytest.fixture
def elsewhere(installation: Installation, store_url: str, tmp_path: Path) -> Iterator[Installation]:
    """Another place: made by `postern init`, without a store or with an empty one on a server of its own, and the key file
    brought along.
    """
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path / 'elsewhere.db'}"
        if store_url.startswith("postgresql"):
            url = stack.enter_context(stack.enter_context(running_cluster()).fresh_database())
        other = initialise(tmp_path / "elsewhere", url, free_port())
        shutil.copy(installation.config.with_name("master.keys"), other.config.with_name("master.keys"))
        yield other


def run(installation: Installation, *arguments: str) -> dict[str, int]:
    """`postern backup` in this process, beside the server's: what it says with --json."""
    result = CliRunner().invoke(app, ["backup", *arguments, "--config", str(installation.config), "--json"])
    assert result.exit_code == 0, result.output
    told: dict[str, int] = json.loads(result.output)
    return told


def marks_of(store: Store, ids: list[UUID] | None = None) -> set[str]:
    """The mark that each of these messages bears; without ids, each message of the record."""
    with store.look() as look:
        chosen = ids if ids is not None else look.connection.execute(select(message.c.id)).scalars().all()
        messages = [find_message(look, message_id) for message_id in chosen]
    return {found[0].decode() for one in messages if one and (found := MARK.search(one.text.encode()))}


def marks_due(house: House, store: Store) -> set[str]:
    """What a worker would send now."""
    claimed = store.write(lambda transaction: claim_deliveries(transaction, house.frame, house.clock.now(), Claim(999))).result()
    return marks_of(store, [one.message_id for one in claimed])


def test_a_backup_under_load_has_all_that_was_answered_250_and_sends_nothing_twice(
    installation: Installation, elsewhere: Installation, sink: Sink, tmp_path: Path
) -> None:
    # D-20
    ways = settle_pairs(installation, PAIRS)
    with installation.serving() as serving, busy(installation.smtp_port, ways) as senders:
        await_mails(senders, 10)
        sink.close_door()  # so that something waits in the queue
        await_mails(senders, 20)
        acknowledged = {mark for sender in senders for mark in sender.account.taken}
        run(installation, "create", str(tmp_path / "backup"))
        await_mails(senders, 30)
        assert serving.process.poll() is None
    sent = set(sink.tell().copies)
    assert acknowledged - sent, "something waited"

    told = run(elsewhere, "restore", str(tmp_path / "backup"))
    house = build_house(elsewhere.config)
    store = house.open_store()
    try:
        assert acknowledged <= marks_of(store)
        assert told["held_back"] > 0
        assert marks_due(house, store) == set(), "nothing goes out by itself"
        assert run(elsewhere, "resume", "--yes") == {"due": told["held_back"]}
        due = marks_due(house, store)
    finally:
        store.close()
    assert not due & sent, "what the record knew as delivered is not sent again"
    assert due | sent >= acknowledged
