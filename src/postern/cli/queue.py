"""``postern queue``: what waits to be delivered, and what an operator may do about it."""

import json
from typing import Annotated
from uuid import UUID

import typer

from postern.actions.keep_queue import drop, retry, tell_queue
from postern.cli.console import DEFAULT_CONFIG, AsJson, Config, read_name, store_of
from postern.model.identifier import show
from postern.wiring import build_house

app = typer.Typer(no_args_is_help=True, help="What waits to be delivered.")


@app.command("list")
def queue_list(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """What waits, the next due first."""
    house = build_house(config)
    with house.open_reader(connections=1).look() as look:
        rows = tell_queue(look, house.clock.now())
    if as_json:
        typer.echo(json.dumps(rows))
        return
    if not rows:
        typer.echo("The queue is empty.")
        return
    for row in rows:
        last = row["last_attempt"]
        told = f"; last attempt: {last['code'] or ''} {last['enhanced']} {last['reply']}" if isinstance(last, dict) else ""
        typer.echo(f"{row['delivery']}  {row['state']}, due {row['due_at']}, {row['attempts']} attempts{told}")
        typer.echo(f"    {row['message'] or 'for the house'}")


@app.command("retry")
def queue_retry(
    delivery: Annotated[str, typer.Argument(metavar="[DELIVERY]", help="dlv_…; without it, all that wait.")] = "",
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Try again now."""
    with store_of(config) as (house, store):
        count = retry(store, house.clock, _delivery_id(delivery) if delivery else None)
    typer.echo(json.dumps({"retried": count}) if as_json else f"{count} due now.")


@app.command("drop")
def queue_drop(
    delivery: Annotated[str, typer.Argument(metavar="DELIVERY", help="dlv_…")],
    config: Config = DEFAULT_CONFIG,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,  # noqa: FBT002 - a flag
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Take a delivery out of the queue for good; its message stays in the record, as dropped."""
    delivery_id = _delivery_id(delivery)
    if not yes:
        typer.confirm("The mail will never be delivered. Drop it?", abort=True)
    with store_of(config) as (house, store):
        message_id = drop(store, house.clock, delivery_id)
    typer.echo(json.dumps({"dropped": show("msg", message_id)}) if as_json else f"Dropped {show('msg', message_id)}.")


def _delivery_id(text: str) -> UUID:
    return read_name("dlv", text, "a delivery's name is dlv_ and 26 letters: see `postern queue list`")
