"""What the store says of this moment: looked up when it is asked for, and not more often than every few seconds.

A destination is named only where it is a large provider's; the domain of a person or a small firm would name them.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from postern.actions.keep_queue import find_paused, tell_destinations
from postern.errors import PosternError
from postern.mail.providers import is_public
from postern.ports import Clock
from postern.storage.seals import find_last_position
from postern.storage.store import Look, Reader
from postern.storage.threads import count_held
from postern.storage.timetable import list_last_runs

LOOK_SECONDS = 5.0
OTHERS = "others"


@dataclass(slots=True)
class _Waiting:
    deliveries: int = 0
    oldest_seconds: float = 0.0
    overdue_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Standing:
    """One look. ``readable`` is false where the store gave no answer: then nothing else is told."""

    readable: bool
    waiting: Mapping[str, _Waiting] = field(default_factory=dict)
    paused: bool = False
    held: int = 0
    sealed: int = 0
    task_runs: Mapping[str, datetime] = field(default_factory=dict)


class StandingCollector(Collector):
    """Answers with what was seen at the last look."""

    def __init__(self, reader: Reader, clock: Clock) -> None:
        self._reader, self._clock = reader, clock
        self._lock = Lock()
        self._looked_at = -LOOK_SECONDS
        self._standing = Standing(readable=False)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Everything, for one collection."""
        standing = self._look()
        yield _gauge("postern_store_readable", "1 where the store answers.", float(standing.readable))
        if standing.readable:
            yield from _of_queue(standing)
            yield _gauge("postern_held_messages", "Messages that wait for a person's decision.", standing.held)
            yield _gauge("postern_sealed_entries", "Entries of the record that are sealed.", standing.sealed)
            yield from _of_tasks(standing)

    def _look(self) -> Standing:
        with self._lock:
            if time.monotonic() - self._looked_at >= LOOK_SECONDS:
                try:
                    with self._reader.look() as look:
                        self._standing = see(look, self._clock.now())
                except PosternError:
                    self._standing = Standing(readable=False)
                self._looked_at = time.monotonic()
            return self._standing


def see(look: Look, now: datetime) -> Standing:
    """How everything stands now."""
    runs = {name: began_at for name, began_at in list_last_runs(look).items() if began_at}
    return Standing(
        readable=True,
        waiting=_waiting(look, now),
        paused=find_paused(look).everywhere,
        held=count_held(look),
        sealed=find_last_position(look),
        task_runs=runs,
    )


def _waiting(look: Look, now: datetime) -> Mapping[str, _Waiting]:
    by_name: defaultdict[str, _Waiting] = defaultdict(_Waiting)
    for row in tell_destinations(look):
        domain = str(row["domain"] or "")
        known = by_name[domain if is_public(domain) else OTHERS]
        known.deliveries += int(str(row["deliveries"]))
        known.oldest_seconds = max(known.oldest_seconds, _age(str(row["oldest_queued_at"]), now))
        known.overdue_seconds = max(known.overdue_seconds, _age(str(row["next_due_at"]), now))
    return by_name


def _age(moment: str, now: datetime) -> float:
    return max(0.0, (now - datetime.fromisoformat(moment)).total_seconds())


def _of_queue(standing: Standing) -> Iterator[GaugeMetricFamily]:
    deliveries = GaugeMetricFamily("postern_queue_deliveries", "Deliveries that wait.", labels=["destination"])
    oldest = GaugeMetricFamily("postern_queue_oldest_seconds", "How long the oldest of them has waited.", labels=["destination"])
    overdue = GaugeMetricFamily(
        "postern_queue_overdue_seconds", "For how long one has been due without being tried.", labels=["destination"]
    )
    for name, one in standing.waiting.items():
        deliveries.add_metric([name], one.deliveries)
        oldest.add_metric([name], one.oldest_seconds)
        overdue.add_metric([name], one.overdue_seconds)
    yield from (deliveries, oldest, overdue)
    yield _gauge("postern_queue_paused", "1 while all outgoing mail is paused.", float(standing.paused))


def _of_tasks(standing: Standing) -> Iterator[GaugeMetricFamily]:
    tasks = GaugeMetricFamily(
        "postern_task_began_timestamp_seconds", "When each task of the timetable began last.", labels=["task"]
    )
    for name, began_at in standing.task_runs.items():
        tasks.add_metric([name], began_at.timestamp())
    yield tasks


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, value)
