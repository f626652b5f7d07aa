"""`postern doctor` and `postern dns` before installations that are well, and before each fault that an operator can make."""

import asyncio
import json
import shutil
import smtplib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dns.zone
import pytest
from sqlalchemy import delete, text, update

from postern.doctor.dns_checks import Published, compare, wanted_records
from postern.doctor.dns_records import DnsRecord, MailHost, records_of, spell_json, spell_zone
from postern.doctor.examination import examine
from postern.doctor.finding import Finding, Health, worst
from postern.doctor.patient import Check, Patient
from postern.model.delivery import Carries
from postern.model.identifier import new_id
from postern.smtp.dkim import dns_record
from postern.smtp.resolver import Exchanger
from postern.smtp.unanswered import Unanswered
from postern.storage.change import Change, Kept
from postern.storage.deliveries import Delivery, delivery_row
from postern.storage.engine import open_writer, read_url
from postern.storage.schema import HOUSE, marketplace, timetable
from postern.storage.timetable import list_last_runs
from postern.wiring import build_house, load_signing_keys
from tests.authority import Authority
from tests.market import settle_pairs
from tests.serving import MAIL_DOMAIN, Installation, change_settings, install
from tests.sink import running_sink

HOST = f"mx.{MAIL_DOMAIN}"
ADDRESS = "93.184.215.14"
POSTERN = (sys.executable, "-m", "postern")


@dataclass(frozen=True)
class Zone:
    """The DNS as a test wants it. What is in ``silent`` is not answered."""

    exchanger: dict[str, str] = field(default_factory=dict)
    address: dict[str, str] = field(default_factory=dict)
    text: dict[str, tuple[str, ...]] = field(default_factory=dict)
    silent: frozenset[str] = frozenset()

    async def exchangers(self, domain: str) -> tuple[Exchanger, ...] | Unanswered:
        if domain in self.silent:
            return Unanswered.NO_ANSWER_NOW
        return (Exchanger(10, self.exchanger[domain]),) if domain in self.exchanger else ()

    async def addresses(self, host: str) -> tuple[str, ...] | Unanswered:
        return (self.address[host],) if host in self.address else Unanswered.NO_SUCH_NAME

    async def texts(self, name: str) -> tuple[str, ...] | Unanswered:
        return self.text.get(name, Unanswered.NO_SUCH_NAME)


@dataclass(frozen=True)
class Well:
    """An installation that lacks nothing, and the zone that it published."""

    installation: Installation
    zone: Zone
    authority: Authority


def certificate(authority: Authority, folder: Path, *names: str, days: int = 90) -> str:
    """A PEM file with a certificate for these names and its key."""
    before = set(folder.glob("*.pem"))
    authority.server(*names, days=days)
    (made,) = set(folder.glob("*.pem")) - before
    return str(made)


@pytest.fixture(scope="module")
def well(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Well]:
    folder = tmp_path_factory.mktemp("doctor")
    authority = Authority(folder / "tls")
    with running_sink() as sink:
        installation = install(folder / "shop", f"sqlite:///{folder}/shop/postern.db", sink.port)
        pem = certificate(authority, folder / "tls", HOST)
        changes: dict[str, dict[str, str | int]] = {
            "service": {"public_url": f"https://messages.{MAIL_DOMAIN}", "operator_address": "postmaster@operator.test"},
            "smtp": {"hostname": HOST, "tls_cert": pem, "tls_key": pem},
            "web": {"listen": f"127.0.0.1:{installation.web_port}"},
        }
        change_settings(installation.config, changes)
        (way,) = settle_pairs(installation, 1)
        with installation.serving():
            with smtplib.SMTP("127.0.0.1", installation.smtp_port) as client:
                client.sendmail(way.author, [way.alias], way.letter("doctor"))
            await_timetable(installation)
            yield Well(installation, published(installation), authority)


def await_timetable(installation: Installation) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with build_house(installation.config).open_reader(connections=1).look() as look:
            if list_last_runs(look).get("checkpoint"):
                return
        time.sleep(0.2)
    pytest.fail("nobody does what is due by the clock")


def published(installation: Installation) -> Zone:
    keys = load_signing_keys(build_house(installation.config).settings)[MAIL_DOMAIN]
    texts: dict[str, tuple[str, ...]] = {f"{key.selector}._domainkey.{MAIL_DOMAIN}": (dns_record(key),) for key in keys}
    texts |= {
        MAIL_DOMAIN: ("v=spf1 include:next.test -all", "something-else=1"),
        f"_dmarc.{MAIL_DOMAIN}": ("v=DMARC1; p=reject",),
        f"_smtp._tls.{MAIL_DOMAIN}": ("v=TLSRPTv1; rua=mailto:a@operator.test",),
    }
    return Zone({MAIL_DOMAIN: HOST}, {HOST: ADDRESS}, texts)


def examined(installation: Installation, zone: Zone, now: datetime | None = None) -> list[Finding]:
    return examine(Patient(build_house(installation.config), zone, now or datetime.now(UTC)), seconds=30)


def of(findings: list[Finding], check: str) -> list[Health]:
    return [one.health for one in findings if one.check == check]


def test_an_installation_that_is_well_has_no_bad_finding(well: Well) -> None:
    findings = examined(well.installation, well.zone)
    assert [one for one in findings if one.health in {Health.BAD, Health.UNKNOWN}] == []
    assert len(findings) > 30
    assert {one.check for one in findings if one.health is Health.WARNING} <= {"settings.authentication", "machine.open_files"}


def test_whatever_is_not_good_says_what_to_do(well: Well, tmp_path: Path) -> None:
    for one in examined(copy_of(well, tmp_path), Zone()):
        assert one.health is Health.GOOD or one.fix, one


def copy_of(well: Well, folder: Path) -> Installation:
    """The same installation elsewhere, with a store of its own, and nobody serving it."""
    there = folder / "shop"
    shutil.copytree(well.installation.config.parent, there)
    installation = replace(well.installation, config=there / "postern.toml")
    change_settings(installation.config, {"store": {"url": f"sqlite:///{there}/postern.db"}})
    return installation


def set_keys(**sections: dict[str, str | int]) -> Callable[[Installation], None]:
    return lambda installation: change_settings(installation.config, sections)


def in_store(*statements: object) -> Callable[[Installation], None]:
    def plant(installation: Installation) -> None:
        engine = open_writer(read_url(build_house(installation.config).settings.store.url))
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[call-overload]
            connection.commit()
        engine.dispose()

    return plant


def on_file(name: str, act: Callable[[Path], object]) -> Callable[[Installation], None]:
    def plant(installation: Installation) -> None:
        act(installation.config.parent / name)

    return plant


LONG_AGO = datetime(2026, 1, 2, tzinfo=UTC)


def add_old_delivery(installation: Installation) -> None:
    """A mail for the operator that has waited since January."""
    store = build_house(installation.config).open_store()
    waiting = Delivery(
        id=new_id(),
        seller_id=HOUSE,
        message_id=new_id(),
        document_id=new_id(),
        person_id=new_id(),
        sender_domain=MAIL_DOMAIN,
        carries=Carries.HOUSE,
        due_at=LONG_AGO,
        lease=None,
        attempts=1,
        queued_at=LONG_AGO,
    )
    assert isinstance(store.keep(Change(HOUSE, (delivery_row(waiting),))).result(), Kept)
    store.close()


def pause_everything(installation: Installation) -> None:
    installation.run("queue pause")


CLOSED = "127.0.0.1:1"
FAULTS: dict[str, tuple[Callable[[Installation], None], str, Health]] = {
    "a host that is no name": (set_keys(smtp={"hostname": "localhost"}), "settings.hostname", Health.BAD),
    "pages in the clear": (set_keys(service={"public_url": "http://shop.test"}), "settings.public_url", Health.BAD),
    "pages at home": (set_keys(service={"public_url": "http://127.0.0.1:1"}), "settings.public_url", Health.WARNING),
    "no operator": (set_keys(service={"operator_address": ""}), "settings.operator_address", Health.WARNING),
    "an operator at home": (
        set_keys(service={"operator_address": f"me@{MAIL_DOMAIN}"}),
        "settings.operator_address",
        Health.BAD,
    ),
    "an operator that is none": (set_keys(service={"operator_address": "me"}), "settings.operator_address", Health.BAD),
    "anybody may write": (set_keys(authentication={"mode": "off"}), "settings.authentication", Health.WARNING),
    "a sandbox": (set_keys(delivery={"next_hop": "sandbox"}), "settings.next_hop", Health.WARNING),
    "a hop that cannot be read": (set_keys(delivery={"next_hop": "relay.test"}), "settings.next_hop", Health.BAD),
    "a hop that is not there": (set_keys(delivery={"next_hop": f"smtp://{CLOSED}"}), "doors.next_hop", Health.BAD),
    "a hop that must encrypt and cannot": (set_keys(delivery={"tls": "required"}), "doors.next_hop", Health.BAD),
    "settings for all to read": (on_file("postern.toml", lambda file: file.chmod(0o644)), "settings.file", Health.WARNING),
    "keys for all to read": (on_file("master.keys", lambda file: file.chmod(0o640)), "keys.master_file", Health.WARNING),
    "a DKIM key for all to read": (
        on_file("dkim/postern-rsa.pem", lambda file: file.chmod(0o604)),
        "keys.dkim_files",
        Health.WARNING,
    ),
    "a DKIM key that is none": (on_file("dkim/postern-rsa.pem", lambda file: file.write_text("?")), "keys.dkim", Health.BAD),
    "no room": (set_keys(limits={"min_free": 2**60}), "machine.disk", Health.BAD),
    "little room": (set_keys(limits={"low_free_percent": 100}), "machine.disk", Health.WARNING),
    "more sessions than files": (set_keys(limits={"sessions": 10_000_000}), "machine.open_files", Health.WARNING),
    "more readers than memory": (set_keys(limits={"pool_processes": 100_000}), "machine.memory", Health.WARNING),
    "an old schema": (in_store(text("UPDATE alembic_version SET version_num = '0003'")), "store.schema", Health.BAD),
    "a newer schema": (in_store(text("UPDATE alembic_version SET version_num = '9999'")), "store.schema", Health.BAD),
    "an empty store": (on_file("postern.db", Path.unlink), "store.schema", Health.BAD),
    "no database": (set_keys(store={"url": "postgresql+psycopg://nobody@127.0.0.1:1/none"}), "store.schema", Health.BAD),
    "a domain without keys": (
        in_store(update(marketplace).values(mail_domain="other.example")),
        "store.marketplaces",
        Health.BAD,
    ),
    "a queue that nobody empties": (add_old_delivery, "queue.age", Health.BAD),
    "a pause": (pause_everything, "queue.paused", Health.WARNING),
    "no worker": (in_store(update(timetable).values(began_at=LONG_AGO)), "record.checkpoint", Health.BAD),
    "never a worker": (in_store(delete(timetable)), "record.checkpoint", Health.WARNING),
    "no mail taken": (set_keys(smtp={"listen": CLOSED}), "doors.smtp", Health.BAD),
    "no pages": (set_keys(web={"listen": CLOSED}), "doors.web", Health.BAD),
    "no certificate": (set_keys(smtp={"tls_cert": "", "tls_key": ""}), "doors.certificate", Health.WARNING),
    "a certificate that is none": (set_keys(smtp={"tls_cert": "postern.toml"}), "doors.certificate", Health.BAD),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_planted_fault_is_named(well: Well, tmp_path: Path, name: str) -> None:
    plant, check, health = FAULTS[name]
    installation = copy_of(well, tmp_path)
    plant(installation)
    found = of(examined(installation, well.zone), check)
    assert health in found


@pytest.mark.parametrize(
    "names, days, check, health",
    [
        ((HOST,), 10, "doors.certificate", Health.WARNING),
        ((HOST,), -1, "doors.certificate", Health.BAD),
        (("www.shop.test",), 90, "doors.certificate_name", Health.WARNING),
        ((f"*.{MAIL_DOMAIN}",), 90, "doors.certificate_name", Health.GOOD),
    ],
)
def test_a_certificate_is_judged_by_its_term_and_its_names(
    well: Well, tmp_path: Path, names: tuple[str, ...], days: int, check: str, health: Health
) -> None:
    installation = copy_of(well, tmp_path)
    authority = Authority(tmp_path / "tls")
    pem = certificate(authority, tmp_path / "tls", *names, days=days)
    change_settings(installation.config, {"smtp": {"tls_cert": pem, "tls_key": pem}})
    assert of(examined(installation, well.zone), check) == [health]


def test_a_key_of_another_certificate_is_told(well: Well, tmp_path: Path) -> None:
    installation = copy_of(well, tmp_path)
    authority = Authority(tmp_path / "tls")
    cert, key = (certificate(authority, tmp_path / "tls", HOST) for _ in range(2))
    change_settings(installation.config, {"smtp": {"tls_cert": cert, "tls_key": key}})
    assert of(examined(installation, well.zone), "doors.certificate") == [Health.BAD]


def test_a_clock_that_was_set_back_is_told(well: Well) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    assert of(examined(well.installation, well.zone, yesterday), "machine.clock") == [Health.BAD]


DNS_FAULTS: dict[str, tuple[Callable[[Zone], Zone], str, Health]] = {
    "no MX": (lambda zone: replace(zone, exchanger={}), "dns.mx", Health.BAD),
    "another MX": (lambda zone: replace(zone, exchanger={MAIL_DOMAIN: "old.test"}), "dns.mx", Health.BAD),
    "no name servers": (lambda zone: replace(zone, silent=frozenset({MAIL_DOMAIN})), "dns.mx", Health.UNKNOWN),
    "no host": (lambda zone: replace(zone, address={}), "dns.host", Health.BAD),
    "a host at home": (lambda zone: replace(zone, address={HOST: "192.168.1.4"}), "dns.host", Health.WARNING),
    "no SPF": (lambda zone: with_text(zone, MAIL_DOMAIN, "hello"), "dns.spf", Health.BAD),
    "two SPF": (lambda zone: with_text(zone, MAIL_DOMAIN, "v=spf1 -all", "v=spf1 mx -all"), "dns.spf", Health.BAD),
    "another DKIM key": (
        lambda zone: with_text(zone, f"postern-rsa._domainkey.{MAIL_DOMAIN}", "v=DKIM1; k=rsa; p=AAAA"),
        "dns.dkim",
        Health.BAD,
    ),
    "no DMARC": (lambda zone: with_text(zone, f"_dmarc.{MAIL_DOMAIN}"), "dns.dmarc", Health.BAD),
    "no TLS reports": (lambda zone: with_text(zone, f"_smtp._tls.{MAIL_DOMAIN}"), "dns.tls-rpt", Health.WARNING),
}


def with_text(zone: Zone, name: str, *texts: str) -> Zone:
    return replace(zone, text={**zone.text, name: texts})


@pytest.mark.parametrize("name", DNS_FAULTS)
def test_each_fault_in_the_dns_is_named(well: Well, name: str) -> None:
    spoil, check, health = DNS_FAULTS[name]
    assert health in of(examined(well.installation, spoil(well.zone)), check)


def test_a_check_that_fails_or_hangs_is_told_and_the_others_go_on(well: Well) -> None:
    def check_nothing(_patient: Patient) -> Iterator[Finding]:
        raise ValueError("ann@mail.test")

    def check_for_ever(_patient: Patient) -> Iterator[Finding]:
        time.sleep(3)
        yield Finding("never", Health.GOOD, "")

    def check_well(_patient: Patient) -> Iterator[Finding]:
        yield Finding("fine", Health.GOOD, "It is.")

    checks: tuple[Check, ...] = (check_nothing, check_for_ever, check_well)
    patient = Patient(build_house(well.installation.config), well.zone, datetime.now(UTC))
    failed, late, fine = examine(patient, checks, seconds=1)
    assert failed.health is late.health is Health.UNKNOWN
    assert "mail.test" not in failed.says
    assert "in time" in late.says
    assert fine.says == "It is."
    assert worst([failed, late, fine]) is Health.UNKNOWN


def postern(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*POSTERN, *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_the_command_tells_programs_by_json_and_by_status(well: Well) -> None:
    told = postern("doctor", "--json", "--only", "settings, queue", "--config", str(well.installation.config))
    findings = json.loads(told.stdout)
    assert {one["check"].partition(".")[0] for one in findings} == {"settings", "queue"}
    assert told.returncode in {0, 3}


def test_quickstart_makes_what_serve_needs_and_prints_every_record(tmp_path: Path) -> None:
    folder = str(tmp_path / "shop")
    told = postern(
        "quickstart",
        "msg.shop.test",
        "--dir",
        folder,
        "--operator",
        "me@shop.test",
        "--address",
        ADDRESS,
        "--address",
        "2001:db8::1",
    )
    assert told.returncode == 0, told.stderr
    for words in (
        "msg.shop.test",
        "10 mx.msg.shop.test",
        ADDRESS,
        "2001:db8::1",
        "v=DMARC1; p=reject",
        "in-addr.arpa",
        "ip6.arpa",
    ):
        assert words in told.stdout
    house = build_house(tmp_path / "shop" / "postern.toml")
    assert house.settings.smtp.hostname == "mx.msg.shop.test"
    assert house.settings.delivery.next_hop == "mx"
    assert house.settings.service.operator_address == "me@shop.test"
    again = postern("quickstart", "msg.shop.test", "--dir", folder)
    assert again.returncode == 78
    assert "not replaced" in again.stderr
    wrong = postern("quickstart", "msg.shop.test", "--dir", str(tmp_path / "other"), "--hostname", "here")
    assert wrong.returncode == 78
    assert not (tmp_path / "other").exists()


def test_records_are_written_as_zone_files_and_programs_read_them(well: Well) -> None:
    keys = load_signing_keys(build_house(well.installation.config).settings)[MAIL_DOMAIN]
    records = records_of(MAIL_DOMAIN, MailHost(HOST, (ADDRESS,), takes_tls=True), keys, sends_itself=True)
    zone = dns.zone.from_text("$TTL 300\n" + spell_zone(records), origin=".", relativize=False, check_origin=False)
    rsa = zone.find_rdataset(f"postern-rsa._domainkey.{MAIL_DOMAIN}.", "TXT")
    assert "".join(part.decode() for part in rsa[0].strings) == dns_record(keys[0])
    assert [one["type"] for one in json.loads(spell_json(records))] == [one.type for one in records]


async def compare_now(zone: Zone, records: list[DnsRecord]) -> set[Published]:
    return {one.state for one in await compare(zone, records)}


def test_what_is_published_is_told_from_what_is_not(well: Well) -> None:
    records = wanted_records(build_house(well.installation.config))
    assert asyncio.run(compare_now(well.zone, records)) == {Published.AS_IT_SHOULD}
    assert asyncio.run(compare_now(Zone(), records)) == {Published.MISSING}
