"""Which MTA-STS policy holds for a domain now (RFC 8461): asked for, fetched, and remembered for as long as it says.

The first look can be prevented by whoever stands between (5.1): this protects from then on. So a policy that was once fetched
holds until its time is up, whatever the DNS says and however often fetching fails. The memory is this process's own, and
bounded.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from postern.model.limits import Limits
from postern.smtp.outside import Outside
from postern.smtp.resolver import Resolver
from postern.smtp.sts_fetch import fetch_policy
from postern.smtp.sts_policy import Mode, Policy, read_policy, read_record
from postern.smtp.unanswered import Unanswered

_REFRESH = 86_400.0  # seconds; RFC 8461 3.3 suggests a day
_AGAIN_SOON = 30.0  # where the DNS gave no answer


@dataclass(slots=True)
class _Known:
    """What is known of one domain. Moments are readings of a monotonic clock."""

    policy: Policy | None = None
    id: str = ""
    fresh_until: float = 0.0
    refresh_at: float = 0.0
    ask_at: float = 0.0


class Policies:
    """The policies of all domains that mail goes to."""

    def __init__(self, resolver: Resolver, outside: Outside, limits: Limits, now: Callable[[], float] = time.monotonic) -> None:
        self._resolver = resolver
        self._outside = outside
        self._limits = limits
        self._now = now
        self._known: OrderedDict[str, _Known] = OrderedDict()  # asked for last, last
        self._under_way: dict[str, asyncio.Task[_Known]] = {}

    async def policy_of(self, domain: str, seconds: float) -> Policy | None:
        """The policy that asks for something, if one is known within this time."""
        known = self._recall(domain)
        if self._now() >= known.ask_at:
            learning = self._under_way.get(domain) or self._learn_anew(domain, known)
            done, _ = await asyncio.wait({learning}, timeout=seconds)
            known = next((one.result() for one in done), known)
        is_fresh = self._now() < known.fresh_until
        return known.policy if is_fresh and known.policy and known.policy.mode is not Mode.NONE else None

    def _recall(self, domain: str) -> _Known:
        known = self._known.pop(domain, None) or _Known()
        while len(self._known) >= self._limits.sts_domains:
            self._known.popitem(last=False)
        self._known[domain] = known
        return known

    def _learn_anew(self, domain: str, known: _Known) -> asyncio.Task[_Known]:
        """One look, however many mails wait for it."""
        learning = asyncio.get_running_loop().create_task(self._learn(domain, known))
        self._under_way[domain] = learning
        learning.add_done_callback(lambda _: self._under_way.pop(domain, None))
        return learning

    async def _learn(self, domain: str, known: _Known) -> _Known:
        texts = await self._resolver.texts(f"_mta-sts.{domain}")
        record = None if isinstance(texts, Unanswered) else read_record(texts)
        if record is not None and (record != known.id or self._now() >= known.refresh_at):
            await self._fetch(domain, record, known)
        # RFC 8461 3.3: also a policy that could not be fetched is left alone for a while
        known.ask_at = self._now() + (_AGAIN_SOON if texts is Unanswered.NO_ANSWER_NOW else self._limits.sts_pause)
        return known

    async def _fetch(self, domain: str, record: str, known: _Known) -> None:
        octets = await fetch_policy(domain, self._resolver, self._outside, self._limits)
        policy = None if octets is None else read_policy(octets, self._limits)
        if policy is not None:
            now = self._now()
            known.policy, known.id = policy, record
            known.fresh_until, known.refresh_at = now + policy.max_age, now + min(policy.max_age / 2, _REFRESH)

    async def close(self) -> None:
        """Look for nothing more."""
        for learning in (under_way := list(self._under_way.values())):
            learning.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
