"""Everything the rewriter must be told, settled before it starts: names, aliases, links, tokens, references."""

from datetime import datetime, timedelta
from uuid import UUID

from postern.actions.frame import Frame
from postern.actions.receiving.pair import Pair, own_hosts
from postern.actions.receiving.placing import Place
from postern.mail.letter import Links, Passage, Product
from postern.mail.threading import own_message_id
from postern.mail.tokens import LinkTarget, make_link, make_thread_token
from postern.model.address import Address
from postern.model.relationship import Side

NO_RESPONSE_NEEDED = "no-response-needed"
REPORT = "report"


def make_passage(frame: Frame, pair: Pair, place: Place, author: Side, message_id: UUID, now: datetime) -> Passage:
    """The way of one message from its author to the other side of the pair."""
    reader = author.other
    return Passage(
        author=author,
        author_name=pair.buyer.display_name if author is Side.BUYER else pair.seller.business_name,
        from_alias=pair.relationship.alias_of(author),
        marketplace_name=pair.marketplace.name,
        mail_domain=pair.marketplace.mail_domain,
        public_url=frame.public_url,
        language=pair.language_of(reader),
        message_id=own_message_id(message_id, pair.marketplace.mail_domain),
        references=place.references,
        date=now,
        order_id=place.order.name if place.order else None,
        products=tuple(Product(item.title, item.quantity) for item in place.order.items) if place.order else (),
        thread_token=make_thread_token(frame.keyring, pair.relationship.id, place.thread.id),
        links=_links(frame, LinkTarget(message_id, reader), now),
        known_addresses=known_addresses(pair),
        certain=_certain(pair, author),
        limits=frame.limits,
        contact_policy=pair.marketplace.contact_policy,
        order_ids=tuple(order.name for order in pair.orders),
        own_hosts=own_hosts(pair.marketplace, frame.public_url),
    )


def known_addresses(pair: Pair) -> tuple[tuple[Address, str], ...]:
    """Each real address of the pair, with the alias that stands for it."""
    sellers = {one.address: pair.relationship.seller_alias for one in pair.seller_addresses}
    return ((pair.buyer.address, pair.relationship.buyer_alias), *sellers.items())


def _links(frame: Frame, target: LinkTarget, now: datetime) -> Links:
    expires_at = now + timedelta(days=frame.limits.link_days)
    report = make_link(frame.keyring, frame.public_url, REPORT, target, expires_at)
    if target.side is Side.BUYER:
        return Links(report=report)
    return Links(
        no_response_needed=make_link(frame.keyring, frame.public_url, NO_RESPONSE_NEEDED, target, expires_at),
        report=report,
    )


def _certain(pair: Pair, author: Side) -> tuple[Address, ...]:
    """The addresses that must not be in the finished mail: every one the author's side is known by."""
    if author is Side.BUYER:
        return (pair.buyer.address,)
    return tuple(dict.fromkeys(one.address for one in pair.seller_addresses))
