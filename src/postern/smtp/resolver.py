"""Asks the DNS, or first a zone file. It only asks: what the answers mean is decided in mx.py, sts.py and authentication/."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from dns.asyncresolver import Resolver as AsyncResolver
from dns.exception import DNSException
from dns.nameserver import Do53Nameserver
from dns.rdata import Rdata
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT
from dns.resolver import NXDOMAIN

from postern.smtp.unanswered import Unanswered
from postern.smtp.zone_file import ZoneFile

LOOKUP_SECONDS = 10.0
VOID_SECONDS = 60.0  # RFC 2308 5 allows more; but who has just published a record should not wait for hours


@dataclass(frozen=True, slots=True)
class Exchanger:
    """One MX record. ``host`` is empty for the null MX (RFC 7505)."""

    preference: int
    host: str


@dataclass(frozen=True, slots=True)
class Look:
    """One look-up, and for how many seconds its zone says that it stays true."""

    found: tuple[Rdata, ...] | Unanswered
    seconds: float


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
    """The system's name servers, or those given by address and port; before them the zone file, if there is one."""

    def __init__(
        self, nameservers: Sequence[tuple[str, int]] = (), zone: ZoneFile | None = None, *, lifetime: float = LOOKUP_SECONDS
    ) -> None:
        self._zone = zone
        self._resolver = AsyncResolver(configure=not nameservers)
        self._resolver.lifetime = lifetime  # seconds for one look-up, repeats included
        if nameservers:
            self._resolver.nameservers = [Do53Nameserver(address, port) for address, port in nameservers]

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

    async def look(self, name: str, record_type: str) -> Look:
        """The records of one type, none where the name has none; or why there is no answer."""
        kind = RdataType.make(record_type)
        if self._zone and (found := self._zone.look(name, kind)) is not None:
            return Look(found, VOID_SECONDS)
        try:
            answer = await self._resolver.resolve(name, kind, search=False, raise_on_no_answer=False)
        except NXDOMAIN:
            return Look(Unanswered.NO_SUCH_NAME, VOID_SECONDS)
        except (DNSException, OSError):
            return Look(Unanswered.NO_ANSWER_NOW, 0)
        return Look(tuple(answer.rrset), float(answer.rrset.ttl)) if answer.rrset else Look((), VOID_SECONDS)

    async def _of_family(self, host: str, record_type: str) -> tuple[str, ...] | Unanswered:
        found = await self._ask(host, record_type)
        return found if isinstance(found, Unanswered) else tuple(str(record) for record in found)

    async def _ask(self, name: str, record_type: str) -> tuple[Rdata, ...] | Unanswered:
        return (await self.look(name, record_type)).found
