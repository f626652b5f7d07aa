"""Sealing: each entry of the journal that was committed gets its place, in batches, for good.

Entries are inserted in any order and without a lock; what gives them their order is this, afterwards. However many processes try,
one seals at a time, and each batch is one commit: whoever is killed, or wakes up late, has changed nothing or a whole batch.
"""

from postern.actions.frame import Frame
from postern.ports import Clock
from postern.storage.seals import seal_batch
from postern.storage.store import Store

_BATCHES = 200  # in one go; the next turn of the timetable goes on


def seal_journal(store: Store, frame: Frame, clock: Clock) -> None:
    """Seal what waits. A full run is many short commits, so that mails come in between."""
    for _ in range(_BATCHES):
        if seal_once(store, frame, clock) < frame.limits.seal_batch:
            return


def seal_once(store: Store, frame: Frame, clock: Clock) -> int:
    """One batch. Answers how many marks were taken away."""
    now = clock.now()
    return store.write(lambda transaction: seal_batch(transaction, now, frame.limits.seal_batch)).result()
