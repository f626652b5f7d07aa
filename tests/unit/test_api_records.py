"""What the API's description says of a record is what the import knows of it."""

import pytest

from postern.actions.importing import lines
from postern.actions.importing.values import Fields
from postern.api.call import Shape
from postern.api.records import (
    BuyerRecord,
    ContactDetailsRecord,
    ItemRecord,
    MarketplaceRecord,
    OrderRecord,
    SellerRecord,
    ShipmentRecord,
    TreatmentsRecord,
)
from postern.model.contact_policy import DetailKind
from postern.model.feed import Kind
from postern.model.order import Fulfilment, Item, OrderStatus, Shipment

IN_THE_PATH = {"id", "marketplace"}
EXAMPLES: dict[Kind, tuple[type[Shape], dict[str, object]]] = {
    Kind.MARKETPLACE: (
        MarketplaceRecord,
        {"id": "x", "name": "X", "mail_domain": "x.example", "language": "de", "time_zone": "Europe/Berlin"},
    ),
    Kind.SELLER: (
        SellerRecord,
        {"id": "x", "business_name": "X", "language": "de", "customer_service_address": "a@x.test"},
    ),
    Kind.BUYER: (BuyerRecord, {"id": "x", "marketplace": "x", "name": "X", "address": "a@x.test"}),
    Kind.ORDER: (
        OrderRecord,
        {
            "id": "x",
            "marketplace": "x",
            "seller": "x",
            "buyer": "x",
            "status": "shipped",
            "fulfilment": "seller",
            "placed_at": "2026-01-01T00:00:00Z",
        },
    ),
}


@pytest.mark.parametrize("kind", list(Kind))
def test_a_record_has_the_keys_that_the_import_asks_for(kind: Kind) -> None:
    shape, example = EXAMPLES[kind]
    fields = Fields(example)
    lines._SHAPES[kind](fields, 10)
    assert set(fields._asked) - IN_THE_PATH == set(shape.model_fields)
    needed = {name for name, one in shape.model_fields.items() if one.is_required()}
    assert needed == example.keys() - IN_THE_PATH


def test_the_parts_of_a_record_have_the_keys_of_the_nouns() -> None:
    assert set(ItemRecord.model_fields) == set(Item.__dataclass_fields__)
    assert set(ShipmentRecord.model_fields) == set(Shipment.__dataclass_fields__)
    assert set(TreatmentsRecord.model_fields) == {kind.value for kind in DetailKind}
    assert set(ContactDetailsRecord.model_fields) == {"buyer_to_seller", "seller_to_buyer", "telling", "allowed_hosts"}


def test_the_words_that_a_record_may_say_are_the_models() -> None:
    described = OrderRecord.model_json_schema()["properties"]
    assert described["status"]["enum"] == [one.value for one in OrderStatus]
    assert described["fulfilment"]["enum"] == [one.value for one in Fulfilment]
