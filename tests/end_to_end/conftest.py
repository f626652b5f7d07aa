"""What end-to-end tests may ask for by name: a next hop that counts, an installation before it, and `serve` running on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import Installation, Served, install
from tests.sink import Sink, running_sink


@pytest.fixture
def sink() -> Iterator[Sink]:
    """The next hop: a process that takes and counts whatever comes."""
    with running_sink() as running:
        yield running


@pytest.fixture
def installation(store_url: str, sink: Sink, tmp_path: Path) -> Installation:
    """Migrated and empty, on each store. Its leases are short: what a killed worker held is soon somebody else's."""
    return install(tmp_path / "installation", store_url, sink.port, {"lease_seconds": 5})


@pytest.fixture
def serving(installation: Installation) -> Iterator[Served]:
    """`postern serve` on that installation, drained at the end."""
    with installation.serving() as served:
        yield served
