"""Finds the hosts that take mail for a domain and walks them, best first (RFC 5321 5.1): the next hop ``mx``.

A domain's owner may be hostile, so its DNS decides little: at most ``limits.mx_hosts`` hosts are tried, only at public
addresses, and the address that was checked is the one connected to. What the owner asks for by MTA-STS is kept (RFC 8461):
under a policy in force no host that it does not name is tried, and none is told anything in the clear.

A reply lost after the final dot ends the walk: the mail may have been taken, and another host could not recognise the copy.
The outcome names that host, and whoever keeps the mail tells it from the others at the next attempt, which then goes to it
alone.
"""

import logging
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

from postern.model.address import Address, is_domain
from postern.model.delivery import Deferred, Failed, Outcome
from postern.model.limits import Limits
from postern.ports import IsBound, Ready, at_once
from postern.smtp.connection import Ending, Hop, Patience
from postern.smtp.courier import SmtpCourier
from postern.smtp.encryption import opportunistic, required
from postern.smtp.outside import Outside
from postern.smtp.parcel import Parcel, pack
from postern.smtp.resolver import Exchanger, Resolver
from postern.smtp.sts import Policies
from postern.smtp.sts_policy import Mode, Policy
from postern.smtp.unanswered import Unanswered

_NULL_MX = Failed(0, "5.1.10", "the recipient's domain takes no mail")  # RFC 7505 4.2
_NO_SUCH_DOMAIN = Failed(0, "5.1.2", "the recipient's domain does not exist")
_NO_HOST = Failed(0, "5.4.4", "the recipient's domain has no mail host that can be reached")
_LOOP = Failed(0, "5.4.6", "mail for the recipient's domain would come back here")
_NO_DNS = Deferred(0, "4.4.3", "the name servers of the recipient's domain gave no answer")

_NO_TIME = Deferred(0, "4.4.1", "none of the recipient's mail hosts answered in time")
_NO_HOST_NAMED = Deferred(0, "4.7.0", "the policy of the recipient's domain names none of its mail hosts")

_MOST_FOR_POLICY = 60.0  # seconds, RFC 8461 3.3

_log = logging.getLogger(__name__)


class MxCourier:
    """The way to every domain."""

    def __init__(self, hostname: str, limits: Limits, resolver: Resolver, outside: Outside | None = None) -> None:
        self._hostname = hostname
        self._limits = limits
        self._resolver = resolver
        self._outside = outside or Outside()
        self._policies = Policies(resolver, self._outside, limits)
        self._couriers: OrderedDict[tuple[Hop, bool], SmtpCourier] = OrderedDict()  # used last, last

    async def send(
        self, return_path: str, recipient: Address, content: bytes, ready: Ready = at_once, is_bound: IsBound | None = None
    ) -> Outcome:
        """Make one attempt, at as many hosts as it takes, in ``limits.attempt_timeout`` seconds at most."""
        parcel = pack(return_path, recipient, content, ready)
        if isinstance(parcel, Failed):
            return parcel
        patience = Patience(self._limits.attempt_timeout)
        hosts = await self._hosts_of(parcel.recipient_domain)
        if isinstance(hosts, Deferred | Failed):
            return hosts
        policy = await self._policies.policy_of(parcel.recipient_domain, patience.before_data(_MOST_FOR_POLICY))
        if policy and policy.mode is Mode.ENFORCE:
            hosts = [host for host in hosts if policy.allows(host)]
        bound = [host for host in hosts if is_bound(host)] if is_bound else []
        return await self._walk((bound or hosts)[: self._limits.mx_hosts], policy, parcel, patience)

    async def _hosts_of(self, domain: str) -> Sequence[str] | Deferred | Failed:
        exchangers = await self._resolver.exchangers(domain)
        if isinstance(exchangers, Unanswered):
            return _NO_SUCH_DOMAIN if exchangers is Unanswered.NO_SUCH_NAME else _NO_DNS
        return rank(domain, exchangers, self._hostname)

    async def _walk(self, hosts: Sequence[str], policy: Policy | None, parcel: Parcel, patience: Patience) -> Outcome:
        """Host after host until one has judged the mail. If none takes it, one chance left is worth more than any refusal."""
        verdicts: list[Outcome] = []
        for host in hosts:
            if patience.is_spent:
                verdicts.append(_NO_TIME)
                break
            ending = await self._try_host(host, policy, parcel, patience)
            if is_final(ending):
                return ending.outcome
            verdicts.append(ending.outcome)
        deferred = [verdict for verdict in verdicts if isinstance(verdict, Deferred)]
        return (deferred or verdicts or [_NO_HOST_NAMED])[-1]

    async def _try_host(self, host: str, policy: Policy | None, parcel: Parcel, patience: Patience) -> Ending:
        """Try the host's addresses until one has judged the mail."""
        found = await self._resolver.addresses(host)
        if isinstance(found, Unanswered):
            return Ending(_NO_DNS if found is Unanswered.NO_ANSWER_NOW else _NO_HOST, judged=False)
        ending = Ending(_NO_HOST, judged=False)
        for address in self._outside.reachable(found)[: self._limits.mx_addresses]:
            ending = await self._attempt(Hop(address, self._outside.smtp_port, host), policy, parcel, patience)
            if ending.judged:
                break
        return naming(host, ending)

    async def _attempt(self, hop: Hop, policy: Policy | None, parcel: Parcel, patience: Patience) -> Ending:
        """One attempt at one address. A host that does not keep a policy in testing is told of, and no more."""
        if policy is None:
            return await self._courier_to(hop, must_encrypt=False).attempt(parcel, patience)
        if policy.mode is Mode.ENFORCE or policy.allows(hop.name):
            ending = await self._courier_to(hop, must_encrypt=True).attempt(parcel, patience)
            if policy.mode is Mode.ENFORCE or not is_insecure(ending):
                return ending
        _log.info(
            "a mail host does not keep the MTA-STS policy of a domain; it is in testing, so the mail goes there all the same"
        )
        return await self._courier_to(hop, must_encrypt=False).attempt(parcel, patience)

    def _courier_to(self, hop: Hop, *, must_encrypt: bool) -> SmtpCourier:
        courier = self._couriers.pop((hop, must_encrypt), None)
        if courier is None:
            encryption = required(self._outside.authorities) if must_encrypt else opportunistic()
            courier = SmtpCourier(hop, self._hostname, self._limits, encryption)
        while len(self._couriers) >= self._limits.next_hops:
            _, longest_ago = self._couriers.popitem(last=False)
            longest_ago.let_go()
        self._couriers[hop, must_encrypt] = courier
        return courier

    async def close(self) -> None:
        """End every kept connection."""
        await self._policies.close()
        while self._couriers:
            _, courier = self._couriers.popitem()
            await courier.close()


def is_insecure(ending: Ending) -> bool:
    """Whether nothing was said to the host because it did not encrypt as it had to."""
    outcome = ending.outcome
    return isinstance(outcome, Deferred) and not ending.judged and outcome.code == 0 and outcome.enhanced.startswith("4.7.")


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
