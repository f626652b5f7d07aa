"""Checkpoints: the ends of all chains in one signed statement, kept in the store and outside it.

A checkpoint says how many entries the record has and the root of the tree over their seals, so it stands for each of them and for
their order. It refuses to sign what contradicts one that was signed before: a store that was set back keeps its silence.
"""

from collections.abc import Collection, Iterator
from urllib.parse import quote

from postern.actions.frame import Frame
from postern.actions.seal_journal import seal_journal
from postern.errors import DamagedError
from postern.keys import Keyring, is_signed
from postern.model.checkpoint import (
    Checkpoint,
    Note,
    Signature,
    key_id,
    read_checkpoint,
    read_note,
    signatures_by,
    spell_verifier,
)
from postern.model.tree import Edge
from postern.ports import Checkpoints, Clock
from postern.storage.checkpoints import (
    KeptCheckpoint,
    add_checkpoint,
    find_checkpoint,
    find_latest_checkpoint,
    list_checkpoint_sizes,
)
from postern.storage.seals import find_last_position, iterate_hashes
from postern.storage.store import Reader, Store

PURPOSE = "checkpoints"
_PAGE = 10_000  # seals in one read transaction
_SET_BACK = "the store is not the one that checkpoint {} was made of: `postern record verify` tells more"


def checkpoint_record(store: Store, frame: Frame, clock: Clock, outside: Checkpoints) -> int | None:
    """Seal what waits, sign where the record stands, and write outside what is not there yet. Answers the size of a new one.

    Raises DamagedError where the record contradicts a checkpoint that was made before.
    """
    seal_journal(store, frame, clock)
    with store.look() as look:
        latest, kept, end = find_latest_checkpoint(look), list_checkpoint_sizes(look), find_last_position(look)
    edge = trusted_edge(frame.keyring, latest) if latest else Edge()
    strangers = outside.sizes() - kept
    if strangers and not edge.size < min(strangers) <= max(strangers) <= end:
        raise DamagedError(_SET_BACK.format(max(strangers)))
    for grown in grow(store, edge, {*strangers, end}):
        if grown.size in strangers:
            _require_agreement(frame.keyring, grown, outside.get(grown.size))
        edge = grown
    if edge.size != end:
        raise DamagedError(f"the seal after position {edge.size} is missing: `postern record verify` tells more")
    is_new = end > (latest.size if latest else 0)
    if is_new:
        _keep(store, frame, edge)
    _write_outside(store, outside, kept | {end} if is_new else kept)
    return end if is_new else None


def grow(reader: Reader, edge: Edge, stops: Collection[int]) -> Iterator[Edge]:
    """Let the tree grow over the store's seals. Answers its edge, always the same one, at each of these sizes, in order; it
    ends where a seal is missing.
    """
    for stop in sorted(stop for stop in stops if stop >= edge.size):
        while edge.size < stop:
            before, until = edge.size, min(stop, edge.size + _PAGE)
            with reader.look() as look:
                for leaf in iterate_hashes(look, before, until):
                    edge.append(leaf)
            if edge.size < until:
                yield edge
                return
        yield edge


def trusted_edge(keyring: Keyring, kept: KeptCheckpoint) -> Edge:
    """The edge that a row holds, once its note and it agree. Raises DamagedError."""
    edge = Edge.read(kept.size, kept.edge)
    if edge is None:
        raise DamagedError(f"the edge of checkpoint {kept.size} was changed")
    _require_agreement(keyring, edge, kept.note)
    return edge


def open_note(keyring: Keyring, content: str) -> Checkpoint:
    """The checkpoint that one of our keys signed. Raises DamagedError for anything else."""
    note = read_note(content)
    checkpoint = read_checkpoint(note.text) if note else None
    if note is None or checkpoint is None:
        raise DamagedError("not a checkpoint")
    publics = [keyring.public_key(PURPOSE, one) for one in keyring.masters]
    signatures = signatures_by(note, checkpoint.origin, publics)
    if not signatures or not all(is_signed(key, octets, note.text.encode()) for key, octets in signatures):
        raise DamagedError("not signed with a key of this installation")
    return checkpoint


def verifier_keys(frame: Frame) -> list[str]:
    """The public keys, one line each, the one that signs today first."""
    return [spell_verifier(_origin(frame), frame.keyring.public_key(PURPOSE, one)) for one in sorted(frame.keyring.masters)[::-1]]


def _origin(frame: Frame) -> str:
    """C2SP tlog-checkpoint: an address without its scheme, and neither spaces nor plus."""
    return quote(f"{frame.public_url.partition('://')[2]}/record", safe="/:[]@")


def _sign(frame: Frame, edge: Edge) -> str:
    keyring, origin = frame.keyring, _origin(frame)
    text = Checkpoint(origin, edge.size, edge.root()).text()
    signature = keyring.sign(PURPOSE, text.encode(), keyring.newest)
    return Note(text, (Signature(origin, key_id(origin, keyring.public_key(PURPOSE, keyring.newest)), signature),)).spell()


def _require_agreement(keyring: Keyring, edge: Edge, note: str) -> None:
    said = open_note(keyring, note)
    if (said.size, said.root) != (edge.size, edge.root()):
        raise DamagedError(_SET_BACK.format(said.size))


def _keep(store: Store, frame: Frame, edge: Edge) -> None:
    one = KeptCheckpoint(edge.size, edge.spell(), _sign(frame, edge))
    store.write(lambda transaction: add_checkpoint(transaction, one)).result()


def _write_outside(store: Store, outside: Checkpoints, sizes: Collection[int]) -> None:
    """What a crash, a full disk or another machine left out is made up for."""
    for size in sorted(set(sizes) - outside.sizes()):
        with store.look() as look:
            kept = find_checkpoint(look, size)
        if kept:
            outside.put(size, kept.note)
