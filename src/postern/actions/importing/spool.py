"""The working copy of a feed: its lines, sorted by kind, in temporary files without a name that vanish with the process.

What was checked is what is applied, even if the shop writes the file anew meanwhile, and a feed from a pipe needs no second door.
The lines stand there in the clear, readable by this process alone.
"""

import errno
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import IO, Self, TypeVar

from postern.actions.importing.lines import read_record
from postern.errors import StoreError, StoreFullError
from postern.model.feed import FeedSeller, Kind, Record
from postern.model.limits import Limits

R = TypeVar("R", bound=Record)
Numbered = list[tuple[int, R]]


class Feed:
    """A feed that is being checked, or was. To be closed: ``with read_feed(...) as feed``."""

    def __init__(self, name: str, limits: Limits) -> None:
        self.name = name
        self.lines = 0
        self.limits = limits
        self._open_files = ExitStack()
        self._files: dict[Kind, IO[bytes]] = {}

    def add(self, kind: Kind, number: int, line: bytes) -> None:
        """Keep a line. Raises StoreFullError or StoreError where the temporary folder takes no more."""
        try:
            if kind not in self._files:
                file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the feed
                self._files[kind] = self._open_files.enter_context(file)
            self._files[kind].write(b"%d %b\n" % (number, line))
        except OSError as error:
            raise _explain(error) from error
        self.lines += 1

    def read(self, kind: Kind, record_type: type[R]) -> Iterator[Numbered[R]]:
        """The records of one kind in the order of the file, with their line numbers, in chunks for one transaction each."""
        file = self._files.get(kind)
        if file is None:
            return
        try:
            file.seek(0)
        except OSError as error:  # what was still in memory is written now
            raise _explain(error) from error
        yield from _chunks(self._parse(file, record_type), self.limits.feed_chunk)

    def _parse(self, file: Iterable[bytes], record_type: type[R]) -> Iterator[tuple[int, R]]:
        for kept in file:
            number, _, line = kept.partition(b" ")
            record = read_record(line.rstrip(b"\n"), self.limits)
            if not isinstance(record, record_type):
                raise StoreError("the working copy of the feed is damaged")
            yield int(number), record

    def close(self) -> None:
        self._open_files.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _chunks(records: Iterator[tuple[int, R]], maximum: int) -> Iterator[Numbered[R]]:
    chunk: Numbered[R] = []
    rows = 0
    for number, record in records:
        rows += _rows(record)
        if chunk and rows > maximum:
            yield chunk
            chunk, rows = [], _rows(record)
        chunk.append((number, record))
    if chunk:
        yield chunk


def _rows(record: Record) -> int:
    return 2 + len(record.registered_senders) if isinstance(record, FeedSeller) else 1


def _explain(error: OSError) -> StoreError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreFullError("the folder for temporary files has no room for the feed's working copy")
    return StoreError("the folder for temporary files cannot be written")
