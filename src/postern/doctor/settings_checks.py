"""The settings and the keys: would Postern serve with them, and would it be reached?"""

import ipaddress
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from postern.doctor.finding import Finding, Health, good
from postern.doctor.patient import Patient
from postern.errors import AddressError, ConfigurationError
from postern.listening import is_loopback
from postern.model.address import Address, is_domain
from postern.wiring import load_signing_keys


def check_hostname(patient: Patient) -> Iterator[Finding]:
    name, check = patient.house.frame.hostname, "settings.hostname"
    if is_domain(name) and "." in name:
        yield good(check, f"Postern calls itself {name}.")
        return
    yield Finding(
        check,
        Health.BAD,
        f"smtp.hostname is {name!r}, which is no name in the DNS.",
        "Many servers refuse mail from a host that has no full name, and no MX record can point to it.",
        "Set smtp.hostname to the name that the MX record points to, such as mx.marketplace.example.",
    )


def check_public_url(patient: Patient) -> Iterator[Finding]:
    url, check = urlsplit(patient.house.frame.public_url), "settings.public_url"
    if url.scheme == "https":
        yield good(check, f"Links in mails lead to {url.geturl()}.")
        return
    local = _is_local(url.hostname or "")
    yield Finding(
        check,
        Health.WARNING if local else Health.BAD,
        f"service.public_url is {url.geturl()}.",
        "Links in mails lead to the reader's own machine."
        if local
        else "What people type on the pages goes over the net in the clear.",
        "Put a web server with a certificate in front of web.listen, and set service.public_url to its https:// address.",
    )


def check_operator(patient: Patient) -> Iterator[Finding]:
    address, check = patient.house.settings.service.operator_address, "settings.operator_address"
    try:
        operator = Address.parse(address) if address else None
    except AddressError:
        fix = "Set service.operator_address to one address, such as postmaster@example.com."
        yield Finding(check, Health.BAD, "service.operator_address is no address.", "`postern serve` does not start.", fix)
        return
    if operator is None:
        yield Finding(
            check,
            Health.WARNING,
            "service.operator_address is not set.",
            "Mail for postmaster@ and abuse@ is kept, but nobody gets it.",
            "Set service.operator_address to an address that somebody reads.",
        )
    elif operator.domain in patient.mail_domains:
        yield Finding(
            check,
            Health.BAD,
            "service.operator_address lies in a domain of this installation.",
            "Mail for postmaster@ comes back to Postern and is refused as a loop.",
            "Choose an address that another server takes mail for.",
        )
    else:
        yield good(check, "Mail for postmaster@ and abuse@ has a reader.")


def check_authentication(patient: Patient) -> Iterator[Finding]:
    check = "settings.authentication"
    mode: str = patient.house.settings.authentication.mode
    if mode != "off":
        yield good(check, f"Who wrote a mail is proved (authentication.mode is {mode}).")
        return
    outside = not is_loopback(patient.house.settings.smtp.listen)
    yield Finding(
        check,
        Health.BAD if outside else Health.WARNING,
        "authentication.mode is off: whoever can reach smtp.listen can write as anybody.",
        "`postern serve` does not start with it." if outside else "It is safe only behind a server that proves who writes.",
        'Set authentication.mode = "enforce".',
    )


def check_next_hop(patient: Patient) -> Iterator[Finding]:
    hop, check = patient.house.settings.delivery.next_hop, "settings.next_hop"
    if hop == "sandbox":
        fix = 'Set delivery.next_hop to "mx", or to smtp://HOST:PORT.'
        yield Finding(check, Health.WARNING, "delivery.next_hop is sandbox.", "Mails are kept in a folder and reach nobody.", fix)
    elif hop == "mx" or hop.startswith("smtp://"):
        yield good(check, f"Mail leaves by {hop}.")
    else:
        fix = 'Set delivery.next_hop to "mx", "sandbox" or smtp://HOST:PORT.'
        yield Finding(check, Health.BAD, "delivery.next_hop cannot be read.", "`postern serve` does not start.", fix)


def check_settings_file(patient: Patient) -> Iterator[Finding]:
    yield _only_ours("settings.file", patient.house.config, "It may hold the password of the database.")


def check_master_file(patient: Patient) -> Iterator[Finding]:
    yield _only_ours("keys.master_file", patient.house.settings.keys.master_file, "Whoever reads it can read the whole record.")


def check_dkim_keys(patient: Patient) -> Iterator[Finding]:
    check = "keys.dkim"
    entries = patient.house.settings.dkim
    if not entries:
        yield Finding(
            check,
            Health.BAD,
            "There is no [[dkim]] entry.",
            "Mail leaves unsigned; with a DMARC record it is refused, without one it is taken for spam.",
            "Make keys with `postern init` or `postern quickstart` in another folder, copy them here, and name them in [[dkim]].",
        )
        return
    try:
        load_signing_keys(patient.house.settings)
    except ConfigurationError as error:
        fix = "Mend the entry in [[dkim]], or its file."
        yield Finding(check, Health.BAD, f"A DKIM key cannot be used: {error}.", "`postern serve` does not start.", fix)
        return
    yield good(check, f"{len(entries)} DKIM keys sign for {', '.join(patient.mail_domains)}.")
    for one in entries:
        finding = _only_ours("keys.dkim_files", one.key_file, "Whoever reads it can sign as the marketplace.")
        if finding.health is not Health.GOOD:
            yield finding


def _only_ours(check: str, path: Path, why: str) -> Finding:
    """Nobody but its owner may read this file."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        return Finding(check, Health.BAD, f"{path} cannot be looked at: {error.strerror}.", "", "Put it back, or name another.")
    if mode & (stat.S_IRGRP | stat.S_IROTH | stat.S_IWGRP | stat.S_IWOTH):
        return Finding(check, Health.WARNING, f"{path} can be read by others ({mode:o}).", why, f"chmod 600 {path}")
    return good(check, f"{path} is its owner's alone.")


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
