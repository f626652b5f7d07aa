"""What calls are answered with: the store, the frame, and what this process remembers of each key."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import TypeVar
from uuid import UUID

from postern.actions.frame import Frame
from postern.model.api_key import ApiKey
from postern.ports import Clock
from postern.storage.api_keys import note_uses
from postern.storage.store import Store

_WINDOW = 60.0  # seconds
_REMEMBERED = 10_000  # keys
_NOTED_EVERY = timedelta(hours=1)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Left:
    """What a key has left of its minute. ``allowed`` says whether this very call was still within it."""

    calls: int
    seconds: int
    allowed: bool


@dataclass(slots=True)
class _Minute:
    began: float
    calls: int = 0


@dataclass(slots=True)
class Turnstile:
    """Counts the calls of each key by the minute, in this process. It remembers so many keys, the latest."""

    maximum: int
    _minutes: "OrderedDict[UUID, _Minute]" = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def pass_through(self, key_id: UUID) -> Left:
        """Count one call."""
        now = time.monotonic()
        with self._lock:
            minute = self._minutes.pop(key_id, None)
            if minute is None or now - minute.began >= _WINDOW:
                minute = _Minute(now)
            minute.calls += 1
            self._minutes[key_id] = minute
            if len(self._minutes) > _REMEMBERED:
                self._minutes.popitem(last=False)
        left = max(0, self.maximum - minute.calls)
        return Left(left, max(1, round(_WINDOW - (now - minute.began))), allowed=minute.calls <= self.maximum)


@dataclass(slots=True)
class Uses:
    """Tells the store when keys were last used: at most once an hour for each, and nobody waits for it."""

    _noted: dict[UUID, datetime] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def note(self, store: Store, key: ApiKey, now: datetime) -> None:
        if key.last_used_at is not None and now - key.last_used_at < _NOTED_EVERY:
            return
        with self._lock:
            if key.id in self._noted and now - self._noted[key.id] < _NOTED_EVERY:
                return
            if len(self._noted) >= _REMEMBERED:
                self._noted.clear()
            self._noted[key.id] = now
        store.write(lambda transaction: note_uses(transaction, {key.id: now}))


@dataclass(frozen=True, slots=True)
class Office:
    """One installation as the API sees it."""

    store: Store
    frame: Frame
    clock: Clock
    turnstile: Turnstile
    threads: ThreadPoolExecutor  # of the API alone: however many calls are slow, mail and pages do not wait for them
    uses: Uses = field(default_factory=Uses)
    importing: asyncio.Lock = field(default_factory=asyncio.Lock)  # one feed at a time: each takes a core

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        """The function's answer, from a thread."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, function, *arguments)


def open_office(store: Store, frame: Frame, clock: Clock) -> Office:
    threads = ThreadPoolExecutor(frame.limits.api_threads, thread_name_prefix="api")
    return Office(store, frame, clock, Turnstile(frame.limits.api_calls), threads)
