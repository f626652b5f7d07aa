"""Imports the shop's feed: marketplaces, sellers, buyers and orders, one JSON object a line.

The whole file is read and checked first, and nothing is written if one line is bad. Then it is applied in short transactions, so
that mail goes on meanwhile; every record is written by the shop's own id, so an import that was killed is finished by running it
again. It makes no relationship and mints no alias: those come with the first need.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, TypeVar

from postern.actions.importing.lines import read_lines, read_record
from postern.actions.importing.references import Mistake, Roster, find_mistakes
from postern.actions.importing.spool import Feed
from postern.actions.importing.values import WrongValueError
from postern.errors import FeedError
from postern.model.feed import FeedBuyer, FeedOrder, FeedSeller, Kind, Record
from postern.model.people import Marketplace
from postern.storage.importing import Tally, write_buyers, write_marketplaces, write_orders, write_sellers
from postern.storage.store import Store, Transaction
from postern.storage.vault import Vault

STANDARD_INPUT = "-"
READING_NOTED = 1_000  # lines between two calls of ``noticed``

Progress = Callable[[int, int], None]
R = TypeVar("R", bound=Record)
WriteChunk = Callable[[Transaction, Vault, Sequence[R]], Tally]


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of the records, by kind."""

    tallies: Mapping[Kind, Tally] = field(default_factory=dict)

    def __getitem__(self, kind: Kind) -> Tally:
        return self.tallies.get(kind, Tally())


@contextmanager
def open_feed(name: str) -> Iterator[IO[bytes]]:
    """The file of this name, or standard input for ``-``. Raises FeedError."""
    if name == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    try:
        file = Path(name).open("rb")  # noqa: SIM115 - closed below
    except (OSError, ValueError) as error:
        raise FeedError(f"{name}: cannot be read: {getattr(error, 'strerror', None) or 'not a file name'}") from None
    with file:
        yield file


def read_feed(store: Store, name: str, file: IO[bytes], noticed: Callable[[int], None] = lambda _: None) -> Feed:
    """Read and check every line. Raises FeedError with a sentence ``NAME:LINE: what is wrong`` for each of the first mistakes.

    ``noticed`` is told now and then how many lines were read. Close the feed when it was applied.
    """
    feed = Feed(name, store.limits)
    try:
        roster = Roster()
        _require_none(feed, _gather(store, feed, file, roster, noticed))
        _require_none(feed, find_mistakes(store, feed, roster))
    except BaseException:
        feed.close()
        raise
    return feed


def import_feed(store: Store, feed: Feed, progress: Progress = lambda _done, _all: None) -> ImportResult:
    """Apply a feed that was read. ``progress`` is told after each transaction how many records of all are done."""
    tallies: dict[Kind, Tally] = {}
    done = 0
    for kind, count, tally in _apply_all(store, feed):
        tallies[kind] = tallies.get(kind, Tally()) + tally
        done += count
        progress(done, feed.lines)
    return ImportResult(tallies)


def _gather(store: Store, feed: Feed, file: IO[bytes], roster: Roster, noticed: Callable[[int], None]) -> Iterator[Mistake]:
    """Take each line into the working copy and the roster, and say which ones cannot be read by themselves."""
    number = 0
    for number, line in _reading(feed.name, read_lines(file, store.limits.feed_line)):
        try:
            record = read_record(line, store.limits)
        except WrongValueError as error:
            yield number, str(error)
        else:
            feed.add(roster.note(record), number, line)
        if number % READING_NOTED == 0:
            noticed(number)
    noticed(number)


def _reading(name: str, lines: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    try:
        yield from lines
    except OSError as error:
        raise FeedError(f"{name}: cannot be read: {error.strerror}") from None


def _require_none(feed: Feed, mistakes: Iterator[Mistake]) -> None:
    found = sorted(islice(mistakes, feed.limits.feed_mistakes))
    if found:
        raise FeedError("\n".join(f"{feed.name}:{number}: {sentence}" for number, sentence in found))


def _apply_all(store: Store, feed: Feed) -> Iterator[tuple[Kind, int, Tally]]:
    """In the order in which records need each other."""
    yield from _apply(store, feed, Kind.MARKETPLACE, Marketplace, write_marketplaces)
    yield from _apply(store, feed, Kind.SELLER, FeedSeller, write_sellers)
    yield from _apply(store, feed, Kind.BUYER, FeedBuyer, write_buyers)
    yield from _apply(store, feed, Kind.ORDER, FeedOrder, write_orders)


def _apply(
    store: Store, feed: Feed, kind: Kind, record_type: type[R], write_chunk: WriteChunk[R]
) -> Iterator[tuple[Kind, int, Tally]]:
    for chunk in feed.read(kind, record_type):
        records = [record for _, record in chunk]
        yield kind, len(records), _write(store, write_chunk, records)


def _write(store: Store, write_chunk: WriteChunk[R], records: Sequence[R]) -> Tally:
    return store.write(lambda transaction: write_chunk(transaction, store.vault, records)).result()
