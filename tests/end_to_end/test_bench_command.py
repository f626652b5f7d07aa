"""`postern bench relay` as an operator types it: the script of the source tree, run for real and very short."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import postern

pytestmark = pytest.mark.timeout(600)  # starts servers, on however busy a machine

FIGURES = {"delivered_per_second", "accept_p50_ms", "accept_p99_ms", "cpu_ms_per_mail", "pss_mb"}
SHORT = ("--without-postfix", "--senders", "1", "--rounds", "1", "--seconds", "1")


def bench(*arguments: str, path: str = "") -> subprocess.CompletedProcess[str]:
    environment = os.environ | ({"PYTHONPATH": path} if path else {})
    command = [sys.executable, "-m", "postern", "bench", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=590, check=False, env=environment)


def test_the_relay_is_measured_and_told_as_json_also_by_the_clock_and_before_a_slow_next_hop() -> None:
    told = bench("relay", "--json", "--open-loop", "--slow-hop", *SHORT)
    assert told.returncode == 0, told.stderr
    (figures,) = json.loads(told.stdout).values()
    assert set(figures) == {"1", "open_loop", "slow_hop"}
    assert set(figures["1"]) == FIGURES
    assert all(value > 0 for value in figures["1"].values())
    assert {"mails_per_second", "accept_p50_ms", "accept_p99_ms"} <= set(figures["open_loop"])
    assert figures["open_loop"]["accepted"] > 0
    assert figures["open_loop"]["not_accepted"] == 0
    assert figures["slow_hop"]["ratio"] > 0
    assert figures["slow_hop"]["mails"] >= 2
    assert (figures["slow_hop"]["missing"], figures["slow_hop"]["extra_copies"]) == (0, 0)


@pytest.mark.parametrize("arguments, status", [(("--help",), 0), (("--senders", "none"), 2), (("--seconds", "-1"), 2)])
def test_its_options_and_its_status_are_those_of_the_script(arguments: tuple[str, ...], status: int) -> None:
    told = bench("relay", *arguments)
    assert told.returncode == status
    assert "bench/relay.py" in told.stdout + told.stderr
    assert "Traceback" not in told.stderr


def test_without_the_source_tree_it_says_so_in_one_line(tmp_path: Path) -> None:
    installed = tmp_path / "lib" / "site-packages"
    installed.mkdir(parents=True)
    (installed / "postern").symlink_to(Path(postern.__file__).parent)
    told = bench("relay", "--json", path=str(installed))
    assert told.returncode == 4
    assert "source tree" in told.stderr
    assert told.stderr.count("\n") == 1
    assert not told.stdout
