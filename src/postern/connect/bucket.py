"""Blobs in an S3-compatible object store, through obstore (the extra ``postern[s3]``).

Credentials and endpoint come from the environment in the usual names (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, ...), not from our
settings, so that no secret stands in a second place.
"""

import re
from collections.abc import Iterator
from datetime import datetime

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from postern.errors import ConfigurationError, DamagedError, StoreError
from postern.ports import Blobs

_NAME = re.compile(r"[0-9a-f]{32}")  # whatever else lies in the bucket is not ours


class Bucket:
    """Blobs under their names, below the prefix of the URL."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def put(self, name: str, content: bytes) -> None:
        try:
            obstore.put(self._store, name, content)
        except (BaseError, OSError) as error:
            raise StoreError("the object store does not take a blob") from error

    def get(self, name: str) -> bytes:
        try:
            return bytes(obstore.get(self._store, name).bytes())
        except FileNotFoundError:
            raise DamagedError(f"blob {name} is missing") from None
        except (BaseError, OSError) as error:
            raise StoreError("the object store cannot be read") from error

    def remove(self, name: str) -> None:
        try:
            obstore.delete(self._store, name)
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise StoreError("the object store does not let a blob go") from error

    def names(self) -> Iterator[tuple[str, datetime]]:
        try:
            for portion in obstore.list(self._store):
                yield from ((one["path"], one["last_modified"]) for one in portion if _NAME.fullmatch(one["path"]))
        except (BaseError, OSError) as error:
            raise StoreError("the object store cannot be listed") from error


def open_bucket(url: str) -> Blobs:
    """The store behind ``s3://BUCKET/PREFIX``. Raises ConfigurationError for a URL it cannot make sense of."""
    try:
        return Bucket(from_url(url))
    except (BaseError, ValueError) as error:
        raise ConfigurationError("blobs.url: not an object store that can be opened") from error
