"""Asks the DNS where mail for a domain goes. It only asks: which answers are used is decided in mx.py and sts.py."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from dns.asyncresolver import Resolver as AsyncResolver
from dns.exception import DNSException
from dns.rdata import Rdata
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT
from dns.resolver import NXDOMAIN, NoAnswer

LOOKUP_SECONDS = 10.0


class Unanswered(Enum):
    """Why a look-up gave nothing that can be used."""

    NO_SUCH_NAME = "the name does not exist"
    NO_ANSWER_NOW = "the name servers gave no answer"


@dataclass(frozen=True, slots=True)
class Exchanger:
    """One MX record. ``host`` is empty for the null MX (RFC 7505)."""

    preference: int
    host: str


class Resolver(Protocol):
    """Where mx.py gets its answers from: the DNS, or a zone that a test brings."""

    async def exchangers(self, domain: str) -> tuple[Exchanger, ...] | Unanswered:
        """The MX records of a domain that exists; there may be none."""
        ...

    async def addresses(self, host: str) -> tuple[str, ...] | Unanswered:
        """The IP addresses of a host."""
        ...

    async def texts(self, name: str) -> tuple[str, ...] | Unanswered:
        """The TXT records of a name that exists; there may be none."""
        ...


class DnsResolver:
    """The system's name servers, or those given."""

    def __init__(self, nameservers: Sequence[str] = (), port: int = 53, *, lifetime: float = LOOKUP_SECONDS) -> None:
        self._resolver = AsyncResolver(configure=not nameservers)
        self._resolver.lifetime = lifetime  # seconds for one look-up, repeats included
        if nameservers:
            self._resolver.nameservers = list(nameservers)
            self._resolver.port = port

    async def exchangers(self, domain: str) -> tuple[Exchanger, ...] | Unanswered:
        """Look up MX; a CNAME is followed (RFC 5321 5.1)."""
        found = await self._ask(domain, "MX")
        if isinstance(found, Unanswered):
            return found
        records = [record for record in found if isinstance(record, MX)]
        return tuple(Exchanger(record.preference, str(record.exchange).rstrip(".").lower()) for record in records)

    async def addresses(self, host: str) -> tuple[str, ...] | Unanswered:
        """Look up AAAA and A together. Where nothing was found but one was not answered, it may be found later."""
        answers = await asyncio.gather(self._of_family(host, "AAAA"), self._of_family(host, "A"))
        found = tuple(address for answer in answers if not isinstance(answer, Unanswered) for address in answer)
        if found:
            return found
        return Unanswered.NO_ANSWER_NOW if Unanswered.NO_ANSWER_NOW in answers else Unanswered.NO_SUCH_NAME

    async def texts(self, name: str) -> tuple[str, ...] | Unanswered:
        """Look up TXT; the strings of one record are put together (RFC 8461 3.1)."""
        found = await self._ask(name, "TXT")
        if isinstance(found, Unanswered):
            return found
        return tuple(b"".join(record.strings).decode("latin-1") for record in found if isinstance(record, TXT))

    async def _of_family(self, host: str, record_type: str) -> tuple[str, ...] | Unanswered:
        found = await self._ask(host, record_type)
        return found if isinstance(found, Unanswered) else tuple(str(record) for record in found)

    async def _ask(self, name: str, record_type: str) -> tuple[Rdata, ...] | Unanswered:
        """The records of this type; none where the name has none."""
        try:
            return tuple(await self._resolver.resolve(name, record_type, search=False))
        except NoAnswer:
            return ()
        except NXDOMAIN:
            return Unanswered.NO_SUCH_NAME
        except (DNSException, OSError):
            return Unanswered.NO_ANSWER_NOW
