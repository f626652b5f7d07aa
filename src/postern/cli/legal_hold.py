"""``postern legal-hold``: what must not be forgotten, because somebody may need it for a claim."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from postern.actions.place_legal_hold import Named, place_hold, release_hold, tell_holds
from postern.cli.console import DEFAULT_CONFIG, AsJson, Config, store_of
from postern.model.identifier import show
from postern.wiring import build_house

app = typer.Typer(no_args_is_help=True, help="What must be kept while it may be needed for a claim.")
_DAY = "%Y-%m-%d"


@app.command("add")
def legal_hold_add(  # noqa: PLR0913 - each is an option
    *,
    why: Annotated[str, typer.Option(help="The reason; kept sealed.")],
    by: Annotated[str, typer.Option(help="Who decided it.")],
    buyer: Annotated[str, typer.Option(metavar="BUYER", help="A buyer by your own id, or per_…: all that concerns them.")] = "",
    order: Annotated[str, typer.Option(metavar="MARKETPLACE/ORDER", help="An order, and the threads about it.")] = "",
    pair: Annotated[tuple[str, str], typer.Option(metavar="SELLER BUYER", help="All between a seller and a buyer.")] = ("", ""),
    message: Annotated[str, typer.Option(metavar="MESSAGE", help="One message: msg_…")] = "",
    until: Annotated[datetime | None, typer.Option(formats=[_DAY], help="The day on which it ends by itself (UTC).")] = None,
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Hold a buyer, an order, a pair or a message: neither retention nor an erasure takes it away."""
    named = Named(buyer, order, pair if any(pair) else None, message)
    if sum(map(bool, (named.buyer, named.order, named.pair, named.message))) != 1:
        raise typer.BadParameter("say what to hold by one of --buyer, --order, --pair and --message")
    with store_of(config) as (house, store):
        hold_id = place_hold(store, house.clock, named, by, why, until.replace(tzinfo=UTC) if until else None)
    name = show("lgl", hold_id)
    typer.echo(json.dumps({"hold": name}) if as_json else f"Held as {name}. It lasts until {until or 'somebody ends it'}.")


@app.command("end")
def legal_hold_end(
    hold: Annotated[str, typer.Argument(metavar="HOLD", help="lgl_…")],
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """End a hold. Erasures that waited for it are run now."""
    with store_of(config) as (house, store):
        erased = release_hold(store, house.clock, hold)
    typer.echo(json.dumps({"ended": hold, "erased": erased}) if as_json else f"Ended. {erased} erasures that waited are done.")


@app.command("list")
def legal_hold_list(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Every hold with its reason, those that ended too."""
    house = build_house(config)
    with house.open_reader(connections=1).look() as look:
        rows = tell_holds(look, house.clock.now())
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        lasts = f"ended {row['ended']}" if row["ended"] else f"lasts until {row['until'] or 'it is ended'}"
        typer.echo(f"{row['hold']}  {row['subject']}  since {row['since']}, {lasts}\n    {row['placed_by']}: {row['why']}")
    if not rows:
        typer.echo("Nothing is held.")
