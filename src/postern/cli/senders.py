"""``postern sender``: Messaging permissions."""

import json
from typing import Annotated

import typer

from postern.actions.permit_senders import Permission, approve_sender, block_sender, find_limits, find_seller_of, list_permissions
from postern.cli.console import DEFAULT_CONFIG, AsJson, Config, store_of
from postern.errors import AddressError
from postern.model.address import Address
from postern.model.journal import Value
from postern.wiring import build_house

app = typer.Typer(no_args_is_help=True, help="Messaging permissions: the addresses that may write to a seller's buyers.")

Name = Annotated[str, typer.Argument(metavar="SELLER", help="The seller's id in your shop.")]
Typed = Annotated[str, typer.Argument(metavar="ADDRESS", help="An e-mail address.")]
OPERATOR = "operator"


@app.command("list")
def sender_list(seller: Name, config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Who may write for the seller, who tried to without being registered, and who is blocked."""
    with build_house(config).open_reader(connections=1).look() as look:
        rows = [_tell(one) for one in list_permissions(look, find_seller_of(look, seller))]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        tried = f", tried {row['attempts']} times, last {row['last_at']}" if row["last_at"] else ""
        typer.echo(f"{str(row['state']).replace('_', ' ')}: {row['address']}{tried}")


@app.command("add")
def sender_add(seller: Name, address: Typed, config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Let an address write for the seller. It counts at once: the operator answers for it."""
    _approve(seller, address, config, as_json=as_json)


@app.command("approve")
def sender_approve(seller: Name, address: Typed, config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Approve an address that tried to write, or was blocked. What was refused can be sent again."""
    _approve(seller, address, config, as_json=as_json)


@app.command("block")
def sender_block(seller: Name, address: Typed, config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Refuse an address from now on, and never list it again."""
    with store_of(config) as (house, store):
        with store.look() as look:
            found = find_seller_of(look, seller)
        is_new = block_sender(store, found, _read_address(address), house.clock.now(), OPERATOR)
    _say({"state": "blocked", "changed": is_new}, "Blocked." if is_new else "It was blocked already.", as_json=as_json)


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


def _approve(seller: str, address: str, config: Config, *, as_json: bool) -> None:
    with store_of(config) as (house, store):
        with store.look() as look:
            found = find_seller_of(look, seller)
        is_new = approve_sender(store, found, _read_address(address), house.clock.now(), OPERATOR)
    _say({"state": "approved", "changed": is_new}, "Approved." if is_new else "It may write already.", as_json=as_json)


def _read_address(text: str) -> Address:
    try:
        return Address.parse(text)
    except AddressError as error:
        raise typer.BadParameter(str(error)) from None


def _tell(one: Permission) -> dict[str, Value]:
    return {
        "address": one.address.reveal(),
        "state": one.state,
        "attempts": one.attempts,
        "last_at": one.last_at.isoformat(timespec="seconds") if one.last_at else None,
    }


def _say(row: dict[str, Value], sentence: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(row) if as_json else sentence)
