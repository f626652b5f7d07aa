"""How the DNS is asked for examinations: once, within its time, within bounds, and remembered."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import dns.rrset
import pytest

from postern.actions.receive_mail import Job
from postern.model.address import Address
from postern.model.authentication import Authentication, Mode, Proof
from postern.model.envelope import Mail
from postern.model.limits import Limits
from postern.smtp.authentication.answers import FAILED, NO_SUCH_NAME, Answer, Answers, Kind, Question, State
from postern.smtp.authentication.asking import Asker
from postern.smtp.authentication.examine import examine, find_open
from postern.smtp.authentication.proving import Errand, Inquiry, Prover
from postern.smtp.dkim import sign
from postern.smtp.resolver import DnsResolver, Look
from postern.smtp.unanswered import Unanswered
from postern.smtp.zone_file import ZoneFile
from tests.proofs import CLOSED, NOON, Dns, key_of, key_record, mail_of, with_content

LIMITS = Limits(dns_seconds=1)
KEY = key_of("acme.test")
ZONE = (
    CLOSED + key_record(KEY) + 'acme.test. TXT "v=spf1 include:spf.acme.test -all"\nspf.acme.test. TXT "v=spf1 a:mx.acme.test"\n'
)


@dataclass(slots=True)
class SlowResolver(DnsResolver):
    """Answers every question after a while; names below ``slow.test`` never. It counts how many are under way."""

    seconds: float = 0.0
    lifetime: float = 60.0
    records: tuple[str, ...] = ('"x"',)
    asked: list[str] = field(default_factory=list)
    under_way: int = 0
    most: int = 0

    async def look(self, name: str, record_type: str) -> Look:
        self.asked.append(name)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(60 if name.endswith("slow.test") else self.seconds)
        finally:
            self.under_way -= 1
        if name.startswith("no."):
            return Look(Unanswered.NO_SUCH_NAME, self.lifetime)
        return Look(tuple(dns.rrset.from_text(name, 60, "IN", record_type, *self.records)), self.lifetime)


def names(count: int, zone: str = "") -> list[Question]:
    return [Question.of(f"n{number}.{zone or f'z{number}.test'}", Kind.TXT) for number in range(count)]


def ask(asker: Asker, questions: list[Question], seconds: float = 5) -> Mapping[Question, Answer]:
    async def asking() -> Mapping[Question, Answer]:
        try:
            return await asker.ask(questions, seconds)
        finally:
            await asker.close()

    return asyncio.run(asking())


def test_each_question_is_answered_and_remembered() -> None:
    resolver = SlowResolver()
    asker = Asker(resolver, LIMITS)
    (one,) = names(1)
    missing = Question.of("no.mail.test", Kind.TXT)
    for _ in range(3):
        assert ask(asker, [one, missing]) == {one: Answer(State.ANSWERED, ("x",)), missing: NO_SUCH_NAME}
    assert sorted(resolver.asked) == [one.name, missing.name]


def test_those_who_ask_at_once_share_one_look_up() -> None:
    resolver = SlowResolver(seconds=0.05)
    asker = Asker(resolver, LIMITS)

    async def asking() -> None:
        await asyncio.gather(*(asker.ask(names(1), 5) for _ in range(20)))

    asyncio.run(asking())
    assert len(resolver.asked) == 1


def test_what_is_not_answered_in_time_is_no_answer_and_others_do_not_wait_for_it() -> None:
    resolver = SlowResolver()
    slow, (quick,) = names(1, "slow.test"), names(1)
    began_at = time.monotonic()
    found = ask(Asker(resolver, LIMITS), [*slow, quick], 0.1)
    assert time.monotonic() - began_at < 0.3
    assert found == {slow[0]: FAILED, quick: Answer(State.ANSWERED, ("x",))}
    found = ask(Asker(resolver, LIMITS), [*slow, quick])  # a quarter of a second, whatever time the mail has
    assert time.monotonic() - began_at < 1
    assert found[slow[0]] is FAILED


def test_so_many_questions_are_under_way_at_once_and_no_more() -> None:
    resolver = SlowResolver(seconds=0.01)
    found = ask(Asker(resolver, Limits(dns_seconds=4, dns_at_once=5)), names(20))
    assert resolver.most == 5
    assert FAILED not in found.values()


def test_a_slow_zone_takes_its_own_places_alone() -> None:
    resolver = SlowResolver()
    asker = Asker(resolver, Limits(dns_seconds=4, dns_at_once=10, dns_zone_at_once=4))
    found = ask(asker, [*names(50, "slow.test"), *names(5)], 0.2)
    assert resolver.most < 10
    assert [answer for answer in found.values() if answer is not FAILED] == [Answer(State.ANSWERED, ("x",))] * 5


def test_an_answer_that_is_too_large_is_none() -> None:
    large = SlowResolver(records=tuple(f'"{number}{"x" * 200}"' for number in range(10)))
    assert ask(Asker(large, Limits(dns_answer=1_000)), names(1)) == {names(1)[0]: FAILED}


def test_so_much_is_remembered_and_no_more() -> None:
    resolver = SlowResolver()
    asker = Asker(resolver, Limits(dns_cache=5_000))
    ask(asker, names(100))
    ask(asker, names(100)[-10:])
    assert len(resolver.asked) == 100  # the last ones are known
    ask(asker, names(100)[:10])
    assert len(resolver.asked) == 110


@pytest.mark.parametrize("lifetime", [0.0, -1.0, 1e9])
def test_a_zone_does_not_choose_freely_how_long_its_answers_count(lifetime: float, monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = SlowResolver(lifetime=lifetime)
    asker = Asker(resolver, LIMITS)
    ask(asker, names(1))
    ask(asker, names(1))
    assert len(resolver.asked) == 1
    later = time.monotonic() + 3_601
    monkeypatch.setattr(time, "monotonic", lambda: later)
    ask(asker, names(1))
    assert len(resolver.asked) == 2


# ---- A mail and its answers


@dataclass(slots=True)
class Pool:
    """Does in this process what one of the pool's does, and notes what it was given."""

    limits: Limits
    seen: list[str] = field(default_factory=list)

    async def run(self, task: object, sender: str) -> object:
        assert sender == "help@acme.test"
        match task:
            case Inquiry(mail, known):
                assert b"\r\n\r\n" not in mail.content
                self.seen.append("inquiry")
                return find_open(mail, Answers(known), self.limits)
            case Errand(job, known):
                self.seen.append("errand")
                return examine(job.mail, Answers(known), self.limits)
        raise AssertionError


def signed(body: str = "Hello.\r\n") -> Mail:
    mail = mail_of("help@acme.test", "help@acme.test", body=body)
    return with_content(mail, sign(mail.content, [KEY], NOON))


CHAIN = CLOSED + 'acme.test. TXT "v=spf1 include:i0.acme.test -all"\n'
CHAIN += "".join(f'i{number}.acme.test. TXT "v=spf1 include:i{number + 1}.acme.test -all"\n' for number in range(8))
CHAIN += 'i8.acme.test. TXT "v=spf1 {end} -all"\n'


class Slowly(DnsResolver):
    """A zone file that takes its time."""

    def __init__(self, zone: str, seconds: float) -> None:
        super().__init__(zone=ZoneFile(zone))
        self._seconds = seconds

    async def look(self, name: str, record_type: str) -> Look:
        await asyncio.sleep(self._seconds)
        return await super().look(name, record_type)


def prove_all(mails: list[Mail], limits: Limits = LIMITS, zone: str = ZONE, seconds: float = 0) -> tuple[list[object], list[str]]:
    pool = Pool(limits)

    async def proving() -> list[object]:
        prover = Prover(Asker(Slowly(zone, seconds), limits), pool.run, limits)
        return [await prover.run(Job(mail, may_leave_at_once=False), "help@acme.test") for mail in mails]

    return asyncio.run(proving()), pool.seen


def proof(found: object) -> Proof:
    assert isinstance(found, Authentication)
    return found.proof_of(Address.parse("help@acme.test"))


def test_the_first_mail_is_asked_what_it_needs_and_the_next_goes_once_to_the_pool() -> None:
    found, seen = prove_all([signed("One.\r\n"), signed("Two.\r\n")])
    assert [proof(one) for one in found] == [Proof.PROVED] * 2
    assert seen[-2:] == ["errand", "errand"]
    assert seen.index("errand") == len(seen) - 2


def test_a_mail_whose_sender_signed_in_asks_nothing() -> None:
    mail = replace(signed(), authentication=Authentication(Mode.SUBMISSION))
    assert prove_all([mail], Limits(dns_questions=0))[1] == ["errand"]


def test_a_mail_that_asks_otherwise_than_the_last_is_asked_anew() -> None:
    plain = mail_of("help@acme.test", "help@acme.test")
    found, _ = prove_all([plain, signed(), plain])
    assert [proof(one) for one in found] == [Proof.UNPROVED, Proof.PROVED, Proof.UNPROVED]


def test_more_questions_than_a_mail_may_ask_are_not_answered_and_prove_nothing() -> None:
    (found,), _ = prove_all([signed()], Limits(dns_questions=0))
    assert proof(found) is Proof.UNKNOWN_NOW
    (found,), _ = prove_all([signed()], Limits(dns_questions=20))
    assert proof(found) is Proof.PROVED


def test_a_mail_has_its_time_for_all_it_asks() -> None:
    began_at = time.monotonic()
    (found,), _ = prove_all([mail_of("help@acme.test", "help@acme.test")], zone=CHAIN.format(end="ip4:192.0.2.7"), seconds=0.2)
    assert proof(found) is Proof.UNKNOWN_NOW
    assert time.monotonic() - began_at < 2


def test_of_so_many_senders_it_is_remembered_what_they_asked() -> None:
    mails = [signed(), mail_of("help@acme.test", "help@other.test"), signed()]
    _, seen = prove_all(mails, Limits(dns_remembered=1))
    assert seen[-1] == "errand"
    assert seen[-2] == "inquiry"  # it was forgotten for the second
    _, seen = prove_all(mails, Limits(dns_remembered=2))
    assert seen[-2:] == ["errand", "errand"]


def test_a_chain_of_includes_comes_to_its_end() -> None:
    (found,), seen = prove_all([mail_of("help@acme.test", "help@acme.test")], zone=CHAIN.format(end="ip4:192.0.2.7"))
    assert proof(found) is Proof.PROVED
    assert len(seen) < 20


def test_the_dns_of_these_tests_is_asked() -> None:
    assert Dns(ZONE.removeprefix(CLOSED)).answer(Question.of("spf.acme.test", Kind.TXT)).records == ("v=spf1 a:mx.acme.test",)
