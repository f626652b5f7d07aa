"""How a connection to a next hop is encrypted: where the hop can, or always and with a certificate that is valid for its name.

Where encryption is not demanded, no certificate is checked, and a hop whose TLS fails is spoken to in the clear (RFC 7435):
the other choice would be clear text in any case. Where it is demanded, nothing is ever said in the clear but EHLO and
STARTTLS.
"""

import ssl
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Encryption:
    """``is_required``: rather no mail than a mail in the clear, or one to whoever took the hop's place."""

    context: ssl.SSLContext
    is_required: bool


@cache
def opportunistic() -> Encryption:
    """TLS 1.2 or later, no certificate asked for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return Encryption(context, is_required=False)


def required(authorities: str = "") -> Encryption:
    """TLS 1.2 or later and a valid certificate."""
    return Encryption(verified_tls(authorities), is_required=True)


@cache
def verified_tls(authorities: str = "") -> ssl.SSLContext:
    """Certificates for a name in their subjectAltName (RFC 9525 2), signed by whom the system trusts, or a PEM file names."""
    context = ssl.create_default_context(cafile=authorities or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    return context
