"""The doors and the next hop: does Postern answer where it should, with a certificate that holds, and does the way out?"""

import smtplib
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from postern.doctor.finding import Finding, Health, good
from postern.doctor.patient import PATIENCE, Patient
from postern.errors import ConfigurationError
from postern.listening import is_loopback, split_listen
from postern.settings import web_listen
from postern.smtp.connection import Hop
from postern.smtp.encryption import opportunistic, verified_tls

_RENEW_DAYS, _LATE_DAYS = 21, 3
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, never listened on
_START = "Start `postern serve`; its log says why a door does not open."


def check_mail_door(patient: Patient) -> Iterator[Finding]:
    """Asks as a client would, and goes."""
    check, listen = "doors.smtp", patient.house.settings.smtp.listen
    host, port = split_listen(listen)
    try:
        with smtplib.SMTP(_EVERYWHERE.get(host, host), port, timeout=PATIENCE) as client:
            client.ehlo()
            encrypts = client.has_extn("starttls")
    except (OSError, smtplib.SMTPException) as error:
        yield Finding(check, Health.BAD, f"Nobody takes mail on {listen}: {_kind(error)}.", "No mail comes in.", _START)
        return
    wants = bool(patient.house.settings.smtp.tls_cert)
    if wants and not encrypts:
        fix = "Restart `postern serve`: its settings changed since it started."
        yield Finding(check, Health.WARNING, f"{listen} offers no STARTTLS.", "Mail comes in unencrypted.", fix)
    else:
        yield good(check, f"Mail is taken on {listen}{', under TLS' if encrypts else ''}.")


def check_page_door(patient: Patient) -> Iterator[Finding]:
    check, listen = "doors.web", web_listen(patient.house.settings)
    host, port = split_listen(listen)
    host = _EVERYWHERE.get(host, host)
    url = f"http://[{host}]:{port}/readyz" if ":" in host else f"http://{host}:{port}/readyz"
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE):  # noqa: S310 - always http
            yield good(check, f"Pages are on {listen}, and ready.")
    except urllib.error.HTTPError:
        yield Finding(check, Health.BAD, f"The pages on {listen} are not ready.", "Pages and links in mails fail.", f"curl {url}")
    except OSError as error:
        yield Finding(check, Health.BAD, f"Nobody answers on {listen}: {_kind(error)}.", "Pages and links in mails fail.", _START)


def check_certificate(patient: Patient) -> Iterator[Finding]:
    check, settings = "doors.certificate", patient.house.settings.smtp
    if not settings.tls_cert and not settings.tls_key:
        outside = not is_loopback(settings.listen)
        yield Finding(
            check,
            Health.BAD if outside else Health.WARNING,
            "smtp.tls_cert and smtp.tls_key are not set.",
            "`postern serve` does not start with it." if outside else "Mail comes in unencrypted.",
            "Get a certificate for smtp.hostname, and name its files.",
        )
        return
    fix = "Name a PEM file with the certificate chain, and one with its private key, that the serving user can read."
    try:
        certificate = x509.load_pem_x509_certificate(Path(settings.tls_cert).read_bytes())
        key = serialization.load_pem_private_key(Path(settings.tls_key).read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        says = f"The certificate or its key cannot be read: {_kind(error)}."
        yield Finding(check, Health.BAD, says, "`postern serve` does not start.", fix)
        return
    if _public(key.public_key()) != _public(certificate.public_key()):
        yield Finding(check, Health.BAD, "smtp.tls_key is not the key of smtp.tls_cert.", "`postern serve` does not start.", fix)
        return
    yield _judge_term(check, certificate, patient.now)
    yield _judge_name("doors.certificate_name", certificate, patient.house.frame.hostname)


def _judge_term(check: str, certificate: x509.Certificate, now: datetime) -> Finding:
    ends_at = certificate.not_valid_after_utc
    days = (ends_at - now).days
    says = f"The certificate is valid until {ends_at:%Y-%m-%d}."
    consequence = "Servers that insist on TLS stop writing to you."
    fix = "Renew it, and restart `postern serve`."
    if now < certificate.not_valid_before_utc or days < _LATE_DAYS:
        return Finding(check, Health.BAD, says, consequence, fix)
    return Finding(check, Health.WARNING, says, consequence, fix) if days < _RENEW_DAYS else good(check, says)


def _judge_name(check: str, certificate: x509.Certificate, hostname: str) -> Finding:
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = [name.lower() for name in alternative.get_values_for_type(x509.DNSName)]
    except (x509.ExtensionNotFound, ValueError):
        names = []
    parent = "*." + hostname.lower().partition(".")[2]
    if hostname.lower() in names or parent in names:
        return good(check, f"The certificate is for {hostname}.")
    says = f"The certificate is not for {hostname}, but for {', '.join(names) or 'no name'}."
    return Finding(
        check, Health.WARNING, says, "MTA-STS fails: servers that follow it do not write to you.", "Get one for smtp.hostname."
    )


def check_way_out(patient: Patient) -> Iterator[Finding]:
    """Says EHLO to the next hop, and goes. Without one, each domain has its own, and there is nobody to ask."""
    check, delivery = "doors.next_hop", patient.house.settings.delivery
    if not delivery.next_hop.startswith("smtp://"):
        return
    try:
        hop = Hop.read(delivery.next_hop)
        encrypts = _greet(hop, patient.house.frame.hostname, must_encrypt=delivery.tls == "required")
    except ConfigurationError as error:
        yield Finding(check, Health.BAD, f"{error}.", "`postern serve` does not start.", "Mend delivery.next_hop.")
    except (OSError, smtplib.SMTPException) as error:
        says = f"{delivery.next_hop} does not answer as it should: {_kind(error)}."
        fix = "Is it up, may this machine write to it, and is its certificate valid where delivery.tls is required?"
        yield Finding(check, Health.BAD, says, "Mail waits in the queue, and comes back after five days.", fix)
    else:
        yield good(check, f"{delivery.next_hop} answers{', under TLS' if encrypts else ''}.")


def _greet(hop: Hop, hostname: str, *, must_encrypt: bool) -> bool:
    with smtplib.SMTP(hop.host, hop.port, local_hostname=hostname, timeout=PATIENCE) as client:
        client.ehlo()
        encrypts = client.has_extn("starttls")
        if encrypts or must_encrypt:
            client.starttls(context=verified_tls() if must_encrypt else opportunistic().context)
        return encrypts


def _public(key: object) -> bytes:
    written: bytes = key.public_bytes(  # type: ignore[attr-defined]  # each kind of key has it
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return written


def _kind(error: Exception) -> str:
    """What went wrong, without words that others chose."""
    if isinstance(error, ssl.SSLError):
        return error.reason or "TLS failed"
    return (error.strerror if isinstance(error, OSError) else "") or type(error).__name__
