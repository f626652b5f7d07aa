"""R16, R20: header From counts only where it is proved; what each rule does with it is in tests/unit/test_policy.py."""

from dataclasses import replace

import pytest

from postern.actions.decide_held import NotReleasedError, list_waiting, release
from postern.actions.hold_unread import hold_unread
from postern.model.authentication import Aligned, Authentication, Check, Mode, Proof, Result
from postern.model.envelope import Mail
from postern.model.submission import SignedIn
from postern.policy.reasons import SENDER_NOT_PROVED, SENDER_UNKNOWN_NOW
from postern.storage.change import Kept
from tests.people import ACME, ANN, MALLORY, Town, also_to
from tests.told import column, states

DKIM, SPF = Check("dkim", Result.PASS, Aligned.YES, "acme.test"), Check("spf", Result.PASS, Aligned.YES, "acme.test")


def found(mail: Mail, *checks: Check, domain: str = "acme.test") -> Mail:
    """The mail with what its checks came to."""
    return replace(mail, authentication=Authentication(Mode.ENFORCE, domain, checks))


@pytest.mark.parametrize(
    "checks, proof",
    [
        ((DKIM,), Proof.PROVED),
        ((SPF,), Proof.PROVED),
        ((replace(SPF, result=Result.FAIL), DKIM), Proof.PROVED),  # forwarded
        ((replace(SPF, result=Result.TEMPERROR), DKIM), Proof.PROVED),
        ((), Proof.UNPROVED),
        ((replace(SPF, result=Result.FAIL), replace(DKIM, result=Result.PERMERROR)), Proof.UNPROVED),
        ((replace(SPF, aligned=Aligned.NO), replace(DKIM, aligned=Aligned.NO)), Proof.UNPROVED),
        ((replace(DKIM, result=Result.POLICY),), Proof.UNPROVED),
        ((replace(SPF, result=Result.SOFTFAIL),), Proof.UNPROVED),
        ((replace(SPF, result=Result.TEMPERROR),), Proof.UNKNOWN_NOW),
        ((replace(DKIM, result=Result.TEMPERROR, aligned=Aligned.UNKNOWN_NOW),), Proof.UNKNOWN_NOW),
        ((replace(DKIM, aligned=Aligned.UNKNOWN_NOW),), Proof.UNKNOWN_NOW),
        ((replace(SPF, result=Result.TEMPERROR, aligned=Aligned.NO),), Proof.UNPROVED),  # it could not have helped
    ],
)
def test_an_aligned_pass_proves_and_nothing_else_does(checks: tuple[Check, ...], proof: Proof) -> None:
    assert Authentication(Mode.ENFORCE, "acme.test", checks).proof_of(ACME) is proof


def test_proof_for_one_domain_is_none_for_another() -> None:
    assert Authentication(Mode.ENFORCE, "acme.test", (DKIM,)).proof_of(ANN) is Proof.UNPROVED


def test_whoever_signed_in_is_proved_as_that_address_alone() -> None:
    authentication = Authentication.by_signing_in(SignedIn(ACME, 1))
    assert authentication.proof_of(ACME) is Proof.PROVED
    assert authentication.proof_of(ANN) is Proof.UNPROVED
    assert Authentication(Mode.SUBMISSION).proof_of(ACME) is Proof.UNPROVED


def test_a_registered_address_that_is_not_proved_is_refused(town: Town) -> None:
    """R20: and nothing of the mail is kept."""
    refused = town.receive(found(town.from_acme()))
    assert refused.refusal
    assert refused.refusal.reason is SENDER_NOT_PROVED
    assert states(town) == []


def test_a_proved_one_passes(town: Town) -> None:
    assert town.receive(found(town.from_acme(), DKIM)).queued
    assert town.receive(found(town.from_ann(), replace(SPF, domain="mail.test"), domain="mail.test")).queued  # R16


def test_a_failing_name_server_puts_a_mail_off_and_never_lets_it_pass(town: Town) -> None:
    put_off = town.receive(found(town.from_acme(), replace(SPF, result=Result.TEMPERROR)))
    assert put_off.refusal
    assert put_off.refusal.reason is SENDER_UNKNOWN_NOW
    assert put_off.refusal.reason.status == 451
    assert states(town) == []


def test_a_mail_that_is_put_off_is_taken_for_none_of_its_recipients(town: Town) -> None:
    """Else it would be answered 250, and never come again for the alias."""
    mail = also_to(found(town.from_acme(), replace(SPF, result=Result.TEMPERROR)), "postmaster@marketplace.example")
    put_off = town.receive(mail)
    assert put_off.refusal
    assert put_off.refusal.reason is SENDER_UNKNOWN_NOW
    assert not put_off.queued


def test_of_a_mail_that_proves_nothing_nobody_is_told_by_mail(town: Town) -> None:
    """Others in it were taken, so it is answered 250; but a notice would go to somebody who may not have written it."""
    town.receive(also_to(found(town.from_acme()), "postmaster@marketplace.example"))
    assert states(town) == []
    assert town.deliver() == []


def test_an_attempt_is_listed_only_of_an_address_that_is_proved(town: Town) -> None:
    """R20: so a forger fills no list, and no carrier's name gets in by a lie."""
    mallory = town.mail(MALLORY, town.pair.buyer_alias, "Where is it?")
    town.receive(found(mallory, domain=MALLORY.domain))
    assert column(town, "sender_attempt", "seller_id") == []
    town.receive(found(mallory, DKIM, domain=MALLORY.domain))
    assert column(town, "sender_attempt", "seller_id") == [1]


def test_whoever_claims_an_address_learns_nothing_of_it(town: Town) -> None:
    """R16: one reply, whether the address is registered, unknown, blocked or the buyer's."""
    claims = [found(town.mail(one, town.pair.buyer_alias, "Hello"), domain=one.domain) for one in (ACME, ANN, MALLORY)]
    assert {town.receive(one).refusal for one in claims} == {town.receive(found(town.from_acme())).refusal}


def test_a_mail_that_nobody_could_read_is_not_released_where_proof_is_asked_for(town: Town) -> None:
    mail = replace(town.from_acme(), authentication=Authentication(Mode.ENFORCE))
    with town.store.look() as look:
        prepared = hold_unread(look, town.frame, mail)
    assert town.store.keep(prepared.change).result() == Kept()
    with town.store.look() as look:
        (waiting,) = list_waiting(look, town.frame, town.clock.now())
    with pytest.raises(NotReleasedError, match="Nothing proves"):
        release(town.store, town.frame, waiting.message, town.clock.now(), "operator")
