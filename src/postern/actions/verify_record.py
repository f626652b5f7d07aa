"""Verifying the record: whether everything in it is what was sealed, and where not.

order         every entry against its digest, every seal against its hash and the seals before it
checkpoints   the tree over the seals against what was signed, in the store and outside it
mails         messages, mails and attempts against what the entries say of them
strays        rows that no entry or no seal accounts for

It reads beside a running server, changes nothing, and trusts nothing but the keys. What was withheld or forgotten by right left
the digests behind, and verifies.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from postern.actions.checkpoint_record import trusted_edge
from postern.actions.frame import Frame
from postern.actions.verifying.early import find_early, leave_out_early
from postern.actions.verifying.entries import UNREADABLE, Digested, processes_for, with_digests
from postern.actions.verifying.findings import WHOLE, Finding, Findings, Subject
from postern.actions.verifying.heads import Heads
from postern.actions.verifying.mails import (
    check_attempts,
    check_house_mails,
    check_messages,
    is_about_a_new_message,
    is_about_house_mail,
)
from postern.actions.verifying.order import ChainEnd, Walk
from postern.errors import NotFoundError
from postern.model.identifier import show
from postern.model.seal import chain_of
from postern.model.tree import Edge
from postern.ports import Checkpoints
from postern.storage.audit import (
    BEFORE_ALL,
    Key,
    Place,
    Stray,
    count_waiting,
    find_chain_end,
    find_end,
    hold_snapshot,
    list_lost_marks,
    list_places,
    list_strays,
    list_tried,
)
from postern.storage.checkpoints import KeptCheckpoint, find_checkpoint, list_checkpoints_after
from postern.storage.store import Look, Reader

_PLACES = 2_000  # seals in one read transaction
_MAILS = 100  # mails in one, for they may lie far away
_STRAYS = 20_000
_EARLY = 500  # attempts that may be early ones
_STRAY = {
    "entry": ("jrn", "is in the journal and has no seal: it was inserted, or its seal was removed"),
    "message": ("msg", "is a message that the journal does not know: it was inserted, or its entry was removed"),
    "attempt": ("att", "is an attempt that the journal does not know: it was inserted, or its entry was removed"),
}


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked, and the first thing wrong in each chain."""

    entries: int
    chains: int
    messages: int
    attempts: int
    checkpoints: int
    covered: int  # entries that a checkpoint stands for
    not_outside: int  # checkpoints that are not in the folder
    waiting: int  # entries that have no place yet
    withheld: int  # fields whose value was withheld
    findings: tuple[Finding, ...] = field(repr=False)
    wrong: int  # all findings, with those that follow from the first of their chain


def verify_record(
    reader: Reader,
    frame: Frame,
    outside: Checkpoints,
    since: int = 0,
    tell: Callable[[int, int], None] = lambda _done, _end: None,
    processes: int | None = None,
) -> Verification:
    """Check the record, or what came after the checkpoint over ``since`` entries. Raises NotFoundError where there is none.

    ``tell`` is called with how far it came and how far it goes. So many ``processes`` compute beside this one; None lets the
    record's size decide.
    """
    findings = Findings()
    edge = _begin(reader, frame, since)
    claims = _Claims.read(reader, outside)  # before anything else, so that what grows meanwhile contradicts nothing
    heads = Heads(frame.keyring, findings, claims.end, agreed=since)
    heads.claim_kept(one for one in claims.kept if one.size > since)
    heads.claim_outside((size for size in claims.outside if size > since), outside.get, claims.sizes)
    walk = Walk(findings, lambda chain: _chain_end(reader, chain, since), since)
    messages = attempts = 0
    processes = processes_for(claims.end - since) if processes is None else processes
    for places, digests in with_digests(_pages(reader, since, claims.end), processes):
        _check_order(places, digests, walk, edge, heads)
        messages += _check_mails(reader, places, is_about_a_new_message, check_messages, findings)
        messages += _check_mails(reader, places, is_about_house_mail, check_house_mails, findings)
        attempts += _check_tried(reader, places, findings)
        tell(walk.position, claims.end)
    walk.tell_end(claims.end)
    heads.tell_left()
    claims.tell_loose_ends(findings)
    _find_strays(reader, findings)
    return Verification(
        entries=max(claims.end - since, 0),
        chains=len(walk.ends),
        messages=messages,
        attempts=attempts,
        checkpoints=heads.compared,
        covered=heads.agreed,
        not_outside=len(claims.sizes - claims.outside),
        waiting=claims.waiting,
        withheld=walk.withheld,
        findings=findings.listed(),
        wrong=findings.count,
    )


@dataclass(frozen=True, slots=True)
class _Claims:
    """What the store and the folder say of the record's size, before anything is checked."""

    outside: set[int]
    kept: list[KeptCheckpoint]
    end: int
    highest: int
    waiting: int
    lost: list[Key]

    @classmethod
    def read(cls, reader: Reader, outside: Checkpoints) -> "_Claims":
        lying = outside.sizes()
        with reader.look() as look:
            hold_snapshot(look)
            end, highest = find_end(look)
            return cls(lying, list_checkpoints_after(look, 0), end, highest, count_waiting(look), list_lost_marks(look))

    @property
    def sizes(self) -> set[int]:
        return {one.size for one in self.kept}

    def tell_loose_ends(self, findings: Findings) -> None:
        if self.highest > self.end:
            findings.add(WHOLE, f"a seal is there, and the last position that was given is {self.end}", self.highest)
        for key in self.lost:
            findings.add(WHOLE, "was committed, and is gone before it was sealed", None, show("jrn", key.id), Subject.STRAYS)


def _begin(reader: Reader, frame: Frame, since: int) -> Edge:
    if not since:
        return Edge()
    with reader.look() as look:
        kept = find_checkpoint(look, since)
    if kept is None:
        raise NotFoundError(f"no checkpoint stands for exactly {since} entries")
    return trusted_edge(frame.keyring, kept)


def _chain_end(reader: Reader, chain: str, since: int) -> ChainEnd | None:
    """Where a chain stood before the walk began."""
    if not since:
        return None
    with reader.look() as look:
        return find_chain_end(look, chain, since)


def _pages(reader: Reader, since: int, end: int) -> Iterator[list[Place]]:
    for after in range(since, end, _PLACES):
        with reader.look() as look:
            places = list_places(look, after, min(end, after + _PLACES))
        if places:
            yield places


def _check_order(places: list[Place], digests: list[Digested], walk: Walk, edge: Edge, heads: Heads) -> None:
    for place, digested in zip(places, digests, strict=True):
        edge.append(walk.take(place, digested))
        if edge.size in heads.claims:
            heads.compare(edge)


def _check_mails(
    reader: Reader,
    places: list[Place],
    is_chosen: Callable[[Place], bool],
    check: Callable[[Look, list[Place], Findings], None],
    findings: Findings,
) -> int:
    chosen = [place for place in places if is_chosen(place)]

    def check_some(some: list[Place]) -> int:
        with reader.look() as look:
            hold_snapshot(look)
            check(look, some, findings)
        return len(some)

    return sum(_read(chosen[start : start + _MAILS], check_some, findings) for start in range(0, len(chosen), _MAILS))


def _check_tried(reader: Reader, places: list[Place], findings: Findings) -> int:
    def check_some(some: list[Place]) -> int:
        with reader.look() as look:
            hold_snapshot(look)
            tried = list_tried(look, some[0].position - 1, some[-1].position)
            early = find_early(look, {one.entry_message_id for one in tried if one.id is None and one.entry_message_id})
        return check_attempts(tried, early.entries, findings)

    return _read(places, check_some, findings)


def _read(some: list[Place], check: Callable[[list[Place]], int], findings: Findings) -> int:
    """Check all at once; where a row cannot be read, one by one, so that it can be named."""
    try:
        return check(some)
    except UNREADABLE:
        if len(some) > 1:
            return sum(_read([place], check, findings) for place in some)
        what = "what its entry tells of cannot be read: a value was changed into one of another kind"
        findings.add(some[0].chain, what, some[0].position, subject=Subject.MAILS)
        return 0


def _find_strays(reader: Reader, findings: Findings) -> None:
    for kind, (prefix, what) in _STRAY.items():
        try:
            for stray in _strays(reader, kind):
                chain = chain_of(stray.seller_id, stray.relationship_id)
                findings.add(chain, what, None, show(prefix, stray.id), Subject.STRAYS)
        except UNREADABLE:
            findings.add(WHOLE, f"of some {kind} the row's own name was changed into what is none", subject=Subject.STRAYS)


def _strays(reader: Reader, kind: str) -> Iterator[Stray]:
    after: Key | None = BEFORE_ALL
    while after is not None:
        with reader.look() as look:
            page = list_strays(look, kind, after, _STRAYS)
        yield from _without_early(reader, page.found) if kind == "attempt" else page.found
        after = page.reached


def _without_early(reader: Reader, found: tuple[Stray, ...]) -> Iterator[Stray]:
    for start in range(0, len(found), _EARLY):
        with reader.look() as look:
            hold_snapshot(look)
            yield from leave_out_early(look, found[start : start + _EARLY])
