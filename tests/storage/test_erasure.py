"""A person who asks to be forgotten is; whoever asked to keep something for a claim is heard first; and the chain stays whole."""

import io
import json
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from postern.actions import erase_person as erase_person_module
from postern.actions.erase_person import Erased, Needed, Outcome, Waiting, erase_person, run_erasures
from postern.actions.explain import explain, find_messages
from postern.actions.find_aliases import find_aliases
from postern.actions.find_recipient import Refused, find_recipient
from postern.actions.import_feed import import_feed, read_feed
from postern.actions.name_person import find_buyer_or_person, find_correspondent_with
from postern.actions.place_legal_hold import Named, place_hold, release_hold
from postern.actions.report_message import Report, report_message
from postern.errors import NotFoundError
from postern.mail.return_path import make_return_path
from postern.mail.tokens import LinkTarget
from postern.model.address import Address
from postern.model.delivery import Deferred
from postern.model.identifier import show
from postern.model.relationship import Side
from postern.model.remark import Door
from postern.model.report import ReportReason
from postern.storage import schema
from postern.storage.journal import find_entry
from postern.storage.people import find_buyers_named
from postern.storage.store import Store, Transaction
from tests.canaries import (
    everything_that_opens,
    files_under,
    places_with,
    rows_about,
    settle_postgresql,
    spellings,
    write_over_postgresqls_log,
)
from tests.cluster import running_cluster
from tests.people import ANN, BOLT, MALLORY, ON_SQLITE, ORDER, Town
from tests.people import town as found_town

SUBJECT, BODY = "Quetzalcoatlus", "Tatzelwurm"
CANARIES = ("ann@mail.test", "Ann Example", SUBJECT, BODY)


def erase(town: Town, person_id: UUID | None = None) -> Outcome:
    return erase_person(town.store, town.clock, person_id or town.pair.buyer_id)


def live(town: Town) -> None:
    """All that a buyer leaves behind: letters both ways, large and small, quoted, held up, refused, reported, bounced."""
    town.receive(town.from_ann(f"{BODY}, yours, Ann Example, ann@mail.test", Subject=SUBJECT))
    town.receive(town.from_ann(f"{BODY}\n" * 10_000, Subject=SUBJECT))
    town.receive(town.from_acme(f"Dear Ann Example,\n> {BODY}", Subject=f"Re: {SUBJECT} {ORDER}"))
    town.receive(town.mail(BOLT, town.bolt_pair.buyer_alias, f"Dear Ann Example, {BODY}"))
    town.deliver()
    town.receive(town.mail(ANN, town.bolt_pair.buyer_alias, BODY))  # refused: she is not a seller
    town.receive(town.mail(ANN, "postmaster@marketplace.example", f"{BODY}, ann@mail.test"))
    report_of_failure(town)
    with town.store.look() as look:
        by_acme = (
            look.connection.execute(select(schema.message.c.id).where(schema.message.c.author == "seller")).scalars().first()
        )
    assert by_acme
    report = Report(ReportReason.OTHER, f"{BODY}, says Ann Example")
    report_message(town.store, town.frame, LinkTarget(by_acme, Side.BUYER), report, Door.MAIL_LINK, town.clock.now())
    town.receive(town.from_ann(f"{BODY} and this one waits"))


def report_of_failure(town: Town) -> None:
    """A next hop tells that Ann's mailbox is full, and names it."""
    with town.store.look() as look:
        message_id = (
            look.connection.execute(select(schema.message.c.id).where(schema.message.c.author == "seller")).scalars().first()
        )
    assert message_id
    expires_at = town.clock.now() + timedelta(days=9)
    back = make_return_path(town.frame.keyring, message_id, expires_at, "marketplace.example")
    town.receive(town.mail(MALLORY, back, f"Final-Recipient: rfc822; ann@mail.test\n{BODY}"))


def traces(town: Town) -> dict[str, bytes]:
    """What stands open in the files of a store and belongs to Ann, beside her words."""
    found = rows_about(town.store, town.pair.buyer_id)
    with town.store.look() as look:
        keys = look.connection.execute(select(schema.relationship.c.wrapped_key)).scalars().all()
        marks = look.connection.execute(select(schema.message.c.their_id_mark)).scalars().all()
    found |= {f"key {number}": bytes(key or b"") for number, key in enumerate(keys)}
    found |= {f"mark {number}": bytes(mark) for number, mark in enumerate(marks) if mark}
    return found | {"who was refused": town.store.vault.mark_address(ANN).hex().encode(), "order": ORDER.encode()}


def digests(store: Store) -> dict[UUID, bytes]:
    with store.look() as look:
        return {row[0]: bytes(row[1]) for row in look.connection.execute(select(schema.journal.c.id, schema.journal.c.digest))}


def files_of(town: Town, folder: Path) -> dict[str, bytes]:
    folders = [folder] if town.store_url.startswith("sqlite") else [folder, settle_postgresql(town.store_url)]
    return files_under(*folders)


def test_of_an_erased_buyer_no_trace_is_left_in_any_file_and_no_word_in_anything_that_opens(town: Town, tmp_path: Path) -> None:
    # J-04
    live(town)
    before = traces(town)
    assert all(one in everything_that_opens(town.store) for one in (BODY.lower().encode(), b"ann example"))
    seen = {needle for _, needle in places_with(files_of(town, tmp_path), before.values())}
    assert seen == set(before.values()), "the search finds what is there"

    assert isinstance(erase(town), Erased)

    opened = everything_that_opens(town.store)
    assert not [secret for secret in CANARIES if secret.lower().encode() in opened]
    needles = [*before.values(), *(one for secret in CANARIES for one in spellings(secret))]
    assert places_with(files_of(town, tmp_path), needles) == set()
    assert not [path for path in tmp_path.rglob("blobs/*/*") if path.is_file()]


def test_postgresqls_log_holds_no_trace_once_each_of_its_segments_was_written_over(tmp_path: Path) -> None:
    """On a server of its own, whose every file is searched: tables, logs, and what the server writes down of itself."""
    with running_cluster() as cluster, cluster.fresh_database() as url, found_town(url, tmp_path) as town:
        live(town)
        before = traces(town)
        assert isinstance(erase(town), Erased)
        server = settle_postgresql(url).parents[1]
        needles = [*before.values(), *(one for secret in CANARIES for one in spellings(secret))]
        assert places_with(files_under(server / "pg_wal"), needles), "the log remembers"
        assert write_over_postgresqls_log(url) == server
        assert places_with(files_under(server.parent), needles) == set()


def test_every_entry_keeps_its_digest_and_verifies_with_what_is_left(town: Town) -> None:
    live(town)
    before = digests(town.store)
    erase(town)
    after = digests(town.store)
    assert before.items() <= after.items()
    with town.store.look() as look:
        entries = [find_entry(look, entry_id) for entry_id in after]
    assert {entry.id: entry.digest() for entry in entries if entry} == after
    withheld = {field.name for entry in entries if entry for field in entry.fields if field.withheld}
    kept = {field.name for entry in entries if entry for field in entry.fields if not field.withheld}
    assert {"order", "who", "digest", "reply"} <= withheld
    assert {"original", "relayed", "size", "verdict"} <= kept


def test_the_aliases_of_an_erased_buyer_answer_550_for_ever_and_are_never_given_out_again(town: Town) -> None:  # R2
    erase(town)
    with town.store.look() as look:
        for pair in (town.pair, town.bolt_pair):
            for address in (pair.buyer_alias, pair.seller_alias):
                answer = find_recipient(look, town.frame, address, town.clock.now())
                assert isinstance(answer, Refused)
                assert answer.cause.reason.status == 550
        assert look.connection.execute(select(func.count()).select_from(schema.alias)).scalar_one() == 4


@ON_SQLITE
def test_a_buyer_who_comes_back_with_the_feed_is_a_new_person_with_new_aliases(town: Town) -> None:
    live(town)
    erase(town)
    line = {
        "kind": "buyer",
        "id": "ann",
        "marketplace": "de",
        "name": "Ann Example",
        "address": "ann@mail.test",
        "opted_out": False,
    }
    with closing(read_feed(town.store, "feed.jsonl", io.BytesIO(json.dumps(line).encode()))) as feed:
        import_feed(town.store, feed)
    with town.store.look() as look:
        person_id = find_buyers_named(look, "ann")["de"]
    assert person_id != town.pair.buyer_id
    again = find_aliases(town.store, town.clock, "acme", "ann")
    assert {again.buyer_alias, again.seller_alias}.isdisjoint({town.pair.buyer_alias, town.pair.seller_alias})


@ON_SQLITE
def test_what_waited_for_an_erased_buyer_is_never_sent(town: Town) -> None:
    town.receive(town.from_acme(BODY))
    town.receive(town.from_ann(BODY))
    town.deliver(Deferred(451, "4.2.0", "later"))
    erase(town)
    town.clock.advance(timedelta(days=1))
    assert town.deliver() == []


@ON_SQLITE
def test_a_failure_report_that_comes_after_the_erasure_is_not_kept(town: Town) -> None:
    town.receive(town.from_acme(BODY))
    town.deliver()
    erase(town)
    report_of_failure(town)
    assert b"ann@mail.test" not in everything_that_opens(town.store)
    with town.store.look() as look:
        assert "house-mail-not-kept" in look.connection.execute(select(schema.journal.c.kind)).scalars().all()


@ON_SQLITE
def test_an_erased_message_still_explains_itself_as_far_as_it_may(town: Town) -> None:
    town.receive(town.from_ann(BODY, Subject=SUBJECT))
    with town.store.look() as look:
        message_id = look.connection.execute(select(schema.message.c.id)).scalar_one()
    erase(town)
    with town.store.look() as look:
        (message,) = find_messages(look, show("msg", message_id))
        story = "\n".join(explain(look, message))
    assert "erased" in story
    assert "withheld" in story


def test_somebody_who_wrote_for_a_seller_is_forgotten_and_what_the_buyer_got_stays(town: Town, tmp_path: Path) -> None:
    town.receive(town.from_acme(f"{BODY}, from help@acme.test"))
    town.deliver()
    with town.store.look() as look:
        person_id = find_correspondent_with(look, "help@acme.test")
    assert erase(town, person_id) == Needed(("acme",))
    town.store.write(lambda transaction: give_another_address(transaction, person_id)).result()
    before = rows_about(town.store, person_id)

    assert isinstance(erase(town, person_id), Erased)

    opened = everything_that_opens(town.store)
    assert b"help@acme.test" not in opened
    assert BODY.lower().encode() in opened
    assert places_with(files_of(town, tmp_path), [*before.values(), *spellings("help@acme.test")]) == set()
    assert town.judge(town.from_acme("again")).refusal is not None
    with town.store.look() as look, pytest.raises(NotFoundError):
        find_correspondent_with(look, "help@acme.test")


def give_another_address(transaction: Transaction, person_id: UUID) -> None:
    bolt = (
        transaction.execute(select(schema.seller_address.c.person_id).where(schema.seller_address.c.seller_id == 2))
        .scalars()
        .first()
    )
    mine = schema.seller_address.c.person_id == person_id, schema.seller_address.c.role == "customer_service"
    transaction.execute(schema.seller_address.update().where(*mine).values(person_id=bolt))


@ON_SQLITE
@pytest.mark.parametrize("held", ["buyer", "order", "pair", "message"])
def test_a_hold_on_anything_that_would_go_delays_the_erasure_and_its_end_completes_it(town: Town, held: str) -> None:
    town.receive(town.from_ann(f"{BODY} of {ORDER}"))
    with town.store.look() as look:
        message_id = look.connection.execute(select(schema.message.c.id)).scalar_one()
    named = {
        "buyer": Named(buyer="de/ann"),
        "order": Named(order=f"de/{ORDER}"),
        "pair": Named(pair=("acme", "ann")),
        "message": Named(message=show("msg", message_id)),
    }[held]
    hold_id = place_hold(town.store, town.clock, named, "Dora, disputes", f"claim about {BODY}", None)
    assert isinstance(erase(town), Waiting)
    assert BODY.lower().encode() in everything_that_opens(town.store), "nothing was taken away"
    assert isinstance(erase(town), Waiting), "asking twice changes nothing"
    with town.store.look() as look:
        assert isinstance(find_recipient(look, town.frame, town.pair.buyer_alias, town.clock.now()), Refused)
    assert run_erasures(town.store, town.clock) == 0

    assert release_hold(town.store, town.clock, show("lgl", hold_id)) == 1
    assert BODY.lower().encode() not in everything_that_opens(town.store)


def test_a_hold_until_a_day_ends_by_itself(town: Town) -> None:
    place_hold(town.store, town.clock, Named(buyer="ann"), "Dora", "claim", town.clock.now() + timedelta(days=30))
    assert isinstance(erase(town), Waiting)
    town.clock.advance(timedelta(days=29))
    assert run_erasures(town.store, town.clock) == 0
    town.clock.advance(timedelta(days=2))
    assert run_erasures(town.store, town.clock) == 1


@ON_SQLITE
def test_a_hold_on_somebody_else_delays_nothing(town: Town) -> None:
    with town.store.look() as look:
        other = find_correspondent_with(look, "shop@bolt.test")
    town.receive(town.from_ann(BODY))
    place_hold(town.store, town.clock, Named(buyer=show("per", other)), "Dora", "claim", None)
    assert isinstance(erase(town), Erased)


@ON_SQLITE
def test_a_hold_covers_whoever_wrote_what_it_holds(town: Town) -> None:
    town.receive(town.from_acme(BODY))
    with town.store.look() as look:
        message_id = look.connection.execute(select(schema.message.c.id)).scalar_one()
        acme = find_correspondent_with(look, "help@acme.test")
    town.store.write(lambda transaction: give_another_address(transaction, acme)).result()
    hold_id = place_hold(town.store, town.clock, Named(message=show("msg", message_id)), "Dora", "claim", None)
    assert isinstance(erase(town, acme), Waiting)
    assert release_hold(town.store, town.clock, show("lgl", hold_id)) == 1


@ON_SQLITE
def test_a_letter_to_the_house_goes_with_its_writer_and_the_letter_of_a_longer_address_stays(town: Town) -> None:
    for writer in ("ann@mail.test", "joann@mail.test", "ann@mail.test.example", "x.ann@mail.test"):
        town.receive(town.mail(Address.parse(writer), "postmaster@marketplace.example", f"from {writer}."))
    erase(town)
    opened = everything_that_opens(town.store)
    assert b"from: <ann@mail.test>" not in opened
    assert all(one in opened for one in (b"joann@mail.test", b"ann@mail.test.example", b"x.ann@mail.test"))


@ON_SQLITE
def test_a_failure_report_about_a_held_message_delays_the_erasure_of_whoever_it_names(town: Town) -> None:
    town.receive(town.from_ann(BODY))
    town.deliver()
    with town.store.look() as look:
        message_id = look.connection.execute(select(schema.message.c.id)).scalar_one()
        acme = find_correspondent_with(look, "help@acme.test")
    town.store.write(lambda transaction: give_another_address(transaction, acme)).result()
    back = make_return_path(town.frame.keyring, message_id, town.clock.now() + timedelta(days=9), "marketplace.example")
    town.receive(town.mail(MALLORY, back, "Final-Recipient: rfc822; help@acme.test"))
    hold_id = place_hold(town.store, town.clock, Named(message=show("msg", message_id)), "Dora", "claim", None)
    assert isinstance(erase(town, acme), Waiting)
    assert b"help@acme.test" in everything_that_opens(town.store)
    assert release_hold(town.store, town.clock, show("lgl", hold_id)) == 1
    assert b"help@acme.test" not in everything_that_opens(town.store)


@ON_SQLITE
def test_a_hold_that_is_placed_while_an_erasure_is_being_prepared_is_heard(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.receive(town.from_ann(BODY))
    search = erase_person_module._find_traces

    def search_slowly(store: Store, person_id: UUID) -> object:
        found = search(store, person_id)
        place_hold(store, town.clock, Named(buyer="ann"), "Dora", "claim", None)
        return found

    monkeypatch.setattr(erase_person_module, "_find_traces", search_slowly)
    assert isinstance(erase(town), Waiting)
    assert BODY.lower().encode() in everything_that_opens(town.store)


@ON_SQLITE
def test_why_something_is_held_stands_in_no_file_in_plain(town: Town, tmp_path: Path) -> None:
    place_hold(town.store, town.clock, Named(buyer="ann"), "Dora Decider", f"claim of {BODY}", None)
    assert places_with(files_of(town, tmp_path), spellings(BODY) | spellings("Dora Decider")) == set()


@ON_SQLITE
def test_what_is_not_there_cannot_be_held(town: Town) -> None:
    gone = Named(message=f"msg_{'0' * 26}")
    for named in (gone, Named(buyer="nobody"), Named(order="de/1"), Named(pair=("acme", "x")), Named(message="msg_x")):
        with pytest.raises(NotFoundError):
            place_hold(town.store, town.clock, named, "Dora", "claim", None)


@ON_SQLITE
def test_whoever_is_not_known_cannot_be_erased(town: Town) -> None:
    for name in ("nobody", "per_x", "us/ann", f"per_{'0' * 26}"):
        with pytest.raises(NotFoundError), town.store.look() as look:
            erase(town, find_buyer_or_person(look, name))


@ON_SQLITE
def test_an_erasure_that_is_interrupted_at_any_step_is_completed_by_the_next_run(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(town)
    before = traces(town)
    write, steps = town.store.write, 0
    for broken in range(4, 40, 5):

        def interrupted(function: object, broken: int = broken) -> object:
            nonlocal steps
            steps += 1
            if steps > broken:
                raise KeyboardInterrupt
            return write(function)  # type: ignore[arg-type]

        steps = 0
        monkeypatch.setattr(Store, "write", lambda _store, function, run=interrupted: run(function))
        try:
            erase(town)
        except KeyboardInterrupt:
            continue
        break
    assert broken > 4, "it was interrupted"
    assert places_with(files_of(town, tmp_path), before.values()) == set()
    assert BODY.lower().encode() not in everything_that_opens(town.store)
    with town.store.look() as look:
        assert look.connection.execute(text("SELECT count(*) FROM erasure WHERE ended_at IS NULL")).scalar_one() == 0
