"""A zone file (RFC 1035 5) that is asked before the DNS: for closed networks, demonstrations and tests.

Names that stand in it are answered from it alone. A SOA record says that nothing exists below its name but what the file has, so
``. SOA`` shuts out the DNS altogether. It knows no wildcards, and includes no other file.
"""

from pathlib import Path
from typing import Any

from dns.exception import DNSException
from dns.name import Name, from_text, root
from dns.rdata import Rdata
from dns.rdataclass import IN
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.CNAME import CNAME
from dns.tokenizer import Tokenizer
from dns.zonefile import Reader, RRSetsReaderManager, RRsetsReaderTransaction

from postern.errors import ConfigurationError
from postern.smtp.unanswered import Unanswered

_ALIASES = 8  # followed of one name


class ZoneFile:
    """What a file says, read once."""

    def __init__(self, text: str) -> None:
        """Raises ConfigurationError, which names the line."""
        gathered = RRSetsReaderManager(root)
        collecting = _Collecting(gathered)
        try:
            with collecting:
                Reader(Tokenizer(text), IN, collecting, allow_directives=("$ORIGIN", "$TTL"), default_ttl=60).read()
        except (DNSException, ValueError) as error:
            raise ConfigurationError(f"dns.zone_file: {error}") from None
        self._records = {(rrset.name, rrset.rdtype): rrset for rrset in gathered.rrsets}
        self._closed = collecting.closed
        self._names = self._closed | {rrset.name for rrset in gathered.rrsets}
        self._existing = {above for name in self._names for above in _names_up(name)}

    @classmethod
    def read(cls, path: Path) -> "ZoneFile":
        """Raises ConfigurationError."""
        try:
            return cls(path.read_text("ascii"))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"dns.zone_file: {path} cannot be read: {type(error).__name__}") from None

    def look(self, text: str, record_type: RdataType) -> tuple[Rdata, ...] | Unanswered | None:
        """The records of a name, or that there is no such name; None where the file does not speak of it."""
        try:
            name = from_text(text)
        except DNSException:
            return None
        for _ in range(_ALIASES):
            if name not in self._names:
                return self._about_missing(name)
            if found := self._records.get((name, record_type)):
                return tuple(found)
            alias = self._records.get((name, RdataType.CNAME))
            if not alias:
                return ()
            target = next(one.target for one in alias if isinstance(one, CNAME))
            name = target
        return Unanswered.NO_ANSWER_NOW

    def _about_missing(self, name: Name) -> tuple[Rdata, ...] | Unanswered | None:
        if name in self._existing - {root}:
            return ()  # something stands below it
        return Unanswered.NO_SUCH_NAME if any(above in self._closed for above in _names_up(name)) else None


class _Collecting(RRsetsReaderTransaction):
    """Takes the records of all zones together: what dnspython calls a zone has one SOA record, at its uppermost name."""

    def __init__(self, gathered: RRSetsReaderManager) -> None:
        super().__init__(gathered, replacement=True, read_only=False)  # type: ignore[no-untyped-call] # dnspython's has no types
        self.closed: set[Name] = set()

    def add(self, *args: Any) -> None:  # noqa: ANN401 - dnspython's signature
        name, _, record = args
        if record.rdtype is RdataType.SOA:
            self.closed.add(name)
        else:
            super().add(*args)


def _names_up(name: Name) -> list[Name]:
    """The name and all above it."""
    return [Name(name.labels[start:]) for start in range(len(name.labels))]
