"""A seller's own templates: kept, and filled in for an order. A variable that nothing is known for stops the sending, so that no
buyer reads "Dear {buyer}": the rules look for it in whatever is written here.
"""

from datetime import datetime

from postern.actions.find_contact import Contact
from postern.errors import ConfigurationError, NotFoundError
from postern.model.order import Order
from postern.model.people import Buyer, Marketplace, Seller
from postern.model.seller_template import NAME, VARIABLES, Filled, SellerTemplate, fill, unknown_variables
from postern.storage.people import find_buyer, find_marketplace, find_seller
from postern.storage.seller_templates import list_templates, take_template_away, write_template
from postern.storage.store import Look, Store


def save_template(store: Store, seller: Seller, one: SellerTemplate, now: datetime) -> None:
    """Keep it, in the place of one with this name and language. Raises ConfigurationError, which says what is wrong with it."""
    if not NAME.fullmatch(one.name):
        raise ConfigurationError("a template's name has up to 50 small letters, digits, - and _, such as thanks-for-photos")
    if not one.text.strip() or len(one.text) > store.limits.posted_text:
        raise ConfigurationError(f"a template has 1 to {store.limits.posted_text} characters")
    if unknown := unknown_variables(one.text):
        known = ", ".join(f"{{{name}}}" for name in VARIABLES)
        raise ConfigurationError(f"there is no variable {{{unknown[0]}}}; there are {known}")
    most = store.limits.seller_templates
    if not store.write(lambda transaction: write_template(transaction, seller.id, one, now, most)).result():
        raise ConfigurationError(f"a seller has at most {most} templates: take one away first")


def remove_template(store: Store, seller: Seller, name: str, language: str) -> None:
    """Take it away. Raises NotFoundError."""
    if not store.write(lambda transaction: take_template_away(transaction, seller.id, name, language)).result():
        raise NotFoundError(f"there is no template {name[:50]!r} in {language[:20]!r}")


def find_template(look: Look, seller: Seller, name: str, language: str) -> SellerTemplate:
    """In this language, else in the seller's, else in any. Raises NotFoundError."""
    named = {one.language: one for one in list_templates(look, seller.id) if one.name == name}
    if not named:
        raise NotFoundError(f"there is no template {name[:50]!r}")
    wanted = (language, language.partition("-")[0], seller.language)
    return next((named[one] for one in wanted if one in named), next(iter(named.values())))


def fill_for(look: Look, contact: Contact, name: str) -> str:
    """The words for this order, in its buyer's language if the seller has them. Raises NotFoundError."""
    order = contact.order
    seller, marketplace = find_seller(look, contact.seller_id), find_marketplace(look, order.marketplace_id)
    template = find_template(look, seller, name, marketplace.language)
    return fill_template(template, seller, find_buyer(look, order.buyer_id), marketplace, order).text


def fill_template(
    template: SellerTemplate, seller: Seller, buyer: Buyer, marketplace: Marketplace, order: Order | None
) -> Filled:
    """With what is known of the order and its people."""
    values = {"seller": seller.business_name, "buyer": buyer.display_name, "marketplace": marketplace.name}
    if order:
        values |= {"order": order.name, "item": order.items[0].title if order.items else ""}
        parcel = order.shipments[-1] if order.shipments else None
        values |= {"carrier": parcel.carrier, "tracking_number": parcel.tracking_number} if parcel else {}
    return fill(template, values)
