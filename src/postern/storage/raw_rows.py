"""Rows as they stand in a table, each judged by itself: where a bit has turned, one row cannot be read, and the others can.

SQLAlchemy's types read as many rows as there are or none. SQLite keeps whatever it is given, whatever its column says.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import BigInteger, Column, ColumnElement, Integer, LargeBinary, RowMapping, Table, Text, literal, type_coerce
from sqlalchemy.types import NullType, TypeEngine

from postern.model.journal import EPOCH
from postern.storage.columns import Id, IdOctets, Moment

_READ_AS: Mapping[type, TypeEngine[Any]] = {Id: cast("TypeEngine[Any]", IdOctets()), Moment: BigInteger()}


def raw_columns(table: Table) -> tuple[ColumnElement[Any], ...]:
    """What to select, or to have returned, for ``read_raw``."""
    return tuple(type_coerce(column, _READ_AS.get(type(column.type), column.type)).label(column.name) for column in table.c)


def read_raw(table: Table, row: RowMapping) -> dict[str, Any]:
    """The values of such a row. Raises ValueError, TypeError or OverflowError for one that nobody wrote so."""
    return {column.name: _read(column, row[column.name]) for column in table.c}


def is_row(table: Table, octets: object, dialect: str) -> ColumnElement[bool]:
    """The condition that finds a row by what stands in its id, be it one or not."""
    if dialect == "postgresql":
        return table.c.id == UUID(bytes=cast("bytes", octets))  # its ids are ids
    return type_coerce(table.c.id, NullType()) == literal(octets, NullType())


def _read(column: Column[Any], value: object) -> object:
    if value is None and column.nullable:
        return None
    return _READERS[type(column.type)](value)


def _exactly(*kinds: type) -> Callable[[Any], Any]:
    def read(value: object) -> object:
        if not isinstance(value, kinds):
            raise TypeError
        return value

    return read


def _identifier(value: object) -> UUID:
    if not isinstance(value, bytes):
        raise TypeError
    return UUID(bytes=value)


def _moment(value: int) -> datetime:
    return EPOCH + timedelta(microseconds=value)


_READERS: Mapping[type, Callable[[Any], object]] = {
    Id: _identifier,
    Moment: _moment,
    Text: _exactly(str),
    Integer: _exactly(int),
    BigInteger: _exactly(int),
    LargeBinary: _exactly(bytes, memoryview),
}
