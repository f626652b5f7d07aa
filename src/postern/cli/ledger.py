"""``postern ledger``: whether everything that was answered 250 is accounted for."""

import json
import sys

import typer

from postern.actions.add_up import add_up
from postern.cli.console import DEFAULT_CONFIG, FAILED, AsJson, Config
from postern.wiring import build_house


def ledger(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Add up everything that was ever answered 250, by where it stands. Status 1 if there is a difference."""
    with build_house(config).open_reader(connections=1).look() as look:
        found = add_up(look)
    if as_json:
        states = {line.state: line.number for line in found.lines}
        typer.echo(json.dumps({"acknowledged": found.acknowledged, "states": states, "differences": list(found.differences)}))
    else:
        for line in found.lines:
            typer.echo(f"{line.number:>12,}  {line.state}: {line.meaning}")
        typer.echo(f"{found.accounted:>12,}  accounted for; {found.acknowledged:,} were answered 250")
        typer.echo("\n".join(f"Difference: {one}" for one in found.differences) or "No difference.")
    if found.differences:
        sys.exit(FAILED)
