"""An evidence pack for an order: everything between its buyer and its seller, with the proof that it is what was kept.

Making one is reading private messages: it leaves an entry with who and why before anything is shown, and that entry is in the
pack. Mails as they came show real addresses, so they want the name of a second person. The same order at the same checkpoint and
level gives the same octets.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from postern.actions.checkpoint_record import PURPOSE, checkpoint_record, open_note, verifier_keys
from postern.actions.evidencing.case import Case, gather_case, spell_case
from postern.actions.evidencing.pack import WORDS, make_manifest, spell_json, write_pack
from postern.actions.evidencing.proof import spell_proof
from postern.actions.frame import Frame
from postern.errors import ConfigurationError, NotFoundError, ReasonError
from postern.model.checkpoint import Note, Signature, key_id
from postern.model.evidence import MANIFEST, MESSAGES, NOTE, PAGES, PROOF, README, Level, spell_claim
from postern.model.identifier import show
from postern.model.journal import Value
from postern.model.order import Order
from postern.model.relationship import Relationship
from postern.model.seal import chain_of
from postern.ports import Checkpoints, Clock
from postern.storage.audit import hold_snapshot
from postern.storage.change import Change
from postern.storage.checkpoints import find_checkpoint
from postern.storage.evidence import list_links
from postern.storage.journal import journal_row
from postern.storage.legal_holds import find_order_named
from postern.storage.orders import find_order
from postern.storage.relationships import find_pair
from postern.storage.store import Look, Store

KIND = "evidence-exported"
Typeset = Callable[[dict[str, object], str], bytes]  # pages from what is told, in a language


@dataclass(frozen=True, slots=True)
class Request:
    """Who wants what of which order, and why. ``checkpoint`` 0 seals and signs now; another one repeats an earlier pack."""

    marketplace_id: str
    order: str
    level: Level
    who: str
    why: str
    second: str = ""
    checkpoint: int = 0


@dataclass(frozen=True, slots=True)
class Exported:
    """What the pack holds."""

    checkpoint: int
    entries: int
    messages: int
    mails: int


def export_evidence(  # noqa: PLR0913, PLR0917 - what it needs of the world, each once
    store: Store, frame: Frame, clock: Clock, outside: Checkpoints, request: Request, typeset: Typeset | None, out: Path
) -> Exported:
    """Write the pack. Raises NotFoundError, ReasonError, ConfigurationError, StoreError, and DamagedError where the record is not
    whole. Without ``typeset`` it has no pages.
    """
    if out.exists():
        raise ConfigurationError(f"{out} exists already, and is not replaced: name another")
    who, why, second = _account(store, request)
    with store.look() as look:
        order, pair = _find(look, request)
    values: dict[str, Value] = {"who": who, "why": why, "second": second or None, "level": request.level, "order": order.name}
    entry = journal_row(KIND, clock.now(), values, seller_id=pair.seller_id, relationship_id=pair.id)
    store.keep(Change(pair.seller_id, (entry,))).result()
    size = checkpoint_record(store, frame, clock, outside) or 0
    with store.look() as look:
        hold_snapshot(look)
        return _export(look, frame, request, order, pair, request.checkpoint or size, typeset, out)


def _account(store: Store, request: Request) -> tuple[str, str, str]:
    """Who, why, and the second person. Raises ReasonError where one of them is wanted and missing."""
    who, why, second = request.who.strip(), request.why.strip(), request.second.strip()
    if not who or not why:
        raise ReasonError("say who reads these messages, and why")
    if request.level is Level.FULL and (not second or second.lower() == who.lower()):
        raise ReasonError("mails as they came show real addresses: name a second person who agreed")
    if len(who) + len(why) + len(second) > store.limits.reading_reason:
        raise ReasonError(f"who reads these messages, and why, must fit into {store.limits.reading_reason} characters")
    return who, why, second


def _find(look: Look, request: Request) -> tuple[Order, Relationship]:
    found = find_order_named(look, request.marketplace_id, request.order)
    order = find_order(look, *found) if found else None
    if order is None:
        raise NotFoundError("there is no such order in this marketplace")
    pair = find_pair(look, order.seller_id, order.buyer_id)
    if pair is None:
        raise NotFoundError("the buyer and the seller of this order never had anything to do with each other")
    return order, pair


def _export(  # noqa: PLR0913, PLR0917 - what was found, and where it goes
    look: Look, frame: Frame, request: Request, order: Order, pair: Relationship, size: int, typeset: Typeset | None, out: Path
) -> Exported:
    kept = find_checkpoint(look, size)
    if kept is None:
        raise NotFoundError(f"no checkpoint stands for exactly {size} entries")
    origin = open_note(frame.keyring, kept.note).origin
    links = list_links(look, chain_of(pair.seller_id, pair.id), size)
    case = gather_case(look, frame, order, pair, links, request.level)
    files = _files_of(case, size, typeset)
    files[PROOF] = spell_json(spell_proof(look, links, size, kept.note, verifier_keys(frame), case))
    files[MANIFEST] = make_manifest(order.name, request.level, size, files)
    files[NOTE] = _sign(frame, origin, size, files[MANIFEST]).encode()
    write_pack(out, files)
    return Exported(size, len(links), len(case.exhibits), sum(len(one.mails) for one in case.exhibits))


def _files_of(case: Case, size: int, typeset: Typeset | None) -> dict[str, bytes]:
    told = spell_case(case, size)
    files = {README: WORDS.encode(), MESSAGES: spell_json(told)}
    for exhibit in case.exhibits:
        files |= {mail.name: mail.content for mail in exhibit.mails}
        files |= {name: file.content for name, file in exhibit.attachments}
    if typeset:
        files[PAGES] = typeset(told | {"pair": show("rel", case.pair.id)}, case.language)
    return files


def _sign(frame: Frame, origin: str, size: int, manifest: bytes) -> str:
    """A signed note (C2SP) with the keys of the checkpoints."""
    keyring = frame.keyring
    text = spell_claim(origin, size, hashlib.sha256(manifest).hexdigest())
    signature = keyring.sign(PURPOSE, text.encode(), keyring.newest)
    return Note(text, (Signature(origin, key_id(origin, keyring.public_key(PURPOSE, keyring.newest)), signature),)).spell()
