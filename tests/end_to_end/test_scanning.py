"""A served installation with a real clamd in front of everything else."""

import smtplib
from pathlib import Path

from postern.demo import FEED
from tests.clamav import EICAR, SIGNATURE, running_clamd
from tests.serving import Installation, change_settings


def test_an_infected_mail_is_refused_in_the_session_and_without_the_scanner_all_mail_is_put_off(
    installation: Installation, tmp_path: Path
) -> None:
    with running_clamd(tmp_path) as clamd:
        installation.import_feed(FEED)
        change_settings(installation.config, {"clamav": {"socket": str(clamd.path)}})
        with installation.serving():
            with smtplib.SMTP("127.0.0.1", installation.smtp_port) as client:
                client.ehlo("mail.test")
                replies = [_send(client, content) for content in (EICAR, b"Hello.")]
            clamd_was_there = list(replies)
            clamd.end()
            with smtplib.SMTP("127.0.0.1", installation.smtp_port) as client:
                client.ehlo("mail.test")
                away = _send(client, b"Hello again.")
    (code, words), (taken, _) = clamd_was_there
    assert (code, taken, away[0]) == (550, 250, 451)
    assert words.startswith(f"5.7.1 This mail carries malware: {SIGNATURE}.UNOFFICIAL.".encode())
    assert b"clamd" not in away[1]


def _send(client: smtplib.SMTP, text: bytes) -> tuple[int, bytes]:
    client.mail("ann@mail.test")
    client.rcpt("postmaster@marketplace.example")
    reply = client.data(b"From: ann@mail.test\r\nSubject: hello\r\n\r\n" + text + b"\r\n")
    client.rset()
    return reply
