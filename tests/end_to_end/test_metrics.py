"""What a Prometheus reads of a running Postern, and that the rules and the board ask for nothing else."""

import json
import re
import smtplib
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.architecture.source import ROOT
from tests.market import settle_pairs
from tests.serving import Installation, change_settings, free_port, install
from tests.sink import running_sink

DOCS = ROOT / "docs" / "operate"
METRIC = re.compile(r"\bpostern_[a-z_]+\b")


def scrape(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text: str = answer.read().decode()
    return text


def value(text: str, name: str, **labels: str) -> float | None:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return float(sample.value)
    return None


def names(text: str) -> set[str]:
    return {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}


@pytest.fixture
def measured(store_url: str, tmp_path: Path) -> tuple[Installation, int]:
    installation = install(tmp_path / "shop", store_url, free_port())
    port = free_port()
    change_settings(installation.config, {"metrics": {"listen": f"127.0.0.1:{port}"}})
    return installation, port


def test_what_happens_is_counted_and_nobody_is_named(measured: tuple[Installation, int]) -> None:
    installation, port = measured
    with running_sink() as sink:
        change_settings(installation.config, {"delivery": {"next_hop": f"smtp://127.0.0.1:{sink.port}"}})
        (way,) = settle_pairs(installation, 1)
        with installation.serving():
            with smtplib.SMTP("127.0.0.1", installation.smtp_port) as client:
                client.sendmail(way.author, [way.alias], way.letter("counted"))
                with pytest.raises(smtplib.SMTPDataError):
                    client.sendmail("mallory@evil.test", [way.alias], b"From: mallory@evil.test\r\n\r\nHello\r\n")
                with pytest.raises(smtplib.SMTPRecipientsRefused):
                    client.sendmail(way.author, ["nobody@marketplace.example"], b"From: a@mail.test\r\n\r\nHello\r\n")
            text = await_value(port, "postern_attempts_total", 1.0, outcome="delivered")
    assert value(text, "postern_mails_total", answer="taken") == 1
    assert value(text, "postern_recipients_total", answer="taken") == 2
    assert value(text, "postern_recipients_total", answer="unknown_alias") == 1
    assert value(text, "postern_mail_seconds_count") == 2
    assert value(text, "postern_store_readable") == 1
    assert value(text, "postern_queue_paused") == 0
    assert value(text, "postern_held_messages") == 0
    for secret in ("mallory", "evil.test", way.author, way.alias.partition("@")[0], "counted"):
        assert secret not in text
    assert_documented(names(text))


def await_value(port: int, name: str, wanted: float, **labels: str) -> str:
    deadline = time.monotonic() + 30
    while value(text := scrape(port), name, **labels) != wanted:
        assert time.monotonic() < deadline, text
        time.sleep(0.2)
    return text


def assert_documented(exposed: set[str]) -> None:
    """Every metric stands in the manual, and the manual, the rules and the board name no other."""
    kept = [name for name in exposed if name.startswith("postern_") and not name.endswith("_created")]
    ours = {re.sub(r"_(bucket|count|sum)$", "", name) for name in kept}
    ours |= {
        "postern_queue_deliveries",
        "postern_queue_oldest_seconds",
        "postern_queue_overdue_seconds",
    }  # none while nothing waits
    told = set(METRIC.findall((DOCS / "metrics.md").read_text()))
    assert ours == told
    board = json.loads((DOCS / "monitoring" / "grafana.json").read_text())
    asked = " ".join(target["expr"] for panel in board["panels"] for target in panel["targets"])
    asked += (DOCS / "monitoring" / "alerts.yml").read_text()
    assert {name.removesuffix("_bucket") for name in METRIC.findall(asked)} <= told


def test_what_waits_is_told_by_provider_and_a_persons_own_domain_is_not(measured: tuple[Installation, int]) -> None:
    installation, port = measured
    (way,) = settle_pairs(installation, 1)
    with installation.serving():
        with smtplib.SMTP("127.0.0.1", installation.smtp_port) as client:
            client.sendmail(way.author, [way.alias], way.letter("waiting"))
        text = await_value(port, "postern_queue_deliveries", 1.0, destination="others")
    assert (value(text, "postern_queue_oldest_seconds", destination="others") or 0) > 0
    assert "mail.test" not in text


def test_a_port_that_is_taken_ends_the_start_with_a_sentence(measured: tuple[Installation, int]) -> None:
    installation, _ = measured
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        change_settings(installation.config, {"metrics": {"listen": f"127.0.0.1:{other.getsockname()[1]}"}})
        with pytest.raises(subprocess.CalledProcessError) as ended:
            installation.run("serve")
    assert ended.value.returncode == 78
    assert "metrics.listen" in ended.value.stderr
