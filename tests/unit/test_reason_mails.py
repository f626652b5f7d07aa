"""The mails of contact reasons, in every language, as their readers get them; some of them word for word."""

import os
from pathlib import Path

import pytest

from postern.actions.render_mails import RenderedMail, render_mails
from postern.catalogue.load import load_catalogue
from postern.language import direction, known_languages, spoken
from postern.mail.supplied import letter_of, supply
from postern.model.contact_reason import ContactReason, FieldKind, ReasonField, Wording
from postern.model.relationship import Side

REASONS = load_catalogue().reasons
GOLDEN = Path(__file__).parents[1] / "reason_mails"
WORD_FOR_WORD = ("unexpected_problem", "delivery_scheduling", "review_request", "where_is_my_order")
NAMES = {"order": "303-1", "seller": "Acme Books", "buyer": "Ann Example", "marketplace": "Example Market"}
PART = ContactReason(
    "spare_parts",
    Side.SELLER,
    Wording("A part", "A part.", "Part for {order}:\n\n{message}\n\nOn {day}\n\nFor {price}, {note}."),
    fields=(
        ReasonField("message", "Message"),
        ReasonField("day", "Day", FieldKind.DATE, required=False),
        ReasonField("price", "Price", FieldKind.AMOUNT),
        ReasonField("note", "Note", FieldKind.LINE),
    ),
)


def rendered(language: str) -> dict[str, RenderedMail]:
    return {one.reason: one for one in render_mails(REASONS, language)}


@pytest.mark.parametrize("code", WORD_FOR_WORD)
def test_a_mail_is_word_for_word_as_it_was_looked_at(code: str) -> None:
    """``RENEW=1 bin/test tests/unit/test_reason_mails.py`` writes them anew: look at them."""
    mail = rendered("en")[code]
    for suffix, content in (("txt", f"{mail.subject}\n\n{mail.text}"), ("html", mail.html)):
        path = GOLDEN / f"{code}.{suffix}"
        if os.environ.get("RENEW"):
            path.write_text(content, "utf-8")
        assert path.read_text("utf-8") == content


@pytest.mark.parametrize("language", known_languages())
def test_in_every_language_a_mail_has_what_was_typed_as_typed_and_no_variable_left(language: str) -> None:
    """R5, R6."""
    mails = rendered(language)
    assert set(mails) == {one.code for one in REASONS.all}
    for reason in REASONS.all:
        mail = mails[reason.code]
        assert "{" not in mail.text + mail.subject
        assert "303-5512345-1234567" in mail.subject
        if any(one.kind is FieldKind.TEXT for one in reason.fields):
            assert "ANN or ANNE" in mail.html
            assert "Is it ANN or ANNE?\nWe print the name as you write it." in mail.text
        assert f'<html lang="{spoken(language)}" dir="{direction(language)}"' in mail.html


def test_a_paragraph_with_an_empty_variable_is_left_out_and_the_rest_stays() -> None:
    typed = {"message": "Left hinge\n\nor right {order}?", "price": "2,50 EUR", "note": "  boxed "}
    supplied = supply(PART, "en", NAMES, typed)
    assert [one.typed for one in supplied.paragraphs] == [False, True, False]
    letter = letter_of(supplied, ())
    assert letter.text
    assert "On " not in letter.text
    assert "Left hinge\n\nor right {order}?" in letter.text  # what is typed is never filled in
    assert "boxed." in letter.text
    assert supplied.subject == "A part (order 303-1)"


def test_days_and_amounts_are_written_as_the_reader_writes_them() -> None:
    typed = {"message": "x", "day": "2026-12-01", "price": "1234.50 EUR", "note": "n"}
    text = letter_of(supply(PART, "en", NAMES, typed), ()).text or ""
    assert "December" in text
    assert "1,234.50" in text
    wrong = letter_of(supply(PART, "en", NAMES, typed | {"day": "2026-13-01", "price": "much EUR"}), ()).text or ""
    assert "2026-13-01" in wrong  # the rules say what is wrong with it
    assert "much EUR" in wrong


def test_markup_that_somebody_types_is_text() -> None:
    supplied = supply(
        PART, "en", NAMES | {"seller": "<b>Acme</b>"}, {"message": "<script>x</script>", "price": "1 EUR", "note": "<i>"}
    )
    html = letter_of(supplied, ()).html or ""
    assert "<script>" not in html
    assert "<i>" not in html


def test_an_operators_own_words_win_over_the_catalogues() -> None:
    own = {"en": PART.wording, "de": Wording("Ein Teil", "Ein Teil.", "Zu {order}: {message}")}
    reason = ContactReason("own", Side.SELLER, PART.wording, fields=PART.fields, own_wordings=own)
    assert supply(reason, "de-AT", NAMES, {"message": "x"}).subject.startswith("Ein Teil")
    assert supply(reason, "fr", NAMES, {"message": "x"}).subject.startswith("A part")


@pytest.mark.parametrize("language", [one for one in known_languages() if direction(one) == "rtl"])
def test_where_people_read_from_right_to_left_an_order_has_its_own_direction_in_html_too(language: str) -> None:
    for mail in rendered(language).values():
        body = mail.html.partition("<body>")[2]
        assert body.count("303-5512345-1234567") == body.count("<bdi>303-5512345-1234567</bdi>"), mail.reason
