"""The dry run: what would become of this mail, by today's facts, with all that the rules find. It leaves nothing behind."""

from dataclasses import dataclass

from postern.actions.find_recipient import House, Refused, find_recipient
from postern.actions.frame import Frame
from postern.actions.receiving.facts import Known, gather
from postern.actions.receiving.pair import Arrival, gather_pair
from postern.actions.receiving.passage import make_passage
from postern.errors import NotFoundError
from postern.mail.letter import Leaking
from postern.mail.reader import read
from postern.mail.rewrite import rewrite
from postern.model.envelope import Mail
from postern.model.identifier import new_id
from postern.policy.chain import judge
from postern.policy.reasons import LEAKING, UNKNOWN_ALIAS, Cause
from postern.policy.verdict import Deliver, Finding, Judgement
from postern.storage.store import Look


@dataclass(frozen=True, slots=True)
class Forecast:
    """``verdict`` is ``deliver``, ``hold``, ``block``, ``discard`` or ``refuse``, and ``cause`` why, if it does not simply pass.
    ``found_by`` says how it found its thread, ``changes`` what the rewriter would do.
    """

    verdict: str
    cause: Cause | None
    findings: tuple[Finding, ...] = ()
    found_by: str = ""
    order: str = ""
    changes: tuple[str, ...] = ()


def forecast(look: Look, frame: Frame, mail: Mail) -> Forecast:
    """The verdict for the first recipient of the mail."""
    recipient = find_recipient(look, frame, mail.envelope.recipients[0], mail.received_at)
    if isinstance(recipient, Refused):
        return Forecast("refuse", recipient.cause)
    if isinstance(recipient, House):
        return Forecast("deliver", None)
    try:
        pair = gather_pair(look, recipient)
    except NotFoundError:
        return Forecast("refuse", Cause(UNKNOWN_ALIAS))
    return _forecast_for_alias(look, frame, Arrival(mail, read(mail.content, frame.limits), pair, recipient.side.other))


def _forecast_for_alias(look: Look, frame: Frame, arrival: Arrival) -> Forecast:
    known = gather(look, frame, arrival)
    judgement = judge(known.facts)
    if not isinstance(judgement.verdict, Deliver) or known.place is None:
        verdict = type(judgement.verdict).__name__.lower()
        cause = None if isinstance(judgement.verdict, Deliver) else judgement.verdict.cause
        return _forecast(verdict, cause, known, judgement)
    mail = arrival.mail
    passage = make_passage(frame, arrival.pair, known.place, arrival.author, new_id(), mail.received_at)
    relayed = rewrite(arrival.reading, passage)
    if isinstance(relayed, Leaking):
        return _forecast("hold", Cause(LEAKING), known, judgement)
    return _forecast("deliver", None, known, judgement, relayed.changes)


def _forecast(verdict: str, cause: Cause | None, known: Known, judgement: Judgement, changes: tuple[str, ...] = ()) -> Forecast:
    place = known.place
    found_by = place.found_by if place else ""
    order = place.order.name if place and place.order else ""
    return Forecast(verdict, cause, judgement.findings, found_by, order, changes)
