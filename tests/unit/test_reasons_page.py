from pathlib import Path

from typer.testing import CliRunner

from postern.cli.commands import app
from postern.policy.reasons import ALL, Reason
from postern.policy.reasons_page import write_page

PAGE = Path(__file__).parents[2] / "docs" / "reasons.md"


def test_the_page_of_reasons_is_what_the_catalogue_says() -> None:
    """After a change of ``policy/reasons.py``: ``postern reasons > docs/reasons.md``."""
    assert PAGE.read_text("utf-8") == write_page()


def test_the_command_that_the_page_names_prints_it() -> None:
    assert CliRunner().invoke(app, ["reasons"]).output == write_page()
    assert "`postern reasons > docs/reasons.md`" in write_page()


def test_every_reason_has_its_section() -> None:
    page = write_page()
    for reason in ALL:
        assert f"## {reason.code}\n\n`{reason.status} {reason.enhanced}` " in page
        assert f"The author is told {reason.told}." in page


def test_a_sentence_is_shown_as_it_is() -> None:
    page = write_page([Reason("a_code", 550, "5.7.1", "Write [Important] *first*.", "Use <alias>.")])
    assert "Write \\[Important\\] \\*first\\*." in page
    assert "Use \\<alias\\>." in page
