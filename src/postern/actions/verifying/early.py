"""Attempts that were recorded before the record was sealed: their rows have ids of their own, and not that of their entry.

Such an entry commits to all that the row says but its id. So a row counts as told of if it agrees with an entry in everything
else, each entry standing for one row, and if the message is that old: the entry that made it lacks the field ``kept``, which
every later one has, withheld or not. What was sealed says so, and nobody can add it or take it away. So nothing can be inserted
or changed under this rule but the id of an old row, which says nothing; and of younger messages not even that.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from postern.actions.verifying.mails import HOUSE_MAIL, MAKES_A_MESSAGE, read_values
from postern.model.identifier import read_shown
from postern.storage.audit import KeptAttempt, Stray, Told, list_attempts_of, list_messages_of, list_told
from postern.storage.store import Look


@dataclass(slots=True)
class Early:
    """Rows and entries that belong together though they share no id."""

    rows: set[UUID] = field(default_factory=set)
    entries: set[UUID] = field(default_factory=set)


def find_early(look: Look, message_ids: Collection[UUID]) -> Early:
    """What of the attempts of these messages belongs together."""
    early = Early()
    if not message_ids:
        return early
    told: defaultdict[UUID, list[Told]] = defaultdict(list)
    for one in list_told(look, message_ids):
        if one.position is not None:
            told[one.message_id].append(one)
    kept: defaultdict[UUID, list[KeptAttempt]] = defaultdict(list)
    for row in list_attempts_of(look, message_ids):
        kept[row.message_id].append(row)
    for message_id, entries in told.items():
        if _is_early(entries):
            for entry, row in _pair(entries, kept[message_id]):
                early.entries.add(entry.entry_id)
                early.rows.add(row.id)
    return early


def leave_out_early(look: Look, strays: Sequence[Stray]) -> list[Stray]:
    """The attempts among these that no entry tells of."""
    rows = find_early(look, list_messages_of(look, strays)).rows
    return [one for one in strays if one.id not in rows]


def _is_early(entries: Iterable[Told]) -> bool:
    made = [one for one in entries if one.kind in MAKES_A_MESSAGE] or [one for one in entries if one.kind == HOUSE_MAIL]
    return bool(made) and not any("kept" in _names(one) for one in made)


def _names(one: Told) -> list[object]:
    """Of all fields, withheld ones too."""
    return [name for name, _salt, _value in json.loads(one.fields)]


def _pair(entries: Sequence[Told], rows: Sequence[KeptAttempt]) -> Iterator[tuple[Told, KeptAttempt]]:
    same = {one.entry_id for one in entries} & {one.id for one in rows}
    left = [one for one in entries if one.kind == "delivery-attempted" and one.entry_id not in same]
    for row in rows:
        entry = next((one for one in left if _said(one) == row[2:]), None) if row.id not in same else None
        if entry and entry.seller_id == row.seller_id:
            left.remove(entry)
            yield entry, row


def _said(one: Told) -> tuple[object, ...]:
    """What the entry says, in the order of the row's columns."""
    values = read_values(one.kind, one.fields)
    if values is None or "reply" not in values:
        return ()
    delivery_id = read_shown("dlv", str(values["delivery"]))
    said = (values["outcome"], values["code"], values["enhanced"], values["reply"])
    return (one.message_id, delivery_id, one.happened_at, *said)
