"""The path of a mail, from the final dot to the answer.

``prepare`` runs in a pool process, with read access only: parse, route, gather facts, judge, rewrite, guard. What comes back is
plain frozen data. ``receive`` runs in the serving process and only moves it: keep, and answer. 250 means kept and queued, in one
commit; a guard that failed meanwhile sends the mail round again.
"""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from postern.actions.deliver_mail import Parcel, Sign, make_parcel
from postern.actions.find_recipient import House, Recipient, Refused, find_recipient
from postern.actions.frame import Frame
from postern.actions.receiving.facts import Known, gather
from postern.actions.receiving.house import prepare_for_house
from postern.actions.receiving.pair import Arrival, gather_pair
from postern.actions.receiving.passage import make_passage
from postern.actions.receiving.record import (
    Allowance,
    Station,
    guards_of,
    repeat_row,
    rows_of_absorbing,
    rows_of_block,
    rows_of_delivery,
    rows_of_hold,
    rows_of_misuse,
    rows_of_outside_copy,
    rows_of_refusal,
    seal_original,
)
from postern.actions.receiving.refusals import Refusal, refusal_rows
from postern.actions.receiving.repeats import mark_of
from postern.errors import NotFoundError, PosternError, StoreFullError
from postern.mail.letter import Leaking, Reading
from postern.mail.reader import read
from postern.mail.rewrite import rewrite
from postern.model.envelope import Mail
from postern.model.identifier import new_id
from postern.model.relationship import Side
from postern.policy.chain import count_outside, judge, misuses_in, passed_by
from postern.policy.reasons import LEAKING, LOOP, NO_ROOM, SENDER_NOT_REGISTERED, TRY_AGAIN, UNKNOWN_ALIAS, Cause
from postern.policy.rules.reading import infected
from postern.policy.verdict import Block, Deliver, Discard, Hold, Judgement, Refuse
from postern.storage.change import Change, Guard, Kept, Outcome, Row, Write
from postern.storage.deliveries import delivery_in
from postern.storage.schema import HOUSE
from postern.storage.store import Look
from postern.storage.threads import find_seen

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """What a pool process is asked."""

    mail: Mail
    may_leave_at_once: bool  # somebody waits to carry it


@dataclass(frozen=True, slots=True)
class Judged:
    """One recipient's share of the change.

    ``refusal`` is set where the mail may not pass to them, and then ``rows`` are what a refusal in the session leaves.
    ``keep_refused`` is what to write instead where other recipients of the same mail are taken, so that it is answered 250.
    ``counts`` names the seller's day that it uses one message of.
    """

    seller_id: int
    rows: tuple[Row, ...]
    guards: tuple[Guard, ...] = ()
    refusal: Cause | None = None
    keep_refused: Callable[[], "Judged"] | None = None
    counts: str = ""
    parcels: Mapping[UUID, Parcel] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What to write for a mail, and what to answer once it is written. ``refusal`` only if every recipient was refused."""

    change: Change
    refusal: Cause | None
    queued: bool
    parcels: Mapping[UUID, Parcel] = field(default_factory=dict, repr=False)  # by delivery: ready to leave, if asked for


@dataclass(frozen=True, slots=True)
class Accepted:
    """Kept, and queued where it passed: 250. ``queued`` says whether a delivery waits."""

    queued: bool


Answer = Accepted | Refused


async def receive(
    mail: Mail,
    prepare_elsewhere: Callable[[Mail], Awaitable[Prepared]],
    keep: Callable[[Prepared], Awaitable[Outcome]],
    tries: int,
) -> Answer:
    """Prepare, keep, answer. A stale change is prepared anew from today's facts, ``tries`` times at most, then it is 451."""
    try:
        for _ in range(tries):
            prepared = await prepare_elsewhere(mail)
            if isinstance(await keep(prepared), Kept):
                return Refused(prepared.refusal) if prepared.refusal else Accepted(prepared.queued)
    except StoreFullError:
        return Refused(Cause(NO_ROOM))
    except PosternError as error:  # the store is away, or a key does not open: whatever it is, nothing was kept
        _log.warning("a mail cannot be taken now: %s", error)
        return Refused(Cause(TRY_AGAIN))
    return Refused(Cause(TRY_AGAIN))


def prepare(look: Look, frame: Frame, mail: Mail, sign: Sign | None = None) -> Prepared:
    """Read the mail once, then decide for each recipient by itself. With ``sign``, what passes is made ready to leave at once."""
    reading = read(mail.content, frame.limits)
    recipients = [find_recipient(look, frame, address, mail.received_at) for address in mail.envelope.recipients]
    judged: list[Judged] = []
    for recipient in dict.fromkeys(recipients):
        judged.append(_prepare_for(look, frame, mail, reading, recipient, _Before.of(judged), sign))
    return combine(judged)


@dataclass(frozen=True, slots=True)
class _Before:
    """What the same mail did at the recipients before: to three buyers it counts three (R21), and it is one attempt (R20)."""

    used: Counter[str]
    listed: bool

    @classmethod
    def of(cls, judged: Iterable[Judged]) -> "_Before":
        each = tuple(judged)
        listed = any(one.refusal and one.refusal.reason is SENDER_NOT_REGISTERED for one in each)
        return cls(Counter(one.counts for one in each if one.counts), listed)


def _prepare_for(  # noqa: PLR0913, PLR0917 - all that one recipient's share is made of
    look: Look, frame: Frame, mail: Mail, reading: Reading, recipient: Recipient, before: _Before, sign: Sign | None
) -> Judged:
    if isinstance(recipient, Refused):  # it was live at RCPT, and ended since
        return Judged(HOUSE, (), refusal=recipient.cause)
    if isinstance(recipient, House):
        if mail.malware:
            return Judged(HOUSE, (), refusal=infected(mail.malware))
        if reading.received_fields > frame.limits.received_fields:  # RFC 5321 6.3: the operator's mail may come back here
            return Judged(HOUSE, (), refusal=Cause(LOOP))
        housed = prepare_for_house(look, frame, mail, reading, recipient)
        return Judged(housed.seller_id, housed.rows, housed.guards)
    try:
        pair = gather_pair(look, recipient)
    except NotFoundError:
        return Judged(HOUSE, (), refusal=Cause(UNKNOWN_ALIAS))
    return _Alias(look, frame, Arrival(mail, reading, pair, recipient.side.other), before, sign).judge()


@dataclass(frozen=True, slots=True)
class _Alias:
    """One mail at one alias: facts → judge → rewrite → guard."""

    look: Look
    frame: Frame
    arrival: Arrival
    before: _Before
    sign: Sign | None

    def judge(self) -> Judged:
        look, pair, arrival = self.look, self.arrival.pair, self.arrival
        known = gather(look, self.frame, arrival, counted_already=self.before.used[pair.marketplace.id])
        seen_mark = mark_of(look, arrival.mail, arrival.reading, pair.relationship.id, arrival.author)
        if known.author_id and (seen := find_seen(look, seen_mark)):  # before the rules: a repeat must not meet today's limit
            return Judged(pair.seller.id, (repeat_row(arrival.mail, pair, arrival.author, seen),))
        judgement = judge(known.facts)
        if isinstance(judgement.verdict, Refuse):
            return self._refuse(known, judgement, judgement.verdict.cause, seen_mark)
        return self._keep(self._station(known, judgement, seen_mark), judgement)

    def _refuse(self, known: Known, judgement: Judgement, cause: Cause, seen_mark: bytes) -> Judged:
        look, frame, seller_id = self.look, self.frame, self.arrival.pair.seller.id

        refused = Refusal(self.arrival, cause.reason, listed=self.before.listed)
        refused_beside = replace(refused, beside=True)

        def keep_refused() -> Judged:
            """A proven sender is told by notice, so the message is kept; whoever is not proved leaves an entry alone."""
            if known.author_id is None or known.automatic:
                return Judged(seller_id, *refusal_rows(look, frame, refused_beside))
            station = self._station(known, judgement, seen_mark)
            return Judged(seller_id, (station.original.row, *rows_of_refusal(look, frame, station, cause)), guards_of(station))

        rows, guards = refusal_rows(look, frame, refused)
        return Judged(seller_id, rows, guards, cause, keep_refused=keep_refused)

    def _keep(self, station: Station, judgement: Judgement) -> Judged:
        """Whatever is answered 250 is kept with its original (R25)."""
        look, frame = self.look, self.frame
        parcels: Mapping[UUID, Parcel] = {}
        match judgement.verdict:
            case Block(cause):
                rows = rows_of_block(look, frame, station, cause)
            case Discard(cause):
                rows = rows_of_absorbing(look, station, cause)
            case Hold(cause):
                rows = rows_of_hold(look, frame, station, cause)
            case _:
                rows, parcels = self._deliver(station, judgement)
        pair = self.arrival.pair
        counts = pair.marketplace.id if station.allowance else ""
        return Judged(pair.seller.id, (station.original.row, *rows), guards_of(station), counts=counts, parcels=parcels)

    def _deliver(self, station: Station, judgement: Judgement) -> tuple[tuple[Row, ...], Mapping[UUID, Parcel]]:
        look, frame = self.look, self.frame
        passage = make_passage(frame, station.pair, station.place, station.author, station.message_id, station.mail.received_at)
        relayed = rewrite(station.reading, passage)
        if isinstance(relayed, Leaking):
            return rows_of_hold(look, frame, station, Cause(LEAKING)), {}
        notices: tuple[Row, ...] = ()
        if outside := count_outside(judgement):
            notices = rows_of_outside_copy(look, frame, station, outside)
        if misuses := misuses_in(judgement):
            notices += rows_of_misuse(look, frame, station, misuses)
        rows = rows_of_delivery(look, frame, station, relayed)
        return (*rows, *notices), self._pack(station, rows, relayed.content)

    def _pack(self, station: Station, rows: Iterable[Row], content: bytes) -> Mapping[UUID, Parcel]:
        """The mail ready to leave, so that nobody need open it again if it can leave at once. A large one is opened."""
        if self.sign is None or len(content) > self.frame.limits.inline_document:
            return {}
        delivery = next(delivery_in(row) for row in rows if row.write is Write.ADD_DELIVERY)
        _, recipient = station.pair.reader_of(station.author)
        return {delivery.id: make_parcel(self.frame, delivery, recipient, content, self.sign, station.mail.received_at)}

    def _station(self, known: Known, judgement: Judgement, seen_mark: bytes) -> Station:
        if known.author_id is None or known.place is None:
            raise AssertionError("the rules let a mail pass whose author is nobody of the pair")
        arrival = self.arrival
        counts = arrival.author is Side.SELLER and isinstance(judgement.verdict, (Deliver, Hold))
        return Station(
            mail=arrival.mail,
            reading=arrival.reading,
            pair=arrival.pair,
            author=arrival.author,
            author_id=known.author_id,
            place=known.place,
            message_id=new_id(),
            seen_mark=seen_mark,
            original=seal_original(self.look, self.frame, arrival.mail, arrival.pair, known.author_id),
            findings=tuple(f"{finding.rule}: {finding.cause.reason.code}" for finding in judgement.findings),
            automatic=known.automatic.kind if known.automatic else "",
            passed_by=passed_by(judgement),
            allowance=Allowance(str(known.day), known.facts.daily_limit) if counts else None,
        )


def combine(judged: Iterable[Judged]) -> Prepared:
    """One change for all recipients: they are answered with one reply, so they are written in one commit. Where some were taken,
    those who were not are kept as refused, and their author told.
    """
    each = tuple(judged)
    each = (
        tuple(one for one in each if one.refusal and one.refusal.reason.is_temporary) or each
    )  # then the whole mail comes again
    refusal = each[0].refusal if all(one.refusal for one in each) else None
    if refusal is None:
        each = tuple(one.keep_refused() if one.keep_refused else one for one in each)
    return Prepared(
        change=Change(
            seller_id=max(one.seller_id for one in each),
            rows=tuple(row for one in each for row in one.rows),
            guards=tuple(guard for one in each for guard in one.guards),
        ),
        refusal=refusal,
        parcels={delivery_id: parcel for one in each for delivery_id, parcel in one.parcels.items()},
        queued=any(row.write is Write.ADD_DELIVERY for one in each for row in one.rows),
    )
