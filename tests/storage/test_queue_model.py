"""The queue against a model of it, in histories by chance: mails are taken, claimed, handed over, settled, put off; workers
crash and start again, the clock jumps to and fro.
"""

import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select

from postern.actions.add_up import add_up
from postern.actions.deliver_mail import RETRY_AFTER, claim_deliveries, lease_new, retry_at, settle
from postern.actions.keep_queue import mend_times
from postern.model.delivery import Claim, Deferred, Delivered, Failed, Outcome
from postern.model.limits import Limits
from postern.storage import schema
from postern.storage.change import Kept
from postern.storage.deliveries import Delivery, release_all
from tests.people import town as found_town

LEASE = timedelta(seconds=Limits().lease_seconds)
EXAMPLES = max(settings().max_examples // 8, 1)
STEPS = 30
PAUSES = st.sampled_from([1, 14, 16, 59, 61, 3_600, 86_400, -1, -3_600, -86_400])


@dataclass(slots=True)
class Fate:
    """What the model knows of one mail. ``held`` is what a living worker has of it; ``may_be_doubled`` counts crashes between the
    final dot and the commit.
    """

    due_at: datetime
    held: Delivery | None = None
    taken: bool = False
    copies: int = 0
    may_be_doubled: int = 0
    state: str = "queued"


class QueueMachine(RuleBasedStateMachine):
    """Mails to Acme alone; a notice of a failure is another delivery, and is let go at once."""

    template: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        shutil.copy(self.template, folder / "postern.db")
        self.town = self._stack.enter_context(found_town(f"sqlite:///{folder / 'postern.db'}", folder))
        self.fates: dict[UUID, Fate] = {}

    def teardown(self) -> None:
        try:
            self.end_well()
        finally:
            self._stack.close()

    # ---- What happens

    @rule(at_once=st.booleans())
    def take_a_mail(self, at_once: bool) -> None:
        """It waits, or a worker has it from the first moment."""
        now = self.town.clock.now()
        change = self.town.judge(self.town.from_ann()).change
        leased: tuple[Delivery, ...] = ()
        if at_once:
            change, leased = lease_new(self.town.frame, change, now)
        assert self.town.store.keep(change).result() == Kept()
        (new,) = set(self._messages()) - self.fates.keys()
        self.fates[new] = Fate(now + LEASE if leased else now, leased[0] if leased else None)

    @rule()
    def claim(self) -> None:
        """A worker that has one of them already goes on under the new lease."""
        now = self.town.clock.now()
        claimed = self._claim(now)
        assert {one.message_id for one in claimed} == {
            name for name, fate in self.fates.items() if fate.state == "queued" and fate.due_at <= now
        }
        for one in claimed:
            fate = self.fates[one.message_id]
            fate.held, fate.due_at = one, now + LEASE

    @precondition(lambda self: self._held(taken=False))
    @rule(data=st.data())
    def the_next_hop_takes_one(self, data: st.DataObject) -> None:
        fate = self.fates[data.draw(st.sampled_from(self._held(taken=False)))]
        fate.taken = True
        fate.copies += 1

    @precondition(lambda self: self._held(taken=True))
    @rule(data=st.data())
    def settle_what_was_taken(self, data: st.DataObject) -> None:
        self._settle(data.draw(st.sampled_from(self._held(taken=True))), Delivered(250, "2.0.0", "ok"))

    @precondition(lambda self: self._held(taken=False))
    @rule(data=st.data(), for_good=st.booleans())
    def the_next_hop_refuses_one(self, data: st.DataObject, for_good: bool) -> None:
        outcome: Outcome = Failed(550, "5.1.1", "no") if for_good else Deferred(451, "4.3.0", "later")
        self._settle(data.draw(st.sampled_from(self._held(taken=False))), outcome)

    @rule()
    def crash(self) -> None:
        """The worker's memory is gone."""
        for fate in self.fates.values():
            fate.may_be_doubled += fate.taken
            fate.held, fate.taken = None, False

    @rule()
    def restart(self) -> None:
        self.crash()
        now = self.town.clock.now()
        self.town.store.write(lambda one: release_all(one, now)).result()
        self._release_model(now)

    def _release_model(self, now: datetime) -> None:
        with self.town.store.look() as look:
            rows = look.connection.execute(select(schema.delivery.c.message_id, schema.delivery.c.due_at))
            for name, due_at in rows:
                if name in self.fates and due_at == now:
                    self.fates[name].due_at = now

    @rule(seconds=PAUSES)
    def let_the_clock_jump(self, seconds: int) -> None:
        self.town.clock.advance(timedelta(seconds=seconds))

    # ---- What must hold

    @invariant()
    def each_mail_is_in_one_state(self) -> None:
        with self.town.store.look() as look:
            assert add_up(look).differences == ()
        assert self._messages() == {name: fate.state for name, fate in self.fates.items()}

    @invariant()
    def nothing_goes_twice_without_a_crash_in_between(self) -> None:
        assert all(fate.copies <= 1 + fate.may_be_doubled for fate in self.fates.values())

    def end_well(self) -> None:
        """Whatever the clock did, what waits is due within hours, and then it goes."""
        self.crash()
        mend_times(self.town.store, self.town.frame, self.town.clock)
        self.town.clock.advance(2 * RETRY_AFTER[-1] + LEASE)
        for one in self._claim(self.town.clock.now()):
            self.fates[one.message_id].held, self.fates[one.message_id].taken = one, True
            self.fates[one.message_id].copies += 1
            self._settle(one.message_id, Delivered(250, "2.0.0", "ok"))
        assert {fate.state for fate in self.fates.values()} <= {"delivered", "failed"}
        assert all(fate.copies >= 1 for fate in self.fates.values() if fate.state == "delivered")
        self.each_mail_is_in_one_state()
        self.nothing_goes_twice_without_a_crash_in_between()

    # ---- Means

    def _messages(self) -> dict[UUID, str]:
        with self.town.store.look() as look:
            return {row[0]: row[1] for row in look.connection.execute(select(schema.message.c.id, schema.message.c.state))}

    def _held(self, *, taken: bool) -> list[UUID]:
        return [name for name, fate in self.fates.items() if fate.held and fate.taken is taken]

    def _claim(self, now: datetime) -> list[Delivery]:
        """What is due of the mails; notices go at once."""
        claimed = self.town.store.write(lambda one: claim_deliveries(one, self.town.frame, now, Claim(100))).result()
        for one in claimed:
            if one.message_id not in self.fates:
                change = settle(None, self.town.frame, one, Delivered(250, "2.0.0", "ok"), now)
                assert self.town.store.keep(change).result() == Kept()
        return [one for one in claimed if one.message_id in self.fates]

    def _settle(self, name: UUID, outcome: Outcome) -> None:
        fate, now = self.fates[name], self.town.clock.now()
        assert fate.held
        with self.town.store.look() as look:
            change = settle(look, self.town.frame, fate.held, outcome, now)
        assert self.town.store.keep(change).result() == Kept(), "nobody else has had it"
        if isinstance(outcome, Deferred) and b"5.4.7" not in repr(change.rows).encode():
            fate.due_at = retry_at(fate.held, now)
        else:
            fate.state = "delivered" if isinstance(outcome, Delivered) else "failed"
        fate.held, fate.taken = None, False


@pytest.mark.timeout(3_600)  # a counterexample is made short, and that may take its time
def test_whatever_happens_in_any_order_no_mail_is_lost_and_none_goes_twice_without_a_crash(migrated_sqlite: Path) -> None:
    # D-24, D-13
    machine = type("Machine", (QueueMachine,), {"template": migrated_sqlite})
    run_state_machine_as_test(machine, settings=settings(max_examples=EXAMPLES, stateful_step_count=STEPS))
