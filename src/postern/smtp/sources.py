"""Where clients come from, and what each source has done lately: so much of it is free, then it is slowed, then sent away.

A source is an IPv4 address, or the /64 of an IPv6 address, for whoever has one of these has all of it. It counts connections,
mails, wrong commands and unknown recipients, and forgets them evenly over time. It refuses to remember more sources than the
limits name, and knows neither sockets nor words of mail: the edge asks it, and says when things happened.
"""

import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from math import ceil

from postern.model.limits import Limits
from postern.smtp import wording
from postern.smtp.reply import Reply

Network = IPv4Network | IPv6Network

MINUTE, HOUR = 60, 3_600
FREE_SHARE = 0.5  # of its mistakes that a source makes without being slowed
_INTERFACE_BITS = 64  # RFC 4291 2.5.4

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Meter:
    """A count that runs out again: ``maximum`` of them in ``seconds`` come to nothing."""

    maximum: int
    seconds: int
    level: float = 0.0
    read_at: float = 0.0

    def read(self, now: float) -> float:
        """What is left of the count."""
        self.level = max(0.0, self.level - (now - self.read_at) * self.maximum / self.seconds)
        self.read_at = now
        return self.level

    def add(self, now: float, count: int) -> None:
        self.level = min(self.read(now) + count, 2 * self.maximum)  # whoever goes on and on is not remembered for ever

    def share(self, now: float) -> float:
        """From 0 to 1 and above: how much of what is allowed is used. One that is half forgotten counts as one."""
        return ceil(self.read(now)) / self.maximum if self.maximum else 1.0


class Source:
    """One of them. A trusted one is counted too, and never slowed or refused."""

    def __init__(self, limits: Limits, *, trusted: bool) -> None:
        self.trusted = trusted
        self.connections = 0  # open now
        self._limits = limits
        self._arrivals = _Meter(limits.source_connections_a_minute, MINUTE)
        self._mails = _Meter(limits.source_mails_an_hour, HOUR)
        self._bad_commands = _Meter(limits.source_bad_commands, HOUR)
        self._unknown = _Meter(limits.source_unknown_recipients, HOUR)

    def enter(self, now: float) -> Reply | None:
        """One more connection, whatever is answered; or the reply that turns it away. ``leave`` ends it in both cases."""
        self.connections += 1
        self._arrivals.add(now, 1)
        if self.trusted:
            return None
        if self.connections > self._limits.source_connections or self._arrivals.level > self._arrivals.maximum:
            return wording.SOURCE_CROWDED
        return self.goodbye(now)

    def leave(self) -> None:
        """One connection less."""
        self.connections -= 1

    def add_mail(self, now: float) -> None:
        """One more mail was sent."""
        self._mails.add(now, 1)

    def may_send(self, now: float) -> bool:
        """Whether one more mail of this hour may be begun."""
        return self.trusted or self._mails.read(now) + 1 <= self._mails.maximum

    def add_mistakes(self, now: float, bad_commands: int, unknown_recipients: int) -> None:
        """So many more."""
        was_spent = self.goodbye(now) is not None
        self._bad_commands.add(now, bad_commands)
        self._unknown.add(now, unknown_recipients)
        if self.goodbye(now) and not was_spent:
            _log.warning("a source of mail has made more mistakes than the limits allow, and is sent away for a while")

    def goodbye(self, now: float) -> Reply | None:
        """The last reply to a source that has made too many mistakes; None while it may go on."""
        return wording.SOURCE_SPENT if not self.trusted and self._guilt(now) >= 1 else None

    def delay(self, now: float) -> float:
        """Seconds that what it says next waits, growing with its mistakes; none at all while they are few.

        It depends on what was done before and never on the answer: whether a recipient exists cannot be timed by it.
        """
        over = min(1.0, self._guilt(now)) - FREE_SHARE
        return 0.0 if self.trusted or over <= 0 else over / (1 - FREE_SHARE) * self._limits.tarpit_seconds

    def _guilt(self, now: float) -> float:
        return max(self._bad_commands.share(now), self._unknown.share(now))


class Visit:
    """One connection, as its source counts it. ``refusal`` turns it away at the door."""

    def __init__(self, source: Source, now: float) -> None:
        self.source = source
        self.refusal = source.enter(now)
        self._told = (0, 0)
        self._ended = False

    def tell(self, now: float, bad_commands: int, unknown_recipients: int) -> None:
        """What has gone wrong in this session so far, all together."""
        before, self._told = self._told, (bad_commands, unknown_recipients)
        if before != self._told:
            self.source.add_mistakes(now, bad_commands - before[0], unknown_recipients - before[1])

    def end(self) -> None:
        """It is over; said twice, it is still one."""
        if not self._ended:
            self.source.leave()
        self._ended = True


@dataclass(slots=True)
class Sources:
    """All that are remembered: whoever is connected, and as many others as the limits allow, the latest.

    From ``proxies`` come connections of others: each begins with a PROXY header that says whose it is.
    """

    limits: Limits
    trusted: tuple[Network, ...] = ()
    proxies: tuple[Network, ...] = ()
    _by_name: OrderedDict[str, Source] = field(default_factory=OrderedDict)

    def at(self, host: str) -> Source:
        """The source of this IP address."""
        address = read_host(host)
        name = source_name(address)
        source = self._by_name.pop(name, None) or Source(self.limits, trusted=is_within(address, self.trusted))
        self._by_name[name] = source
        if len(self._by_name) > self.limits.sources:
            self._forget_one()
        return source

    def are_passed_on_by(self, host: str) -> bool:
        """Whether this is a proxy."""
        return is_within(read_host(host), self.proxies)

    def __len__(self) -> int:
        return len(self._by_name)

    def _forget_one(self) -> None:
        """The one that came longest ago; those who are connected stay, and there are no more of them than sessions."""
        for name, source in self._by_name.items():
            if not source.connections and name != next(reversed(self._by_name)):
                del self._by_name[name]
                return


def read_host(host: str) -> IPv4Address | IPv6Address:
    """An IP address as sockets and proxies spell it; an IPv4 one in the clothes of IPv6 is an IPv4 one. Raises ValueError."""
    address = ip_address(host)
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def source_name(address: IPv4Address | IPv6Address) -> str:
    """What is counted together."""
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Address(int(address) >> _INTERFACE_BITS << _INTERFACE_BITS))


def is_within(address: IPv4Address | IPv6Address, networks: tuple[Network, ...]) -> bool:
    """Whether it is in one of these."""
    return any(address in network for network in networks)
