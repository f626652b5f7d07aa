"""The shelf of secrets with which mail programs sign in: a keyed digest of each, and roughly when it was last used."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, RowMapping, bindparam, delete, exists, func, insert, select, update

from postern.model.submission import SubmissionSecret, spell_secret
from postern.storage.schema import person, seller_address, sender_attempt, submission_secret
from postern.storage.store import Look
from postern.storage.vault import Vault

_MAY_WRITE = exists().where(
    seller_address.c.seller_id == submission_secret.c.seller_id, seller_address.c.person_id == submission_secret.c.person_id
)
_IS_BLOCKED = exists().where(
    sender_attempt.c.seller_id == submission_secret.c.seller_id,
    sender_attempt.c.person_id == submission_secret.c.person_id,
    sender_attempt.c.state == "blocked",
)
_LIVE = (
    select(submission_secret, person.c.address_mark)
    .join(person, person.c.id == submission_secret.c.person_id)
    .where(submission_secret.c.digest == bindparam("digest"), _MAY_WRITE, ~_IS_BLOCKED)
)
_OF_SELLER = (
    select(submission_secret).where(submission_secret.c.seller_id == bindparam("seller_id")).order_by(submission_secret.c.id)
)


def add_secret(connection: Connection, vault: Vault, one: SubmissionSecret, secret: str) -> None:
    """Keep a new one, of its secret the digest alone."""
    row = {"id": one.id, "seller_id": one.seller_id, "person_id": one.person_id, "digest": _digest(vault, secret)}
    connection.execute(insert(submission_secret), row | {"prefix": one.shown, "made_at": one.made_at, "used_at": None})


def find_live_secret(look: Look, secret: str) -> tuple[SubmissionSecret, bytes] | None:
    """The secret that this is, with the mark of the address it is for, while that address may write for its seller. It is found
    by a keyed digest, so the time this takes tells nothing of any other.
    """
    row = look.connection.execute(_LIVE, {"digest": _digest(look.vault, secret)}).mappings().first()
    return (_read(row), bytes(row["address_mark"] or b"")) if row else None


def list_secrets(look: Look, seller_id: int) -> list[SubmissionSecret]:
    """A seller's, the eldest first."""
    return [_read(row) for row in look.connection.execute(_OF_SELLER, {"seller_id": seller_id}).mappings()]


def count_secrets(connection: Connection, seller_id: int, person_id: UUID) -> int:
    """How many there are for one address of a seller."""
    counted = select(func.count()).where(submission_secret.c.seller_id == seller_id, submission_secret.c.person_id == person_id)
    return connection.execute(counted).scalar_one()


def remove_secret(connection: Connection, seller_id: int, secret_id: UUID) -> SubmissionSecret | None:
    """End one at once. Answers which it was; None where the seller has none of this name."""
    gone = delete(submission_secret).where(submission_secret.c.seller_id == seller_id, submission_secret.c.id == secret_id)
    row = connection.execute(gone.returning(submission_secret)).mappings().first()
    return _read(row) if row else None


def remove_secrets_of(connection: Connection, seller_id: int, person_id: UUID) -> int:
    """End all of one address of a seller. Answers how many there were."""
    is_this = (submission_secret.c.seller_id == seller_id, submission_secret.c.person_id == person_id)
    return connection.execute(delete(submission_secret).where(*is_this)).rowcount


def note_use(connection: Connection, secret_id: UUID, at: datetime) -> None:
    """It was used."""
    connection.execute(update(submission_secret).where(submission_secret.c.id == secret_id).values(used_at=at))


def _digest(vault: Vault, secret: str) -> bytes:
    return vault.mark("submission secret", spell_secret(secret).encode("utf-8", "replace"))


def _read(row: RowMapping) -> SubmissionSecret:
    return SubmissionSecret(
        id=row["id"],
        seller_id=row["seller_id"],
        person_id=row["person_id"],
        shown=row["prefix"],
        made_at=row["made_at"],
        used_at=row["used_at"],
    )
