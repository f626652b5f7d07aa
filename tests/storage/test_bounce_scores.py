"""How often mail to an address fails is counted, and forgotten; of a failing customer-service address its seller is told."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import insert

from postern.actions.erase_person import erase_person
from postern.actions.watch_addresses import Watched, list_watched, tell_owners, watch_addresses
from postern.model.address import Address
from postern.model.bounce import BounceScore, weight_of
from postern.model.delivery import Deferred, Failed
from postern.model.identifier import new_id
from postern.model.limits import Limits
from postern.model.notice import NoticeKind
from postern.model.thread import MessageState
from postern.storage import schema
from postern.storage.change import Kept
from postern.storage.people import person_row
from postern.storage.store import Transaction
from tests.failure_reports import of_ann, standard, to_return_path
from tests.neighbours import with_limits
from tests.people import START, Arrival, Town
from tests.told import column, human_text, mail_of, notices, states

GONE, FULL = "5.1.1", "5.2.2"
DAY = timedelta(days=1)
SHIPPING = Address.parse("shipping@acme.test")


def bounce(town: Town, status: str = GONE, author: str = "seller") -> None:
    """A message goes out and comes back."""
    town.receive(town.from_acme() if author == "seller" else town.from_ann())
    paths = [arrival.return_path for arrival in town.deliver() if arrival.return_path]
    town.receive(to_return_path(town, paths[-1], standard(of_ann("failed", status))))


def refuse(town: Town, outcome: Failed | Deferred, author: str = "buyer") -> None:
    """A message is refused at the attempt."""
    town.receive(town.from_ann() if author == "buyer" else town.from_acme())
    town.deliver(outcome)


def watched(town: Town) -> list[Watched]:
    with town.store.look() as look:
        return list_watched(look, town.frame, town.clock.now())


def score_now(town: Town) -> float:
    (one,) = watched(town)
    return round(one.score_now, 3)


def add_sender(town: Town, address: Address, role: str = "registered_sender") -> UUID:
    """One more address of Acme's."""
    person = person_row(town.store.vault, "correspondent", address)

    def add(transaction: Transaction) -> None:
        transaction.execute(insert(schema.person), person)
        transaction.execute(insert(schema.seller_address), {"seller_id": 1, "person_id": person["id"], "role": role})

    town.store.write(add).result()
    return UUID(str(person["id"]))


def tell(town: Town) -> int:
    return tell_owners(town.store, town.frame, town.clock.now())


def told(town: Town) -> list[Arrival]:
    """The notices about a failing address that arrive now."""
    return [one for one in town.deliver() if mail_of(one)["X-Postern-Notice"] == NoticeKind.ADDRESS_FAILING]


# ---- Counting


def test_a_hard_failure_counts_one_and_a_soft_one_a_quarter(town: Town) -> None:
    bounce(town, FULL)
    assert (score_now(town), watched(town)[0].is_failing) == (0.25, False)
    bounce(town, GONE)
    (one,) = watched(town)
    assert (one.score.person_id, one.score_now, one.is_failing) == (town.pair.buyer_id, 1.25, True)
    assert (one.score.hard, one.score.soft, one.score.last_status, one.serves) == (1, 1, GONE, ())
    assert one.score.last_message_id in column(town, "message", "id")


@pytest.mark.parametrize(
    "outcome, score",
    [(Failed(550, "5.1.1", "no such user"), 1.0), (Failed(554, "5.7.1", "spam"), 0.25), (Failed(0, "", ""), 0.25)],
)
def test_a_refusal_at_the_attempt_counts_too(town: Town, outcome: Failed, score: float) -> None:
    refuse(town, outcome)
    (one,) = watched(town)
    assert (one.score_now, one.serves, one.score.last_seller_id) == (score, ("acme",), 1)


def test_a_mail_that_is_put_off_counts_when_it_is_given_up(town: Town) -> None:
    refuse(town, Deferred(451, "4.3.0", "later"))
    assert watched(town) == []
    town.clock.advance(5 * DAY)
    town.deliver(Deferred(451, "4.3.0", "later"))
    assert (states(town), score_now(town), watched(town)[0].score.last_status) == ([MessageState.FAILED], 0.25, "5.4.7")


def test_a_score_halves_and_is_forgotten(town: Town) -> None:
    """`bounce_half_days`, `bounce_forgotten_days`."""
    hasty = with_limits(town, Limits(bounce_half_days=2, bounce_forgotten_days=5))
    bounce(hasty)
    assert watched(hasty)[0].is_failing
    town.clock.advance(2 * DAY)
    assert (score_now(hasty), watched(hasty)[0].is_failing) == (0.5, False)
    bounce(hasty)
    assert score_now(hasty) == 1.5
    town.clock.advance(4 * DAY)
    assert score_now(hasty) == 0.375
    town.clock.advance(DAY + timedelta(seconds=1))
    assert watched(hasty) == []
    bounce(hasty, FULL)
    (one,) = watched(hasty)
    assert (one.score_now, one.score.hard, one.score.soft) == (0.25, 0, 1)


def test_what_was_forgotten_is_taken_away_by_the_timetable(town: Town) -> None:
    bounce(town)
    town.clock.advance(30 * DAY)
    assert watch_addresses(town.store, town.frame, town.clock) is None
    assert column(town, "bounce_score", "hard") == [1]
    town.clock.advance(timedelta(seconds=1))
    watch_addresses(town.store, town.frame, town.clock)
    assert column(town, "bounce_score", "hard") == []


def test_the_limit_is_where_an_address_begins_to_fail(town: Town) -> None:
    """`bounce_failing`."""
    for limit, failing in ((25, True), (26, False)):
        strict = with_limits(town, Limits(bounce_failing=limit))
        if not watched(strict):
            bounce(strict, FULL)
        assert watched(strict)[0].is_failing is failing


def test_failures_that_are_written_at_once_all_count_and_the_old_decays_once(town: Town) -> None:
    """Each was judged without knowing of the others."""
    bounce(town)
    town.clock.advance(7 * DAY)
    for _ in range(3):
        town.receive(town.from_acme())
    paths = [arrival.return_path for arrival in town.deliver() if arrival.return_path]
    changes = [town.judge(to_return_path(town, path)).change for path in paths]
    assert [pending.result() for pending in [town.store.keep(change) for change in changes]] == [Kept()] * 3
    assert (score_now(town), watched(town)[0].score.hard) == (3.5, 4)


def test_mail_to_a_failing_address_is_tried_all_the_same(town: Town) -> None:
    for _ in range(4):
        bounce(town)
    town.receive(town.from_acme("Once more"))
    assert [arrival.recipient for arrival in town.deliver() if arrival.return_path] == ["ann@mail.test"]


def test_the_score_of_an_erased_person_goes_and_does_not_come_back(town: Town) -> None:
    bounce(town)
    town.receive(town.from_acme())
    erase_person(town.store, town.clock, town.pair.buyer_id)
    assert column(town, "bounce_score", "person_id") == []
    town.deliver()
    assert column(town, "bounce_score", "person_id") == []


# ---- Telling the owner


def test_a_seller_whose_customer_service_address_fails_is_told_at_the_other_addresses(town: Town) -> None:
    """R14: the message stays on record; nobody's address is named."""
    add_sender(town, SHIPPING)
    add_sender(town, Address.parse("boss@acme.test"), "approved_sender")
    bounce(town, author="buyer")
    town.deliver()
    assert tell(town) == 1
    arrivals = told(town)
    assert sorted(one.recipient for one in arrivals) == ["boss@acme.test", "shipping@acme.test"]
    for one in arrivals:
        assert one.return_path == ""
        text = human_text(mail_of(one))
        assert "customer-service address could not be delivered" in text
        assert town.pair.buyer_alias in text
        assert b"mail.test" not in one.content
        assert b"acme.test" not in one.content.partition(b"\r\n")[2]  # but for To
        assert "In-Reply-To" not in mail_of(one)
    assert states(town) == [MessageState.BOUNCED]


def test_a_seller_is_told_once_a_day_at_most(town: Town) -> None:
    add_sender(town, SHIPPING)
    for _ in range(3):
        refuse(town, Failed(550, "5.1.1", "no such user"))
    town.deliver()
    assert [tell(town), tell(town)] == [1, 0]
    town.clock.advance(timedelta(hours=23))
    bounce(town, author="buyer")
    assert tell(town) == 0
    town.clock.advance(timedelta(hours=2))
    assert [tell(town), tell(town)] == [1, 0]
    assert notices(town).count(NoticeKind.ADDRESS_FAILING) == 2


def test_a_seller_is_not_told_again_when_nothing_more_came_back(town: Town) -> None:
    add_sender(town, SHIPPING)
    bounce(town, author="buyer")
    assert tell(town) == 1
    town.clock.advance(DAY + timedelta(minutes=1))
    assert tell(town) == 0


def test_nobody_is_told_of_a_buyers_address_or_of_one_that_only_was_full(town: Town) -> None:
    add_sender(town, SHIPPING)
    bounce(town)
    bounce(town, FULL, author="buyer")
    assert tell(town) == 0


def test_where_there_is_no_other_address_nobody_is_told_and_the_operator_sees_it(town: Town) -> None:
    bounce(town, author="buyer")
    assert tell(town) == 0
    assert [(one.serves, one.is_failing) for one in watched(town)] == [(("acme",), True)]


def test_an_address_that_fails_itself_is_not_told_and_of_many_only_some(town: Town) -> None:
    """`failing_told`."""
    shipping = add_sender(town, SHIPPING)
    for number in range(4):
        add_sender(town, Address.parse(f"clerk-{number}@acme.test"))
    fail(town, shipping)
    bounce(town, author="buyer")
    few = with_limits(town, Limits(failing_told=3))
    assert tell(few) == 1
    recipients = [one.recipient for one in told(town)]
    assert len(recipients) == 3
    assert "shipping@acme.test" not in recipients


def fail(town: Town, person_id: UUID) -> None:
    row = {"score": 1.0, "hard": 1, "soft": 0, "last_status": GONE, "last_at": town.clock.now()}
    row |= {"person_id": person_id, "last_seller_id": 1, "last_message_id": new_id()}
    town.store.write(lambda transaction: transaction.execute(insert(schema.bounce_score), row)).result()


def test_an_address_that_was_replaced_speaks_no_more(town: Town) -> None:
    """The new one begins with nothing."""
    shipping = add_sender(town, SHIPPING)
    bounce(town, author="buyer")
    roles = schema.seller_address
    service = (roles.c.seller_id == 1, roles.c.role == "customer_service")
    town.store.write(lambda transaction: transaction.execute(roles.update().where(*service).values(person_id=shipping))).result()
    assert tell(town) == 0
    assert [one.serves for one in watched(town)] == [()]


def test_when_the_message_was_erased_meanwhile_nothing_is_told_of_it(town: Town) -> None:
    add_sender(town, SHIPPING)
    bounce(town, author="buyer")
    erase_person(town.store, town.clock, town.pair.buyer_id)
    assert tell(town) == 0


# ---- The sum itself


def test_time_that_runs_backwards_takes_nothing_away() -> None:
    one = BounceScore(new_id(), 1.0, 1, 0, GONE, START, 1, new_id())
    assert one.at(START - DAY, Limits()) == 1.0
    assert [one.at(START + days * DAY, Limits()) for days in (7, 14)] == [0.5, 0.25]
    assert one.at(START + 31 * DAY, Limits()) == 0.0
    assert one.at(START, Limits(bounce_half_days=0)) == 0.0
    assert [weight_of(status) for status in (GONE, FULL, "4.1.1", "")] == [1.0, 0.25, 0.25, 0.25]
