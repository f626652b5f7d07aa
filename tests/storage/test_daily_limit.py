"""A seller's messages of a day (R21): what counts, what does not, and that the limit is exact whoever else writes."""

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from postern.actions.decide_held import refuse, release
from postern.actions.find_recipient import Refused
from postern.actions.hold_unread import hold_unread
from postern.actions.permit_senders import DayLeft, find_limits, find_seller_of
from postern.actions.receive_mail import Accepted, Answer, Prepared, prepare, receive
from postern.language import DEFAULT_LANGUAGE
from postern.model.day import Day
from postern.model.envelope import Mail
from postern.model.limits import Limits
from postern.model.thread import MessageState
from postern.storage.change import Kept, Outcome
from postern.storage.standing import set_opt_out
from postern.storage.store import Store
from postern.storage.threads import list_held
from tests.neighbours import BERLIN, betray, change, come_clean, move_in, place_orders, use_up, used, with_limits
from tests.people import ACME, START, Town, also_to, open_store
from tests.told import answering, column, human_text, mail_of, notices, states

QUEUED, REFUSED = MessageState.QUEUED, MessageState.REFUSED
INSTANT = timedelta(microseconds=1)
WRITERS = 8


def limit_of(town: Town) -> DayLeft:
    """What `postern sender limit acme` says."""
    with town.store.look() as look:
        (found,) = find_limits(look, find_seller_of(look, "acme"), town.clock.now())
    return found


# ---- How many


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
def test_the_orders_of_the_last_thirty_full_days_of_the_marketplace_count_and_no_others(town: Town, zone: str) -> None:
    """R21: from the midnight thirty days ago to the last one, by the clocks of the marketplace, far east or far west."""
    change(town, "marketplace", time_zone=zone)
    today = Day.at(town.clock.now(), zone)
    first, last = today.plus(-30).begins_at, today.begins_at
    change(town, "order", placed_at=first - INSTANT)
    place_orders(town, town.pair.buyer_id, *[last] * 30, *[first - INSTANT] * 30)
    place_orders(town, town.pair.buyer_id, *[last - INSTANT] * 30, seller_id=2)
    assert limit_of(town).limit == 600
    place_orders(town, town.pair.buyer_id, *[first] * 3, *[last - INSTANT] * 3)
    assert limit_of(town).limit == 601


def test_what_the_shop_tells_of_a_seller_replaces_their_orders(town: Town) -> None:
    """R21."""
    for average, limit in (("12", 660), ('{"de":0.2}', 601), ('{"fr":12}', 600)):
        change(town, "seller", average_daily_orders=average)
        assert limit_of(town) == DayLeft("de", "2026-11-23", limit, 0, limit, Day.at(START, BERLIN).ends_at)


def test_the_count_starts_anew_at_the_midnight_of_the_marketplace(town: Town) -> None:
    """R21: in Berlin that is at 23:00 UTC."""
    use_up(town, 600)
    town.clock.advance(Day.at(START, BERLIN).ends_at - START - INSTANT)
    assert town.judge(town.from_acme()).refusal
    town.clock.advance(INSTANT)
    assert town.receive(town.from_acme()).refusal is None


# ---- What counts


def test_replies_critical_and_held_messages_count_once_whatever_becomes_of_them(town: Town) -> None:
    """R21."""
    town.receive(town.from_ann())
    (question,) = town.deliver()
    town.receive(town.from_acme("It left today.", **answering(question)))
    town.receive(town.from_acme("Which number?", Subject="[Important] Your address"))
    assert used(town) == 2
    hasty = with_limits(town, Limits(thread_burst=1))
    hasty.receive(hasty.from_acme("And it is blue.", **answering(question)))
    betray(town, ACME)
    town.receive(town.from_acme("This leaks."))
    assert states(town).count(MessageState.HELD) == 2
    assert used(town) == 4
    with town.store.look() as look:
        (hurried, leaking) = list_held(look, START + timedelta(days=1))
    assert (hurried.reason, leaking.reason) == ("back_and_forth", "would_leak")
    come_clean(town)
    assert release(town.store, town.frame, hurried, START, "operator") is QUEUED
    refuse(town.store, town.frame, leaking, START, "operator")
    assert used(town) == 4


def test_a_mail_that_was_held_unread_counts_when_it_is_released(town: Town) -> None:
    """R21: before, nobody knows who wrote it, and a stranger must not use up a seller's day."""
    with town.store.look() as look:
        prepared = hold_unread(look, town.frame, town.from_acme())
    assert town.store.keep(prepared.change).result() == Kept()
    assert used(town) == 0
    with town.store.look() as look:
        (held,) = list_held(look, START + timedelta(days=1))
    release(town.store, town.frame, held, START, "operator")
    assert used(town) == 1


def test_what_is_refused_blocked_automatic_or_repeated_does_not_count_nor_do_notices_or_buyers(town: Town) -> None:
    """R21."""
    first = town.from_acme("Hello")
    town.receive(first)
    for mail in (
        first,
        town.from_acme("I am away", Auto_Submitted="auto-replied"),
        town.from_acme("Refused", From="<help@acme.test>, <ann@mail.test>"),
        town.from_ann("Thank you"),
        town.from_acme("See", Cc="<friend@elsewhere.test>", Auto_Submitted="auto-replied"),
    ):
        town.receive(mail)
    town.store.write(lambda transaction: set_opt_out(transaction, town.pair.buyer_id, opted_out=True)).result()
    town.receive(town.from_acme("Buy more"))
    assert notices(town) == ["buyer_opted_out"]
    assert MessageState.BLOCKED in states(town)
    assert used(town) == 1


# ---- At the limit


def test_over_the_limit_a_mail_is_refused_with_the_time_it_resets_and_never_for_now(town: Town) -> None:
    """R21: 550 5.7.1, never 4xx; replies and important messages too."""
    town.receive(town.from_ann())
    (question,) = town.deliver()
    use_up(town, 600)
    for mail in (town.from_acme(), town.from_acme("Yes", **answering(question)), town.from_acme(Subject="[Important] x")):
        refusal = town.receive(mail).refusal
        assert refusal is not None
        assert (refusal.reason.status, refusal.reason.enhanced) == (550, "5.7.1")
        assert "600 messages" in refusal.sentence(DEFAULT_LANGUAGE)
        assert "2026-11-23 23:00 UTC" in refusal.remedy(DEFAULT_LANGUAGE)
    assert used(town) == 600
    assert town.receive(town.from_ann("Are you there?")).refusal is None


def test_a_repeat_of_an_accepted_mail_is_answered_250_when_the_limit_is_reached(town: Town) -> None:
    """Its sender only got no answer the first time."""
    use_up(town, 599)
    mail = town.from_acme()
    assert town.receive(mail).refusal is None
    assert town.receive(mail).refusal is None
    assert (states(town), used(town)) == ([QUEUED], 600)


@pytest.mark.parametrize("average, limit, room", [(None, 600, 3), ("1", 605, 2), (None, 600, 0)])
def test_a_mail_to_three_buyers_counts_three_and_the_limit_may_be_met_inside_it(
    town: Town, average: str | None, limit: int, room: int
) -> None:
    """R21: some are taken, and its author is told of the others by a notice that names only that alias."""
    change(town, "seller", average_daily_orders=average)
    pairs = [town.pair, move_in(town, "eve"), move_in(town, "kim")]
    use_up(town, limit - room)
    mail = also_to(town.from_acme("Closed on Monday"), *(pair.buyer_alias for pair in pairs[1:]))
    refusal = town.receive(mail).refusal
    assert used(town) == limit
    if room == 0:
        assert refusal is not None
        assert states(town) == []
        return
    assert refusal is None
    assert states(town) == [QUEUED] * room + [REFUSED] * (3 - room)
    for notice in town.deliver()[room:]:
        text = human_text(mail_of(notice))
        assert pairs[2].buyer_alias in text
        assert town.pair.buyer_alias not in text
        assert "2026-11-23 23:00 UTC" in text


def test_a_mail_to_three_buyers_passes_below_what_is_always_allowed_and_above(town: Town) -> None:
    """The seller's orders allow more than 600, and the mail lies across that number."""
    change(town, "seller", average_daily_orders="100")
    use_up(town, 598)
    mail = also_to(town.from_acme(), move_in(town, "eve").buyer_alias, move_in(town, "kim").buyer_alias)
    assert town.receive(mail).refusal is None
    assert (states(town), used(town)) == ([QUEUED] * 3, 601)


def test_the_limit_is_exact_with_eight_writers_at_once(town: Town, tmp_path: Path) -> None:
    """R21: never one more, never one less, and nobody is told to try again later."""
    change(town, "seller", average_daily_orders="1")
    use_up(town, 598)
    with ExitStack() as stack:
        stores = [open_store(town.store_url, tmp_path, town.frame.keyring, town.frame.limits) for _ in range(WRITERS // 2)]
        for store in stores:
            stack.callback(store.close)
        mails = [[town.from_acme(f"Mail {number} of {writer}") for number in range(3)] for writer in range(WRITERS)]
        with ThreadPoolExecutor(WRITERS) as threads:
            answers = threads.map(lambda writer: [send(stores[writer % 4], town, mail) for mail in mails[writer]], range(WRITERS))
            told = Counter(answer for each in answers for answer in each)
    assert told == {"taken": 7, "550 5.7.1": 3 * WRITERS - 7}
    assert (states(town), used(town)) == ([QUEUED] * 7, 605)
    assert column(town, "daily_use", "used") == [605]


def send(store: Store, town: Town, mail: Mail) -> str:
    """What the edge would answer, by this connection to the store."""

    async def prepare_here(one: Mail) -> Prepared:
        with store.look() as look:
            return prepare(look, town.frame, one)

    async def keep(one: Prepared) -> Outcome:
        return await asyncio.wrap_future(store.keep(one.change))

    answer: Answer = asyncio.run(receive(mail, prepare_here, keep, town.frame.limits.stale_retries + 1))
    if isinstance(answer, Refused):
        return f"{answer.cause.reason.status} {answer.cause.reason.enhanced}"
    assert isinstance(answer, Accepted)
    return "taken"
