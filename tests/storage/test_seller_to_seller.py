"""A seller cannot write to another seller (R26): whoever also sells may write as a buyer only where they have an order."""

from postern.language import DEFAULT_LANGUAGE
from postern.model.address import Address
from postern.model.people import AddressRole
from postern.model.relationship import Relationship
from postern.model.thread import MessageState
from postern.policy.reasons import Cause
from tests.neighbours import change, give_address, move_in, place_orders
from tests.people import BOLT, ORDER, START, Town
from tests.told import states

CLERK = Address.parse("clerk@bolt.test")
COMPLAINTS = "https://shop.example/infringement"


def refusal_of(town: Town, author: Address, alias: str, text: str = "Is this a copy of ours?") -> Cause | None:
    return town.receive(town.mail(author, alias, text)).refusal


def test_who_also_sells_is_refused_whatever_the_address_is_to_their_shop(town: Town) -> None:
    """R26: customer service, registered, or approved."""
    for role in AddressRole:
        clerk = Address.parse(f"{role.replace('_', '-')}@bolt.test")
        give_address(town, 2, clerk, role)
        pair = move_in(town, role, clerk.reveal().title())
        refusal = refusal_of(town, clerk, pair.seller_alias)
        assert refusal is not None
        assert (refusal.reason.code, refusal.reason.status) == ("seller_to_seller", 550)
    assert states(town) == []


def test_who_also_sells_may_write_to_a_seller_they_bought_from(town: Town) -> None:
    """R26: an owner may also buy."""
    pair = move_in(town, "bolt-at-home", "shop@bolt.test")
    place_orders(town, pair.buyer_id, START)
    assert refusal_of(town, BOLT, pair.seller_alias, "Where is my order?") is None
    assert states(town) == [MessageState.QUEUED]


def test_an_order_with_another_seller_opens_no_way_to_this_one(town: Town) -> None:
    """R26."""
    give_address(town, 2, CLERK)
    pair = move_in(town, "clerk", "clerk@bolt.test")
    place_orders(town, pair.buyer_id, START, seller_id=2)
    assert refusal_of(town, CLERK, pair.seller_alias) is not None


def test_complaints_are_pointed_to_report_infringement_with_its_address_where_there_is_one(town: Town) -> None:
    """R26."""
    pair = move_in(town, "bolt-at-home", "shop@bolt.test")
    for url, end in ((COMPLAINTS, f"Report infringement: {COMPLAINTS}."), ("", "Report infringement.")):
        change(town, "marketplace", report_infringement_url=url)
        refusal = refusal_of(town, BOLT, pair.seller_alias)
        assert refusal is not None
        assert refusal.remedy(DEFAULT_LANGUAGE).endswith(end)


def with_themselves(town: Town) -> Relationship:
    """Bolt has a buyer's record, and somebody opened a pair of it with Bolt; it even has an order."""
    pair = move_in(town, "bolt-at-home", "shop@bolt.test", seller_id=2)
    place_orders(town, pair.buyer_id, START, seller_id=2)
    return pair


def test_nobody_writes_to_themselves_from_either_side(town: Town) -> None:
    """R26: no seller has a relationship with itself."""
    pair = with_themselves(town)
    for alias in (pair.seller_alias, pair.buyer_alias):
        refusal = refusal_of(town, BOLT, alias)
        assert refusal is not None
        assert refusal.reason.code == "seller_to_seller"


def test_the_alias_decides_who_writes(town: Town) -> None:
    """R26: to a buyer's alias one writes as the seller, though the buyer sells elsewhere and has no order."""
    pair = move_in(town, "bolt-at-home", "shop@bolt.test")
    assert town.receive(town.mail(Address.parse("help@acme.test"), pair.buyer_alias, f"About {ORDER}")).refusal is None
    assert states(town) == [MessageState.QUEUED]
