"""The worker: takes what is due from the queue and hands it to the courier, many at once, until it is told to stop.

It decides nothing: claims, outcomes and retries are ``actions.deliver_mail``, and ``actions.decide_held`` says when a hold is
over. While an attempt runs, its lease is renewed, so a lease may be short and the mails of a worker that died are soon somebody
else's.
"""

import asyncio
import contextlib
import logging
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from postern.actions.decide_held import expire_holds
from postern.actions.deliver_mail import Parcel, Sign, claim_deliveries, open_parcel, settle
from postern.actions.frame import Frame
from postern.errors import PosternError, StoreError
from postern.model.delivery import Deferred, Delivered, Outcome
from postern.model.identifier import show
from postern.ports import Clock, Courier, Ready
from postern.storage.change import Change, Kept
from postern.storage.deliveries import Delivery, renew
from postern.storage.store import Store, Transaction
from postern.worker.turns import Turns

POLL_SECONDS = 1.0  # for what other processes queue, and for what becomes due
HOLDS_SECONDS = 60.0  # between two looks for held mail whose time is over
LONGEST_PAUSE = 30.0  # seconds between two tries to settle while the store is away
_SETTLING_TRIES = 120  # about an hour
_LAST_TRIES = 5  # once told to stop: about half a minute
T = TypeVar("T")
_log = logging.getLogger(__name__)


class Runner:
    """Keeps twice as many mails under way as there are connections: one half is opened and signed while the other travels."""

    def __init__(self, store: Store, courier: Courier, clock: Clock, frame: Frame, sign: Sign) -> None:
        self._store, self._courier, self._clock, self._frame, self._sign = store, courier, clock, frame, sign
        self._slots = 2 * frame.limits.connections
        self._under_way: dict[UUID, tuple[Delivery, asyncio.Task[None]]] = {}
        self._turns = Turns()
        self._wake = asyncio.Event()
        self._stopping = False
        self._running: asyncio.Task[None] | None = None

    def notice(self) -> None:
        """Something was queued, or a slot became free: look now."""
        self._wake.set()

    def start(self) -> None:
        """Begin to work, beside whatever else this loop does."""
        self._running = asyncio.create_task(self.run())

    async def ended(self) -> None:
        """Return when the work has ended; raises what ended it."""
        if self._running:
            await asyncio.shield(self._running)

    async def stop(self) -> None:
        """Claim nothing more, and return when what is under way has ended."""
        self.finish()
        if self._running:
            await asyncio.wait([self._running])

    def finish(self) -> None:
        """Claim nothing more; ``run`` returns when what is under way has ended."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Work until stopped. A store that is away is asked again; nothing that happens to one mail stops the others."""
        beside = [asyncio.create_task(work) for work in (self._renew_leases(), self._expire_holds())]
        try:
            quiet = True
            while not self._stopping:
                await self._fill_slots(at_any_rate=quiet)
                quiet = not await self._woken()
            if self._under_way:
                await asyncio.wait([task for _, task in self._under_way.values()])
        finally:
            for task in beside:
                task.cancel()

    async def _woken(self) -> bool:
        """Whether somebody called, or a whole poll went by without anything happening."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
        woken = self._wake.is_set()
        self._wake.clear()
        return woken

    async def _fill_slots(self, *, at_any_rate: bool) -> None:
        """Claim many at a time, for a claim is a commit; at any rate a few, lest hosts that do not answer hold up the others."""
        free = self._slots - len(self._under_way)
        if free == 0 or (free < self._slots // 2 and not at_any_rate):
            return
        now = self._clock.now()
        try:
            claimed = await self._write(lambda connection: claim_deliveries(connection, self._frame, now, free))
        except StoreError as error:
            _log.warning("the queue cannot be read: %s", error)
            return
        for delivery in claimed:
            self._take(delivery)
        if len(claimed) == free:
            self._wake.set()

    def _take(self, delivery: Delivery) -> None:
        """Start an attempt. One that is under way here already lost its lease while the store was away: it goes on under the new
        one, for a second attempt beside it would send a copy.
        """
        known = self._under_way.get(delivery.id)
        self._under_way[delivery.id] = (delivery, known[1] if known else asyncio.create_task(self._deliver(delivery)))

    async def _deliver(self, delivery: Delivery) -> None:
        turn = self._turns.next()
        try:
            outcome = await self._attempt(delivery, turn.ready)
            turn.answered()
            await self._settle(delivery, outcome)
        except Exception as error:  # noqa: BLE001 - the lease runs out, and the mail is tried again: it is never lost
            _log.error("delivery %s ended in an error of ours: %s", show("dlv", delivery.id), _place(error))
        finally:
            turn.end()
            del self._under_way[delivery.id]
            self._wake.set()

    async def _attempt(self, delivery: Delivery, ready: Ready) -> Outcome:
        try:
            parcel = await asyncio.to_thread(self._open, delivery)
            if not isinstance(parcel, Parcel):
                return parcel
            return await self._courier.send(parcel.return_path, parcel.recipient, parcel.content, ready)
        except PosternError as error:  # the store or a blob cannot be reached now, or a key does not open
            return Deferred(0, "4.3.0", str(error))
        except Exception as error:  # noqa: BLE001 - deferred like any other trouble: less often each time, and not for ever
            _log.error("an attempt of %s ended in an error of ours: %s", show("dlv", delivery.id), _place(error))
            return Deferred(0, "4.3.0", "an error of ours, which the log tells")

    def _open(self, delivery: Delivery) -> "Parcel | Outcome":
        with self._store.look() as look:
            return open_parcel(look, self._frame, delivery, self._sign, self._clock.now())

    async def _settle(self, delivery: Delivery, outcome: Outcome) -> None:
        """Write the outcome. While the store is away it is kept in hand: a mail that was delivered must not go out again."""
        for tries in range(_SETTLING_TRIES):
            held, _ = self._under_way[delivery.id]  # under whatever lease it is by now
            leased = replace(delivery, lease=held.lease)
            try:
                change = await self._conclude(leased, outcome)
                answer = await asyncio.wrap_future(self._store.keep(change))
            except StoreError:
                if self._stopping and tries >= _LAST_TRIES:
                    break
                await asyncio.sleep(min(2**tries, LONGEST_PAUSE))
            else:
                if isinstance(answer, Kept) or self._under_way[delivery.id][0].lease == held.lease:
                    return
        _log.error("delivery %s could not be settled: it will be tried again", show("dlv", delivery.id))

    async def _conclude(self, delivery: Delivery, outcome: Outcome) -> Change:
        """What to write; only a delivery that did not succeed needs to look anything up."""
        if isinstance(outcome, Delivered):
            return settle(None, self._frame, delivery, outcome, self._clock.now())

        def conclude() -> Change:
            with self._store.look() as look:
                return settle(look, self._frame, delivery, outcome, self._clock.now())

        return await asyncio.to_thread(conclude)

    async def _renew_leases(self) -> None:
        while True:
            await asyncio.sleep(self._frame.limits.lease_seconds / 3)
            held = [(delivery.id, delivery.lease) for delivery, _ in self._under_way.values() if delivery.lease]
            until = self._clock.now() + timedelta(seconds=self._frame.limits.lease_seconds)
            if held:
                await self._renew(held, until)

    async def _renew(self, held: list[tuple[UUID, UUID]], until: datetime) -> None:
        try:
            await self._write(lambda connection: renew(connection, held, until))
        except StoreError as error:
            _log.warning("leases cannot be renewed: %s", error)

    async def _expire_holds(self) -> None:
        """What nobody decided in time is refused, and its author told by a notice that waits in the queue like any other."""
        while True:
            try:
                count = await asyncio.to_thread(expire_holds, self._store, self._frame, self._clock.now())
            except PosternError as error:
                _log.warning("held mail cannot be looked through: %s", error)
                count = 0
            if count:
                self._wake.set()
            else:
                await asyncio.sleep(HOLDS_SECONDS)

    async def _write(self, function: Callable[[Transaction], T]) -> T:
        return await asyncio.wrap_future(self._store.write(function))


def _place(error: Exception) -> str:
    """The kind of an error and where it happened, for the log; its words stay out, for they may hold an address."""
    return type(error).__name__ + "\n" + "".join(traceback.format_tb(error.__traceback__))
