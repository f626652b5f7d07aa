"""Whom an operator means: a buyer by their own id for them, anybody by ``per_…``, a seller's correspondent by address."""

from uuid import UUID

from postern.actions.find_aliases import one_buyer
from postern.errors import NotFoundError
from postern.model.address import Address
from postern.model.identifier import read_shown
from postern.storage.people import find_buyers_named, find_person_with_address
from postern.storage.store import Look


def find_buyer_or_person(look: Look, name: str) -> UUID:
    """``BUYER``, ``MARKETPLACE/BUYER`` or ``per_…``. Raises NotFoundError."""
    return read_shown("per", name) or one_buyer(find_buyers_named(look, name), name)


def find_correspondent_with(look: Look, address: str) -> UUID:
    """Whoever writes, or wrote, for sellers from this address. Raises NotFoundError and AddressError."""
    found = find_person_with_address(look.connection, look.vault, "correspondent", Address.parse(address))
    if found is None:
        raise NotFoundError("no seller's correspondent has this address")
    return found
