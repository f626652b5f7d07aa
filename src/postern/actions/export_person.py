"""A buyer's copy of all that is kept about them (GDPR, articles 15 and 20): JSON for programs, .eml for mail programs.

    person.json     who they are here, their pairs, orders and messages, and what they reported
    mails/msg_….eml what they wrote, as it came; what was written to them, as it was sent to them

The other side appears as its buyers know it, by business name and alias. A seller's mail that was never sent on is named, and its
words are not told: nobody has taken the seller's address out of them. That a copy was made is in the journal.
"""

import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from uuid import UUID

from postern.errors import ConfigurationError, DamagedError, NotFoundError
from postern.model.bounce import BounceScore
from postern.model.enhanced_status import words_of
from postern.model.identifier import show
from postern.model.journal import Value
from postern.model.relationship import Side
from postern.model.thread import Message
from postern.ports import Clock
from postern.storage.attempts import list_attempts
from postern.storage.bounces import find_score
from postern.storage.change import Change
from postern.storage.documents import find_document
from postern.storage.journal import journal_row
from postern.storage.people import find_buyer, find_external_id, find_marketplace, find_seller
from postern.storage.person_file import OwnPair, find_own_messages, find_own_report, list_own_orders, list_own_pairs
from postern.storage.schema import HOUSE
from postern.storage.store import Look, Store

Put = Callable[[str, bytes], None]


def export_person(store: Store, clock: Clock, buyer_id: UUID, out: Path) -> int:
    """Write the copy to a folder, or to a file that ends in .zip, whole or not at all. Answers how many mails are in it.

    Raises NotFoundError for whoever is no buyer or was erased, and ConfigurationError where ``out`` exists or cannot be written.
    """
    if out.exists():
        raise ConfigurationError(f"{out} exists already, and is not replaced: name another")
    mails = 0
    try:
        with _open(out) as put:
            told, mails = _write_pairs(store, buyer_id, put)
            with store.look() as look:
                told = _tell_person(look, buyer_id) | told
            put("person.json", json.dumps(told, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise ConfigurationError(f"{out} cannot be written: {error.strerror}") from None
    values: dict[str, Value] = {"person": show("per", buyer_id), "mails": mails, "by": "operator"}
    store.keep(Change(HOUSE, (journal_row("person-exported", clock.now(), values, seller_id=HOUSE),))).result()
    return mails


def _write_pairs(store: Store, buyer_id: UUID, put: Put) -> tuple[dict[str, object], int]:
    with store.look() as look:
        try:
            pairs = list_own_pairs(look, buyer_id)
            find_buyer(look, buyer_id)
        except DamagedError:
            raise NotFoundError("this buyer was erased: nothing is left to be told") from None
    mails = 0
    told: list[object] = []
    for pair in pairs:
        messages: list[object] = []
        for one, mail in _messages_of(store, pair):
            messages.append(one)
            if mail is not None:
                put(f"mails/{one['message']}.eml", mail)
                mails += 1
        with store.look() as look:
            told.append(_tell_pair(look, pair) | {"messages": messages})
    return {"relationships": told}, mails


def _messages_of(store: Store, pair: OwnPair) -> Iterator[tuple[dict[str, object], bytes | None]]:
    after: UUID | None = None
    while True:
        with store.look() as look:
            page = find_own_messages(look, pair.relationship, after)
            told = [(_tell_message(look, one), _mail_of(look, one)) for one in page]
        yield from told
        if not page:
            return
        after = page[-1].id


def _tell_person(look: Look, buyer_id: UUID) -> dict[str, object]:
    buyer = find_buyer(look, buyer_id)
    return {
        "person": show("per", buyer_id),
        "id": find_external_id(look, buyer_id),
        "name": buyer.display_name,
        "address": buyer.address.reveal(),
        "marketplace": find_marketplace(look, buyer.marketplace_id).name,
        "opted_out": buyer.opted_out,
        "failures": _tell_failures(find_score(look, buyer_id)),
        "orders": [_plain(asdict(one), without=("id", "seller_id", "buyer_id")) for one in list_own_orders(look, buyer_id)],
    }


def _tell_failures(score: BounceScore | None) -> dict[str, object] | None:
    """That mail to their address failed, while that is remembered."""
    if score is None:
        return None
    return {"hard": score.hard, "soft": score.soft, "last": score.last_at.isoformat(), "why": words_of(score.last_status)}


def _tell_pair(look: Look, pair: OwnPair) -> dict[str, object]:
    return {
        "seller": find_seller(look, pair.relationship.seller_id).business_name,
        "you_write_to": pair.relationship.seller_alias,
        "you_are_known_as": pair.relationship.buyer_alias,
        "since": pair.opened_at.isoformat(),
        "until": pair.ended_at.isoformat() if pair.ended_at else None,
    }


def _tell_message(look: Look, one: Message) -> dict[str, object]:
    told: dict[str, object] = {
        "message": show("msg", one.id),
        "thread": show("thr", one.thread_id),
        "written_by": "you" if one.author is Side.BUYER else "the seller",
        "received_at": one.received_at.isoformat(),
        "state": one.state,
        "size": one.size,
    }
    if _may_be_told(one):
        told |= {"subject": one.subject, "text": one.text}
    if one.author is Side.SELLER:
        reported = find_own_report(look, one)
        attempts = [
            {"at": tried.ended_at.isoformat(), "outcome": tried.outcome} for tried in list_attempts(look, one.seller_id, one.id)
        ]
        told |= {"attempts": attempts, "your_report": {"reason": reported[0], "text": reported[1]} if reported else None}
    return told


def _may_be_told(one: Message) -> bool:
    return one.author is Side.BUYER or one.relayed_id is not None


def _mail_of(look: Look, one: Message) -> bytes | None:
    document_id = one.original_id if one.author is Side.BUYER else one.relayed_id
    if document_id is None:
        return None
    try:
        return find_document(look, one.seller_id, document_id)
    except (DamagedError, NotFoundError):
        return None


def _plain(value: object, without: tuple[str, ...] = ()) -> object:
    """As JSON has it: times as text, tuples as lists."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items() if name not in without}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, datetime) else value


# ---- Where it is written


def _open(out: Path) -> AbstractContextManager[Put]:
    return _open_zip(out) if out.suffix.lower() == ".zip" else _open_folder(out)


@contextmanager
def _open_folder(out: Path) -> Iterator[Put]:
    """A folder that has its name once it is whole."""
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # of a copy that was killed
    (partial / "mails").mkdir(parents=True, mode=0o700)
    partial.chmod(0o700)
    try:
        yield lambda name, content: _write(partial / name, content)
        partial.rename(out)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


@contextmanager
def _open_zip(out: Path) -> Iterator[Put]:
    partial = out.with_name(f".{out.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        _write(partial, b"")
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            yield archive.writestr
        partial.rename(out)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
