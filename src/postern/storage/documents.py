"""The shelf of documents: the bytes of mails, sealed. Small ones are rows, in the same commit; larger ones are blobs, which are
on disk before the commit, under random names, so that a row never points at nothing.
"""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, RowMapping, bindparam, select, tuple_

from postern.errors import DamagedError, NotFoundError
from postern.model.identifier import new_id
from postern.ports import Blobs
from postern.storage.change import Row, Write
from postern.storage.people import find_correspondent_key
from postern.storage.relationships import find_relationship_key
from postern.storage.schema import document
from postern.storage.store import Look
from postern.storage.vault import DataKey

_SALT_LENGTH = 16
_KEYS: BindParameter[Any] = bindparam("keys", expanding=True)
_BY_KEYS = select(document).where(tuple_(document.c.seller_id, document.c.id).in_(_KEYS))
_BY_ID = select(document).where(document.c.seller_id == bindparam("seller_id"), document.c.id == bindparam("document_id"))


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose key seals a document: a ``person``, a ``relationship`` or the ``house``."""

    kind: str
    id: UUID | None
    key: DataKey


@dataclass(frozen=True, slots=True)
class SealedDocument:
    """The row of a mail, and the commitment that the journal keeps of it: SHA-256 over a salt and the content. The salt lies
    sealed with the content, so once the key is destroyed nobody can try out contents against the commitment.
    """

    id: UUID
    row: Row
    commitment: str
    size: int  # octets of the mail


def seal_document(seller_id: int, content: bytes, owner: Owner, blobs: Blobs, inline_maximum: int) -> SealedDocument:
    """Seal a mail for its owner. A large one is written to the blob store now. Raises StoreFullError, StoreError."""
    document_id = new_id()
    salted = secrets.token_bytes(_SALT_LENGTH) + content
    sealed = owner.key.seal(salted, _label(document_id))
    blob = None
    if len(content) > inline_maximum:
        blob = secrets.token_hex(16)
        blobs.put(blob, sealed)
    values = {
        "seller_id": seller_id,
        "id": document_id,
        "owner": owner.kind,
        "owner_id": owner.id,
        "size": len(content),
        "sealed": None if blob else sealed,
        "blob": blob,
    }
    return SealedDocument(document_id, Row(Write.ADD_DOCUMENT, values), hashlib.sha256(salted).hexdigest(), len(content))


def compute_commitments(look: Look, keys: Collection[tuple[int, UUID]]) -> dict[tuple[int, UUID], str | DamagedError]:
    """What the journal holds of these mails (seller, document), from the bytes that are there now; of what does not open, why.
    One that is missing here is missing there.
    """
    data_keys: dict[tuple[object, ...], DataKey] = {}
    found: dict[tuple[int, UUID], str | DamagedError] = {}
    for row in look.connection.execute(_BY_KEYS, {"keys": list(keys)}).mappings():
        owner = (row["owner"], row["owner_id"], row["seller_id"])
        try:
            if owner not in data_keys:
                data_keys[owner] = _key_of(look, row["seller_id"], row["owner"], row["owner_id"])
            commitment: str | DamagedError = hashlib.sha256(_open_row(look, row, data_keys[owner])).hexdigest()
        except DamagedError as error:
            commitment = error
        found[row["seller_id"], row["id"]] = commitment
    return found


def find_document(look: Look, seller_id: int, document_id: UUID) -> bytes:
    """The bytes of one mail, opened. Raises NotFoundError, and DamagedError where key or blob is gone or changed."""
    return find_salted(look, seller_id, document_id)[_SALT_LENGTH:]


def find_salted(look: Look, seller_id: int, document_id: UUID) -> bytes:
    """The same behind its salt: what the journal's commitment is the SHA-256 of."""
    keys = {"seller_id": seller_id, "document_id": document_id}
    row = look.connection.execute(_BY_ID, keys).mappings().first()
    if row is None:
        raise NotFoundError("no such document")
    return _open_row(look, row, _key_of(look, seller_id, row["owner"], row["owner_id"]))


def _open_row(look: Look, row: RowMapping, key: DataKey) -> bytes:
    sealed = row["sealed"] if row["blob"] is None else look.blobs.get(row["blob"])
    if sealed is None or (row["blob"] and row["sealed"]):
        raise DamagedError("a document without bytes, or with two kinds of them")
    salted = key.open(sealed, _label(row["id"]))
    if len(salted) != _SALT_LENGTH + row["size"]:
        raise DamagedError("a document of another size")
    return salted


def _label(document_id: UUID) -> str:
    """Binds the bytes to their row: another document of the same owner does not open in its place."""
    return f"document {document_id}"


def _key_of(look: Look, seller_id: int, owner: str, owner_id: UUID | None) -> DataKey:
    if owner == "house" and owner_id is None:
        return look.vault.house_key()
    if owner == "person" and owner_id:
        return find_correspondent_key(look, owner_id)
    if owner == "relationship" and owner_id:
        return find_relationship_key(look, seller_id, owner_id)
    raise DamagedError("a document of nobody")
