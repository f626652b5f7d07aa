"""What an owner of a seller and the people who read its mailboxes do in Messaging permissions (R20)."""

import re

from postern.actions.confirm_sender import Confirmed, confirm_sender
from postern.actions.permit_senders import (
    Decided,
    FromFeed,
    Permitted,
    TooMany,
    add_sender,
    block_sender,
    find_seller_of,
    remove_sender,
    unblock_sender,
)
from postern.mail.tokens import read_confirmation_token
from postern.model.address import Address
from postern.model.people import Seller
from tests.people import Arrival, Town

LINK = re.compile(rb"https://messages\.marketplace\.example/m/confirm-sender/([\w-]+)")


def seller_named(town: Town, name: str = "acme") -> Seller:
    with town.store.look() as look:
        return find_seller_of(look, name)


def decided(town: Town) -> Decided:
    """By the operator, now."""
    return Decided("operator", town.clock.now())


def add(town: Town, address: Address, seller: str = "acme", *, approved: bool = True) -> Permitted | TooMany:
    return add_sender(town.store, town.frame, seller_named(town, seller), address, decided(town), approved=approved)


def block(town: Town, address: Address, seller: str = "acme") -> bool:
    return block_sender(town.store, seller_named(town, seller), address, decided(town))


def unblock(town: Town, address: Address, seller: str = "acme") -> bool:
    return unblock_sender(town.store, seller_named(town, seller), address, decided(town))


def remove(town: Town, address: Address, seller: str = "acme") -> bool | FromFeed:
    return remove_sender(town.store, seller_named(town, seller), address, decided(town))


def token_in(arrival: Arrival) -> str:
    """The token of the link to confirm, as a person who got the mail would see it."""
    [token] = set(LINK.findall(arrival.content.replace(b"=\r\n", b"")))
    return bytes(token).decode()


def confirm(town: Town, arrival: Arrival) -> Confirmed:
    """Press the button behind the link in this mail."""
    permission_id = read_confirmation_token(town.frame.keyring, token_in(arrival), town.clock.now())
    return confirm_sender(town.store, permission_id, town.clock.now())


def permit(town: Town, address: Address, seller: str = "acme") -> None:
    """Approve, and confirm by the link that is mailed there."""
    add(town, address, seller)
    [arrival] = [one for one in town.deliver() if one.recipient == address.canonical()]
    assert confirm(town, arrival) == Confirmed(is_new=True, may_write=True)
