"""The shelf of the API's keys: a digest of each secret, what it may do, and roughly when it was last used."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, RowMapping, bindparam, func, insert, or_, select, update

from postern.model.api_key import ApiKey, Scope
from postern.storage.schema import HOUSE, api_key
from postern.storage.store import Look
from postern.storage.vault import Vault

_BY_MARK = select(api_key).where(api_key.c.mark == bindparam("mark"))
_BY_ID = select(api_key).where(api_key.c.id == bindparam("key_id"))
_OF_SELLER = select(api_key).where(api_key.c.seller_id == bindparam("seller_id")).order_by(api_key.c.id)
_ALL = select(api_key).order_by(api_key.c.seller_id, api_key.c.id)
_LIVE = select(func.count()).where(
    api_key.c.seller_id == bindparam("seller_id"),
    api_key.c.revoked_at.is_(None),
    or_(api_key.c.expires_at.is_(None), api_key.c.expires_at > bindparam("now", type_=api_key.c.expires_at.type)),
)
_REVOKE = update(api_key).where(api_key.c.id == bindparam("key_id"), api_key.c.revoked_at.is_(None))
_NOTE_USE = update(api_key).where(api_key.c.id == bindparam("of_key")).values(last_used_at=bindparam("used_at"))


def find_key_with(look: Look, secret: str) -> ApiKey | None:
    """The key with this secret, live or not. It is found by a keyed digest, so the time this takes tells nothing of any other."""
    row = look.connection.execute(_BY_MARK, {"mark": _mark(look.vault, secret)}).mappings().first()
    return _key(row) if row else None


def find_key(look: Look, key_id: UUID) -> ApiKey | None:
    """One key."""
    row = look.connection.execute(_BY_ID, {"key_id": key_id}).mappings().first()
    return _key(row) if row else None


def list_keys(look: Look, seller_id: int | None = None) -> list[ApiKey]:
    """A seller's keys, oldest first; without a seller everybody's, the operator's first."""
    found = look.connection.execute(_ALL) if seller_id is None else look.connection.execute(_OF_SELLER, {"seller_id": seller_id})
    return [_key(row) for row in found.mappings()]


def count_live_keys(connection: Connection, seller_id: int | None, now: datetime) -> int:
    """How many keys of a seller, or of the operator, can be used."""
    return connection.execute(_LIVE, {"seller_id": seller_id or HOUSE, "now": now}).scalar_one()


def add_key(connection: Connection, vault: Vault, key: ApiKey, secret: str) -> None:
    """Keep a new key, and of its secret the digest alone."""
    values = {
        "id": key.id,
        "seller_id": key.seller_id or HOUSE,
        "mark": _mark(vault, secret),
        "label": key.label,
        "shown": key.shown,
        "scopes": " ".join(sorted(key.scopes)),
        "made_at": key.made_at,
        "expires_at": key.expires_at,
    }
    connection.execute(insert(api_key), values)


def revoke_key_row(connection: Connection, key_id: UUID, now: datetime) -> bool:
    """End a key. Answers whether that is new."""
    return connection.execute(_REVOKE.values(revoked_at=now), {"key_id": key_id}).rowcount > 0


def note_uses(connection: Connection, uses: Mapping[UUID, datetime]) -> None:
    """Remember when these keys were last used."""
    if uses:
        connection.execute(_NOTE_USE, [{"of_key": key_id, "used_at": moment} for key_id, moment in sorted(uses.items())])


def _mark(vault: Vault, secret: str) -> bytes:
    return vault.mark("api key", secret.encode("ascii"))


def _key(row: RowMapping) -> ApiKey:
    return ApiKey(
        id=row["id"],
        seller_id=row["seller_id"] or None,
        label=row["label"],
        shown=row["shown"],
        scopes=frozenset(Scope(one) for one in row["scopes"].split()),
        made_at=row["made_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        last_used_at=row["last_used_at"],
    )
