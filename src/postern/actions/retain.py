"""Keeping what must be kept, and no longer: what a run would take away, and the run itself, which the timetable calls.

A run goes through the classes in their order, in small transactions, beside everything else that writes; it finishes erasures
whose hold has ended, and takes away blobs that no row needs. What it took away is counted in the journal; no more is said of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from postern.actions.erase_person import run_erasures
from postern.actions.frame import Frame
from postern.model.journal import Value
from postern.model.retention import Retention, RetentionClass
from postern.ports import Clock
from postern.storage.change import Change
from postern.storage.erasure import cut_log
from postern.storage.forgetting import blobs_with_rows, remove_blobs
from postern.storage.journal import journal_row
from postern.storage.legal_holds import find_held
from postern.storage.retention import Cursor, find_page, forget_page, mark_done
from postern.storage.schema import HOUSE
from postern.storage.store import Reader, Store

ORPHANED_AFTER = timedelta(hours=24)  # a blob is written before its row: a younger one may be waiting for it
_PREVIEWED_AT_ONCE = 1_000
_SWEPT_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Due:
    """What would go of one class."""

    kind: RetentionClass
    count: int
    oldest: datetime | None


def preview_retention(reader: Reader, retention: Retention, at: datetime) -> list[Due]:
    """What a run at this moment would take away, if nothing is added and no hold is placed or ended until then."""
    return [_preview(reader, kind, retention.cutoff(kind, at), at) for kind in RetentionClass]


def run_retention(store: Store, frame: Frame, clock: Clock) -> str | None:
    """Take away what has been kept long enough. Answers one sentence for the log, or None where there was nothing to do."""
    now = clock.now()
    erased = run_erasures(store, clock)
    counts = {kind: _run(store, frame.retention, kind, now) for kind in RetentionClass}
    swept = sweep_blobs(store, now)
    if any(counts.values()):
        values: dict[str, Value] = {kind.value: count for kind, count in counts.items()}
        store.keep(Change(HOUSE, (journal_row("retention-ran", now, values, seller_id=HOUSE),))).result()
    cut_log(store.writing_engine)
    told = [f"{count} {kind}" for kind, count in counts.items() if count]
    told += [f"{erased} erasures that waited"] if erased else []
    told += [f"{swept} blobs without a row"] if swept else []
    return f"kept long enough, and gone: {', '.join(told)}" if told else None


def sweep_blobs(store: Store, now: datetime) -> int:
    """Take away the blobs that no row needs, of which some crash was the cause. Answers how many."""
    old = (name for name, written_at in store.blobs.names() if written_at < now - ORPHANED_AFTER)
    count = 0
    for names in _portions(old):
        with store.look() as look:
            needed = blobs_with_rows(look, names)
        orphans = [name for name in names if name not in needed]
        remove_blobs(store.blobs, orphans)
        count += len(orphans)
    return count


def _portions(names: Iterator[str]) -> Iterator[list[str]]:
    while portion := list(islice(names, _SWEPT_AT_ONCE)):
        yield portion


def _preview(reader: Reader, kind: RetentionClass, cutoff: datetime | None, at: datetime) -> Due:
    count, oldest = 0, None
    after: Cursor | None = None
    while cutoff:
        with reader.look() as look:
            page = find_page(look.connection, kind, cutoff, find_held(look.connection, at), after, _PREVIEWED_AT_ONCE)
        count += len(page.due)
        oldest = oldest or (page.due[0]["moment"] if page.due else None)
        after = page.after
        if after is None:
            break
    return Due(kind, count, oldest)


def _run(store: Store, retention: Retention, kind: RetentionClass, now: datetime) -> int:
    count, kept_back_at = 0, None
    after: Cursor | None = None
    while True:
        step = store.write(partial(forget_page, kind=kind, retention=retention, now=now, after=after)).result()
        remove_blobs(store.blobs, step.blobs)
        count += step.count
        kept_back_at = kept_back_at or step.kept_back_at
        after = step.after
        if after is None:
            break
    done_before = kept_back_at or retention.cutoff(kind, now)
    if done_before:
        store.write(partial(mark_done, kind=kind, done_before=done_before)).result()
    return count
