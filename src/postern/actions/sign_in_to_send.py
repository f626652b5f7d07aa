"""Signing in to send: whose secret it is, if it is the secret of the address that was given with it (R20).

An address that is unknown, one without a secret, one that may not write any more and a wrong secret are answered alike, and by
the same look-up.
"""

import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from postern.errors import AddressError
from postern.model.address import Address
from postern.model.submission import SignedIn, SubmissionSecret
from postern.storage.store import Look, Store
from postern.storage.submission_secrets import find_live_secret, note_use

NOTED_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client says that it is, and knows."""

    name: str = field(repr=False)
    secret: str = field(repr=False)


def sign_in(look: Look, presented: Credentials) -> tuple[SignedIn, SubmissionSecret] | None:
    """As whom this client may send; None for whatever does not fit together."""
    address = _read_address(presented.name)
    found = find_live_secret(look, presented.secret)
    mark = look.vault.mark_address(address) if address else b""
    fits = hmac.compare_digest(mark, found[1] if found else b"")
    if not (fits and found and address):
        return None
    return SignedIn(address, found[0].seller_id), found[0]


def note_sign_in(store: Store, used: SubmissionSecret, now: datetime) -> None:
    """Remember that the secret was used, once an hour at most."""
    if used.used_at is None or now - used.used_at >= NOTED_EVERY:
        store.write(lambda transaction: note_use(transaction, used.id, now))


def _read_address(name: str) -> Address | None:
    try:
        return Address.parse(name)
    except AddressError:
        return None
