"""Histories of the town by chance: mails both ways, refused, held and repeated ones, what becomes of them, reports, and seals and
checkpoints in between, all through our own actions.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from postern.actions.checkpoint_record import checkpoint_record
from postern.actions.hold_unread import hold_unread
from postern.actions.keep_queue import drop, retry
from postern.actions.mark_no_response_needed import mark_no_response_needed
from postern.actions.record_reading import record_reading
from postern.actions.report_message import Report, report_message
from postern.actions.seal_journal import seal_journal
from postern.actions.verify_record import Verification, verify_record
from postern.connect.checkpoints import CheckpointFolder
from postern.mail.tokens import LinkTarget
from postern.model.delivery import Deferred, Delivered, Failed
from postern.model.envelope import Mail
from postern.model.relationship import Side
from postern.model.remark import Door
from postern.model.report import ReportReason
from postern.storage import schema
from postern.storage.change import Kept
from postern.storage.threads import find_message
from tests.failure_reports import every, report_about
from tests.people import MALLORY, Town
from tests.posting import by_reason, post

LARGE = 70_000  # octets: such a mail lies as a blob
RESTORED = ("journal", "unsealed", "seal", "sealer", "checkpoint", "message", "document", "attempt", "house_mail")


@dataclass(slots=True)
class History:
    """A town whose days pass by chance."""

    town: Town
    outside: CheckpointFolder
    chance: random.Random
    count: int = 0

    def live(self, events: int) -> None:
        """Let so much happen."""
        for _ in range(events):
            self.count += 1
            self.town.clock.advance(timedelta(seconds=self.chance.randrange(4_000)))
            self.chance.choice(_EVENTS)(self)

    def live_through_all(self) -> None:
        """Let everything happen that can, once at least, and sign where the record stands then."""
        for event in (_write, _deliver, *dict.fromkeys(_EVENTS), _write, _deliver):
            self.count += 1
            event(self)
        self.sign()

    def sign(self) -> None:
        checkpoint_record(self.town.store, self.town.frame, self.town.clock, self.outside)

    def verify(self, since: int = 0, processes: int | None = None) -> Verification:
        return verify_record(self.town.store, self.town.frame, self.outside, since, processes=processes)

    def save(self) -> "Saved":
        return self.town.store.write(_save).result()

    @contextmanager
    def undone(self, saved: "Saved | None" = None, tables: Sequence[str] = RESTORED) -> Iterator[None]:
        """Whatever is done to the record's tables meanwhile is undone afterwards: they are as they were saved."""
        saved = saved or self.save()
        try:
            yield
        finally:
            chosen = {name: saved[name] for name in tables}
            self.town.store.write(lambda connection: _restore(connection, chosen)).result()


def begin_history(town: Town, folder: Path, seed: int) -> History:
    return History(town, CheckpointFolder(folder / "checkpoints"), random.Random(seed))


Saved = Mapping[str, Sequence[Mapping[str, Any]]]


def _save(connection: Connection) -> Saved:
    tables = schema.metadata.tables
    return {name: [dict(row) for row in connection.execute(select(tables[name])).mappings()] for name in RESTORED}


def _restore(connection: Connection, saved: Saved) -> None:
    for name, rows in saved.items():
        table = schema.metadata.tables[name]
        connection.execute(delete(table))
        if rows:
            connection.execute(insert(table), list(rows))


def _write(history: History) -> None:
    history.town.receive(_mail(history))


def _mail(history: History, size: int = 0) -> Mail:
    town = history.town
    writes = history.chance.choice((town.from_ann, town.from_acme))
    return writes(f"Letter {history.count}. " + "x" * size)


def _write_much(history: History) -> None:
    history.town.receive(_mail(history, LARGE))


def _post(history: History) -> None:
    post(history.town, by_reason(history.town, "order_details", message=f"Question {history.count}?"))


def _be_refused(history: History) -> None:
    history.town.receive(history.town.mail(MALLORY, history.town.pair.buyer_alias, f"Buy {history.count}"))


def _repeat(history: History) -> None:
    mail = _mail(history)
    history.town.receive(mail)
    history.town.receive(mail)


def _hold(history: History) -> None:
    town = history.town
    with town.store.look() as look:
        prepared = hold_unread(look, town.frame, _mail(history))
    assert town.store.keep(prepared.change).result() == Kept()


def _write_to_the_house(history: History) -> None:
    mail = history.town.from_ann(f"To whom it may concern, {history.count}")
    to_house = replace(mail.envelope, recipients=("postmaster@marketplace.example",))
    history.town.receive(replace(mail, envelope=to_house))


def _deliver(history: History) -> None:
    outcomes = (Delivered(250, "2.0.0", "ok"), Deferred(451, "4.3.0", "later"), Failed(550, "5.1.1", "no such user"))
    history.town.deliver(history.chance.choice(outcomes))
    retry(history.town.store, history.town.clock, None)


def _drop(history: History) -> None:
    retry(history.town.store, history.town.clock, None)
    with history.town.store.look() as look:
        waiting = look.connection.execute(select(schema.delivery.c.id)).scalars().first()
    if waiting:
        drop(history.town.store, history.town.clock, waiting)


def _remark(history: History) -> None:
    town = history.town
    with town.store.look() as look:
        statement = select(schema.message.c.id).where(schema.message.c.author == Side.BUYER)
        ids = look.connection.execute(statement).scalars().all()
    if ids:
        target = LinkTarget(history.chance.choice(ids), Side.SELLER)
        now = town.clock.now()
        mark_no_response_needed(town.store, target, Door.MAIL_LINK, now)
        report_message(town.store, town.frame, target, Report(ReportReason.SPAM, ""), Door.MAIL_LINK, now)


def _read(history: History) -> None:
    town = history.town
    with town.store.look() as look:
        ids = look.connection.execute(select(schema.message.c.id)).scalars().all()
        message = find_message(look, history.chance.choice(ids)) if ids else None
    if message:
        record_reading(town.store, town.clock, message, "ops", "a claim of the buyer")


def _come_back(history: History) -> None:
    """A failure report, or what only looks like one, about any message."""
    town = history.town
    with town.store.look() as look:
        ids = look.connection.execute(select(schema.message.c.id)).scalars().all()
    if ids:
        mail = history.chance.choice([one.mail for one in every()])
        town.receive(report_about(town, history.chance.choice(ids), f"X-Number: {history.count}\n{mail}"))


def _seal(history: History) -> None:
    seal_journal(history.town.store, history.town.frame, history.town.clock)


def _sign(history: History) -> None:
    history.sign()


_EVENTS: Sequence[Callable[[History], None]] = (
    *(_write, _write, _write, _write_much, _post, _be_refused, _repeat, _hold, _write_to_the_house),
    *(_deliver, _deliver, _come_back, _drop, _remark, _read, _seal, _sign),
)
