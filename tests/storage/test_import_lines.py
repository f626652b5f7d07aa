import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postern.actions.importing.lines import read_lines, read_record
from postern.actions.importing.names import find_fault_in_name, find_marketplace_in_name
from postern.actions.importing.values import WrongValueError, read_moment
from postern.model.contact_policy import ContactPolicy, Treatment, Treatments
from postern.model.feed import FeedBuyer, FeedOrder, FeedSeller, Record
from postern.model.limits import Limits
from postern.model.order import OrderStatus
from postern.model.people import Marketplace

Line = dict[str, Any]

MARKET: Line = {
    "kind": "marketplace",
    "id": "de",
    "name": "Example Market",
    "mail_domain": "marketplace.example",
    "language": "de",
    "time_zone": "Europe/Berlin",
}
SELLER: Line = {
    "kind": "seller",
    "id": "acme",
    "business_name": "Acme Books",
    "language": "en",
    "customer_service_address": "help@acme.test",
}
BUYER: Line = {"kind": "buyer", "id": "ann", "marketplace": "de", "name": "Ann Example", "address": "ann@mail.test"}
ITEM: Line = {"sku": "B1", "title": "Atlas"}
ORDER: Line = {
    "kind": "order",
    "id": "303",
    "marketplace": "de",
    "seller": "acme",
    "buyer": "ann",
    "status": "unshipped",
    "fulfilment": "seller",
    "placed_at": "2026-11-20T10:00:00Z",
    "items": [ITEM],
    "shipments": [{"carrier": "DHL"}],
}
LIMITS = Limits()
A_ZONE, A_TIME = "a time zone such as Europe/Berlin", "a time with its offset, such as 2026-11-20T10:00:00Z"


def fault(line: object) -> str:
    content = line if isinstance(line, bytes) else json.dumps(line).encode()
    with pytest.raises(WrongValueError) as caught:
        read_record(content, LIMITS)
    return str(caught.value)


def outcome(line: bytes) -> Record | str:
    try:
        return read_record(line, LIMITS)
    except WrongValueError as error:
        return str(error)


def without(line: Line, key: str) -> Line:
    return {name: value for name, value in line.items() if name != key}


@pytest.mark.parametrize(
    "line, kind",
    [(MARKET, Marketplace), (SELLER, FeedSeller), (BUYER, FeedBuyer), (ORDER, FeedOrder)],
    ids=lambda one: str(one)[:20],
)
def test_what_may_be_left_out_is_left_out(line: Line, kind: type) -> None:
    assert isinstance(read_record(json.dumps(line).encode(), LIMITS), kind)


def test_a_marketplace_says_what_becomes_of_contact_details() -> None:
    said = {"buyer_to_seller": {"phone": "hold"}, "telling": "mask", "allowed_hosts": ["parcels.example"]}
    record = read_record(json.dumps(MARKET | {"contact_details": said}).encode(), LIMITS)
    assert isinstance(record, Marketplace)
    assert record.contact_policy == ContactPolicy(
        buyer_to_seller=Treatments(phone=Treatment.HOLD), telling=Treatment.MASK, allowed_hosts=("parcels.example",)
    )
    usual = read_record(json.dumps(MARKET).encode(), LIMITS)
    assert isinstance(usual, Marketplace)
    assert usual.contact_policy == ContactPolicy()


def test_what_is_left_out_has_its_usual_value() -> None:
    seller = read_record(json.dumps(SELLER).encode(), LIMITS)
    order = read_record(json.dumps(ORDER | {"shipments": None}).encode(), LIMITS)
    assert isinstance(seller, FeedSeller)
    assert isinstance(order, FeedOrder)
    assert (seller.bounce_on_opt_out, seller.registered_senders, seller.average_daily_orders) == (
        None,
        (),
        None,
    )  # the seller's own choice stays
    assert (order.items[0].quantity, order.items[0].customised, order.shipments, order.shipped_at) == (1, False, (), None)


@pytest.mark.parametrize("line", [MARKET, SELLER, BUYER, ORDER], ids=lambda one: str(one["kind"]))
def test_what_must_be_there_must_be_there(line: Line) -> None:
    for key in line.keys() - {"items", "shipments"}:
        assert fault(without(line, key)) == f"{key!r} is missing"


@pytest.mark.parametrize(
    "line, sentence",
    [
        ({"kind": "byer"}, "kind must be one of marketplace, seller, buyer, order; did you mean 'buyer'?"),
        ({"kind": 1}, "kind must be a string in quotes"),
        ({"KIND": "buyer"}, "'kind' is missing"),
        (BUYER | {"adress": 1}, "the key 'adress' is not known here; did you mean 'address'?"),
        (without(BUYER, "address") | {"adress": "x"}, "'address' is missing; was it meant by the key 'adress'?"),
        (BUYER | {"ann@mail.test": 1}, "a key is not known here"),
        (BUYER | {"opted_out": "false"}, "opted_out must be true or false"),
        (BUYER | {"opted_out": 0}, "opted_out must be true or false"),
        (BUYER | {"id": 7}, "id must be a string in quotes"),
        (BUYER | {"id": ""}, "id must have 1 to 100 printable characters, without spaces around them"),
        (BUYER | {"id": "a" * 101}, "id must have 1 to 100 printable characters, without spaces around them"),
        (BUYER | {"id": "a\u0000"}, "id must have 1 to 100 printable characters, without spaces around them"),
        (BUYER | {"id": "a\ud800"}, "id must have 1 to 100 printable characters, without spaces around them"),
        (BUYER | {"name": "  "}, "name must have 1 to 100 characters"),
        (BUYER | {"name": "Ann\r\nBcc: x"}, "name must be one line without control characters"),
        (BUYER | {"name": "Ann \ud83d"}, "name must be one line without control characters"),
        (BUYER | {"name": "Ann \u202egnp"}, "name must not turn the direction of reading"),
        (BUYER | {"name": "ann@mail.test"}, "name must not hold an e-mail address"),
        (BUYER | {"address": "ann"}, "address is not an address that can be written to: an e-mail address needs an @"),
        (SELLER | {"registered_senders": "help@acme.test"}, "registered_senders must be a list in brackets"),
        (SELLER | {"average_daily_orders": -1}, "average_daily_orders must be a number from 0 to 1000000000"),
        (SELLER | {"average_daily_orders": True}, "average_daily_orders must be a number from 0 to 1000000000"),
        (SELLER | {"average_daily_orders": {"de": "1"}}, "average_daily_orders must be a number from 0 to 1000000000"),
        (MARKET | {"mail_domain": "Marketplace.example"}, "mail_domain must be in lower case"),
        (MARKET | {"language": "german!"}, "language must be a language tag such as de or pt-BR"),
        (MARKET | {"time_zone": "Europe/Rom"}, f"time_zone must be {A_ZONE}; did you mean 'Europe/Rome'?"),
        (MARKET | {"time_zone": "../../etc/passwd"}, f"time_zone must be {A_ZONE}"),
        (MARKET | {"contact_details": "mask"}, "contact_details must be an object in braces"),
        (
            MARKET | {"contact_details": {"buyer_to_seller": {"phone": "maks"}}},
            "contact_details.buyer_to_seller.phone must be one of pass, mask, warn, hold, refuse; did you mean 'mask'?",
        ),
        (
            MARKET | {"contact_details": {"seller_to_buyer": {"fax": "mask"}}},
            "contact_details.seller_to_buyer the key 'fax' is not known here",
        ),
        (MARKET | {"contact_details": {"buyers": {}}}, "contact_details the key 'buyers' is not known here"),
        (MARKET | {"contact_details": {"telling": "hold"}}, "contact_details.telling must be pass or mask"),
        (ORDER | {"status": "sent"}, f"status must be one of {', '.join(OrderStatus)}"),
        (ORDER | {"items": {}}, "items must be a list in brackets"),
        (ORDER | {"items": [ITEM, 3]}, "items[1] must be an object in braces"),
        (ORDER | {"items": [ITEM | {"quantity": 0}]}, "items[0].quantity must be a whole number from 1 to 1000000000"),
        (ORDER | {"items": [ITEM | {"quantity": 1.5}]}, "items[0].quantity must be a whole number from 1 to 1000000000"),
        (ORDER | {"items": [ITEM | {"colour": ""}]}, "items[0] the key 'colour' is not known here"),
        (ORDER | {"shipments": [{"shipped_at": "x"}]}, f"shipments[0].shipped_at must be {A_TIME}"),
        (b'{"kind":"buyer","kind":"buyer"}', "a key stands twice in one object"),
        (b'{"kind":NaN}', "the line is not JSON: it has no NaN and no Infinity"),
        (b'{"kind":' + b"9" * 5_000 + b"}", "the line holds a number that cannot be read"),
        (b"[" * 50_000, "the line is nested too deep"),
        (b"\xff", "the line is not UTF-8"),
        (b"null", "the line must be a JSON object"),
    ],
    ids=lambda one: str(one)[-40:],
)  # fmt: skip
def test_a_wrong_line_is_told_what_is_wrong(line: object, sentence: str) -> None:
    assert fault(line) == sentence


@pytest.mark.parametrize(
    "domain", ["localhost", "a..b", "-a.example", "[127.0.0.1]", "a.example.", "a" * 64 + ".example", "exämple.de"]
)
def test_a_mail_domain_is_a_domain_name(domain: str) -> None:
    assert fault(MARKET | {"mail_domain": domain}).startswith("mail_domain must be a domain name")


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "//shop.example/",
        "https:///orders",
        "https://user:pass@shop.example/",
        "https://shop.example:99999/",
        "https://shop.example/a b",
        'https://shop.example/"><script>',
        "https://shop.example/\u202e",
        "https://[::1/",
        "https://shop.example/{orders}",
        "https://shop.example/" + "a" * 1_000,
    ],
)
def test_a_web_address_is_absolute_and_plain(url: str) -> None:
    assert fault(MARKET | {"cancel_order_url": url}).startswith("cancel_order_url must")
    assert fault(MARKET | {"report_infringement_url": url}).startswith("report_infringement_url must")


def test_the_order_has_its_place_in_one_web_address() -> None:
    url = "https://shop.example/orders/{order}/cancel"
    record = read_record(json.dumps(MARKET | {"cancel_order_url": url}).encode(), LIMITS)
    assert isinstance(record, Marketplace)
    assert record.cancel_order_url == url
    assert fault(MARKET | {"report_infringement_url": url}).startswith("report_infringement_url must")


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20",
        "2026-11-20T10:00:00",
        "2026-11-20T10:00Z",
        "2026-02-30T10:00:00Z",
        "2026-11-20T10:00:60Z",
        "0001-01-01T00:00:00+14:00",
        "1969-12-31T23:59:59Z",
        "3000-01-01T00:00:00Z",
        "٢٠٢٦-11-20T10:00:00Z",
        "2026-11-20T10:00:00+25:00",
        1_700_000_000,
    ],
)
def test_a_time_is_whole_and_has_its_offset(text: object) -> None:
    assert fault(ORDER | {"placed_at": text}).startswith("placed_at must ")


@given(st.datetimes(datetime(1971, 1, 1), datetime(2999, 1, 1), timezones=st.timezones()))  # noqa: DTZ001 - Hypothesis adds zones
def test_every_time_that_is_written_is_read_back(moment: datetime) -> None:
    whole = moment.astimezone(UTC)
    assert read_moment(whole.isoformat()) == read_moment(whole.isoformat().replace("+00:00", "z")) == whole


@given(st.binary(max_size=300))
def test_no_bytes_make_anything_but_a_sentence(line: bytes) -> None:
    with pytest.raises(WrongValueError):
        read_record(line, LIMITS)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from([MARKET, SELLER, BUYER, ORDER, ITEM]), st.integers(0, 12), ANY_JSON)
def test_any_value_in_any_place_is_taken_or_told(line: Line, place: int, value: object) -> None:
    """And what was taken can be written to both stores: no half characters, no NUL, no endless number."""
    changed = line | {sorted(line)[place % len(line)]: value}
    whole = ORDER | {"items": [changed]} if line is ITEM else changed
    taken = outcome(json.dumps(whole).encode())
    if isinstance(taken, str):
        assert "\n" not in taken
        assert "@" not in taken.replace("needs an @", "").replace("the @", "").replace("an id with an @", "")
    else:
        assert "\\x00" not in ascii(taken)
        assert "\\ud8" not in ascii(taken)


@given(st.lists(st.sampled_from([b"{}", b"", b"  ", b"x" * 9, b"x" * 10, b"x" * 11, b"x" * 12, b" " * 40, b"\r", b"x" * 50])))
def test_lines_are_numbered_as_an_editor_would(lines: list[bytes]) -> None:
    found = dict(read_lines(io.BytesIO(b"\n".join(lines)), 10))
    for number, line in enumerate(lines, start=1):
        if len(line) > 11:
            assert len(found[number]) > 10
        elif line.strip():
            assert found[number].strip() == line.strip()
        else:
            assert number not in found


@pytest.mark.parametrize(
    "name",
    [
        "Example Market",
        "EXAMPLE MARKET Books",
        "Books by example market",
        "\uff25xample Market",
        "Exam\u00adple Market",
        "Example\u200b Market",
        "Example-Market Outlet",
        "ExampleMarket",
        "E x a m p l e Market",
        "Example_Market.shop",
        "Éxample Market",
    ],
)
def test_a_marketplace_is_recognised_in_a_name(name: str) -> None:
    """R28."""
    assert find_marketplace_in_name(name, ["Other", "Example Market"]) == "Example Market"


@pytest.mark.parametrize("name", ["Acme Books", "Example Books", "Market of Examples", "Rainbo Lights"])
def test_another_name_is_left_alone(name: str) -> None:
    assert find_marketplace_in_name(name, ["Example Market", "bol", ""]) is None
    assert find_fault_in_name(name) is None


def test_a_marketplace_named_by_symbols_alone_is_recognised() -> None:
    assert find_marketplace_in_name("Shop !!!", ["!!!"]) == "!!!"
    assert find_marketplace_in_name("Shop", ["!!!"]) is None


@pytest.mark.parametrize("name", ["Seller Performance", "The seller-performance team", "SELLERPERFORMANCE"])
def test_a_reserved_name_is_refused(name: str) -> None:
    """R28: to buyers and to sellers, whoever bears it."""
    assert fault(SELLER | {"business_name": name}) == "business_name must not hold 'Seller Performance', a reserved name"
    assert fault(BUYER | {"name": name}) == "name must not hold 'Seller Performance', a reserved name"


@pytest.mark.parametrize("name", ["help@acme.test", "Acme <help@acme.test>", "help @ acme.test", "help\uff20acme.test"])
def test_an_address_in_a_name_is_refused(name: str) -> None:
    """R28."""
    assert fault(SELLER | {"business_name": name}) == "business_name must not hold an e-mail address"


@given(st.text(max_size=200), st.text(max_size=30))
def test_no_name_makes_an_exception(name: str, marketplace: str) -> None:
    find_fault_in_name(name)
    assert find_marketplace_in_name(name, [marketplace]) in (None, marketplace)
