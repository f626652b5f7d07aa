"""Finds the hosts that take mail for a domain and walks them, best first (RFC 5321 5.1): the next hop ``mx``.

A domain's owner may be hostile, so its DNS decides little: at most ``limits.mx_hosts`` hosts are tried, only at public addresses
(nobody reaches our own network through an MX record), and the address that was checked is the one connected to.

A reply lost after the final dot ends the walk: the mail may have been taken, and another host could not recognise the copy. The
outcome names that host, and whoever keeps the mail tells it from the others at the next attempt, which then goes to it alone.
"""

import ipaddress
import secrets
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from postern.model.address import Address, is_domain
from postern.model.delivery import Deferred, Failed, Outcome
from postern.model.limits import Limits
from postern.ports import IsBound, Ready, at_once
from postern.smtp.connection import SMTP_PORT, Ending, Hop, Patience
from postern.smtp.courier import SmtpCourier
from postern.smtp.parcel import Parcel, pack
from postern.smtp.resolver import Exchanger, Resolver, Unanswered

_NULL_MX = Failed(0, "5.1.10", "the recipient's domain takes no mail")  # RFC 7505 4.2
_NO_SUCH_DOMAIN = Failed(0, "5.1.2", "the recipient's domain does not exist")
_NO_HOST = Failed(0, "5.4.4", "the recipient's domain has no mail host that can be reached")
_LOOP = Failed(0, "5.4.6", "mail for the recipient's domain would come back here")
_NO_DNS = Deferred(0, "4.4.3", "the name servers of the recipient's domain gave no answer")

_NO_TIME = Deferred(0, "4.4.1", "none of the recipient's mail hosts answered in time")

_UNICAST = ipaddress.IPv6Network("2000::/3")  # RFC 4291 2.4 and IANA: all that is assigned
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052 2.1


class MxCourier:
    """The way to every domain. ``loopback_is_allowed`` and ``port`` are for test beds on one machine."""

    def __init__(
        self, hostname: str, limits: Limits, resolver: Resolver, *, port: int = SMTP_PORT, loopback_is_allowed: bool = False
    ) -> None:
        self._hostname = hostname
        self._limits = limits
        self._resolver = resolver
        self._port = port
        self._loopback_is_allowed = loopback_is_allowed
        self._couriers: OrderedDict[Hop, SmtpCourier] = OrderedDict()  # used last, last

    async def send(
        self, return_path: str, recipient: Address, content: bytes, ready: Ready = at_once, is_bound: IsBound | None = None
    ) -> Outcome:
        """Make one attempt, at as many hosts as it takes, in ``limits.attempt_timeout`` seconds at most."""
        parcel = pack(return_path, recipient, content, ready)
        if isinstance(parcel, Failed):
            return parcel
        patience = Patience(self._limits.attempt_timeout)
        hosts = await self._hosts_of(parcel, is_bound)
        return hosts if isinstance(hosts, Deferred | Failed) else await self._walk(hosts, parcel, patience)

    async def _hosts_of(self, parcel: Parcel, is_bound: IsBound | None) -> Sequence[str] | Deferred | Failed:
        exchangers = await self._resolver.exchangers(parcel.recipient_domain)
        if isinstance(exchangers, Unanswered):
            return _NO_SUCH_DOMAIN if exchangers is Unanswered.NO_SUCH_NAME else _NO_DNS
        hosts = rank(parcel.recipient_domain, exchangers, self._hostname)
        if isinstance(hosts, Failed):
            return hosts
        bound = [host for host in hosts if is_bound(host)] if is_bound else []
        return (bound or hosts)[: self._limits.mx_hosts]

    async def _walk(self, hosts: Sequence[str], parcel: Parcel, patience: Patience) -> Outcome:
        """Host after host until one has judged the mail. If none takes it, one chance left is worth more than any refusal."""
        verdicts: list[Outcome] = []
        for host in hosts:
            if patience.is_spent:
                verdicts.append(_NO_TIME)
                break
            ending = await self._try_host(host, parcel, patience)
            if is_final(ending):
                return ending.outcome
            verdicts.append(ending.outcome)
        deferred = [verdict for verdict in verdicts if isinstance(verdict, Deferred)]
        return (deferred or verdicts)[-1]

    async def _try_host(self, host: str, parcel: Parcel, patience: Patience) -> Ending:
        """Try the host's addresses until one has judged the mail."""
        found = await self._resolver.addresses(host)
        if isinstance(found, Unanswered):
            return Ending(_NO_DNS if found is Unanswered.NO_ANSWER_NOW else _NO_HOST, judged=False)
        ending = Ending(_NO_HOST, judged=False)
        for address in self._reachable(found):
            ending = await self._courier_to(Hop(address, self._port, host)).attempt(parcel, patience)
            if ending.judged:
                break
        return naming(host, ending)

    def _reachable(self, addresses: Iterable[str]) -> list[str]:
        public = [text for text in addresses if is_public(text, loopback_is_allowed=self._loopback_is_allowed)]
        return public[: self._limits.mx_addresses]

    def _courier_to(self, hop: Hop) -> SmtpCourier:
        courier = self._couriers.pop(hop, None) or SmtpCourier(hop, self._hostname, self._limits)
        while len(self._couriers) >= self._limits.next_hops:
            _, longest_ago = self._couriers.popitem(last=False)
            longest_ago.let_go()
        self._couriers[hop] = courier
        return courier

    async def close(self) -> None:
        """End every kept connection."""
        while self._couriers:
            _, courier = self._couriers.popitem()
            await courier.close()


def naming(host: str, ending: Ending) -> Ending:
    """With the host's name, if it may have taken the mail."""
    if isinstance(ending.outcome, Deferred) and ending.outcome.indeterminate:
        return replace(ending, outcome=replace(ending.outcome, host=host))
    return ending


def is_final(ending: Ending) -> bool:
    """Whether no other host may be tried: the mail was taken, may have been taken, or was refused for what it is."""
    if isinstance(ending.outcome, Deferred):
        return ending.outcome.indeterminate
    return ending.judged


def rank(domain: str, exchangers: Sequence[Exchanger], own_hostname: str) -> Sequence[str] | Failed:
    """The hosts in the order to try (RFC 5321 5.1): by preference, equals shuffled, none that is not nearer than we are."""
    if not exchangers:
        exchangers = (Exchanger(0, domain),)  # the implicit MX
    if len(exchangers) == 1 and not exchangers[0].host:
        return _NULL_MX
    own = own_hostname.lower()
    ours = min((exchanger.preference for exchanger in exchangers if exchanger.host == own), default=None)
    nearer = [exchanger for exchanger in exchangers if ours is None or exchanger.preference < ours]
    if not nearer:
        return _LOOP
    secrets.SystemRandom().shuffle(nearer)
    nearer.sort(key=lambda exchanger: exchanger.preference)
    return list(dict.fromkeys(exchanger.host for exchanger in nearer if is_domain(exchanger.host))) or _NO_HOST


def is_public(text: str, *, loopback_is_allowed: bool = False) -> bool:
    """Whether this is a public unicast address, also of what IPv6 wraps; anything private, reserved or local is not."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if loopback_is_allowed and address.is_loopback:
        return True
    if isinstance(address, ipaddress.IPv6Address):
        wrapped = _wrapped(address)
        if wrapped is None:
            return address in _UNICAST and address.is_global
        address = wrapped
    return address.is_global and not address.is_multicast


def _wrapped(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a translator or tunnel would go on to."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour
