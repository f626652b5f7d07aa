"""The shelf of the import: looks up what a feed names, and writes its records, each by the shop's own id.

Whoever writes here is alone: on SQLite by nature, on PostgreSQL by a lock of the import's own that lasts one transaction. So a
look before a write stays true, and two imports take turns, chunk by chunk. Nothing is ever deleted but a seller's addresses that
are no longer listed, and nothing moves: a buyer stays in its marketplace, an order with its pair.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import batched, chain
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, Select, Table, bindparam, delete, func, insert, select, text, tuple_, update
