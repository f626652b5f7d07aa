"""The rules and the verdict: an example of each; tests/properties/test_policy.py asks them over any facts."""

from dataclasses import replace

import pytest

from postern.model.authentication import Proof
from postern.model.contact_policy import DetailKind, Treatment, Treatments
from postern.model.refused_file import Danger, RefusedFile
from postern.model.relationship import Side
from postern.policy import reasons
from postern.policy.chain import judge
from postern.policy.facts import Facts
from postern.policy.verdict import Block, Deliver, Discard, Effect, Hold, Refuse, Verdict

GOOD = Facts(
    author=Side.BUYER,
    unreadable="",
    author_fields=1,
    author_mailboxes=1,
    author_has_address=True,
    author_proof=Proof.PROVED,
    author_is_of_pair=True,
    received_fields=3,
    received_maximum=50,
    attachments=1,
    attachments_maximum=20,
    attachment_bytes=1_000,
    attachment_bytes_maximum=10_000_000,
    refused_files=(),
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
        (replace(GOOD, author_proof=Proof.UNPROVED, author_is_of_pair=False), reasons.SENDER_NOT_PROVED),  # R16, R20
        (replace(GOOD, author_proof=Proof.UNPROVED, submitted=True), reasons.SIGNED_IN_AS_ANOTHER),  # R20
        (
            replace(GOOD, author_proof=Proof.UNPROVED, submitted=True, submitted_for_another=True),
            reasons.SIGNED_IN_FOR_ANOTHER,
        ),  # R20
        (replace(GOOD, author_proof=Proof.UNKNOWN_NOW, author_is_of_pair=False), reasons.SENDER_UNKNOWN_NOW),  # R16, R20
        (
            replace(GOOD, author=Side.SELLER, author_proof=Proof.UNPROVED, author_is_blocked=True),
            reasons.SENDER_NOT_PROVED,
        ),  # R20
        (replace(GOOD, author_is_of_pair=False), reasons.NOT_THE_BUYER),  # R16
        (replace(GOOD, author=Side.SELLER, author_is_of_pair=False), reasons.SENDER_NOT_REGISTERED),  # R20
        (replace(GOOD, author=Side.SELLER, author_is_blocked=True), reasons.SENDER_BLOCKED),  # R20
        (replace(GOOD, author=Side.SELLER, author_is_blocked=True, author_is_of_pair=False), reasons.SENDER_BLOCKED),  # R20
        (replace(GOOD, author_sells=True), reasons.SELLER_TO_SELLER),  # R26
        (replace(GOOD, author_sells=True, pair_has_order=True, pair_is_one_person=True), reasons.SELLER_TO_SELLER),  # R26
        (replace(GOOD, author=Side.SELLER, pair_is_one_person=True), reasons.SELLER_TO_SELLER),  # R26
        (replace(GOOD, author=Side.SELLER, used_today=600, daily_limit=600), reasons.DAILY_LIMIT_REACHED),  # R21
        (replace(GOOD, attachments=21), reasons.TOO_MANY_ATTACHMENTS),  # R23
        (replace(GOOD, attachment_bytes=10_000_001), reasons.ATTACHMENTS_TOO_LARGE),  # R23
    ],
)
def test_each_rule_refuses_what_it_is_there_for(facts: Facts, reason: reasons.Reason) -> None:
    verdict = judge(facts).verdict
    assert isinstance(verdict, Refuse)
    assert verdict.cause.reason is reason


@pytest.mark.parametrize(
    "facts, verdict",
    [
        (replace(GOOD, automatic_by="the subject"), Discard),
        (replace(GOOD, author=Side.SELLER, opted_out=True), Block),  # R8
        (replace(GOOD, messages_lately=20, messages_lately_maximum=20), Hold),
        (replace(GOOD, messages_lately=19, messages_lately_maximum=20), Deliver),
        (replace(GOOD, messages_lately=20, messages_lately_maximum=0), Deliver),  # nobody counts
        (replace(GOOD, author=Side.SELLER, used_today=599, daily_limit=600), Deliver),  # R21
        (replace(GOOD, author=Side.SELLER, opted_out=True, is_reply=True), Deliver),  # R9
        (replace(GOOD, author=Side.SELLER, opted_out=True, is_marked_important=True), Block),  # R10: there is no live order
        (replace(GOOD, author_sells=True, pair_has_order=True), Deliver),  # R26
        (replace(GOOD, outside_copies=2), Deliver),
    ],
)
def test_each_rule_that_refuses_nothing_does_what_it_is_there_for(facts: Facts, verdict: type[Verdict]) -> None:
    assert isinstance(judge(facts).verdict, verdict)


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
