"""``postern retention``: what has been kept long enough, and letting it go."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from postern.actions.retain import preview_retention, run_retention
from postern.cli.console import DEFAULT_CONFIG, AsJson, Config, store_of
from postern.wiring import build_house

app = typer.Typer(no_args_is_help=True, help="What has been kept long enough.")


@app.command("preview")
def retention_preview(
    at: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As of this day (UTC); without it, of now.")] = None,
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """What a run would take away, by class; legal holds are counted out. Changes nothing."""
    house = build_house(config)
    moment = at.replace(tzinfo=UTC) if at else house.clock.now()
    due = preview_retention(house.open_reader(connections=1), house.frame.retention, moment)
    if as_json:
        rows = [{"class": one.kind, "count": one.count, "oldest": one.oldest.isoformat() if one.oldest else None} for one in due]
        typer.echo(json.dumps(rows))
        return
    for one in due:
        days = house.frame.retention.days(one.kind)
        oldest = f", the oldest of {one.oldest:%Y-%m-%d}" if one.oldest else ""
        typer.echo(f"{one.kind}: {one.count}{oldest} ({f'kept {days} days' if days else 'kept for ever'})")


@app.command("run")
def retention_run(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Let go now of what `preview` names; `serve` does it by itself every day."""
    with store_of(config) as (house, store):
        told = run_retention(store, house.frame, house.clock)
    typer.echo(json.dumps({"gone": told}) if as_json else told or "Nothing has been kept long enough.")
