"""Asks the DNS what examinations need: on the loop, each question once at a time, with deadlines, and remembers the answers.

Zones that are slow or large stall nobody but who asks about them: what is under way is bounded in all and for each zone, and
what comes too late or is too much counts as not answered. It reads no more of an answer than its records.
"""

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from weakref import WeakValueDictionary

from dns.name import Name
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.PTR import PTR
from dns.rdtypes.ANY.TXT import TXT

from postern.model.limits import Limits
from postern.smtp.authentication.answers import FAILED, NO_SUCH_NAME, Answer, Kind, Question, State
from postern.smtp.resolver import DnsResolver, Look
from postern.smtp.unanswered import Unanswered

LONGEST, SHORTEST = 3_600.0, 5.0  # seconds that an answer is remembered, whatever its zone asks for
FAILURE = 10.0  # RFC 2308 7.1 allows five minutes
PARTS = 4  # a mail's time is that of so many questions, one after the other
_OVERHEAD = 300  # octets of an answer beside its records, about


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: Answer
    until: float
    size: int


class _Cache:
    """Answers until their time is over; of too many, those used longest ago go first."""

    def __init__(self, octets: int) -> None:
        self._octets, self._held = octets, 0
        self._kept: OrderedDict[Question, _Kept] = OrderedDict()

    def find(self, question: Question) -> Answer | None:
        kept = self._kept.get(question)
        if kept is None:
            return None
        if kept.until < time.monotonic():
            self._drop(question)
            return None
        self._kept.move_to_end(question)
        return kept.answer

    def keep(self, question: Question, answer: Answer, seconds: float) -> None:
        self._drop(question)
        size = _OVERHEAD + len(question.name) + sum(map(len, answer.records))
        self._kept[question] = _Kept(answer, time.monotonic() + seconds, size)
        self._held += size
        while self._held > self._octets and self._kept:
            self._drop(next(iter(self._kept)))

    def _drop(self, question: Question) -> None:
        if kept := self._kept.pop(question, None):
            self._held -= kept.size


class Asker:
    """One for a process: all mails ask through it."""

    def __init__(self, resolver: DnsResolver, limits: Limits) -> None:
        self._resolver, self._limits = resolver, limits
        self._cache = _Cache(limits.dns_cache)
        self._under_way: dict[Question, asyncio.Task[Answer]] = {}
        self._all = asyncio.Semaphore(limits.dns_at_once)
        self._zones: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()  # each while somebody waits or asks

    async def ask(self, questions: Iterable[Question], seconds: float) -> dict[Question, Answer]:
        """An answer for each, within the time; what has none by then failed. Looking goes on for whoever asks next."""
        found: dict[Question, Answer] = {}
        tasks: dict[asyncio.Task[Answer], Question] = {}
        for question in questions:
            answer = self._cache.find(question)
            if answer is not None:
                found[question] = answer
            else:
                tasks[self._begin(question)] = question
        if tasks:
            done, _ = await asyncio.wait(tasks, timeout=seconds)
            found |= {question: task.result() if task in done else FAILED for task, question in tasks.items()}
        return found

    async def close(self) -> None:
        """Ask no more."""
        tasks = tuple(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, question: Question) -> asyncio.Task[Answer]:
        task = self._under_way.get(question)
        if task is None:
            task = asyncio.create_task(self._look(question))
            self._under_way[question] = task
            task.add_done_callback(lambda _: self._under_way.pop(question, None))
        return task

    async def _look(self, question: Question) -> Answer:
        look = Look(Unanswered.NO_ANSWER_NOW, 0)
        async with self._turn(question):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._limits.dns_seconds / PARTS):
                    look = await self._resolver.look(question.name, question.kind.value)
        answer = read_look(look, question.kind)
        if sum(map(len, answer.records)) > self._limits.dns_answer:
            answer = FAILED
        seconds = FAILURE if answer is FAILED else min(max(look.seconds, SHORTEST), LONGEST)
        self._cache.keep(question, answer, seconds)
        return answer

    @asynccontextmanager
    async def _turn(self, question: Question) -> AsyncIterator[None]:
        """Wait for a place among those that ask about the same zone, then among all."""
        zone = ".".join(question.name.split(".")[-2:])
        places = self._zones.setdefault(zone, asyncio.Semaphore(self._limits.dns_zone_at_once))
        async with places, self._all:
            yield


def read_look(look: Look, kind: Kind) -> Answer:
    """The records as text. A type that was not asked for is passed over."""
    if isinstance(look.found, Unanswered):
        return NO_SUCH_NAME if look.found is Unanswered.NO_SUCH_NAME else FAILED
    records = [one for one in look.found if one.rdtype.name == kind.value]
    match kind:
        case Kind.TXT:
            texts = (b"".join(one.strings) for one in records if isinstance(one, TXT))
            return Answer(State.ANSWERED, tuple(text.decode("latin-1") for text in texts))
        case Kind.MX:
            hosts = sorted((one.preference, _host(one.exchange)) for one in records if isinstance(one, MX))
            return Answer(State.ANSWERED, tuple(host for _, host in hosts))
        case Kind.PTR:
            return Answer(State.ANSWERED, tuple(_host(one.target) for one in records if isinstance(one, PTR)))
        case _:
            return Answer(State.ANSWERED, tuple(str(one) for one in records))


def _host(name: Name) -> str:
    return str(name).removesuffix(".").lower()
