"""Bringing every data key under the newest master, while Postern runs.

It goes in small steps and may be interrupted: what is done stays done, and running it again does the rest. Whatever is not
wrapped anew yet opens with its old master, which stays in the key file.
"""

from functools import partial

from postern.storage.rewrapping import TABLES, Cursor, rewrap_page
from postern.storage.store import Store


def rewrap_keys(store: Store) -> int:
    """Answers how many data keys were wrapped anew. Raises DamagedError where one does not open."""
    count = 0
    for table in TABLES:
        after: Cursor | None = None
        while True:
            after, some = store.write(partial(rewrap_page, vault=store.vault, table=table, after=after)).result()
            count += some
            if after is None:
                break
    return count
