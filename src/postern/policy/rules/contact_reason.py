"""Is the contact reason offered for this order now (R7), and is its form filled in? Asked of what is written on a page or by a
program. Before anything is written the first rule alone has something to say: that is how a reason is offered.
"""

import re
from collections.abc import Iterator
from datetime import date

from postern.language import phrase
from postern.model.contact_reason import (
    ContactReason,
    FieldKind,
    Offer,
    Phase,
    ReasonField,
    full_days,
    is_of_kind,
    moment_of,
    phase_of,
)
from postern.model.order import Fulfilment, Order
from postern.model.seller_template import unresolved_in
from postern.policy.facts import Facts, Posting
from postern.policy.reasons import (
    FIELD_MISSING,
    FIELD_NO_AMOUNT,
    FIELD_NO_DATE,
    FIELD_NOT_ONE_LINE,
    FIELD_TOO_LONG,
    FIELD_UNKNOWN,
    FILES_MISSING,
    FULFILLED_BY_THE_MARKETPLACE,
    FULFILLED_BY_THE_SELLER,
    NO_SUCH_ITEM,
    NOT_IN_THIS_STATE,
    NOT_THIS_CATEGORY,
    ORDER_CANCELLED,
    ORDER_COMPLETE,
    ORDER_NEEDED,
    ORDER_NOT_CANCELLED,
    ORDER_NOT_COMPLETE,
    REASON_USED_UP,
    TOO_EARLY,
    TOO_LATE,
    TOO_MANY_FILES,
    VARIABLE_UNRESOLVED,
    Cause,
    Reason,
)
from postern.policy.verdict import Effect, Finding

REPLY_FIELD = "message"  # what the one field of a reply is called
_AMOUNT = re.compile(r"\d{1,9}(?:[.,]\d{1,3})? ?[A-Z]{3}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_REPLY = ReasonField(REPLY_FIELD, phrase("Your answer"), FieldKind.TEXT)


def must_be_offered(facts: Facts) -> tuple[Finding, ...]:
    """R7: which reasons there are follows from the order's state, its fulfilment and its items."""
    posting = facts.posting
    if posting is None or posting.reason is None:
        return ()
    return tuple(Finding("contact reason", cause, Effect.REFUSE) for cause in _obstacles(posting.reason, posting))


def must_fill_its_form(facts: Facts) -> tuple[Finding, ...]:
    """Each field as the reason says, and as many files."""
    posting = facts.posting
    if posting is None or posting.typed is None:
        return ()
    faults = (*_faults_of_fields(posting, dict(posting.typed), facts.attachments), *_faults_of_files(posting, facts.attachments))
    return tuple(Finding("form", cause, Effect.REFUSE, place) for cause, place in faults)


def _obstacles(reason: ContactReason, posting: Posting) -> Iterator[Cause]:
    """Why it is not offered: the plainest cause first."""
    offer, order = reason.offer, posting.order
    if order is None:
        if offer.order_needed:
            yield Cause(ORDER_NEEDED)
        return
    yield from _obstacles_of_phase(offer, phase_of(order, posting.asked_at))
    if offer.fulfilments and order.fulfilment not in offer.fulfilments:
        yield Cause(FULFILLED_BY_THE_SELLER if order.fulfilment is Fulfilment.SELLER else FULFILLED_BY_THE_MARKETPLACE)
    if offer.statuses and order.status not in offer.statuses:
        yield Cause(NOT_IN_THIS_STATE)
    yield from _obstacles_of_items(offer, order)
    yield from _obstacles_of_days(offer, order, posting)
    if offer.per_order is not None and posting.used >= offer.per_order:
        yield Cause(REASON_USED_UP, (("count", offer.per_order),))


def _obstacles_of_phase(offer: Offer, phase: Phase) -> Iterator[Cause]:
    if not offer.phases or phase in offer.phases:
        return
    if phase is Phase.CANCELLED:
        yield Cause(ORDER_CANCELLED)
    elif phase is Phase.COMPLETE:
        yield Cause(ORDER_COMPLETE if Phase.OPEN in offer.phases else ORDER_NOT_CANCELLED)
    else:
        yield Cause(ORDER_NOT_COMPLETE if Phase.COMPLETE in offer.phases else ORDER_NOT_CANCELLED)


def _obstacles_of_items(offer: Offer, order: Order) -> Iterator[Cause]:
    if offer.items and not any(is_of_kind(item, kind) for item in order.items for kind in offer.items):
        yield Cause(NO_SUCH_ITEM)
    categories = {item.category for item in order.items}
    if offer.categories and not categories & offer.categories:
        yield Cause(NOT_THIS_CATEGORY)
    if offer.not_categories and categories and categories <= offer.not_categories:
        yield Cause(NOT_THIS_CATEGORY)


def _obstacles_of_days(offer: Offer, order: Order, posting: Posting) -> Iterator[Cause]:
    if offer.days is None:
        return
    began_at = moment_of(order, offer.days.since, posting.asked_at)
    at_least, at_most = offer.days.at_least, offer.days.at_most
    days = full_days(began_at, posting.asked_at) if began_at else None
    if at_least is not None and (days is None or days < at_least):
        yield Cause(TOO_EARLY, (("days", at_least),))
    if at_most is not None and days is not None and days > at_most:
        yield Cause(TOO_LATE, (("days", at_most),))


def _faults_of_fields(posting: Posting, typed: dict[str, str], files: int) -> Iterator[tuple[Cause, str]]:
    fields = posting.reason.fields if posting.reason else (_REPLY,)
    for name in typed.keys() - {one.name for one in fields}:
        yield Cause(FIELD_UNKNOWN, (("name", name[:30]),)), name
    for one in fields:
        words = typed.get(one.name, "").strip()
        if words:
            maximum = one.maximum if posting.reason else posting.text_maximum
            yield from ((cause, one.name) for cause in _faults_of_words(one, words, maximum))
        elif one.required and (posting.reason or not files):  # a reply may be a file alone
            yield Cause(FIELD_MISSING, (("label", phrase(one.label)),)), one.name


def _faults_of_words(one: ReasonField, words: str, maximum: int) -> Iterator[Cause]:
    fault: Reason | None = None
    if len(words) > maximum:
        yield Cause(FIELD_TOO_LONG, (("label", phrase(one.label)), ("maximum", maximum)))
    elif one.kind is not FieldKind.TEXT and len(words.splitlines()) > 1:
        fault = FIELD_NOT_ONE_LINE
    elif one.kind is FieldKind.DATE and not _is_date(words):
        fault = FIELD_NO_DATE
    elif one.kind is FieldKind.AMOUNT and not _AMOUNT.fullmatch(words):
        fault = FIELD_NO_AMOUNT
    if fault:
        yield Cause(fault, (("label", phrase(one.label)),))
    for name in unresolved_in(words):
        yield Cause(VARIABLE_UNRESOLVED, (("name", name),))


def _is_date(words: str) -> bool:
    try:
        return bool(_DATE.fullmatch(words) and date.fromisoformat(words))
    except ValueError:
        return False


def _faults_of_files(posting: Posting, files: int) -> Iterator[tuple[Cause, str]]:
    if posting.reason is None:
        return
    if files < posting.reason.files.at_least:
        yield Cause(FILES_MISSING), "files"
    if files > posting.reason.files.at_most:
        yield Cause(TOO_MANY_FILES, (("count", posting.reason.files.at_most),)), "files"
