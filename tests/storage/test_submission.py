"""Secrets with which a seller's mail programs sign in, and what a mail is that was sent so (R20)."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from postern.actions.erase_person import Erased, erase_person
from postern.actions.issue_secrets import Enough, MayNotWrite, NewSecret, create_secret, list_secrets_of, revoke_secret
from postern.actions.name_person import find_correspondent_with
from postern.actions.receive_mail import Prepared
from postern.actions.sign_in_to_send import NOTED_EVERY, Credentials, note_sign_in, sign_in
from postern.errors import NotFoundError
from postern.model.address import Address
from postern.model.authentication import Authentication
from postern.model.envelope import Mail
from postern.model.identifier import new_id
from postern.model.limits import Limits
from postern.model.submission import SignedIn
from postern.storage import schema
from tests.neighbours import with_limits
from tests.people import ACME, ANN, BOLT, Town, also_to
from tests.permitting import add, block, decided, permit, remove, seller_named, unblock
from tests.told import entries, states

NEW = Address.parse("new@acme.test")


def make(town: Town, address: Address = ACME, seller: str = "acme") -> NewSecret:
    made = create_secret(town.store, town.frame, seller_named(town, seller), address, decided(town))
    assert isinstance(made, NewSecret)
    return made


def enter(town: Town, name: str, secret: str) -> SignedIn | None:
    """As whom this name and this secret let in."""
    with town.store.look() as look:
        found = sign_in(look, Credentials(name, secret))
    return found[0] if found else None


def submitted(mail: Mail, address: Address = ACME, seller_id: int = 1) -> Mail:
    """The same mail, by somebody who signed in."""
    return replace(mail, authentication=Authentication.by_signing_in(SignedIn(address, seller_id)))


def code_of(prepared: Prepared) -> str:
    return prepared.refusal.reason.code if prepared.refusal else "taken"


# ---- Secrets


def test_a_secret_lets_in_with_its_address_in_any_case_and_with_nothing_else(town: Town) -> None:
    secret = make(town).secret
    permit(town, NEW)
    assert enter(town, "help@acme.test", secret) == SignedIn(ACME, 1)
    assert enter(town, "HELP@Acme.Test", secret.upper().replace("-", " ")) is not None
    for name, typed in (
        ("new@acme.test", secret),  # of the same seller
        ("shop@bolt.test", secret),
        ("nobody@acme.test", secret),
        ("", secret),
        ("no address", secret),
        ("help@acme.test\r\n", secret),
        ("help@acme.test", ""),
        ("help@acme.test", secret[:-1]),
        ("help@acme.test", f"{secret}a"),
        ("help@acme.test", "\ud800 \x00"),
    ):
        assert enter(town, name, typed) is None


def test_only_an_address_that_may_write_has_secrets_and_only_while_it_may(town: Town) -> None:
    """R20."""
    acme = seller_named(town)
    assert create_secret(town.store, town.frame, acme, NEW, decided(town)) == MayNotWrite()
    add(town, NEW)
    assert create_secret(town.store, town.frame, acme, NEW, decided(town)) == MayNotWrite()
    town.deliver()
    remove(town, NEW)
    permit(town, NEW)
    secret = make(town, NEW).secret
    assert enter(town, "new@acme.test", secret)
    block(town, NEW)
    assert create_secret(town.store, town.frame, acme, NEW, decided(town)) == MayNotWrite()
    assert enter(town, "new@acme.test", secret) is None
    unblock(town, NEW)
    assert enter(town, "new@acme.test", secret) is None
    add(town, NEW)
    assert enter(town, "new@acme.test", secret)
    remove(town, NEW)
    permit(town, NEW)
    assert enter(town, "new@acme.test", secret) is None


def test_secrets_are_listed_without_themselves_and_end_when_they_are_revoked(town: Town) -> None:
    acme = seller_named(town)
    first, second = make(town), make(town)
    with town.store.look() as look:
        listed = list_secrets_of(look, acme)
    assert [(one.id, one.address, one.shown, one.used_at) for one in listed] == [
        (made.kept.id, ACME, made.secret[:4], None) for made in (first, second)
    ]
    assert first.secret not in repr(first)
    revoke_secret(town.store, acme, first.kept.id, decided(town))
    assert enter(town, "help@acme.test", first.secret) is None
    assert enter(town, "help@acme.test", second.secret)
    for seller, secret_id in ((acme, first.kept.id), (acme, new_id()), (seller_named(town, "bolt"), second.kept.id)):
        with pytest.raises(NotFoundError):
            revoke_secret(town.store, seller, secret_id, decided(town))
    assert enter(town, "help@acme.test", second.secret)


def test_an_address_has_so_many_secrets_and_no_more(town: Town) -> None:
    """`submission_secrets`."""
    small = with_limits(town, Limits(submission_secrets=2))
    make(small)
    make(small)
    assert create_secret(small.store, small.frame, seller_named(town), ACME, decided(town)) == Enough(2)
    make(small, BOLT, "bolt")


def test_the_store_keeps_no_secret_and_the_record_names_neither_it_nor_the_address(town: Town) -> None:
    made = make(town)
    revoke_secret(town.store, seller_named(town), make(town).kept.id, decided(town))
    letters = made.secret.replace("-", "")
    with town.store.look() as look:
        rows = look.connection.execute(select(schema.submission_secret)).mappings().all()
    assert letters not in str(rows)
    assert len(rows[0]["digest"]) == 16
    told = entries(town)
    assert [kind for kind, _ in told] == ["submission-secret-made", "submission-secret-made", "submission-secret-revoked"]
    assert "acme.test" not in str(told)
    assert letters not in str(told)


def test_the_last_use_is_remembered_to_the_hour(town: Town) -> None:
    secret = make(town).secret

    def use() -> None:
        with town.store.look() as look:
            found = sign_in(look, Credentials("help@acme.test", secret))
        assert found
        note_sign_in(town.store, found[1], town.clock.now())
        town.store.write(lambda _: None).result()  # nobody waits for the note; it is written by now

    def used_at() -> object:
        with town.store.look() as look:
            return look.connection.execute(select(schema.submission_secret.c.used_at)).scalar_one()

    use()
    began_at = town.clock.now()
    town.clock.advance(NOTED_EVERY / 2)
    use()
    assert used_at() == began_at
    town.clock.advance(NOTED_EVERY)
    use()
    assert used_at() == town.clock.now()


def test_secrets_go_with_the_person(town: Town) -> None:
    permit(town, NEW)
    secret = make(town, NEW).secret
    with town.store.look() as look:
        person_id = find_correspondent_with(look, "new@acme.test")
    assert isinstance(erase_person(town.store, town.clock, person_id), Erased)
    assert enter(town, "new@acme.test", secret) is None
    with town.store.look() as look:
        assert look.connection.execute(select(schema.submission_secret)).all() == []


# ---- Mails that were submitted


def test_a_mail_from_the_address_that_signed_in_goes_the_way_of_every_mail(town: Town) -> None:
    """R20."""
    assert code_of(town.receive(submitted(town.from_acme("By my mail program")))) == "taken"
    assert [one.recipient for one in town.deliver()] == ["ann@mail.test"]
    assert [values["authentication"] for kind, values in entries(town) if kind == "mail-accepted"] == ["submission"]


def test_a_mail_from_another_address_than_the_one_that_signed_in_is_refused(town: Town) -> None:
    """R20: even from one that is registered for the same seller."""
    permit(town, NEW)
    refused = town.receive(submitted(town.mail(NEW, town.pair.buyer_alias, "From my colleague")))
    assert code_of(refused) == "signed_in_as_another"
    assert code_of(town.receive(submitted(town.from_acme(From="<help@acme.test>, <new@acme.test>")))) == "no_single_author"
    assert states(town) == []


def test_a_secret_writes_for_its_own_seller_alone(town: Town) -> None:
    """R20: one address may serve several sellers; whoever got a secret from one of them does not write for the other."""
    permit(town, ACME, "bolt")
    for_bolt = town.mail(ACME, town.bolt_pair.buyer_alias, "For Bolt")
    assert code_of(town.receive(submitted(for_bolt))) == "signed_in_for_another"
    assert code_of(town.receive(submitted(for_bolt, seller_id=2))) == "taken"
    assert code_of(town.receive(submitted(for_bolt))) == "signed_in_for_another"  # a repeat tells no more
    both = submitted(also_to(town.from_acme("To both"), town.bolt_pair.buyer_alias))
    assert code_of(town.receive(both)) == "taken"
    assert states(town) == ["queued", "queued"]


def test_nobody_writes_as_a_buyer_by_a_sellers_secret(town: Town) -> None:
    """R16, R26."""
    assert code_of(town.receive(submitted(town.from_ann(), ANN))) == "signed_in_for_another"
    as_buyer = town.mail(ACME, town.bolt_pair.seller_alias, "I would like to buy")
    assert code_of(town.receive(submitted(as_buyer))) == "signed_in_for_another"


def test_an_address_that_was_blocked_since_it_signed_in_is_refused(town: Town) -> None:
    block(town, ACME)
    assert code_of(town.receive(submitted(town.from_acme()))) == "sender_blocked"


def test_a_refused_submission_is_no_attempt_of_anybody(town: Town) -> None:
    """R20: the list is for those who wrote themselves."""
    town.receive(submitted(town.mail(NEW, town.pair.buyer_alias, "Not me")))
    with town.store.look() as look:
        assert look.connection.execute(select(schema.sender_attempt)).all() == []
