"""Keys of the API: made, listed, revoked, and recognised.

A secret leaves here once, when it is made. Whoever presents one that is unknown, revoked or past its time is answered alike.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from postern.errors import NotFoundError, ReasonError
from postern.mail.characters import one_line
from postern.model.api_key import OPERATOR_SCOPES, SELLER_SCOPES, SHOWN_LENGTH, ApiKey, Scope, is_secret, make_secret
from postern.model.identifier import new_id, show
from postern.model.journal import Value
from postern.model.people import Seller
from postern.storage.api_keys import add_key, count_live_keys, find_key, find_key_with, revoke_key_row
from postern.storage.change import Change
from postern.storage.journal import journal_row
from postern.storage.schema import HOUSE
from postern.storage.statements import write_all
from postern.storage.store import Look, Store, Transaction

LABEL_MAXIMUM = 100


@dataclass(frozen=True, slots=True)
class Wish:
    """What a key is asked for. ``seller`` is None for the operator's; no scopes stand for all that its holder may have."""

    seller: Seller | None
    label: str = ""
    scopes: Collection[Scope] = ()
    days: int | None = None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key and its secret, which nobody can show again."""

    key: ApiKey
    secret: str = field(repr=False)


def create_key(store: Store, wish: Wish, now: datetime, by: str) -> NewKey:
    """Make a key. Raises ReasonError where it cannot be as it is wished for."""
    secret = make_secret()
    key = ApiKey(
        id=new_id(),
        seller_id=wish.seller.id if wish.seller else None,
        label=_read_label(wish.label),
        shown=secret[:SHOWN_LENGTH],
        scopes=_read_scopes(wish),
        made_at=now,
        expires_at=now + timedelta(days=wish.days) if wish.days else None,
    )

    def add(transaction: Transaction) -> None:
        if count_live_keys(transaction, key.seller_id, now) >= store.limits.api_keys:
            raise ReasonError(f"there are {store.limits.api_keys} keys already; revoke one that is not used")
        add_key(transaction, store.vault, key, secret)
        values: dict[str, Value] = {"key": show("key", key.id), "scopes": [*sorted(key.scopes)], "by": by}
        _enter(transaction, key, "api-key-created", values, now)

    store.write(add).result()
    return NewKey(key, secret)


def revoke_key(store: Store, key_id: UUID, now: datetime, by: str) -> bool:
    """End a key at once. Answers whether that is new. Raises NotFoundError."""
    with store.look() as look:
        key = find_key(look, key_id)
    if key is None:
        raise NotFoundError("no key has this name")

    def end(transaction: Transaction) -> bool:
        is_new = revoke_key_row(transaction, key_id, now)
        if is_new:
            _enter(transaction, key, "api-key-revoked", {"key": show("key", key_id), "by": by}, now)
        return is_new

    return store.write(end).result()


def recognise_key(look: Look, presented: str, now: datetime) -> ApiKey | None:
    """The live key whose secret this is. What is spelled as no key is not looked up."""
    key = find_key_with(look, presented) if is_secret(presented) else None
    return key if key and key.is_live(now) else None


def _read_label(text: str) -> str:
    label = one_line(text)
    if len(label) > LABEL_MAXIMUM:
        raise ReasonError(f"a label has at most {LABEL_MAXIMUM} characters")
    return label


def _read_scopes(wish: Wish) -> frozenset[Scope]:
    possible = SELLER_SCOPES if wish.seller else OPERATOR_SCOPES
    wrong = next((one for one in wish.scopes if one not in possible), None)
    if wrong:
        raise ReasonError(f"this key cannot have the scope {wrong}; it may have {', '.join(possible)}")
    return frozenset(wish.scopes or possible)


def _enter(transaction: Transaction, key: ApiKey, kind: str, values: dict[str, Value], now: datetime) -> None:
    seller_id = key.seller_id or HOUSE
    write_all(transaction, [Change(seller_id, (journal_row(kind, now, values, seller_id=seller_id),))])
