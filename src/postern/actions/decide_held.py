"""Held mail has a way out: a person lists what waits, looks at one, and releases or refuses it; time refuses the rest.

A release is a new judgement with today's facts: the mail is rebuilt and guarded again, so that nothing leaves by a person's word
that would not leave by the rules. Reading a mail that ended its readers happens in the process of whoever asks for it.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from postern.actions.frame import Frame
from postern.actions.posting.draft import WRITTEN_HERE, settle_again
from postern.actions.receiving.facts import Known, gather
from postern.actions.receiving.notices import Told, failure_of, tell, tell_blocked, whom_to_tell
from postern.actions.receiving.pair import Arrival, gather_pair
from postern.actions.receiving.passage import make_passage
from postern.actions.receiving.placing import Place
from postern.actions.receiving.record import delivery_to_reader, seal_relayed
from postern.errors import NotFoundError, PosternError
from postern.language import DEFAULT_LANGUAGE, phrase
from postern.mail.letter import Leaking
from postern.mail.notices.held import hold_expired, hold_refused
from postern.mail.reader import read
from postern.mail.rewrite import rewrite
from postern.model.authentication import Authentication, Mode
from postern.model.envelope import Envelope, Mail
from postern.model.identifier import show
from postern.model.journal import Value
from postern.model.relationship import Side
from postern.model.thread import Message, MessageState
from postern.policy.chain import judge_for_release, passed_by
from postern.policy.reasons import ALL, HELD_TOO_LONG, LEAKING, NOT_RELEASED, Cause
from postern.policy.verdict import Block, Deliver, Discard, Hold, Refuse
from postern.ports import Clock
from postern.storage.change import Change, Guard, Kept, OptOutUnchanged, RelationshipOpen, Row, SenderApproved, StillHeld
from postern.storage.deliveries import delivery_row
from postern.storage.documents import find_document
from postern.storage.journal import journal_row, list_entries_about
from postern.storage.relationships import AliasEntry, find_relationship_key
from postern.storage.standing import use_row
from postern.storage.store import Look, Store
from postern.storage.threads import commit_to_decision, find_thread, held_row, list_held

EXPIRED_AT_ONCE = 50  # held messages settled in one look
_REASONS = {reason.code: reason for reason in ALL}
_FORGOTTEN_DETAIL = phrase("a way to be reached elsewhere")


class NotReleasedError(PosternError):
    """A held message cannot be released; the sentence says why, and what can be done."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A held message, as an operator's list shows it: no address, no subject, no text."""

    message: Message
    cause: Cause
    decide_by: datetime


@dataclass(frozen=True, slots=True)
class _Decision:
    """Who decides, when, and by what is known then."""

    look: Look
    frame: Frame
    at: datetime
    by: str


def list_waiting(look: Look, frame: Frame, now: datetime) -> list[Waiting]:
    """What is held, the oldest first."""
    return [_waiting(frame, one) for one in list_held(look, now + timedelta(days=1))]


def find_waiting(frame: Frame, message: Message) -> Waiting:
    """One held message. Raises NotFoundError where it is not held (any more)."""
    if message.state is not MessageState.HELD:
        raise NotFoundError("this message is not held")
    return _waiting(frame, message)


def release(store: Store, frame: Frame, message: Message, now: datetime, by: str) -> MessageState:
    """Judge, rewrite and guard it again, and queue it. A buyer who opted out meanwhile is respected: then it is blocked, and its
    sender told. Answers what became of it. Raises NotFoundError, and NotReleasedError where it must stay held.
    """
    with store.look() as look:
        find_waiting(frame, message)
        change, state = _release(_Decision(look, frame, now, by), message)
    _keep(store, change)
    return state


def refuse(store: Store, frame: Frame, message: Message, now: datetime, by: str) -> None:
    """It will never be delivered; its author is told. Raises NotFoundError."""
    with store.look() as look:
        find_waiting(frame, message)
        change = _ended(_Decision(look, frame, now, by), message, MessageState.REFUSED, Cause(NOT_RELEASED))
    _keep(store, change)


def expire_holds(store: Store, frame: Frame, now: datetime) -> int:
    """Refuse what nobody decided in time, and tell its authors. Answers how many; what somebody decides just now is not among
    them.
    """
    before = now - timedelta(days=frame.limits.hold_days)
    with store.look() as look:
        decision = _Decision(look, frame, now, "time")
        overdue = list_held(look, before)[:EXPIRED_AT_ONCE]
        changes = [_ended(decision, one, MessageState.EXPIRED, Cause(HELD_TOO_LONG)) for one in overdue]
    return sum(isinstance(store.keep(change).result(), Kept) for change in changes)


def expire(store: Store, frame: Frame, clock: Clock) -> str | None:
    """The same as a task of the timetable. Answers a line for the log."""
    count = expire_holds(store, frame, clock.now())
    return f"{count} held messages were refused, for nobody decided in time" if count else None


def _waiting(frame: Frame, message: Message) -> Waiting:
    return Waiting(message, _cause_of(message), message.received_at + timedelta(days=frame.limits.hold_days))


def _cause_of(message: Message) -> Cause:
    """A message keeps the code of its reason, and not its particulars."""
    return Cause(_REASONS.get(message.reason, LEAKING), (("detail", _FORGOTTEN_DETAIL),))


def _keep(store: Store, change: Change) -> None:
    if not isinstance(store.keep(change).result(), Kept):
        raise NotFoundError("this message was decided, or its pair changed, in the same moment: look again")


def _release(decision: _Decision, message: Message) -> tuple[Change, MessageState]:
    look = decision.look
    arrival = _read_again(look, decision.frame, message)
    posted = settle_again(look, decision.frame, arrival.pair, message, decision.at)
    known = gather(look, decision.frame, arrival, posted=posted)
    facts = replace(known.facts, used_today=0, messages_lately=0)  # it was counted when it came (R21)
    judgement = judge_for_release(facts)
    named = replace(message, author_id=known.author_id, automatic=known.automatic.kind if known.automatic else "")
    match judgement.verdict:
        case Deliver():
            author_id, place = _proven(known)
            thread = find_thread(look, message.seller_id, message.relationship_id, message.thread_id)
            place = replace(place, thread=thread or place.thread, opened=False)
            released = replace(named, author_id=author_id, passed_by=passed_by(judgement), reason="")
            change = _queue(decision, arrival, released, place)
            if message.author is Side.SELLER and message.author_id is None:  # held unread: nobody counted it when it came
                use = use_row(message.seller_id, arrival.pair.marketplace.id, str(known.day))
                change = replace(change, rows=(*change.rows, use))
            return change, MessageState.QUEUED
        case Block(cause):
            return _ended(decision, named, MessageState.BLOCKED, cause), MessageState.BLOCKED
        case Discard(cause):
            return _ended(decision, named, MessageState.ABSORBED, cause), MessageState.ABSORBED
        case Refuse(cause) | Hold(cause):
            sentence, remedy = cause.sentence(DEFAULT_LANGUAGE), cause.remedy(DEFAULT_LANGUAGE)
            raise NotReleasedError(f"by today's facts it would be refused: {sentence} {remedy}")


def _read_again(look: Look, frame: Frame, message: Message) -> Arrival:
    """The mail as it came. Its envelope's sender is not kept; it was not the null one, or the mail had been absorbed."""
    if message.original_id is None:
        raise NotFoundError("the original of this message is not kept any more")
    content = find_document(look, message.seller_id, message.original_id)
    pair = gather_pair(look, AliasEntry(message.seller_id, message.relationship_id, message.author.other))
    envelope = Envelope("held", (pair.relationship.alias_of(message.author.other),))
    mail = Mail(envelope, content, message.received_at, _authentication_of(look, message))
    return Arrival(mail, read(content, frame.limits), pair, message.author)


def _authentication_of(look: Look, message: Message) -> Authentication:
    """Whoever is known as the author was proved when the mail came, and is believed now. What was held unread was proved by
    nothing, and a person who lets it go cannot see by whom it is: it passes where nobody asks for proof.
    """
    if message.author_id:
        return Authentication()
    kept = (one for entry in list_entries_about(look, message.id) for one in entry.fields if one.name == "authentication")
    return Authentication(next((Mode(json.loads(one.value)) for one in kept if not one.withheld), Mode.ENFORCE))


def _proven(known: Known) -> tuple[UUID, Place]:
    if known.author_id is None or known.place is None:
        raise AssertionError("the rules let a mail pass whose author is nobody of the pair")
    return known.author_id, known.place


def _queue(decision: _Decision, arrival: Arrival, message: Message, place: Place) -> Change:
    """Rebuilt and guarded. Raises NotReleasedError where it still leaks: nobody's word lets an address out."""
    look, frame, now = decision.look, decision.frame, decision.at
    pair = arrival.pair
    relayed = rewrite(arrival.reading, make_passage(frame, pair, place, message.author, message.id, now))
    if isinstance(relayed, Leaking):
        raise NotReleasedError(f"{LEAKING.sentence} Refuse it: its author is told how to send it again.")
    document = seal_relayed(look, frame, pair, relayed)
    queued = replace(message, state=MessageState.QUEUED, subject=relayed.subject, text=relayed.text, relayed_id=document.id)
    filed = held_row(queued, pair.key, now)
    values: dict[str, Value] = {"by": decision.by, "relayed": document.commitment, "changes": list(relayed.changes)}
    guards: tuple[Guard, ...] = (StillHeld(message.seller_id, message.id), RelationshipOpen(pair.relationship.id))
    if message.author is Side.SELLER:
        guards += (OptOutUnchanged(pair.buyer.id, pair.buyer.opt_out_version),)
        by_mail = place.found_by not in WRITTEN_HERE  # else no address was used that could have lost its permission
        guards += (SenderApproved(message.seller_id, message.author_id),) if message.author_id and by_mail else ()
    rows = (
        document.row,
        filed,
        delivery_row(delivery_to_reader(look, pair, message.author, message.id, document, now)),
        _entry(message, "hold-released", values | commit_to_decision(filed), now),
    )
    return Change(message.seller_id, rows, guards)


def _ended(decision: _Decision, message: Message, state: MessageState, cause: Cause) -> Change:
    """It goes nowhere any more. Nothing of its octets is read for that: they may be why it was held."""
    told = whom_to_tell(decision.look, message)
    notices = _tell(decision, told, state, _cause_of(message), cause) if told else ()
    values: dict[str, Value] = {"by": decision.by, "became": state, "reason": cause.reason.code, "told": bool(notices)}
    key = find_relationship_key(decision.look, message.seller_id, message.relationship_id)
    ended = replace(message, state=state, reason=cause.reason.code)
    filed = held_row(ended, key, None)
    rows = (filed, *notices, _entry(message, "hold-ended", values | commit_to_decision(filed), decision.at))
    return Change(message.seller_id, rows, (StillHeld(message.seller_id, message.id),))


def _tell(decision: _Decision, told: Told, state: MessageState, held_for: Cause, cause: Cause) -> tuple[Row, ...]:
    look, frame, language = decision.look, decision.frame, told.language
    if state is MessageState.BLOCKED:
        return tell_blocked(look, frame, told, decision.at)
    if state is MessageState.ABSORBED:
        return ()
    word = hold_expired if state is MessageState.EXPIRED else hold_refused
    notice = word(language, told.original, held_for.sentence(language), cause.remedy(language))
    return tell(look, frame, told, notice, failure_of(cause), decision.at)


def _entry(message: Message, kind: str, values: dict[str, Value], now: datetime) -> Row:
    thread = {"thread": show("thr", message.thread_id)}
    return journal_row(
        kind,
        now,
        thread | values,
        seller_id=message.seller_id,
        relationship_id=message.relationship_id,
        message_id=message.id,
    )
