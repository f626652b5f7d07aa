"""Typed contact details: what is found, what is not, and what stands in its place."""

import random
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postern.mail.contact_details import Allowed, find_details
from postern.mail.letter import Passage
from postern.mail.steps.contact_details import details_in
from postern.model.contact_policy import ContactPolicy, DetailKind, Treatment, Treatments
from tests.chatter import TALK, disguised_contact, plain_contact, talk
from tests.letters import ANNS_ALIAS, FROM_ACME, FROM_ANN, letter_of, reading_of, relay

ORDER = "303-5512345-1234567"
ALLOWED = Allowed(("marketplace.example",), ("marketplace.example", "parcels.example"), (ORDER,))
ALL_MASKED = Treatments(Treatment.MASK, Treatment.MASK, Treatment.MASK, Treatment.MASK)


def kinds_in(text: str) -> list[str]:
    return [detail.kind.value for detail in find_details(text, ALLOWED)]


def masking(treatments: Treatments) -> Passage:
    return replace(FROM_ANN, contact_policy=ContactPolicy(buyer_to_seller=treatments))


@pytest.mark.parametrize(
    "text",
    [
        f"Order {ORDER}, tracking 00340434161094042557 and JJD000390007827364523",
        f"Write to {ANNS_ALIAS} or see https://help.marketplace.example/x and https://www.parcels.example/42",
        "EAN 4006381333931, ISBN 978-3-16-148410-0, IBAN DE89 3704 0044 0532 0130 00",
        "From 2026-11-20 10:00 to 20.11.2026, 1.234,56 EUR, 1,234.56 USD, 12 x 34 x 56 mm, 36 37 38 39 40 41",
        "Look at the dot. I was at home. It's good.it is fine. e.g. file.pdf, v1.2.3, 192.168.1.1",
        "Does the phone work with WhatsApp? One two three, here we go. Customer number 123456789.",
        "Meeting at Example. Dot com was a boom. The Skype headset has a line-in.",
    ],
)
def test_order_talk_holds_no_contact_details(text: str) -> None:
    assert kinds_in(text) == []


@pytest.mark.parametrize("language", sorted(TALK))
def test_one_honest_text_in_two_hundred_at_most_is_taken_for_one(language: str) -> None:
    chance = random.Random(language)
    assert sum(bool(kinds_in(talk(chance, language))) for _ in range(200)) <= 1


@pytest.mark.parametrize("kind", DetailKind)
def test_nearly_all_are_found_plain_and_most_in_disguise(kind: DetailKind) -> None:
    chance = random.Random(7)
    assert sum(bool(kinds_in(plain_contact(chance, kind))) for _ in range(200)) >= 196
    assert sum(bool(kinds_in(disguised_contact(chance, kind))) for _ in range(200)) >= 180


@given(st.text(max_size=200))
def test_any_text_is_looked_through_and_places_lie_in_it(text: str) -> None:
    details = find_details(text, ALLOWED)
    places = [place for detail in details for place in (detail.start, detail.end)]
    assert places == sorted(places)
    assert all(0 <= place <= len(text) for place in places)


@pytest.mark.parametrize(
    "piece", ["a@", "0 1 ", "at dot ", "one two ", "a.", "x@x.de ", "(at)", "http://", "+49 ", "whatsapp ", "@@@@", "\uff41"]
)
def test_no_text_takes_more_than_its_length(piece: str) -> None:
    def seconds(count: int) -> float:
        began_at = time.process_time()
        find_details(piece * count, ALLOWED)
        return time.process_time() - began_at

    seconds(100)
    assert seconds(20_000) < 40 * max(seconds(2_000), 0.005)


def test_a_stranger_s_address_is_masked_unless_the_policy_says_otherwise() -> None:
    assert (
        relay("\nAsk bob@mail.test, or bob at mail dot com").text == "Ask [e-mail address removed], or [e-mail address removed]"
    )
    assert relay("\nAsk bob@mail.test", masking(Treatments(address=Treatment.PASS))).text == "Ask bob@mail.test"
    assert relay("\nCall 0171 2345678").text == "Call 0171 2345678"


def test_each_kind_has_its_mark() -> None:
    text = "\nbob@mail.test, phone 0171 2345678, https://shop.test/x, Telegram: @bob_miller"
    assert relay(text, masking(ALL_MASKED)).text == (
        "[e-mail address removed], phone [phone number removed], [link removed], [messenger contact removed]"
    )


def test_html_is_masked_as_it_is_shown() -> None:
    html = (
        'Content-Type: text/html\n\n<p>Ask b<b>ob</b>@mail.test &amp; <a href="mailto:bob@mail.test">me</a> or '
        '<a href="tel:+49171234567">call</a></p><p>1 &lt; 2</p>'
    )
    shown = letter_of(relay(html, masking(ALL_MASKED))).letter.html or ""
    assert "<p>Ask [e-mail address removed]<b></b> &amp; " in shown
    assert "1 &lt; 2" in shown
    assert "mailto:" not in shown
    assert "tel:" not in shown


def test_masking_twice_changes_nothing() -> None:
    once = relay("\nAsk bob@mail.test or call +49 171 2345678", masking(ALL_MASKED))
    assert find_details(once.text, ALLOWED) == ()


def test_the_two_directions_have_policies_of_their_own() -> None:
    policy = ContactPolicy(seller_to_buyer=Treatments(address=Treatment.PASS))
    assert relay("\nAsk bob@mail.test", replace(FROM_ACME, contact_policy=policy)).text == "Ask bob@mail.test"
    assert "removed" in relay("\nAsk bob@mail.test", replace(FROM_ANN, contact_policy=policy)).text


def test_a_shortened_link_never_passes() -> None:
    assert relay("\nSee https://bit.ly/abc now").text == "See [link removed] now"
    html = letter_of(relay('Content-Type: text/html\n\n<a href="https://bit.ly/abc">look</a>')).letter.html or ""
    assert "bit.ly" not in html


def test_the_rules_are_told_what_was_typed_and_not_what_is_quoted() -> None:
    letter = reading_of("Subject: call 0171 2345678\n\nbob@mail.test\n> carol@mail.test or 0171 2345678").letter
    found = details_in(letter, ALLOWED, tuple(DetailKind))
    assert found == ((DetailKind.PHONE, "the subject"), (DetailKind.ADDRESS, "the text"))
    assert details_in(letter, ALLOWED, ()) == ()


def test_an_address_that_an_alias_will_stand_for_is_no_contact_detail() -> None:
    letter = reading_of("\nWhere is it?\n-- \nAnn@mail.test").letter
    known = replace(ALLOWED, known_addresses=("ann@mail.test",))
    assert details_in(letter, known, (DetailKind.ADDRESS,)) == ()
    assert details_in(letter, ALLOWED, (DetailKind.ADDRESS,)) == ((DetailKind.ADDRESS, "the text"),)


@pytest.mark.parametrize("words", ["のメール", "님이", "的邮件"])
def test_an_alias_ends_where_words_without_a_space_begin(words: str) -> None:
    allowed = Allowed(domains=("marketplace.example",))
    assert not find_details(f"k3v9@marketplace.example{words}: ja", allowed, (DetailKind.ADDRESS,))
    for stranger in (
        f"bob@elsewhere.test{words}",
        f"bob@marketplace.example{words}.test",
        f"bob@marketplace.example{words} (dot) test",
    ):
        assert find_details(stranger, allowed, (DetailKind.ADDRESS,))
