"""The operator's side of the API: what the law lets people ask for, and the ledger."""

import tempfile
from pathlib import Path
from typing import Annotated
from uuid import UUID

from pydantic import Field

from postern.actions.add_up import add_up
from postern.actions.erase_person import Erased, Needed, erase_person
from postern.actions.export_person import export_person
from postern.actions.name_person import find_correspondent_with
from postern.api.call import Call, Shape
from postern.api.endpoint import Answer
from postern.api.problems import BAD_FIELDS, NEEDED, Mistake, RefusedError
from postern.errors import AddressError, NotFoundError
from postern.storage.people import find_buyer_id

ZIP = "application/zip"


class Erasure(Shape):
    """Whom to forget, who is no buyer: whoever writes for sellers from this address."""

    address: Annotated[str, Field(min_length=3, max_length=254)]


class ErasureOutcome(Shape):
    """``waiting`` where a legal hold delays it: contact has ended, and the rest goes by itself when the hold ends."""

    state: str  # erased | waiting
    messages: int


class LedgerLine(Shape):
    """How many recipients' mails are in one state."""

    state: str
    number: int
    meaning: str


class LedgerAnswer(Shape):
    """Everything that was ever answered 250, by where it stands. ``differences`` is empty in a healthy store."""

    acknowledged: int
    accounted: int
    lines: list[LedgerLine]
    differences: list[str]


def export_buyer(call: Call) -> Answer:
    """The buyer's copy, as a ZIP file. It has lost its name before it is sent, so that nothing of it stays behind."""
    buyer_id = _find_buyer(call)
    with tempfile.TemporaryDirectory(prefix="postern-export-") as folder:
        out = Path(folder) / "copy.zip"
        export_person(call.office.store, call.office.clock, buyer_id, out)
        file = out.open("rb")
    return Answer(file, media_type=ZIP, headers={"Content-Disposition": 'attachment; filename="copy.zip"'})


def erase_buyer(call: Call) -> Answer:
    return _erase(call, _find_buyer(call))


def erase_correspondent(call: Call) -> Answer:
    address = call.read(Erasure).address
    try:
        with call.office.store.look() as look:
            person_id = find_correspondent_with(look, address)
    except AddressError as error:
        raise RefusedError(BAD_FIELDS, mistakes=(Mistake("/address", str(error)),)) from None
    return _erase(call, person_id)


def read_ledger(call: Call) -> Answer:
    with call.office.store.look() as look:
        found = add_up(look)
    lines = [LedgerLine(state=line.state, number=line.number, meaning=line.meaning) for line in found.lines]
    answer = LedgerAnswer(
        acknowledged=found.acknowledged, accounted=found.accounted, lines=lines, differences=list(found.differences)
    )
    return Answer(answer)


def _find_buyer(call: Call) -> UUID:
    with call.office.store.look() as look:
        found = find_buyer_id(look, call.names["marketplace"], call.names["buyer"])
    if found is None:
        raise NotFoundError("no such buyer")
    return found


def _erase(call: Call, person_id: UUID) -> Answer:
    outcome = erase_person(call.office.store, call.office.clock, person_id)
    if isinstance(outcome, Needed):
        raise RefusedError(NEEDED, f"Sellers: {', '.join(outcome.sellers)}.")
    if isinstance(outcome, Erased):
        return Answer(ErasureOutcome(state="erased", messages=outcome.messages))
    return Answer(ErasureOutcome(state="waiting", messages=0), status=202)
