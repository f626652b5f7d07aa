"""One mail to several aliases of one seller: judged for each by itself, and none is shown to another."""

from postern.actions.add_up import add_up
from postern.actions.receive_mail import Prepared
from postern.model.relationship import Relationship
from postern.model.thread import MessageState
from tests.neighbours import change, give_address, move_in, place_orders
from tests.people import ACME, BOLT, MALLORY, START, Town, also_to
from tests.told import column, entries, human_text, mail_of, notices, states

QUEUED, BLOCKED, REFUSED, ABSORBED = MessageState.QUEUED, MessageState.BLOCKED, MessageState.REFUSED, MessageState.ABSORBED


def to_all(town: Town, pairs: list[Relationship], text: str = "We are closed on Monday.", **fields: str) -> Prepared:
    """Acme writes to these buyers at once, with all of them in To."""
    header = {"To": ", ".join(f"<{pair.buyer_alias}>" for pair in pairs)} | fields
    mail = town.mail(ACME, pairs[0].buyer_alias, text, **header)
    return town.receive(also_to(mail, *(pair.buyer_alias for pair in pairs[1:])))


def add_no_difference(town: Town) -> None:
    with town.store.look() as look:
        assert add_up(look).differences == ()


def test_each_gets_a_mail_of_their_own_that_shows_none_of_the_others(town: Town) -> None:
    pairs = [town.pair, move_in(town, "eve"), move_in(town, "kim")]
    assert to_all(town, pairs, f"To {pairs[0].buyer_alias}, {pairs[1].buyer_alias} and {pairs[2].buyer_alias}").refusal is None
    arrivals = town.deliver()
    assert sorted(one.recipient for one in arrivals) == ["ann@mail.test", "eve@mail.test", "kim@mail.test"]
    for arrival in arrivals:
        (own,) = [pair for pair in pairs if pair.seller_alias in str(mail_of(arrival)["From"])]
        header, _, _ = arrival.content.partition(b"\r\n\r\n")
        for other in pairs:
            if other is not own:
                assert other.buyer_alias.encode() not in header
                assert other.seller_alias.encode() not in arrival.content
    assert len(set(column(town, "message", "relationship_id"))) == 3


def test_an_alias_named_twice_is_one_recipient(town: Town) -> None:
    alias = town.pair.buyer_alias
    town.receive(also_to(town.from_acme(), alias, alias.upper()))
    assert states(town) == [QUEUED]


def test_where_verdicts_differ_it_is_answered_250_and_each_is_in_the_record(town: Town) -> None:
    """R8 beside R1: one opted out, the other did not."""
    eve = move_in(town, "eve", opted_out=True)
    assert to_all(town, [town.pair, eve]).refusal is None
    assert states(town) == sorted([QUEUED, BLOCKED])
    bounce = next(mail_of(one) for one in town.deliver() if mail_of(one)["X-Postern-Notice"])
    assert eve.buyer_alias in human_text(bounce)
    assert town.pair.buyer_alias not in bounce.as_string()
    add_no_difference(town)


def test_a_refused_one_of_several_is_told_to_its_proven_sender_by_a_notice_that_names_no_other(town: Town) -> None:
    """R26 for one of them: Acme's own record as a buyer."""
    itself = move_in(town, "acme-at-home", "help@acme.test")
    assert to_all(town, [itself, town.pair]).refusal is None
    assert states(town) == sorted([QUEUED, REFUSED])
    assert notices(town) == ["refused"]
    notice = next(mail_of(one) for one in town.deliver() if mail_of(one)["X-Postern-Notice"])
    assert notice["To"] == "help@acme.test"
    assert itself.buyer_alias in human_text(notice)
    assert town.pair.buyer_alias not in notice.as_string()
    add_no_difference(town)


def test_a_refused_one_of_several_by_somebody_unproven_is_only_recorded(town: Town) -> None:
    """No backscatter: whoever is not proved to be of the pair was perhaps never the sender."""
    give_address(town, 1, MALLORY)
    mail = town.mail(MALLORY, town.pair.buyer_alias, "Secret words")
    assert town.receive(also_to(mail, town.pair.seller_alias)).refusal is None
    assert states(town) == [QUEUED]
    assert notices(town) == []
    ((kind, values),) = [one for one in entries(town) if one[0] == "mail-refused-beside"]
    assert (kind, values["reason"]) == ("mail-refused-beside", "not_the_buyer")
    add_no_difference(town)


def test_a_robots_refused_one_of_several_is_only_recorded(town: Town) -> None:
    """A robot gets silence."""
    itself = move_in(town, "acme-at-home", "help@acme.test")
    to_all(town, [itself, town.pair], "I am away", Auto_Submitted="auto-replied")
    assert (states(town), notices(town)) == ([ABSORBED], [])
    add_no_difference(town)


def test_if_all_are_refused_it_is_550_of_the_first_and_nothing_is_kept(town: Town) -> None:
    give_address(town, 2, MALLORY)
    for first, second, code in (
        (town.pair.seller_alias, town.pair.buyer_alias, "not_the_buyer"),
        (town.pair.buyer_alias, town.pair.seller_alias, "sender_not_registered"),
    ):
        refusal = town.receive(also_to(town.mail(MALLORY, first, "Hello"), second)).refusal
        assert refusal is not None
        assert (refusal.reason.code, refusal.reason.status) == (code, 550)
    assert states(town) == []
    add_no_difference(town)


def test_a_repeat_at_one_alias_and_a_first_time_at_another(town: Town) -> None:
    """A sender's server may try only those recipients again for whom it got no answer, or all."""
    eve = move_in(town, "eve")
    mail = town.from_acme("Closed on Monday")
    town.receive(mail)
    town.receive(also_to(mail, eve.buyer_alias))
    assert states(town) == [QUEUED, QUEUED]
    assert len(set(column(town, "message", "relationship_id"))) == 2
    add_no_difference(town)


def test_the_notice_of_an_outside_copy_comes_for_each_thread_and_names_that_alias_alone(town: Town) -> None:
    eve = move_in(town, "eve")
    to_all(town, [town.pair, eve], Cc="<friend@elsewhere.test>")
    told = [mail_of(one) for one in town.deliver() if mail_of(one)["X-Postern-Notice"]]
    named = [{pair.buyer_alias for pair in (town.pair, eve) if pair.buyer_alias in mail.as_string()} for mail in told]
    assert sorted(map(len, named)) == [1, 1]


def test_who_sells_elsewhere_is_refused_at_one_alias_and_taken_at_the_other(town: Town) -> None:
    """R26, and the mail of a seller for their own buyer beside it."""
    change(town, "seller", average_daily_orders=None)
    as_buyer = move_in(town, "bolt-at-home", "shop@bolt.test", seller_id=2)
    place_orders(town, as_buyer.buyer_id, START, seller_id=2)
    mail = town.mail(BOLT, town.bolt_pair.buyer_alias, "Hello Ann")
    assert town.receive(also_to(mail, as_buyer.seller_alias)).refusal is None
    assert states(town) == sorted([QUEUED, REFUSED])
    assert ACME.domain not in str(entries(town))
