"""The DNS records that an installation needs, exactly as they are published; and how they are written.

It knows nothing of what is published now: ``dns_checks`` compares.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from ipaddress import ip_address

from postern.smtp.dkim import SigningKey, dns_record

TXT_STRING = 255  # octets of one string of a TXT record (RFC 1035 3.3)
MX_PREFERENCE = 10


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """One record. ``name`` and names in ``value`` have no dot at their end; a TXT's ``value`` is not cut into strings.
    ``purpose`` says what it is for, and ``is_needed`` whether mail suffers without it.
    """

    name: str
    type: str
    value: str
    purpose: str
    is_needed: bool = True


@dataclass(frozen=True, slots=True)
class MailHost:
    """The name that Postern has in SMTP, its public addresses where they are known, and whether it takes mail under TLS."""

    name: str
    addresses: tuple[str, ...] = ()
    takes_tls: bool = False


def records_of(domain: str, host: MailHost, keys: Iterable[SigningKey], *, sends_itself: bool) -> list[DnsRecord]:
    """Everything to publish for one mail domain. ``sends_itself`` is false where a next hop of somebody's sends the mail."""
    records = [
        DnsRecord(domain, "MX", f"{MX_PREFERENCE} {host.name}", "mail for the aliases comes to this host"),
        *_address_records(host),
        DnsRecord(domain, "TXT", _spf(sends_itself=sends_itself), "SPF: which hosts send mail from the domain"),
    ]
    if sends_itself:
        records.append(
            DnsRecord(host.name, "TXT", "v=spf1 a -all", "SPF for the host's own name, which it says in EHLO", is_needed=False)
        )
    records += [
        DnsRecord(f"{key.selector}._domainkey.{domain}", "TXT", dns_record(key), f"DKIM: the key that checks {key.algorithm}")
        for key in keys
    ]
    reports = f"mailto:postmaster@{domain}"
    records.append(
        DnsRecord(
            f"_dmarc.{domain}", "TXT", f"v=DMARC1; p=reject; rua={reports}", "DMARC: what is not signed is not from the domain"
        )
    )
    if host.takes_tls:
        records.append(DnsRecord(f"_smtp._tls.{domain}", "TXT", f"v=TLSRPTv1; rua={reports}", "reports on TLS", is_needed=False))
    return records


def mta_sts_records(domain: str, web_host: str, mode: str, mx: str) -> list[DnsRecord]:
    """What tells other servers to write to the domain under TLS alone (RFC 8461), where Postern serves the policy."""
    policy = f"{mode} {mx}"
    stamp = hashlib.sha256(policy.encode()).hexdigest()[:20]  # RFC 8461 3.1: another policy has another id
    return [
        DnsRecord(f"_mta-sts.{domain}", "TXT", f"v=STSv1; id={stamp}", "MTA-STS: there is a policy", is_needed=False),
        DnsRecord(f"mta-sts.{domain}", "CNAME", web_host, "MTA-STS: where the policy is served", is_needed=False),
    ]


def _address_records(host: MailHost) -> list[DnsRecord]:
    records = []
    for text in host.addresses:
        address = ip_address(text)
        records += [
            DnsRecord(host.name, "AAAA" if address.version == 6 else "A", text, "the address of the host"),  # noqa: PLR2004 - IPv6
            DnsRecord(address.reverse_pointer, "PTR", host.name, "the name of the address, set by whoever gave it to you"),
        ]
    return records


def _spf(*, sends_itself: bool) -> str:
    """RFC 7208. Where others send, their mechanism is theirs to name, and nothing is forbidden before it is there."""
    return "v=spf1 mx -all" if sends_itself else "v=spf1 mx ~all"


def spell_table(records: Sequence[DnsRecord]) -> str:
    """For eyes: name, type, value, and below each what it is for."""
    width = max((len(one.name) for one in records), default=0)
    return "\n".join(f"{one.name:{width}}  {one.type:5}  {_shown(one)}\n{'':{width}}         {one.purpose}" for one in records)


def spell_zone(records: Sequence[DnsRecord]) -> str:
    """As a zone file has it (RFC 1035 5)."""
    return "".join(f"; {one.purpose}\n{one.name}. IN {one.type} {_in_zone(one)}\n" for one in records)


def spell_json(records: Sequence[DnsRecord]) -> str:
    """For programs."""
    return json.dumps([asdict(one) for one in records], indent=1)


def _shown(record: DnsRecord) -> str:
    return f'"{record.value}"' if record.type == "TXT" else record.value


def _in_zone(record: DnsRecord) -> str:
    if record.type == "TXT":
        strings = [record.value[start : start + TXT_STRING] for start in range(0, len(record.value), TXT_STRING)]
        quoted = " ".join(f'"{one}"' for one in strings)
        return f"( {quoted} )" if len(strings) > 1 else quoted
    return record.value if record.type in {"A", "AAAA"} else f"{record.value}."
