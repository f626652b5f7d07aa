"""Examines one mail: which proofs of its author it brings, and what they come to. A pure function of mail and answers.

It is run in the pool, with the mail it is about. Where answers are missing it says which, and does none of the costly work before
it has them all; it never takes a missing answer for one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from postern.model.authentication import Aligned, Authentication, Check, Mode, Published, Result
from postern.model.envelope import Mail
from postern.model.limits import Limits
from postern.smtp.authentication.answers import Answer, Answers, Kind, OpenQuestionsError, Question
from postern.smtp.authentication.arc import Instance, key_names, read_chain, validate_chain
from postern.smtp.authentication.dkim import Body, Signature, UnverifiedError, read_signature, verify
from postern.smtp.authentication.dmarc import House, find_house
from postern.smtp.authentication.head import Head, RawField, read_head, split_mail
from postern.smtp.authentication.spf import check_spf

_Found = TypeVar("_Found")
_FIELD = b"dkim-signature"


@dataclass(frozen=True, slots=True)
class Open:
    """What must be asked before this mail can be examined to its end."""

    questions: frozenset[Question]


def examine(mail: Mail, answers: Answers, limits: Limits) -> Authentication | Open:
    """All proofs of a mail, or what to ask."""
    head_octets, body = split_mail(mail.content)
    head = read_head(head_octets, limits)
    if head.author is None:
        return Authentication(Mode.ENFORCE)  # nobody's mail: there is nothing to prove
    gathered = _gather(mail, head, answers, limits)
    if isinstance(gathered, Open):
        return gathered
    return _conclude(mail, head, gathered, Body(body))


def find_open(mail: Mail, answers: Answers, limits: Limits) -> Open:
    """What must be asked: ``mail`` may come without its body."""
    head = read_head(split_mail(mail.content)[0], limits)
    gathered = _gather(mail, head, answers, limits) if head.author else None
    return gathered if isinstance(gathered, Open) else Open(frozenset())


@dataclass(frozen=True, slots=True)
class _Gathered:
    """All that is needed to conclude."""

    spf: Check
    signatures: tuple[tuple[Signature, Answer] | Check, ...]
    chain: tuple[Instance, ...] | Result
    seals: tuple[Answer, ...]
    author: House
    others: dict[str, House]
    published: Published


class _Asking:
    """Looks at everything that can be looked at, and remembers what is open, so that few rounds are needed."""

    def __init__(self) -> None:
        self.open: set[Question] = set()

    def attempt(self, look: Callable[[], _Found]) -> _Found | None:
        try:
            return look()
        except OpenQuestionsError as missing:
            self.open |= missing.questions
            return None


def _gather(mail: Mail, head: Head, answers: Answers, limits: Limits) -> _Gathered | Open:
    if head.author is None:
        raise AssertionError("asked for the proofs of nobody")
    domain, asking = head.author.domain, _Asking()
    spf = asking.attempt(lambda: check_spf(mail.envelope.reverse_path, mail.client, answers))
    read = _signatures(head, limits)
    chain = _chain(head, limits)
    keys = asking.attempt(lambda: answers.all([one.key_name for one in read if isinstance(one, Signature)], Kind.TXT))
    seals = asking.attempt(lambda: answers.all(key_names(chain) if isinstance(chain, tuple) else (), Kind.TXT))
    author = asking.attempt(lambda: find_house(domain, answers))
    published = asking.attempt(lambda: author.published(answers)) if author else None
    names = {one.domain for one in (spf, *read) if one and one.domain}
    others = {name: asking.attempt(lambda name=name: find_house(name, answers, domain)) for name in names}  # type: ignore[misc]
    if asking.open or not (spf and author and published) or keys is None or seals is None:
        return Open(frozenset(asking.open))
    found = iter(keys)
    signatures = tuple((one, next(found)) if isinstance(one, Signature) else one for one in read)
    return _Gathered(spf, signatures, chain, seals, author, {name: house for name, house in others.items() if house}, published)


def _signatures(head: Head, limits: Limits) -> tuple[Signature | Check, ...]:
    """Each signature, or what is wrong with it; of very many, the uppermost."""
    return tuple(_signature(one) for one in head.all(_FIELD)[: limits.dkim_signatures])


def _signature(raw: RawField) -> Signature | Check:
    try:
        return read_signature(raw)
    except UnverifiedError as error:
        return Check("dkim", error.result, note=error.why)


def _chain(head: Head, limits: Limits) -> tuple[Instance, ...] | Result:
    """The servers that forwarded the mail, or what is wrong with what they left."""
    try:
        return read_chain(head, limits.arc_instances)
    except UnverifiedError as error:
        return error.result


def _conclude(mail: Mail, head: Head, gathered: _Gathered, body: Body) -> Authentication:
    now = int(mail.received_at.timestamp())
    record = gathered.author.record
    checks = [_aligned(gathered, gathered.spf, strict=record is not None and record.strict_spf)]
    for one in gathered.signatures:
        check = one if isinstance(one, Check) else verify(*one, head, body, now)
        if not head.is_plain and check.result is Result.PASS:
            check = replace(check, result=Result.POLICY, note="the header can be read in two ways")
        checks.append(_aligned(gathered, check, strict=record is not None and record.strict_dkim))
    chain = gathered.chain
    arc = chain if isinstance(chain, Result) else validate_chain(chain, gathered.seals, head, body)
    return Authentication(Mode.ENFORCE, gathered.author.domain, tuple(checks), gathered.published, arc)


def _aligned(gathered: _Gathered, check: Check, *, strict: bool) -> Check:
    house = gathered.others.get(check.domain)
    return replace(check, aligned=gathered.author.holds(house, strict=strict) if house else Aligned.NO)
