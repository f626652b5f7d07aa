"""The operator's side of the API: the shop tells who sells, who buys and what was ordered, record by record or as a feed.

It checks nothing by itself: every record goes through the very import that ``postern import`` runs, whole or not at all.
"""

import io
import json
import re
from collections.abc import Iterator
from contextlib import closing
from typing import IO

from postern.actions.import_feed import ImportResult, import_feed, read_feed
from postern.api.call import Call, Shape
from postern.api.endpoint import Answer
from postern.api.problems import BAD_FEED, BAD_FIELDS, Mistake, RefusedError
from postern.errors import FeedError
from postern.model.feed import Kind

_NAME = "feed"
_MISTAKE = re.compile(rf"{_NAME}:(\d+): (.*)")


class Kept(Shape):
    """What became of one record."""

    state: str  # added | changed | unchanged


class Tallied(Shape):
    """What became of the records of one kind."""

    kind: str
    added: int
    changed: int
    unchanged: int


class Imported(Shape):
    """What became of a feed."""

    records: list[Tallied]


def put_marketplace(call: Call) -> Answer:
    return _put(call, {"kind": Kind.MARKETPLACE, "id": call.names["marketplace"]})


def put_seller(call: Call) -> Answer:
    return _put(call, {"kind": Kind.SELLER, "id": call.names["seller"]})


def put_buyer(call: Call) -> Answer:
    return _put(call, {"kind": Kind.BUYER, "marketplace": call.names["marketplace"], "id": call.names["buyer"]})


def put_order(call: Call) -> Answer:
    return _put(call, {"kind": Kind.ORDER, "marketplace": call.names["marketplace"], "id": call.names["order"]})


def post_feed(call: Call) -> Answer:
    """The whole feed, or nothing of it."""
    if call.lines is None:
        raise TypeError("a feed without lines")
    result = _import(call, call.lines)
    rows = [
        Tallied(kind=kind.value, added=tally.added, changed=tally.changed, unchanged=tally.unchanged)
        for kind, tally in result.tallies.items()
    ]
    return Answer(Imported(records=rows))


def _put(call: Call, named: dict[str, object]) -> Answer:
    """One record, whose ids stand in the path and nowhere else."""
    content = call.read_object()
    twice = sorted(named.keys() & content.keys())
    if twice:
        raise RefusedError(BAD_FIELDS, mistakes=(Mistake(f"/{twice[0]}", "stands in the path already"),))
    line = json.dumps({**named, **content}, ensure_ascii=True).encode()
    tally = _import(call, io.BytesIO(line))[Kind(str(named["kind"]))]
    state = "added" if tally.added else "changed" if tally.changed else "unchanged"
    return Answer(Kept(state=state), status=201 if tally.added else 200)


def _import(call: Call, lines: IO[bytes]) -> ImportResult:
    store = call.office.store
    try:
        with closing(read_feed(store, _NAME, lines)) as feed:
            return import_feed(store, feed)
    except FeedError as error:
        raise RefusedError(BAD_FEED, mistakes=tuple(_mistakes(error))) from None


def _mistakes(error: FeedError) -> Iterator[Mistake]:
    for text in str(error).splitlines():
        found = _MISTAKE.fullmatch(text)
        yield Mistake(int(found[1]), found[2]) if found else Mistake("", text)
