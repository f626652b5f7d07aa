"""What the entries' digests are by what the entries say now: the greater part of the work of verifying.

It depends on nothing but each entry by itself, so of a large record it is done in processes beside this one, which see no store
and no key. Whatever follows from the order stays with the one who walks.
"""

import json
import os
import struct
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context

from postern.model.journal import digest_entry, digest_kept_fields
from postern.storage.audit import Place

# What a value of another kind, size or form brings about: SQLite keeps anything in any column.
UNREADABLE = (ValueError, TypeError, AttributeError, OverflowError, RecursionError, struct.error)
_WORTH_IT = 100_000  # entries; for fewer, starting processes takes longer than they save
_MOST = 2  # more would wait for the one who walks
_AHEAD = 3  # pages for each process, so that none waits


# Plain tuples, for they travel between processes; nothing of them is believed. Octets of the entry, the seller, octets of pair
# and message, the kind, microseconds since 1970, the fields as they are kept.
Content = tuple[bytes, int, bytes | None, bytes | None, str, int, str]
Digested = tuple[bytes | None, int]  # the digest, None for what cannot be read; and how many of the entry's values are withheld
Page = tuple[list[Place], list[Digested]]


def processes_for(entries: int) -> int:
    """How many processes to start for so many entries."""
    return min(_MOST, (os.cpu_count() or 1) - 1) if entries >= _WORTH_IT else 0


def with_digests(pages: Iterable[list[Place]], processes: int) -> Iterator[Page]:
    """Each page with the digests of its entries, in order; the same whoever computes them."""
    if not processes:
        for places in pages:
            yield places, digest_all(_contents(places))
        return
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        begun: deque[tuple[list[Place], Future[list[Digested]]]] = deque()
        for places in pages:
            begun.append((places, pool.submit(digest_all, _contents(places))))
            if len(begun) > processes * _AHEAD:
                yield _end(begun.popleft())
        while begun:
            yield _end(begun.popleft())


def digest_all(contents: Sequence[Content]) -> list[Digested]:
    return [_digest(one) for one in contents]


def _digest(content: Content) -> Digested:
    entry, seller, relationship, message, kind, happened_at, fields = content
    try:
        digests, withheld = digest_kept_fields(json.loads(fields))
        return digest_entry((entry, seller, relationship, message), kind, happened_at, digests), withheld
    except UNREADABLE:
        return None, 0


def _contents(places: Iterable[Place]) -> list[Content]:
    return [
        (one.entry_id, one.seller_id, one.relationship_id, one.message_id, one.kind, one.happened_at, one.fields)
        for one in places
    ]


def _end(begun: tuple[list[Place], Future[list[Digested]]]) -> Page:
    places, digests = begun
    return places, digests.result()
