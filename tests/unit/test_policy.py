"""The rules and the verdict: pure functions over facts."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postern.model.contact_policy import DetailKind, Treatment, Treatments
from postern.model.refused_file import Danger, RefusedFile
from postern.model.relationship import Side
from postern.policy import reasons
from postern.policy.chain import RULES, judge
from postern.policy.facts import Facts
from postern.policy.verdict import Deliver, Effect, Hold, Refuse

GOOD = Facts(
    author=Side.BUYER,
    unreadable="",
    author_fields=1,
    author_mailboxes=1,
    author_has_address=True,
    author_is_of_pair=True,
    received_fields=3,
    received_maximum=50,
    attachments=1,
    attachments_maximum=20,
    attachment_bytes=1_000,
    attachment_bytes_maximum=10_000_000,
    refused_files=(),
)
FACTS = st.builds(
    Facts,
    author=st.sampled_from(Side),
    unreadable=st.sampled_from(["", "too deep"]),
    author_fields=st.integers(0, 3),
    author_mailboxes=st.integers(0, 3),
    author_has_address=st.booleans(),
    author_is_of_pair=st.booleans(),
    received_fields=st.integers(0, 100),
    received_maximum=st.integers(0, 100),
    attachments=st.integers(0, 30),
    attachments_maximum=st.integers(0, 30),
    attachment_bytes=st.integers(0, 100),
    attachment_bytes_maximum=st.integers(0, 100),
    refused_files=st.lists(st.builds(RefusedFile, st.sampled_from(["", "a.exe"]), st.sampled_from(Danger)), max_size=2).map(
        tuple
    ),
)


@pytest.mark.parametrize("side", Side)
def test_a_plain_mail_of_the_pair_passes(side: Side) -> None:
    judgement = judge(replace(GOOD, author=side))
    assert judgement.verdict == Deliver()
    assert judgement.findings == ()


@pytest.mark.parametrize(
    "facts, reason",
    [
        (replace(GOOD, unreadable="too deep"), reasons.UNREADABLE),
        (replace(GOOD, received_fields=51), reasons.LOOP),
        (replace(GOOD, author_fields=2), reasons.NO_SINGLE_AUTHOR),
        (replace(GOOD, author_fields=0, author_mailboxes=0, author_has_address=False), reasons.NO_SINGLE_AUTHOR),
        (replace(GOOD, author_mailboxes=2), reasons.NO_SINGLE_AUTHOR),
        (replace(GOOD, author_has_address=False), reasons.NO_SINGLE_AUTHOR),
        (replace(GOOD, author_is_of_pair=False), reasons.NOT_THE_BUYER),  # R16
        (replace(GOOD, author=Side.SELLER, author_is_of_pair=False), reasons.SENDER_NOT_REGISTERED),  # R20
        (replace(GOOD, attachments=21), reasons.TOO_MANY_ATTACHMENTS),  # R23
        (replace(GOOD, attachment_bytes=10_000_001), reasons.ATTACHMENTS_TOO_LARGE),  # R23
    ],
)
def test_each_rule_refuses_what_it_is_there_for(facts: Facts, reason: reasons.Reason) -> None:
    assert judge(facts).verdict == Refuse(reasons.Cause(reason))


@pytest.mark.parametrize("danger", Danger)
def test_a_refused_file_is_named_in_the_reason(danger: Danger) -> None:
    cause = refusal_of(replace(GOOD, refused_files=(RefusedFile("invoice.exe", danger), RefusedFile("other", Danger.BOMB))))
    assert ("invoice.exe" in cause.sentence("en")) == (danger is not Danger.ENCRYPTED_MAIL)
    assert cause.remedy("en")


def test_a_refused_file_without_a_name_is_called_so() -> None:
    cause = refusal_of(replace(GOOD, refused_files=(RefusedFile("", Danger.PROGRAM),)))
    assert "file without a name is" in cause.sentence("en")


def refusal_of(facts: Facts) -> reasons.Cause:
    verdict = judge(facts).verdict
    assert isinstance(verdict, Refuse)
    return verdict.cause


def test_a_mail_at_the_maximum_is_not_looping() -> None:
    assert judge(replace(GOOD, received_fields=50)).verdict == Deliver()


def test_two_authors_are_nobody_even_if_one_of_them_is_of_the_pair() -> None:
    assert judge(replace(GOOD, author_mailboxes=2, author_is_of_pair=True)).verdict == Refuse(
        reasons.Cause(reasons.NO_SINGLE_AUTHOR)
    )


@given(FACTS)
def test_every_rule_is_asked_and_the_first_refusal_in_the_chain_is_the_one_told(facts: Facts) -> None:
    judgement = judge(facts)
    found = tuple(finding for rule in RULES for finding in rule(facts))
    assert judgement.findings == found
    assert judgement.verdict == (Refuse(found[0].cause) if found else Deliver())


@given(FACTS)
def test_nobody_passes_but_the_one_author_whom_the_alias_names(facts: Facts) -> None:
    """R16, R20, R26: the alias decides who writes."""
    if judge(facts).verdict == Deliver():
        assert facts.author_is_of_pair
        assert facts.author_fields == facts.author_mailboxes == 1


@pytest.mark.parametrize("reason", reasons.ALL, ids=lambda reason: reason.code)
def test_every_reason_says_what_happened_and_what_to_do_in_its_class(reason: reasons.Reason) -> None:
    assert reason.enhanced[0] == str(reason.status)[0]  # RFC 2034 4: the classes must agree
    assert reason.sentence.endswith(".")
    assert reason.remedy.endswith(".")
    assert reason.sentence.isascii()
    assert reason.remedy.isascii()


def test_no_two_reasons_share_a_code_and_none_is_left_off_the_list() -> None:
    codes = [reason.code for reason in reasons.ALL]
    assert len(set(codes)) == len(codes)
    named = {value for value in vars(reasons).values() if isinstance(value, reasons.Reason)}
    assert named == set(reasons.ALL)


@pytest.mark.parametrize(
    "treatment, verdict, effects",
    [
        (Treatment.PASS, Deliver, []),
        (Treatment.MASK, Deliver, []),
        (Treatment.WARN, Deliver, [Effect.NOTE]),
        (Treatment.HOLD, Hold, [Effect.HOLD]),
        (Treatment.REFUSE, Refuse, [Effect.REFUSE]),
    ],
)
def test_a_typed_contact_detail_is_treated_as_the_marketplace_says(
    treatment: Treatment, verdict: type, effects: list[Effect]
) -> None:
    facts = replace(
        GOOD,
        contact_details=((DetailKind.PHONE, "the text"),),
        contact_treatments=Treatments(phone=treatment, address=Treatment.REFUSE),
    )
    judgement = judge(facts)
    assert isinstance(judgement.verdict, verdict)
    assert [(finding.effect, finding.place) for finding in judgement.findings] == [(effect, "the text") for effect in effects]
    assert all("a phone number" in finding.cause.sentence("en") for finding in judgement.findings)
