"""Nobody beside: a mail that also goes to outside addresses leaves the privacy of the marketplace, and its sender is told."""

from postern.model.notice import NoticeKind
from postern.model.thread import MessageState
from tests.neighbours import betray, move_in
from tests.people import ACME, Town
from tests.told import answering, human_text, mail_of, notices, states

FRIEND, LAWYER = "<friend@elsewhere.test>", "<lawyer@court.test>"


def test_the_sender_is_told_that_the_copies_left_the_privacy_of_the_marketplace_and_the_mail_passes(town: Town) -> None:
    town.receive(town.from_acme("Hello", Cc=f"{FRIEND}, {LAWYER}"))
    assert states(town) == [MessageState.QUEUED]
    mails = {one.recipient: mail_of(one) for one in town.deliver()}
    assert sorted(mails) == ["ann@mail.test", "help@acme.test"]
    text = human_text(mails["help@acme.test"])
    assert "2" in text
    assert "can see your own address" in text
    assert mails["help@acme.test"]["X-Postern-Notice"] == NoticeKind.OUTSIDE_COPY
    for mail in mails.values():
        assert "elsewhere.test" not in mail.as_string()
        assert "court.test" not in mail.as_string()


def test_a_buyer_is_told_likewise(town: Town) -> None:
    town.receive(town.from_ann("Hello", To=f"<{town.pair.seller_alias}>, {FRIEND}"))
    assert sorted(one.recipient for one in town.deliver()) == ["ann@mail.test", "help@acme.test"]
    assert notices(town) == [NoticeKind.OUTSIDE_COPY]


def test_once_in_a_thread_is_enough_for_each_side(town: Town) -> None:
    town.receive(town.from_ann("Hello", Cc=FRIEND))
    question = next(one for one in town.deliver() if one.recipient == "help@acme.test")
    for text in ("Yes", "No"):
        town.receive(town.from_acme(text, Cc=FRIEND, **answering(question)))
    assert notices(town) == [NoticeKind.OUTSIDE_COPY] * 2
    town.receive(town.from_acme("Another matter", Cc=FRIEND))
    assert notices(town) == [NoticeKind.OUTSIDE_COPY] * 3


INSIDE = (
    "<help@acme.test>",
    "<boss@acme.test>, <accounts@ACME.test>",
    "<anything@marketplace.example>",
    "<postmaster@Marketplace.Example>",
    "undisclosed-recipients:;",
    "not an address",
)


def test_ones_own_address_colleagues_and_other_aliases_do_not_count(town: Town) -> None:
    eve = move_in(town, "eve")
    for copies in (*INSIDE, f"<{eve.buyer_alias}>, <{town.bolt_pair.buyer_alias}>"):
        town.receive(town.from_acme("Hello", Cc=copies))
    assert notices(town) == []


def test_a_message_that_is_held_or_repeated_tells_of_no_copy(town: Town) -> None:
    """What did not pass is told for what it is, and a repeat is told of once."""
    mail = town.from_acme("Hello", Cc=FRIEND)
    town.receive(mail)
    town.receive(mail)
    assert notices(town) == [NoticeKind.OUTSIDE_COPY]
    betray(town, ACME)
    town.receive(town.from_acme("Another matter", Cc=FRIEND))
    assert notices(town) == [NoticeKind.HELD, NoticeKind.OUTSIDE_COPY]
