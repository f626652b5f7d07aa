"""What the lines of a feed say of each other and of what is already known: who may be named, and what may not change any more.

Memory stays small for a million orders: of an order only a number is kept, by which ids that come twice are found; of a buyer the
id and the marketplace; of a seller the id.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from postern.actions.importing.names import find_marketplace_in_name
from postern.actions.importing.spool import Feed, Numbered
from postern.actions.importing.values import show_id, suggest
from postern.model.feed import FeedBuyer, FeedOrder, FeedSeller, Kind, Record
from postern.model.people import Marketplace
from postern.storage.feed_look_ups import (
    OrderOwners,
    find_buyers_among,
    find_orders_among,
    find_sellers_among,
    has_relationships,
    list_business_names,
)
from postern.storage.people import list_marketplaces, mark_buyer
from postern.storage.store import Look, Reader

Mistake = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Roster:
    """Who is in the file, gathered while its lines are read."""

    marketplaces: dict[str, Marketplace] = field(default_factory=dict)
    sellers: set[str] = field(default_factory=set)
    buyers: dict[str, str] = field(default_factory=dict)  # and where each is first at home
    order_numbers: "array[int]" = field(default_factory=lambda: array("q"))

    def note(self, record: Record) -> Kind:
        """Remember a record, and answer its kind."""
        match record:
            case Marketplace():
                self.marketplaces[record.id] = record
                return Kind.MARKETPLACE
            case FeedSeller():
                self.sellers.add(record.id)
                return Kind.SELLER
            case FeedBuyer():
                self.buyers.setdefault(record.id, record.marketplace_id)
                return Kind.BUYER
            case FeedOrder():
                self.order_numbers.append(hash(record.id))
                return Kind.ORDER

    def repeated_orders(self) -> set[int]:
        """The numbers of order ids that come more than once (and perhaps of one in a million million that does not)."""
        return {first for first, second in pairwise(sorted(self.order_numbers)) if first == second}


def find_mistakes(reader: Reader, feed: Feed, roster: Roster) -> Iterator[Mistake]:
    """Every line that names what does not exist, or changes what may not change."""
    with reader.look() as look:
        known = {one.id: one for one in list_marketplaces(look)}
    yield from _judge_marketplaces(reader, feed, known)
    marketplaces = known | roster.marketplaces
    names = {one.name for one in (*known.values(), *roster.marketplaces.values())}
    yield from _judge_sellers(feed, frozenset(marketplaces), sorted(names))
    yield from _judge_buyers(reader, feed, roster, tuple(marketplaces))
    yield from _judge_orders(reader, feed, roster, tuple(marketplaces))


def _judge_marketplaces(reader: Reader, feed: Feed, known: dict[str, Marketplace]) -> Iterator[Mistake]:
    holders = {one.mail_domain: one.id for one in known.values()}
    for chunk in feed.read(Kind.MARKETPLACE, Marketplace):
        with reader.look() as look:
            for number, record in chunk:
                mistake = _judge_mail_domain(look, record, known.get(record.id), holders) or _judge_new_name(
                    look, record, known.get(record.id)
                )
                if mistake:
                    yield number, mistake
                holders.setdefault(record.mail_domain, record.id)


def _judge_mail_domain(look: Look, record: Marketplace, before: Marketplace | None, holders: dict[str, str]) -> str | None:
    holder = holders.get(record.mail_domain, record.id)
    if holder != record.id:
        return f"mail_domain already belongs to the marketplace {show_id(holder)}"
    if before and before.mail_domain != record.mail_domain and has_relationships(look, record.id):
        return "mail_domain cannot change any more: people write to aliases under the present one"  # R2, R4
    return None


def _judge_new_name(look: Look, record: Marketplace, before: Marketplace | None) -> str | None:
    """R28 from the other side: a marketplace cannot take a name that a seller already bears."""
    if before and before.name == record.name:
        return None
    bearers = list_business_names(look).items()
    bearer = next((name for name, business_name in bearers if find_marketplace_in_name(business_name, [record.name])), None)
    return f"name stands in the business name of the seller {show_id(bearer)}" if bearer is not None else None


def _judge_sellers(feed: Feed, marketplaces: frozenset[str], names: list[str]) -> Iterator[Mistake]:
    for chunk in feed.read(Kind.SELLER, FeedSeller):
        for number, record in chunk:
            held = find_marketplace_in_name(record.business_name, names)
            if held is not None:
                yield number, f"business_name must not hold {held!r}, the name of a marketplace"  # R28
            averages = record.average_daily_orders
            for place in averages if isinstance(averages, dict) else ():
                if place not in marketplaces:
                    yield number, f"average_daily_orders: {_unknown('marketplace', place, marketplaces)}"


def _judge_buyers(reader: Reader, feed: Feed, roster: Roster, marketplaces: tuple[str, ...]) -> Iterator[Mistake]:
    for chunk in feed.read(Kind.BUYER, FeedBuyer):
        with reader.look() as look:
            homes = find_buyers_among(look, (record.id for _, record in chunk), marketplaces)
        for number, record in chunk:
            home = homes.get(record.id, roster.buyers[record.id])
            if record.marketplace_id not in marketplaces:
                yield number, _unknown("marketplace", record.marketplace_id, marketplaces)
            elif home != record.marketplace_id:
                yield number, f"the buyer {show_id(record.id)} belongs to the marketplace {show_id(home)} and cannot move"  # R2


def _judge_orders(reader: Reader, feed: Feed, roster: Roster, marketplaces: tuple[str, ...]) -> Iterator[Mistake]:
    repeated = roster.repeated_orders()
    seen: dict[str, OrderOwners] = {}
    for chunk in feed.read(Kind.ORDER, FeedOrder):
        with reader.look() as look:
            sellers = roster.sellers | find_sellers_among(look, (record.seller for _, record in chunk))
            homes = _find_homes(look, chunk, roster, marketplaces)
            owners = find_orders_among(look, (record.id for _, record in chunk), marketplaces)
        for number, record in chunk:
            claimed = OrderOwners(
                record.marketplace_id, record.seller, mark_buyer(reader.vault, record.marketplace_id, record.buyer)
            )
            before = owners.get(record.id) or seen.get(record.id)
            mistake = _judge_parties(record, marketplaces, sellers, homes) or _judge_move(claimed, before)
            if mistake:
                yield number, mistake
            if hash(record.id) in repeated:
                seen.setdefault(record.id, claimed)


def _find_homes(look: Look, chunk: Numbered[FeedOrder], roster: Roster, marketplaces: tuple[str, ...]) -> dict[str, str]:
    named = {record.buyer for _, record in chunk}
    listed = {name: roster.buyers[name] for name in named if name in roster.buyers}
    return find_buyers_among(look, named - listed.keys(), marketplaces) | listed


def _judge_parties(record: FeedOrder, marketplaces: tuple[str, ...], sellers: set[str], homes: dict[str, str]) -> str | None:
    if record.marketplace_id not in marketplaces:
        return _unknown("marketplace", record.marketplace_id, marketplaces)
    if record.seller not in sellers:
        return f"the seller {show_id(record.seller)} is not known"
    home = homes.get(record.buyer)
    if home is None:
        return f"the buyer {show_id(record.buyer)} is not known"
    if home != record.marketplace_id:  # R2
        return f"the buyer {show_id(record.buyer)} belongs to the marketplace {show_id(home)}, not to the order's"
    return None


def _judge_move(claimed: OrderOwners, before: OrderOwners | None) -> str | None:
    if before is None or before == claimed:
        return None
    if before.marketplace_id != claimed.marketplace_id:
        return "this order is known in another marketplace and cannot move"
    party = "seller" if before.seller != claimed.seller else "buyer"
    return f"this order is known with another {party} and cannot move"


def _unknown(noun: str, name: str, known: frozenset[str] | tuple[str, ...]) -> str:
    return f"the {noun} {show_id(name)} is not known{suggest(name, known)}"
