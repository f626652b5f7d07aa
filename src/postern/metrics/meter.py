"""The counters of one process, and how mails and attempts pass by them."""

import time
from collections.abc import Callable
from dataclasses import replace

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from postern import __version__
from postern.actions.find_recipient import Recipient, Refused
from postern.actions.receive_mail import Accepted, Answer
from postern.errors import StoreError
from postern.model.address import Address
from postern.model.delivery import Outcome
from postern.model.envelope import Mail
from postern.ports import Courier, IsBound, Ready, at_once
from postern.smtp.edge import Desk

_ACCEPT_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_ATTEMPT_SECONDS = (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600)
TAKEN, NOT_KNOWN = "taken", "store_away"


class Meter:
    """Counts what passes. Each metric is named, typed and explained here, and nowhere else."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._mails = Counter(
            "postern_mails",
            "Mails answered at their final dot: taken, or the code of the reason.",
            ["answer"],
            registry=self.registry,
        )
        self._mail_seconds = Histogram(
            "postern_mail_seconds",
            "From the final dot to the reply.",
            buckets=_ACCEPT_SECONDS,
            registry=self.registry,
        )
        self._recipients = Counter(
            "postern_recipients", "Recipients answered: taken, or the code of the reason.", ["answer"], registry=self.registry
        )
        self._attempts = Counter(
            "postern_attempts", "Attempts to deliver: delivered, deferred or failed.", ["outcome"], registry=self.registry
        )
        self._attempt_seconds = Histogram(
            "postern_attempt_seconds", "How long attempts took.", buckets=_ATTEMPT_SECONDS, registry=self.registry
        )
        version = Gauge("postern_build", "1 for the version that runs.", ["version"], registry=self.registry)
        version.labels(__version__).set(1)

    def around(self, desk: Desk) -> Desk:
        """The same desk, counted."""

        async def find(address: str) -> Recipient:
            try:
                found = await desk.find_recipient(address)
            except StoreError:
                self._recipients.labels(NOT_KNOWN).inc()
                raise
            self._recipients.labels(found.cause.reason.code if isinstance(found, Refused) else TAKEN).inc()
            return found

        async def receive(mail: Mail) -> Answer:
            began_at = time.monotonic()
            answer = await desk.receive(mail)
            self._mail_seconds.observe(time.monotonic() - began_at)
            self._mails.labels(TAKEN if isinstance(answer, Accepted) else answer.cause.reason.code).inc()
            return answer

        return replace(desk, find_recipient=find, receive=receive)

    def around_courier(self, courier: Courier) -> Courier:
        """The same courier, counted."""
        return _CountedCourier(courier, self._count_attempt)

    def _count_attempt(self, outcome: Outcome, seconds: float) -> None:
        self._attempts.labels(type(outcome).__name__.lower()).inc()
        self._attempt_seconds.observe(seconds)


class _CountedCourier:
    """Carries as the other does, and tells how it ended."""

    def __init__(self, courier: Courier, count: Callable[[Outcome, float], None]) -> None:
        self._courier = courier
        self._count = count

    async def send(
        self, return_path: str, recipient: Address, content: bytes, ready: Ready = at_once, is_bound: IsBound | None = None
    ) -> Outcome:
        began_at = time.monotonic()
        outcome = await self._courier.send(return_path, recipient, content, ready, is_bound)
        self._count(outcome, time.monotonic() - began_at)
        return outcome

    async def close(self) -> None:
        await self._courier.close()
