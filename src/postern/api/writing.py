"""Writing as a seller: answering in a thread, and Contact buyer by a contact reason, each with a check that sends nothing.

What may pass is decided by the rules that mail meets, too; a refusal says what happened and what to do. The record says that a
program wrote it.
"""

from collections.abc import Mapping
from typing import Annotated, NamedTuple

from pydantic import Field

from postern.actions.contact_options import ContactOption, contact_options
from postern.actions.find_aliases import find_or_open_pair
from postern.actions.post_message import check_message, post_message
from postern.actions.posting.outgoing import ByReason, InThread, Outgoing, RefusedMessage
from postern.api.call import Call, Shape
from postern.api.endpoint import Answer
from postern.api.problems import Mistake, Problem, RefusedError, status_of
from postern.api.reading import find_thread
from postern.errors import NotFoundError
from postern.language import DEFAULT_LANGUAGE
from postern.model.identifier import show
from postern.model.order import Order
from postern.model.relationship import Relationship, Side
from postern.model.remark import Door
from postern.policy.verdict import Finding
from postern.storage.orders import find_order_named
from postern.storage.relationships import AliasEntry
from postern.storage.threads import find_message

_CHECK = "check"  # a dry run leaves nothing, so its key is nobody's


class Reply(Shape):
    """An answer in a thread, as typed."""

    text: Annotated[str, Field(min_length=1)]


class ContactMessage(Shape):
    """A new message: a contact reason, and what its fields say."""

    reason: Annotated[str, Field(min_length=1, max_length=100)]
    fields: Mapping[str, str] = {}


class Remark(Shape):
    """Something that the rules found, and what to do about it."""

    code: str
    sentence: str
    remedy: str


class SentMessage(Shape):
    """The message is kept: ``queued`` for its reader, or ``held`` until a person decides. ``repeated``: it was sent before."""

    message: str
    thread: str
    state: str
    repeated: bool
    warnings: list[Remark]


class Verdict(Shape):
    """What would become of it: ``queued``, ``held`` or ``refused``; ``causes`` say why not, the decisive one first."""

    state: str
    causes: list[Remark]
    warnings: list[Remark]


class FieldOption(Shape):
    """What is typed for a reason."""

    name: str
    label: str
    kind: str
    required: bool
    maximum: int


class ReasonOption(Shape):
    """One contact reason, in the seller's language. ``left`` is how often it may still be used for this order."""

    reason: str
    title: str
    use_when: str
    text: str
    critical: bool
    passes_opt_out: bool
    available: bool
    unavailable_because: Remark | None
    left: int | None
    fields: list[FieldOption]
    files_at_least: int
    files_at_most: int


class Options(Shape):
    """R7: every reason, also those that are not available now. ``language`` is the buyer's."""

    options: list[ReasonOption]
    language: str
    opted_out: bool
    messages_left: int | None


class _Order(NamedTuple):
    pair: Relationship
    order: Order


def read_contact_options(call: Call) -> Answer:
    office, about = call.office, _find_order(call)
    entry = AliasEntry(call.seller_id, about.pair.id, Side.BUYER)
    with office.store.look() as look:
        found = contact_options(look, office.frame, entry, Side.SELLER, about.order.id, office.clock.now())
    options = [_tell_option(one) for one in found.options]
    return Answer(Options(options=options, language=found.language, opted_out=found.opted_out, messages_left=found.messages_left))


def reply(call: Call) -> Answer:
    return _send(call, _write_reply(call))


def check_reply(call: Call) -> Answer:
    return _check(call, _write_reply(call))


def contact_buyer(call: Call) -> Answer:
    return _send(call, _write_by_reason(call))


def check_contact(call: Call) -> Answer:
    return _check(call, _write_by_reason(call))


def _write_reply(call: Call) -> Outgoing:
    text = call.read(Reply).text
    with call.office.store.look() as look:
        thread = find_thread(call, look)
    content = InThread(thread.id, text)
    return Outgoing(call.seller_id, thread.relationship_id, Side.SELLER, content, Door.API, call.idempotency_key or _CHECK)


def _write_by_reason(call: Call) -> Outgoing:
    said, about = call.read(ContactMessage), _find_order(call)
    content = ByReason(said.reason, about.order.id, dict(said.fields))
    return Outgoing(call.seller_id, about.pair.id, Side.SELLER, content, Door.API, call.idempotency_key or _CHECK)


def _find_order(call: Call) -> _Order:
    """An order of this seller by the shop's id; its pair is opened on first need. Raises NotFoundError."""
    office = call.office
    with office.store.look() as look:
        order = find_order_named(look, call.seller_id, call.names["marketplace"], call.names["order"])
    if order is None:
        raise NotFoundError("no such order")
    return _Order(find_or_open_pair(office.store, office.clock, order.seller_id, order.buyer_id), order)


def _send(call: Call, outgoing: Outgoing) -> Answer:
    office = call.office
    answer = post_message(office.store, office.frame, outgoing, office.clock.now())
    if isinstance(answer, RefusedMessage):
        raise _refused(answer)
    with office.store.look() as look:
        message = find_message(look, answer.message_id)
    if message is None:
        raise NotFoundError("the message is not kept any more")
    sent = SentMessage(
        message=show("msg", message.id),
        thread=show("thr", message.thread_id),
        state=answer.state,
        repeated=answer.repeated,
        warnings=_tell(answer.warnings),
    )
    replayed = {"Idempotency-Replayed": "true"} if answer.repeated else {}
    return Answer(sent, status=200 if answer.repeated else 201, headers=replayed)


def _check(call: Call, outgoing: Outgoing) -> Answer:
    office = call.office
    with office.store.look() as look:
        found = check_message(look, office.frame, outgoing, office.clock.now())
    if isinstance(found, RefusedMessage):
        return Answer(Verdict(state="refused", causes=_tell(found.findings), warnings=[]))
    return Answer(Verdict(state=found.state, causes=[], warnings=_tell(found.warnings)))


def _refused(answer: RefusedMessage) -> RefusedError:
    """The reason is the problem; what else was found stands in the errors."""
    decided, *others = _tell(answer.findings)
    reason = answer.findings[0].cause.reason
    problem = Problem(reason.code, status_of(reason), decided.sentence, decided.remedy)
    return RefusedError(problem, mistakes=tuple(Mistake("", f"{one.sentence} {one.remedy}") for one in others))


def _tell(findings: tuple[Finding, ...]) -> list[Remark]:
    return [
        Remark(
            code=one.cause.reason.code,
            sentence=one.cause.sentence(DEFAULT_LANGUAGE),
            remedy=one.cause.remedy(DEFAULT_LANGUAGE),
        )
        for one in findings
    ]


def _tell_option(one: ContactOption) -> ReasonOption:
    because = one.obstacle
    return ReasonOption(
        reason=one.reason.code,
        title=one.wording.title,
        use_when=one.wording.use_when,
        text=one.wording.text,
        critical=one.reason.critical,
        passes_opt_out=one.passes_opt_out,
        available=because is None,
        unavailable_because=Remark(
            code=because.reason.code, sentence=because.sentence(DEFAULT_LANGUAGE), remedy=because.remedy(DEFAULT_LANGUAGE)
        )
        if because
        else None,
        left=one.left,
        fields=[
            FieldOption(
                name=each.name,
                label=one.wording.labels.get(each.name, each.label),
                kind=each.kind,
                required=each.required,
                maximum=each.maximum,
            )
            for each in one.reason.fields
        ],
        files_at_least=one.reason.files.at_least,
        files_at_most=one.reason.files.at_most,
    )
