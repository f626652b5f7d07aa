"""Secrets with which a seller's mail programs sign in to send: made, listed, revoked.

A secret leaves here once, when it is made. It is for one address of one seller that may write (R20), and counts no longer
than that.
"""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from postern.actions.frame import Frame
from postern.actions.permit_senders import Decided
from postern.errors import NotFoundError
from postern.model.address import Address
from postern.model.identifier import new_id, show
from postern.model.journal import Value
from postern.model.people import Seller
from postern.model.submission import SHOWN_LENGTH, SubmissionSecret, make_secret
from postern.storage.change import Change
from postern.storage.journal import journal_row
from postern.storage.people import CORRESPONDENT, find_correspondent, find_person_with_address
from postern.storage.permissions import find_roles, take_turn
from postern.storage.senders import AttemptState, find_attempt
from postern.storage.statements import write_all
from postern.storage.store import Look, Store, Transaction
from postern.storage.submission_secrets import add_secret, count_secrets, list_secrets, remove_secret


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret, which nobody can show again."""

    kept: SubmissionSecret
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class MayNotWrite:
    """Nothing was made: mail from this address is not taken for the seller."""


@dataclass(frozen=True, slots=True)
class Enough:
    """Nothing was made: the address has so many."""

    maximum: int


@dataclass(frozen=True, slots=True)
class ListedSecret:
    """One secret of a seller's list."""

    id: UUID
    address: Address = field(repr=False)
    shown: str
    made_at: datetime
    used_at: datetime | None


def create_secret(
    store: Store, frame: Frame, seller: Seller, address: Address, decided: Decided
) -> NewSecret | MayNotWrite | Enough:
    """Make one more for this address."""

    def change(transaction: Transaction) -> NewSecret | MayNotWrite | Enough:
        look = Look(transaction, store.vault, store.blobs)
        take_turn(transaction, seller.id)
        person_id = find_person_with_address(transaction, store.vault, CORRESPONDENT, address)
        attempt = find_attempt(look, seller.id, address)
        is_blocked = attempt is not None and attempt.state is AttemptState.BLOCKED
        if person_id is None or is_blocked or not find_roles(transaction, seller.id, person_id):
            return MayNotWrite()
        if count_secrets(transaction, seller.id, person_id) >= frame.limits.submission_secrets:
            return Enough(frame.limits.submission_secrets)
        secret = make_secret()
        kept = SubmissionSecret(new_id(), seller.id, person_id, secret[:SHOWN_LENGTH], decided.at)
        add_secret(transaction, store.vault, kept, secret)
        _enter(look, "submission-secret-made", kept, decided)
        return NewSecret(kept, secret)

    return store.write(change).result()


def list_secrets_of(look: Look, seller: Seller) -> list[ListedSecret]:
    """Those of a seller, the eldest first."""
    return [
        ListedSecret(one.id, find_correspondent(look, one.person_id).address, one.shown, one.made_at, one.used_at)
        for one in list_secrets(look, seller.id)
    ]


def revoke_secret(store: Store, seller: Seller, secret_id: UUID, decided: Decided) -> None:
    """End one at once: whoever signs in next with it is refused. Raises NotFoundError where the seller has none of this name."""

    def change(transaction: Transaction) -> None:
        gone = remove_secret(transaction, seller.id, secret_id)
        if gone is None:
            raise NotFoundError("this seller has no secret of this name")
        _enter(Look(transaction, store.vault, store.blobs), "submission-secret-revoked", gone, decided)

    store.write(change).result()


def _enter(look: Look, kind: str, one: SubmissionSecret, decided: Decided) -> None:
    who = look.vault.mark_address(find_correspondent(look, one.person_id).address).hex()
    values: dict[str, Value] = {"who": who, "by": decided.by, "secret": show("sec", one.id)}
    write_all(look.connection, [Change(one.seller_id, (journal_row(kind, decided.at, values, seller_id=one.seller_id),))])
