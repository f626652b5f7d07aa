import io
import json
import re
import threading
import tracemalloc
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, func, select

from postern.actions.import_feed import ImportResult, import_feed, open_feed, read_feed
from postern.errors import FeedError, StoreError
from postern.keys import Keyring
from postern.model.address import Address
from postern.model.contact_policy import ContactPolicy, Treatment, Treatments
from postern.model.feed import Kind
from postern.model.limits import Limits
from postern.model.people import AddressRole
from postern.storage import schema
from postern.storage.contact_policies import read_policy
from postern.storage.importing import Tally
from postern.storage.migrate import migrate
from postern.storage.orders import find_orders_of_pair
from postern.storage.people import (
    find_buyer,
    find_buyer_id,
    find_correspondent,
    find_marketplace,
    find_seller_addresses,
    find_seller_named,
)
from postern.storage.relationships import open_relationship
from postern.storage.store import Store
from tests.people import START, open_store

Line = dict[str, Any]

MARKET: Line = {
    "kind": "marketplace",
    "id": "de",
    "name": "Example Market",
    "mail_domain": "marketplace.example",
    "language": "de",
    "time_zone": "Europe/Berlin",
    "cancel_order_url": "https://shop.example/orders/{order}/cancel",
    "report_infringement_url": "https://shop.example/infringement",
}
FRENCH_MARKET = MARKET | {"id": "fr", "name": "Marché Exemple", "mail_domain": "marche.example", "language": "fr"}
ACME: Line = {
    "kind": "seller",
    "id": "acme",
    "business_name": "Acme Books",
    "language": "en",
    "customer_service_address": "help@acme.test",
    "registered_senders": ["help@acme.test"],
    "average_daily_orders": 12,
    "bounce_on_opt_out": True,
}
ANN: Line = {
    "kind": "buyer",
    "id": "ann",
    "marketplace": "de",
    "name": "Ann Example",
    "address": "ann@mail.test",
    "opted_out": False,
}
ORDER: Line = {
    "kind": "order",
    "id": "303-5512345-1234567",
    "marketplace": "de",
    "seller": "acme",
    "buyer": "ann",
    "status": "unshipped",
    "fulfilment": "seller",
    "placed_at": "2026-11-20T10:00:00Z",
    "shipped_at": None,
    "delivered_at": None,
    "cancelled_at": None,
    "shipments": [{"carrier": "DHL", "tracking_number": "JJD0003", "shipped_at": "2026-11-21T09:00:00+01:00"}],
    "items": [
        {
            "sku": "B1",
            "title": "Atlas",
            "category": "books",
            "quantity": 1,
            "customised": False,
            "service": False,
            "digital": False,
            "scheduled_delivery": False,
        }
    ],
}
FEED = (MARKET, ACME, ANN, ORDER)


@pytest.fixture
def store(store_url: str, tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    opened = open_store(store_url, tmp_path, Keyring({1: b"k" * 32}), Limits(feed_chunk=3))
    migrate(opened.writing_engine)
    yield opened
    opened.close()


def written(*lines: Mapping[str, object] | bytes) -> io.BytesIO:
    return io.BytesIO(b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines))


def take(store: Store, *lines: Mapping[str, object] | bytes) -> ImportResult:
    with read_feed(store, "shop.jsonl", written(*lines)) as feed:
        return import_feed(store, feed)


def refusal(store: Store, *lines: Mapping[str, object] | bytes) -> str:
    before = rows(store)
    with pytest.raises(FeedError) as caught:
        take(store, *lines)
    assert rows(store) == before
    return str(caught.value)


def count(store: Store, table: Table) -> int:
    with store.look() as look:
        return look.connection.execute(select(func.count()).select_from(table)).scalar_one()


def rows(store: Store) -> list[object]:
    """Everything that an import could write."""
    with store.look() as look:
        tables = (schema.marketplace, schema.seller, schema.person, schema.buyer, schema.seller_address, schema.order)
        return [sorted(look.connection.execute(select(table)).all(), key=repr) for table in tables]


def test_a_feed_is_found_again_as_it_was_told(store: Store) -> None:
    """R14, R20: the customer-service address and the registered senders come from the feed."""
    take(store, *FEED)
    with store.look() as look:
        market = find_marketplace(look, "de")
        acme = find_seller_named(look, "acme")
        buyer_id = find_buyer_id(look, "de", "ann")
        assert acme is not None
        assert buyer_id is not None
        buyer = find_buyer(look, buyer_id)
        addresses = find_seller_addresses(look, acme.id)
        (order,) = find_orders_of_pair(look, acme.id, buyer_id)
    assert (market.name, market.mail_domain, market.time_zone) == ("Example Market", "marketplace.example", "Europe/Berlin")
    assert (acme.business_name, acme.language, acme.bounce_on_opt_out) == ("Acme Books", "en", True)
    assert (buyer.display_name, buyer.address, buyer.opted_out) == ("Ann Example", Address.parse("ann@mail.test"), False)
    assert {(one.role, one.address.reveal()) for one in addresses} == {
        (role, "help@acme.test") for role in (AddressRole.CUSTOMER_SERVICE, AddressRole.REGISTERED_SENDER)
    }
    assert (order.name, order.status, order.items[0].title) == ("303-5512345-1234567", "unshipped", "Atlas")
    assert order.shipments[0].shipped_at is not None
    assert order.shipments[0].shipped_at.isoformat() == "2026-11-21T08:00:00+00:00"


def test_the_records_may_come_in_any_order(store: Store) -> None:
    result = take(store, *reversed(FEED))
    assert [result[kind].added for kind in Kind] == [1, 1, 1, 1]


def test_an_import_that_is_run_again_changes_nothing(store: Store) -> None:
    take(store, *FEED)
    before = rows(store)
    result = take(store, *FEED)
    assert rows(store) == before
    assert [result[kind] for kind in Kind] == [Tally(unchanged=1)] * 4


def test_a_record_that_comes_again_replaces_the_one_before(store: Store) -> None:
    take(store, *FEED)
    result = take(
        store,
        MARKET | {"name": "Example Shop"},
        ACME | {"business_name": "Acme Maps"},
        ANN | {"name": "Ann Other", "address": "ann@new.test", "opted_out": True},
        ORDER | {"status": "shipped", "shipped_at": "2026-11-21T10:00:00Z"},
    )
    assert [result[kind] for kind in Kind] == [Tally(changed=1)] * 4
    with store.look() as look:
        buyer_id = find_buyer_id(look, "de", "ann")
        assert buyer_id is not None
        buyer = find_buyer(look, buyer_id)
        acme = find_seller_named(look, "acme")
        assert acme is not None
        (order,) = find_orders_of_pair(look, acme.id, buyer_id)
        assert find_marketplace(look, "de").name == "Example Shop"
        version = look.connection.execute(select(schema.buyer.c.opt_out_version)).scalar_one()
    assert (buyer.display_name, buyer.address.reveal(), buyer.opted_out) == ("Ann Other", "ann@new.test", True)
    assert acme.business_name == "Acme Maps"
    assert order.status == "shipped"
    assert version == 1
    assert count(store, schema.person) == 2


def test_of_two_lines_about_one_record_the_later_counts(store: Store) -> None:
    take(store, MARKET, ACME, ACME | {"business_name": "Acme Maps"}, ANN, ORDER, ORDER | {"status": "cancelled"})
    with store.look() as look:
        acme = find_seller_named(look, "acme")
        statuses = look.connection.execute(select(schema.order.c.status)).scalars().all()
    assert acme is not None
    assert acme.business_name == "Acme Maps"
    assert statuses == ["cancelled"]


def test_the_registered_senders_become_exactly_those_listed(store: Store) -> None:
    """R20."""
    take(store, MARKET, ACME | {"registered_senders": ["a@acme.test", "b@acme.test"]})
    result = take(store, ACME | {"registered_senders": ["b@acme.test", "c@acme.test"]})
    assert result[Kind.SELLER] == Tally(changed=1)
    with store.look() as look:
        acme = find_seller_named(look, "acme")
        assert acme is not None
        senders = {
            one.address.reveal() for one in find_seller_addresses(look, acme.id) if one.role is AddressRole.REGISTERED_SENDER
        }
    assert senders == {"b@acme.test", "c@acme.test"}


def test_one_address_of_several_sellers_is_one_person(store: Store) -> None:
    """R20: one address may serve several sellers, in whatever case it is written."""
    shared = {"id": "bolt", "business_name": "Bolt Bikes", "customer_service_address": "HELP@acme.test"}
    take(store, MARKET, ACME, ACME | shared)
    take(store, ACME | shared | {"id": "corn", "registered_senders": ["Help@Acme.test"]})
    with store.look() as look:
        person_id = look.connection.execute(select(schema.seller_address.c.person_id).distinct()).scalar_one()
        assert find_correspondent(look, person_id).address.reveal() == "help@acme.test"
    assert count(store, schema.person) == 1


def test_a_household_shares_an_address_and_stays_two_buyers(store: Store) -> None:
    """R2."""
    take(store, *FEED, ANN | {"id": "ben", "name": "Ben Example"})
    assert count(store, schema.buyer) == 2


def test_an_import_makes_no_relationship(store: Store) -> None:
    """R1: an alias is minted when it is first needed."""
    take(store, *FEED)
    assert count(store, schema.relationship) == count(store, schema.alias) == 0


def test_one_bad_line_and_nothing_is_imported(store: Store) -> None:
    assert refusal(store, *FEED, b'{"kind":"buyer"') == (
        "shop.jsonl:5: the line is not JSON: Expecting ',' delimiter at character 16"
    )
    assert count(store, schema.marketplace) == 0


def test_mistakes_are_listed_one_a_line_and_not_without_end(store: Store) -> None:
    sentences = refusal(store, *[b"[]"] * (Limits().feed_mistakes + 1)).splitlines()
    assert len(sentences) == store.limits.feed_mistakes
    assert sentences[1] == "shop.jsonl:2: the line must be a JSON object"


def test_blank_lines_count_and_say_nothing(store: Store) -> None:
    assert refusal(store, b"", b"  \r", b"{}").startswith("shop.jsonl:3: ")


def test_a_line_longer_than_the_limit_is_refused_and_the_next_is_read(store: Store) -> None:
    assert store.limits.feed_line == 100_000
    long = b'{"kind":"' + b"x" * store.limits.feed_line + b'"}'
    sentences = refusal(store, long, b" " * 300_000 + b"x", b"[]").splitlines()
    assert sentences == [
        "shop.jsonl:1: the line is longer than 100000 bytes",
        "shop.jsonl:2: the line is longer than 100000 bytes",
        "shop.jsonl:3: the line must be a JSON object",
    ]


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"marketplace": "at"}, "the marketplace 'at' is not known"),
        ({"seller": "bolt"}, "the seller 'bolt' is not known"),
        ({"buyer": "ben"}, "the buyer 'ben' is not known"),
        ({"buyer": "ben@mail.test"}, "the buyer (an id with an @) is not known"),
        ({"marketplace": "fr"}, "the buyer 'ann' belongs to the marketplace 'de', not to the order's"),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_an_order_names_only_who_exists(store: Store, change: Line, sentence: str, known: bool) -> None:
    """R2: an order of another marketplace than its buyer's is a mistake, whether the buyer is in the file or in the store."""
    people = (MARKET, FRENCH_MARKET, ACME, ANN)
    if known:
        take(store, *people)
        assert refusal(store, ORDER | change) == f"shop.jsonl:1: {sentence}"
    else:
        assert refusal(store, *people, ORDER | change) == f"shop.jsonl:5: {sentence}"


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"seller": "bolt"}, "this order is known with another seller and cannot move"),
        ({"buyer": "ben"}, "this order is known with another buyer and cannot move"),
        ({"marketplace": "fr", "buyer": "luc"}, "this order is known in another marketplace and cannot move"),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_an_order_stays_with_its_pair(store: Store, change: Line, sentence: str, known: bool) -> None:
    bolt, ben = ACME | {"id": "bolt"}, ANN | {"id": "ben"}
    people = (MARKET, FRENCH_MARKET, ACME, bolt, ANN, ben, ANN | {"id": "luc", "marketplace": "fr"}, ORDER)
    if known:
        take(store, *people)
        assert refusal(store, ORDER | change) == f"shop.jsonl:1: {sentence}"
    else:
        assert refusal(store, *people, ORDER | change) == f"shop.jsonl:9: {sentence}"


@pytest.mark.parametrize("known", [True, False])
def test_a_buyer_stays_in_the_marketplace(store: Store, known: bool) -> None:
    """R2."""
    take(store, MARKET, FRENCH_MARKET, *([ANN] if known else []))
    moved = refusal(store, *([] if known else [ANN]), ANN | {"marketplace": "fr"})
    assert moved.endswith(": the buyer 'ann' belongs to the marketplace 'de' and cannot move")


def test_a_buyer_of_an_unknown_marketplace_is_refused_with_the_nearest_name(store: Store) -> None:
    market = MARKET | {"id": "germany"}
    assert refusal(store, market, ANN | {"marketplace": "germny"}) == (
        "shop.jsonl:2: the marketplace 'germny' is not known; did you mean 'germany'?"
    )


def test_two_marketplaces_never_share_a_mail_domain(store: Store) -> None:
    """R4: the domain says whose alias it is."""
    taken = FRENCH_MARKET | {"mail_domain": "marketplace.example"}
    expected = ": mail_domain already belongs to the marketplace 'de'"
    assert refusal(store, MARKET, taken) == f"shop.jsonl:2{expected}"
    take(store, MARKET)
    assert refusal(store, taken) == f"shop.jsonl:1{expected}"


def test_the_mail_domain_changes_only_while_nobody_writes_under_it(store: Store) -> None:
    """R2: an alias is the same for all later contact."""
    take(store, *FEED)
    take(store, MARKET | {"mail_domain": "mail.example"})
    with store.look() as look:
        buyer_id = find_buyer_id(look, "de", "ann")
    assert buyer_id is not None
    store.write(lambda transaction: open_relationship(transaction, store.vault, 1, buyer_id, "de", START)).result()
    assert "mail_domain cannot change any more" in refusal(store, MARKET)
    take(store, MARKET | {"mail_domain": "mail.example", "name": "Another Name"})


@pytest.mark.parametrize("known", [True, False])
def test_no_business_name_holds_the_name_of_a_marketplace(store: Store, known: bool) -> None:
    """R28."""
    take(store, FRENCH_MARKET, *([MARKET] if known else []))
    seller = ACME | {"business_name": "Acme at EXAMPLE\u00a0market"}
    sentence = refusal(store, seller, *([] if known else [MARKET]))
    assert sentence == "shop.jsonl:1: business_name must not hold 'Example Market', the name of a marketplace"


def test_no_marketplace_takes_a_name_that_a_seller_bears(store: Store) -> None:
    """R28, from the other side."""
    take(store, MARKET, ACME)
    assert (
        refusal(store, FRENCH_MARKET | {"name": "Acme"}) == "shop.jsonl:1: name stands in the business name of the seller 'acme'"
    )


def test_the_average_by_marketplace_names_marketplaces(store: Store) -> None:
    """R21."""
    take(store, MARKET, ACME | {"average_daily_orders": {"de": 1.5}})
    refused = refusal(store, ACME | {"average_daily_orders": {"de": 1, "at": 2}})
    assert refused == "shop.jsonl:1: average_daily_orders: the marketplace 'at' is not known"
    with store.look() as look:
        assert look.connection.execute(select(schema.seller.c.average_daily_orders)).scalar_one() == '{"de": 1.5}'


def test_what_was_checked_is_applied_even_if_the_file_is_written_anew(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "shop.jsonl"
    path.write_bytes(written(*FEED).getvalue())
    with open_feed(str(path)) as file, read_feed(store, str(path), file) as feed:
        path.write_bytes(b"nonsense\n")
        import_feed(store, feed)
    assert count(store, schema.order) == 1


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(FeedError, match=r"^no/such/feed: cannot be read: No such file or directory$"), open_feed("no/such/feed"):
        pass


def test_an_import_that_was_interrupted_is_finished_by_running_it_again(store: Store) -> None:
    lines = [MARKET, ACME, *(ANN | {"id": f"ann{number}"} for number in range(10))]
    lines += [ORDER | {"id": f"303-{number}", "buyer": f"ann{number}"} for number in range(10)]

    def stop(done: int, of_all: int) -> None:
        assert of_all == 22
        if done >= 8:
            raise KeyboardInterrupt

    with read_feed(store, "shop.jsonl", written(*lines)) as feed, pytest.raises(KeyboardInterrupt):
        import_feed(store, feed, stop)
    assert 0 < count(store, schema.buyer) < 10
    take(store, *lines)
    assert (count(store, schema.buyer), count(store, schema.order)) == (10, 10)


def test_progress_ends_with_everything_and_no_transaction_is_larger_than_a_chunk(store: Store) -> None:
    lines = [MARKET, ACME, *(ANN | {"id": f"ann{number}"} for number in range(10))]
    steps: list[tuple[int, int]] = []
    with read_feed(store, "shop.jsonl", written(*lines)) as feed:
        import_feed(store, feed, lambda done, of_all: steps.append((done, of_all)))
    assert steps[-1] == (12, 12)
    assert max(after - before for (before, _), (after, _) in zip([(0, 12), *steps], steps, strict=False)) <= 3


def test_a_seller_with_many_addresses_takes_more_of_a_chunk(store: Store) -> None:
    sellers = [ACME | {"id": f"s{number}", "registered_senders": [f"a{n}@acme.test" for n in range(3)]} for number in range(4)]
    steps: list[int] = []
    with read_feed(store, "shop.jsonl", written(MARKET, *sellers)) as feed:
        import_feed(store, feed, lambda done, _: steps.append(done))
    assert steps == [1, 2, 3, 4, 5]


def test_lists_are_no_longer_than_their_limit(store: Store) -> None:
    senders = [f"a{number}@acme.test" for number in range(store.limits.feed_list + 1)]
    assert refusal(store, ACME | {"registered_senders": senders}) == (
        "shop.jsonl:1: registered_senders must have at most 200 entries"
    )
    take(store, ACME | {"registered_senders": senders[1:]})


def test_two_imports_side_by_side_end_as_one(store: Store, store_url: str, tmp_path: Path) -> None:
    lines = [MARKET, *(ACME | {"id": f"s{number % 7}", "business_name": f"Acme {number % 7}"} for number in range(20))]
    lines += [ANN | {"id": f"ann{number}"} for number in range(40)]
    lines += [ORDER | {"id": f"303-{number}", "buyer": f"ann{number}", "seller": f"s{number % 7}"} for number in range(40)]
    other = open_store(store_url, tmp_path, Keyring({1: b"k" * 32}), Limits(feed_chunk=4))
    failures: list[BaseException] = []

    def run(one: Store, mine: list[Line]) -> None:
        try:
            take(one, *mine)
        except (StoreError, FeedError) as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(store, lines)), threading.Thread(target=run, args=(other, lines[::-1]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert not failures
    assert (count(store, schema.seller), count(store, schema.buyer), count(store, schema.order)) == (7, 40, 40)
    assert count(store, schema.person) == 41


def test_no_address_and_no_name_lies_in_the_clear(store: Store) -> None:
    take(store, *FEED)
    with store.look() as look:
        kept = [repr(row) for table in schema.metadata.sorted_tables for row in look.connection.execute(select(table))]
    assert not re.search(r"mail\.test|acme\.test|Ann Example|'ann'", "\n".join(kept), re.IGNORECASE)


def test_reading_a_large_feed_takes_little_memory(store: Store) -> None:
    """A million orders must fit beside a server: of each only a number stays, so memory does not follow the size of the lines."""
    orders = [json.dumps(ORDER | {"id": f"303-{number}"}).encode() for number in range(3_000)]
    file = written(MARKET, ACME, ANN, *orders)
    size = len(file.getvalue())
    tracemalloc.start()
    try:
        read_feed(store, "shop.jsonl", file).close()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < size


def test_a_contact_policy_is_kept_and_given_back_and_may_go_again(store: Store) -> None:
    said = {"seller_to_buyer": {"link": "hold"}, "allowed_hosts": ["parcels.example"]}
    assert take(store, MARKET | {"contact_details": said})[Kind.MARKETPLACE] == Tally(added=1)
    assert take(store, MARKET | {"contact_details": said})[Kind.MARKETPLACE] == Tally(unchanged=1)
    with store.look() as look:
        policy = find_marketplace(look, "de").contact_policy
    assert policy.seller_to_buyer.link is Treatment.HOLD
    assert policy.buyer_to_seller == Treatments()
    assert policy.allowed_hosts == ("parcels.example",)
    assert take(store, MARKET)[Kind.MARKETPLACE] == Tally(changed=1)
    with store.look() as look:
        assert find_marketplace(look, "de").contact_policy == ContactPolicy()


@pytest.mark.parametrize("damaged", ["{", "[]", '{"telling":"x"}', '{"buyer_to_seller":{"fax":"mask"}}', "null"])
def test_a_damaged_contact_policy_is_told(damaged: str) -> None:
    with pytest.raises(StoreError, match="contact policy"):
        read_policy(damaged)
