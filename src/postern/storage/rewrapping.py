"""The shelf of wrapped keys: brought under the newest master, page by page.

The data keys themselves stay as they are, so nothing that they sealed is touched. A key that was destroyed meanwhile stays so.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, and_, func, or_, select, update

from postern.storage.schema import person, relationship
from postern.storage.store import Look
from postern.storage.vault import Vault

TABLES = (person, relationship)
_ROWS_AT_ONCE = 100

Cursor = tuple[Any, ...]  # the primary key of a row


def rewrap_page(connection: Connection, vault: Vault, table: Table, after: Cursor | None) -> tuple[Cursor | None, int]:
    """Wrap a page of a table's keys anew where another master than the newest does. Answers the last row of the page, None at the
    end, and how many were wrapped anew.
    """
    names = list(table.primary_key.columns)
    page = select(*names, table.c.wrapped_key).where(table.c.wrapped_key.is_not(None)).order_by(*names).limit(_ROWS_AT_ONCE)
    rows = connection.execute(page.where(_behind(table, after)) if after else page).mappings().all()
    old = [row for row in rows if bytes(row["wrapped_key"])[0] != vault.keyring.newest]
    last = tuple(rows[-1][name.name] for name in names) if len(rows) == _ROWS_AT_ONCE else None
    return last, sum(_rewrap(connection, vault, table, row) for row in old)


def count_keys(look: Look) -> dict[int, int]:
    """How many data keys each master wraps."""
    counts: dict[int, int] = {}
    for table in TABLES:
        first = func.substr(table.c.wrapped_key, 1, 1)
        statement = select(first, func.count()).where(table.c.wrapped_key.is_not(None)).group_by(first)
        for octet, count in look.connection.execute(statement):
            counts[octet[0]] = counts.get(octet[0], 0) + count
    return counts


def _behind(table: Table, after: Cursor) -> ColumnElement[bool]:
    first, *others = table.primary_key.columns
    return or_(first > after[0], and_(first == after[0], *(one > value for one, value in zip(others, after[1:], strict=True))))


def _rewrap(connection: Connection, vault: Vault, table: Table, row: RowMapping) -> int:
    wrapped = bytes(row["wrapped_key"])
    same = (one == row[one.name] for one in table.primary_key.columns)
    unchanged = update(table).where(*same, table.c.wrapped_key == wrapped)
    return connection.execute(unchanged.values(wrapped_key=vault.rewrap(row["id"], wrapped))).rowcount
