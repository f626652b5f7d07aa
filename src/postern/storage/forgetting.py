"""What erasure and retention both do to rows: take content away, and withhold what the journal says of it.

Each function works inside the caller's transaction and answers the blobs whose rows are gone: the row goes before its blob, so a
crash in between leaves a blob without a row, which the sweep finds. It never decides what may go.
"""

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Connection, RowMapping, bindparam, delete, insert, select, tuple_, update

from postern.errors import StoreError
from postern.model.journal import EPOCH, withhold
from postern.model.retention import LASTING_FIELDS, RetentionClass
from postern.ports import Blobs
from postern.storage.feed_look_ups import in_portions
from postern.storage.journal import read_fields, spell_fields
from postern.storage.schema import HOUSE, attempt, delivery, document, house_mail, journal, notice, order_news, retention_mark
from postern.storage.store import Look

_PAGE = 200

_ENTRY = select(journal.c.seller_id, journal.c.id, journal.c.fields)
_SET_FIELDS = (
    update(journal)
    .where(journal.c.seller_id == bindparam("of_seller"), journal.c.id == bindparam("of_entry"))
    .values(fields=bindparam("new_fields"))
)
_KEYS: BindParameter[Any] = bindparam("keys", expanding=True)
_HOUSE_MAIL = select(house_mail.c.id, house_mail.c.document_id)
_BLOBS_NAMED = select(document.c.blob).where(document.c.blob.in_(_KEYS))


def forget_documents(connection: Connection, seller_id: int, ids: Iterable[UUID | None]) -> list[str]:
    """Take these mails away. Answers the blobs that lie without a row now."""
    blobs: list[str] = []
    for portion in in_portions(one for one in ids if one):
        gone = delete(document).where(document.c.seller_id == seller_id, document.c.id.in_(portion)).returning(document.c.blob)
        blobs += [blob for blob in connection.execute(gone).scalars() if blob]
    return blobs


def forget_notices(connection: Connection, seller_id: int, message_ids: Collection[UUID]) -> list[str]:
    """Take away what people were told about these messages, with its deliveries and tries."""
    about = notice.c.seller_id == seller_id, notice.c.about_id.in_(message_ids)
    rows = connection.execute(select(notice.c.id, notice.c.document_id).where(*about)).all()
    ids = [row[0] for row in rows]
    connection.execute(delete(delivery).where(delivery.c.seller_id == seller_id, delivery.c.message_id.in_(ids)))
    connection.execute(delete(attempt).where(attempt.c.seller_id == seller_id, attempt.c.message_id.in_(ids)))
    connection.execute(delete(notice).where(*about))
    withhold_about(connection, ids)
    return forget_documents(connection, seller_id, (row[1] for row in rows))


def forget_order_news(connection: Connection, seller_id: int, order_ids: Collection[UUID]) -> list[str]:
    """Take away what buyers were told of these orders, and that it is to be told."""
    for portion in in_portions(order_ids):
        connection.execute(delete(order_news).where(order_news.c.seller_id == seller_id, order_news.c.order_id.in_(portion)))
    return forget_notices(connection, seller_id, order_ids)


def count_gone(connection: Connection, kind: RetentionClass, number: int) -> None:
    """Remember how many rows of a class are gone by right: the ledger adds them up."""
    where = retention_mark.c["class"] == kind
    if connection.execute(update(retention_mark).where(where).values(gone=retention_mark.c.gone + number)).rowcount == 0:
        connection.execute(insert(retention_mark), {"class": kind, "done_before": EPOCH, "gone": number})


def forget_failure_reports(connection: Connection, message_ids: Collection[UUID]) -> list[str]:
    """Take away what came back about these messages."""
    return _forget_house_mails(connection, house_mail.c.about_id.in_(message_ids))


def forget_house_mails(connection: Connection, ids: Collection[UUID]) -> list[str]:
    """Take mails of the house away, with their tries and deliveries, and withhold what the journal says of them."""
    return _forget_house_mails(connection, house_mail.c.id.in_(ids))


def _forget_house_mails(connection: Connection, chosen: ColumnElement[bool]) -> list[str]:
    rows = connection.execute(_HOUSE_MAIL.where(chosen)).all()
    ids = [row[0] for row in rows]
    if not ids:
        return []
    connection.execute(delete(delivery).where(delivery.c.seller_id == HOUSE, delivery.c.message_id.in_(ids)))
    connection.execute(delete(attempt).where(attempt.c.seller_id == HOUSE, attempt.c.message_id.in_(ids)))
    withhold_about(connection, ids)
    connection.execute(delete(house_mail).where(house_mail.c.id.in_(ids)))
    count_gone(connection, RetentionClass.HOUSE_MAIL, len(ids))
    return forget_documents(connection, HOUSE, (row[1] for row in rows))


def withhold_about(connection: Connection, message_ids: Collection[UUID]) -> int:
    """Withhold what the entries about these messages say beyond trade words, sizes and commitments. Answers how many changed."""
    changed = 0
    for portion in in_portions(message_ids):
        rows = connection.execute(_ENTRY.where(journal.c.message_id.in_(portion))).mappings().all()
        changed += withhold_in(connection, rows, LASTING_FIELDS)
    return changed


def withhold_of_pair(connection: Connection, relationship_id: UUID, after: UUID | None) -> UUID | None:
    """The same for a page of the entries of a pair, those behind ``after``. Answers the last of the page, None at the end."""
    page = _ENTRY.where(journal.c.relationship_id == relationship_id).order_by(journal.c.id).limit(_PAGE)
    rows = connection.execute(page.where(journal.c.id > after) if after else page).mappings().all()
    withhold_in(connection, rows, LASTING_FIELDS)
    return rows[-1]["id"] if len(rows) == _PAGE else None


def withhold_entries(connection: Connection, entries: Iterable[tuple[int, UUID]], lasting: Collection[str]) -> int:
    """Withhold all fields but the lasting ones of these entries. Answers how many changed."""
    changed = 0
    for portion in in_portions(entries):
        chosen = tuple_(journal.c.seller_id, journal.c.id).in_(portion)
        changed += withhold_in(connection, connection.execute(_ENTRY.where(chosen)).mappings().all(), lasting)
    return changed


def withhold_in(connection: Connection, rows: Sequence[RowMapping], lasting: Collection[str]) -> int:
    """Withhold all fields but the lasting ones in these rows. Their digests stay, so whatever was chained on top stays true."""
    changes = []
    for row in rows:
        fields = read_fields(row["fields"])
        left = tuple(one if one.withheld or one.name in lasting else withhold(one) for one in fields)
        if left != fields:
            changes.append({"of_seller": row["seller_id"], "of_entry": row["id"], "new_fields": spell_fields(left)})
    if changes:
        connection.execute(_SET_FIELDS, changes)
    return len(changes)


def is_bare(fields: str) -> bool:
    """Whether an entry has nothing left to withhold."""
    return all(one.withheld for one in read_fields(fields))


def blobs_with_rows(look: Look, names: Collection[str]) -> set[str]:
    """Those of these blobs that some document still needs."""
    return {row[0] for keys in in_portions(names) for row in look.connection.execute(_BLOBS_NAMED, {"keys": keys})}


def remove_blobs(blobs: Blobs, names: Iterable[str]) -> None:
    """Take these blobs away, whose rows are gone. One that cannot be reached now is left to the sweep."""
    for name in names:
        with suppress(StoreError):
            blobs.remove(name)
