"""A seller does it all from a mail program: it signs in to a real `postern serve` and writes to a buyer (R20)."""

import json
import re
import smtplib
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest

from postern.demo import FEED
from postern.model.relationship import Relationship
from tests.edge_client import self_signed
from tests.mailboxes import Mailboxes, open_mailboxes, text_of
from tests.serving import Installation, change_settings, free_port, install

MUTTRC = """
set from="help@acme.test" realname="Acme Books" use_from=yes envelope_from=yes
set smtp_url="smtps://help@acme.test@127.0.0.1:{port}" smtp_pass="{secret}" ssl_force_tls=yes
set certificate_file="{certificate}" ssl_verify_host=no
set copy=no record="" charset=utf-8
"""


@dataclass(frozen=True, slots=True)
class Shop:
    """A served installation at which Acme signs in, and the mailboxes behind it."""

    installation: Installation
    mailboxes: Mailboxes
    pair: Relationship
    port: int
    folder: Path
    trust: ssl.SSLContext

    def make_secret(self) -> dict[str, object]:
        told: dict[str, object] = json.loads(self.installation.run("sender secret create", "acme", "help@acme.test", "--json"))
        return told

    def write(self, secret: str, author: str = "help@acme.test", text: str = "Hello") -> tuple[int, str]:
        """Send as the standard library's client does. Answers the reply that decided."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = author, self.pair.buyer_alias, "Hello"
        mail.set_content(text)
        try:
            with smtplib.SMTP_SSL("127.0.0.1", self.port, timeout=30, context=self.trust) as client:
                client.login("help@acme.test", secret)
                client.send_message(mail)
        except smtplib.SMTPResponseException as error:
            return error.smtp_code, str(error.smtp_error)
        return 250, ""


@pytest.fixture(params=["implicit", "starttls"])
def shop(request: pytest.FixtureRequest, sqlite_url: str, tmp_path: Path) -> Iterator[Shop]:
    _, trust = self_signed(tmp_path)
    both = str(tmp_path / "both.pem")
    with open_mailboxes() as (mailboxes, next_hop):
        installation = install(tmp_path / "shop", sqlite_url, next_hop, {"pool_processes": 1})
        port = free_port()
        sections = {
            "smtp": {"tls_cert": both, "tls_key": both},
            "submission": {"listen": f"127.0.0.1:{port}", "tls": request.param},
        }
        change_settings(installation.config, sections)
        installation.import_feed(FEED)
        (pair,) = installation.find_pairs([("acme", "ann")])
        with installation.serving():
            yield Shop(installation, mailboxes, pair, port, tmp_path, trust)


implicit = pytest.mark.parametrize("shop", ["implicit"], indirect=True)


@implicit
def test_a_seller_writes_by_a_secret_until_it_is_revoked(shop: Shop) -> None:
    made = shop.make_secret()
    assert (made["user"], made["port"], made["security"]) == ("help@acme.test", shop.port, "SSL/TLS")
    secret = str(made["secret"])
    assert shop.write(secret, text="By smtplib")[0] == 250
    assert "By smtplib" in text_of(shop.mailboxes.wait_for("ann@mail.test"))
    code, words = shop.write(secret, author="new@acme.test")
    assert (code, "another address in its From" in words) == (550, True)
    assert shop.write("wrong")[0] == 535
    listed = json.loads(shop.installation.run("sender secret list", "acme", "--json"))
    assert [(one["id"], one["address"], bool(one["used_at"])) for one in listed] == [(made["id"], "help@acme.test", True)]
    assert shop.installation.run("sender secret revoke", "acme", str(made["id"])) == "Revoked.\n"
    assert shop.write(secret)[0] == 535
    log = shop.installation.config.with_suffix(".log").read_text()
    assert "acme.test" not in log
    assert secret not in log


def test_swaks_signs_in_by_each_mechanism(shop: Shop, request: pytest.FixtureRequest) -> None:
    secret = str(shop.make_secret()["secret"])
    tls = "--tls-on-connect" if "implicit" in request.node.name else "--tls"
    for number, mechanism in enumerate(("PLAIN", "LOGIN"), start=1):
        command = ["swaks", "--server", f"127.0.0.1:{shop.port}", tls, "--auth", mechanism, "--auth-user", "help@acme.test"]
        command += ["--auth-password", secret, "--from", "help@acme.test", "--to", shop.pair.buyer_alias]
        told = subprocess.run([*command, "--body", f"By {mechanism}"], capture_output=True, text=True, timeout=60, check=False)
        assert told.returncode == 0, told.stdout
        assert "235 2.7.0" in told.stdout
        assert f"By {mechanism}" in text_of(shop.mailboxes.wait_for("ann@mail.test", number))


@implicit
def test_mutt_sends_by_signing_in(shop: Shop) -> None:
    """R20: nothing but a mail program."""
    rc, certificate = shop.folder / "muttrc", shop.folder / "trusted.pem"
    certificate.write_text("-----BEGIN CERT" + (shop.folder / "both.pem").read_text().partition("-----BEGIN CERT")[2])
    secret = str(shop.make_secret()["secret"])
    rc.write_text(MUTTRC.format(port=shop.port, secret=secret, certificate=certificate))
    environment = {"HOME": str(shop.folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    command = ["mutt", "-F", str(rc), "-s", "Your order", shop.pair.buyer_alias]
    told = subprocess.run(command, input="By mutt", capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert told.returncode == 0, told.stderr
    assert "By mutt" in text_of(shop.mailboxes.wait_for("ann@mail.test"))


@implicit
def test_the_command_says_what_to_set_in_a_mail_program(shop: Shop) -> None:
    told = shop.installation.run("sender secret create", "acme", "help@acme.test")
    assert re.search(r"shown this once: [a-z2-7]{8}(-[a-z2-7]{8}){3}$", told, re.MULTILINE)
    for line in (f"Port: +{shop.port}", "Connection security: +SSL/TLS", "User name: +help@acme.test", "Server: +localhost"):
        assert re.search(line, told)
    with pytest.raises(subprocess.CalledProcessError) as refused:
        shop.installation.run("sender secret create", "acme", "stranger@acme.test")
    assert "is not taken for the seller" in refused.value.stderr
    with pytest.raises(subprocess.CalledProcessError) as unknown:
        shop.installation.run("sender secret revoke", "acme", "sec_0000000000000000000000000")
    assert unknown.value.returncode == 4
