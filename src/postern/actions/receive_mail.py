"""The path of a mail, from the final dot to the answer.

``prepare`` runs in a pool process, with read access only: parse, route, gather facts, judge, rewrite, guard. What comes back is
plain frozen data. ``receive`` runs in the serving process and only moves it: keep, and answer. 250 means kept and queued, in one
commit; a guard that failed meanwhile sends the mail round again.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from postern.actions.find_recipient import House, Recipient, Refused, find_recipient
from postern.actions.frame import Frame
from postern.actions.receiving.facts import Pair, gather_facts, gather_pair
from postern.actions.receiving.house import prepare_for_house
from postern.actions.receiving.passage import make_passage
from postern.actions.receiving.placing import find_place
from postern.actions.receiving.record import (
    Station,
    guards_of,
    refusal_row,
    repeat_row,
    rows_of_delivery,
    rows_of_hold,
    seal_original,
)
from postern.actions.receiving.repeats import mark_of
from postern.errors import NotFoundError, PosternError, StoreFullError
from postern.mail.letter import Leaking, Reading
from postern.mail.reader import read
from postern.mail.rewrite import rewrite
from postern.model.envelope import Mail
from postern.model.identifier import new_id
from postern.model.relationship import Side
from postern.policy.chain import judge
from postern.policy.reasons import LEAKING, LOOP, NO_ROOM, TRY_AGAIN, UNKNOWN_ALIAS, Cause
from postern.policy.verdict import Discard, Hold, Refuse
from postern.storage.change import Change, Guard, Kept, Outcome, Row
from postern.storage.relationships import AliasEntry
from postern.storage.schema import HOUSE
from postern.storage.store import Look
from postern.storage.threads import find_seen

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Judged:
    """One recipient's share of the change; ``refusal`` is set where the mail may not pass to them."""

    seller_id: int
    rows: tuple[Row, ...]
    guards: tuple[Guard, ...] = ()
    refusal: Cause | None = None
    queued: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """What to write for a mail, and what to answer once it is written. ``refusal`` only if every recipient was refused."""

    change: Change
    refusal: Cause | None
    queued: bool


@dataclass(frozen=True, slots=True)
class Accepted:
    """Kept, and queued where it passed: 250. ``queued`` says whether a delivery waits."""

    queued: bool


Answer = Accepted | Refused


async def receive(
    mail: Mail,
    prepare_elsewhere: Callable[[Mail], Awaitable[Prepared]],
    keep: Callable[[Change], Awaitable[Outcome]],
    tries: int,
) -> Answer:
    """Prepare, keep, answer. A stale change is prepared anew from today's facts, ``tries`` times at most, then it is 451."""
    try:
        for _ in range(tries):
            prepared = await prepare_elsewhere(mail)
            if isinstance(await keep(prepared.change), Kept):
                return Refused(prepared.refusal) if prepared.refusal else Accepted(prepared.queued)
    except StoreFullError:
        return Refused(Cause(NO_ROOM))
    except PosternError as error:  # the store is away, or a key does not open: whatever it is, nothing was kept
        _log.warning("a mail cannot be taken now: %s", error)
        return Refused(Cause(TRY_AGAIN))
    return Refused(Cause(TRY_AGAIN))


def prepare(look: Look, frame: Frame, mail: Mail) -> Prepared:
    """Read the mail once, then decide for each recipient by itself."""
    reading = read(mail.content, frame.limits)
    recipients = [find_recipient(look, frame, address, mail.received_at) for address in mail.envelope.recipients]
    return combine([_prepare_for(look, frame, mail, reading, one) for one in dict.fromkeys(recipients)])


def _prepare_for(look: Look, frame: Frame, mail: Mail, reading: Reading, recipient: Recipient) -> Judged:
    if isinstance(recipient, Refused):  # it was live at RCPT, and ended since
        return Judged(HOUSE, (), refusal=recipient.cause)
    if isinstance(recipient, House):
        if reading.received_fields > frame.limits.received_fields:  # RFC 5321 6.3: the operator's mail may come back here
            return Judged(HOUSE, (), refusal=Cause(LOOP))
        rows, guards, queued = prepare_for_house(look, frame, mail, recipient)
        return Judged(HOUSE, rows, guards, queued=queued)
    try:
        pair = gather_pair(look, recipient)
    except NotFoundError:
        return Judged(HOUSE, (), refusal=Cause(UNKNOWN_ALIAS))
    return _prepare_for_alias(look, frame, mail, reading, pair, recipient)


def _prepare_for_alias(look: Look, frame: Frame, mail: Mail, reading: Reading, pair: Pair, entry: AliasEntry) -> Judged:
    """Route → facts → judge → rewrite → guard, for one alias."""
    author: Side = entry.side.other  # R26: the alias decides who writes
    seller_id = pair.seller.id
    judgement = judge(gather_facts(reading, pair, author, frame.limits, frame.public_url))
    if isinstance(judgement.verdict, (Refuse, Discard)):
        cause = judgement.verdict.cause
        return Judged(seller_id, (refusal_row(look, mail, reading, pair, author, cause.reason),), refusal=cause)

    seen_mark = mark_of(look, mail, reading, pair.relationship.id, author)
    seen = find_seen(look, seen_mark)
    if seen:
        return Judged(seller_id, (repeat_row(mail, pair, author, seen),))

    author_id = pair.find_author(author, reading.authors[0].address)
    if author_id is None:
        raise AssertionError("the rules let a mail pass whose author is nobody of the pair")
    message_id = new_id()
    station = Station(
        mail=mail,
        reading=reading,
        pair=pair,
        author=author,
        author_id=author_id,
        place=find_place(look, frame.keyring, pair, reading, author, mail.received_at),
        message_id=message_id,
        seen_mark=seen_mark,
        original=seal_original(look, frame, mail, pair, author_id),
        findings=tuple(f"{finding.rule}: {finding.cause.reason.code}" for finding in judgement.findings),
    )
    rows = (station.original.row,)
    if isinstance(judgement.verdict, Hold):
        return Judged(seller_id, rows + rows_of_hold(look, station, judgement.verdict.cause.reason), guards_of(station))
    relayed = rewrite(reading, make_passage(frame, pair, station.place, author, message_id, mail.received_at))
    if isinstance(relayed, Leaking):
        return Judged(seller_id, rows + rows_of_hold(look, station, LEAKING), guards_of(station))
    return Judged(seller_id, rows + rows_of_delivery(look, frame, station, relayed), guards_of(station), queued=True)


def combine(judged: Iterable[Judged]) -> Prepared:
    """One change for all recipients: they are answered with one reply, so they are written in one commit."""
    each = tuple(judged)
    rows = tuple(row for one in each for row in one.rows)
    guards = tuple(guard for one in each for guard in one.guards)
    refused_all = all(one.refusal for one in each)
    return Prepared(
        change=Change(max(one.seller_id for one in each), rows, guards),
        refusal=each[0].refusal if refused_all else None,
        queued=any(one.queued for one in each),
    )
