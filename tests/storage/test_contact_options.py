"""What is offered can be sent, and what is not offered cannot (R7); and a check says what sending would."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from postern.actions.contact_options import contact_options
from postern.actions.posting.outgoing import ByReason, Outgoing, Posted, RefusedMessage, WouldPost
from postern.errors import NotFoundError
from postern.model.identifier import new_id
from postern.model.order import Fulfilment, OrderStatus
from postern.model.relationship import Side
from postern.storage import schema
from postern.storage.relationships import AliasEntry
from postern.storage.store import Transaction
from tests.people import START, Town
from tests.people import town as found_town
from tests.posting import (
    by_reason,
    change_order,
    check,
    filled,
    obstacles,
    opt_out,
    options,
    order_of,
    post,
    posted,
    refused_for,
    ship,
    speak,
)

DAYS = st.integers(0, 45)
ITEM = (
    '{{"sku":"B1","title":"Atlas","category":"books","quantity":1,'
    '"customised":{0},"service":{1},"digital":{2},"scheduled_delivery":{3}}}'
)


@st.composite
def orders(draw: st.DrawFn) -> dict[str, object]:
    """The columns of an order in any state: what the shop may say, sensible or not."""
    flags = ["true" if draw(st.booleans()) else "false" for _ in range(4)]
    shipped, delivered = draw(DAYS), draw(DAYS)
    status = draw(st.sampled_from(OrderStatus))
    moments = {
        "shipped_at": START - timedelta(days=shipped) if draw(st.booleans()) else None,
        "delivered_at": START - timedelta(days=delivered) if draw(st.booleans()) else None,
        "cancelled_at": START if status is OrderStatus.CANCELLED else None,
    }
    items = f"[{ITEM.format(*flags)}]" if draw(st.booleans()) else "[]"
    return {"status": status, "fulfilment": draw(st.sampled_from(Fulfilment)), "items": items, **moments}


def forget_messages(town: Town) -> None:
    """So that one example's messages do not use up another's day or reasons."""

    def forget(transaction: Transaction) -> None:
        for table in (schema.daily_use, schema.posting, schema.delivery, schema.message, schema.thread):
            transaction.execute(delete(table))

    town.store.write(forget).result()


def test_for_any_order_sending_succeeds_exactly_when_the_reason_was_offered(migrated_sqlite_url: str, tmp_path: Path) -> None:
    """R7, R10, R12: over any state, kind and opt-out, with every reason that is shipped, by both sides."""
    with found_town(migrated_sqlite_url, tmp_path) as town:

        @settings(max_examples=60)
        @given(order=orders(), opted_out=st.booleans(), author=st.sampled_from(Side))
        def holds(order: dict[str, object], opted_out: bool, author: Side) -> None:
            forget_messages(town)
            change_order(town, **order)
            opt_out(town, opted_out=opted_out)
            offered = options(town, author)
            for option in offered.options:
                outgoing = filled(town, option.reason)
                checked, sent = check(town, outgoing), post(town, outgoing)
                assert isinstance(sent, Posted) == (option.obstacle is None), (option.reason.code, sent)
                assert isinstance(sent, Posted) == isinstance(checked, WouldPost)
                if isinstance(sent, RefusedMessage):
                    assert sent.findings[0].cause == option.obstacle
                forget_messages(town)

        holds()


WORDS = st.text(st.characters(codec="utf-8"), max_size=60)
TYPED = st.one_of(
    WORDS, st.sampled_from(["call +49 170 1234567", "x" * 900, "ann@mail.test", "[Important]", "-- \n> quoted", ""])
)


def test_a_check_gives_the_verdict_that_sending_gives(migrated_sqlite_url: str, tmp_path: Path) -> None:
    """Whatever is typed, into whichever fields, with and without an opt-out."""
    with found_town(migrated_sqlite_url, tmp_path) as town:

        @settings(max_examples=100)
        @given(
            code=st.sampled_from([one.code for one in town.frame.reasons.of(Side.SELLER)]),
            fields=st.dictionaries(st.sampled_from(["message", "day", "key", "amount", "begins", "note"]), TYPED, max_size=3),
            order=orders(),
            opted_out=st.booleans(),
        )
        def holds(code: str, fields: dict[str, str], order: dict[str, object], opted_out: bool) -> None:
            forget_messages(town)
            change_order(town, **order)
            opt_out(town, opted_out=opted_out)
            outgoing = replace(by_reason(town, code), content=ByReason(code, order_of(town).id, fields))
            assert same_verdict(town, outgoing)

        holds()


def same_verdict(town: Town, outgoing: Outgoing) -> bool:
    checked, sent = check(town, outgoing), post(town, outgoing)
    if isinstance(sent, RefusedMessage):
        return checked == sent
    return isinstance(checked, WouldPost) and (checked.state, checked.warnings) == (sent.state, sent.warnings)


def test_which_reasons_there_are_follows_from_the_state_of_the_order(town: Town) -> None:
    """R7."""
    open_order = obstacles(town)
    assert open_order["unexpected_problem"] == ""
    assert open_order["return_question"] == "order_is_not_complete"
    ship(town, days_ago=14)  # no delivery is reported: taken for delivered
    complete = obstacles(town)
    assert complete["unexpected_problem"] == "order_is_complete"
    assert complete["return_question"] == ""


def test_a_cancelled_order_offers_only_its_own_reason_and_the_refund_offer(town: Town) -> None:
    """R7."""
    change_order(town, status="cancelled", cancelled_at=START)
    assert {code for code, obstacle in obstacles(town).items() if not obstacle} == {"order_cancelled", "partial_refund_offer"}


def test_an_order_that_the_marketplace_ships_offers_customisation_invoice_and_legal_disclosure_alone(town: Town) -> None:
    """R7."""
    item = ITEM.format("true", "false", "false", "false")
    change_order(town, fulfilment="marketplace", items=f"[{item}]")
    offered = {code for code, obstacle in obstacles(town).items() if not obstacle}
    ship(town)
    offered |= {code for code, obstacle in obstacles(town).items() if not obstacle}
    assert offered == {"customisation_details", "invoice", "legal_disclosure"}
    assert not any(obstacles(town, Side.BUYER).values())


def test_an_opt_out_does_not_apply_to_an_order_with_a_customised_item_until_it_is_complete(town: Town) -> None:
    """R10."""
    opt_out(town)
    change_order(town, items=f"[{ITEM.format('true', 'false', 'false', 'false')}]")
    assert obstacles(town)["order_details"] == ""
    assert all(one.passes_opt_out for one in options(town).options)
    ship(town, days_ago=20)
    assert obstacles(town)["return_question"] == "reason_not_critical"


def test_an_option_says_what_a_page_needs_to_show(town: Town) -> None:
    opt_out(town)
    speak(town, "de")
    found = options(town)
    by_code = {one.reason.code: one for one in found.options}
    assert (found.language, found.opted_out, found.messages_left) == ("de", True, 600)
    assert (by_code["review_request"].left, by_code["order_details"].left) == (1, None)
    assert by_code["unexpected_problem"].passes_opt_out
    assert not by_code["invoice"].passes_opt_out
    assert by_code["invoice"].reason.files.at_least == 1
    assert options(town, Side.BUYER).messages_left is None


def test_a_review_is_asked_for_from_the_fifth_to_the_thirtieth_day_after_the_delivery(town: Town) -> None:
    change_order(town, status="delivered", delivered_at=START)
    seen = []
    for days in (0, 4, 5, 30, 31):
        town.clock.advance(START + timedelta(days=days) - town.clock.now())
        seen.append(obstacles(town)["review_request"])
    assert seen == ["too_early", "too_early", "", "", "too_late"]


def test_without_an_order_only_what_needs_none_is_offered(town: Town) -> None:
    """R24: a message may come without an order."""
    entry = AliasEntry(town.pair.seller_id, town.pair.id, Side.SELLER)
    with town.store.look() as look:
        found = contact_options(look, town.frame, entry, Side.BUYER, None, town.clock.now())
    offered = {one.reason.code for one in found.options if one.obstacle is None}
    assert offered == {"product_details", "shipping", "return_policy", "other_question"}


def test_an_order_of_somebody_else_is_not_found(town: Town) -> None:
    entry = AliasEntry(town.pair.seller_id, town.pair.id, Side.BUYER)
    with town.store.look() as look:
        try:
            contact_options(look, town.frame, entry, Side.SELLER, new_id(), town.clock.now())
        except NotFoundError:
            return
    raise AssertionError("an order of nobody was found")


def test_what_was_refused_after_it_was_held_does_not_use_up_a_reason(town: Town) -> None:
    change_order(town, status="delivered", delivered_at=START - timedelta(days=9))
    posted(post(town, by_reason(town, "review_request")))
    change = schema.message.update().values(state="expired")
    town.store.write(lambda transaction: transaction.execute(change)).result()
    posted(post(town, by_reason(town, "review_request")))
    assert refused_for(post(town, by_reason(town, "review_request"))) == "reason_used_up"
