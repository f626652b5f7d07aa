"""``postern catalogue``: what the marketplace supplies as files, looked at."""

import json
from dataclasses import asdict

import typer

from postern.cli.console import AsJson
from postern.language.coverage import measure

app = typer.Typer(no_args_is_help=True, help="What the marketplace says, and in which languages.")


@app.command()
def coverage(as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Print how many of all sentences each language has."""
    measured = measure()
    if as_json:
        typer.echo(json.dumps([asdict(one) | {"percent": one.percent} for one in measured]))
        return
    for one in measured:
        typer.echo(f"{one.language:8} {one.percent:3} % of {one.sentences}, {len(one.missing)} missing  {one.name}")
