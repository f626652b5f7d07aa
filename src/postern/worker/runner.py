"""The worker: takes what is due from the queue and hands it to the courier, many at once, until it is told to stop.

It decides nothing: claims, outcomes and retries are ``actions.deliver_mail``; where there is room is ``destinations``. A mail
that has just been kept may come aboard at once, leased since its first moment, without a look at the queue. While an attempt
runs, its lease is renewed, so a lease may be short and the mails of a worker that died are soon somebody else's.
"""

import asyncio
import contextlib
import logging
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from postern.actions.deliver_mail import Parcel, Sign, claim_deliveries, give_up, lease_new, open_parcel, settle
from postern.actions.frame import Frame
from postern.errors import PosternError, StoreError
from postern.model.delivery import Claim, Deferred, Delivered, Failed, Outcome
from postern.model.identifier import show
from postern.ports import Clock, Courier, Ready
from postern.storage.change import Change, Kept, Write
from postern.storage.deliveries import Delivery, Postponed, delivery_in, mark_host, postpone, renew
from postern.storage.store import Store, Transaction
from postern.worker.destinations import NEWCOMER, Destinations
from postern.worker.handed_over import HandedOver, Notes
from postern.worker.turns import Turns

POLL_SECONDS = 1.0  # for what other processes queue, and for what becomes due
LONGEST_PAUSE = 30.0  # seconds between two tries to settle while the store is away
POSTPONED_AT_ONCE = 500  # deliveries in one transaction
_SETTLING_TRIES = 120  # about an hour
_LAST_TRIES = 5  # once told to stop: about half a minute
T = TypeVar("T")
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Boarding:
    """Deliveries of a change that is not kept yet, with a place for each; ``change`` has them leased."""

    change: Change
    deliveries: tuple[Delivery, ...]
    parcels: Mapping[UUID, Parcel] = field(repr=False)


class Runner:
    """Keeps more mails under way than there are connections: some are opened and signed while others travel."""

    def __init__(  # noqa: PLR0913 - what it needs of the world, each once
        self, store: Store, courier: Courier, clock: Clock, frame: Frame, sign: Sign, notes: Notes, *, one_hop: bool
    ) -> None:
        self._store, self._courier, self._clock, self._frame, self._sign = store, courier, clock, frame, sign
        self._notes = notes
        self._one_hop = one_hop
        self._slots = frame.limits.under_way
        width = self._slots if one_hop else 2 * frame.limits.connections
        self._destinations = Destinations(width, one_hop=one_hop)
        self._under_way: dict[UUID, tuple[Delivery, asyncio.Task[None]]] = {}
        self._boarding = 0
        self._octets = 0
        self._waiting = True  # something may wait in the queue that is due
        self._turns = Turns(trusting=one_hop)
        self._wake = asyncio.Event()
        self._stopping = False
        self._running: asyncio.Task[None] | None = None
        self._postponing: set[asyncio.Task[None]] = set()

    def notice(self) -> None:
        """Something waits in the queue: look now."""
        self._waiting = True
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

    # ---- What has just been kept

    @property
    def has_room(self) -> bool:
        """Whether a mail that comes now could leave at once: nothing waits that came before it."""
        return not self._stopping and not self._waiting and self._free > 0

    def board(self, change: Change, parcels: Mapping[UUID, Parcel]) -> Boarding | None:
        """Places for the deliveries of a change that will be kept now; None where they have to queue up."""
        new = [delivery_in(row) for row in change.rows if row.write is Write.ADD_DELIVERY]
        fits = new and self.has_room and len(new) <= self._free
        if not fits or not all(self._destinations.has_room(one.destination) for one in new):
            return None
        leased, deliveries = lease_new(self._frame, change, self._clock.now())
        self._boarding += len(deliveries)
        return Boarding(leased, deliveries, parcels)

    def leave(self, boarding: Boarding, *, kept: bool) -> None:
        """Carry them now that they are kept, or give their places back."""
        self._boarding -= len(boarding.deliveries)
        for delivery in boarding.deliveries if kept and not self._stopping else ():
            self._take(delivery, boarding.parcels.get(delivery.id))

    # ---- What waits in the queue

    async def run(self) -> None:
        """Work until stopped. A store that is away is asked again; nothing that happens to one mail stops the others."""
        renewing = asyncio.create_task(self._renew_leases())
        try:
            quiet = True
            while not self._stopping:
                if quiet or self._waiting:
                    await self._fill_slots(at_any_rate=quiet)
                quiet = not await self._woken()
            if self._under_way:
                await asyncio.wait([task for _, task in self._under_way.values()])
        finally:
            renewing.cancel()
            for task in self._postponing:
                task.cancel()

    async def _woken(self) -> bool:
        """Whether somebody called, or a whole poll went by without anything happening."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
        woken = self._wake.is_set()
        self._wake.clear()
        return woken

    @property
    def _free(self) -> int:
        """How many more may be under way; none while those that are hold too many octets."""
        if self._octets >= self._frame.limits.octets_under_way:
            return 0
        return self._slots - len(self._under_way) - self._boarding

    async def _fill_slots(self, *, at_any_rate: bool) -> None:
        """Claim many at a time, for a claim is a commit; at any rate a few, lest hosts that do not answer hold up the others."""
        free = min(self._free, self._frame.limits.claim)
        if free <= 0 or (free < min(self._slots // 2, self._frame.limits.claim) and not at_any_rate):
            return
        claim = self._claim(free)
        if claim is None:
            return
        now = self._clock.now()
        try:
            claimed = await self._write(lambda transaction: claim_deliveries(transaction, self._frame, now, claim))
        except StoreError as error:
            _log.warning("the queue cannot be read: %s", error)
            return
        for delivery in claimed:
            self._take(delivery)
        self._waiting = bool(claimed) or claim.only_given_up
        if claimed:
            self._wake.set()

    def _claim(self, free: int) -> Claim | None:
        """One next hop that rests gets nothing, and afterwards a few at first; of many destinations each gets its share."""
        destinations = self._destinations
        if not self._one_hop:
            return Claim(
                free,
                each=NEWCOMER,
                each_trusted=destinations.width,
                full=destinations.full(),
                resting=destinations.resting(),
                trusted=destinations.trusted(),
            )
        if destinations.rests():
            return Claim(free, only_given_up=True)
        room = destinations.room()
        return Claim(min(free, room)) if room > 0 else None

    def _take(self, delivery: Delivery, parcel: Parcel | None = None) -> None:
        """Start an attempt. One that is under way here already lost its lease while the store was away: it goes on under the new
        one, for a second attempt beside it would send a copy.
        """
        known = self._under_way.get(delivery.id)
        if known is None:
            self._destinations.begin(delivery.destination)
            self._octets += delivery.size
        task = known[1] if known else asyncio.create_task(self._deliver(delivery, parcel))
        self._under_way[delivery.id] = (delivery, task)

    # ---- One delivery

    async def _deliver(self, delivery: Delivery, parcel: Parcel | None) -> None:
        outcome: Outcome | None = None
        try:
            outcome, slot = await self._hand_over(delivery, parcel)
            self._learn(delivery, outcome)
            if await self._settle(delivery, outcome) and slot is not None:
                self._notes.forget(slot)
        except Exception as error:  # noqa: BLE001 - the lease runs out, and the mail is tried again: it is never lost
            _log.error("delivery %s ended in an error of ours: %s", show("dlv", delivery.id), _place(error))
        finally:
            if outcome is None:
                self._learn(delivery, None)
            self._octets -= delivery.size
            del self._under_way[delivery.id]
            self._wake.set()

    async def _hand_over(self, delivery: Delivery, parcel: Parcel | None) -> tuple[Outcome, int | None]:
        """One attempt. A mail that was taken is noted before another one's turn comes."""
        turn = self._turns.next(self._destinations.name(delivery.destination))
        try:
            outcome = await self._attempt(delivery, parcel, turn.ready)
            turn.answered()
            return outcome, self._note(delivery, outcome)
        finally:
            turn.end()

    def _note(self, delivery: Delivery, outcome: Outcome) -> int | None:
        held, _ = self._under_way[delivery.id]  # under whatever lease it is by now
        if not isinstance(outcome, Delivered) or held.lease is None:
            return None
        try:
            return self._notes.note(HandedOver(delivery.id, held.lease, outcome))
        except StoreError as error:
            _log.warning("%s", error)
            return None

    def _learn(self, delivery: Delivery, outcome: Outcome | None) -> None:
        """What the attempt says of its destination. One that does not answer rests, and the mails that wait for it with it."""
        seconds = self._destinations.end(delivery.destination, outcome)
        if seconds and not self._one_hop and not self._stopping:
            task = asyncio.create_task(self._postpone(delivery.destination, seconds))
            self._postponing.add(task)
            task.add_done_callback(self._postponing.discard)

    async def _postpone(self, destination: bytes, seconds: float) -> None:
        now = self._clock.now()
        wanted = Postponed(destination, now + timedelta(seconds=seconds), now - timedelta(days=self._frame.limits.retry_days))
        with contextlib.suppress(StoreError):  # it only saves looking at them in vain
            postponed = POSTPONED_AT_ONCE
            while postponed == POSTPONED_AT_ONCE:
                postponed = await self._write(lambda transaction: postpone(transaction, wanted, now, POSTPONED_AT_ONCE))

    async def _attempt(self, delivery: Delivery, parcel: Parcel | None, ready: Ready) -> Outcome:
        try:
            if self._destinations.rests(delivery.destination) and (given_up := give_up(self._frame, delivery, self._clock.now())):
                return given_up
            opened = await asyncio.to_thread(self._open, delivery) if parcel is None else parcel
            if not isinstance(opened, Parcel):
                return opened
            return await self._courier.send(opened.return_path, opened.recipient, opened.content, ready, self._bond(delivery))
        except PosternError as error:  # the store or a blob cannot be reached now, or a key does not open
            _log.warning("delivery %s waits: %s", show("dlv", delivery.id), error)
            return Deferred(0, "4.3.0", str(error))
        except Exception as error:  # noqa: BLE001 - deferred like any other trouble: less often each time, and not for ever
            _log.error("an attempt of %s ended in an error of ours: %s", show("dlv", delivery.id), _place(error))
            return Deferred(0, "4.3.0", "an error of ours, which the log tells")

    def _bond(self, delivery: Delivery) -> Callable[[str], bool] | None:
        """Which host alone may be tried, after a reply that was lost."""
        bound = delivery.bound_host
        return None if bound is None else lambda host: mark_host(self._store.vault, host) == bound

    def _open(self, delivery: Delivery) -> Parcel | Failed:
        with self._store.look() as look:
            return open_parcel(look, self._frame, delivery, self._sign, self._clock.now())

    async def _settle(self, delivery: Delivery, outcome: Outcome) -> bool:
        """Write the outcome. While the store is away it is kept in hand: a mail that was delivered must not go out again. False
        where it could not be written for so long that it is left to the next start, or to the next attempt.
        """
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
                    return True
        _log.error("delivery %s could not be settled: it will be tried again", show("dlv", delivery.id))
        return False

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

    async def _write(self, function: Callable[[Transaction], T]) -> T:
        return await asyncio.wrap_future(self._store.write(function))


def _place(error: Exception) -> str:
    """The kind of an error and where it happened, for the log; its words stay out, for they may hold an address."""
    return type(error).__name__ + "\n" + "".join(traceback.format_tb(error.__traceback__))
