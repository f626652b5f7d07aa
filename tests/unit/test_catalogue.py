import re
from pathlib import Path

import pytest

from postern.catalogue.load import SHIPPED, load_catalogue, read_catalogue
from postern.catalogue.reason_file import FILE_MAXIMUM, Mistake, read_reason_file, variables_of
from postern.errors import ConfigurationError
from postern.model.contact_reason import FieldKind
from postern.model.relationship import Side

GOOD = """
author = "seller"
title = "Spare parts"
use_when = "A spare part is to be chosen."
text = "About your order {order}:\\n\\n{message}"

[[field]]
name = "message"
label = "Which part?"
"""
CRITICAL = {  # R10
    "customisation_details",
    "delivery_scheduling",
    "delivery_address_problem",
    "service_appointment",
    "digital_access_key",
    "legal_disclosure",
    "unexpected_problem",
    "order_cancelled",
}


def mistakes_in(folder: Path, text: str, name: str = "spare_parts.toml") -> tuple[Mistake, ...]:
    (folder / name).write_text(text, encoding="utf-8")
    return read_reason_file(folder / name)[1]


def test_every_reason_that_is_shipped_can_be_read() -> None:
    catalogue, mistakes = read_catalogue()
    assert not mistakes
    assert len(catalogue.reasons.all) == len(list(SHIPPED.glob("*.toml"))) >= 20


def test_what_is_critical_is_what_the_promise_names() -> None:
    """R10."""
    reasons = load_catalogue().reasons
    assert {one.code for one in reasons.all if one.critical} == CRITICAL


def test_a_review_is_asked_for_once_and_in_the_words_of_the_marketplace_alone() -> None:
    """R5."""
    reason = load_catalogue().reasons.find("review_request")
    assert reason
    assert (reason.offer.per_order, reason.fields, reason.files.at_most) == (1, (), 0)


def test_reasons_come_in_the_order_of_their_rank_and_each_for_one_side() -> None:
    reasons = load_catalogue().reasons
    assert [one.rank for one in reasons.all] == sorted(one.rank for one in reasons.all)
    assert {one.code for one in reasons.of(Side.BUYER)} >= {"product_details", "where_is_my_order", "other_question"}
    assert len(reasons.of(Side.BUYER)) + len(reasons.of(Side.SELLER)) == len(reasons.all)


def test_an_operators_file_adds_a_reason_and_one_of_the_same_name_takes_the_place_of_ours(tmp_path: Path) -> None:
    assert not mistakes_in(tmp_path, GOOD)
    assert not mistakes_in(tmp_path, GOOD, "invoice.toml")
    reasons = load_catalogue(tmp_path).reasons
    found = reasons.find("spare_parts")
    assert found
    assert (found.wording.title, found.fields[0].kind, found.critical) == ("Spare parts", FieldKind.TEXT, False)
    replaced = reasons.find("invoice")
    assert replaced
    assert replaced.wording.title == "Spare parts"


def test_an_operators_own_languages_stand_in_the_file(tmp_path: Path) -> None:
    text = """
author = "seller"

[text.en]
title = "Spare parts"
use_when = "A part is to be chosen."
text = "About {order}"

[text.pt_BR]
title = "Peças"
use_when = "Escolher uma peça."
text = "Sobre {order}"
"""
    assert not mistakes_in(tmp_path, text)
    reason, _ = read_reason_file(tmp_path / "spare_parts.toml")
    assert reason
    assert reason.wording.title == "Spare parts"
    assert reason.own_wordings["pt-BR"].title == "Peças"


@pytest.mark.parametrize(
    "old, new, key",
    [
        ('author = "seller"', 'author = "carrier"', "author"),
        ('author = "seller"', "", "author"),
        ("use_when", "used_when", "used_when"),
        ('title = "Spare parts"\n', "", "title"),
        ('title = "Spare parts"', "title = 3", "title"),
        ("{order}", "{oder}", "text"),
        ("{order}", "{order", "text"),
        ("{order}", "{order!r}", "text"),
        ("{message}", "it", "text"),
        ('name = "message"', 'name = "order"', "field.order"),
        ('name = "message"', 'name = "Message"', "field.0.name"),
        ("[[field]]", "[offer]\nphases = ['closed']\n[[field]]", "offer.phases.0"),
        ("[[field]]", "[offer]\norder_needed = false\nphases = ['open']\n[[field]]", "offer.order_needed"),
        ("[[field]]", "[files]\nat_least = 3\nat_most = 2\n[[field]]", "files.at_least"),
        ("[[field]]", "[offer]\ndays = { since = 'delivered', at_least = 9, at_most = 3 }\n[[field]]", "offer.days"),
        ("[[field]]", "[offer]\nper_order = 0\n[[field]]", "offer.per_order"),
        ('title = "Spare parts"', 'title = "Spare', ""),
        ('title = "Spare parts"', f'title = "{"x" * FILE_MAXIMUM}"', ""),
    ],
)
def test_a_mistake_is_told_by_file_and_key_with_what_to_do(tmp_path: Path, old: str, new: str, key: str) -> None:
    mistakes = mistakes_in(tmp_path, GOOD.replace(old, new, 1))
    assert key in {one.key for one in mistakes}
    assert all(one.file == "spare_parts.toml" and one.sentence and one.remedy for one in mistakes)
    with pytest.raises(ConfigurationError, match=r"spare_parts\.toml"):
        load_catalogue(tmp_path)


def test_a_file_that_is_no_text_or_has_no_name_for_a_code_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "spare_parts.toml").write_bytes(b"\xff\xfe")
    assert read_reason_file(tmp_path / "spare_parts.toml")[1]
    assert mistakes_in(tmp_path, GOOD, "Spare-parts.toml")
    assert mistakes_in(tmp_path, "a = " + "[" * 10_000)


def test_a_folder_that_is_not_there_is_a_mistake_in_the_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no folder"):
        load_catalogue(tmp_path / "nowhere")


def test_variables_are_names_in_braces_and_nothing_else() -> None:
    assert variables_of("{a} and {{b}} and {a}{c}") == ("a", "c")
    assert variables_of("{a:>9}") is None
    assert variables_of("{") is None


def test_what_the_manual_shows_can_be_dropped_into_a_folder(tmp_path: Path) -> None:
    manual = (Path(__file__).parents[2] / "docs" / "extend" / "contact-reason.md").read_text("utf-8")
    reason, severities, phrases = re.findall(r"^```toml\n(.*?)^```$", manual, re.MULTILINE | re.DOTALL)
    (tmp_path / "content").mkdir()
    (tmp_path / "spare_parts.toml").write_text(reason, "utf-8")
    (tmp_path / "content" / "severities.toml").write_text(severities, "utf-8")
    (tmp_path / "content" / "nl.toml").write_text(phrases, "utf-8")
    catalogue = load_catalogue(tmp_path)
    found = catalogue.reasons.find("spare_parts")
    assert found
    assert found.own_wordings["de"].labels["part"] == "Welches Teil?"
    assert "bezoek onze winkel" in next(one.phrases["nl"] for one in catalogue.content_rules if one.kind == "marketing")
