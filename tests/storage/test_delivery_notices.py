"""A message that failed for good tells its author, and a notice that fails tells nobody."""

from datetime import timedelta

import pytest

from postern.actions.add_up import add_up
from postern.actions.deliver_mail import claim_deliveries, settle
from postern.actions.keep_queue import drop
from postern.model.delivery import Claim, Deferred, Failed
from postern.model.notice import NoticeKind, NoticeState
from postern.model.thread import MessageState
from postern.storage.change import Kept, Stale, Write
from tests.people import Town
from tests.told import column, human_text, mail_of, notices, states

NO_MAILBOX = Failed(550, "5.1.1", "no such user")
LATER = Deferred(451, "4.3.0", "try again later")


@pytest.mark.parametrize("author", ["buyer", "seller"])
def test_a_message_that_failed_for_good_tells_its_author_without_address_or_host(town: Town, author: str) -> None:
    mail = town.from_ann("Hello") if author == "buyer" else town.from_acme("Hello")
    town.receive(mail)
    town.deliver(NO_MAILBOX)
    assert states(town) == [MessageState.FAILED]
    (notice,) = town.deliver()
    own, other = ("mail.test", "acme.test") if author == "buyer" else ("acme.test", "mail.test")
    assert (notice.recipient.rpartition("@")[2], notice.return_path) == (own, "")
    assert mail_of(notice)["X-Postern-Notice"] == NoticeKind.DELIVERY_FAILED
    assert other.encode() not in notice.content
    alias = town.pair.seller_alias if author == "buyer" else town.pair.buyer_alias
    assert alias in human_text(mail_of(notice))
    status = next(part for part in mail_of(notice).walk() if part.get_content_type() == "message/delivery-status")
    assert alias in status.as_string()


def test_a_message_that_is_deferred_tells_nobody_until_it_is_given_up(town: Town) -> None:
    """`retry_days`."""
    town.receive(town.from_ann())
    town.deliver(LATER)
    assert notices(town) == []
    town.clock.advance(timedelta(days=5))
    town.deliver(LATER)
    assert (states(town), notices(town)) == ([MessageState.FAILED], [NoticeKind.DELIVERY_FAILED])


def test_a_notice_that_fails_or_is_given_up_tells_nobody(town: Town) -> None:
    """RFC 5321 6.1, RFC 3834: nobody is told that they could not be told."""
    for outcome in (NO_MAILBOX, LATER):
        town.receive(town.from_ann())
        town.deliver(NO_MAILBOX)
        town.deliver(outcome)
        town.clock.advance(timedelta(days=6))
        town.deliver(outcome)
    assert notices(town) == [NoticeKind.DELIVERY_FAILED] * 2
    assert column(town, "notice", "state") == [NoticeState.FAILED] * 2
    assert town.deliver() == []


def test_the_failure_and_its_notice_are_written_in_one_commit(town: Town) -> None:
    """No crash can come between: either both are there, or the delivery is tried again."""
    town.receive(town.from_ann())
    now = town.clock.now()
    (delivery,) = town.store.write(lambda transaction: claim_deliveries(transaction, town.frame, now, Claim(9))).result()
    with town.store.look() as look:
        change = settle(look, town.frame, delivery, NO_MAILBOX, now)
    written = {row.write for row in change.rows}
    assert {Write.END_DELIVERY, Write.SET_MESSAGE_STATE, Write.ADD_NOTICE, Write.ADD_DELIVERY, Write.ADD_JOURNAL} <= written
    assert (states(town), notices(town)) == ([MessageState.QUEUED], [])
    assert town.store.keep(change).result() == Kept()
    assert isinstance(town.store.keep(change).result(), Stale)  # a second worker settles nothing, and tells nobody again
    assert (states(town), notices(town)) == ([MessageState.FAILED], [NoticeKind.DELIVERY_FAILED])


def test_a_notice_that_an_operator_drops_is_dropped_and_everything_adds_up(town: Town) -> None:
    town.receive(town.from_ann())
    town.deliver(NO_MAILBOX)
    (delivery_id,) = column(town, "delivery", "id")
    drop(town.store, town.clock, delivery_id)  # type: ignore[arg-type] # an id
    assert column(town, "notice", "state") == [NoticeState.DROPPED]
    with town.store.look() as look:
        assert add_up(look).differences == ()
