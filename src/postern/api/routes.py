"""Every call of the API, on one page.

A key sees what its holder may see and nothing else; what belongs to somebody else is answered as if it did not exist.
"""

from postern.api import feed, manual, people
from postern.api.endpoint import JSON_TYPE, Body, Endpoint
from postern.api.problems import BAD_FEED, NEEDED
from postern.api.records import BuyerRecord, MarketplaceRecord, OrderRecord, SellerRecord
from postern.model.api_key import Scope

HTML = "text/html"

ENDPOINTS: tuple[Endpoint, ...] = (
    # ---- For anybody
    Endpoint("GET", "/openapi.json", "describe", "This description, for programs.", None, manual.describe, {200: JSON_TYPE}),
    Endpoint("GET", "/docs", "read_manual", "This description, for people.", None, manual.show_manual, {200: HTML}),
    Endpoint("GET", "/problems/{code}", "explain_problem", "What a problem means.", None, manual.show_problem, {200: HTML}),
    # ---- The operator: the shop's records
    Endpoint(
        "PUT",
        "/marketplaces/{marketplace}",
        "put_marketplace",
        "Add or change a marketplace.",
        Scope.FEED_WRITE,
        feed.put_marketplace,
        {200: feed.Kept, 201: feed.Kept},
        MarketplaceRecord,
        Body.JSON,
        problems=(BAD_FEED,),
    ),
    Endpoint(
        "PUT",
        "/sellers/{seller}",
        "put_seller",
        "Add or change a seller.",
        Scope.FEED_WRITE,
        feed.put_seller,
        {200: feed.Kept, 201: feed.Kept},
        SellerRecord,
        Body.JSON,
        problems=(BAD_FEED,),
    ),
    Endpoint(
        "PUT",
        "/marketplaces/{marketplace}/buyers/{buyer}",
        "put_buyer",
        "Add or change a buyer.",
        Scope.FEED_WRITE,
        feed.put_buyer,
        {200: feed.Kept, 201: feed.Kept},
        BuyerRecord,
        Body.JSON,
        problems=(BAD_FEED,),
    ),
    Endpoint(
        "PUT",
        "/marketplaces/{marketplace}/orders/{order}",
        "put_order",
        "Add or change an order.",
        Scope.FEED_WRITE,
        feed.put_order,
        {200: feed.Kept, 201: feed.Kept},
        OrderRecord,
        Body.JSON,
        problems=(BAD_FEED,),
    ),
    Endpoint(
        "POST",
        "/feed",
        "import_feed",
        "Import a feed of JSON Lines, whole or not at all; the problem names each line that is wrong.",
        Scope.FEED_WRITE,
        feed.post_feed,
        {200: feed.Imported},
        body=Body.FEED,
        problems=(BAD_FEED,),
    ),
    # ---- The operator: people, and the account of everything
    Endpoint(
        "GET",
        "/marketplaces/{marketplace}/buyers/{buyer}/copy",
        "export_buyer",
        "A buyer's copy of all that is kept about them.",
        Scope.PEOPLE_EXPORT,
        people.export_buyer,
        {200: people.ZIP},
    ),
    Endpoint(
        "DELETE",
        "/marketplaces/{marketplace}/buyers/{buyer}",
        "erase_buyer",
        "Forget a buyer for good. 202 where a legal hold delays it.",
        Scope.PEOPLE_ERASE,
        people.erase_buyer,
        {200: people.ErasureOutcome, 202: people.ErasureOutcome},
    ),
    Endpoint(
        "POST",
        "/erasures",
        "erase_correspondent",
        "Forget whoever writes for sellers from an address. 202 where a legal hold delays it.",
        Scope.PEOPLE_ERASE,
        people.erase_correspondent,
        {200: people.ErasureOutcome, 202: people.ErasureOutcome},
        people.Erasure,
        Body.JSON,
        problems=(NEEDED,),
    ),
    Endpoint(
        "GET",
        "/ledger",
        "read_ledger",
        "Everything that was ever answered 250, by where it stands.",
        Scope.LEDGER_READ,
        people.read_ledger,
        {200: people.LedgerAnswer},
    ),
)
