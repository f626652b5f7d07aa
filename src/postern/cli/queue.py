"""``postern queue``: what waits to be delivered, and what an operator may do about it."""

import json
from typing import Annotated
from uuid import UUID

import typer

from postern.actions.keep_queue import drop, find_paused, hold, pause, resume, retry, tell_destinations, tell_queue
from postern.cli.console import DEFAULT_CONFIG, AsJson, Config, read_name, store_of
from postern.model.identifier import show
from postern.wiring import build_house

app = typer.Typer(no_args_is_help=True, help="What waits to be delivered.")


@app.command("list")
def queue_list(
    config: Config = DEFAULT_CONFIG,
    by_destination: Annotated[bool, typer.Option("--by-destination", help="One line for each domain.")] = False,  # noqa: FBT002 - a flag
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """What waits, the next due first; or how much waits for each domain."""
    house = build_house(config)
    with house.open_reader(connections=1).look() as look:
        rows = tell_destinations(look) if by_destination else tell_queue(look, house.clock.now())
        paused = find_paused(look)
    if as_json:
        typer.echo(json.dumps(rows))
        return
    if paused.everywhere:
        typer.echo("Nothing is sent for now: `postern queue resume` goes on.")
    if paused.domains:
        typer.echo(f"Domains that are paused: {paused.domains}. `postern queue resume DOMAIN` goes on.")
    if not rows:
        typer.echo("The queue is empty.")
        return
    if by_destination:
        for row in rows:
            told = ", paused" if row["paused"] else ""
            oldest, due = row["oldest_queued_at"], row["next_due_at"]
            typer.echo(f"{row['deliveries']:>8}  {row['domain'] or 'unknown'}, oldest of {oldest}, next due {due}{told}")
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


@app.command("hold")
def queue_hold(
    delivery: Annotated[str, typer.Argument(metavar="DELIVERY", help="dlv_…")],
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Hold one delivery back until `postern queue retry DELIVERY`."""
    with store_of(config) as (house, store):
        hold(store, house.clock, _delivery_id(delivery))
    typer.echo(json.dumps({"held": delivery}) if as_json else f"{delivery} waits until you retry it.")


_Domain = Annotated[str, typer.Argument(metavar="[DOMAIN]", help="A recipients' domain; without it, all.")]


@app.command("pause")
def queue_pause(domain: _Domain = "", config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Send nothing, or nothing to one domain, until `resume`. Mail is taken and kept meanwhile."""
    with store_of(config) as (house, store):
        changed = pause(store, house.clock, domain)
    _tell_pause("paused", domain, changed=changed, as_json=as_json)


@app.command("resume")
def queue_resume(domain: _Domain = "", config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Send again what was paused."""
    with store_of(config) as (house, store):
        changed = resume(store, house.clock, domain)
    _tell_pause("resumed", domain, changed=changed, as_json=as_json)


def _tell_pause(done: str, domain: str, *, changed: bool, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({done: domain or "all", "changed": changed}))
    elif changed:
        typer.echo(f"{done.capitalize()}: {domain or 'all outgoing mail'}.")
    else:
        typer.echo(f"Nothing changed: {domain or 'outgoing mail'} was {'paused' if done == 'paused' else 'not paused'} already.")


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
