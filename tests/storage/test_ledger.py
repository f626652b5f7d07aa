"""The ledger: whatever was ever answered 250 is in exactly one state, at any moment; and what is amiss shows."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event
from uuid import UUID

from sqlalchemy import Executable, Select, Table, delete, select, update

from postern.actions.add_up import Ledger, add_up
from postern.actions.decide_held import NotReleasedError, expire_holds, list_waiting, refuse, release
from postern.actions.hold_unread import hold_unread
from postern.actions.keep_queue import drop
from postern.errors import NotFoundError
from postern.mail.return_path import make_return_path
from postern.model.delivery import Deferred, Failed
from postern.model.envelope import Envelope, Mail
from postern.model.identifier import new_id
from postern.model.limits import Limits
from postern.model.relationship import Relationship
from postern.model.thread import MessageState
from postern.storage import schema
from postern.storage.standing import set_opt_out
from postern.storage.store import Look
from tests.failure_reports import of_ann, report_about, standard
from tests.neighbours import betray, come_clean, move_in, with_limits
from tests.people import ACME, ANN, MALLORY, Town, also_to, open_store

ACTS, SEED = 60, 1


def ledger_of(town: Town) -> Ledger:
    with town.store.look() as look:
        return add_up(look)


def number(ledger: Ledger, state: str) -> int:
    return next(line.number for line in ledger.lines if line.state == state)


# ---- Any mix


class Mix:
    """Everything that can happen to mail, by chance; the same chance each time."""

    def __init__(self, town: Town, eve: Relationship, seed: int) -> None:
        self.town, self.eve, self.chance = town, eve, random.Random(seed)
        self.sent: list[Mail] = []
        self.opted_out = False

    def act(self) -> str:
        """Do one thing of all that are possible. Answers what it was."""
        acts: tuple[Callable[[], object], ...] = (
            self.write,
            self.write,
            self.write_to_two,
            self.repeat,
            self.write_as_robot,
            self.write_as_stranger,
            self.write_what_leaks,
            self.write_what_ends_its_reader,
            self.write_to_the_house,
            self.come_back,
            self.carry,
            self.carry,
            self.decide,
            self.drop,
            self.change_mind,
            self.wait,
        )
        act = self.chance.choice(acts)
        act()
        return act.__name__

    def keep(self, mail: Mail) -> None:
        self.sent.append(mail)
        self.town.receive(mail)

    def write(self, **fields: str) -> None:
        copy = self.chance.choice(({}, {"Cc": "<friend@elsewhere.test>"}))
        text = f"Number {len(self.sent)}"
        self.keep(self.chance.choice((self.town.from_ann, self.town.from_acme))(text, **copy, **fields))

    def write_to_two(self) -> None:
        other = self.chance.choice((self.eve.buyer_alias, self.town.pair.seller_alias, "postmaster@marketplace.example"))
        self.keep(also_to(self.town.from_acme("To both"), other))

    def repeat(self) -> None:
        if self.sent:
            self.town.receive(self.chance.choice(self.sent))

    def write_as_robot(self) -> None:
        self.write(Auto_Submitted="auto-replied")

    def write_as_stranger(self) -> None:
        self.keep(self.town.mail(MALLORY, self.town.pair.buyer_alias, "For Acme"))

    def write_what_leaks(self) -> None:
        betray(self.town, self.chance.choice((ACME, ANN)))
        self.write()
        come_clean(self.town)

    def write_what_ends_its_reader(self) -> None:
        with self.town.store.look() as look:
            prepared = hold_unread(look, self.town.frame, self.town.from_ann("Poison"))
        self.town.store.keep(prepared.change).result()

    def write_to_the_house(self) -> None:
        town, about = self.town, new_id()
        path = make_return_path(town.frame.keyring, about, town.clock.now() + timedelta(days=1), "marketplace.example")
        recipient, reverse_path = self.chance.choice((("abuse@marketplace.example", "ann@mail.test"), (path, "")))
        self.keep(replace(town.from_ann("To the house"), envelope=Envelope(reverse_path, (recipient,))))

    def come_back(self) -> None:
        """A failure report about any message, whatever became of it; perhaps not the first."""
        with self.town.store.look() as look:
            ids = look.connection.execute(select(schema.message.c.id).order_by(schema.message.c.id)).scalars().all()
        if ids:
            status = self.chance.choice(("5.1.1", "5.2.2", "4.4.7"))
            self.keep(report_about(self.town, self.chance.choice(ids), standard(of_ann("failed", status))))

    def carry(self) -> None:
        outcome = self.chance.choice((None, None, Deferred(451, "4.3.0", "later"), Failed(550, "5.1.1", "no such user")))
        self.town.deliver(outcome)

    def decide(self) -> None:
        with self.town.store.look() as look:
            held = list_waiting(look, self.town.frame, self.town.clock.now())
        for one in held[:2]:
            decision = self.chance.choice((release, refuse))
            with suppress(NotReleasedError):
                decision(self.town.store, self.town.frame, one.message, self.town.clock.now(), "operator")

    def drop(self) -> None:
        with self.town.store.look() as look:
            waiting = list(look.connection.execute(select(schema.delivery.c.id)).scalars())
        if waiting:
            with suppress(NotFoundError):
                drop(self.town.store, self.town.clock, self.chance.choice(waiting))

    def change_mind(self) -> None:
        self.opted_out = not self.opted_out
        choice = self.opted_out
        self.town.store.write(lambda transaction: set_opt_out(transaction, self.town.pair.buyer_id, opted_out=choice)).result()

    def wait(self) -> None:
        self.town.clock.advance(timedelta(days=self.chance.choice((0, 1, 15)), minutes=1))
        expire_holds(self.town.store, self.town.frame, self.town.clock.now())


def test_no_mix_of_events_makes_a_difference(town: Town) -> None:
    """After every single event, for everything that can happen to mail."""
    hasty = with_limits(town, Limits(thread_burst=3))
    mix = Mix(hasty, move_in(town, "eve"), SEED)
    done = []
    for _ in range(ACTS):
        done.append(mix.act())
        assert ledger_of(town).differences == (), done
    ledger = ledger_of(town)
    assert ledger.accounted == ledger.acknowledged > ACTS / 4
    assert len([line for line in ledger.lines if line.number]) > 7


def test_each_line_counts_what_it_says(town: Town) -> None:
    mail = town.from_acme("Hello")
    town.receive(mail)
    town.receive(mail)
    town.receive(town.from_acme("I am away", Auto_Submitted="auto-replied"))
    town.receive(replace(town.from_ann(), envelope=Envelope("ann@mail.test", ("abuse@marketplace.example",))))
    town.receive(town.mail(MALLORY, town.pair.buyer_alias, "A secret"))
    town.receive(also_to(town.from_acme("Both"), town.pair.seller_alias))
    ledger = ledger_of(town)
    found = {line.state: line.number for line in ledger.lines if line.number}
    assert found == {"queued": 2, "absorbed": 1, "repeats": 1, "refused beside": 1, "house": 1}
    assert (ledger.acknowledged, ledger.differences) == (6, ())


# ---- Under load


def test_it_adds_up_while_others_write(town: Town, tmp_path: Path) -> None:
    """Both sides are read at one moment, so a commit of somebody else's is in both or in neither."""
    finished = Event()
    other = replace(town, store=open_store(town.store_url, tmp_path, town.frame.keyring, town.frame.limits))

    def write() -> None:
        for number_of in range(25):
            other.receive(other.from_ann(f"Number {number_of}"))
            other.deliver()
        finished.set()

    with ThreadPoolExecutor(1) as threads:
        writing = threads.submit(write)
        looks = 0
        while not finished.is_set() and not writing.done():
            assert ledger_of(town).differences == ()
            looks += 1
        writing.result()
    other.store.close()
    assert looks > 3
    assert number(ledger_of(town), "delivered") == 25


# ---- What is amiss shows


def test_a_row_that_somebody_deleted_and_a_state_that_somebody_wrote_are_differences(town: Town) -> None:
    town.receive(town.from_acme("Hello", Cc="<friend@elsewhere.test>"))
    town.receive(replace(town.from_ann(), envelope=Envelope("ann@mail.test", ("abuse@marketplace.example",))))
    assert ledger_of(town).differences == ()
    tables = (schema.message, schema.delivery, schema.notice, schema.journal, schema.house_mail)
    damages: list[Executable] = [delete(table).where(table.c.id.in_(_answers(table).limit(1))) for table in tables]
    damages += [update(schema.message).values(state=state) for state in (MessageState.DELIVERED, "lost")]
    for damage in damages:
        assert damaged(town, damage).differences != (), str(damage)
    assert ledger_of(town).differences == ()


def _answers(table: Table) -> Select[UUID]:
    """Of the journal, the entries that answered a mail: those about notices and attempts answer none."""
    ids = select(table.c.id)
    return ids.where(table.c.kind.like("%-accepted")) if table is schema.journal else ids


def damaged(town: Town, damage: Executable) -> Ledger:
    """The ledger as it would be after this; it is taken back."""
    with town.store.writing_engine.connect() as connection:
        connection.execute(damage)
        ledger = add_up(Look(connection, town.store.vault, town.store.blobs))
        connection.rollback()
    return ledger
