"""What tests may ask for by name: the two stores, each real, each empty. Nothing here pretends to be a part of Postern."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from postern.storage.engine import open_writer, read_url
from postern.storage.migrate import migrate
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


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that was migrated once, to copy."""
    path = tmp_path_factory.mktemp("template") / "postern.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_server: Cluster) -> Iterator[str]:
    """The name of a database that was migrated once, to copy."""
    with postgresql_server.fresh_database() as url:
        _migrate(url)
        yield url.rpartition("/")[2]


def _migrate(url: str) -> None:
    engine = open_writer(read_url(url))
    migrate(engine)
    engine.dispose()


@pytest.fixture
def migrated_sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    shutil.copy(migrated_sqlite, tmp_path / "postern.db")
    return f"sqlite:///{tmp_path / 'postern.db'}"


@pytest.fixture
def migrated_postgresql_url(postgresql_server: Cluster, migrated_postgresql: str) -> Iterator[str]:
    with postgresql_server.fresh_database(migrated_postgresql) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    """Example Market with its people, on each store."""
    with found_town(request.getfixturevalue(f"migrated_{request.param}_url"), tmp_path) as founded:
        yield founded
