"""Looking for what should not be there: in each file of a store, whatever wrote it, and in whatever the keys still open."""

import base64
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import select

from postern.errors import DamagedError, NotFoundError
from postern.model.thread import Message
from postern.storage import schema
from postern.storage.documents import find_document
from postern.storage.store import Store
from postern.storage.threads import find_message

# As the manual has it.
REWRITTEN = (
    "person",
    "relationship",
    "order",
    "message",
    "document",
    "report",
    "notice",
    "house_mail",
    "journal",
    "sender_attempt",
)


def spellings(secret: str) -> set[bytes]:
    """The ways in which bytes may lie about: plain, wide, and base64 from each of the three places it may start at."""
    found = {secret.lower().encode(), secret.lower().encode("utf-16-le")}
    for start in range(3):
        coded = base64.b64encode(b"\0" * start + secret.encode())
        found.add(coded[4 if start else 0 : -4].lower())
    return {one for one in found if len(one) >= 6}


def everything_that_opens(store: Store) -> bytes:
    """Every document and every message, as whoever has the database and the master file reads them."""
    found: list[bytes] = []
    with store.look() as look:
        for seller_id, document_id in look.connection.execute(select(schema.document.c.seller_id, schema.document.c.id)).all():
            with suppress(DamagedError, NotFoundError):
                found.append(find_document(look, seller_id, document_id))
        for message_id in look.connection.execute(select(schema.message.c.id)).scalars().all():
            with suppress(DamagedError):
                found.append(_words(find_message(look, message_id)))
    return b"\0".join(found).lower()


def _words(message: Message | None) -> bytes:
    assert message is not None
    return f"{message.their_message_id} {message.subject} {message.text}".encode()


def rows_about(store: Store, person_id: UUID) -> dict[str, bytes]:
    """What stands in the tables of a person in so many bytes: keys, sealed values, marks. Each is a trace of its own."""
    with store.look() as look:
        row = look.connection.execute(select(schema.person).where(schema.person.c.id == person_id)).mappings().one()
    return {name: bytes(value) for name, value in row.items() if isinstance(value, bytes) and name != "id"}


def files_under(*folders: Path) -> dict[str, bytes]:
    """Each file in these folders."""
    return {str(path): path.read_bytes() for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()}


def places_with(files: Mapping[str, bytes], needles: Iterable[bytes]) -> set[tuple[str, bytes]]:
    """Which file holds which of these."""
    wanted = list(needles)
    return {(name, needle) for name, octets in files.items() for needle in wanted if needle in octets or needle in octets.lower()}


def settle_postgresql(store_url: str) -> Path:
    """What docs/operate/erasure.md tells an operator to do who cannot wait: rewrite the tables. Answers the folder of this
    database's files.
    """
    with psycopg.connect(store_url.replace("+psycopg", ""), autocommit=True) as connection:
        for table in REWRITTEN:
            connection.execute(sql.SQL("VACUUM FULL {}").format(sql.Identifier(table)))
        connection.execute("CHECKPOINT")
        row = connection.execute(
            "SELECT current_setting('data_directory'), oid FROM pg_database WHERE datname = current_database()"
        )
        folder, number = row.fetchone() or ("", 0)
    return Path(folder) / "base" / str(number)


def write_over_postgresqls_log(store_url: str) -> Path:
    """What the same page tells about the write-ahead log: begin a new segment until each old one was written over, for a segment
    that is used again keeps its octets till then. Answers the server's folder.
    """
    with psycopg.connect(store_url.replace("+psycopg", ""), autocommit=True) as connection:
        _begin_segment(connection)
        for _ in range(_one(connection, "SELECT count(*) FROM pg_ls_waldir()") + 1):
            _begin_segment(connection)
        return Path(_one(connection, "SELECT current_setting('data_directory')"))


def _begin_segment(connection: psycopg.Connection) -> None:
    connection.execute("SELECT pg_switch_wal()")
    connection.execute("CHECKPOINT")


def _one(connection: psycopg.Connection, question: LiteralString) -> Any:
    row = connection.execute(question).fetchone()
    assert row
    return row[0]
