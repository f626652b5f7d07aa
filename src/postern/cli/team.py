"""``postern team``: who works for a seller on the pages."""

import json
from typing import Annotated

import typer

from postern.actions.keep_team import add_to_team, list_team, remove_from_team
from postern.actions.permit_senders import find_seller_of
from postern.actions.sign_in import make_link_for
from postern.cli.console import DEFAULT_CONFIG, AsJson, Config, store_of
from postern.errors import AddressError
from postern.model.address import Address
from postern.model.team import Role
from postern.wiring import build_house

app = typer.Typer(no_args_is_help=True, help="The people who work for a seller on the pages; they sign in by mail.")

Name = Annotated[str, typer.Argument(metavar="SELLER", help="The seller's id in your shop.")]
Typed = Annotated[str, typer.Argument(metavar="ADDRESS", help="Their e-mail address.")]
_OPERATOR = "operator"


@app.command("list")
def team_list(seller: Name, config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Everybody of the team, with their roles."""
    with build_house(config).open_reader(connections=1).look() as look:
        rows = [{"address": address.reveal(), "role": role} for address, role in list_team(look, find_seller_of(look, seller))]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        typer.echo(f"{row['role']}: {row['address']}")


@app.command("add")
def team_add(
    seller: Name,
    address: Typed,
    config: Config = DEFAULT_CONFIG,
    role: Annotated[Role, typer.Option(help="What they may do: a reader answers nothing.")] = Role.AGENT,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Let somebody work for the seller, or give them another role."""
    with store_of(config) as (house, store):
        with store.look() as look:
            found = find_seller_of(look, seller)
        is_new = add_to_team(store, found, _read_address(address), role, house.clock.now(), _OPERATOR)
    _say({"role": role, "changed": is_new}, "Done." if is_new else "They are in the team as that already.", as_json=as_json)


@app.command("remove")
def team_remove(seller: Name, address: Typed, config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Close the seller's pages to somebody, at once."""
    with store_of(config) as (house, store):
        with store.look() as look:
            found = find_seller_of(look, seller)
        was_there = remove_from_team(store, found, _read_address(address), house.clock.now(), _OPERATOR)
    _say({"changed": was_there}, "Removed." if was_there else "They are not in the team.", as_json=as_json)


@app.command("link")
def team_link(address: Typed, config: Config = DEFAULT_CONFIG) -> None:
    """Print a link by which somebody signs in, once, within minutes: for a mailbox that is lost, or to try it out."""
    with store_of(config) as (house, store):
        typer.echo(make_link_for(store, house.frame, _read_address(address), house.clock.now()))


def _read_address(text: str) -> Address:
    try:
        return Address.parse(text)
    except AddressError as error:
        raise typer.BadParameter(str(error)) from None


def _say(row: dict[str, object], sentence: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(row) if as_json else sentence)
