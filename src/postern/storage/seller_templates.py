"""The shelf of sellers' own templates."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from postern.model.seller_template import SellerTemplate
from postern.storage.schema import seller_template
from postern.storage.store import Look

_OF_SELLER = (
    select(seller_template.c.name, seller_template.c.language, seller_template.c.text)
    .where(seller_template.c.seller_id == bindparam("seller_id"))
    .order_by(seller_template.c.name, seller_template.c.language)
)


def list_templates(look: Look, seller_id: int) -> tuple[SellerTemplate, ...]:
    """All of a seller's, by name and language."""
    return tuple(SellerTemplate(*row) for row in look.connection.execute(_OF_SELLER, {"seller_id": seller_id}))


def write_template(connection: Connection, seller_id: int, one: SellerTemplate, now: datetime, most: int) -> bool:
    """Put it in the place of what was there. False where the seller has as many as they may."""
    take_template_away(connection, seller_id, one.name, one.language)
    count = select(func.count()).where(seller_template.c.seller_id == seller_id)
    if connection.execute(count).scalar_one() >= most:
        return False
    values = {"seller_id": seller_id, "name": one.name, "language": one.language, "text": one.text, "changed_at": now}
    connection.execute(insert(seller_template), values)
    return True


def take_template_away(connection: Connection, seller_id: int, name: str, language: str) -> bool:
    """Whether it was there."""
    gone = delete(seller_template).where(
        seller_template.c.seller_id == seller_id, seller_template.c.name == name, seller_template.c.language == language
    )
    return connection.execute(gone).rowcount > 0
