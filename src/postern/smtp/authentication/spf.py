"""SPF: may this client send for this domain? (RFC 7208 4, ``check_host``). A pure function of the DNS's answers.

It never fetches an explanation: what a stranger's zone says is shown to nobody.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from postern.model.authentication import Check, Result
from postern.model.envelope import Client
from postern.smtp.authentication.answers import Answer, Answers, Kind, State
from postern.smtp.authentication.spf_record import (
    Directive,
    MacroValues,
    Record,
    RecordError,
    asks_for_validated_name,
    expand,
    is_spf,
    read_record,
)

LOOK_UPS = 10  # RFC 7208 4.6.4: terms that ask the DNS
VOID_LOOK_UPS = 2  # RFC 7208 4.6.4
NAMES = 10  # RFC 7208 4.6.4: of MX and PTR records
_POSTMASTER = "postmaster"  # RFC 7208 4.3


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose word is checked: the reverse path, or where that is null the name after EHLO (RFC 7208 2.3, 2.4)."""

    local_part: str
    domain: str
    note: str = ""

    @classmethod
    def of(cls, reverse_path: str, client: Client) -> "Identity":
        if not reverse_path:
            return cls(_POSTMASTER, client.name.lower(), "of EHLO")
        local_part, _, domain = reverse_path.rpartition("@")
        return cls(local_part or _POSTMASTER, domain.lower())


def check_spf(reverse_path: str, client: Client, answers: Answers) -> Check:
    """The check of one mail. Raises OpenQuestionsError."""
    identity = Identity.of(reverse_path, client)
    try:
        address = ip_address(client.address)
    except ValueError:
        return Check("spf", Result.NONE, note="the client has no IP address")
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped  # RFC 7208 5
    result = _CheckHost(address, identity, client.name, answers).run()
    return Check("spf", result, domain=identity.domain, note=identity.note)


class _EndedError(Exception):
    """The check is over, whatever terms are left."""

    def __init__(self, result: Result) -> None:
        super().__init__(result)
        self.result = result


class _CheckHost:
    """One evaluation, with what it has used up of the limits."""

    def __init__(self, address: IPv4Address | IPv6Address, identity: Identity, hello: str, answers: Answers) -> None:
        self._address, self._identity, self._answers = address, identity, answers
        self._kind = Kind.A if isinstance(address, IPv4Address) else Kind.AAAA
        self._look_ups = 0
        self._voids = 0
        self._values = MacroValues(
            sender=f"{identity.local_part}@{identity.domain}",
            local_part=identity.local_part,
            sender_domain=identity.domain,
            domain=identity.domain,
            address=_dotted(address),
            family="in-addr" if self._kind is Kind.A else "ip6",
            hello=hello,
        )

    def run(self) -> Result:
        if not _is_checkable(self._identity.domain):
            return Result.NONE  # RFC 7208 4.3
        try:
            return self._check(self._identity.domain)
        except _EndedError as ended:
            return ended.result
        except RecordError:
            return Result.PERMERROR

    def _check(self, domain: str) -> Result:
        record = self._record_of(domain)
        if record is None:
            return Result.NONE
        for directive in record.directives:
            if self._matches(directive, domain):
                return directive.result
        if not record.redirect:
            return Result.NEUTRAL  # RFC 7208 4.7
        self._count_look_up()
        target = self._expand(record.redirect, domain)
        result = self._check(target) if _is_checkable(target) else Result.NONE
        return Result.PERMERROR if result is Result.NONE else result  # RFC 7208 6.1

    def _record_of(self, domain: str) -> Record | None:
        """RFC 7208 4.4, 4.5."""
        answer = self._answers.get(domain, Kind.TXT)
        if answer.state is State.FAILED:
            raise _EndedError(Result.TEMPERROR)
        found = [text for text in answer.records if is_spf(text)]
        if len(found) > 1:
            raise _EndedError(Result.PERMERROR)
        return read_record(found[0]) if found else None

    # The mechanisms (RFC 7208 5)

    def _matches(self, directive: Directive, domain: str) -> bool:
        if directive.mechanism == "all" or directive.network is not None:
            return directive.network is None or self._address in directive.network  # of another family: never
        self._count_look_up()
        target = self._expand(directive.domain, domain) if directive.domain else domain
        match directive.mechanism:
            case "include":
                return self._includes(target)
            case "a":
                return self._has_address(self._ask(target, self._kind), directive)
            case "mx":
                return self._has_exchanger(target, directive)
            case "exists":
                return bool(self._ask(target, Kind.A).records)
            case _:
                return any(name == target.lower() or name.endswith(f".{target.lower()}") for name in self._validated_names())

    def _includes(self, target: str) -> bool:
        """RFC 7208 5.2."""
        result = self._check(target) if _is_checkable(target) else Result.NONE
        if result in {Result.NONE, Result.PERMERROR}:
            raise _EndedError(Result.PERMERROR)
        if result is Result.TEMPERROR:
            raise _EndedError(Result.TEMPERROR)
        return result is Result.PASS

    def _has_exchanger(self, target: str, directive: Directive) -> bool:
        """RFC 7208 5.4: the hosts alone, and never the name itself where it has none."""
        hosts = self._ask(target, Kind.MX).records
        if len(hosts) > NAMES:
            raise _EndedError(Result.PERMERROR)
        answers = self._answers.all(hosts, self._kind)
        return any(self._has_address(self._judge(answer), directive) for answer in answers)

    def _has_address(self, answer: Answer, directive: Directive) -> bool:
        prefix = directive.prefix4 if self._kind is Kind.A else directive.prefix6
        return any(self._address in ip_network(f"{record}/{prefix}", strict=False) for record in answer.records)

    def _validated_names(self) -> Iterator[str]:
        """RFC 7208 5.5: names of the client that lead back to it. A look-up that fails finds nothing here."""
        pointers = self._answers.get(self._address.reverse_pointer, Kind.PTR)
        self._count_void(pointers)
        names = pointers.records[:NAMES]
        for name, answer in zip(names, self._answers.all(names, self._kind), strict=True):
            if any(ip_address(record) == self._address for record in answer.records):
                yield name.lower().removesuffix(".")

    def _expand(self, text: str, domain: str) -> str:
        values = replace(self._values, domain=domain)
        if asks_for_validated_name(text):
            self._count_look_up()
            values = replace(values, validated_name=_best_name(tuple(self._validated_names()), domain))
        return expand(text, values)

    # The limits (RFC 7208 4.6.4)

    def _ask(self, name: str, kind: Kind) -> Answer:
        return self._judge(self._answers.get(name, kind))

    def _judge(self, answer: Answer) -> Answer:
        if answer.state is State.FAILED:
            raise _EndedError(Result.TEMPERROR)
        self._count_void(answer)
        return answer

    def _count_void(self, answer: Answer) -> None:
        self._voids += answer.is_void
        if self._voids > VOID_LOOK_UPS:
            raise _EndedError(Result.PERMERROR)

    def _count_look_up(self) -> None:
        self._look_ups += 1
        if self._look_ups > LOOK_UPS:
            raise _EndedError(Result.PERMERROR)


def _is_checkable(domain: str) -> bool:
    """RFC 7208 4.3: a name of several labels."""
    labels = domain.removesuffix(".").split(".")
    return len(labels) > 1 and len(domain) <= 253 and all(0 < len(label) <= 63 for label in labels)  # noqa: PLR2004 - RFC 1035 2.3.4


def _dotted(address: IPv4Address | IPv6Address) -> str:
    """RFC 7208 7.3: an IPv6 address is its 32 digits with dots between."""
    if isinstance(address, IPv4Address):
        return str(address)
    return ".".join(address.exploded.replace(":", ""))


def _best_name(names: tuple[str, ...], domain: str) -> str:
    """RFC 7208 7.3, macro p: the domain itself, else a name below it, else any."""
    below = (name for name in names if name.endswith(f".{domain}"))
    return domain if domain in names else next(below, names[0] if names else "unknown")
