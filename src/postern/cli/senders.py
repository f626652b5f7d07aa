"""``postern sender``: Messaging permissions."""

import json
from collections.abc import Callable
from typing import Annotated, TypeVar

import typer

from postern.actions.permit_senders import (
    Decided,
    FromFeed,
    Permission,
    TooMany,
    add_sender,
    block_sender,
    find_limits,
    find_seller_of,
    list_permissions,
    remove_sender,
    unblock_sender,
)
from postern.cli import sender_secrets
from postern.cli.console import DEFAULT_CONFIG, AsJson, Config, fail, read_address, store_of
from postern.model.journal import Value
from postern.model.notice import NoticeState
from postern.model.people import Seller
from postern.model.permission import Asked, Standing
from postern.storage.store import Store
from postern.wiring import House, build_house

app = typer.Typer(no_args_is_help=True, help="Messaging permissions: the addresses that may write to a seller's buyers.")
app.add_typer(sender_secrets.app, name="secret")

Name = Annotated[str, typer.Argument(metavar="SELLER", help="The seller's id in your shop.")]
Typed = Annotated[str, typer.Argument(metavar="ADDRESS", help="An e-mail address.")]
Proposed = Annotated[bool, typer.Option("--proposed", help="An owner or manager of the seller has still to approve it.")]
OPERATOR = "operator"
T = TypeVar("T")

STANDINGS = {
    Standing.CUSTOMER_SERVICE: "may write (customer service)",
    Standing.REGISTERED_SENDER: "may write (listed by the shop's feed)",
    Standing.APPROVED_SENDER: "may write (approved and confirmed)",
    Standing.WAITS_FOR_CONFIRMATION: "approved, has not confirmed yet",
    Standing.WAITS_FOR_APPROVAL: "confirmed, not approved yet",
    Standing.WAITS_FOR_BOTH: "neither approved nor confirmed yet",
    Standing.PENDING: "tried to write",
    Standing.BLOCKED: "blocked",
}
_ASKED = {
    Asked.MAILED: "A link to confirm is on its way to it.",
    Asked.NOT_NEEDED: "",
    Asked.TOO_OFTEN: "It was mailed links to confirm too often today, so no other is sent: add it again tomorrow.",
}


@app.command("list")
def sender_list(seller: Name, config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Who may write for the seller, who was added and may not yet, who tried, and who is blocked."""
    with build_house(config).open_reader(connections=1).look() as look:
        listed = list_permissions(look, find_seller_of(look, seller))
    if as_json:
        typer.echo(json.dumps([_tell(one) for one in listed]))
        return
    for one in listed:
        typer.echo(f"{one.address.reveal()}: {', '.join(_words(one))}")


@app.command("add")
def sender_add(
    seller: Name,
    address: Typed,
    config: Config = DEFAULT_CONFIG,
    proposed: Proposed = False,  # noqa: FBT002 - a flag
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Let an address write for the seller once it has confirmed a link, which is mailed to it now. Again mails another link."""
    _add(seller, address, config, approved=not proposed, as_json=as_json)


@app.command("approve")
def sender_approve(seller: Name, address: Typed, config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Approve an address that tried to write, was proposed, or was blocked; it counts once it has confirmed. What was refused can
    be sent again then.
    """
    _add(seller, address, config, approved=True, as_json=as_json)


@app.command("block")
def sender_block(seller: Name, address: Typed, config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Refuse an address from now on, and never list it as trying again."""
    typed = read_address(address)
    is_new = _decide(config, seller, lambda store, _, found, decided: block_sender(store, found, typed, decided))
    _say({"state": "blocked", "changed": is_new}, "Blocked." if is_new else "It was blocked already.", as_json=as_json)


@app.command("unblock")
def sender_unblock(seller: Name, address: Typed, config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Lift a block. What the shop's feed lists may write again at once, any other address must be approved again."""
    typed = read_address(address)
    was_there = _decide(config, seller, lambda store, _, found, decided: unblock_sender(store, found, typed, decided))
    _say({"changed": was_there}, "Not blocked any more." if was_there else "It was not blocked.", as_json=as_json)


@app.command("remove")
def sender_remove(seller: Name, address: Typed, config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Take an address off the list, with its secrets. One that the shop's feed lists goes by the feed, or is blocked."""
    typed = read_address(address)
    removed = _decide(config, seller, lambda store, _, found, decided: remove_sender(store, found, typed, decided))
    if isinstance(removed, FromFeed):
        fail("the shop's feed lists this address: take it out there, or block it")
    _say({"changed": removed}, "Removed." if removed else "It is not listed.", as_json=as_json)


@app.command("limit")
def sender_limit(seller: Name, config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """How many messages the seller has left today, in each marketplace, and when the count starts anew."""
    house = build_house(config)
    with house.open_reader(connections=1).look() as look:
        days = find_limits(look, find_seller_of(look, seller), house.clock.now())
    rows: list[dict[str, Value]] = [
        {
            "marketplace": one.marketplace_id,
            "day": one.day,
            "limit": one.limit,
            "used": one.used,
            "left": one.left,
            "resets_at": one.resets_at.isoformat(timespec="seconds"),
        }
        for one in days
    ]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        typer.echo(f"{row['marketplace']}, {row['day']}: {row['left']} left of {row['limit']}; anew at {row['resets_at']}")


def _add(seller: str, address: str, config: Config, *, approved: bool, as_json: bool) -> None:
    typed = read_address(address)
    added = _decide(
        config,
        seller,
        lambda store, house, found, decided: add_sender(store, house.frame, found, typed, decided, approved=approved),
    )
    if isinstance(added, TooMany):
        fail(f"{added.maximum} addresses of this seller have not confirmed yet: remove some of them first")
    row: dict[str, Value] = {"state": added.standing, "changed": added.is_new, "asked": added.asked}
    stands = STANDINGS[added.standing]
    sentence = f"It {stands}." if added.standing.may_write else f"Now: {stands}."
    _say(row, f"{sentence} {_ASKED[added.asked]}".rstrip(), as_json=as_json)


def _decide(config: Config, seller: str, decide: Callable[[Store, House, Seller, Decided], T]) -> T:
    with store_of(config) as (house, store):
        with store.look() as look:
            found = find_seller_of(look, seller)
        return decide(store, house, found, Decided(OPERATOR, house.clock.now()))


def _words(one: Permission) -> list[str]:
    words = [STANDINGS[one.standing]]
    if one.standing in {Standing.WAITS_FOR_CONFIRMATION, Standing.WAITS_FOR_BOTH}:
        words += ["the link could not be delivered"] if one.mail is NoticeState.FAILED else []
    if one.last_at:
        words.append(f"tried {one.attempts} times, last {one.last_at.isoformat(timespec='seconds')}")
    return words


def _tell(one: Permission) -> dict[str, Value]:
    return {
        "address": one.address.reveal(),
        "state": one.standing,
        "may_write": one.standing.may_write,
        "attempts": one.attempts,
        "last_at": one.last_at.isoformat(timespec="seconds") if one.last_at else None,
        "link": one.mail,
    }


def _say(row: dict[str, Value], sentence: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(row) if as_json else sentence)
