"""What becomes of sessions and sign-in mails by themselves: those whose time is over are taken away."""

from datetime import timedelta

from postern.actions.frame import Frame
from postern.errors import StoreError
from postern.ports import Clock
from postern.storage.sessions import forget_sessions, forget_sign_ins
from postern.storage.store import Store

_SIGN_INS_KEPT = timedelta(days=1)  # for as long as it matters how many were asked for, and a little


def keep_sessions(store: Store, frame: Frame, clock: Clock) -> str | None:
    """As a task of the timetable. Answers a line for the log."""
    now, limits = clock.now(), frame.limits
    unseen_since, made_before = now - timedelta(hours=limits.session_idle_hours), now - timedelta(days=limits.session_days)
    ended = store.write(lambda transaction: forget_sessions(transaction, unseen_since, made_before)).result()
    gone = 1
    while gone:
        gone, blobs = store.write(lambda transaction: forget_sign_ins(transaction, now - _SIGN_INS_KEPT)).result()
        for blob in blobs:
            _remove(store, blob)
    return f"{ended} sessions have ended" if ended else None


def _remove(store: Store, blob: str) -> None:
    """One that stays lies without a row, and is swept."""
    try:
        store.blobs.remove(blob)
    except StoreError:
        return
