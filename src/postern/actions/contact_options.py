"""What a side may write about an order now: every contact reason, with why it is not available where it is not (R7, R10, R12).

A reason is available when the rules let a clean message pass that is written by it at this moment. The same chain is asked, so
what is offered can be sent, and what is not offered cannot.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from postern.actions.frame import Frame
from postern.actions.posting.draft import arrival_of, author_of, find_order_of, new_place, posting_of
from postern.actions.receiving.facts import Posted as Settled
from postern.actions.receiving.facts import gather
from postern.actions.receiving.pair import Pair, gather_pair
from postern.mail.letter import Letter
from postern.mail.supplied import wording_of
from postern.model.contact_reason import ContactReason, Wording
from postern.model.identifier import new_id
from postern.model.order import Order
from postern.model.relationship import Side
from postern.policy.chain import judge
from postern.policy.facts import Facts, Posting
from postern.policy.reasons import Cause
from postern.policy.verdict import Deliver
from postern.storage.postings import count_used
from postern.storage.relationships import AliasEntry
from postern.storage.store import Look


@dataclass(frozen=True, slots=True)
class ContactOption:
    """One reason. ``obstacle`` says why it is not available, None where it is; ``left`` how often it may still be used for this
    order, None where nobody counts. ``passes_opt_out`` is about this order: of a customised one every reason does (R10).
    """

    reason: ContactReason
    wording: Wording  # in the author's language
    obstacle: Cause | None
    passes_opt_out: bool
    left: int | None


@dataclass(frozen=True, slots=True)
class ContactOptions:
    """All reasons of a side. ``language`` is the reader's: what is typed should be written in it. ``messages_left`` is what the
    seller may still send today (R21), None for a buyer.
    """

    options: tuple[ContactOption, ...]
    order: Order | None
    language: str
    opted_out: bool
    messages_left: int | None


def contact_options(
    look: Look, frame: Frame, pair_of: AliasEntry, author: Side, order_id: UUID | None, now: datetime
) -> ContactOptions:
    """What this side of the pair may write about this order, or about none. Raises NotFoundError."""
    pair = gather_pair(look, pair_of)
    order = find_order_of(pair, order_id) if order_id else None
    used = count_used(look, pair.seller.id, order.id) if order else {}
    facts = _facts(look, frame, pair, author, order, now)
    options = tuple(
        _option(
            replace(facts, posting=posting_of(frame, reason, order, now, used=used.get(reason.code, 0))),
            reason,
            pair.language_of(author),
        )
        for reason in frame.reasons.of(author)
    )
    left = max(0, facts.daily_limit - facts.used_today) if author is Side.SELLER else None
    return ContactOptions(options, order, pair.language_of(author.other), facts.opted_out, left)


def _facts(look: Look, frame: Frame, pair: Pair, author: Side, order: Order | None, now: datetime) -> Facts:
    """All that is known before a word is written."""
    arrival = arrival_of(pair, author, Letter("", None, None), new_id(), now)
    settled = Settled(author_of(pair, author), new_place(pair, order, now), Posting(None, order, now))
    return gather(look, frame, arrival, posted=settled).facts


def _option(facts: Facts, reason: ContactReason, language: str) -> ContactOption:
    verdict = judge(facts).verdict
    limit = reason.offer.per_order
    left = None if limit is None or facts.posting is None else max(0, limit - facts.posting.used)
    return ContactOption(
        reason=reason,
        wording=wording_of(reason, language),
        obstacle=None if isinstance(verdict, Deliver) else verdict.cause,
        passes_opt_out=reason.critical or facts.about_customised_order,
        left=left,
    )
