"""What the record holds beside the journal, against what the journal says of it: messages, their mails, and attempts.

What was forgotten by right left its entries without the values that told of it, and is not missed here.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from postern.actions.verifying.findings import Findings, Subject
from postern.errors import DamagedError
from postern.model.identifier import read_shown, show
from postern.model.thread import MessageState
from postern.storage.audit import Key, Place, Told, Tried, find_message_rows, list_told
from postern.storage.documents import compute_commitments
from postern.storage.house import commit_to_house_mail, find_house_mail_rows
from postern.storage.schema import HOUSE
from postern.storage.store import Look
from postern.storage.threads import commit_to_message

MAKES_A_MESSAGE = ("mail-accepted", "mail-held", "mail-blocked", "mail-refused-and-kept", "mail-absorbed")
HOUSE_MAIL = "house-mail-accepted"
_STATES = {
    "mail-accepted": MessageState.QUEUED,
    "mail-held": MessageState.HELD,
    "mail-blocked": MessageState.BLOCKED,
    "mail-refused-and-kept": MessageState.REFUSED,
    "mail-absorbed": MessageState.ABSORBED,
    "hold-released": MessageState.QUEUED,
    "delivery-dropped": MessageState.DROPPED,
    "message-bounced": MessageState.BOUNCED,
}
_OUTCOMES = {"delivered": MessageState.DELIVERED, "failed": MessageState.FAILED}
_LEAVES_STATE = frozenset(
    (
        "mail-repeated",
        "no-response-needed",
        "no-response-needed-undone",
        "message-reported",
        "message-read",
        "notice-made",
        "delivery-held-back",
    )
)
_OF_THE_HOUSE = (HOUSE_MAIL, "house-mail-not-kept")  # a failure report: its original is another mail
_MAILS = {"original": "original_id", "relayed": "relayed_id"}

Row = Mapping[str, Any]
Mails = Mapping[tuple[int, UUID], str | DamagedError]


@dataclass(frozen=True, slots=True)
class Values:
    """What an entry says; a value that is withheld is absent."""

    kind: str
    values: dict[str, Any] = field(repr=False)

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - JSON
        return self.values.get(name)


def is_about_a_new_message(place: Place) -> bool:
    return place.kind in MAKES_A_MESSAGE and place.message_id is not None


def is_about_house_mail(place: Place) -> bool:
    return place.kind == HOUSE_MAIL


def check_messages(look: Look, places: Sequence[Place], findings: Findings) -> None:
    """The messages that these entries made: their rows, states and mails, as they are in this look."""
    ids = {place.position: UUID(bytes=place.message_id) for place in places if place.message_id}
    rows = find_message_rows(look, [Key(place.seller_id, ids[place.position]) for place in places])
    told: dict[UUID, list[Told]] = {}
    for one in list_told(look, list(ids.values())):
        told.setdefault(one.message_id, []).append(one)
    kept = {(seller, row[column]) for (seller, _), row in rows.items() for column in _MAILS.values() if row[column]}
    mails = compute_commitments(look, kept)
    for place in places:
        message_id = ids[place.position]
        for sentence in _wrong_message(rows.get(Key(place.seller_id, message_id)), told.get(message_id, []), mails):
            findings.add(place.chain, sentence, place.position, show("msg", message_id), Subject.MAILS)


def check_house_mails(look: Look, places: Sequence[Place], findings: Findings) -> None:
    """The same for mail that came for the house."""
    chosen = {place.position: place for place in places if place.message_id}
    told = list_told(look, [UUID(bytes=place.message_id) for place in places if place.message_id])
    for one in told:
        place = chosen.get(one.position or 0)
        values = read_values(one.kind, one.fields)
        if place is None or values is None or "kept" not in values:
            continue  # of another page, unreadable, which is told elsewhere, or forgotten
        wrong = _wrong_house_mail(look, values)
        if wrong:
            findings.add(place.chain, wrong, place.position, f"the house's mail {values['mail']}", Subject.MAILS)


def _wrong_house_mail(look: Look, values: Values) -> str:
    mail_id = read_shown("hml", str(values["mail"]))
    row = find_house_mail_rows(look, [mail_id]).get(mail_id) if mail_id else None
    if row is None:
        return "is not there: it was removed"
    if commit_to_house_mail(row) != values["kept"]:
        return "is not what was kept: its row was changed"
    kept = (HOUSE, row["document_id"])
    return _wrong_mail(compute_commitments(look, [kept]).get(kept), str(values["original"]))


def check_attempts(tried: Iterable[Tried], early: Collection[UUID], findings: Findings) -> int:
    """The attempts that these entries tell of; those of ``early`` ones have ids of their own. Answers how many were there."""
    count = 0
    for one in tried:
        if one.entry_id in early:
            count += 1
            continue
        count += one.id is not None
        what = _wrong_attempt(one)
        if what:
            findings.add(one.chain, what, one.position, subject=Subject.MAILS)
    return count


def _wrong_message(row: Row | None, told: Sequence[Told], mails: Mails) -> Iterator[str]:
    entries = [values for one in told if one.kind not in _OF_THE_HOUSE and (values := read_values(one.kind, one.fields))]
    made = next((one for one in entries if one.kind in MAKES_A_MESSAGE and "kept" in one), None)
    if made is None:
        return  # its values are withheld: it was forgotten
    if row is None:
        yield "is not there: it was removed"
        return
    commitments = commit_to_message(row)
    filed = _last(entries, "filed")
    if made["kept"] != commitments["kept"] or (filed is not None and filed != commitments["filed"]):
        yield "is not what was kept: its row was changed"
    state = _expected_state(entries)
    if state and state != row["state"]:
        yield f"is {row['state']} in its row and {state} by the journal"
    for name, column in _MAILS.items():
        commitment = _last(entries, name)
        if commitment is not None and (wrong := _wrong_mail(mails.get((row["seller_id"], row[column])), str(commitment))):
            yield f"{wrong} ({name})"


def _wrong_mail(found: str | DamagedError | None, commitment: str) -> str:
    if found is None:
        return "has lost its mail"
    if isinstance(found, DamagedError):
        return f"has a mail that does not open: {found}"
    return "" if found == commitment else "has another mail than was kept"


def _last(entries: Sequence[Values], name: str) -> Any:  # noqa: ANN401 - JSON
    """What the journal said last under this name; None where it said nothing, or the last is withheld."""
    return next((one[name] for one in reversed(entries) if name in one), None)


def _expected_state(entries: Sequence[Values]) -> MessageState | None:
    """Where the journal leaves the message; None where an entry is of a kind that only others can read."""
    state: MessageState | None = None
    for one in entries:
        if one.kind in _STATES:
            state = _STATES[one.kind]
        elif one.kind in {"delivery-attempted", "delivery-ended"}:
            state = _OUTCOMES.get(one["outcome"], state)
        elif one.kind == "hold-ended":
            state = MessageState(one["became"]) if "became" in one else None
        elif one.kind not in _LEAVES_STATE:
            return None
    return state


def _wrong_attempt(one: Tried) -> str:
    values = read_values("delivery-attempted", one.fields)
    if values is None or "reply" not in values:
        return ""  # unreadable, which is told elsewhere, or forgotten
    name = values["delivery"]
    if one.id is None:
        return f"its attempt of {name} is not there: it was removed"
    row = (one.message_id, one.delivery_id, one.ended_at, one.outcome, one.code, one.enhanced, one.text)
    said = (values["outcome"], values["code"], values["enhanced"], values["reply"])
    if row != (one.entry_message_id, read_shown("dlv", str(name)), one.happened_at, *said):
        return f"its attempt of {name} is not what was kept: its row was changed"
    return ""


def read_values(kind: str, fields: str) -> Values | None:
    """What an entry's fields say, without those that are withheld; None for what cannot be read."""
    try:
        return Values(kind, {name: json.loads(value) for name, salt, value in json.loads(fields) if salt is not None})
    except (ValueError, TypeError, RecursionError):
        return None
