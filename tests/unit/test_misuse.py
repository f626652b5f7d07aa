"""R11: what people misuse messages for is recognised by words, and honest messages are left alone."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postern.catalogue.load import load_catalogue, read_catalogue
from postern.mail.letter import Letter
from postern.mail.misuse import LOOKED_AT, recognise_misuse
from postern.model.content_rule import ContentKind, ContentRule, Recognised, Severity
from tests.honest_messages import HONEST, MISUSED

RULES = load_catalogue().content_rules
EXAMPLES = [(kind, language, text) for kind, listed in MISUSED.items() for language, text in listed]
SEEN_BY_OTHER_MEANS = {"link", "contact_details"}  # by the search for contact details


def recognised(text: str, *languages: str, subject: str = "") -> tuple[Recognised, ...]:
    return recognise_misuse(Letter(subject, text, None), RULES, languages or ("en",))


@pytest.mark.parametrize("kind, language, text", EXAMPLES)
def test_a_misuse_is_recognised_by_its_words(kind: str, language: str, text: str) -> None:
    found = {one.kind: one.words for one in recognised(text, language)}
    assert kind in found
    assert found[ContentKind(kind)]


def test_every_kind_has_its_examples() -> None:
    assert set(MISUSED) | SEEN_BY_OTHER_MEANS == set(ContentKind)


def test_of_honest_messages_none_is_refused_or_held_and_at_most_one_in_a_hundred_warned() -> None:
    """Looked at as each would be: in its own language, in the seller's and in English, as if all were these."""
    alarms = {
        (language, text): found for language, listed in HONEST.items() for text in listed if (found := recognised(text, *HONEST))
    }
    count = sum(len(listed) for listed in HONEST.values())
    assert count >= 200
    assert not [text for text, found in alarms.items() if any(one.severity is not Severity.WARN for one in found)]
    assert len(alarms) <= count / 100, alarms


def test_a_confirmation_is_named_only_where_the_message_says_little_else() -> None:
    shipped = "Your order has been shipped."
    assert recognised(shipped)
    assert not recognised(f"{shipped} The carrier asks for a telephone number, may we give it yours?")
    assert not recognised(shipped + " One more word about the box." * 10)


def test_what_is_quoted_is_not_the_authors() -> None:
    assert not recognised("Yes, gladly.\n\n> Please leave us positive feedback.")


def test_words_count_whatever_their_accents_and_signs_and_in_html_too() -> None:
    assert recognised("POSITIVE, feedback!!")
    assert recognised("Vorzeitig: 'verzogert sich'", "de")
    assert recognise_misuse(Letter("", None, "<p>positive <b>feedback</b></p>"), RULES, ("en",))
    assert recognised("Hello", subject="Positive feedback")


def test_a_language_without_spaces_is_read_as_it_is_written() -> None:
    rule = ContentRule(ContentKind.COUPON, Severity.WARN, phrases={"ja": ("割引 .. コード",), "de": ("rabatt*",)})
    assert recognise_misuse(Letter("", "次回の割引クーポンコードです", None), (rule,), ("ja",))
    assert not recognise_misuse(Letter("", "次回の割引です", None), (rule,), ("ja",))
    assert not recognise_misuse(Letter("", "Rabattcode", None), (rule,), ("ja",))
    assert recognise_misuse(Letter("", "Rabattcode", None), (rule,), ("de-AT",))


def test_korean_is_read_whatever_its_spaces() -> None:
    assert recognised("상품평 남겨 주세요", "ko")
    assert recognised("상품평남겨주세요", "ko")


def test_the_vowels_of_hindi_count() -> None:
    rule = ContentRule(ContentKind.MARKETING, Severity.WARN, phrases={"hi": ("दुकान में",)})
    assert recognise_misuse(Letter("", "हमारी दुकान में।", None), (rule,), ("hi",))
    assert not recognise_misuse(Letter("", "हमारी दुकान मे", None), (rule,), ("hi",))
    assert not recognise_misuse(Letter("", "हमारी दकन में", None), (rule,), ("hi",))


@pytest.mark.parametrize(
    "language, confirms, asks",
    [
        ("ja", "本日発送いたしました。", "月曜日のお受け取りでよろしいでしょうか。"),
        ("ko", "오늘 발송되었습니다.", "월요일에 받으실 수 있겠습니까."),
        ("zh", "今天已发货。", "星期一您在家吗。"),
    ],
)
def test_what_asks_without_a_question_mark_says_more_than_a_confirmation(language: str, confirms: str, asks: str) -> None:
    assert recognised(confirms, language)
    assert not recognised(confirms + asks, language)


def test_what_is_long_without_spaces_is_no_confirmation_alone() -> None:
    assert not recognised("本日発送いたしました。" + "箱の大きさについてもう一つ申し上げます。" * 5, "ja")


def test_only_the_beginning_of_a_long_text_is_looked_at() -> None:
    assert not recognised("word " * (LOOKED_AT // 5) + "positive feedback")


@given(st.text(max_size=400), st.sampled_from(list(HONEST)))
def test_no_text_makes_it_raise(text: str, language: str) -> None:
    recognised(text, language)


def test_an_operator_changes_severities_and_adds_phrases(tmp_path: Path) -> None:
    folder = tmp_path / "content"
    folder.mkdir()
    (folder / "severities.toml").write_text('[marketing]\nseverity = "refuse"\n[coupon]\nseverity = "pass"\n', "utf-8")
    (folder / "nl.toml").write_text('marketing = ["bezoek onze winkel"]\n', "utf-8")
    rules = load_catalogue(tmp_path).content_rules
    assert [one.severity for one in rules if one.kind is ContentKind.MARKETING] == [Severity.REFUSE]
    assert not [one for one in rules if one.kind is ContentKind.COUPON]
    assert recognise_misuse(Letter("", "Bezoek onze winkel!", None), rules, ("nl",))
    assert recognise_misuse(Letter("", "Check out our shop", None), rules, ("en",))


@pytest.mark.parametrize(
    "name, text, key",
    [
        ("severities.toml", '[marketing]\nseverity = "kill"', "marketing.severity"),
        ("severities.toml", '[markting]\nseverity = "warn"', "markting"),
        ("nl.toml", 'marketing = ["*"]', "marketing.0"),
        ("nl.toml", "marketing = [", ""),
        ("dutch-words.toml", "", ""),
    ],
)
def test_a_mistake_in_the_content_rules_is_told_by_file_and_key(tmp_path: Path, name: str, text: str, key: str) -> None:
    folder = tmp_path / "content"
    folder.mkdir()
    (folder / name).write_text(text, "utf-8")
    _, mistakes = read_catalogue(tmp_path)
    assert [(one.file, one.key) for one in mistakes] == [(f"content/{name}", key)]
