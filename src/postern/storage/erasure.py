"""The shelf of erasures: who asked to be forgotten, and the statements by which they are.

Nothing here may be undone. Each function is one step inside the caller's transaction, and harmless when it is run again.
"""

import secrets
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, RowMapping, Select, bindparam, delete, insert, or_, select, text, update

from postern.model.thread import MessageState
from postern.storage.engine import translated_errors
from postern.storage.forgetting import forget_documents, forget_failure_reports, forget_notices, forget_order_news, withhold_about
from postern.storage.people import CORRESPONDENT
from postern.storage.permissions import forget_permissions
from postern.storage.responses import end_clocks
from postern.storage.schema import (
    bounce_score,
    delivery,
    document,
    draft,
    erasure,
    house_mail,
    journal,
    member,
    message,
    notice,
    order,
    person,
    posting,
    relationship,
    report,
    seller,
    seller_address,
    seller_block,
    sender_attempt,
    sender_permission,
    session,
    submission_secret,
    thread,
)
from postern.storage.sessions import forget_sign_ins_of
from postern.storage.store import Look

MESSAGES_AT_ONCE = 20  # so that no step holds the write lock for long
_ENTRIES_AT_ONCE = 2_000
_MARK_LENGTH = 16
_CHECKPOINT_TRIES, _CHECKPOINT_WAIT, _CHECKPOINT_PAUSE = 20, 0.04, 0.1  # seconds

_IDENTIFYING = ("wrapped_key", "sealed_name", "sealed_address", "sealed_external_id", "address_mark", "external_mark")
_UNFINISHED = select(erasure.c.person_id).where(erasure.c.ended_at.is_(None)).order_by(erasure.c.asked_at)
_NEEDED_BY = (
    select(seller.c.name)
    .join(seller_address, seller_address.c.seller_id == seller.c.id)
    .where(seller_address.c.person_id == bindparam("person_id"), seller_address.c.role == "customer_service")
    .order_by(seller.c.name)
)
_HOUSE_MAIL = select(house_mail.c.id, house_mail.c.document_id, house_mail.c.about_id).order_by(house_mail.c.id).limit(50)
_REFUSED = (
    select(journal.c.seller_id, journal.c.id, journal.c.relationship_id, journal.c.happened_at, journal.c.kind, journal.c.fields)
    .order_by(journal.c.happened_at, journal.c.id)
    .limit(_ENTRIES_AT_ONCE)
)
_FORGET_MESSAGE = (
    update(message)
    .where(message.c.seller_id == bindparam("of_seller"), message.c.id == bindparam("of_message"))
    .values(seen_mark=bindparam("new_mark"), their_id_mark=None, sealed_their_id=None, original_id=None)
)
_FORGET_WORDS = _FORGET_MESSAGE.values(
    sealed_subject=b"", sealed_text=b"", relayed_id=None, order_id=None, candidates=None, state=MessageState.ERASED
)
_MESSAGE = select(message.c.seller_id, message.c.id, message.c.state, message.c.original_id, message.c.relayed_id)


def ask_erasure(connection: Connection, person_id: UUID, now: datetime) -> bool:
    """Note that this person is to be forgotten. False where it was noted before."""
    if connection.execute(select(erasure.c.person_id).where(erasure.c.person_id == person_id)).first():
        return False
    connection.execute(insert(erasure), {"person_id": person_id, "asked_at": now, "ended_at": None})
    return True


def list_unfinished(look: Look) -> list[UUID]:
    """The persons whose erasure waits or was interrupted, the first asked first."""
    return list(look.connection.execute(_UNFINISHED).scalars())


def end_erasure(connection: Connection, person_id: UUID, now: datetime) -> None:
    """Note that nothing of this person is left."""
    connection.execute(update(erasure).where(erasure.c.person_id == person_id).values(ended_at=now))


def find_kind(look: Look, person_id: UUID) -> str | None:
    """What this person is: buyer, correspondent, operator; None for nobody."""
    return look.connection.execute(select(person.c.kind).where(person.c.id == person_id)).scalar_one_or_none()


def sellers_who_need(look: Look, person_id: UUID) -> list[str]:
    """The sellers whose customer-service address this is: mail to them would have nowhere to go."""
    return list(look.connection.execute(_NEEDED_BY, {"person_id": person_id}).scalars())


def end_contact(connection: Connection, person_id: UUID, now: datetime) -> None:
    """From now on nobody writes to or as this person: their pairs' aliases answer 550 for ever (R2), their address is nobody's
    sender any more.
    """
    open_pair = relationship.c.buyer_id == person_id, relationship.c.ended_at.is_(None)
    connection.execute(update(relationship).where(*open_pair).values(ended_at=now))
    connection.execute(delete(seller_address).where(seller_address.c.person_id == person_id))
    connection.execute(delete(submission_secret).where(submission_secret.c.person_id == person_id))
    for table in (member, session, draft):  # and they are signed in nowhere
        connection.execute(delete(table).where(table.c.person_id == person_id))


def destroy_keys(connection: Connection, person_id: UUID, now: datetime) -> list[str]:
    """The step from which there is no way back: the person's key, what it sealed of them, and the marks that found them; the keys
    of their pairs; their orders. Answers the blobs that lie without a row now.
    """
    end_contact(connection, person_id, now)
    gone = (person_id, *_forget_strangers_with_address_of(connection, person_id))
    connection.execute(update(person).where(person.c.id.in_(gone)).values(dict.fromkeys(_IDENTIFYING)))
    connection.execute(update(relationship).where(relationship.c.buyer_id == person_id).values(wrapped_key=None))
    blobs = _forget_orders(connection, person_id)
    connection.execute(delete(seller_block).where(seller_block.c.buyer_id == person_id))
    connection.execute(delete(sender_attempt).where(sender_attempt.c.person_id == person_id))
    connection.execute(delete(bounce_score).where(bounce_score.c.person_id.in_(gone)))
    return blobs + forget_permissions(connection, gone) + forget_sign_ins_of(connection, person_id)


def _forget_orders(connection: Connection, person_id: UUID) -> list[str]:
    """The buyer's orders, with what they were told of them. Answers the blobs that lie without a row now."""
    blobs: list[str] = []
    own = connection.execute(select(order.c.seller_id, order.c.id).where(order.c.buyer_id == person_id)).all()
    for seller_id in {row[0] for row in own}:
        blobs += forget_order_news(connection, seller_id, [row[1] for row in own if row[0] == seller_id])
    connection.execute(delete(order).where(order.c.buyer_id == person_id))
    return blobs


def _forget_strangers_with_address_of(connection: Connection, person_id: UUID) -> list[UUID]:
    """Whoever is nothing but this address to us: it wrote for a seller without being registered, or a bounce went there."""
    mark = connection.execute(select(person.c.address_mark).where(person.c.id == person_id)).scalar_one_or_none()
    if mark is None:
        return []
    connection.execute(delete(sender_attempt).where(sender_attempt.c.address_mark == mark))
    known = select(seller_address.c.person_id).where(seller_address.c.person_id == person.c.id).exists()
    works = select(member.c.person_id).where(member.c.person_id == person.c.id).exists()
    strangers = select(person.c.id).where(person.c.address_mark == mark, person.c.kind == CORRESPONDENT, ~known, ~works)
    return list(connection.execute(strangers).scalars())


def forget_page_of_pair(
    connection: Connection, seller_id: int, relationship_id: UUID, after: UUID | None
) -> tuple[UUID | None, int, list[str]]:
    """Take away what a page of a pair's messages say, either side's. Answers the last of the page (None at the end), how many
    there were, and the blobs that lie without a row now.
    """
    threads = select(thread.c.id).where(thread.c.seller_id == seller_id, thread.c.relationship_id == relationship_id)
    chosen = _MESSAGE.where(message.c.seller_id == seller_id, message.c.thread_id.in_(threads))
    rows = _page(connection, chosen, after)
    blobs = _forget_words(connection, seller_id, rows)
    if after is None:
        connection.execute(delete(draft).where(draft.c.seller_id == seller_id, draft.c.thread_id.in_(threads)))
        connection.execute(update(thread).where(thread.c.id.in_(threads), thread.c.seller_id == seller_id).values(order_id=None))
    return _last(rows), len(rows), blobs


def forget_page_of_author(connection: Connection, person_id: UUID, after: UUID | None) -> tuple[UUID | None, int, list[str]]:
    """Take away the originals of a page of what somebody wrote for a seller, and whatever identifies them in it. What the buyer
    got of it stays: it speaks for the seller and names nobody. What nobody got, a held mail say, goes whole.
    """
    rows = _page(connection, _MESSAGE.where(message.c.author_id == person_id), after)
    blobs: list[str] = []
    for seller_id in {row["seller_id"] for row in rows}:
        own = [row for row in rows if row["seller_id"] == seller_id]
        unsent = [row for row in own if row["relayed_id"] is None]
        sent = [row for row in own if row["relayed_id"] is not None]
        blobs += _forget_words(connection, seller_id, unsent)
        blobs += _forget_originals(connection, seller_id, sent)
    return _last(rows), len(rows), blobs


def find_house_mail_page(look: Look, after: UUID | None) -> list[tuple[UUID, UUID, UUID | None]]:
    """A page of the house's mails: each with its document, and the message that it is about."""
    page = _HOUSE_MAIL.where(house_mail.c.id > after) if after else _HOUSE_MAIL
    return [(row[0], row[1], row[2]) for row in look.connection.execute(page)]


def find_refused_page(
    look: Look, mark: str, after: tuple[datetime, UUID] | None
) -> tuple[tuple[datetime, UUID] | None, list[tuple[int, UUID, UUID | None]]]:
    """The entries in a page of the journal that tell of whoever has this mark (a refusal, an approval), each with its pair.
    Answers where the page ends.
    """
    page = _REFUSED
    if after:
        later = or_(journal.c.happened_at > after[0], (journal.c.happened_at == after[0]) & (journal.c.id > after[1]))
        page = page.where(journal.c.happened_at >= after[0], later)
    rows = look.connection.execute(page).all()
    found = [(row.seller_id, row.id, row.relationship_id) for row in rows if mark in row.fields]
    return ((rows[-1].happened_at, rows[-1].id) if len(rows) == _ENTRIES_AT_ONCE else None), found


def _page(connection: Connection, chosen: Select[*tuple[Any, ...]], after: UUID | None) -> Sequence[RowMapping]:
    page = chosen.order_by(message.c.id).limit(MESSAGES_AT_ONCE)
    return connection.execute(page.where(message.c.id > after) if after else page).mappings().all()


def _last(rows: Sequence[RowMapping]) -> UUID | None:
    return rows[-1]["id"] if len(rows) == MESSAGES_AT_ONCE else None


def _forget_words(connection: Connection, seller_id: int, rows: Sequence[RowMapping]) -> list[str]:
    """Of these messages of one seller nothing stays but that they were: no words, no mail in either form, no report's text."""
    if not rows:
        return []
    ids = [row["id"] for row in rows]
    connection.execute(_FORGET_WORDS, [_forgotten(seller_id, one) for one in ids])
    reports = report.c.seller_id == seller_id, report.c.message_id.in_(ids)
    connection.execute(update(report).where(*reports).values(sealed_text=b""))
    postings = posting.c.seller_id == seller_id, posting.c.message_id.in_(ids)
    connection.execute(update(posting).where(*postings).values(sealed_words=b"", content_mark=b""))
    withhold_about(connection, ids)
    end_clocks(connection, seller_id, ids)
    documents = [row[name] for row in rows for name in ("original_id", "relayed_id")]
    blobs = forget_documents(connection, seller_id, documents) + forget_notices(connection, seller_id, ids)
    return blobs + forget_failure_reports(connection, ids)


def _forget_originals(connection: Connection, seller_id: int, rows: Sequence[RowMapping]) -> list[str]:
    if not rows:
        return []
    ids = [row["id"] for row in rows]
    connection.execute(_FORGET_MESSAGE, [_forgotten(seller_id, one) for one in ids])
    withhold_about(connection, ids)
    return forget_documents(connection, seller_id, (row["original_id"] for row in rows))


def _forgotten(seller_id: int, message_id: UUID) -> dict[str, object]:
    """The parameters of one row. Its mark becomes a random one: the old one told who could write the same mail again."""
    return {"of_seller": seller_id, "of_message": message_id, "new_mark": secrets.token_bytes(_MARK_LENGTH)}


def scrub(engine: Engine) -> bool:
    """Let go of what the database itself still remembers of rows that are gone. True when it could.

    SQLite: freed bytes are overwritten at once; here the log goes back into the database and is cut to nothing, for which no
    reader may be looking. PostgreSQL: the rows' old versions are vacuumed away.
    """
    if engine.dialect.name == "sqlite":
        return cut_log(engine)
    with translated_errors():
        _vacuum(engine)
    return True


def cut_log(engine: Engine) -> bool:
    """SQLite alone: write the log back and cut it to nothing. False while a reader keeps it open. It waits beside the writers,
    and holds them up for a moment at most.
    """
    if engine.dialect.name != "sqlite":
        return True
    with closing(sqlite3.connect(str(engine.url.database), timeout=_CHECKPOINT_WAIT, isolation_level=None)) as opened:
        for _ in range(_CHECKPOINT_TRIES):
            with suppress(sqlite3.OperationalError):
                busy, *_rest = opened.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                if not busy:
                    return True
            time.sleep(_CHECKPOINT_PAUSE)
    return False


def _vacuum(engine: Engine) -> None:
    tables = (
        *(person, relationship, message, document, journal, report, posting, notice, house_mail, order, delivery),
        *(seller_address, seller_block, sender_attempt, sender_permission, submission_secret, bounce_score),
    )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        quote = connection.dialect.identifier_preparer.format_table
        for table in tables:
            connection.execute(text(f"VACUUM (INDEX_CLEANUP ON) {quote(table)}"))
