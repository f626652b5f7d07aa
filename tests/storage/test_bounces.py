"""A failure report ends the message that its return path names, once, and its author reads it from us; nothing else does."""

from dataclasses import replace
from datetime import timedelta
from threading import Event
from uuid import UUID

import pytest
from sqlalchemy import select

from postern.actions.add_up import add_up
from postern.actions.deliver_mail import claim_deliveries, settle
from postern.actions.erase_person import erase_person
from postern.actions.explain import explain, find_messages
from postern.actions.find_recipient import Refused, find_recipient
from postern.actions.hold_unread import hold_unread
from postern.keys import Keyring
from postern.mail.return_path import make_return_path
from postern.model.delivery import Claim, Deferred, Delivered, Failed
from postern.model.envelope import Mail
from postern.model.failure_report import ReportKind
from postern.model.identifier import new_id, show
from postern.model.notice import NoticeKind
from postern.model.thread import SENT, MessageState
from postern.storage import schema
from postern.storage.change import Kept, Stale
from postern.storage.deliveries import Delivery
from postern.storage.standing import set_opt_out
from tests.failure_reports import Specimen, every, of_ann, standard, to_return_path
from tests.people import ON_SQLITE, Arrival, Town
from tests.told import column, entries, human_text, mail_of, notices, states

NO_SUCH_USER = standard(
    of_ann("failed", "5.1.1", "smtp; 550 5.1.1 <ann@mail.test> gone, says mx.mail.test"), "ann@mail.test is gone"
)
FULL = standard(of_ann("failed", "5.2.2"))
BOUNCED, DELIVERED, QUEUED = [MessageState.BOUNCED], [MessageState.DELIVERED], [MessageState.QUEUED]


def report(town: Town, return_path: str, mail: str = NO_SUCH_USER) -> Mail:
    """A report as it comes from a next hop: from the null sender, to a return path."""
    return to_return_path(town, return_path, mail)


def sent(town: Town, author: str = "seller") -> Arrival:
    """A message that the next hop took."""
    town.receive(town.from_acme("It left today.") if author == "seller" else town.from_ann("Where is it?"))
    (arrival,) = town.deliver()
    return arrival


def differences(town: Town) -> tuple[str, ...]:
    with town.store.look() as look:
        return add_up(look).differences


def story(town: Town, message_id: object) -> str:
    assert isinstance(message_id, UUID)
    with town.store.look() as look:
        return "\n".join(explain(look, find_messages(look, show("msg", message_id))[0]))


# ---- What a report changes


@pytest.mark.parametrize("author", ["seller", "buyer"])
def test_a_message_that_comes_back_is_not_delivered_and_its_author_reads_it_from_us(town: Town, author: str) -> None:
    """R15, S-11: by alias, in our words, with a code of our table; no address, no host, no word of the report."""
    arrival = sent(town, author)
    prepared = town.receive(report(town, arrival.return_path))
    assert (prepared.refusal, prepared.queued) == (None, True)
    assert (states(town), notices(town)) == (BOUNCED, [NoticeKind.DELIVERY_FAILED])
    (notice,) = town.deliver()
    own, other = ("acme.test", "mail.test") if author == "seller" else ("mail.test", "acme.test")
    assert (notice.recipient.rpartition("@")[2], notice.return_path) == (own, "")
    for secret in (other, "mx.mail", " gone", "550 5.1.1"):  # with spaces, which no random id holds
        assert secret.encode() not in notice.content
    alias = town.pair.buyer_alias if author == "seller" else town.pair.seller_alias
    text = human_text(mail_of(notice))
    assert alias in text
    assert "The recipient's mailbox was not found" in text
    status = next(part for part in mail_of(notice).walk() if part.get_content_type() == "message/delivery-status").as_string()
    assert "Status: 5.1.1" in status
    assert alias in status
    assert differences(town) == ()


def test_what_is_sent_is_so_until_a_report_comes_and_what_is_not_delivered_never_was(town: Town) -> None:  # R15
    def is_sent() -> bool:
        state = MessageState(str(column(town, "message", "state")[-1]))
        return state in SENT

    town.receive(town.from_acme())
    assert is_sent()  # queued
    (arrival,) = town.deliver()
    assert is_sent()  # delivered
    town.receive(report(town, arrival.return_path, standard(of_ann("delayed", "4.4.1"))))
    assert is_sent()  # they go on trying
    town.receive(report(town, arrival.return_path))
    assert not is_sent()  # bounced
    town.receive(town.from_acme())
    town.deliver(Failed(550, "5.1.1", "no such user"))
    assert not is_sent()  # failed
    with town.store.look() as look:
        held = hold_unread(look, town.frame, town.from_acme())
    town.store.keep(held.change).result()
    assert not is_sent()  # held
    town.store.write(lambda transaction: set_opt_out(transaction, town.pair.buyer_id, opted_out=True)).result()
    town.receive(town.from_acme("An offer"))
    assert not is_sent()  # blocked
    assert column(town, "message", "state") == ["bounced", "failed", "held", "blocked"]


def test_the_record_says_what_came_back_and_what_became_of_the_message(town: Town) -> None:
    arrival = sent(town)
    town.clock.advance(timedelta(hours=1))
    town.receive(report(town, arrival.return_path))
    town.deliver()
    kinds = [kind for kind, _ in entries(town)]
    assert kinds.index("house-mail-accepted") < kinds.index("message-bounced")
    values = dict(entries(town))["message-bounced"]
    assert {name: values[name] for name in ("status", "hard", "told", "delivery")} == {
        "status": "5.1.1",
        "hard": True,
        "told": True,
        "delivery": None,
    }
    lines = story(town, column(town, "message", "id")[0]).splitlines()
    assert any("A failure report came back for it (5.1.1, no such mailbox)" in line for line in lines)
    assert any("So it is not delivered, for good: no such mailbox; its author was told." in line for line in lines)
    assert any("The seller was told by a notice (delivery failed), which is delivered." in line for line in lines)
    assert lines[-1] == "It was not delivered: it came back after the next hop had taken it."
    with town.store.look() as look:
        chain = select(schema.journal.c.relationship_id).where(schema.journal.c.kind == "message-bounced")
        assert look.connection.execute(chain).scalar_one() == town.pair.id


def test_the_state_the_notice_and_the_report_are_written_in_one_commit(town: Town) -> None:
    arrival = sent(town)
    change = town.judge(report(town, arrival.return_path)).change
    assert change.seller_id == 1
    assert (states(town), notices(town), column(town, "house_mail", "role")) == (DELIVERED, [], [])
    assert town.store.keep(change).result() == Kept()
    assert isinstance(town.store.keep(change).result(), Stale)
    assert (states(town), notices(town), column(town, "house_mail", "role")) == (
        BOUNCED,
        [NoticeKind.DELIVERY_FAILED],
        ["report"],
    )


@pytest.mark.parametrize("specimen", [one for one in every() if one.kind is not ReportKind.FAILED], ids=lambda one: one.name)
@ON_SQLITE
def test_what_reports_no_failure_is_kept_and_changes_nothing(town: Town, specimen: Specimen) -> None:
    arrival = sent(town)
    town.receive(report(town, arrival.return_path, specimen.mail))
    assert (states(town), notices(town), column(town, "house_mail", "role")) == (DELIVERED, [], ["report"])
    assert (column(town, "bounce_score", "score"), differences(town)) == ([], ())


def test_a_second_report_is_kept_and_changes_nothing_more(town: Town) -> None:
    arrival = sent(town)
    town.receive(report(town, arrival.return_path))
    town.receive(report(town, arrival.return_path))  # the same mail once more
    town.receive(report(town, arrival.return_path, FULL))
    assert (states(town), notices(town)) == (BOUNCED, [NoticeKind.DELIVERY_FAILED])
    assert column(town, "house_mail", "role") == ["report", "report"]
    assert column(town, "bounce_score", "score") == [1.0]
    assert differences(town) == ()


def test_two_reports_that_are_judged_at_once_end_the_message_once(town: Town) -> None:
    arrival = sent(town)
    changes = [town.judge(report(town, arrival.return_path, mail)).change for mail in (NO_SUCH_USER, FULL)]
    answers = [pending.result() for pending in [town.store.keep(change) for change in changes]]
    assert sorted(type(answer).__name__ for answer in answers) == ["Kept", "Stale"]
    town.receive(report(town, arrival.return_path, FULL))
    assert (states(town), notices(town), len(column(town, "house_mail", "id"))) == (BOUNCED, [NoticeKind.DELIVERY_FAILED], 2)


def test_a_message_that_failed_at_the_attempt_does_not_fail_again(town: Town) -> None:
    town.receive(town.from_acme())
    town.deliver(Failed(550, "5.1.1", "no such user"))
    town.receive(report(town, path_of(town)))
    assert (states(town), notices(town)) == ([MessageState.FAILED], [NoticeKind.DELIVERY_FAILED])
    assert differences(town) == ()


def path_of(town: Town, days: int = 9, keyring: Keyring | None = None) -> str:
    """A return path for the one message, made anew."""
    (message_id,) = column(town, "message", "id")
    assert isinstance(message_id, UUID)
    expires_at = town.clock.now() + timedelta(days=days)
    return make_return_path(keyring or town.frame.keyring, message_id, expires_at, "marketplace.example")


# ---- While it still waits


def claimed(town: Town) -> Delivery:
    """The one delivery, leased as a worker leases it."""
    now = town.clock.now()
    (delivery,) = town.store.write(lambda transaction: claim_deliveries(transaction, town.frame, now, Claim(9))).result()
    return delivery


def test_a_report_for_a_message_that_waits_takes_it_out_of_the_queue(town: Town) -> None:
    """The next hop took it, and its reply was lost."""
    town.receive(town.from_acme())
    town.deliver(Deferred(0, "4.4.2", "the connection was lost", indeterminate=True))
    town.receive(report(town, path_of(town)))
    assert (states(town), notices(town), differences(town)) == (BOUNCED, [NoticeKind.DELIVERY_FAILED], ())
    assert dict(entries(town))["message-bounced"]["delivery"]
    assert "It was still in the queue" in story(town, column(town, "message", "id")[0])
    town.clock.advance(timedelta(days=1))
    assert [arrival.return_path for arrival in town.deliver()] == [""]  # the notice alone


@pytest.mark.parametrize("outcome", [Delivered(250, "2.0.0", "ok"), Failed(550, "5.1.1", "no"), Deferred(451, "4.3.0", "later")])
def test_a_report_that_overtakes_the_reply_ends_the_message_and_whoever_was_at_it_changes_nothing(
    town: Town, outcome: Delivered | Failed | Deferred
) -> None:
    town.receive(town.from_acme())
    now = town.clock.now()
    delivery = claimed(town)
    with town.store.look() as look:
        settling = settle(look, town.frame, delivery, outcome, now)
    town.receive(report(town, path_of(town)))
    assert isinstance(town.store.keep(settling).result(), Stale)
    assert (states(town), notices(town), differences(town)) == (BOUNCED, [NoticeKind.DELIVERY_FAILED], ())


@pytest.mark.parametrize("first", ["the report", "the worker"])
def test_of_a_report_and_a_worker_in_one_batch_the_first_wins(town: Town, first: str) -> None:
    town.receive(town.from_acme())
    now = town.clock.now()
    delivery = claimed(town)
    settling = settle(None, town.frame, delivery, Delivered(250, "2.0.0", "ok"), now)
    reporting = town.judge(report(town, path_of(town))).change
    changes = [reporting, settling] if first == "the report" else [settling, reporting]
    gate = Event()
    town.store.write(lambda _: gate.wait())  # the writer is busy, so both wait for it
    pending = [town.store.keep(change) for change in changes]
    gate.set()
    answers = [one.result() for one in pending]
    assert [type(answer).__name__ for answer in answers] == ["Kept", "Stale"]
    assert states(town) == (BOUNCED if first == "the report" else DELIVERED)
    assert differences(town) == ()


def test_a_report_judged_before_a_worker_took_the_message_is_judged_again(town: Town) -> None:
    town.receive(town.from_acme())
    reporting = town.judge(report(town, path_of(town))).change
    claimed(town)
    assert isinstance(town.store.keep(reporting).result(), Stale)
    assert states(town) == QUEUED


# ---- Whose it is not


def test_a_return_path_that_we_did_not_make_or_that_is_past_its_time_is_refused_at_rcpt(town: Town) -> None:  # S-14
    sent(town)
    forged = path_of(town, keyring=Keyring({1: b"m" * 32}))
    old = path_of(town, days=1)
    town.clock.advance(timedelta(days=2))
    for path in (forged, old):
        with town.store.look() as look:
            assert isinstance(find_recipient(look, town.frame, path, town.clock.now()), Refused)
        assert town.receive(report(town, path)).refusal
    assert (states(town), notices(town), column(town, "house_mail", "role")) == (DELIVERED, [], [])


def test_a_report_changes_the_message_of_its_return_path_whatever_its_words_name(town: Town) -> None:  # S-14
    first = sent(town)
    other = make_return_path(town.frame.keyring, new_id(), town.clock.now() + timedelta(days=1), "marketplace.example")
    ours = str(mail_of(first)["Message-ID"])
    town.receive(report(town, other, NO_SUCH_USER + f"\nOriginal-Envelope-Id: {ours}\nMessage-ID: {ours}\n"))
    assert (states(town), notices(town), column(town, "house_mail", "role")) == (DELIVERED, [], ["report"])
    second = sent(town, "buyer")
    town.receive(report(town, second.return_path))
    by_author = dict(zip(column(town, "message", "author"), column(town, "message", "state"), strict=True))
    assert by_author == {"seller": MessageState.DELIVERED, "buyer": MessageState.BOUNCED}


def test_a_failure_report_at_an_alias_or_at_postmaster_ends_nothing(town: Town) -> None:
    sent(town)
    for recipient in (town.pair.seller_alias, "postmaster@marketplace.example"):
        town.receive(replace(report(town, recipient)))
    assert (states(town), notices(town)) == (DELIVERED, [])


def test_of_an_erased_buyer_nothing_is_told_and_nothing_counted(town: Town) -> None:
    arrival = sent(town)
    mail = report(town, arrival.return_path)
    judged_before = town.judge(mail).change
    erase_person(town.store, town.clock, town.pair.buyer_id)
    assert isinstance(town.store.keep(judged_before).result(), Stale)
    town.receive(mail)
    assert (states(town), notices(town), column(town, "bounce_score", "score")) == ([MessageState.ERASED], [], [])
    assert differences(town) == ()


def test_a_message_that_came_back_untold_is_a_difference(town: Town) -> None:
    arrival = sent(town)
    town.receive(report(town, arrival.return_path))
    town.deliver()
    assert differences(town) == ()
    town.store.write(lambda transaction: transaction.execute(schema.notice.delete())).result()
    assert differences(town) == ("messages that came back, of which nobody was told: 1",)
