"""The table of what RFC 5321 asks of a server is true of the dialogues, and complete."""

import re
from dataclasses import dataclass

import pytest

from tests.architecture.source import ROOT

DIALOGUES = ROOT / "tests" / "doors" / "dialogues"
PAGE = ROOT / "docs" / "rfc5321.md"


@dataclass(frozen=True)
class Row:
    section: str
    dialogues: tuple[str, ...]


def rows() -> list[Row]:
    found = re.findall(r"^\| (?:RFC \d+ )?([\d.]+) \| .+ \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return [Row(section, tuple(re.findall(r"`([\w-]+)`", names))) for section, names in found]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.section)
def test_each_dialogue_cites_the_section_that_it_shows_kept(row: Row) -> None:
    assert row.dialogues
    for name in row.dialogues:
        comments = [line for line in (DIALOGUES / f"{name}.txt").read_text("ascii").splitlines() if line.startswith("#")]
        assert re.search(rf"(?<![\d.]){re.escape(row.section)}(?![\d.]*\d)", " ".join(comments)), (
            f"{name} does not cite {row.section}"
        )


def test_no_dialogue_is_missing() -> None:
    assert len(rows()) > 30
    assert {path.stem for path in DIALOGUES.glob("*.txt")} == {name for row in rows() for name in row.dialogues}


def test_whatever_else_the_page_names_is_there() -> None:
    for path in re.findall(r"`(tests/[\w/]+\.py)`", PAGE.read_text(encoding="utf-8")):
        assert (ROOT / path).is_file()
