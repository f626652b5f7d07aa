"""What a kill costs: senders write, `serve` is killed or stopped again and again, and at the end every mail is accounted for."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median

from sqlalchemy import select, text

from postern.settings import load_settings
from postern.storage.engine import open_writer, read_url
from postern.storage.schema import message
from postern.storage.threads import find_message
from postern.wiring import build_house
from tests.market import Way
from tests.senders import Account, Sender, busy
from tests.serving import Installation, Served
from tests.sink import MARK, Arrivals, Sink

DRAIN_SECONDS = 90
TAKING_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Toll:
    """The account of one run. ``with_two_names`` are mails of which two copies differ in Message-ID or Date, ``doubled`` those
    that the record shows twice. ``ready_after`` holds the time from each start to the 220, in seconds.
    """

    ends: int
    taken: int
    repeated: int
    lost: tuple[str, ...]
    refused: tuple[str, ...]
    extra_copies: int
    most_extra_copies_of_a_mail: int
    with_two_names: tuple[str, ...]
    doubled: tuple[str, ...]
    messages: int
    ready_after: tuple[float, ...] = field(repr=False)

    @property
    def is_clean(self) -> bool:
        """Nothing was lost or refused, a copy bears the name of its original, and the record holds each mail once."""
        return not (self.lost or self.refused or self.with_two_names or self.doubled) and self.messages == self.taken

    def sentence(self) -> str:
        """The account in one line."""
        parts = (
            f"{self.ends} ends",
            f"{self.taken} mails answered 250 ({self.repeated} sent again without an answer)",
            f"LOST {len(self.lost)}",
            f"extra copies {self.extra_copies} ({self.extra_copies / max(self.ends, 1):.2f} an end)",
            f"at most {self.most_extra_copies_of_a_mail} of one mail",
            f"{len(self.with_two_names)} under another name",
            f"{self.messages} messages in the record, {len(self.doubled)} of them doubled",
            f"start to 220 in {median(self.ready_after):.1f} s (longest {max(self.ready_after):.1f} s)",
        )
        return ", ".join(parts)


def end_again_and_again(
    installation: Installation, sink: Sink, ways: Sequence[Way], ends: int, end: Callable[[Served], object], mails: int = 0
) -> Toll:
    """End `serve` this often, each time 0.3 to 2 seconds after it took its first mail, and count once its queue is empty. With
    ``mails`` it lives each time until it has taken its share of so many.
    """
    share = max(mails // ends, 1)
    served = installation.start()
    ready_after = [served.ready_after]
    try:
        with busy(installation.smtp_port, ways) as senders:
            for _ in range(ends):
                await_mails(senders, mails_taken(senders) + share)
                time.sleep(random.uniform(0.3, 2.0))
                end(served)
                served = installation.start()
                ready_after.append(served.ready_after)
        installation.empty_queue(DRAIN_SECONDS)
    finally:
        served.stop()
    return add_up([sender.account for sender in senders], sink.tell(), marks_inside(installation), ready_after)


def mails_taken(senders: Sequence[Sender]) -> int:
    return sum(len(sender.account.taken) for sender in senders)


def await_mails(senders: Sequence[Sender], count: int) -> None:
    """Return once so many were answered 250. Raises TimeoutError."""
    deadline = time.monotonic() + TAKING_SECONDS
    while mails_taken(senders) < count:
        if time.monotonic() > deadline:
            raise TimeoutError("mails are no longer taken")
        time.sleep(0.02)


def await_put_off(senders: Sequence[Sender], codes: frozenset[int] = frozenset({451, 452})) -> None:
    """Return once one more mail was answered with one of these. Raises TimeoutError."""
    before = _put_off(senders, codes)
    deadline = time.monotonic() + TAKING_SECONDS
    while _put_off(senders, codes) == before:
        if time.monotonic() > deadline:
            raise TimeoutError(f"none of {sorted(codes)} was answered")
        time.sleep(0.02)


def _put_off(senders: Sequence[Sender], codes: frozenset[int]) -> int:
    return sum(sender.account.put_off[code] for sender in senders for code in codes)


def all_accounts(senders: Sequence[Sender]) -> list[Account]:
    return [sender.account for sender in senders]


def lost(accounts: Sequence[Account], arrivals: Arrivals) -> tuple[str, ...]:
    """The mails that were answered 250 and never arrived."""
    return tuple(mark for account in accounts for mark in account.taken if mark not in arrivals.copies)


def marks_inside(installation: Installation) -> Counter[str]:
    """How many messages of the record bear each mark."""
    reader = build_house(installation.config).open_reader(connections=1)
    found: Counter[str] = Counter()
    try:
        with reader.look() as look:
            for message_id in look.connection.execute(select(message.c.id)).scalars().all():
                one = find_message(look, message_id)
                mark = MARK.search(one.text.encode()) if one else None
                found[mark[0].decode() if mark else "unmarked"] += 1
    finally:
        reader.close()
    return found


def add_up(accounts: Sequence[Account], arrivals: Arrivals, inside: Counter[str], ready_after: Sequence[float]) -> Toll:
    """The account of all that was sent, of what arrived, and of what the record holds."""
    copies = {mark: sum(names.values()) for mark, names in arrivals.copies.items()}
    return Toll(
        ends=len(ready_after) - 1,
        taken=sum(len(account.taken) for account in accounts),
        repeated=sum(account.repeated for account in accounts),
        lost=lost(accounts, arrivals),
        refused=tuple(reply for account in accounts for reply in account.refused),
        extra_copies=sum(count - 1 for count in copies.values()),
        most_extra_copies_of_a_mail=max((count - 1 for count in copies.values()), default=0),
        with_two_names=tuple(mark for mark, names in arrivals.copies.items() if len(names) > 1),
        doubled=tuple(mark for mark, count in inside.items() if count > 1),
        messages=inside.total(),
        ready_after=tuple(ready_after),
    )


@contextmanager
def locked_store(installation: Installation) -> Iterator[None]:
    """Somebody else holds the lock that writing needs."""
    url = read_url(load_settings(installation.config).store.url)
    engine = open_writer(url)
    try:
        with engine.connect() as connection, connection.begin():
            if url.drivername != "sqlite":
                connection.execute(text("LOCK TABLE message IN EXCLUSIVE MODE"))
            yield
    finally:
        engine.dispose()
