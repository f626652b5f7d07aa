"""R30: what happens to an order the marketplace itself tells its buyer, once, however often the shop says it."""

import io
import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from postern.actions.import_feed import import_feed, read_feed
from postern.actions.tell_order_news import tell_order_news
from postern.storage import schema
from postern.storage.order_news import is_news_waiting
from tests.people import ANN, ORDER, START, Arrival, Town
from tests.posting import by_reason, opt_out, post, posted, speak

PARCEL = {"carrier": "Post", "tracking_number": "JJD0003"}


def say(town: Town, **fields: object) -> None:
    """What the shop's feed says of the order now."""
    line: dict[str, object] = {
        "kind": "order",
        "id": ORDER,
        "marketplace": "de",
        "seller": "acme",
        "buyer": "ann",
        "status": "shipped",
    }
    line |= {"fulfilment": "seller", "placed_at": "2026-11-20T09:00:00Z", "items": [{"sku": "B1", "title": "Atlas"}]}
    stream = io.BytesIO(json.dumps(line | fields).encode())
    feed = read_feed(town.store, "feed", stream)
    import_feed(town.store, feed)
    feed.close()


def told(town: Town) -> list[Arrival]:
    """The mails that the buyer gets now."""
    tell_order_news(town.store, town.frame, town.clock)
    return town.deliver()


def ask_for(town: Town, *kinds: str) -> None:
    change = update(schema.marketplace).values(order_notices=json.dumps(kinds))
    town.store.write(lambda transaction: transaction.execute(change)).result()


def at(days_ago: int = 0) -> str:
    return (START - timedelta(days=days_ago)).isoformat()


def test_a_shipped_order_tells_its_buyer_the_carrier_and_the_tracking_number_once(town: Town) -> None:
    opt_out(town)  # which never touches it
    say(town, shipments=[PARCEL], shipped_at=at())
    (arrival,) = told(town)
    text = arrival.content.decode()
    assert arrival.recipient == ANN.reveal()
    assert 'From: "Example Market" <no-reply@marketplace.example>' in text or "From: Example Market <no-reply@" in text
    assert "X-Postern-Notice: order_shipped" in text
    assert "JJD0003" in text
    assert "Post" in text
    assert "Acme Books" in text
    say(town, shipments=[PARCEL], shipped_at=at(), status="delivered", delivered_at=at())
    say(town, shipments=[PARCEL], shipped_at=at())
    assert told(town) == []


def test_another_parcel_is_news_and_names_itself_alone(town: Town) -> None:
    say(town, status="partially_shipped", shipments=[PARCEL])
    told(town)
    say(town, shipments=[PARCEL, {"carrier": "Post", "tracking_number": "JJD0004"}])
    (arrival,) = told(town)
    assert b"JJD0004" in arrival.content
    assert b"JJD0003" not in arrival.content


def test_it_is_said_in_the_buyers_language(town: Town) -> None:
    speak(town, "de")
    say(town, shipments=[PARCEL])
    (arrival,) = told(town)
    assert b'lang=3D"de"' in arrival.content or b'lang="de"' in arrival.content


@pytest.mark.parametrize(
    "kind, fields",
    [
        ("delivered", {"status": "delivered", "delivered_at": at()}),
        ("refunded", {"status": "returned", "refunded_at": at()}),
    ],
)
def test_a_delivery_and_a_refund_are_told_where_the_marketplace_asks_for_it(
    town: Town, kind: str, fields: dict[str, object]
) -> None:
    say(town, shipped_at=at(20), **fields)
    assert told(town) == []
    ask_for(town, kind)
    say(town, shipped_at=at(20), **fields, shipments=[PARCEL])
    assert told(town) == []  # it was no news any more when the marketplace asked
    town.store.write(lambda transaction: transaction.execute(schema.order_news.delete())).result()
    say(town, shipped_at=at(20), **fields)
    (arrival,) = told(town)
    assert f"X-Postern-Notice: order_{kind}".encode() in arrival.content


def test_what_happened_long_ago_is_no_news(town: Town) -> None:
    """The first feed of a shop tells of thousands of old orders."""
    say(town, shipped_at=at(town.frame.limits.order_news_days + 1), shipments=[PARCEL])
    assert told(town) == []
    with town.store.look() as look:
        assert not is_news_waiting(look)


def test_a_cancelled_order_tells_nothing(town: Town) -> None:
    say(town, shipments=[PARCEL])
    say(town, status="cancelled", cancelled_at=at())
    assert told(town) == []


def test_a_notice_is_in_the_record_and_counts_on_nobodys_day(town: Town) -> None:
    say(town, shipments=[PARCEL])
    told(town)
    with town.store.look() as look:
        notices = look.connection.execute(select(schema.notice.c.kind, schema.notice.c.side, schema.notice.c.state)).all()
        used = look.connection.execute(select(func.count()).select_from(schema.daily_use)).scalar_one()
    assert [tuple(one) for one in notices] == [("order_shipped", "buyer", "delivered")]
    assert used == 0


def test_a_seller_who_only_confirms_is_told_that_the_buyer_knows_where_the_buyer_is_told(town: Town) -> None:
    confirms = by_reason(town, "order_details", message="Your order has been shipped.")
    refunds = by_reason(town, "order_details", message="We have issued a full refund.")
    assert [one.cause.reason.code for one in posted(post(town, confirms)).warnings] == ["already_told"]
    assert [one.cause.reason.code for one in posted(post(town, refunds)).warnings] == ["only_confirms"]
    ask_for(town, "refunded")
    again = by_reason(town, "order_details", message="We have issued a full refund.")
    assert [one.cause.reason.code for one in posted(post(town, again)).warnings] == ["already_told"]


def test_no_run_tells_more_than_its_batch_and_no_notice_names_more_than_its_parcels(town: Town) -> None:
    parcels = [{"carrier": "Post", "tracking_number": f"JJD{number:04}"} for number in range(30)]
    say(town, shipments=parcels)
    (arrival,) = told(town)
    assert arrival.content.count(b"JJD") == 2 * town.frame.limits.order_news_parcels  # as text and as HTML
    assert town.frame.limits.order_news_batch == 500
