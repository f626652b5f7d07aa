"""The shelf for checking a feed: what is already known by the shop's own ids. It opens no sealed value and writes nothing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Row, Select, bindparam, select

from postern.storage.people import mark_buyer
from postern.storage.schema import order, person, relationship, seller
from postern.storage.store import Look

KEYS_AT_ONCE = 500  # both stores take more in one statement, and neither takes any number

_KEYS: BindParameter[Any] = bindparam("keys", expanding=True)
_SELLERS = select(seller.c.name).where(seller.c.name.in_(_KEYS))
_BUSINESS_NAMES = select(seller.c.name, seller.c.business_name)
_BUYERS = select(person.c.external_mark).where(person.c.external_mark.in_(_KEYS))
_RELATED = select(relationship.c.id).where(relationship.c.marketplace_id == bindparam("marketplace_id")).limit(1)
_ORDERS = (
    select(order.c.marketplace_id, order.c.name, seller.c.name, person.c.external_mark)
    .join(seller, seller.c.id == order.c.seller_id)
    .join(person, person.c.id == order.c.buyer_id)
    .where(order.c.marketplace_id.in_(bindparam("marketplaces", expanding=True)), order.c.name.in_(_KEYS))
)


@dataclass(frozen=True, slots=True)
class OrderOwners:
    """Whose an order is, and where; ``buyer_mark`` is the blind index of the buyer's id in that marketplace."""

    marketplace_id: str
    seller: str
    buyer_mark: bytes


def find_sellers_among(look: Look, names: Iterable[str]) -> set[str]:
    """Those of these operator's ids that belong to a seller."""
    return {row[0] for row in _rows(look, _SELLERS, names)}


def list_business_names(look: Look) -> dict[str, str]:
    """The business name of every seller, by the operator's id."""
    return {row[0]: row[1] for row in look.connection.execute(_BUSINESS_NAMES)}


def has_relationships(look: Look, marketplace_id: str) -> bool:
    """Whether any pair of this marketplace has its aliases."""
    return look.connection.execute(_RELATED, {"marketplace_id": marketplace_id}).first() is not None


def find_buyers_among(look: Look, names: Iterable[str], marketplaces: Sequence[str]) -> dict[str, str]:
    """Those of these operator's ids that belong to a buyer in one of these marketplaces, and in which."""
    marks = {mark_buyer(look.vault, place, name): (name, place) for name in set(names) for place in marketplaces}
    return dict(marks[bytes(row[0])] for row in _rows(look, _BUYERS, marks))


def find_orders_among(look: Look, names: Iterable[str], marketplaces: Sequence[str]) -> dict[str, OrderOwners]:
    """Those of these order ids that are known, and whose they are."""
    if not marketplaces:
        return {}
    found = _rows(look, _ORDERS, names, marketplaces=list(marketplaces))
    return {row[1]: OrderOwners(row[0], row[2], bytes(row[3] or b"")) for row in found}


def _rows(look: Look, statement: Select[Any], keys: Iterable[object], **others: object) -> Iterator[Row[*tuple[Any, ...]]]:
    for portion in in_portions(keys):
        yield from look.connection.execute(statement, {"keys": portion, **others})


def in_portions(keys: Iterable[object]) -> Iterator[list[object]]:
    """The distinct keys, as many at once as one statement may have."""
    distinct = list(dict.fromkeys(keys))
    return (distinct[start : start + KEYS_AT_ONCE] for start in range(0, len(distinct), KEYS_AT_ONCE))
