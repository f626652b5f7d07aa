"""What the DNS says of this installation, beside what it should say."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from postern.doctor.dns_records import DnsRecord, MailHost, mta_sts_records, records_of
from postern.doctor.finding import Finding, Health, good
from postern.doctor.patient import Patient
from postern.smtp.outside import is_public
from postern.smtp.resolver import Resolver
from postern.smtp.unanswered import Unanswered
from postern.wiring import House, load_signing_keys


class Published(StrEnum):
    """How a record stands in the DNS."""

    AS_IT_SHOULD = "published"
    OTHERWISE = "differs"
    MISSING = "missing"
    UNKNOWN = "no answer"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One record that should be there; ``found`` is what stands in its place."""

    record: DnsRecord
    state: Published
    found: str = ""


def wanted_records(house: House, addresses: Sequence[str] = (), domain: str = "") -> list[DnsRecord]:
    """Everything this installation should have published, for one domain or for all that it signs for; none of them twice."""
    settings = house.settings
    host = MailHost(house.frame.hostname, tuple(addresses), takes_tls=bool(settings.smtp.tls_cert))
    keys = load_signing_keys(settings)
    chosen = [domain] if domain else list(keys)
    records: list[DnsRecord] = []
    for one in chosen:
        records += records_of(one, host, keys.get(one, ()), sends_itself=settings.delivery.next_hop == "mx")
        if settings.smtp.mta_sts != "none":
            records += mta_sts_records(one, house.public_host, settings.smtp.mta_sts, host.name)
    return list(dict.fromkeys(records))


def check_dns(patient: Patient) -> Iterator[Finding]:
    """Each record that should be there, and that the host's name and addresses name each other."""
    comparisons, host = asyncio.run(_ask_all(patient))
    yield from map(_judge, comparisons)
    yield host


async def _ask_all(patient: Patient) -> tuple[list[Comparison], Finding]:
    records = wanted_records(patient.house)
    comparisons, host = await asyncio.gather(compare(patient.resolver, records), _judge_host(patient))
    return comparisons, host


async def compare(resolver: Resolver, records: Sequence[DnsRecord]) -> list[Comparison]:
    """Ask for all of them at once; those of kinds that are not asked for here are left out."""
    asked = [(record, _LOOKS[record.type]) for record in records if record.type in _LOOKS]
    return list(await asyncio.gather(*(look(resolver, record) for record, look in asked)))


async def _compare_text(resolver: Resolver, record: DnsRecord) -> Comparison:
    found = await resolver.texts(record.name)
    if isinstance(found, Unanswered):
        return _unanswered(record, found)
    same = [text for text in found if _kind_of(text).lower() == _kind_of(record.value).lower()]
    if len(same) == 1 and _agrees(record.value, same[0]):
        return Comparison(record, Published.AS_IT_SHOULD, same[0])
    return Comparison(record, Published.OTHERWISE if same else Published.MISSING, "; ".join(same))


async def _compare_exchangers(resolver: Resolver, record: DnsRecord) -> Comparison:
    found = await resolver.exchangers(record.name)
    if isinstance(found, Unanswered):
        return _unanswered(record, found)
    hosts = {one.host for one in found}
    told = ", ".join(f"{one.preference} {one.host}" for one in found)
    wanted = record.value.rpartition(" ")[2].lower()
    if wanted in hosts:
        return Comparison(record, Published.AS_IT_SHOULD, told)
    return Comparison(record, Published.OTHERWISE if hosts else Published.MISSING, told)


async def _compare_addresses(resolver: Resolver, record: DnsRecord) -> Comparison:
    found = await resolver.addresses(record.name)
    if isinstance(found, Unanswered):
        return _unanswered(record, found)
    state = Published.AS_IT_SHOULD if record.value in found else Published.OTHERWISE
    return Comparison(record, state, ", ".join(found))


def _kind_of(text: str) -> str:
    """What the text of a TXT record begins with: v=spf1, v=DKIM1 ..."""
    return text.partition(";")[0].partition(" ")[0].strip()


def _unanswered(record: DnsRecord, why: Unanswered) -> Comparison:
    return Comparison(record, Published.MISSING if why is Unanswered.NO_SUCH_NAME else Published.UNKNOWN)


_LOOKS = {"TXT": _compare_text, "MX": _compare_exchangers, "A": _compare_addresses, "AAAA": _compare_addresses}


def _agrees(wanted: str, found: str) -> bool:
    """DKIM's key must be ours. Of SPF and policies it matters that there is one: what else it says is its owner's."""
    if not wanted.startswith("v=DKIM1"):
        return True
    return _tags(wanted).get("p") == _tags(found).get("p")


def _tags(record: str) -> dict[str, str]:
    """RFC 6376 3.2: white space inside a value means nothing where it is base64."""
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip(): "".join(value.split()) for name, _, value in pairs}


_KINDS = {"v=spf1": "spf", "v=DKIM1": "dkim", "v=DMARC1": "dmarc", "v=STSv1": "mta-sts", "v=TLSRPTv1": "tls-rpt"}


def _judge(one: Comparison) -> Finding:
    kind = _KINDS.get(_kind_of(one.record.value), one.record.type.lower())
    check, name = f"dns.{kind}", f"{one.record.type} {one.record.name}"
    if one.state is Published.AS_IT_SHOULD:
        return good(check, f"{name} is published.")
    if one.state is Published.UNKNOWN:
        fix = "Try again, or see [dns] nameservers."
        return Finding(check, Health.UNKNOWN, f"The name servers gave no answer for {name}.", "", fix)
    health = Health.BAD if one.record.is_needed else Health.WARNING
    says = f"{name} is not published." if one.state is Published.MISSING else f"{name} says something else: {one.found[:200]}"
    return Finding(check, health, says, f"Missing: {one.record.purpose}.", "`postern dns records` prints it; publish it.")


async def _judge_host(patient: Patient) -> Finding:
    """Receivers of mail look whether a host has its name, and the name the host."""
    check, name = "dns.host", patient.house.frame.hostname
    found = await patient.resolver.addresses(name)
    if isinstance(found, Unanswered):
        health = Health.BAD if found is Unanswered.NO_SUCH_NAME else Health.UNKNOWN
        return Finding(
            check, health, f"{name}: {found.value}.", "No mail comes in.", "Publish an A or AAAA record for smtp.hostname."
        )
    if not any(map(is_public, found)):
        says = f"{name} has no public address, but {', '.join(found)}."
        return Finding(check, Health.WARNING, says, "Mail comes from your own network alone.", "Publish its public address.")
    return good(check, f"{name} is {', '.join(found)}.")
