"""What is examined: an installation, the moment, and who is asked about the DNS."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime

from postern.doctor.finding import Finding
from postern.smtp.resolver import Resolver
from postern.storage.store import Look
from postern.wiring import House

PATIENCE = 4.0  # seconds for whatever answers over a network


@dataclass(frozen=True, slots=True)
class Patient:
    """One installation as this machine sees it."""

    house: House
    resolver: Resolver
    now: datetime

    @property
    def mail_domains(self) -> tuple[str, ...]:
        """The domains that mail is signed for."""
        return tuple(dict.fromkeys(one.domain.lower() for one in self.house.settings.dkim))

    @contextmanager
    def look(self) -> Iterator[Look]:
        """A short read transaction of its own. Raises StoreError."""
        with closing(self.house.open_reader(connections=1)) as reader, reader.look() as look:
            yield look


Check = Callable[[Patient], Iterable[Finding]]
