"""`postern evidence` as a dispute team uses it: a pack is written, carried elsewhere and verified there."""

import smtplib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.market import settle_pairs
from tests.serving import Installation, free_port, install

ORDER = {
    "kind": "order",
    "id": "ORD-1",
    "marketplace": "de",
    "seller": "seller-0",
    "buyer": "buyer-0",
    "status": "unshipped",
    "fulfilment": "seller",
    "placed_at": "2026-11-01T10:00:00Z",
    "items": [{"sku": "A", "title": "Atlas", "category": "books", "quantity": 1}],
}


@pytest.fixture
def shop(store_url: str, tmp_path: Path) -> Installation:
    installation = install(tmp_path / "shop", store_url, free_port())
    (way,) = settle_pairs(installation, 1)
    installation.import_feed([ORDER])
    with installation.serving(), smtplib.SMTP("127.0.0.1", installation.smtp_port) as client:
        client.sendmail(way.author, [way.alias], way.letter("evidence"))
    return installation


def test_a_pack_is_written_and_verified_where_nothing_of_the_shop_is(shop: Installation, tmp_path: Path) -> None:  # R25
    pack = tmp_path / "pack.zip"
    asked = ("ORD-1", str(pack), "--marketplace", "de", "--who", "Dora", "--why", "a claim")
    told = shop.run("evidence export", *asked)
    assert "1 messages, 1 mails" in told
    key = shop.run("record key").splitlines()[0]
    verified = postern(tmp_path, "evidence", "verify", str(pack), "--key", key)
    assert verified.returncode == 0, verified.stderr
    assert "Nothing was changed" in verified.stdout
    pack.write_bytes(pack.read_bytes().replace(b"PK\x01\x02", b"PK\x01\x03", 1))
    damaged = postern(tmp_path, "evidence", "verify", str(pack), "--key", key, "--json")
    assert damaged.returncode == 1
    assert "Traceback" not in damaged.stderr


def postern(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "postern", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=folder)
