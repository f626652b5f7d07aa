import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, repository_files

SCRIPTS = ("bin/demo", "bin/test", ".ci/run")
SOURCED = ("bin/lib/python.sh",)
PIN = re.compile(r"^([a-z0-9-]+)(?:\[[a-z0-9,-]+\])?==(\S+)", re.MULTILINE)

LINK = re.compile(r"\]\((?![a-z]+:|#)([^)#\s]+)")

# Written so that no line here is what it looks for.
REGISTRY = re.compile(r"py[p]i\.(?:org|python)|python[h]osted|npm[j]s\.|registry\.y[a]rn|--(?:extra-)?index-u[r]l|--find-l[i]nks")
MACHINE = re.compile(r"(?<![\w./:-])/(?:home|root|Users|work|tmp)/[\w.-]")


def text_of(path: Path) -> str:
    return path.read_bytes().decode("utf-8", errors="replace")


def pins(name: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / name).read_text(encoding="utf-8")))


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for path in repository_files()
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if pattern.search(line)
    ]


def test_no_file_names_a_package_registry() -> None:
    assert not lines_with(REGISTRY)


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    assert not lines_with(MACHINE)


@pytest.mark.parametrize("name", SCRIPTS + SOURCED)
def test_bash_can_read_every_script(name: str) -> None:
    subprocess.run(["bash", "-n", ROOT / name], check=True, timeout=10)


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_can_be_run(name: str) -> None:
    assert os.access(ROOT / name, os.X_OK)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-build.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_and_hashed(name: str) -> None:
    blocks = re.split(r"\n(?=\S)", (ROOT / name).read_text(encoding="utf-8").strip())
    assert blocks
    assert not [block for block in blocks if not PIN.match(block) or "--hash=sha256:" not in block]


def test_tests_run_with_the_same_libraries_as_the_product() -> None:
    assert pins("requirements.txt").items() <= pins("requirements-dev.txt").items()


def test_every_dependency_of_the_package_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {re.split(r"[^A-Za-z0-9-]", dependency)[0].lower() for dependency in project["dependencies"]}
    assert wanted <= pins("requirements.txt").keys()


@pytest.mark.parametrize("path", [path for path in repository_files() if path.suffix == ".md"], ids=lambda path: path.name)
def test_every_link_between_documents_leads_somewhere(path: Path) -> None:
    assert not [link for link in LINK.findall(text_of(path)) if not (path.parent / link).exists()]
