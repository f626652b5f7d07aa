"""The store: ``keep`` a change, ``write`` a transaction, ``look`` things up."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection

from postern.model.limits import Limits
from postern.ports import Blobs
from postern.storage.change import Change, Outcome
from postern.storage.engine import READERS, open_reader, open_writer, read_url, translated_errors
from postern.storage.vault import Vault
from postern.storage.writer import Writer

POSTGRESQL_WRITERS = 2
Transaction = Connection  # what a function given to ``write`` gets, by the name that other rooms know it
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Look:
    """One read transaction, with what opens sealed values and blobs. Every shelf takes it first."""

    connection: Connection
    vault: Vault
    blobs: Blobs


class Reader:
    """Read-only access: all that a pool process has."""

    def __init__(self, url: str, vault: Vault, blobs: Blobs, connections: int = READERS) -> None:
        self.vault = vault
        self.blobs = blobs
        self._engine = open_reader(read_url(url), connections)

    @contextmanager
    def look(self) -> Iterator[Look]:
        """A short read transaction. Raises StoreError when the store does not answer."""
        with translated_errors(), self._engine.connect() as connection:
            yield Look(connection, self.vault, self.blobs)

    def close(self) -> None:
        self._engine.dispose()


class Store(Reader):
    """Reading and writing. On SQLite one writer; on PostgreSQL a few, and changes of one seller go through the same one."""

    def __init__(self, url: str, vault: Vault, blobs: Blobs, limits: Limits) -> None:
        parsed = read_url(url)
        self.limits = limits
        self.writing_engine = open_writer(parsed)
        writers = 1 if parsed.drivername == "sqlite" else POSTGRESQL_WRITERS
        self._writers = [Writer(self.writing_engine, limits.batch, f"writer-{number}") for number in range(writers)]
        super().__init__(url, vault, blobs)

    def keep(self, change: Change) -> Future[Outcome]:
        """Commit the change, in a batch with others. Answers Kept or Stale; raises StoreError: nothing was written."""
        return self._writers[change.seller_id % len(self._writers)].keep(change)

    def write(self, function: Callable[[Connection], T]) -> Future[T]:
        """One transaction of its own, for everything that is no change. The function's exception is the future's."""
        return self._writers[-1].write(function)

    def close(self) -> None:
        """Finish what was asked, then close all connections."""
        for writer in self._writers:
            writer.close()
        self.writing_engine.dispose()
        super().close()
