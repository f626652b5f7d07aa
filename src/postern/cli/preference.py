"""``postern preference``: what buyers and sellers have chosen."""

import json
from typing import Annotated

import typer

from postern.actions.prefer import (
    Wish,
    find_buyer_preferences,
    find_preferring,
    set_buyer_preferences,
    set_seller_preferences,
)
from postern.cli.console import DEFAULT_CONFIG, AsJson, Config, store_of
from postern.model.journal import Value
from postern.model.people import Seller

OPERATOR = "operator"


def preference(  # noqa: PLR0913, PLR0917 - a choice each
    name: Annotated[str, typer.Argument(metavar="SELLER|BUYER", help="An id of your shop's; MARKETPLACE/ID is always a buyer.")],
    opt_out: Annotated[
        bool | None, typer.Option("--opt-out/--no-opt-out", help="A buyer: no unsolicited messages from any seller.")
    ] = None,
    block: Annotated[list[str] | None, typer.Option(metavar="SELLER", help="A buyer: none from this seller.")] = None,
    unblock: Annotated[list[str] | None, typer.Option(metavar="SELLER", help="A buyer: take that back.")] = None,
    bounce: Annotated[
        bool | None, typer.Option("--bounce/--no-bounce", help="A seller: mail bounces when a buyer's opt-out blocks a message.")
    ] = None,
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Show what a buyer or a seller has chosen, or choose for them."""
    wish = Wish(opt_out, tuple(block or ()), tuple(unblock or ()), bounce)
    with store_of(config) as (house, store):
        with store.look() as look:
            who = find_preferring(look, name)
        now = house.clock.now()
        if isinstance(who, Seller):
            if opt_out is not None or block or unblock:
                raise typer.BadParameter("a seller can only choose --bounce or --no-bounce; a buyer is MARKETPLACE/ID")
            set_seller_preferences(store, who, wish, now, OPERATOR)
            chosen: dict[str, Value] = {"bounce_on_opt_out": who.bounce_on_opt_out if bounce is None else bounce}
        else:
            if bounce is not None:
                raise typer.BadParameter("--bounce and --no-bounce are a seller's choice")
            set_buyer_preferences(store, who, wish, now, OPERATOR)
            with store.look() as look:
                preferences = find_buyer_preferences(look, who)
            chosen = {"opted_out": preferences.opted_out, "blocked_sellers": list(preferences.blocked)}
    words = "\n".join(f"{key.replace('_', ' ')}: {_spell(value)}" for key, value in chosen.items())
    typer.echo(json.dumps(chosen) if as_json else words)


def _spell(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(one) for one in value) or "none"
    return str(value)
