"""Copies of the whole database, and a database from a copy: the shelf of `postern backup`.

A copy is one moment of the store, taken while others write: SQLite writes a compact copy of its own (no free pages, no log),
PostgreSQL's pg_dump reads one exported snapshot. A copy is put back into an empty store only, and becomes usable in the same
transaction that puts its queue on hold: nothing is ever sent twice by itself.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, inspect, select, text

from postern.errors import ConfigurationError, DamagedError, StoreError
from postern.storage.engine import open_writer, read_url, translated_errors
from postern.storage.schema import document

SQLITE_COPY, POSTGRESQL_COPY = "database/postern.db", "database/postern.dump"
_BLOBS = select(document.c.blob).where(document.c.blob.is_not(None)).order_by(document.c.blob)
_REVISION = text("SELECT version_num FROM alembic_version")
_SET_REVISION = text("INSERT INTO alembic_version (version_num) VALUES (:revision)")

Settle = Callable[[Connection], None]


@dataclass(frozen=True, slots=True)
class Copy:
    """What a copy needs beside itself: the blobs of its rows. And at which revision of the schema it is."""

    blobs: list[str]
    revision: str


def copy_name(store_url: str) -> str:
    """Where the copy of this store's database lies within a backup."""
    return SQLITE_COPY if read_url(store_url).drivername == "sqlite" else POSTGRESQL_COPY


def copy_database(store_url: str, target: Path) -> Copy:
    """Write a copy of this moment. Raises StoreError, and ConfigurationError where a program is missing."""
    url = read_url(store_url)
    return _copy_sqlite(url, target) if url.drivername == "sqlite" else _copy_postgresql(url, target)


def check_copy(copy: Path) -> list[str] | None:
    """Read a whole copy. Answers the blobs that its rows need, or None where only restoring would tell (PostgreSQL). Raises
    DamagedError.
    """
    if copy.name != Path(SQLITE_COPY).name:
        _run("pg_restore", ["--list", str(copy)], {}, DamagedError("the copy of the database cannot be read"))
        return None
    try:
        with closing(sqlite3.connect(f"{copy.absolute().as_uri()}?immutable=1", uri=True)) as opened:
            if opened.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                raise DamagedError("the copy of the database is damaged")
            return [row[0] for row in opened.execute(str(_BLOBS.compile()))]
    except sqlite3.DatabaseError:
        raise DamagedError("the copy of the database is damaged") from None


def require_empty(store_url: str) -> None:
    """Raise ConfigurationError unless there is nothing in the store yet."""
    url = read_url(store_url)
    if url.drivername == "sqlite":
        if Path(url.database or "").exists():
            raise ConfigurationError(f"store.url: {url.database} exists already; a backup is restored into an empty store only")
        return
    engine = open_writer(url)
    try:
        with translated_errors(), engine.connect() as connection:
            if inspect(connection).get_table_names():
                raise ConfigurationError(
                    "store.url: the database has tables already; a backup is restored into an empty one only"
                )
    finally:
        engine.dispose()


def load_database(store_url: str, copy: Path, revision: str, settle: Settle) -> None:
    """Make the store from a copy. ``settle`` runs in the transaction that makes it usable. Raises StoreError and
    ConfigurationError.
    """
    url = read_url(store_url)
    if url.drivername == "sqlite":
        _load_sqlite(url, copy, settle)
    else:
        _load_postgresql(url, copy, revision, settle)


# ---- SQLite


def _copy_sqlite(url: URL, target: Path) -> Copy:
    try:
        source_uri = f"{Path(str(url.database)).absolute().as_uri()}?mode=rw"  # one that is not there is not made
        with closing(sqlite3.connect(source_uri, uri=True, timeout=30)) as source:
            source.execute("VACUUM INTO ?", (str(target),))
        target.chmod(0o600)
        with closing(sqlite3.connect(target)) as copy:
            blobs = [row[0] for row in copy.execute(str(_BLOBS.compile()))]
            (revision,) = copy.execute(str(_REVISION)).fetchone()
    except (sqlite3.Error, TypeError) as error:  # no file, no tables, no revision
        raise StoreError("the database cannot be copied") from error
    return Copy(blobs, revision)


def _load_sqlite(url: URL, copy: Path, settle: Settle) -> None:
    """Settle the copy under another name, then give it its own: nobody ever finds it unsettled."""
    path = Path(str(url.database))
    partial = path.with_name(f".{path.name}.restoring")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for leftover in path.parent.glob(f"{partial.name}*"):
            leftover.unlink()
        shutil.copyfile(copy, partial)
        partial.chmod(0o600)
        engine = open_writer(url.set(database=str(partial)))
        _settle(engine, settle)
        if partial.with_name(partial.name + "-wal").exists():
            raise StoreError("the restored database could not be closed")
        _rename(partial, path)
    except OSError as error:
        raise StoreError("the database cannot be written") from error


def _rename(partial: Path, path: Path) -> None:
    for one in (partial, path.parent):
        descriptor = os.open(one, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    partial.rename(path)


def _settle(engine: Engine, settle: Settle) -> None:
    try:
        with translated_errors(), engine.connect() as connection:
            settle(connection)
            connection.commit()
    finally:
        engine.dispose()


# ---- PostgreSQL


def _copy_postgresql(url: URL, target: Path) -> Copy:
    """The blobs are read in the transaction whose snapshot pg_dump gets: they belong to exactly the rows that it writes."""
    engine = open_writer(url)
    try:
        with translated_errors(), engine.connect() as connection:
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
            copy = Copy(list(connection.execute(_BLOBS).scalars()), connection.execute(_REVISION).scalar_one())
            options = ["--format=custom", "--no-owner", "--no-privileges", "--exclude-table-data=alembic_version"]
            _run_on(url, "pg_dump", [*options, f"--snapshot={snapshot}", f"--file={target}"], "the database cannot be copied")
    finally:
        engine.dispose()
    target.chmod(0o600)
    return copy


def _load_postgresql(url: URL, copy: Path, revision: str, settle: Settle) -> None:
    """The copy has no revision in it, so that no server takes the store for one it may serve until this is settled."""
    options = ["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", str(copy)]
    _run_on(url, "pg_restore", options, "the database cannot be restored")

    def settle_and_finish(connection: Connection) -> None:
        settle(connection)
        connection.execute(_SET_REVISION, {"revision": revision})

    _settle(open_writer(url), settle_and_finish)


def _run_on(url: URL, program: str, arguments: Sequence[str], trouble: str) -> None:
    """Run a program of PostgreSQL's on this database. The password goes by the environment, where other users cannot read it."""
    target = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    secret = {"PGPASSWORD": str(url.password)} if url.password else {}
    _run(program, [f"--dbname={target}", *arguments], secret, StoreError(trouble))


def _run(program: str, arguments: Sequence[str], environment: dict[str, str], trouble: Exception) -> None:
    path = shutil.which(program)
    if path is None:
        raise ConfigurationError(
            f"{program} is not on PATH: install PostgreSQL's client programs, of the server's version or later"
        )
    line = [path, *arguments]
    ended = subprocess.run(line, env=os.environ | environment, capture_output=True, check=False)  # noqa: S603 - no shell, our words
    if ended.returncode:
        raise trouble from RuntimeError(ended.stderr.decode("utf-8", "replace").strip()[-500:])
