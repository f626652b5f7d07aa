"""The rules over any facts at all: one verdict, the gravest; and no exception that skips another rule."""

from dataclasses import fields, replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from postern.model.authentication import Proof
from postern.model.contact_policy import DetailKind, Treatment, Treatments
from postern.model.contact_reason import ContactReason, Offer, Wording
from postern.model.content_rule import ContentKind, Recognised, Severity
from postern.model.refused_file import Danger, RefusedFile
from postern.model.relationship import Side
from postern.policy.chain import RULES, judge, judge_for_release, passed_by
from postern.policy.facts import Facts, Posting
from postern.policy.reasons import ALL, ALSO_SENT_OUTSIDE, BUYER_OPTED_OUT, Told
from postern.policy.rules.consent import EXCEPTIONS, must_be_wanted
from postern.policy.rules.misuse import must_not_be_misused
from postern.policy.rules.privacy import should_go_to_nobody_beside
from postern.policy.verdict import Block, Deliver, Discard, Effect, Hold, Refuse, Verdict

SMALL, EITHER, RARELY, MOSTLY = (0, 1, 2, 3), (False, True), (*[False] * 19, True), (*[True] * 19, False)
ONE, ENOUGH = (*[1] * 19, 0, 2), (*[3] * 19, 1)  # most mails are refused by no rule, so that the milder ones have their say
REASON = ContactReason("spare_parts", Side.SELLER, Wording("", "", ""), offer=Offer(order_needed=False))
POSTING = Posting(REASON, None, datetime(2026, 11, 23, tzinfo=UTC))
CRITICAL = replace(POSTING, reason=replace(REASON, critical=True))  # R10
CHOICES: dict[str, tuple[object, ...]] = {
    "author": tuple(Side),
    "unreadable": (*[""] * 19, "too deep"),
    "author_fields": ONE,
    "author_mailboxes": ONE,
    "author_has_address": MOSTLY,
    "author_proof": (*[Proof.PROVED] * 19, Proof.UNPROVED, Proof.UNKNOWN_NOW),
    "submitted": (False, False, False, True),
    "submitted_for_another": (False, False, False, True),
    "author_is_of_pair": MOSTLY,
    "received_fields": SMALL,
    "received_maximum": ENOUGH,
    "attachments": SMALL,
    "attachments_maximum": ENOUGH,
    "attachment_bytes": SMALL,
    "attachment_bytes_maximum": ENOUGH,
    "author_is_blocked": RARELY,
    "author_sells": RARELY,
    "pair_is_one_person": RARELY,
    "pair_has_order": EITHER,
    "report_infringement_url": ("", "https://shop.example/infringement"),
    "automatic_by": ("", "", "", "Precedence: auto_reply"),
    "messages_lately": SMALL,
    "messages_lately_maximum": SMALL,
    "used_today": SMALL,
    "daily_limit": (*[4] * 19, 1),
    "limit_resets_at": ("2026-11-23 23:00 UTC",),
    "opted_out": EITHER,
    "is_reply": EITHER,
    "is_marked_important": EITHER,
    "pair_has_live_order": EITHER,
    "about_customised_order": EITHER,
    "outside_copies": SMALL,
    "refused_files": (*[()] * 9, (RefusedFile("a.exe", Danger.PROGRAM),)),
    "contact_details": (*[()] * 4, ((DetailKind.PHONE, "the text"),)),
    "posting": (None, None, POSTING, CRITICAL, replace(POSTING, typed=(("message", "Hello."),)), replace(POSTING, reason=None)),
    "misuse": (
        *[()] * 8,
        (Recognised(ContentKind.DELAY, Severity.WARN),),
        (Recognised(ContentKind.PAID_REVIEW, Severity.REFUSE),),
    ),
    "told_by_us": (frozenset(), frozenset([ContentKind.DELAY])),
    "malware": (*[""] * 19, "Eicar-Signature"),
    "contact_treatments": tuple(Treatments(phone=one) for one in Treatment),
}


def facts_of(octets: bytes) -> Facts:
    """An octet chooses each fact: drawn in one go, which is ten times as fast as fact by fact."""
    chosen = {name: options[octet % len(options)] for (name, options), octet in zip(CHOICES.items(), octets, strict=True)}
    return Facts(**chosen)  # type: ignore[arg-type] # of the kinds above


FACTS = st.binary(min_size=len(CHOICES), max_size=len(CHOICES)).map(facts_of)
GRAVITY = {Effect.NOTE: 0, Effect.HOLD: 1, Effect.BLOCK: 2, Effect.DISCARD: 3, Effect.REFUSE: 4}
VERDICTS = {Effect.NOTE: Deliver, Effect.HOLD: Hold, Effect.BLOCK: Block, Effect.DISCARD: Discard, Effect.REFUSE: Refuse}


def how_grave(verdict: Verdict) -> int:
    return next(GRAVITY[effect] for effect, kind in VERDICTS.items() if isinstance(verdict, kind))


def test_every_fact_is_among_those_that_are_chosen() -> None:
    assert {one.name for one in fields(Facts)} == set(CHOICES)


@given(FACTS)
def test_every_rule_is_asked_and_the_gravest_effect_is_the_one_verdict_for_the_first_cause_in_the_chain(facts: Facts) -> None:
    judgement = judge(facts)
    found = tuple(finding for rule in RULES for finding in rule(facts))
    assert judgement.findings == found
    gravest = max((GRAVITY[finding.effect] for finding in found), default=0)
    assert how_grave(judgement.verdict) == gravest
    if not isinstance(judgement.verdict, Deliver):
        first = next(finding for finding in found if GRAVITY[finding.effect] == gravest)
        assert judgement.verdict.cause == first.cause


@given(FACTS)
def test_a_rule_finds_the_same_twice_and_only_what_the_catalogue_knows(facts: Facts) -> None:
    assert judge(facts) == judge(facts)
    for finding in judge(facts).findings:
        assert finding.cause.reason in ALL
        for sentence in (finding.cause.sentence("en"), finding.cause.remedy("en")):
            assert sentence
            assert "{" not in sentence


@given(FACTS)
def test_no_note_changes_a_verdict(facts: Facts) -> None:
    noted = judge(replace(facts, outside_copies=3))
    assert noted.verdict == judge(replace(facts, outside_copies=0)).verdict
    assert {one.effect for one in should_go_to_nobody_beside(replace(facts, outside_copies=3))} <= {Effect.NOTE}
    assert all(one.cause.reason is ALSO_SENT_OUTSIDE for one in should_go_to_nobody_beside(facts))


@given(FACTS)
def test_an_opt_out_never_lets_more_through(facts: Facts) -> None:
    """R8."""
    without, given_one = judge(replace(facts, opted_out=False)).verdict, judge(replace(facts, opted_out=True)).verdict
    assert how_grave(given_one) >= how_grave(without)
    if given_one != without:
        assert isinstance(given_one, Block if facts.posting is None else Refuse)  # R12: a page answers at once
        assert facts.author is Side.SELLER


@given(FACTS)
def test_a_reply_on_a_buyers_thread_is_never_blocked_by_an_opt_out(facts: Facts) -> None:
    """R9."""
    reply = replace(facts, is_reply=True)
    assert not isinstance(judge(replace(reply, opted_out=True)).verdict, Block)
    assert judge(replace(reply, opted_out=True)).verdict == judge(replace(reply, opted_out=False)).verdict


@given(FACTS)
def test_what_a_buyer_writes_meets_no_opt_out_and_no_limit(facts: Facts) -> None:
    """R8, R21."""
    written = replace(facts, author=Side.BUYER)
    assert judge(replace(written, opted_out=True, used_today=9)) == judge(replace(written, opted_out=False, used_today=0))


@given(FACTS)
def test_an_exception_to_the_opt_out_passes_nothing_but_the_opt_out(facts: Facts) -> None:
    """R10: replies and important messages meet the limit, the attachments and the loops like any other."""
    excepted = replace(facts, opted_out=True, is_reply=True, is_marked_important=True, about_customised_order=True)
    for rule in RULES:
        if rule not in {must_be_wanted, must_not_be_misused}:  # the next two tests
            assert rule(excepted) == rule(replace(facts, opted_out=False, is_reply=False))


@given(FACTS)
def test_a_mail_that_says_important_is_never_stopped_for_what_it_seems_to_be(facts: Facts) -> None:
    """R10, R11: a warning, never a block."""
    mail = replace(facts, is_marked_important=True, posting=None)
    assert {finding.effect for finding in must_not_be_misused(mail)} <= {Effect.NOTE}
    assert judge(mail).verdict == judge(replace(mail, misuse=())).verdict


@given(FACTS)
def test_what_is_never_critical_passes_no_opt_out_by_a_critical_reason(facts: Facts) -> None:
    """R11: whatever reason the sender chooses."""
    chosen = replace(facts, author=Side.SELLER, posting=CRITICAL, opted_out=True, about_customised_order=False, is_reply=False)
    if chosen.misuse:
        assert isinstance(judge(chosen).verdict, Refuse)


@given(FACTS)
def test_important_is_counted_only_where_nothing_else_let_the_message_pass(facts: Facts) -> None:
    """R10: each use is counted; a use that was not needed is none."""
    passed = passed_by(judge(facts))
    if facts.author is Side.BUYER or not facts.opted_out:
        assert passed == ""
    elif facts.is_reply:
        assert passed == "reply"
    elif facts.about_customised_order:
        assert passed == "customised"
    elif facts.posting and facts.posting.reason and facts.posting.reason.critical:
        assert passed == "critical_reason"
    elif facts.is_marked_important and facts.pair_has_live_order:
        assert passed == "important"
    else:
        assert passed == ""
    assert passed in {"", *(reason.code for reason, _ in EXCEPTIONS)}


@given(FACTS)
def test_nobody_passes_but_the_one_author_whom_the_alias_names(facts: Facts) -> None:
    """R16, R20, R26: the alias decides who writes."""
    if not isinstance(judge(facts).verdict, Refuse):
        assert facts.author_is_of_pair
        assert facts.author_proof is Proof.PROVED
        assert facts.author_fields == facts.author_mailboxes == 1
        assert not facts.pair_is_one_person
        assert facts.author is Side.BUYER or not facts.author_is_blocked


@given(FACTS)
def test_a_robot_meets_no_daily_limit_and_is_never_told_of_a_copy_or_an_opt_out(facts: Facts) -> None:
    """R21; telling a robot feeds a loop."""
    verdict = judge(replace(facts, automatic_by="Auto-Submitted: auto-replied")).verdict
    assert isinstance(verdict, Discard | Refuse)
    if isinstance(verdict, Discard):
        assert verdict.cause.reason.told is Told.NOT_AT_ALL
    assert not should_go_to_nobody_beside(replace(facts, automatic_by="Auto-Submitted: auto-replied"))


@given(FACTS)
def test_a_persons_release_overrules_a_hold_and_nothing_else(facts: Facts) -> None:
    judged, released = judge(facts), judge_for_release(facts)
    assert released.findings == judged.findings
    assert released.verdict == (Deliver() if isinstance(judged.verdict, Hold) else judged.verdict)


@given(FACTS)
def test_a_block_says_which_of_the_two_it_was(facts: Facts) -> None:
    """R12: only the opt-out blocks."""
    verdict = judge(facts).verdict
    if isinstance(verdict, Block):
        assert verdict.cause.reason is BUYER_OPTED_OUT
        assert facts.opted_out
