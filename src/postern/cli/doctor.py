"""``postern doctor``: is this installation well? And ``postern dns``: what to publish, and whether it is there."""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from postern.cli.console import DEFAULT_CONFIG, FAILED, AsJson, Config
from postern.doctor.dns_checks import Comparison, Published, compare, wanted_records
from postern.doctor.dns_records import DnsRecord, spell_json, spell_table, spell_zone
from postern.doctor.examination import examine
from postern.doctor.finding import Finding, Health, worst
from postern.doctor.patient import Patient
from postern.errors import ConfigurationError
from postern.wiring import House, build_house, resolver_of

WARNED = 3
WATCH_SECONDS = 15
_MARKS = {Health.GOOD: "✓", Health.UNKNOWN: "?", Health.WARNING: "!", Health.BAD: "✗"}
_STATUS = {Health.GOOD: 0, Health.UNKNOWN: WARNED, Health.WARNING: WARNED, Health.BAD: FAILED}

dns = typer.Typer(no_args_is_help=True, help="The DNS records of this installation.")


class Format(StrEnum):
    """How records are written."""

    TABLE = "table"
    ZONE = "zone"
    JSON = "json"


def doctor(
    config: Config = DEFAULT_CONFIG,
    only: Annotated[
        str, typer.Option(metavar="GROUPS", help="Some of settings, keys, machine, store, queue, record, doors, dns.")
    ] = "",
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Examine this installation, and say what is wrong and what to do. Status 3: warnings, 1: something is bad."""
    house = build_house(config)
    findings = examine(Patient(house, resolver_of(house.settings), house.clock.now()))
    wanted = tuple(f"{group.strip()}." for group in only.split(",") if group.strip())
    chosen = [one for one in findings if not wanted or one.check.startswith(wanted)]
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in chosen], indent=1))
    else:
        _print(chosen)
    sys.exit(_STATUS[worst(chosen)])


def _print(findings: Sequence[Finding]) -> None:
    for one in findings:
        typer.echo(f"{_MARKS[one.health]} {one.check:24} {one.says}")
        for line in (one.consequence, f"→ {one.fix}" if one.fix else ""):
            if line and one.health is not Health.GOOD:
                typer.echo(f"{'':27}{line}")
    bad, warnings = (sum(one.health is health for one in findings) for health in (Health.BAD, Health.WARNING))
    typer.echo(f"{len(findings)} things examined, {bad} bad, {warnings} warnings.")


_Addresses = Annotated[list[str] | None, typer.Option("--address", help="A public address of this machine; may be given again.")]
_Domain = Annotated[str, typer.Argument(metavar="[DOMAIN]", help="A mail domain; without it, all that mail is signed for.")]


@dns.command("records")
def dns_records(
    domain: _Domain = "",
    address: _Addresses = None,
    form: Annotated[Format, typer.Option("--format")] = Format.TABLE,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Print every record to publish."""
    typer.echo(spell(wanted_records(build_house(config), address or (), domain), form))


@dns.command("check")
def dns_check(
    domain: _Domain = "",
    address: _Addresses = None,
    watch: Annotated[bool, typer.Option("--watch", help="Look again until all are there.")] = False,  # noqa: FBT002 - a flag
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Compare what is published with what should be. Status 1 where a needed record is not there as it should."""
    house = build_house(config)
    records = wanted_records(house, address or (), domain)
    if not records:
        raise ConfigurationError("there is no [[dkim]] entry, so no domain is known: name one")
    while True:
        compared = _compare(house, records)
        missing = [one for one in compared if one.record.is_needed and one.state is not Published.AS_IT_SHOULD]
        if as_json:
            typer.echo(json.dumps([asdict(one) for one in compared]))
        else:
            _print_comparison(compared)
        if not missing or not watch:
            sys.exit(FAILED if missing else 0)
        time.sleep(WATCH_SECONDS)


def _compare(house: House, records: Sequence[DnsRecord]) -> list[Comparison]:
    return asyncio.run(compare(resolver_of(house.settings), records))


def _print_comparison(compared: Sequence[Comparison]) -> None:
    for one in compared:
        mark = "✓" if one.state is Published.AS_IT_SHOULD else "✗" if one.record.is_needed else "!"
        typer.echo(f"{mark} {one.record.type:5} {one.record.name}: {one.state}")
        if one.state is not Published.AS_IT_SHOULD:
            typer.echo(f"        should be  {one.record.value}")
            if one.found:
                typer.echo(f"        but is     {one.found[:200]}")


def spell(records: Sequence[DnsRecord], form: Format) -> str:
    """The records in the form that was asked for."""
    return {Format.TABLE: spell_table, Format.ZONE: spell_zone, Format.JSON: spell_json}[form](records)
