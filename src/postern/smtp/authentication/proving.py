"""Brings a mail and the DNS's answers together: asks what its examination needs, until nothing is open, then has it prepared.

No octet of a mail is looked at here. What was asked for the last mail of the same sender is asked for the next one at once, so
most mails go to the pool a single time; otherwise the pool is asked first, with the header alone, what it needs to know.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from postern.actions.receive_mail import Job
from postern.model.authentication import Mode
from postern.model.envelope import Mail
from postern.model.limits import Limits
from postern.smtp.authentication.answers import FAILED, Answer, Question
from postern.smtp.authentication.asking import Asker
from postern.smtp.authentication.examine import Open


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Asks the pool what is open: the mail comes without its body."""

    mail: Mail
    known: Mapping[Question, Answer] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Errand:
    """Asks the pool to examine a mail and to do what else is to be done with it; the answer may be what is open still."""

    job: Job
    known: Mapping[Question, Answer] = field(repr=False)


Run = Callable[[object, str], Awaitable[object]]  # the pool's: a job, and by what name its sender is told apart


class Prover:
    """One for a process."""

    def __init__(self, asker: Asker, run: Run, limits: Limits) -> None:
        self._asker, self._run, self._limits = asker, run, limits
        self._asked_before: OrderedDict[tuple[str, str], frozenset[Question]] = OrderedDict()

    async def run(self, job: Job, sender: str) -> object:
        """What the pool makes of the job, its mail examined; a mail whose sender signed in needs no other proof."""
        if job.mail.authentication.mode is Mode.SUBMISSION:
            return await self._run(Errand(job, {}), sender)
        deadline = asyncio.get_running_loop().time() + self._limits.dns_seconds
        known: dict[Question, Answer] = {}
        expected = self._asked_before.get(_name_of(job.mail))
        if expected is not None:
            await self._learn(known, expected, deadline)
            answer = await self._run(Errand(job, known), sender)
            if not isinstance(answer, Open):
                return answer
            known = {}  # this mail asks otherwise: what is remembered for the next one is what this one needed
        await self._inquire(job.mail, sender, known, deadline)
        self._remember(job.mail, known)
        return await self._run(Errand(job, known), sender)

    async def _inquire(self, mail: Mail, sender: str, known: dict[Question, Answer], deadline: float) -> None:
        """Ask until nothing is open. Each round answers something new, so there is an end."""
        head = replace(mail, content=mail.content.partition(b"\r\n\r\n")[0])
        while isinstance(still := await self._run(Inquiry(head, known), sender), Open) and still.questions:
            await self._learn(known, still.questions, deadline)

    async def _learn(self, known: dict[Question, Answer], questions: frozenset[Question], deadline: float) -> None:
        """Ask; over the maximum for one mail, and after its time, nobody is asked, and nothing is known."""
        room = max(0, self._limits.dns_questions - len(known))
        asked = sorted(questions, key=lambda one: (one.name, one.kind.value))[:room]
        seconds = max(0.0, deadline - asyncio.get_running_loop().time())
        known |= dict.fromkeys(questions, FAILED)
        known |= await self._asker.ask(asked, seconds)

    def _remember(self, mail: Mail, known: Mapping[Question, Answer]) -> None:
        name = _name_of(mail)
        self._asked_before[name] = frozenset(known)
        self._asked_before.move_to_end(name)
        while len(self._asked_before) > self._limits.dns_remembered:
            self._asked_before.popitem(last=False)


def _name_of(mail: Mail) -> tuple[str, str]:
    """By which mails count as one sender's: whose they say they are, and from where they come."""
    return mail.envelope.reverse_path.rpartition("@")[2].lower(), mail.client.address
