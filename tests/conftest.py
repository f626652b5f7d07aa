"""What tests may ask for by name: the two stores, each real, each empty. Nothing here pretends to be a part of Postern."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.cluster import Cluster, running_cluster
from tests.people import Town
from tests.people import town as found_town

# HYPOTHESIS_PROFILE=thorough searches long and by chance; the default finds the same on every machine, every time.
settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    max_examples=100,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],  # the machine may be busy
)
settings.register_profile("thorough", deadline=None, max_examples=5_000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Cluster]:
    """A private PostgreSQL server, started when the first test asks. Where it cannot start, that test fails."""
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
def postgresql_url(postgresql_server: Cluster) -> Iterator[str]:
    """A new, empty database for one test."""
    with postgresql_server.fresh_database() as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A database file that does not exist yet, for one test."""
    return f"sqlite:///{tmp_path / 'postern.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """A new, empty database: the test runs once on each store."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def town(store_url: str, tmp_path: Path) -> Iterator[Town]:
    """Example Market with its people, on each store."""
    with found_town(store_url, tmp_path) as founded:
        yield founded
