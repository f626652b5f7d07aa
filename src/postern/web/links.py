"""The signed links in our mails: what one is about, and who reads its page.

A link needs no sign-in: whoever holds it read the mail it stands in. It refuses a token that was made for another action, that is
damaged, or that is past its time, and tells the last apart, so that its holder knows what to do.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from postern.errors import NotFoundError, TokenError
from postern.mail.characters import one_line
from postern.mail.tokens import LinkTarget, read_link_token
from postern.model.people import Marketplace
from postern.model.relationship import Side
from postern.model.remark import Remark
from postern.model.thread import Message
from postern.storage.orders import find_order
from postern.storage.people import find_marketplace, find_seller
from postern.storage.relationships import find_relationship
from postern.storage.remarks import is_remarked
from postern.storage.store import Look
from postern.web.pages import Pages

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

Find = Callable[[Look, LinkTarget], Message]


class LinkExpiredError(TokenError):
    """A link of ours, past its time. ``language`` is its reader's."""

    def __init__(self, language: str) -> None:
        super().__init__("past its time")
        self.language = language


@dataclass(frozen=True, slots=True)
class Linked:
    """What a link's page says of its message: nothing that its reader has not seen in the mail."""

    target: LinkTarget
    language: str
    marketplace: Marketplace
    order: str  # the shop's order id, or empty
    subject: str = field(repr=False)
    is_remarked: bool


def follow(pages: Pages, action: str, token: str, remark: Remark, find: Find) -> Linked:
    """Read the token and look up what it is about. Raises LinkExpiredError for one that is only too old, TokenError for any
    other that does not count, NotFoundError where the message is gone or not for this side, and StoreError.
    """
    target, is_expired = _read_target(pages, action, token)
    with pages.store.look() as look:
        linked = _look_up(look, target, find(look, target), remark)
    if is_expired:
        raise LinkExpiredError(linked.language)
    return linked


def _read_target(pages: Pages, action: str, token: str) -> tuple[LinkTarget, bool]:
    keyring = pages.frame.keyring
    try:
        return read_link_token(keyring, action, token, pages.clock.now()), False
    except TokenError:
        return read_link_token(keyring, action, token, _LONG_AGO), True  # raises unless only its time is past


def _look_up(look: Look, target: LinkTarget, message: Message, remark: Remark) -> Linked:
    found = find_relationship(look, message.seller_id, message.relationship_id)
    if found is None:
        raise NotFoundError("no such message")
    marketplace = find_marketplace(look, found[0].marketplace_id)
    seller = find_seller(look, message.seller_id)
    order = find_order(look, message.seller_id, message.order_id) if message.order_id else None
    return Linked(
        target=target,
        language=seller.language if target.side is Side.SELLER else marketplace.language,
        marketplace=marketplace,
        order=one_line(order.name) if order else "",
        subject=one_line(message.subject),
        is_remarked=is_remarked(look, remark, message, target.side),
    )
