"""What Postern asks of the world outside: small protocols, each with more than one answer.

Whoever needs the world takes one of these as an argument; only wiring knows which answer stands behind it.
"""

from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from typing import Protocol

from postern.model.address import Address
from postern.model.delivery import Outcome

Ready = Callable[[], Awaitable[None]]
IsBound = Callable[[str], bool]


async def at_once() -> None:
    """Nothing to wait for."""


class Clock(Protocol):
    """The time, which tests set."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class Courier(Protocol):
    """Carries finished mails to the next hop: over SMTP, to the recipient's own host, or into a folder."""

    async def send(
        self, return_path: str, recipient: Address, content: bytes, ready: Ready = at_once, is_bound: IsBound | None = None
    ) -> Outcome:
        """Make one attempt. ``return_path`` is empty for the null sender; ``ready`` is awaited before the content goes out, from
        where on the mail may be taken. Where an earlier attempt lost the reply, ``is_bound`` knows the host that may have the
        mail already: no other is tried while it is one of the domain's. Never raises for what the next hop does.
        """
        ...

    async def close(self) -> None:
        """Let go of every connection; attempts under way may end first."""
        ...


class Checkpoints(Protocol):
    """Keeps signed checkpoints outside the store, each under its size, so that they tell of a store that was set back."""

    def sizes(self) -> set[int]:
        """Which checkpoints lie there. Raises StoreError where the place cannot be reached."""
        ...

    def get(self, size: int) -> str:
        """The note of one. Raises DamagedError where it is missing or no text, StoreError where it cannot be reached."""
        ...

    def put(self, size: int, note: str) -> None:
        """Keep a note for good. Raises DamagedError where another one of this size lies there, StoreError where none can be."""
        ...


class Blobs(Protocol):
    """Keeps large sealed mails beside the store, under random names that are never used twice."""

    def put(self, name: str, content: bytes) -> None:
        """Keep the content so that a power cut cannot lose it. Raises StoreFullError or StoreError: then nothing is kept."""
        ...

    def get(self, name: str) -> bytes:
        """The content of a blob. Raises DamagedError where it is missing, StoreError where it cannot be reached."""
        ...

    def remove(self, name: str) -> None:
        """Forget a blob; one that is not there is no error."""
        ...

    def names(self) -> Iterator[tuple[str, datetime]]:
        """Every blob that is kept, with the moment at which it was written. Raises StoreError."""
        ...
