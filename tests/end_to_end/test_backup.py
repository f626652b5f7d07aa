"""A backup made under load, restored in another place: all that was acknowledged before it is there, and nothing goes out twice."""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from postern.storage.schema import message
from postern.storage.threads import find_message
from postern.wiring import build_house
from tests.cluster import Cluster
from tests.crashing import await_mails
from tests.market import settle_pairs
from tests.senders import busy
from tests.serving import Installation, Served, install
from tests.sink import MARK, Sink, running_sink

PAIRS = 2
QUIET_SECONDS = 2

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def other_sink() -> Iterator[Sink]:
    """The next hop of the other place."""
    with running_sink() as running:
        yield running


@pytest.fixture
def elsewhere(
    installation: Installation, other_sink: Sink, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Installation]:
    """Another place: made by `postern init`, its store taken away again, the key file brought along."""
    if build_house(installation.config).settings.store.url.startswith("sqlite"):
        other = install(tmp_path / "elsewhere", f"sqlite:///{tmp_path / 'elsewhere.db'}", other_sink.port)
        for leftover in tmp_path.glob("elsewhere.db*"):
            leftover.unlink()
        shutil.copy(installation.config.with_name("master.keys"), other.config.with_name("master.keys"))
        yield other
        return
    cluster: Cluster = request.getfixturevalue("postgresql_server")
    with cluster.fresh_database() as migrated, cluster.fresh_database() as empty:
        other = install(tmp_path / "elsewhere", migrated, other_sink.port)
        other.config.write_text(other.config.read_text().replace(migrated, empty))
        shutil.copy(installation.config.with_name("master.keys"), other.config.with_name("master.keys"))
        yield other


def marks_kept(installation: Installation) -> set[str]:
    """The mark of each message of a record."""
    reader = build_house(installation.config).open_reader(connections=1)
    with reader.look() as look:
        ids = look.connection.execute(select(message.c.id)).scalars().all()
        messages = [find_message(look, message_id) for message_id in ids]
    reader.close()
    return {found[0].decode() for one in messages if one and (found := MARK.search(one.text.encode()))}


def test_a_backup_under_load_has_all_that_was_answered_250_and_sends_nothing_twice(
    installation: Installation, serving: Served, elsewhere: Installation, sink: Sink, other_sink: Sink, tmp_path: Path
) -> None:
    ways = settle_pairs(installation, PAIRS)
    with busy(installation.smtp_port, ways) as senders:
        await_mails(senders, 10)
        sink.close_door()  # so that something waits in the queue
        await_mails(senders, 20)
        acknowledged = {mark for sender in senders for mark in sender.account.taken}
        installation.run("backup create", str(tmp_path / "backup"))
        await_mails(senders, 30)
        sent_before = set(sink.tell().copies)
        sink.open_door()
    installation.empty_queue(60)
    assert serving.process.poll() is None

    elsewhere.run("backup restore", str(tmp_path / "backup"))
    kept = marks_kept(elsewhere)
    assert acknowledged <= kept
    waiting = json.loads(elsewhere.run("queue list", "--json"))
    assert waiting
    assert {row["state"] for row in waiting} == {"held back after a restore"}
    with elsewhere.serving():
        time.sleep(QUIET_SECONDS)
        assert other_sink.count() == 0, "nothing goes out by itself"
        told = json.loads(elsewhere.run("backup resume", "--yes", "--json"))
        assert told["due"] == len(waiting)
        elsewhere.empty_queue(60)
    again = other_sink.tell().copies
    assert not again.keys() & sent_before, "what the record knew as delivered is not sent again"
    assert again.keys() | sent_before >= acknowledged
    assert all(sum(names.values()) == 1 for names in again.values())
