"""A message that is written on a page, by a program or by a command: by a contact reason, or in the reply box of a thread.

It takes the path of a mail: facts → judge → rewrite → guard → keep, under the same rules and in the same record. What differs:
its author is proved by the door, and answered at once. What may not pass is refused, and of it nothing is kept but that it was
(R12, R25). ``check_message`` gives the same verdict and leaves nothing.
"""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from postern.actions.frame import Frame
from postern.actions.posting.draft import Written, write_by_reason, write_in_thread
from postern.actions.posting.outgoing import Answer, ByReason, Outgoing, Posted, RefusedMessage, WouldPost
from postern.actions.receiving.facts import Known, gather
from postern.actions.receiving.pair import Pair, gather_pair
from postern.actions.receiving.passage import make_passage
from postern.actions.receiving.record import Allowance, Station, guards_of, rows_of_delivery, rows_of_hold, seal_original
from postern.errors import ConfigurationError
from postern.mail.letter import Leaking, Relayed
from postern.mail.posted_files import clean_posted_file
from postern.mail.rewrite import rewrite
from postern.model.identifier import show
from postern.model.journal import Value
from postern.model.posting import KeptPosting
from postern.model.relationship import Side
from postern.model.thread import MessageState
from postern.policy.chain import judge, passed_by
from postern.policy.reasons import KEY_USED, LEAKING, TRY_AGAIN, Cause
from postern.policy.verdict import Deliver, Effect, Finding, Hold, Judgement
from postern.storage.change import Change, Guard, Kept, ReasonUnused, Row
from postern.storage.journal import journal_row
from postern.storage.postings import find_posting, next_number, posting_row
from postern.storage.relationships import AliasEntry
from postern.storage.store import Look, Store
from postern.storage.threads import find_message, find_seen


@dataclass(frozen=True, slots=True)
class PreparedPosting:
    """What to write, and what to answer then. Frozen and picklable: hostile files may be read in another process."""

    change: Change | None
    answer: Answer


def post_message(store: Store, frame: Frame, outgoing: Outgoing, now: datetime) -> Answer:
    """Send it. Raises NotFoundError for a pair, thread, order or reason that is not there."""
    for _ in range(frame.limits.stale_retries + 1):
        with store.look() as look:
            prepared = prepare_posting(look, frame, outgoing, now)
        if prepared.change is None or isinstance(store.keep(prepared.change).result(), Kept):
            return prepared.answer
    return RefusedMessage((Finding("store", Cause(TRY_AGAIN), Effect.REFUSE),))


def check_message(look: Look, frame: Frame, outgoing: Outgoing, now: datetime) -> WouldPost | RefusedMessage:
    """The verdict that ``post_message`` would give now. A repeat is none: nothing is known of what was sent before."""
    judged = _judge(look, frame, outgoing, now)
    if isinstance(judged.outcome, RefusedMessage):
        return judged.outcome
    state = MessageState.HELD if isinstance(judged.outcome, Cause) else MessageState.QUEUED
    return WouldPost(state, judged.warnings)


def prepare_posting(look: Look, frame: Frame, outgoing: Outgoing, now: datetime) -> PreparedPosting:
    """Everything but the commit, with read access only."""
    if not 0 < len(outgoing.key) <= frame.limits.posted_key:
        raise ConfigurationError(f"a message needs a key of 1 to {frame.limits.posted_key} characters")
    mark, content_mark = _key_mark(look, outgoing), _content_mark(look, outgoing)
    if seen := find_seen(look, mark):
        return PreparedPosting(None, _answer_again(look, outgoing, seen, content_mark))
    judged = _judge(look, frame, outgoing, now)
    if isinstance(judged.outcome, RefusedMessage):
        return PreparedPosting(_refusal(judged, judged.outcome, outgoing, now), judged.outcome)
    station = _station(look, frame, outgoing, judged, mark)
    if isinstance(judged.outcome, Relayed):
        rows, state = rows_of_delivery(look, frame, station, judged.outcome), MessageState.QUEUED
    else:
        rows, state = rows_of_hold(look, frame, station, judged.outcome), MessageState.HELD
    row, guards = _posting(look, outgoing, judged, content_mark)
    change = Change(outgoing.seller_id, (station.original.row, *rows, row), (*guards_of(station), *guards))
    return PreparedPosting(change, Posted(station.message_id, state, judged.warnings))


@dataclass(frozen=True, slots=True)
class _Judged:
    """The message and its verdict: the mail that leaves, or the cause for which it is held, or the refusal."""

    written: Written
    known: Known
    judgement: Judgement
    outcome: Relayed | Cause | RefusedMessage = field(repr=False)

    @property
    def pair(self) -> Pair:
        return self.written.arrival.pair

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What was found and does not stop it, less what only says why it passes."""
        why = passed_by(self.judgement)
        return tuple(one for one in self.judgement.findings if one.cause.reason.code != why)


def _judge(look: Look, frame: Frame, outgoing: Outgoing, now: datetime) -> _Judged:
    pair = gather_pair(look, AliasEntry(outgoing.seller_id, outgoing.relationship_id, outgoing.author.other))
    written = _write(look, frame, pair, outgoing, now)
    known = gather(look, frame, written.arrival, posted=written.settled)
    judgement = judge(known.facts)
    return _Judged(written, known, judgement, _outcome(frame, written, judgement, now))


def _write(look: Look, frame: Frame, pair: Pair, outgoing: Outgoing, now: datetime) -> Written:
    outgoing = replace(outgoing, files=tuple(clean_posted_file(file, frame.limits) for file in outgoing.files))
    if isinstance(outgoing.content, ByReason):
        return write_by_reason(look, frame, pair, outgoing, outgoing.content, now)
    return write_in_thread(look, frame, pair, outgoing, outgoing.content, now)


def _outcome(frame: Frame, written: Written, judgement: Judgement, now: datetime) -> Relayed | Cause | RefusedMessage:
    match judgement.verdict:
        case Deliver():
            pair, place = written.arrival.pair, written.settled.place
            passage = make_passage(frame, pair, place, written.arrival.author, written.message_id, now)
            relayed = rewrite(written.arrival.reading, passage)
            return Cause(LEAKING) if isinstance(relayed, Leaking) else relayed
        case Hold(cause):
            return cause
        case _:
            gravest = judgement.verdict.cause
            return RefusedMessage(tuple(sorted(judgement.findings, key=lambda one: _rank(one, gravest))))


def _rank(finding: Finding, decided: Cause) -> int:
    """What decided first, then what would have been enough, then the rest."""
    if finding.cause == decided:
        return 0
    return 1 if finding.effect is Effect.REFUSE else 2


def _station(look: Look, frame: Frame, outgoing: Outgoing, judged: _Judged, mark: bytes) -> Station:
    written, known, pair = judged.written, judged.known, judged.pair
    author_id = written.settled.author_id
    counts = outgoing.author is Side.SELLER  # R21: whoever of the seller's people, through whichever door
    return Station(
        mail=written.arrival.mail,
        reading=written.arrival.reading,
        pair=pair,
        author=outgoing.author,
        author_id=author_id,
        place=written.settled.place,
        message_id=written.message_id,
        seen_mark=mark,
        original=seal_original(look, frame, written.arrival.mail, pair, author_id),
        findings=tuple(f"{finding.rule}: {finding.cause.reason.code}" for finding in judged.judgement.findings),
        passed_by=passed_by(judged.judgement),
        allowance=Allowance(str(known.day), known.facts.daily_limit) if counts else None,
        door=outgoing.door,
    )


def _posting(look: Look, outgoing: Outgoing, judged: _Judged, content_mark: bytes) -> tuple[Row, tuple[Guard, ...]]:
    """By which reason, and the guard that nobody uses up the same at this moment."""
    settled, seller_id = judged.written.settled, outgoing.seller_id
    reason, order = settled.posting.reason, settled.posting.order
    number: int | None = None
    guards: tuple[Guard, ...] = ()
    if reason and order:
        number = next_number(look, seller_id, order.id, reason.code)
        guards = (ReasonUnused(seller_id, order.id, reason.code, number),)
    kept = KeptPosting(
        seller_id=seller_id,
        message_id=judged.written.message_id,
        door=outgoing.door,
        reason=reason.code if reason else "",
        order_id=order.id if order else None,
        content_mark=content_mark,
        words=judged.written.words,
    )
    return posting_row(kept, number, judged.pair.key), guards


def _refusal(judged: _Judged, refused: RefusedMessage, outgoing: Outgoing, now: datetime) -> Change:
    """R25: an entry without content."""
    posting = judged.written.settled.posting
    values: dict[str, Value] = {
        "verdict": "refuse",
        "reason": refused.findings[0].cause.reason.code,
        "author": outgoing.author,
        "door": outgoing.door,
        "contact reason": posting.reason.code if posting.reason else None,
        "order": posting.order.name if posting.order else None,
        "size": len(judged.written.arrival.mail.content),
    }
    pair = judged.pair.relationship
    entry = journal_row("message-refused", now, values, seller_id=outgoing.seller_id, relationship_id=pair.id)
    return Change(outgoing.seller_id, (entry,))


def _answer_again(look: Look, outgoing: Outgoing, message_id: UUID, content_mark: bytes) -> Answer:
    """The key was used before: the same message is the same, another one is a mistake of whoever made the key."""
    pair = gather_pair(look, AliasEntry(outgoing.seller_id, outgoing.relationship_id, outgoing.author.other))
    kept = find_posting(look, outgoing.seller_id, message_id, pair.key)
    message = find_message(look, message_id)
    if kept is None or message is None or kept.content_mark != content_mark:
        return RefusedMessage((Finding("key", Cause(KEY_USED), Effect.REFUSE),))
    return Posted(message_id, message.state, repeated=True)


def _key_mark(look: Look, outgoing: Outgoing) -> bytes:
    key = outgoing.key.encode("utf-8", "surrogatepass")
    return look.vault.mark("posted", outgoing.relationship_id.bytes, outgoing.author.encode(), key)


def _content_mark(look: Look, outgoing: Outgoing) -> bytes:
    """Of what was handed over, without its key."""
    digest = hashlib.sha256()
    for file in outgoing.files:
        digest.update(hashlib.sha256(file.content).digest() + file.file_name.encode("utf-8", "surrogatepass") + b"\0")
    content = outgoing.content
    if isinstance(content, ByReason):
        order = show("ord", content.order_id) if content.order_id else ""
        pieces = [content.code, order, *(piece for field in sorted(content.fields.items()) for piece in field)]
    else:
        pieces = [show("thr", content.thread_id), content.text]
    return look.vault.mark("posting", digest.digest(), *(piece.encode("utf-8", "surrogatepass") for piece in pieces))
