"""Connections: how each store is opened, for its writer and for readers, and what its errors mean.

Python's own sqlite3 opens transactions by rules of its own, which lets a released savepoint survive the outer rollback; here its
rules are off (``isolation_level=None``) and our begin event says BEGIN IMMEDIATE or BEGIN.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, event, exc, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from postern.errors import ConfigurationError, StoreAwayError, StoreError, StoreFullError

READ_SECONDS = 5  # for one statement of a reader on PostgreSQL; SQLite answers from its file
LOCK_WAIT_SECONDS = 5  # so that a locked store is answered 451 within 10 seconds
READERS = 8
_FULL = ("database or disk is full", "No space left on device", "could not extend file")
_SQLSTATE_ENTANGLED = ("40001", "40P01")  # serialization failure, deadlock
_SQLSTATE_FULL = ("53100", "53200")  # disk full, out of memory


def read_url(text_: str) -> URL:
    """The store's URL. Raises ConfigurationError for anything but the two stores there are."""
    try:
        url = make_url(text_)
    except exc.ArgumentError:
        raise ConfigurationError("store.url: not a URL such as sqlite:///data/postern.db") from None
    if url.drivername not in ("sqlite", "postgresql+psycopg"):
        raise ConfigurationError("store.url: must begin with sqlite:/// or postgresql+psycopg://")
    if url.drivername == "sqlite" and url.database in (None, "", ":memory:"):
        raise ConfigurationError("store.url: SQLite needs a file: what is kept in memory is lost with the process")
    return url


def open_writer(url: URL) -> Engine:
    """The engine for writing: on SQLite one connection, whose transactions begin as the only writer."""
    if url.drivername == "sqlite":
        return _open_sqlite(url, begin="BEGIN IMMEDIATE", pragmas=_WRITER_PRAGMAS, connections=1)
    return _open_postgresql(url, connections=5, options="")


def open_reader(url: URL, connections: int = READERS) -> Engine:
    """The engine for reading: it cannot write, whatever it is asked."""
    if url.drivername == "sqlite":
        return _open_sqlite(url, begin="BEGIN", pragmas=_READER_PRAGMAS, connections=connections)
    # A transaction that only looks also never waits for a lock of a writer.
    return _open_postgresql(
        url, connections=connections, options=f"-c default_transaction_read_only=on -c statement_timeout={READ_SECONDS}s"
    )


_SHARED_PRAGMAS = ("PRAGMA temp_store=MEMORY", "PRAGMA foreign_keys=ON", "PRAGMA cache_size=-16000")
_WRITER_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # a commit that was answered survives a power cut
    "PRAGMA secure_delete=ON",  # erased rows leave no traces in free pages
    "PRAGMA journal_size_limit=67108864",
    *_SHARED_PRAGMAS,
)
_READER_PRAGMAS = ("PRAGMA query_only=ON", *_SHARED_PRAGMAS)


def _open_sqlite(url: URL, *, begin: str, pragmas: tuple[str, ...], connections: int) -> Engine:
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,  # an error's text must not carry what a row holds
        connect_args={"isolation_level": None, "timeout": LOCK_WAIT_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin_ourselves(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _open_postgresql(url: URL, *, connections: int, options: str) -> Engine:
    limits = f"-c lock_timeout={LOCK_WAIT_SECONDS}s -c idle_in_transaction_session_timeout=30s"
    return create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"options": f"{limits} {options}".strip(), "connect_timeout": LOCK_WAIT_SECONDS},
    )


def require_durable(engine: Engine) -> None:
    """Refuse a PostgreSQL that may forget what it has answered. Raises ConfigurationError."""
    if engine.dialect.name != "postgresql":
        return
    with translated_errors(), engine.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            if connection.execute(text(f"SHOW {setting}")).scalar_one() == "off":
                raise ConfigurationError(f"store.url: this PostgreSQL runs with {setting}=off and could lose accepted mail")


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn what the drivers raise when the store is away, locked, full or broken into our errors."""
    try:
        yield
    except (exc.IntegrityError, exc.DataError):
        raise  # about one row, not about the store
    except exc.TimeoutError:
        raise StoreError("all connections to the store are busy") from None
    except UnicodeDecodeError:  # SQLite's own sentence about a damaged schema, in which the damage stands
        raise StoreAwayError("the store does not answer: its file is damaged") from None
    except exc.DBAPIError as error:
        sqlstate = getattr(error.orig, "sqlstate", None)
        if sqlstate in _SQLSTATE_ENTANGLED:
            raise  # about this batch: alone, each change will pass
        full = sqlstate in _SQLSTATE_FULL or any(words in str(error.orig) for words in _FULL)
        if full:
            raise StoreFullError("the store has no room left") from error
        raise StoreAwayError("the store does not answer") from error
